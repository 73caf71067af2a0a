//! Lists of people, read page by page.

use directory::ids::{Number, PersonId};
use directory::query::Filter;
use directory::store::PersonKey;
use directory::{Include, PersonChange};

use crate::stage::*;

#[tokio::test]
async fn ids_first_then_the_records_in_that_order() {
    let stage = Stage::open().await;
    let people = (30..60).map(|n| new_person(n, named("Many", &format!("Family{n}")))).collect();
    stage.add(people).await.unwrap();
    let all = stage.list(by_object_id(Filter::All(vec![]), 1_000)).await;
    let expected: Vec<PersonId> = [ADA, GRACE, EDSGER].into_iter().chain(30..60).map(person_id).collect();
    assert_eq!(all, expected);
    // People come and go between two pages: who stays is seen exactly once.
    let mut seen = Vec::new();
    for (page, ids) in all.chunks(7).enumerate() {
        let records =
            stage.store.records(stage.here.tenant, stage.here.root, ids.to_vec(), ALL).await.unwrap();
        seen.extend(records.iter().map(|record| record.person.id));
        stage.add(vec![new_person(100 + page as u64, PersonChange::default())]).await.unwrap();
        if page == 0 {
            stage.remove(45).await.unwrap();
            stage.remove(ADA).await.unwrap();
        }
    }
    let stayed: Vec<_> = expected.into_iter().filter(|id| *id != person_id(45)).collect();
    assert_eq!(seen, stayed);
    stage.end().await;
}

#[tokio::test]
async fn records_come_in_the_order_asked_without_those_who_are_no_members() {
    let stage = Stage::open().await;
    stage.add_in(stage.here.child, vec![new_person(20, PersonChange::default())]).await.unwrap();
    let asked = [GRACE, NEWCOMER, 20, ADA, GRACE].map(person_id).to_vec();
    let records = stage.store.records(stage.here.tenant, stage.here.root, asked, ALL).await.unwrap();
    assert_eq!(records, [stage.person(GRACE).await, stage.person(ADA).await, stage.person(GRACE).await]);
    stage.end().await;
}

#[tokio::test]
async fn operators_find_somebody_in_every_tenant() {
    let stage = Stage::open().await;
    let keys = [
        by_id(ADA),
        PersonKey::Number(Number::new(1).unwrap()),
        PersonKey::ObjectId(object_id(ADA)),
        PersonKey::Email("ada@example.com".into()),
        PersonKey::UserName("countess".into()),
        by_external_id("e-1"),
    ];
    for keys in keys.clone().map(|key| vec![key]).into_iter().chain([keys.to_vec()]) {
        let found = stage.store.locate(keys.clone()).await.unwrap();
        let tenants: Vec<_> = found.iter().map(|location| location.tenant).collect();
        assert_eq!(tenants, [stage.there.tenant, stage.here.tenant], "{keys:?}");
        assert!(found.iter().all(|location| location.person == person_id(ADA)));
        assert_eq!(found[1].organizations, [stage.here.root]);
    }
    assert_eq!(stage.store.locate(vec![by_id(NEWCOMER)]).await, Ok(vec![]));
    assert_eq!(stage.store.locate(vec![]).await, Ok(vec![]));
    let include = Include::default();
    let nobody =
        stage.store.records(stage.here.tenant, stage.here.child, vec![person_id(ADA)], include).await;
    assert_eq!(nobody, Ok(vec![]));
    stage.end().await;
}
