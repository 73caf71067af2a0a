//! The integrity check: the file, the keys, the references, the events, the search index, the lists; and a hash of each tenant.
//!
//! Everything is streamed, so that a million people cost time but no memory.

mod index;

use directory::apply::{keys, search_fields};
use directory::ids::TenantId;
use directory::store::{Report, TenantReport};
use rusqlite::{Connection, Row, params};

use super::error::Result;
use super::keys as key_table;
use super::lists;
use super::load;
use super::row::{number_of, pk};
use super::transfer::read;
use crate::codec::tokens::Fields;

/// Problems told of one kind: enough to see what is wrong, and never too many to read.
const TOLD: usize = 20;

pub(super) fn run(connection: &Connection) -> Result<Report> {
    let mut report = Report::default();
    file(connection, &mut report.problems)?;
    for (what, sql) in FAULTS {
        faults(connection, what, sql, &mut report.problems)?;
    }
    let digests = read::digests(connection)?;
    let mut statement = connection.prepare("SELECT tenant, last_event FROM tenant ORDER BY tenant")?;
    let mut tenants = statement.query([])?;
    while let Some(row) = tenants.next()? {
        let (tenant, last_event) = (TenantId(row.get(0)?), row.get(1)?);
        let people = people(connection, tenant, &mut report.problems)?;
        let events = events(connection, tenant, last_event, &mut report.problems)?;
        let hash = digests.of_tenant(tenant);
        report.tenants.push(TenantReport { tenant, people, events, hash });
    }
    index::check(connection, &mut report.problems)?;
    Ok(report)
}

/// What SQLite itself can tell of its pages and indexes.
fn file(connection: &Connection, problems: &mut Vec<String>) -> Result<()> {
    let mut statement = connection.prepare(&format!("PRAGMA integrity_check({TOLD})"))?;
    for line in statement.query_map([], |row| row.get::<_, String>(0))? {
        let line = line?;
        if line != "ok" {
            problems.push(format!("the file: {line}"));
        }
    }
    Ok(())
}

