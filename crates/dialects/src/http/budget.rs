//! Memory for the bodies of requests: one budget for the whole process, however many connections there are.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Context;

use futures_util::task::AtomicWaker;

/// Of the budget, one part in this many is for bodies whose sender has shown no credential yet, and the rest for the
/// others: so strangers who stall keep no caller from being read.
const STRANGERS: usize = 8;

/// What a body is counted as once it has arrived, for each of its bytes: what is made of it lives beside it until the
/// request is answered.
pub const WHEN_PARSED: usize = 4;

/// Who sends a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// A caller whose credential was looked at before the body.
    Known,
    /// Anybody: the body holds the credential.
    Unknown,
}

/// The budget. Clones share it.
#[derive(Debug, Clone)]
pub struct BodyBudget(Arc<Pools>);

#[derive(Debug)]
struct Pools {
    known: Arc<Pool>,
    unknown: Arc<Pool>,
}

impl BodyBudget {
    pub fn new(bytes: usize) -> Self {
        let unknown = bytes / STRANGERS;
        let pools = Pools { known: Pool::new(bytes - unknown), unknown: Pool::new(unknown) };
        Self(Arc::new(pools))
    }

    /// Room for the body of one request.
    pub fn room(&self) -> Room {
        Room { pools: self.0.clone(), kept: Arc::default() }
    }
}

/// Where the body of one request takes its memory from. The server puts it into the request's extensions, and keeps a
/// clone until the request is answered: so long, what a body has taken stays taken.
#[derive(Debug, Clone)]
pub struct Room {
    pools: Arc<Pools>,
    kept: Arc<OnceLock<Reservation>>,
}

impl Room {
    pub(super) fn reserve(&self, sender: Sender) -> Reservation {
        let pool = match sender {
            Sender::Known => &self.pools.known,
            Sender::Unknown => &self.pools.unknown,
        };
        Reservation { pool: pool.clone(), bytes: 0, arriving: None }
    }

    pub(super) fn keep(&self, reservation: Reservation) {
        // A request has one body; a second reading of it would find it empty.
        self.kept.set(reservation).ok();
    }
}

/// There is no room for more.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

#[derive(Debug)]
struct Pool(Mutex<State>);

#[derive(Debug)]
struct State {
    free: usize,
    /// For the next body, so that two of one size are told apart.
    next: u64,
    /// The bodies that are still arriving, by what they have taken.
    arriving: BTreeMap<(usize, u64), Arc<Arriving>>,
}

#[derive(Debug, Default)]
struct Arriving {
    id: u64,
    has_lost: AtomicBool,
    waker: AtomicWaker,
}

impl Pool {
    fn new(bytes: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State { free: bytes, next: 0, arriving: BTreeMap::new() })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes bytes for a body whose size is then `size`. Where too little is free, the largest of the bodies that
    /// are still arriving lose what they have, as long as they are larger than that: many that stall with much do
    /// not keep out one that is small.
    fn take(&mut self, bytes: usize, size: usize) -> Result<(), Full> {
        while self.free < bytes {
            let Some(largest) = self.arriving.last_entry().filter(|largest| largest.key().0 > size) else {
                return Err(Full);
            };
            let ((held, _), loser) = largest.remove_entry();
            loser.has_lost.store(true, Ordering::Release);
            loser.waker.wake();
            self.free += held;
        }
        self.free -= bytes;
        Ok(())
    }
}

/// What one body has taken. Gives it back when dropped.
#[derive(Debug)]
pub(super) struct Reservation {
    pool: Arc<Pool>,
    bytes: usize,
    /// None before the first byte, and once the body has arrived.
    arriving: Option<Arc<Arriving>>,
}

impl Reservation {
    /// Takes more for a body that is arriving.
    pub(super) fn grow(&mut self, bytes: usize) -> Result<(), Full> {
        let mut state = self.pool.state();
        let own = match &self.arriving {
            Some(own) => {
                // Out of the order while it is decided who makes room; it may have had to already.
                state.arriving.remove(&(self.bytes, own.id)).ok_or(Full)?
            }
            None => {
                state.next += 1;
                Arc::new(Arriving { id: state.next, ..Arriving::default() })
            }
        };
        let total = self.bytes + bytes;
        let taken = state.take(bytes, total);
        if taken.is_ok() {
            self.bytes = total;
        }
        state.arriving.insert((self.bytes, own.id), own.clone());
        self.arriving = Some(own);
        taken
    }

