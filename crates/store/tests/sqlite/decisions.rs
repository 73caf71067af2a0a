//! Decisions that take long are not made on the writer, and hold only for the person that they were made on.

use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use directory::Store;
use directory::store::ChangePerson;

use crate::house::*;

/// Longer than a decision may take on the writer more than once.
const LONG: Duration = Duration::from_millis(10);

type Calls = Arc<Mutex<Vec<(bool, Option<String>)>>>;

/// A long decision that notes for each call whether it is made on the writer, and which title it saw.
fn long(calls: &Calls, title: &str, mut first: impl FnMut() + Send + 'static) -> ChangePerson {
    let (calls, title) = (calls.clone(), title.to_owned());
    ChangePerson {
        decide: Box::new(move |record| {
            let begun = Instant::now();
            let is_writer = std::thread::current().name() == Some("store-writer");
            let is_first = {
                let mut calls = calls.lock().unwrap();
                calls.push((is_writer, record.person.title.clone()));
                calls.len() == 1
            };
            if is_first {
                first();
            }
            while begun.elapsed() < LONG {
                std::hint::spin_loop();
            }
            Ok(titled(&title))
        }),
        ..changing(1, titled("not this one"))
    }
}

fn taken(calls: &Calls) -> Vec<(bool, Option<String>)> {
    std::mem::take(&mut calls.lock().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_decision_is_made_beside_the_writer_and_again_for_another_person() {
    let house = House::furnished().await;
    let store = Arc::new(house.open());
    let calls = Calls::default();
    let title = |text: &str| Some(text.to_owned());

    store.change_person(long(&calls, "one", || {})).await.unwrap();
    assert_eq!(taken(&calls), [(true, None)], "nobody knew");
    store.change_person(long(&calls, "two", || {})).await.unwrap();
    assert_eq!(taken(&calls), [(false, title("one"))]);

    // While one is decided, the person becomes another.
    let (began, begun) = mpsc::channel();
    let (go, gone) = mpsc::channel::<()>();
    let slow = long(&calls, "three", move || {
        began.send(()).unwrap();
        gone.recv().unwrap();
    });
    let deciding = tokio::spawn({
        let store = store.clone();
        async move { store.change_person(slow).await }
    });
    tokio::task::spawn_blocking(move || begun.recv().unwrap()).await.unwrap();
    let between = Calls::default();
    store.change_person(long(&between, "between", || {})).await.unwrap();
    assert_eq!(taken(&between), [(false, title("two"))]);
    go.send(()).unwrap();
    let record = deciding.await.unwrap().unwrap();
    assert_eq!(record.person.title, title("three"));
    assert_eq!(taken(&calls), [(false, title("two")), (true, title("between"))]);
    assert_eq!(report(&store).await.problems, [""; 0]);

    // Those that panic change nothing, wherever they are made.
    store.change_person(long(&calls, "four", || {})).await.unwrap();
    taken(&calls);
    assert!(store.change_person(long(&calls, "five", || panic!("on purpose"))).await.is_err());
    assert_eq!(find(&store, 1).await.unwrap().person.title, title("four"));
}
