//! Who is in a group, written once for both engines.
//!
//! Each member is a row of the person's, found by the person and by the group. Whoever comes or goes is touched, as by any other change
//! of theirs, and nobody else is.

use directory::event::{Action, Subject};
use directory::ids::{GroupId, ObjectId, PersonId, TenantId};
use directory::members::{ChangedMembers, Member, MembersChange};
use directory::organization::Group;
use directory::query::Literal;
use directory::{EntityKey, EntityKind, Refusal};
use jiff::Timestamp;
use std::collections::{HashMap, HashSet};

use crate::codec;
use crate::codec::listing;
use crate::entities::{Stored, tenant_cell};
use crate::event::SubjectEvent;
use crate::sql::{Cell, Columns, Row, Sql, Syntax};

/// What was written.
pub(crate) struct Written {
    pub(crate) changed: ChangedMembers,
    /// Everybody who came or went.
    pub(crate) touched: Vec<Touched>,
    pub(crate) events: Vec<SubjectEvent>,
}

/// Somebody whose groups are others now.
#[derive(Clone, Copy)]
pub(crate) struct Touched {
    /// By which the engine's tables refer to the person.
    pub(crate) number: i64,
    member: Member,
    updated_before: Timestamp,
}

impl Touched {
    /// When the person was changed last, if it is not what it was.
    pub(crate) fn moved_to(&self, now: Timestamp) -> Option<Timestamp> {
        (self.updated_before < now).then_some(now)
    }
}

/// Where members are changed: an organization by its number, and one group.
pub(crate) struct Place {
    pub(crate) tenant: TenantId,
    pub(crate) organization: i64,
    pub(crate) group: GroupId,
}