    /// Whether others were given what this body had. Wakes the task when they are.
    pub(super) fn has_lost(&self, cx: &Context<'_>) -> bool {
        self.arriving.as_ref().is_some_and(|own| {
            own.waker.register(cx.waker());
            own.has_lost.load(Ordering::Acquire)
        })
    }

    /// The body is there, in this many bytes, and what is made of it is counted too. From now on it keeps what it has.
    pub(super) fn arrived(&mut self, bytes: usize) -> Result<(), Full> {
        let mut state = self.pool.state();
        if let Some(own) = &self.arriving {
            state.arriving.remove(&(self.bytes, own.id)).ok_or(Full)?;
        }
        self.arriving = None;
        state.free += std::mem::take(&mut self.bytes);
        let total = bytes * (1 + WHEN_PARSED);
        state.take(total, bytes)?;
        self.bytes = total;
        Ok(())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut state = self.pool.state();
        let has_it = match &self.arriving {
            Some(own) => state.arriving.remove(&(self.bytes, own.id)).is_some(),
            None => true,
        };
        if has_it {
            state.free += self.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    fn has_lost(reservation: &Reservation) -> bool {
        reservation.has_lost(&Context::from_waker(Waker::noop()))
    }

    fn taking(room: &Room, sender: Sender, bytes: usize) -> Reservation {
        let mut reservation = room.reserve(sender);
        reservation.grow(bytes).unwrap();
        reservation
    }

    fn free(budget: &BodyBudget) -> (usize, usize) {
        (budget.0.known.state().free, budget.0.unknown.state().free)
    }

    #[test]
    fn everything_is_given_back() {
        let budget = BodyBudget::new(800);
        let room = budget.room();
        let mut known = taking(&room, Sender::Known, 100);
        let unknown = taking(&room, Sender::Unknown, 60);
        known.grow(10).unwrap();
        assert_eq!(free(&budget), (590, 40));
        known.arrived(110).unwrap();
        assert_eq!(free(&budget).0, 700 - 110 * (1 + WHEN_PARSED));
        room.keep(known);
        drop(unknown);
        assert_eq!(free(&budget), (150, 100), "what is kept stays taken until the request is answered");
        drop(room);
        assert_eq!(free(&budget), (700, 100));
    }

    #[test]
    fn the_largest_that_is_still_arriving_makes_room_for_a_smaller_one() {
        let budget = BodyBudget::new(800);
        let room = budget.room();
        let mut large = taking(&room, Sender::Known, 400);
        let medium = taking(&room, Sender::Known, 290);
        let mut small = taking(&room, Sender::Known, 20);
        assert_eq!((has_lost(&large), has_lost(&medium)), (true, false));
        assert_eq!(free(&budget).0, 700 - 290 - 20);
        assert_eq!((large.grow(1), large.arrived(401)), (Err(Full), Err(Full)), "what is lost is lost");
        drop(large);
        assert_eq!(free(&budget).0, 700 - 290 - 20, "and given back once");
        small.arrived(20).unwrap();
        drop((small, medium));
        assert_eq!(free(&budget).0, 700);
    }

    #[test]
    fn one_that_would_be_the_largest_finds_no_room() {
        let budget = BodyBudget::new(800);
        let room = budget.room();
        let others: Vec<_> = (0..7).map(|_| taking(&room, Sender::Known, 100)).collect();
        assert_eq!(room.reserve(Sender::Known).grow(100), Err(Full));
        assert!(!others.iter().any(has_lost));
        assert_eq!(room.reserve(Sender::Known).grow(50), Ok(()));
        assert_eq!(others.iter().filter(|other| has_lost(other)).count(), 1);
    }

    #[test]
    fn one_that_has_arrived_is_left_what_it_has() {
        let budget = BodyBudget::new(800);
        let room = budget.room();
        let mut arrived = taking(&room, Sender::Known, 140);
        arrived.arrived(140).unwrap();
        assert_eq!(room.reserve(Sender::Known).grow(1), Err(Full));
        assert!(!has_lost(&arrived));
    }

    #[test]
    fn strangers_take_nothing_from_callers() {
        let budget = BodyBudget::new(800);
        let room = budget.room();
        let _all = taking(&room, Sender::Unknown, 100);
        assert_eq!(room.reserve(Sender::Unknown).grow(100), Err(Full));
        assert_eq!(room.reserve(Sender::Known).grow(700), Ok(()));
    }
}
