//! The check of a database finds what is seeded, each kind by its own name.

use crate::rooms::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_kind_of_damage_is_found_and_named() {
    let plot = Plot::furnished(Engine::Postgres).await;
    let before = sound(&plot).await;
    let store = plot.open().await;
    for (damage, repair, named) in [
        (
            "DELETE FROM person_key WHERE tenant = 1 AND value = 'e-1'",
            "INSERT INTO person_key VALUES (1, 'relesys', 'e-1', 1)",
            "a person without a key of theirs: tenant 1, number 1, relesys",
        ),
        (
            "UPDATE person_key SET person = 2 WHERE tenant = 1 AND value = 'e-1'",
            "UPDATE person_key SET person = 1 WHERE tenant = 1 AND value = 'e-1'",
            "a person without a key of theirs: tenant 1, number 1, relesys",
        ),
        (
            "INSERT INTO person_key VALUES (1, 'relesys', 'e-9', 1)",
            "DELETE FROM person_key WHERE value = 'e-9'",
            "keys: tenant 1 has",
        ),
        (
            "INSERT INTO person_key VALUES (1, 'relesys', 'e-9', 99)",
            "DELETE FROM person_key WHERE value = 'e-9'",
            "a key of nobody living: tenant 1, relesys e-9",
        ),
        (
            "INSERT INTO former_key VALUES (2, 'relesys', 'e-9', 1)",
            "DELETE FROM former_key WHERE value = 'e-9'",
            "a former key of nobody who left: tenant 2, relesys e-9",
        ),
        (
            "UPDATE person SET primary_department = gen_random_uuid() WHERE tenant = 1 AND number = 1",
            "UPDATE person SET primary_department = '00000000-0000-0000-0000-000000000001' WHERE tenant = 1 AND number = 1",
            "a primary department that is not there: tenant 1, number 1",
        ),
        (
            "INSERT INTO person_department VALUES (1, 2, 0, gen_random_uuid())",
            "DELETE FROM person_department WHERE person = 2",
            "an additional department of nobody, or one that is not there: tenant 1, number 2",
        ),
        (
            "INSERT INTO person_group VALUES (1, 99, 0, '00000000-0000-0000-0000-000000000001')",
            "DELETE FROM person_group WHERE person = 99",
            "a group of nobody, or one that is not there: tenant 1, number 99",
        ),
        (
            "INSERT INTO delegation VALUES (1, 1, 2, 5)",
            "DELETE FROM delegation WHERE delegator = 5",
            "a delegation whose ends are not both members: tenant 1, number 2",
        ),
        (
            "UPDATE membership SET deleted_at = now() WHERE tenant = 1 AND person = 4",
            "UPDATE membership SET deleted_at = NULL WHERE tenant = 1 AND person = 4",
            "a living person in no organization: tenant 1, number 4",
        ),
        (
            "UPDATE membership SET object_id = '\\x00' WHERE tenant = 1 AND person = 4",
            "UPDATE membership SET object_id = (SELECT object_id FROM person WHERE tenant = 1 AND number = 4)
             WHERE tenant = 1 AND person = 4",
            "a membership of nobody, or in no organization: tenant 1, number 4",
        ),
        (
            "UPDATE membership SET profession = 7 WHERE tenant = 1 AND person = 4",
            "UPDATE membership SET profession = NULL WHERE tenant = 1 AND person = 4",
            "a profession that is not a label of the organization: tenant 1, number 4",
        ),
        (
            "UPDATE membership SET team = '00000000-0000-0000-0000-000000000008' WHERE tenant = 1 AND person = 4",
            "UPDATE membership SET team = NULL WHERE tenant = 1 AND person = 4",
            "a team that is not the organization's: tenant 1, number 4",
        ),
        (
            r#"UPDATE membership SET laurel_roles = '["000000000000000000000000"]' WHERE tenant = 1 AND person = 4"#,
            "UPDATE membership SET laurel_roles = NULL WHERE tenant = 1 AND person = 4",
            "a role that is not there: tenant 1, number 4",
        ),
        (
            "UPDATE event SET sequence = 99 WHERE tenant = 1 AND sequence = 2",
            "UPDATE event SET sequence = 2 WHERE tenant = 1 AND sequence = 99",
            "events: tenant 1 has 30 of them, from 1 to 99, and counted 30",
        ),
        (
            "UPDATE counter SET last = 31 WHERE tenant = 1 AND name = 'event'",
            "UPDATE counter SET last = 30 WHERE tenant = 1 AND name = 'event'",
            "events: tenant 1 has 30 of them, from 1 to 30, and counted 31",
        ),
        (
            "UPDATE event SET person = 99 WHERE tenant = 1 AND sequence = 19",
            "UPDATE event SET person = 3 WHERE tenant = 1 AND sequence = 19",
            "an event of nobody: tenant 1, number 19",
        ),
        (
            "UPDATE person SET version = 9 WHERE tenant = 1 AND number = 4",
            "UPDATE person SET version = 1 WHERE tenant = 1 AND number = 4",
            "a tenant with events that follow from no person: tenant 1, number 1",
        ),
        (
            "UPDATE person SET version = 0 WHERE tenant = 1 AND number = 4",
            "UPDATE person SET version = 1 WHERE tenant = 1 AND number = 4",
            "a person whose version is less than the number of their events: tenant 1, number 4",
        ),
        (
            r#"UPDATE person SET document = '{"given": 5}' WHERE tenant = 1 AND number = 3"#,
            "UPDATE person SET document = '{}' WHERE tenant = 1 AND number = 3",
            "a person: tenant 1, number 3: ",
        ),
        (
            "UPDATE counter SET last = 2 WHERE tenant = 1 AND name = 'person'",
            "UPDATE counter SET last = 6 WHERE tenant = 1 AND name = 'person'",
            "a person whose row is not in its tenant: tenant 1, number 6",
        ),
        (
            "UPDATE department SET parent = '00000000-0000-0000-0000-000000000099' WHERE tenant = 1 AND name = 'D 1'",
            "UPDATE department SET parent = NULL WHERE tenant = 1",
            "a department under one that is not there: tenant 1, D 1",
        ),
        (
            "UPDATE department SET manager = '00000000-0000-0000-0000-000000000099' WHERE tenant = 1 AND name = 'D 1'",
            "UPDATE department SET manager = NULL WHERE tenant = 1",
            "a department that nobody living manages: tenant 1, D 1",
        ),
        (
            "UPDATE organization SET parent = 9 WHERE tenant = 1 AND number = 2",
            "UPDATE organization SET parent = 1 WHERE tenant = 1 AND number = 2",
            "an organization under one that is not there: tenant 1, Child",
        ),
        (
            "UPDATE organization SET deleted_at = now() WHERE tenant = 1 AND number = 2",
            "UPDATE organization SET deleted_at = NULL WHERE tenant = 1 AND number = 2",
            "a team of an organization that is not there: tenant 1, Team",
        ),
        (
            "UPDATE team SET organization = 9 WHERE tenant = 1 AND organization = 2",
            "UPDATE team SET organization = 2 WHERE tenant = 1 AND organization = 9",
            "a team of an organization that is not there: tenant 1, Team",
        ),
        (
            "UPDATE label SET organization = 9 WHERE tenant = 2",
            "UPDATE label SET organization = 1 WHERE tenant = 2",
            "a label of an organization that is not there: tenant 2, Nurse",
        ),
        (
            "UPDATE credential SET organization = 9 WHERE tenant = 2",
            "UPDATE credential SET organization = 1 WHERE tenant = 2",
            "a credential of an organization that is not there: tenant 2, key-2",
        ),
    ] {
        plot.tamper(damage);
        let after = store.check().await.unwrap();
        assert!(after.problems.iter().any(|problem| problem.starts_with(named)), "{damage}: {after:?}");
        assert_ne!(before.tenants, after.tenants, "{damage}");
        plot.tamper(repair);
        assert_eq!(store.check().await.unwrap(), before, "{repair}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_search_index_holds_exactly_what_people_are_called() {
    for (damage, named) in [
        (
            "UPDATE person_search SET text = 'other' WHERE tenant = 1 AND person = 4 AND field = 0",
            "a person who is searched by other names: tenant 1, number 4",
        ),
        (
            "UPDATE person_search SET tokens = 'abc' WHERE tenant = 1 AND person = 4 AND field = 0",
            "a person who is searched by other names: tenant 1, number 4",
        ),
        (
            "DELETE FROM person_search WHERE tenant = 1 AND person = 4 AND field = 3",
            "a person who is searched by other names: tenant 1, number 4",
        ),
        (
            "INSERT INTO person_search VALUES (1, 3, 0, 'x', 'x')",
            "a person who is searched by other names: tenant 1, number 3",
        ),
        (
            "INSERT INTO person_search VALUES (1, 99, 0, 'x', 'x')",
            "the search index has somebody who does not live: tenant 1, number 99",
        ),
        (
            "INSERT INTO person_search VALUES (9, 1, 0, 'x', 'x')",
            "words of a tenant that is not there: tenant 9",
        ),
    ] {
        let plot = Plot::furnished(Engine::Postgres).await;
        let before = sound(&plot).await;
        plot.tamper(damage);
        let after = plot.open().await.check().await.unwrap();
        assert_eq!(after.problems.len(), 1, "{damage}: {after:?}");
        assert!(after.problems[0].starts_with(named), "{damage}: {after:?}");
        assert_eq!(before.tenants, after.tenants, "it follows from the rest: {damage}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_go_by_exactly_what_people_have() {
    for (damage, named) in [
        (
            "UPDATE person_listed SET title = 'other' WHERE tenant = 1 AND person = 4",
            "a person whom lists compare by other values: tenant 1, number 4",
        ),
        (
            "DELETE FROM person_listed WHERE tenant = 1 AND person = 4",
            "a person whom lists compare by other values: tenant 1, number 4",
        ),
        (
            "INSERT INTO person_listed (tenant, person) VALUES (1, 99)",
            "lists compare somebody who does not live: tenant 1, number 99",
        ),
        (
            "UPDATE person_order SET value = '\\x01' WHERE tenant = 1 AND person = 4 AND field = 1",
            "a person who is listed by other values: tenant 1, number 4",
        ),
        (
            "INSERT INTO person_order
             VALUES (1, 1, '\\x01', '00000000-0000-0000-0000-000000000000', 4)",
            "entries of lists: tenant 1 has",
        ),
    ] {
        let plot = Plot::furnished(Engine::Postgres).await;
        let before = sound(&plot).await;
        plot.tamper(damage);
        let after = plot.open().await.check().await.unwrap();
        assert_eq!(after.problems.len(), 1, "{damage}: {after:?}");
        assert!(after.problems[0].starts_with(named), "{damage}: {after:?}");
        assert_eq!(before.tenants, after.tenants, "it follows from the rest: {damage}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_everywhere_is_told_in_few_words() {
    let plot = Plot::furnished(Engine::Postgres).await;
    plot.tamper(
        "INSERT INTO person_key SELECT 1, 'relesys', 'lost ' || n, 77 FROM generate_series(1, 1000) AS n",
    );
    let problems = plot.open().await.check().await.unwrap().problems;
    assert!((20..30).contains(&problems.len()), "{problems:?}");
}
