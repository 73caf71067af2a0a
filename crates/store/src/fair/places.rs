//! Places for long reads, shared between tenants.
//!
//! One tenant never has all places, nor more calls waiting for one of them than it may have places. So another tenant
//! waits behind a few reads at most, however many a tenant sends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use directory::ids::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

/// The tenant that reads; None is an operator, who counts as one more tenant.
type Key = Option<TenantId>;

pub(crate) struct Places {
    all: Semaphore,
    of_tenants: Mutex<HashMap<Key, Weak<Semaphore>>>,
    of_a_tenant: usize,
}

/// A place for as long as it is held.
pub(crate) struct Place<'p> {
    _of_all: SemaphorePermit<'p>,
    _of_the_tenant: OwnedSemaphorePermit,
}

impl Places {
    pub(crate) fn new(count: usize) -> Self {
        let count = count.max(1);
        let of_a_tenant = (count - 1).max(1);
        Self { all: Semaphore::new(count), of_tenants: Mutex::default(), of_a_tenant }
    }

    /// Waits for a place; no thread is held meanwhile. None only after a panic in tokio: no semaphore is ever closed.
    pub(crate) async fn take(&self, tenant: Key) -> Option<Place<'_>> {
        let of_the_tenant = self.of_tenant(tenant).acquire_owned().await.ok()?;
        let of_all = self.all.acquire().await.ok()?;
        Some(Place { _of_all: of_all, _of_the_tenant: of_the_tenant })
    }

    fn of_tenant(&self, tenant: Key) -> Arc<Semaphore> {
        let mut tenants = self.of_tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = tenants.get(&tenant).and_then(Weak::upgrade) {
            return known;
        }
        tenants.retain(|_, semaphore| semaphore.strong_count() > 0);
        let semaphore = Arc::new(Semaphore::new(self.of_a_tenant));
        tenants.insert(tenant, Arc::downgrade(&semaphore));
        semaphore
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn polled<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
        match future.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    #[test]
    fn one_place_is_left_for_other_tenants_and_each_waits_for_few() {
        let (a, b, c) = (Some(TenantId(1)), Some(TenantId(2)), Some(TenantId(3)));
        let places = Places::new(3);
        let first = polled(pin!(places.take(a))).flatten().unwrap();
        let second = polled(pin!(places.take(a))).flatten().unwrap();
        let mut waiting: Vec<_> = (0..50).map(|_| Box::pin(places.take(a))).collect();
        assert!(waiting.iter_mut().all(|take| polled(take.as_mut()).is_none()));
        let neighbour = polled(pin!(places.take(b))).flatten().unwrap();
        let mut third = Box::pin(places.take(c));
        assert!(polled(third.as_mut()).is_none(), "all places are taken");
        drop(first);
        // Fifty calls of the first tenant came before this one.
        let third = polled(third.as_mut()).flatten().unwrap();
        assert!(waiting.iter_mut().all(|take| polled(take.as_mut()).is_none()));
        drop((second, neighbour, third));
        let served = waiting.iter_mut().filter_map(|take| polled(take.as_mut())).count();
        assert!(served >= 1);
    }

    #[test]
    fn tenants_that_read_nothing_are_forgotten() {
        let places = Places::new(2);
        for tenant in 0..100 {
            drop(polled(pin!(places.take(Some(TenantId(tenant))))).flatten().unwrap());
        }
        assert!(places.of_tenants.lock().unwrap().len() <= 1);
    }
}
