//! Tenants beside one another: what one of them does costs the others no more than a turn.

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use directory::store::{ChangePerson, Stop};
use directory::{PersonChange, Record, Refusal};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::stage::*;

/// Longer than a job may take that shares a batch with another tenant's.
const COSTLY: Duration = Duration::from_millis(30);

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
    decide: impl FnMut(&Record) -> Result<PersonChange, Stop> + Send + 'static,
) -> impl Future<Output = Result<Record, Stop>> + Send + 'static {
    let change = ChangePerson {
        tenant: place.tenant,
        organization: place.root,
        key: by_id(n),
        needs: ALL,
        act: act(place, "the case"),
        decide: Box::new(decide),
    };
    let store = stage.store.clone();
    async move { store.change_person(change).await }
}

/// A change whose decision tells that it began, waits to be let go, and was costly in any case.
fn held(
    stage: &Stage,
) -> (impl Future<Output = Result<Record, Stop>> + Send + 'static, oneshot::Receiver<()>, Fact) {
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
    // Each of these would keep the neighbour waiting, and is not done before the neighbour was answered.
    let answered = Fact::default();
    for n in 0..20 {
        let answered = answered.clone();
        busy.spawn(change(&stage, stage.here, [ADA, GRACE, EDSGER][n % 3], move |_| {
            answered.wait();
            Ok(titled(&format!("costly {n}")))
        }));
    }
    // All of them are queued once they have been polled; a task that was spawned later is polled after them, or soon.
    tokio::task::yield_now().await;
    let neighbour = tokio::spawn(change(&stage, stage.there, ADA, |_| Ok(titled("neighbour"))));
    go.happens();
    let record = neighbour.await.unwrap().unwrap();
    assert_eq!(record.person.title.as_deref(), Some("neighbour"));
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
    let unavailable = Err(Stop::Refused(Refusal::Unavailable));
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