/// Changes the members inside a transaction in which the group is not deleted. Others who change members of the group, or
/// those people, wait: first for the group and then for the people, by their numbers.
pub(crate) async fn change<S: Sql>(
    sql: &S,
    place: &Place,
    change: &MembersChange,
    now: Timestamp,
) -> Result<Result<Written, Refusal>, S::Error> {
    let texts = Texts::of(S::SYNTAX);
    let Place { tenant, organization, group } = place;
    let (tenant, organization, group) =
        (tenant_cell(*tenant), Cell::Integer(*organization), Cell::from(group.0));
    let Some(row) = sql.query(texts.group, &[tenant.clone(), group.clone()]).await?.into_iter().next() else {
        return Ok(Err(Refusal::NoSuchEntity(EntityKind::Group)));
    };
    let mut changed =
        ChangedMembers { group: Group::read(&mut Columns::of(row))?, added: Vec::new(), removed: Vec::new() };
    let (coming, going) = match change {
        MembersChange::Add(people) => (Some(people), None),
        MembersChange::Remove(people) => (None, Some(people)),
        MembersChange::Set(people) => (Some(people), None),
    };
    let mut known: HashMap<i64, Touched> = HashMap::new();
    let mut find = async |people: &Vec<PersonId>, are_members: bool| -> Result<Vec<i64>, S::Error> {
        let ids = Cell::from(json(people.iter().map(|id| id.0.simple().to_string()))?);
        let values = [tenant.clone(), ids, organization.clone(), group.clone(), are_members.into()];
        found(sql.query(texts.people, &values).await?, &mut known)
    };
    let coming = match coming {
        Some(people) => find(people, false).await?,
        None => Vec::new(),
    };
    let mut going = match going {
        Some(people) => find(people, true).await?,
        None => Vec::new(),
    };
    if let MembersChange::Set(people) = change {
        let stay: HashSet<PersonId> = people.iter().copied().collect();
        let values = [tenant.clone(), group.clone(), organization.clone()];
        let members = found(sql.query(texts.members, &values).await?, &mut known)?;
        going.extend(
            members
                .into_iter()
                .filter(|number| known.get(number).is_some_and(|touched| !stay.contains(&touched.member.id))),
        );
    }
    if let Some(lock) = texts.lock {
        let mut all: Vec<i64> = coming.iter().chain(&going).copied().collect();
        all.sort_unstable();
        for row in sql.query(lock, &[tenant.clone(), json(&all)?.into()]).await? {
            let mut columns = Columns::of(row);
            let (number, updated_at) = (columns.integer()?, columns.time()?);
            known.entry(number).and_modify(|touched| touched.updated_before = updated_at);
        }
    }
    let mut touched = Vec::new();
    let mut written = |rows: Vec<Row>| -> codec::Result<Vec<Member>> {
        let mut members = Vec::with_capacity(rows.len());
        for row in rows {
            let person = known.get(&Columns::of(row).integer()?);
            touched.extend(person);
            members.extend(person.map(|person| person.member));
        }
        members.sort_unstable();
        Ok(members)
    };
    if !going.is_empty() {
        let values = [tenant.clone(), json(&going)?.into(), group.clone()];
        changed.removed = written(sql.query(texts.remove, &values).await?)?;
    }
    if !coming.is_empty() {
        let values = [tenant.clone(), json(&coming)?.into(), group.clone(), organization.clone()];
        changed.added = written(sql.query(texts.add, &values).await?)?;
    }
    if touched.is_empty() {
        return Ok(Ok(Written { changed, touched, events: Vec::new() }));
    }
    let numbers = json(touched.iter().map(|person| person.number))?;
    sql.execute(texts.touch, &[tenant.clone(), numbers.into(), now.into()]).await?;
    if let Some(list) = texts.list {
        let moved = touched.iter().filter(|person| person.moved_to(now).is_some());
        let entries = json(moved.map(|person| {
            let before = hex(&updated_at(person.updated_before));
            (person.member.id.0.simple().to_string(), before)
        }))?;
        let field = i64::from(listing::number(directory::PersonField::UpdatedAt));
        let values = [tenant.clone(), entries.into(), field.into(), Cell::from(updated_at(now))];
        sql.execute(list, &values).await?;
    }
    changed.group.updated_at = changed.group.updated_at.max(now);
    let values = [tenant, group, changed.group.updated_at.into()];
    sql.execute(TOUCH_GROUP, &values).await?;
    let subject = Subject::Entity(EntityKey::Group(changed.group.id));
    let event = |change| SubjectEvent { subject, action: Action::Changed, changes: vec![change] };
    let events = changed.recorded().map(event).collect();
    Ok(Ok(Written { changed, touched, events }))
}

