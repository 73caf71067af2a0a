//! Tenants beside one another: what one of them does costs the others no more than a turn.

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::Poll;
use std::time::{Duration, Instant};

use directory::store::{ChangeError, ChangePerson};
use directory::{PersonChange, Record, Refusal};
use testkit::store::Engine;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::stage::*;

/// Longer than a job may take that shares a batch with another tenant's.
const COSTLY: Duration = Duration::from_millis(30);

const COSTLY_JOBS: usize = 20;

/// What is waited for happens at once, or never.
const BOUND: Duration = Duration::from_secs(20);

/// Something that happens once, and that the threads of an engine can wait for.
#[derive(Clone, Default)]
struct Fact(Arc<(Mutex<bool>, Condvar)>);

impl Fact {
    fn happens(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    /// # Panics
    /// When it does not happen, which the engine takes for a failure of the job.
    fn wait(&self) {
        let happened = self.0.0.lock().unwrap();
        let (happened, _) = self.0.1.wait_timeout_while(happened, BOUND, |happened| !*happened).unwrap();
        assert!(*happened, "it does not happen");
    }
}

fn change(
    stage: &Stage,
    place: Place,
    n: u64,
    decide: impl FnMut(&Record) -> Result<PersonChange, ChangeError> + Send + 'static,
) -> impl Future<Output = Result<Record, ChangeError>> + Send + 'static {
    let change = ChangePerson {
        tenant: place.tenant,
        organization: place.root,
        key: by_id(n),
        include: ALL,
        audit: audit(place, "the case"),
        decide: Box::new(decide),
    };
    let store = stage.store.clone();
    async move { store.change_person(change).await }
}

/// A change whose decision tells that it began, waits to be let go, and was costly in any case.
fn held(
    stage: &Stage,
) -> (impl Future<Output = Result<Record, ChangeError>> + Send + 'static, oneshot::Receiver<()>, Fact) {
    let (began, begun) = oneshot::channel();
    let (mut began, go) = (Some(began), Fact::default());
    let gate = go.clone();
    let change = change(stage, stage.here, ADA, move |_| {
        let since = Instant::now();
        if let Some(began) = began.take() {
            let _ = began.send(());
        }
        gate.wait();
        while since.elapsed() < COSTLY {
            std::hint::spin_loop();
        }
        Ok(titled("held"))
    });
    (change, begun, go)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_neighbour_is_answered_before_the_next_costly_job_whatever_the_queue_holds() {
    let stage = Stage::open().await;
    let (first, begun, go) = held(&stage);
    let mut busy = JoinSet::new();
    busy.spawn(first);
    begun.await.unwrap();
    // On a single writer each of these would keep the neighbour waiting for good. On several connections they only take long:
    // a thread that is held there may hold up what has nothing to do with it.
    let (answered, decided) = (Fact::default(), Arc::new(AtomicUsize::new(0)));
    for n in 0..COSTLY_JOBS {
        let (answered, decided) = (answered.clone(), decided.clone());
        busy.spawn(change(&stage, stage.here, [ADA, GRACE, EDSGER][n % 3], move |_| {
            let since = Instant::now();
            match Engine::of_this_run() {
                Engine::Sqlite => answered.wait(),
                Engine::Postgres => {
                    while since.elapsed() < COSTLY {
                        std::hint::spin_loop();
                    }
                }
            }
            decided.fetch_add(1, Ordering::Relaxed);
            Ok(titled(&format!("costly {n}")))
        }));
    }
    let before = Arc::new(AtomicUsize::new(0));
    let mut neighbour = Box::pin({
        let (before, decided) = (before.clone(), decided.clone());
        change(&stage, stage.there, ADA, move |_| {
            before.store(decided.load(Ordering::Relaxed), Ordering::Relaxed);
            Ok(titled("neighbour"))
        })
    });
    // Polled once, it is queued.
    let is_queued = poll_fn(|context| Poll::Ready(neighbour.as_mut().poll(context).is_pending())).await;
    assert!(is_queued);
    go.happens();
    let record = neighbour.await.unwrap();
    assert_eq!(record.person.title.as_deref(), Some("neighbour"));
    let before = before.load(Ordering::Relaxed);
    assert!(before < COSTLY_JOBS, "the neighbour's turn came after all {before} of them");
    answered.happens();
    for done in busy.join_all().await {
        done.unwrap();
    }
    sound(stage.store.as_ref()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_tenant_that_fills_its_queue_is_refused_and_its_neighbour_is_not() {
    let stage = Stage::with_queue(8).await;
    // An engine that knows the person lets no two changes of her be under way.
    stage.person(ADA).await;
    let (first, begun, go) = held(&stage);
    let first = tokio::spawn(first);
    begun.await.unwrap();
    let mut busy = JoinSet::new();
    for n in 0..50 {
        busy.spawn(change(&stage, stage.here, ADA, move |_| Ok(titled(&format!("title {n}")))));
    }
    // While the first one is under way, those that are answered are those that have no place.
    let unavailable = Err(ChangeError::Refused(Refusal::Unavailable));
    for _ in 0..42 {
        assert_eq!(busy.join_next().await.unwrap().unwrap(), unavailable);
    }
    let neighbour = tokio::spawn(change(&stage, stage.there, ADA, |_| Ok(titled("neighbour"))));
    go.happens();
    neighbour.await.unwrap().unwrap();
    first.await.unwrap().unwrap();
    let done = busy.join_all().await;
    assert_eq!(done.len(), 8);
    for done in done {
        done.unwrap();
    }
    // There are places again.
    stage.change(GRACE, titled("later")).await.unwrap();
    sound(stage.store.as_ref()).await;
}
