//! Places for connections: how many there are, how many an address has, and which connection goes when there are too many.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::connection::{Connection, Phase};

/// The part of all places that one address has unless the settings say otherwise: one that takes all it can leaves
/// most to others, and those behind one address of a large office have enough.
const PARTS: usize = 4;

/// Of the connections that were searched, the part that is closed together, and at least one: a flood of new connections
/// does not search them all for each.
const CLOSED_TOGETHER: usize = 64;

pub(super) struct Places {
    start: Instant,
    total: usize,
    share: usize,
    free: Arc<Semaphore>,
    held: Mutex<HashMap<Source, Vec<Arc<Connection>>>>,
    /// Whether a new connection waits for one that is idle.
    is_wanted: AtomicBool,
    fell_idle: Notify,
}

/// Whom connections are counted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Source {
    /// An address of IPv4, or a /64 network of IPv6, which is the least that a site is given (RFC 6177).
    Address(IpAddr),
    /// The proxies, which are not counted.
    Proxies,
}

impl Source {
    pub(super) fn of(address: IpAddr) -> Self {
        Self::Address(match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        })
    }
}

/// What was found for a new connection of an address that has its share already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    /// The address has room for it.
    Free,
    /// Its oldest idle connections were closed for it.
    Made,
    /// Each of its connections has a request under way.
    Busy,
}

impl Places {
    /// `share`: connections of one address, 0 for a part of all.
    pub(super) fn new(total: usize, share: usize) -> Arc<Self> {
        let share = if share == 0 { total / PARTS } else { share.min(total) };
        Arc::new(Self {
            start: Instant::now(),
            total,
            share: share.max(1),
            free: Arc::new(Semaphore::new(total)),
            held: Mutex::default(),
            is_wanted: AtomicBool::new(false),
            fell_idle: Notify::new(),
        })
    }

    pub(super) fn total(&self) -> usize {
        self.total
    }

    pub(super) fn share(&self) -> usize {
        self.share
    }

    pub(super) fn is_full(&self) -> bool {
        self.free.available_permits() == 0
    }

    /// Makes room in what a source may have.
    pub(super) fn share_of(&self, source: Source) -> Share {
        let mut held = self.held();
        match (source, held.get_mut(&source)) {
            (Source::Address(_), Some(own)) if own.len() >= self.share => match close_oldest(&mut [own]) {
                0 => Share::Busy,
                _ => Share::Made,
            },
            _ => Share::Free,
        }
    }

