//! The check finds what is seeded, each kind by its own name.

use crate::house::*;

#[tokio::test]
async fn a_sound_store_has_no_problems() {
    let house = House::furnished().await;
    let report = report(&house.open()).await;
    assert_eq!(report.problems, [""; 0]);
    assert_eq!(report.tenants.len(), 1);
    assert_eq!((report.tenants[0].people, report.tenants[0].events), (2, 6));
    assert_eq!(report.tenants[0].hash.len(), 64);
}

#[tokio::test]
async fn each_kind_of_damage_is_found_and_named() {
    for (damage, named) in [
        ("DELETE FROM person_key WHERE source = 'relesys' AND value = 'e-1'", "without a key"),
        ("UPDATE person_key SET person = person + 1 WHERE value = 'e-1'", "without a key"),
        ("INSERT INTO person_key VALUES (1, 'relesys', 'e-9', 1)", "a key of nobody living"),
        (
            "INSERT INTO person_key SELECT 1, 'relesys', 'e-9', pk FROM person WHERE id = x'00000000000000000000000000000001'",
            "keys: tenant 1 has 5 of them, and its people 4",
        ),
        ("INSERT INTO former_key SELECT 1, 'relesys', 'e-9', min(pk) FROM person", "a former key"),
        ("DELETE FROM department", "a primary department that is not there"),
        (r#"DELETE FROM "group""#, "a group of nobody"),
        (
            "DELETE FROM delegation; INSERT INTO delegation SELECT 1, 1, pk, 7, NULL FROM person LIMIT 1",
            "a delegation",
        ),
        ("UPDATE membership SET deleted_at = 1", "a living person in no organization"),
        ("UPDATE organization SET deleted_at = 1", "a membership of nobody, or in no organization"),
        ("UPDATE membership SET profession = 7", "a profession"),
        ("UPDATE membership SET team = x'00'", "a team that is not"),
        (
            r#"UPDATE membership SET laurel_roles = '["000000000000000000000000"]'"#,
            "a role that is not there",
        ),
        (
            "UPDATE membership SET object_id = x'000000000000000000000000' WHERE person = 1 << 40 | 1",
            "a membership",
        ),
        ("DELETE FROM event WHERE pk = 1 << 40 | 2", "events: tenant 1 has 5 of them, from 1 to 6"),
        ("UPDATE tenant SET last_event = 4", "events: tenant 1 has 6"),
        ("UPDATE person SET version = 9", "a tenant with events that follow from no person"),
        ("UPDATE person SET version = 0", "a person whose version"),
        ("UPDATE person SET last_event = NULL", "a tenant with events of people that no person leads to"),
        ("UPDATE event SET previous = 7", "a tenant with events of people that no person leads to"),
        ("UPDATE person SET document = '{' WHERE pk = 1 << 40 | 1", "a person: tenant 1, number 1"),
        ("UPDATE person SET given = 'other'", "searched by other names"),
        ("INSERT INTO person_search (rowid, trigrams) VALUES (9, 'abc')", "the search index has"),
        (
            "INSERT INTO person_search (person_search, rowid, trigrams)
             VALUES ('delete', (1 << 40 | 1) << 2, '1\u{b7}giv')",
            "the search index has",
        ),
        ("UPDATE person_listed SET by_title = x'01'", "listed by other values"),
        ("DELETE FROM person_listed WHERE pk = 1 << 40 | 1", "by other values: tenant 1, number 1"),
        (
            "UPDATE person_listed SET pk = 1 << 40 | 99 WHERE pk = 1 << 40 | 1",
            "a row in the lists of nobody living",
        ),
        ("UPDATE department SET parent = x'00'", "a department under one that is not there"),
        ("UPDATE department SET manager = x'00'", "a department that nobody living manages"),
        ("UPDATE event SET subject_kind = NULL WHERE subject_kind = 'group'", "an event of nobody"),
        ("UPDATE organization SET parent = 9", "an organization under one"),
        (
            "INSERT INTO team (tenant, organization, id, name) VALUES (1, 9, x'00', 'T')",
            "a team of an organization",
        ),
    ] {
        let house = House::furnished().await;
        let before = report(&house.open()).await;
        house.tamper(damage);
        let after = report(&house.open()).await;
        assert!(
            after.problems.iter().any(|problem| problem.contains(named)),
            "{damage}: {:?}",
            after.problems
        );
        // What an engine makes of the rest is not in the hash, which is the same for every engine.
        let derived =
            ["person_listed", "person_search", "SET given", "SET last_event = NULL", "SET previous"];
        let is_derived = derived.iter().any(|it| damage.contains(it));
        assert_eq!(before.tenants[0].hash == after.tenants[0].hash, is_derived, "{damage}");
    }
}

#[tokio::test]
async fn damage_everywhere_is_told_in_few_words() {
    let house = House::furnished().await;
    house.tamper(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
         INSERT INTO person_key SELECT 1, 'relesys', 'lost ' || i, 7 FROM n",
    );
    let problems = report(&house.open()).await.problems;
    assert!((20..30).contains(&problems.len()), "{}", problems.len());
}