/// What somebody is listed by who was changed last at this time.
fn updated_at(at: Timestamp) -> Vec<u8> {
    listing::indexed_value(Some(&Literal::Time(at)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn json<T: serde::Serialize>(items: impl IntoIterator<Item = T>) -> codec::Result<String> {
    codec::json(&items.into_iter().collect::<Vec<T>>())
}

/// Keeps who was found, and answers with their numbers.
fn found<E: From<codec::Error>>(rows: Vec<Row>, known: &mut HashMap<i64, Touched>) -> Result<Vec<i64>, E> {
    let mut numbers = Vec::with_capacity(rows.len());
    for row in rows {
        let mut columns = Columns::of(row);
        let (number, id) = (columns.integer()?, PersonId(columns.uuid()?));
        let object_id: ObjectId = columns.object_id()?;
        let updated_before = columns.time()?;
        known.insert(number, Touched { number, member: Member { object_id, id }, updated_before });
        numbers.push(number);
    }
    // Somebody may be named twice.
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// What is asked in each engine's own words. The tenant is `$1` everywhere.
struct Texts {
    /// The group `$2`, which nobody else changes until the transaction ends.
    group: &'static str,
    /// Of the people with the ids `$2` those who are members of the organization `$3`, and of the group `$4` or not.
    people: &'static str,
    /// The members of the group `$2` who are members of the organization `$3`.
    members: &'static str,
    /// Locks the living people with the numbers `$2`, in their order.
    lock: Option<&'static str>,
    /// Takes the people with the numbers `$2` out of the group `$3`. In PostgreSQL the rows are found by their keys before they
    /// are touched: then there is but one way to them, whatever the planner thinks of the table. They stay where they are, because
    /// their people are locked.
    remove: &'static str,
    /// Puts the people with the numbers `$2` who are members of the organization `$4` into the group `$3`.
    add: &'static str,
    /// Notes in the people with the numbers `$2` that they were changed at `$3`.
    touch: &'static str,
    /// Moves the entries `$2` of the field `$3` in the list of people to the value `$4`.
    list: Option<&'static str>,
}

impl Texts {
    const fn of(syntax: Syntax) -> &'static Self {
        match syntax {
            Syntax::Sqlite => &Self::SQLITE,
            Syntax::Postgres => &Self::POSTGRES,
        }
    }

    const SQLITE: Self = Self {
        group: Group::GET,
        people: r#"
            SELECT p.pk, p.id, p.object_id, p.updated_at
            FROM json_each($2) AS w
            CROSS JOIN person AS p ON p.tenant = $1 AND p.id = unhex(w.value)
            CROSS JOIN membership AS m ON m.tenant = $1 AND m.person = p.pk AND m.organization = $3
            WHERE p.deleted_at IS NULL AND m.deleted_at IS NULL
                AND $5 = EXISTS (
                    SELECT 1 FROM person_group AS g WHERE g.tenant = $1 AND g.person = p.pk AND g."group" = $4)"#,
        members: r#"
            SELECT p.pk, p.id, p.object_id, p.updated_at
            FROM person_group AS g
            CROSS JOIN person AS p ON p.pk = g.person
            CROSS JOIN membership AS m ON m.tenant = $1 AND m.person = p.pk AND m.organization = $3
            WHERE g.tenant = $1 AND g."group" = $2 AND p.deleted_at IS NULL AND m.deleted_at IS NULL"#,
        lock: None,
        remove: r#"
            DELETE FROM person_group
            WHERE tenant = $1 AND "group" = $3 AND person IN (SELECT value FROM json_each($2))
            RETURNING person"#,
        add: r#"
            INSERT INTO person_group (tenant, person, position, "group")
            SELECT $1, w.value, coalesce((
                    SELECT max(g.position) + 1 FROM person_group AS g WHERE g.tenant = $1 AND g.person = w.value), 0), $3
            FROM json_each($2) AS w
            WHERE EXISTS (
                SELECT 1 FROM membership AS m
                WHERE m.tenant = $1 AND m.person = w.value AND m.organization = $4 AND m.deleted_at IS NULL)
            RETURNING person"#,
        touch: "
            UPDATE person SET updated_at = max(updated_at, $3), version = version + 1
            WHERE tenant = $1 AND pk IN (SELECT value FROM json_each($2))",
        list: None,
    };

    const POSTGRES: Self = Self {
        group: r#"
            SELECT id, object_id, name, description, external_id, created_at, updated_at
            FROM "group" WHERE tenant = $1 AND id = $2 FOR UPDATE"#,
        people: r#"
            SELECT p.number, p.id, p.object_id, p.updated_at
            FROM json_array_elements_text($2::json) AS w (id)
            CROSS JOIN LATERAL (
                SELECT * FROM person AS p WHERE p.tenant = $1 AND p.id = w.id::uuid OFFSET 0) AS p
            CROSS JOIN LATERAL (
                SELECT m.deleted_at FROM membership AS m
                WHERE m.tenant = $1 AND m.person = p.number AND m.organization = $3 OFFSET 0) AS m
            WHERE p.deleted_at IS NULL AND m.deleted_at IS NULL
                AND $5 = EXISTS (
                    SELECT FROM person_group AS g
                    WHERE g.tenant = $1 AND g.person = p.number AND g."group" = $4 OFFSET 0)"#,
        members: r#"
            SELECT p.number, p.id, p.object_id, p.updated_at
            FROM (SELECT g.person FROM person_group AS g WHERE g.tenant = $1 AND g."group" = $2 OFFSET 0) AS g
            CROSS JOIN LATERAL (
                SELECT * FROM person AS p WHERE p.tenant = $1 AND p.number = g.person OFFSET 0) AS p
            CROSS JOIN LATERAL (
                SELECT m.deleted_at FROM membership AS m
                WHERE m.tenant = $1 AND m.person = p.number AND m.organization = $3 OFFSET 0) AS m
            WHERE p.deleted_at IS NULL AND m.deleted_at IS NULL"#,
        lock: Some(
            "
            SELECT p.number, p.updated_at
            FROM json_array_elements_text($2::json) AS w (number)
            CROSS JOIN LATERAL (
                SELECT p.number, p.updated_at FROM person AS p
                WHERE p.tenant = $1 AND p.number = w.number::bigint AND p.deleted_at IS NULL FOR UPDATE) AS p",
        ),
        remove: r#"
            DELETE FROM person_group AS g
            USING (
                SELECT h.tenant, h.ctid
                FROM json_array_elements_text($2::json) AS w (number)
                CROSS JOIN LATERAL (
                    SELECT h.tenant, h.ctid FROM person_group AS h
                    WHERE h.tenant = $1 AND h.person = w.number::bigint AND h."group" = $3 OFFSET 0
                ) AS h
            ) AS found
            WHERE g.tenant = found.tenant AND g.ctid = found.ctid
            RETURNING g.person"#,
        add: r#"
            INSERT INTO person_group (tenant, person, position, "group")
            SELECT $1, w.number::bigint, coalesce((
                    SELECT max(g.position) + 1 FROM person_group AS g
                    WHERE g.tenant = $1 AND g.person = w.number::bigint), 0), $3
            FROM json_array_elements_text($2::json) AS w (number)
            WHERE EXISTS (
                    SELECT FROM membership AS m
                    WHERE m.tenant = $1 AND m.person = w.number::bigint AND m.organization = $4
                        AND m.deleted_at IS NULL OFFSET 0)
                AND NOT EXISTS (
                    SELECT FROM person_group AS g
                    WHERE g.tenant = $1 AND g.person = w.number::bigint AND g."group" = $3 OFFSET 0)
            RETURNING person"#,
        touch: "
            UPDATE person AS p SET updated_at = greatest(p.updated_at, $3), version = p.version + 1
            FROM (
                SELECT q.tenant, q.ctid
                FROM json_array_elements_text($2::json) AS w (number)
                CROSS JOIN LATERAL (
                    SELECT q.tenant, q.ctid FROM person AS q
                    WHERE q.tenant = $1 AND q.number = w.number::bigint OFFSET 0
                ) AS q
            ) AS found
            WHERE p.tenant = found.tenant AND p.ctid = found.ctid",
        list: Some(
            "
            UPDATE person_order AS o SET value = $4
            FROM (
                SELECT e.tenant, e.ctid
                FROM json_array_elements($2::json) AS w (entry)
                CROSS JOIN LATERAL (
                    SELECT e.tenant, e.ctid FROM person_order AS e
                    WHERE e.tenant = $1 AND e.field = $3 AND e.value = decode(w.entry ->> 1, 'hex')
                        AND e.id = (w.entry ->> 0)::uuid OFFSET 0
                ) AS e
            ) AS found
            WHERE o.tenant = found.tenant AND o.ctid = found.ctid",
        ),
    };
}

const TOUCH_GROUP: &str = r#"UPDATE "group" SET updated_at = $3 WHERE tenant = $1 AND id = $2"#;

/// For the tests of their plans.
#[cfg(test)]
pub(crate) fn statements(syntax: Syntax) -> Vec<&'static str> {
    let Texts { group, people, members, lock, remove, add, touch, list } = Texts::of(syntax);
    let all = [Some(*group), Some(people), Some(members), *lock, Some(remove), Some(add), Some(touch), *list];
    all.into_iter().flatten().chain([TOUCH_GROUP]).collect()
}
