//! Eight who write at the same time through all four dialects, and what each of them was told.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use testkit::callers::{Callers, Dialect};
use testkit::demo::Tenant;
use testkit::process::Server;

use super::{BOUND, assert_sound, eventually, unavailable};
use crate::told;
use crate::writers::Writer;

/// Writers of each dialect, each with a person of their own.
const OF_A_DIALECT: usize = 2;

/// Before somebody who was refused tries again. They were told to wait a second, which would make rounds long.
const PAUSE: Duration = Duration::from_millis(10);

/// What one writer knows of the numbers it sent: each once, in their order, the next when the last was answered.
#[derive(Debug, Default, Clone)]
struct Book {
    sent: u64,
    acknowledged: Vec<u64>,
    /// Whether they were written is not known.
    refused: Vec<u64>,
}

/// The writers, with their books.
pub(super) struct Load<'s> {
    writers: Vec<(Writer<'s>, Mutex<Book>)>,
    /// One of them was answered what they should not be, and has said so.
    has_failed: AtomicBool,
}

impl<'s> Load<'s> {
    /// Writers who share these servers of one store.
    pub(super) fn on<'a>(servers: impl IntoIterator<Item = &'a Server>, tenant: &'s Tenant) -> Load<'s> {
        let callers: Vec<Callers> =
            servers.into_iter().map(|server| Callers::of(&server.client(), tenant)).collect();
        let count = Dialect::ALL.len() * OF_A_DIALECT;
        // Those of one dialect are spread over the servers.
        let writer = |index| Writer::new(index, tenant, &callers[index / Dialect::ALL.len() % callers.len()]);
        let writers = (0..count).map(|index| (writer(index), Mutex::default())).collect();
        Load { writers, has_failed: AtomicBool::new(false) }
    }

    /// Has all of them write for as long as the test does something else.
    ///
    /// # Panics
    /// When one of them is answered anything but that it is done, or that the directory cannot say.
    pub(super) fn during(&self, test: impl FnOnce()) {
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            for (writer, book) in &self.writers {
                let over = &over;
                scope.spawn(move || {
                    let _fails = OnPanic(&self.has_failed);
                    while !over.load(Ordering::Relaxed) {
                        write(writer, book);
                    }
                });
            }
            // The writers are waited for, also when the test fails.
            let _ends = OnPanic(&over);
            test();
            over.store(true, Ordering::Relaxed);
        });
    }

    /// Waits for so many acknowledgements more, so that what comes next comes under load.
    #[track_caller]
    pub(super) fn until_written(&self, count: usize) {
        let written =
            || -> usize { self.writers.iter().map(|(_, book)| held(book).acknowledged.len()).sum() };
        let goal = written() + count;
        self.eventually("writes go on", || written() >= goal);
    }

    /// Waits until everybody has been refused once more.
    #[track_caller]
    pub(super) fn until_all_refused(&self) {
        self.until_all_refused_while(|| {});
    }

    /// As that, and does something meanwhile, again and again.
    #[track_caller]
    pub(super) fn until_all_refused_while(&self, mut meanwhile: impl FnMut()) {
        let before: Vec<usize> = self.writers.iter().map(|(_, book)| held(book).refused.len()).collect();
        self.eventually("everybody is refused", || {
            meanwhile();
            let mut books = self.writers.iter().zip(&before);
            books.all(|((_, book), before)| held(book).refused.len() > *before)
        });
    }

    /// Waits until everybody has written something that was begun after this was called.
    #[track_caller]
    pub(super) fn until_all_served(&self) {
        let before: Vec<u64> = self.writers.iter().map(|(_, book)| held(book).sent).collect();
        self.eventually("everybody is served", || {
            let mut books = self.writers.iter().zip(&before);
            books.all(|((_, book), before)| held(book).acknowledged.last() > Some(before))
        });
    }

    #[track_caller]
    fn eventually(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        eventually(what, || {
            assert!(!self.has_failed.load(Ordering::Relaxed), "a writer has failed");
            is_so()
        });
    }

    /// What was acknowledged is there, nothing is there twice, and the store is sound. Answers with how many of those who
    /// were refused had been done all the same.
    #[track_caller]
    pub(super) fn assert_kept(&self, store: &str) -> usize {
        let mut done_all_the_same = 0;
        for (writer, book) in &self.writers {
            let (dialect, book) = (writer.dialect, held(book).clone());
            assert!(!book.acknowledged.is_empty(), "{dialect:?} never wrote");
            let recorded = writer.recorded(store);
            // In the order in which they were sent, so none a second time or late.
            assert!(recorded.is_sorted_by(|one, next| one < next), "{dialect:?}: {recorded:?}");
            let lost: Vec<_> = book.acknowledged.iter().filter(|number| !recorded.contains(number)).collect();
            assert!(lost.is_empty(), "{dialect:?}: {lost:?} were acknowledged and are lost");
            let refused = recorded.iter().filter(|number| !book.acknowledged.contains(number));
            for number in refused {
                assert!(book.refused.contains(number), "{dialect:?}: {number} was never sent");
                done_all_the_same += 1;
            }
            assert_eq!(
                Some(&writer.stored()),
                recorded.last(),
                "{dialect:?}: the person is as the last event"
            );
        }
        assert_sound(store);
        done_all_the_same
    }
}

/// Writes the next number, and reads it back.
fn write(writer: &Writer<'_>, book: &Mutex<Book>) {
    let number = held(book).sent + 1;
    held(book).sent = number;
    let answer = writer.update(number).within(BOUND).send();
    let is_refused = answer.status == 503;
    if is_refused {
        unavailable(writer.dialect, answer);
        held(book).refused.push(number);
        thread::sleep(PAUSE);
    } else {
        told(writer.dialect, answer, 200);
        held(book).acknowledged.push(number);
    }
    let answer = writer.read().within(BOUND).send();
    if answer.status == 503 {
        unavailable(writer.dialect, answer);
        return;
    }
    let (shown, last) = (writer.shown(answer), held(book).acknowledged.last().copied().unwrap_or_default());
    assert!((last..=number).contains(&shown), "{shown} is shown, {last} was acknowledged, {number} was sent");
}

/// Raises a flag when it is dropped by a panic.
struct OnPanic<'f>(&'f AtomicBool);

impl Drop for OnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

fn held(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}