/// Queries that find nothing in a sound store. Each answers with a tenant and what to look for there.
pub(super) const FAULTS: [(&str, &str); 24] = [
    (
        "an organization under one that is not there",
        "SELECT o.tenant, o.name FROM organization AS o
         LEFT JOIN tenant AS t ON t.tenant = o.tenant
         LEFT JOIN organization AS parent ON parent.tenant = o.tenant AND parent.number = o.parent
         WHERE t.tenant IS NULL OR (o.parent IS NOT NULL AND parent.number IS NULL)
             OR (o.deleted_at IS NULL AND parent.deleted_at IS NOT NULL)
             OR o.number > t.last_organization",
    ),
    (
        "a team of an organization that is not there",
        "SELECT t.tenant, t.name FROM team AS t
         LEFT JOIN organization AS o ON o.tenant = t.tenant AND o.number = t.organization
         WHERE o.number IS NULL OR o.deleted_at IS NOT NULL",
    ),
    (
        "a label of an organization that is not there",
        "SELECT l.tenant, l.name FROM label AS l
         LEFT JOIN organization AS o ON o.tenant = l.tenant AND o.number = l.organization
         WHERE o.number IS NULL OR o.deleted_at IS NOT NULL",
    ),
    (
        "a credential of an organization that is not there",
        "SELECT c.tenant, c.public_id FROM credential AS c
         LEFT JOIN organization AS o ON o.tenant = c.tenant AND o.number = c.organization
         WHERE o.number IS NULL OR (c.revoked_at IS NULL
             AND (c.expires_at IS NULL OR c.expires_at > o.deleted_at) AND o.deleted_at IS NOT NULL)",
    ),
    (
        "a person whose row is not in its tenant",
        "SELECT p.tenant, p.pk FROM person AS p
         LEFT JOIN tenant AS t ON t.tenant = p.tenant
         WHERE t.tenant IS NULL OR p.pk >> 40 <> p.tenant OR (p.pk & 0xFFFFFFFFFF) > t.last_person",
    ),
    (
        "a row in the lists of nobody living",
        "SELECT l.tenant, l.pk FROM person_listed AS l
         LEFT JOIN person AS p ON p.pk = l.pk AND p.tenant = l.tenant
         WHERE p.pk IS NULL OR p.deleted_at IS NOT NULL",
    ),
    (
        "a key of nobody living",
        "SELECT k.tenant, k.source || ' ' || k.value FROM person_key AS k
         LEFT JOIN person AS p ON p.pk = k.person AND p.tenant = k.tenant
         WHERE p.pk IS NULL OR p.deleted_at IS NOT NULL",
    ),
    (
        "a former key of nobody who left",
        "SELECT k.tenant, k.source || ' ' || k.value FROM former_key AS k
         LEFT JOIN person AS p ON p.pk = k.person AND p.tenant = k.tenant
         WHERE p.pk IS NULL OR p.deleted_at IS NULL",
    ),
    (
        "a membership of nobody, or in no organization",
        "SELECT m.tenant, m.person FROM membership AS m
         LEFT JOIN person AS p ON p.pk = m.person AND p.tenant = m.tenant
         LEFT JOIN organization AS o ON o.tenant = m.tenant AND o.number = m.organization
         WHERE p.pk IS NULL OR o.number IS NULL OR p.object_id <> m.object_id
             OR (m.deleted_at IS NULL AND (p.deleted_at IS NOT NULL OR o.deleted_at IS NOT NULL))",
    ),
    (
        "a living person in no organization",
        "SELECT p.tenant, p.pk FROM person AS p
         WHERE p.deleted_at IS NULL AND NOT EXISTS (
             SELECT 1 FROM membership AS m
             WHERE m.tenant = p.tenant AND m.person = p.pk AND m.deleted_at IS NULL)",
    ),
    (
        "a primary department that is not there",
        "SELECT p.tenant, p.pk FROM person AS p
         LEFT JOIN department AS d ON d.tenant = p.tenant AND d.id = p.primary_department
         WHERE p.primary_department IS NOT NULL AND d.id IS NULL AND p.deleted_at IS NULL",
    ),
    (
        "an additional department of nobody, or one that is not there",
        "SELECT e.tenant, e.person FROM person_department AS e
         LEFT JOIN person AS p ON p.pk = e.person AND p.tenant = e.tenant
         LEFT JOIN department AS d ON d.tenant = e.tenant AND d.id = e.department
         WHERE p.pk IS NULL OR d.id IS NULL",
    ),
    (
        "a group of nobody, or one that is not there",
        r#"SELECT e.tenant, e.person FROM person_group AS e
         LEFT JOIN person AS p ON p.pk = e.person AND p.tenant = e.tenant
         LEFT JOIN "group" AS g ON g.tenant = e.tenant AND g.id = e."group"
         WHERE p.pk IS NULL OR g.id IS NULL"#,
    ),
    (
        "a team that is not the organization's",
        "SELECT m.tenant, m.person FROM membership AS m
         LEFT JOIN team AS t ON t.tenant = m.tenant AND t.organization = m.organization AND t.id = m.team
         WHERE m.team IS NOT NULL AND t.id IS NULL AND m.deleted_at IS NULL",
    ),
    (
        "a profession that is not a label of the organization",
        "SELECT m.tenant, m.person FROM membership AS m
         LEFT JOIN label AS l ON l.tenant = m.tenant AND l.number = m.profession
         WHERE m.deleted_at IS NULL AND m.profession IS NOT NULL AND (l.number IS NULL OR l.organization <> m.organization)",
    ),
    (
        "a role that is not there",
        "SELECT m.tenant, m.person FROM membership AS m
         CROSS JOIN json_each(m.laurel_roles) AS granted
         LEFT JOIN role AS r ON r.tenant = m.tenant AND r.object_id = unhex(granted.value)
         WHERE m.laurel_roles IS NOT NULL AND r.object_id IS NULL AND m.deleted_at IS NULL",
    ),
    (
        "a delegation whose ends are not both members",
        "SELECT d.tenant, d.delegate FROM delegation AS d
         LEFT JOIN membership AS a ON a.tenant = d.tenant AND a.person = d.delegate
             AND a.organization = d.organization AND a.deleted_at IS NULL
         LEFT JOIN membership AS b ON b.tenant = d.tenant AND b.person = d.delegator
             AND b.organization = d.organization AND b.deleted_at IS NULL
         WHERE a.person IS NULL OR b.person IS NULL OR d.delegate = d.delegator",
    ),
    (
        "an event of nobody",
        "SELECT e.tenant, e.pk FROM event AS e
         LEFT JOIN person AS p ON p.pk = e.person AND p.tenant = e.tenant
         LEFT JOIN organization AS o ON o.tenant = e.tenant AND o.number = e.organization
         WHERE (e.subject_kind IS NULL) <> (p.pk IS NOT NULL) OR o.number IS NULL OR e.pk >> 40 <> e.tenant",
    ),
    (
        "a department under one that is not there",
        "SELECT d.tenant, d.name FROM department AS d
         LEFT JOIN department AS parent ON parent.tenant = d.tenant AND parent.id = d.parent
         WHERE d.parent IS NOT NULL AND parent.id IS NULL",
    ),
    (
        "a department that nobody living manages",
        "SELECT d.tenant, d.name FROM department AS d
         LEFT JOIN person AS p ON p.tenant = d.tenant AND p.id = d.manager AND p.deleted_at IS NULL
         WHERE d.manager IS NOT NULL AND p.pk IS NULL",
    ),
    (
        "a message to nobody, or from no organization",
        "SELECT m.tenant, m.recipient FROM message AS m
         LEFT JOIN person AS p ON p.tenant = m.tenant AND p.id = m.person
         LEFT JOIN organization AS o ON o.tenant = m.tenant AND o.number = m.organization
         WHERE p.pk IS NULL OR o.number IS NULL",
    ),
    (
        // Also who comes into a group or goes out of it has another version, and the event is the group's.
        "a person whose version is less than the number of their events",
        "SELECT p.tenant, p.pk FROM person AS p
         WHERE p.version < (
             WITH RECURSIVE mine (pk) AS (
                 SELECT p.last_event
                 UNION ALL
                 SELECT e.previous FROM mine CROSS JOIN event AS e ON e.pk = mine.pk WHERE e.previous < e.pk
             )
             SELECT count(*) FROM mine CROSS JOIN event AS e ON e.pk = mine.pk AND e.person = p.pk
         )",
    ),
    (
        "a tenant with events of people that no person leads to",
        "SELECT t.tenant, t.tenant FROM tenant AS t
         WHERE (SELECT count(*) FROM event
             WHERE pk > t.tenant << 40 AND pk < (t.tenant + 1) << 40 AND subject_kind IS NULL)
             <> (SELECT coalesce(sum((
                 WITH RECURSIVE mine (pk) AS (
                     SELECT p.last_event
                     UNION ALL
                     SELECT e.previous FROM mine CROSS JOIN event AS e ON e.pk = mine.pk WHERE e.previous < e.pk
                 )
                 SELECT count(*) FROM mine CROSS JOIN event AS e ON e.pk = mine.pk AND e.person = p.pk
             )), 0) FROM person AS p WHERE p.pk > t.tenant << 40 AND p.pk < (t.tenant + 1) << 40)",
    ),
    (
        "a tenant with events that follow from no person",
        "SELECT t.tenant, t.tenant FROM tenant AS t
         WHERE (SELECT coalesce(sum(
                 CASE WHEN subject_kind IS NULL THEN 1
                     WHEN subject_kind = 'group' THEN coalesce(json_array_length(changes, '$.members[0]'), 0)
                         + coalesce(json_array_length(changes, '$.members[1]'), 0)
                     ELSE 0 END), 0)
             FROM event WHERE pk > t.tenant << 40 AND pk < (t.tenant + 1) << 40)
             <> (SELECT coalesce(sum(version), 0) FROM person WHERE pk > t.tenant << 40 AND pk < (t.tenant + 1) << 40)",
    ),
];

