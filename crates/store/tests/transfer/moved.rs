//! What was copied is all there, and goes on as it would have gone on.

use directory::caller::Dialect;
use directory::event::{Event, EventQuery, Subject, SubjectFilter};
use directory::query::{Filter, Query};
use directory::store::PersonKey;
use directory::{Include, Store};
use store::transfer::Step;

use crate::rooms::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_engine_takes_in_what_any_other_holds() {
    for (from, to) in WAYS {
        let (old, new) = (Plot::furnished(from).await, Plot::new(to));
        let before = sound(&old).await;
        let copied = old.copy_to(&new).await.unwrap();
        let after = sound(&new).await;
        assert_eq!(before, after, "{from:?} to {to:?}");
        assert_eq!(sound(&old).await, before, "the source is as it was");
        assert_eq!((copied.rows_before, copied.tenants.len()), (0, TENANTS.len()));
        for (copied, reported) in copied.tenants.iter().zip(&after.tenants) {
            assert_eq!((copied.people, copied.events), (reported.people, reported.events));
            assert_eq!((&copied.source_hash, &copied.target_hash), (&reported.hash, &reported.hash));
        }
        assert_same(old.open().await.as_ref(), new.open().await.as_ref()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_and_back_nothing_is_lost() {
    let (old, between, new) =
        (Plot::furnished(Engine::Sqlite).await, Plot::new(Engine::Postgres), Plot::new(Engine::Sqlite));
    old.copy_to(&between).await.unwrap();
    between.copy_to(&new).await.unwrap();
    assert_eq!(sound(&old).await, sound(&new).await);
    assert_same(old.open().await.as_ref(), new.open().await.as_ref()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_copy_counts_on_where_the_source_was() {
    for (from, to) in WAYS {
        let (old, new) = (Plot::furnished(from).await, Plot::new(to));
        old.copy_to(&new).await.unwrap();
        for plot in [&old, &new] {
            let store = plot.open().await;
            for tenant in TENANTS {
                store.add_people(tenant, root(), vec![new_person(20)], audit(tenant)).await.unwrap();
                change(store.as_ref(), tenant, 1, titled("later")).await;
            }
        }
        assert_eq!(sound(&old).await, sound(&new).await, "{from:?} to {to:?}");
        assert_same(old.open().await.as_ref(), new.open().await.as_ref()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_of_nothing_is_copied_as_well() {
    for (from, to) in WAYS {
        let (old, new) = (Plot::new(from), Plot::new(to));
        drop(old.open().await);
        assert_eq!(old.copy_to(&new).await.unwrap().rows, 0);
        assert_eq!(sound(&new).await.tenants, []);
        furnish(new.open().await.as_ref()).await;
        sound(&new).await;
    }
}

/// More than goes into one portion.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_into_a_van_goes_in_two() {
    let old = Plot::furnished(Engine::Sqlite).await;
    {
        let store = old.open().await;
        let long = |n| {
            let mut person = new_person(n);
            person.change.title = directory::Change::Set("long".repeat(1_000));
            person
        };
        store
            .add_people(TENANTS[0], root(), (1_000..2_200).map(long).collect(), audit(TENANTS[0]))
            .await
            .unwrap();
    }
    let before = sound(&old).await;
    for to in ENGINES {
        let new = Plot::new(to);
        let mut chunks = Vec::new();
        let copied = old.copy_telling(&new, |progress| chunks.push(progress)).await.unwrap();
        assert_eq!(sound(&new).await, before);
        let of_people = chunks.iter().filter(|it| it.step == Step::Copying && it.table == "person").count();
        assert!(of_people > 1, "{of_people}");
        assert!(chunks.iter().all(|it| it.rows <= it.total), "{chunks:?}");
        assert_eq!(chunks.last().unwrap().rows, copied.rows);
    }
}

/// The port answers alike, whatever it is asked.
async fn assert_same(one: &dyn Store, other: &dyn Store) {
    assert_eq!(one.organizations().await, other.organizations().await);
    assert_eq!(one.signing_keys().await, other.signing_keys().await);
    for n in [1, 2] {
        let candidates = async |store: &dyn Store| store.sign_in_candidates(email_of(n)).await.unwrap();
        assert_eq!(candidates(one).await, candidates(other).await);
    }
    for tenant in TENANTS {
        assert_eq!(one.reference_data(tenant).await, other.reference_data(tenant).await);
        let session = async |store: &dyn Store| store.session(session_id(tenant)).await.unwrap().unwrap();
        assert_eq!(session(one).await, session(other).await);
        let credentials = async |store: &dyn Store| {
            store.list_credentials(tenant, Query::first(Filter::All(vec![]), vec![], 100)).await.unwrap()
        };
        assert_eq!(credentials(one).await, credentials(other).await);
        let credential = async |store: &dyn Store| store.credential(Dialect::Replay, public_id(tenant)).await;
        assert_eq!(credential(one).await, credential(other).await);
        assert!(credential(one).await.unwrap().unwrap().accepts("two"));
        for subject in [None, Some(SubjectFilter::One(Subject::Person(person_id(6))))] {
            let query = || EventQuery { subject, ..EventQuery::newest(1_000) };
            let events = async |store: &dyn Store| -> Vec<Event> {
                store.events(tenant, query()).await.unwrap().events
            };
            assert_eq!(events(one).await, events(other).await);
            assert!(events(one).await.len() > 2);
        }
        for n in 1..30 {
            let record = async |store: &dyn Store| {
                store.person(tenant, root(), PersonKey::Id(person_id(n)), ALL).await.unwrap()
            };
            assert_eq!(record(one).await, record(other).await);
        }
        for words in ["given\"\\1", "\u{5c0f}", "@\u{e9}cole", "o'n", "n", "nobody"] {
            let query = || Query::first(Filter::Words(vec![words.to_owned()]), vec![], 100);
            let found =
                async |store: &dyn Store| store.list_person_ids(tenant, root(), query()).await.unwrap();
            assert_eq!(found(one).await, found(other).await, "{words}");
        }
    }
}

/// Everything that may stand beside a person.
const ALL: Include = Include {
    organization: true,
    primary_department: true,
    groups: true,
    profession: true,
    roles: true,
    delegations: true,
    custom_fields: true,
    actor: None,
};
