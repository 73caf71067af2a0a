//! Places for connections: how many there are, how many an address has, and which connection goes when there are too many.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
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
    held: Mutex<Held>,
    /// Whether a new connection waits for a place.
    is_wanted: AtomicBool,
    /// That a connection fell idle or is gone, while a place is wanted.
    changed: Notify,
}

#[derive(Default)]
struct Held {
    /// Places that are taken.
    taken: usize,
    by_source: HashMap<Source, Vec<Arc<Connection>>>,
    /// Connections that were closed to make room, and are not yet gone.
    closing: usize,
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
            held: Mutex::default(),
            is_wanted: AtomicBool::new(false),
            changed: Notify::new(),
        })
    }

    pub(super) fn total(&self) -> usize {
        self.total
    }

    pub(super) fn share(&self) -> usize {
        self.share
    }

    /// Whether a new connection can have a place only if another that is served is closed.
    pub(super) fn are_all_taken(&self) -> bool {
        let held = self.held();
        held.taken >= self.total && held.closing == 0
    }

    /// Makes room in what a source may have.
    pub(super) fn share_of(&self, source: Source) -> Share {
        let mut held = self.held();
        match (source, held.by_source.get_mut(&source)) {
            // An address that may have all of them waits for one as all do.
            (Source::Address(_), Some(own)) if own.len() >= self.share && self.share < self.total => {
                let closed = close_oldest(&mut [own]);
                held.closing += closed;
                if closed == 0 { Share::Busy } else { Share::Made }
            }
            _ => Share::Free,
        }
    }

    /// A place. When all are taken, that of the oldest idle connection, or of the first that falls idle or ends.
    pub(super) async fn take(self: &Arc<Self>, source: Source) -> Place {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            // What changes from here on is noticed, and what changed before is found.
            changed.as_mut().enable();
            self.is_wanted.store(true, Ordering::SeqCst);
            if let Some(connection) = self.held().take(source, self.total, self.start) {
                self.is_wanted.store(false, Ordering::SeqCst);
                return Place { connection, source, places: self.clone() };
            }
            changed.await;
        }
    }

    /// Closes the oldest idle connections.
    pub(super) fn close_idle(&self) {
        self.held().close_idle();
    }

    /// Closes every connection without a request under way.
    pub(super) fn close_all_idle(&self) {
        let mut held = self.held();
        let closed =
            held.by_source.values().flatten().filter(|connection| connection.close_if_waiting()).count();
        held.closing += closed;
    }

    /// Tells a new connection that waits for a place to look again.
    fn tell(&self) {
        if self.is_wanted.load(Ordering::SeqCst) {
            self.changed.notify_waiters();
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Takes a place if one is free, and sees to it that one becomes free otherwise.
    fn take(&mut self, source: Source, total: usize, start: Instant) -> Option<Arc<Connection>> {
        if self.taken >= total {
            if self.closing == 0 {
                self.close_idle();
            }
            return None;
        }
        self.taken += 1;
        let connection = Arc::new(Connection::new(start));
        self.by_source.entry(source).or_default().push(connection.clone());
        Some(connection)
    }

    /// Closes the oldest idle connections.
    fn close_idle(&mut self) {
        self.closing += close_oldest(&mut self.by_source.values_mut().collect::<Vec<_>>());
        self.by_source.retain(|_, own| !own.is_empty());
    }

    /// Frees a place, of a connection that is gone.
    fn forget(&mut self, source: Source, connection: &Arc<Connection>) {
        self.taken -= 1;
        if connection.phase() == Phase::Closed {
            self.closing -= 1;
        }
        if let Some(own) = self.by_source.get_mut(&source) {
            // It is not there any more when it was closed to make room.
            if let Some(index) = own.iter().position(|other| Arc::ptr_eq(other, connection)) {
                own.swap_remove(index);
            }
            if own.is_empty() {
                self.by_source.remove(&source);
            }
        }
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
}

impl Place {
    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// The request under way is answered.
    pub(super) fn become_idle(&self) {
        self.connection.become_idle();
        self.places.tell();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.held().forget(self.source, &self.connection);
        self.places.tell();
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

    #[test]
    fn a_network_of_ipv6_is_one_source() {
        assert_eq!(source("2001:db8::1"), source("2001:db8::ffff:1"));
        assert_ne!(source("2001:db8::1"), source("2001:db8:0:1::1"));
        assert_ne!(source("192.0.2.1"), source("192.0.2.2"));
    }

    #[tokio::test]
    async fn a_new_connection_waits_for_the_first_that_falls_idle() {
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
        assert!(places.held().taken == 2 && !next.is_finished());
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
        places.close_idle();
        let closed = |place: &&Place| place.connection().phase() == Phase::Closed;
        assert_eq!(taken.iter().filter(closed).count(), 256 / CLOSED_TOGETHER);
        let held = |place: &Place| {
            places.held().by_source[&place.source].iter().any(|one| Arc::ptr_eq(one, &place.connection))
        };
        assert!(taken.iter().all(|place| held(place) != closed(&place)));
        drop(taken);
        let held = places.held();
        assert_eq!((held.taken, held.closing, held.by_source.len()), (0, 0, 0));
    }
}
