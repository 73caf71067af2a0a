//! No statement of the request path reads a whole table: as SQLite itself plans them.

use rusqlite::types::Null;

use super::open::{Access, Options, connect, open_and_migrate};
use super::transfer::read;
use super::{
    admins, check, credentials, keys, load, members, organizations, passwords, people, references, relations,
    remove, sessions,
};
use crate::entities;
use crate::sql::Syntax;
use crate::sql::list::tests::{searches, statements};
use crate::sql::list::{credential_statement, event_statements};
use crate::transfer::tables::TABLES;
use directory::event::{Subject, SubjectFilter, SubjectKind};
use directory::ids::{CredentialId, PersonId};

const STATEMENTS: [&str; 39] = [
    admins::LAST,
    credentials::LIMIT,
    credentials::ROTATE,
    credentials::LIVE,
    credentials::NOTE_USE,
    credentials::REVOKE,
    keys::FORMER_HOLDER,
    keys::HOLDER,
    load::ACTOR,
    load::BY_ID,
    load::BY_OBJECT_ID,
    load::ENTRIES,
    load::MEMBER,
    load::MEMBER_BY_OBJECT_ID,
    load::ORGANIZATION_NUMBER,
    passwords::CANDIDATES,
    passwords::FIRST_ORGANIZATION,
    people::LOCATE_ID,
    people::LOCATE_KEY,
    people::LOCATE_OBJECT_ID,
    people::MEMBERSHIPS,
    references::DEPARTMENT,
    references::GROUP,
    references::LABEL,
    references::ROLE,
    references::TEAM,
    relations::DELEGATES,
    relations::DELEGATORS,
    relations::LABEL,
    relations::ORGANIZATION,
    remove::DELEGATIONS_BY,
    remove::HAS_MEMBERSHIP,
    members::IS_MEMBER,
    organizations::RENAME,
    sessions::GET,
    sessions::LIVE,
    sessions::MAY_BEGIN,
    sessions::REVOKE,
    sessions::REVOKE_OF_MEMBER,
];

/// What may be read from end to end: the tenants by what goes across them, what the search index proposes, the chain of
/// one person's events, the departments above and below one, and sessions that have ended, in their order.
const READ_WHOLE: [&str; 11] = [
    // The ids that are given.
    "SCAN w VIRTUAL TABLE",
    "SCAN json_each VIRTUAL TABLE",
    "SCAN t",
    "SCAN person_search VIRTUAL TABLE",
    "SCAN found",
    "SCAN CONSTANT ROW",
    "SCAN (subquery",
    "SCAN (join",
    "SCAN mine",
    "SCAN above",
    "SCAN below",
];

#[test]
fn a_list_follows_the_entries_of_one_field() {
    let lists = statements(Syntax::Sqlite);
    for ((sql, plan), (_, sorts)) in plans(lists.iter().map(|(sql, _)| &**sql)).into_iter().zip(&lists) {
        let is_followed = plan[0].starts_with("SEARCH o USING INDEX person_by_")
            || plan[0].starts_with("SEARCH o USING COVERING INDEX person_by_");
        // A page after a position begins there, and not at the beginning of the field.
        let is_continued = !sorts && (sql.contains("o.id) > (") || sql.contains("o.id) < ("));
        let bound = if is_continued { " AND (by_" } else { "(tenant=?" };
        assert!(is_followed && plan[0].contains(bound), "{plan:?}\n{sql}");
        let tables = plan.iter().filter(|step| step.starts_with("SEARCH ") || step.starts_with("SCAN "));
        for step in tables.skip(1) {
            assert!(step.contains(" PRIMARY KEY ("), "{plan:?}\n{sql}");
        }
        let is_sorted = plan.iter().any(|step| step.contains("TEMP B-TREE"));
        assert!(*sorts || !is_sorted, "{plan:?}\n{sql}");
    }
}

