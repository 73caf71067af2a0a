//! Many writers at once.

use std::sync::Arc;
use std::time::Duration;

use directory::ids::TemplateId;
use directory::store::{ChangeError, ChangePerson};
use directory::template::Template;
use directory::{Attribute, Command, Property, Refusal, Store};
use uuid::Uuid;

use crate::stage::*;

fn appended(stage: &Stage, n: u64) -> ChangePerson {
    ChangePerson {
        tenant: stage.here.tenant,
        organization: stage.here.root,
        key: by_id(ADA),
        include: ALL,
        audit: stage.audit(),
        decide: Box::new(move |record| {
            let title = record.person.title.clone().unwrap_or_default();
            Ok(titled(&format!("{title} {n}")))
        }),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_many_decisions_sees_what_the_one_before_it_left() {
    let stage = Stage::open().await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..60 {
        let (store, change) = (stage.store.clone(), appended(&stage, n));
        tasks.spawn(async move { store.change_person(change).await.map(|record| record.person.version) });
    }
    let mut versions: Vec<u64> = tasks.join_all().await.into_iter().map(Result::unwrap).collect();
    versions.sort_unstable();
    assert_eq!(versions, (2..=61).collect::<Vec<_>>());
    let title = stage.person(ADA).await.person.title.clone().unwrap();
    let mut written: Vec<u64> = title.split_whitespace().map(|n| n.parse().unwrap()).collect();
    written.sort_unstable();
    assert_eq!(written, (0..60).collect::<Vec<_>>());
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_who_want_one_address_one_gets_it() {
    let stage = Stage::open().await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..50 {
        let (store, audit, here) = (stage.store.clone(), stage.audit(), stage.here);
        let person = new_person(1_000 + n, with_email("wanted@x.org"));
        tasks.spawn(async move { store.add_people(here.tenant, here.root, vec![person], audit).await });
    }
    let (won, lost): (Vec<_>, Vec<_>) = tasks.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 49));
    assert!(lost.iter().all(|lost| *lost == Err((0, Refusal::Taken { attribute: Attribute::Email }))));
    assert_eq!(stage.search(&["wanted"]).await.len(), 1);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_ten_who_make_a_template_of_one_name_one_does() {
    let stage = Stage::open().await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..10 {
        let (store, audit, tenant) = (stage.store.clone(), stage.audit(), stage.here.tenant);
        let template = Template::new(TemplateId(Uuid::from_u128(1_000 + n)), "Welcome");
        tasks
            .spawn(async move { store.execute(tenant, vec![Command::Create(template.into())], audit).await });
    }
    let (won, lost): (Vec<_>, Vec<_>) = tasks.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 9));
    let taken = Refusal::Taken { attribute: Attribute::Of(Property::Name) };
    for lost in lost {
        assert!(matches!(&lost, Err((0, ChangeError::Refused(refusal))) if *refusal == taken), "{lost:?}");
    }
    assert_eq!(stage.store.reference_data(stage.here.tenant).await.unwrap().templates.len(), 1);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_takes_nothing_of_its_neighbours_along() {
    let stage = Stage::open().await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..60 {
        let (store, audit, here) = (stage.store.clone(), stage.audit(), stage.here);
        let store: Arc<dyn Store> = store;
        tasks.spawn(async move {
            if n % 3 == 0 {
                // Refused at its second person, after the first was written.
                let people = vec![
                    new_person(2_000 + n, named("Half", "Done")),
                    new_person(3_000 + n, with_email("ada@example.com")),
                ];
                let refused = store.add_people(here.tenant, here.root, people, audit).await;
                assert_eq!(refused, Err((1, Refusal::Taken { attribute: Attribute::Email })));
            } else if n % 3 == 1 {
                let change = ChangePerson {
                    tenant: here.tenant,
                    organization: here.root,
                    key: by_id(GRACE),
                    include: ALL,
                    audit,
                    decide: Box::new(|_| panic!("on purpose")),
                };
                let panicked = store.change_person(change).await;
                assert_eq!(panicked, Err(ChangeError::Refused(Refusal::Unavailable)));
            } else {
                let person = new_person(4_000 + n, named("Whole", &format!("Family{n}")));
                store.add_people(here.tenant, here.root, vec![person], audit).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(stage.search(&["half"]).await, []);
    assert_eq!(stage.search(&["whole"]).await.len(), 20);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stops_waiting_is_written_all_the_same() {
    let stage = Stage::open().await;
    let (decided, heard) = tokio::sync::oneshot::channel();
    let mut decided = Some(decided);
    let change = ChangePerson {
        decide: Box::new(move |_| {
            if let Some(decided) = decided.take() {
                let _ = decided.send(());
            }
            Ok(titled("written"))
        }),
        ..appended(&stage, 0)
    };
    let store = stage.store.clone();
    let asked = tokio::spawn(async move { store.change_person(change).await });
    heard.await.unwrap();
    asked.abort();
    // Another write may be committed before it, so that it is waited for.
    let written = async {
        while stage.person(ADA).await.person.title.as_deref() != Some("written") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), written).await.expect("what was decided is written");
    stage.end().await;
}