fn faults(connection: &Connection, what: &str, sql: &str, problems: &mut Vec<String>) -> Result<()> {
    let mut statement = connection.prepare(sql)?;
    let told = |row: &Row<'_>| {
        let (tenant, which): (i64, rusqlite::types::Value) = (row.get(0)?, row.get(1)?);
        Ok((tenant, which))
    };
    for (count, fault) in statement.query_map([], told)?.enumerate() {
        let (tenant, which) = fault?;
        if count == TOLD {
            problems.push(format!("{what}: and more"));
            break;
        }
        let which = match which {
            rusqlite::types::Value::Integer(pk) if pk > i64::from(u32::MAX) => {
                format!("number {}", number_of(pk))
            }
            rusqlite::types::Value::Integer(number) => format!("number {number}"),
            rusqlite::types::Value::Text(text) => text,
            other => format!("{other:?}"),
        };
        problems.push(format!("{what}: tenant {tenant}, {which}"));
    }
    Ok(())
}

/// Every living person can be read, has exactly their keys, and is listed by what they have. Answers with how many there are.
fn people(connection: &Connection, tenant: TenantId, problems: &mut Vec<String>) -> Result<u64> {
    let mut statement =
        connection.prepare("SELECT pk, given, family, nickname, email FROM person WHERE pk > ?1 AND pk < ?2 AND deleted_at IS NULL")?;
    let mut rows = statement.query(params![pk(tenant, 0), pk(TenantId(tenant.0 + 1), 0)])?;
    let (mut people, mut expected, mut told) = (0, 0_i64, 0);
    let mut tell = |problem: String| {
        told += 1;
        if told <= TOLD {
            problems.push(problem);
        }
    };
    while let Some(row) = rows.next()? {
        let pk: i64 = row.get(0)?;
        people += 1;
        let person = match load::anyone(connection, tenant, pk) {
            Ok(Some(person)) => person,
            Ok(None) => continue,
            Err(failure) => {
                tell(format!("a person: tenant {tenant}, number {}: {failure}", number_of(pk)));
                continue;
            }
        };
        let folded: Fields = [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?];
        if folded != search_fields(&person) {
            tell(format!(
                "a person who is searched by other names: tenant {tenant}, number {}",
                person.number
            ));
        }
        if !lists::check(connection, pk, &person)? {
            tell(format!(
                "a person who is listed by other values: tenant {tenant}, number {}",
                person.number
            ));
        }
        for key in keys(&person) {
            expected += 1;
            let holder = key_table::holder(connection, tenant, &key.source, &key.value)?;
            if holder != Some(pk) {
                let number = person.number;
                tell(format!(
                    "a person without a key of theirs: tenant {tenant}, number {number}, {}",
                    key.source
                ));
            }
        }
    }
    let kept: i64 = connection.query_row(
        "SELECT count(*) FROM person_key WHERE tenant = ?1",
        params![tenant.0],
        |row| row.get(0),
    )?;
    if kept != expected {
        tell(format!("keys: tenant {tenant} has {kept} of them, and its people {expected}"));
    }
    Ok(people)
}

/// Sequence numbers are unique; so they are without a gap when there are as many as the last one says.
fn events(connection: &Connection, tenant: TenantId, last: i64, problems: &mut Vec<String>) -> Result<u64> {
    let (count, first, greatest): (i64, Option<i64>, Option<i64>) = connection.query_row(
        "SELECT count(*), min(pk), max(pk) FROM event WHERE pk > ?1 AND pk < ?2",
        params![pk(tenant, 0), pk(TenantId(tenant.0 + 1), 0)],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let first = first.map_or(1, number_of);
    let greatest = greatest.map_or(0, number_of).cast_signed();
    if first != 1 || greatest != count || last != count {
        problems.push(format!(
            "events: tenant {tenant} has {count} of them, from {first} to {greatest}, and counted {last}"
        ));
    }
    Ok(count.cast_unsigned())
}