/// Of no more events than a page shows or looks at, or than there are of its subject.
#[test]
fn events_are_read_along_their_sequence_or_those_of_one_subject() {
    let key = "USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)";
    let index =
        "USING INDEX event_subject (tenant=? AND subject_kind=? AND subject_id=? AND rowid>? AND rowid<?)";
    let person = SubjectFilter::One(Subject::Person(PersonId::NIL));
    let credential = SubjectFilter::One(Subject::Credential(CredentialId::NIL));
    for (subject, way) in [
        (None, key),
        (Some(SubjectFilter::Kind(SubjectKind::Person)), key),
        (Some(credential), index),
        (Some(person), "USING INTEGER PRIMARY KEY (rowid=?)"),
    ] {
        let statements = event_statements(Syntax::Sqlite, subject);
        for (sql, plan) in plans(statements.iter().map(|sql| &**sql)) {
            let steps: Vec<_> = plan.iter().filter(|step| step.starts_with("SEARCH e ")).collect();
            assert!(!steps.is_empty() && steps.iter().all(|step| step.contains(way)), "{plan:?}\n{sql}");
            // A person's events begin with the newest: the oldest comes first only when all are known.
            let is_sorted = plan.iter().any(|step| step.contains("TEMP B-TREE"));
            assert_eq!(is_sorted, subject == Some(person) && sql.contains(" ASC"), "{plan:?}\n{sql}");
        }
    }
}

#[test]
fn no_statement_of_the_request_path_scans() {
    let more = [
        sessions::SWEEP,
        sessions::REVOKE_OF_PERSON,
        sessions::LIVE_OF_PERSON,
        sessions::LIST,
        remove::DELEGATIONS_TO,
    ];
    let searches = searches(Syntax::Sqlite);
    let of_invitations = crate::invitations::statements(Syntax::Sqlite);
    let resolving = crate::resolve::statements(Syntax::Sqlite);
    let credentials = credential_statement(Syntax::Sqlite);
    let all = STATEMENTS
        .into_iter()
        .chain(more)
        .chain(entities::statements(Syntax::Sqlite))
        .chain(crate::group_members::statements(Syntax::Sqlite))
        .chain(resolving.iter().map(String::as_str))
        .chain(crate::organizations::STATEMENTS)
        .chain(crate::customers::STATEMENTS)
        .chain(of_invitations.iter().map(String::as_str))
        .chain(crate::credentials::statements(Syntax::Sqlite))
        .chain([&*credentials])
        .chain(searches.iter().map(String::as_str));
    for (sql, plan) in plans(all) {
        for step in plan {
            let is_scan =
                step.starts_with("SCAN ") && !READ_WHOLE.iter().any(|whole| step.starts_with(whole));
            assert!(!is_scan, "{step}\n{sql}");
            let is_within = !step.starts_with("SEARCH ") || step.contains('(');
            assert!(is_within && !step.contains("AUTOMATIC"), "{step}\n{sql}");
        }
    }
}

/// It may read everything, but keep none of it.
#[test]
fn the_check_needs_no_memory_of_what_it_has_read() {
    let dumped: Vec<String> = TABLES.iter().map(read::select).collect();
    let looked_for = check::FAULTS.map(|(_, sql)| sql);
    for (sql, plan) in plans(dumped.iter().map(String::as_str).chain(looked_for)) {
        for step in plan {
            assert!(!step.contains("TEMP B-TREE") && !step.contains("AUTOMATIC"), "{step}\n{sql}");
        }
    }
}

/// The statements, each with the steps that SQLite plans for it.
fn plans<'s>(statements: impl Iterator<Item = &'s str>) -> Vec<(&'s str, Vec<String>)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("directory.db");
    drop(open_and_migrate(&path, &Options::default()).unwrap());
    let connection = connect(&path, Access::Read, &Options::default()).unwrap();
    let plan = |sql| {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        for parameter in 1..=statement.parameter_count() {
            statement.raw_bind_parameter(parameter, Null).unwrap();
        }
        let mut rows = statement.raw_query();
        let mut steps: Vec<String> = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            steps.push(row.get("detail").unwrap());
        }
        assert!(!steps.is_empty(), "{sql}");
        (sql, steps)
    };
    statements.map(plan).collect()
}