    /// A place. When all are taken, that of the oldest idle connections, or of the first that falls idle or ends.
    pub(super) async fn take(self: &Arc<Self>, source: Source) -> Place {
        let permit = match self.free.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => self.make_room().await,
        };
        let connection = Arc::new(Connection::new(self.start));
        self.held().entry(source).or_default().push(connection.clone());
        Place { connection, source, places: self.clone(), _permit: permit }
    }

    async fn make_room(&self) -> OwnedSemaphorePermit {
        loop {
            let mut fell_idle = std::pin::pin!(self.fell_idle.notified());
            // From here on a connection that falls idle is noticed, and the search that follows finds those before.
            fell_idle.as_mut().enable();
            self.is_wanted.store(true, Ordering::SeqCst);
            let closed = self.close_idle();
            let free = self.free.clone().acquire_owned();
            let permit = tokio::select! {
                permit = free => permit,
                () = fell_idle, if closed == 0 => continue,
            };
            self.is_wanted.store(false, Ordering::SeqCst);
            return permit.expect("the semaphore is never closed");
        }
    }

    /// Closes the oldest idle connections, and says how many.
    pub(super) fn close_idle(&self) -> usize {
        let mut held = self.held();
        let closed = close_oldest(&mut held.values_mut().collect::<Vec<_>>());
        held.retain(|_, own| !own.is_empty());
        closed
    }

    /// Closes every connection without a request under way.
    pub(super) fn close_all_idle(&self) {
        for own in self.held().values_mut() {
            own.retain(|connection| !connection.close_if_waiting());
        }
    }

    fn forget(&self, source: Source, connection: &Arc<Connection>) {
        let mut held = self.held();
        if let Some(own) = held.get_mut(&source) {
            // It is not there any more when it was closed to make room.
            if let Some(index) = own.iter().position(|other| Arc::ptr_eq(other, connection)) {
                own.swap_remove(index);
            }
            if own.is_empty() {
                held.remove(&source);
            }
        }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Source, Vec<Arc<Connection>>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes the oldest idle of these connections, removes them, and says how many.
fn close_oldest(lists: &mut [&mut Vec<Arc<Connection>>]) -> usize {
    let all: usize = lists.iter().map(|list| list.len()).sum();
    let connections = lists.iter().flat_map(|list| list.iter());
    let mut waiting: Vec<_> = connections.filter_map(|one| Some((one.waiting_since()?, one))).collect();
    let most = (all / CLOSED_TOGETHER).max(1);
    if waiting.len() > most {
        waiting.select_nth_unstable_by_key(most - 1, |(since, _)| *since);
    }
    // One that has begun a request meanwhile stays; another may do instead.
    let closed = waiting.iter().filter(|(_, one)| one.close_if_waiting()).take(most).count();
    if closed > 0 {
        for list in lists {
            list.retain(|one| one.phase() != Phase::Closed);
        }
    }
    closed
}

/// A connection's place, free again when this is dropped.
pub(super) struct Place {
    connection: Arc<Connection>,
    source: Source,
    places: Arc<Places>,
    _permit: OwnedSemaphorePermit,
}

impl Place {
    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// The request under way is answered.
    pub(super) fn become_idle(&self) {
        self.connection.become_idle();
        if self.places.is_wanted.load(Ordering::SeqCst) {
            self.places.fell_idle.notify_waiters();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.forget(self.source, &self.connection);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(address: &str) -> Source {
        Source::of(address.parse().unwrap())
    }

    /// Begins a request, so that the connection is not idle.
    fn busy(place: &Place) {
        assert!(place.connection().begin_request());
    }

    #[tokio::test]
    async fn an_address_with_its_share_gives_its_oldest_idle_connection() {
        let places = Places::new(8, 0);
        let (ours, other) = (source("192.0.2.1"), source("192.0.2.2"));
        assert_eq!((places.share(), places.share_of(ours)), (2, Share::Free));
        let (first, second) = (places.take(ours).await, places.take(ours).await);
        busy(&first);
        assert_eq!((places.share_of(other), places.share_of(Source::Proxies)), (Share::Free, Share::Free));
        assert_eq!(places.share_of(ours), Share::Made);
        assert_eq!(second.connection().phase(), Phase::Closed);
        let third = places.take(ours).await;
        busy(&third);
        assert_eq!(places.share_of(ours), Share::Busy);
        drop(first);
        assert_eq!(places.share_of(ours), Share::Free);
        let proxied = [places.take(Source::Proxies).await, places.take(Source::Proxies).await];
        assert_eq!((places.share_of(Source::Proxies), proxied.len()), (Share::Free, 2));
    }

    #[tokio::test]
    async fn a_network_of_ipv6_is_one_source() {
        assert_eq!(source("2001:db8::1"), source("2001:db8::ffff:1"));
        assert_ne!(source("2001:db8::1"), source("2001:db8:0:1::1"));
        assert_ne!(source("192.0.2.1"), source("192.0.2.2"));
    }

    #[tokio::test]
    async fn a_full_house_takes_the_place_of_the_first_that_falls_idle() {
        let places = Places::new(2, 2);
        let address = source("192.0.2.1");
        let (first, second) = (places.take(address).await, places.take(address).await);
        busy(&first);
        busy(&second);
        let next = tokio::spawn({
            let places = places.clone();
            async move { places.take(source("192.0.2.2")).await }
        });
        while !places.is_wanted.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        assert!(places.is_full() && !next.is_finished());
        second.become_idle();
        while second.connection().phase() != Phase::Closed {
            tokio::task::yield_now().await;
        }
        assert_ne!(first.connection().phase(), Phase::Closed);
        drop(second);
        let next = next.await.unwrap();
        places.close_all_idle();
        assert_eq!(next.connection().phase(), Phase::Closed);
        assert_eq!(first.connection().phase(), Phase::Busy);
    }

    #[tokio::test]
    async fn many_go_together_and_the_oldest_of_them() {
        let places = Places::new(256, 256);
        let mut taken = Vec::new();
        for number in 0..256 {
            taken.push(places.take(source("192.0.2.1")).await);
            if number % 2 == 0 {
                busy(&taken[number]);
            }
        }
        assert_eq!(places.close_idle(), 256 / CLOSED_TOGETHER);
        let closed = |place: &&Place| place.connection().phase() == Phase::Closed;
        assert_eq!(taken.iter().filter(closed).count(), 4);
        let held = |place: &Place| {
            places.held()[&place.source].iter().any(|one| Arc::ptr_eq(one, &place.connection))
        };
        assert!(taken.iter().all(|place| held(place) != closed(&place)));
        drop(taken);
        assert!(places.held().is_empty() && places.free.available_permits() == 256);
    }
}
