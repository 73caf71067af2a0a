//! Whether the store would take a write, found out by writing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// How long the outcome of a trial is the answer, so that anybody may ask and only one write a second comes of it.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// How long a trial is waited for. One that takes longer goes on, and no other is begun meanwhile: where commits hang, as
/// they do while a synchronous standby is away, trials would pile up.
const BOUND: Duration = Duration::from_secs(3);

pub(crate) struct Readiness {
    last: Arc<Mutex<Last>>,
    good_for: Duration,
    bound: Duration,
}

impl Default for Readiness {
    fn default() -> Self {
        Self { last: Arc::default(), good_for: GOOD_FOR, bound: BOUND }
    }
}

#[derive(Default)]
enum Last {
    #[default]
    None,
    UnderWay(watch::Receiver<Option<bool>>),
    Over {
        at: Instant,
        succeeded: bool,
    },
}

impl Readiness {
    /// True when the last trial succeeded, which is made now unless it was just made.
    pub(crate) async fn is_ready<F>(&self, trial: impl FnOnce() -> F) -> bool
    where
        F: Future<Output = bool> + Send + 'static,
    {
        let mut outcome = {
            let mut last = self.last();
            match &*last {
                Last::UnderWay(outcome) => outcome.clone(),
                Last::Over { at, succeeded } if at.elapsed() < self.good_for => return *succeeded,
                Last::None | Last::Over { .. } => {
                    let (told, outcome) = watch::channel(None);
                    *last = Last::UnderWay(outcome.clone());
                    let (shared, trial) = (self.last.clone(), trial());
                    // A caller that goes away must not end it halfway.
                    tokio::spawn(async move {
                        let succeeded = trial.await;
                        let mut last = shared.lock().unwrap_or_else(PoisonError::into_inner);
                        *last = Last::Over { at: Instant::now(), succeeded };
                        told.send_replace(Some(succeeded));
                    });
                    outcome
                }
            }
        };
        let told = timeout(self.bound, outcome.wait_for(Option::is_some)).await;
        matches!(told, Ok(Ok(told)) if *told == Some(true))
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::oneshot;

    use super::*;

    fn readiness(good_for: Duration, bound: Duration) -> Readiness {
        Readiness { good_for, bound, ..Readiness::default() }
    }

    #[tokio::test]
    async fn the_outcome_of_a_trial_is_the_answer_for_a_while() {
        let readiness = readiness(Duration::MAX, Duration::MAX);
        let trials = Arc::new(AtomicU32::new(0));
        for _ in 0..100 {
            let trials = trials.clone();
            let trial = || async move {
                trials.fetch_add(1, Ordering::Relaxed);
                true
            };
            assert!(readiness.is_ready(trial).await);
        }
        assert_eq!(trials.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_store_is_not_ready_and_ready_again_as_its_trials_end() {
        let readiness = readiness(Duration::ZERO, Duration::MAX);
        for succeeds in [true, false, false, true] {
            assert_eq!(readiness.is_ready(|| async move { succeeds }).await, succeeds);
        }
    }

    #[tokio::test]
    async fn while_a_trial_hangs_the_store_is_not_ready_and_no_other_is_begun() {
        let mut readiness = readiness(Duration::MAX, Duration::ZERO);
        let (done, hangs) = oneshot::channel();
        assert!(!readiness.is_ready(|| async { hangs.await.is_ok() }).await);
        assert!(!readiness.is_ready(|| async { panic!("begun") }).await);
        readiness.bound = Duration::MAX;
        done.send(()).unwrap();
        assert!(readiness.is_ready(|| async { panic!("begun") }).await);
    }
}
