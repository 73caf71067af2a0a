//! Loading people, any number of them at once, each as one organization sees them.

use std::sync::Arc;

use directory::apply::Key;
use directory::delegation::{DelegateSummary, Delegation};
use directory::ids::{DepartmentId, GroupId, ObjectId, OrganizationId, PersonId, TenantId};
use directory::membership::Membership;
use directory::person::Entry;
use directory::status::Status;
use directory::store::PersonKey;
use directory::{Include, Person, Record};
use jiff::Timestamp;
use serde_json::value::RawValue;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::cache::{Actor, CacheEntry};
use super::error::Result;
use super::pool::Session;
use super::reference_data::ReferenceData;
use super::row::{Columns, key};
use crate::codec::document::{Document, Profile};
use crate::codec::{self, grants, parsed, permissions};

/// An organization, as rows refer to it.
pub(super) type OrganizationNumber = i64;

/// An organization, by its id and its number.
pub(super) type Place = (OrganizationId, OrganizationNumber);

/// People to be loaded, an array for each column.
#[derive(Default)]
pub(super) struct LoadQuery {
    organization_ids: Vec<OrganizationId>,
    organizations: Vec<OrganizationNumber>,
    ids: Vec<Option<Uuid>>,
    numbers: Vec<Option<i64>>,
    object_ids: Vec<Option<Vec<u8>>>,
    sources: Vec<Option<String>>,
    values: Vec<Option<String>>,
    actors: Vec<Option<Uuid>>,
    versions: Vec<Option<i64>>,
    /// Whose row need not be sent again if they are still of that version.
    kept: Vec<Option<Arc<CacheEntry>>>,
    has_actors: bool,
    delegations: bool,
}

impl LoadQuery {
    /// The organization comes with its id and its number.
    pub(super) fn push(&mut self, organization: Place, person: &PersonKey, include: Include) {
        self.push_unless(organization, person, include, None);
    }

    /// The same for somebody who is kept, and may have changed since.
    pub(super) fn push_kept(&mut self, organization: Place, kept: Arc<CacheEntry>, include: Include) {
        let key = PersonKey::Number(kept.person.number);
        self.push_unless(organization, &key, include, Some(kept));
    }

    fn push_unless(
        &mut self,
        (id, organization): Place,
        person: &PersonKey,
        include: Include,
        kept: Option<Arc<CacheEntry>>,
    ) {
        self.versions.push(kept.as_ref().map(|kept| kept.person.version.cast_signed()));
        self.kept.push(kept);
        self.organization_ids.push(id);
        self.organizations.push(organization);
        self.has_actors |= include.actor.is_some();
        self.actors.push(include.actor.map(|id| id.0));
        self.delegations |= include.delegations;
        let key = |source: &str, value: String| (Some(source.to_owned()), Some(value));
        let (source, value) = match person {
            PersonKey::Invitation(id) => key(Key::INVITATION, id.to_string()),
            PersonKey::Email(folded) => key(Key::EMAIL, folded.clone()),
            PersonKey::UserName(folded) => key(Key::USER_NAME, folded.clone()),
            PersonKey::Identity(source, value) => key(&source.to_string(), value.clone()),
            PersonKey::Id(_) | PersonKey::Number(_) | PersonKey::ObjectId(_) => (None, None),
        };
        self.sources.push(source);
        // No text in the database has this character, and none may be asked for.
        self.values.push(value.filter(|value| !value.contains('\0')));
        self.ids.push(if let PersonKey::Id(id) = person { Some(id.0) } else { None });
        self.numbers.push(match person {
            PersonKey::Number(number) => Some(number.get().cast_signed()),
            _ => None,
        });
        self.object_ids.push(if let PersonKey::ObjectId(id) = person { Some(id.0.to_vec()) } else { None });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.organizations.is_empty()
    }

    /// Those of them that are members, each with its place among those asked for.
    pub(super) async fn load(&self, session: &Session, tenant: TenantId) -> Result<Vec<Loaded>> {
        let tenant = key(tenant);
        self.all(&session.query(self.statement(), &self.of_load(&tenant)).await?)
    }

    pub(super) fn statement(&self) -> &'static str {
        match (self.has_actors, self.delegations) {
            (false, false) => LOAD,
            (true, false) => LOAD_WITH_ACTORS,
            (false, true) => LOAD_WITH_DELEGATIONS,
            (true, true) => LOAD_WITH_BOTH,
        }
    }

    pub(super) fn of_load<'p>(&'p self, tenant: &'p i32) -> [&'p (dyn ToSql + Sync); 9] {
        [
            tenant,
            &self.organizations,
            &self.ids,
            &self.numbers,
            &self.object_ids,
            &self.sources,
            &self.values,
            &self.actors,
            &self.versions,
        ]
    }

    /// For the statements that lock whoever the keys mean now.
    pub(super) fn of_lock<'p>(&'p self, tenant: &'p i32) -> [&'p (dyn ToSql + Sync); 6] {
        [tenant, &self.ids, &self.numbers, &self.object_ids, &self.sources, &self.values]
    }

    pub(super) fn all(&self, rows: &[Row]) -> Result<Vec<Loaded>> {
        rows.iter().map(|row| self.loaded(row)).collect()
    }

    fn loaded(&self, row: &Row) -> Result<Loaded> {
        let mut columns = Columns::of(row);
        let place = columns.get::<i64>()?.cast_unsigned() as usize - 1;
        let reference_data = columns.get()?;
        let organization = self.organization_ids[place];
        let is_known: bool = columns.get()?;
        let (person, membership) = match self.kept[place].as_ref().filter(|_| is_known) {
            Some(kept) => {
                columns.skip(PERSON_COLUMNS + MEMBERSHIP_COLUMNS);
                (kept.person.clone(), kept.membership.clone())
            }
            None => {
                let mut person = person(&mut columns)?;
                entries(&mut columns, &mut person)?;
                (Arc::new(person), Arc::new(membership(&mut columns, organization)?))
            }
        };
        let actor = if self.has_actors { actor(&mut columns, organization)? } else { None };
        let (mut delegators, mut delegates) = (Vec::new(), Vec::new());
        if self.delegations {
            delegators = delegations(columns.optional_text_of_json()?)?;
            delegates = delegations(columns.optional_text_of_json()?)?;
        }
        Ok(Loaded { place, reference_data, person, membership, actor, delegators, delegates })
    }
}

/// A member, as the tables have it.
pub(super) struct Loaded {
    /// Among those asked for.
    pub(super) place: usize,
    /// How often the tenant's reference data had changed when this was read.
    pub(super) reference_data: i64,
    pub(super) person: Arc<Person>,
    pub(super) membership: Arc<Membership>,
    /// Whoever asks, if they are a member too and may sign in.
    pub(super) actor: Option<Actor>,
    delegators: Vec<Delegation>,
    delegates: Vec<Delegation>,
}

impl Loaded {
    /// A person who was kept, with whoever asks.
    pub(super) fn cached(kept: &CacheEntry, actor: Option<Actor>, reference_data: i64) -> Self {
        Self {
            place: 0,
            reference_data,
            person: kept.person.clone(),
            membership: kept.membership.clone(),
            actor,
            delegators: Vec::new(),
            delegates: Vec::new(),
        }
    }

    pub(super) fn record(
        self,
        reference_data: &ReferenceData,
        organization: OrganizationId,
        include: Include,
    ) -> Record {
        let person = reference_data.without_deleted(self.person);
        let mut related = reference_data.related(include, organization, &person, &self.membership);
        if include.delegations {
            related.delegators = self.delegators;
            related.delegates = self.delegates;
        }
        let actor = self.actor.filter(|_| include.actor.is_some()).map(|actor| actor.membership);
        Record { person, membership: self.membership, related: related.into(), actor }
    }
}

/// Which person each of the keys wanted means: at most one of the columns of a row of `w` is set.
macro_rules! meant {
    () => {
        "COALESCE(
            w.number,
            (SELECT i.number FROM person AS i WHERE i.tenant = $1 AND i.id = w.id),
            (SELECT o.number FROM person AS o WHERE o.tenant = $1 AND o.object_id = w.object_id),
            (SELECT k.person FROM person_key AS k WHERE k.tenant = $1 AND k.source = w.source AND k.value = w.value)
        )"
    };
}

macro_rules! membership {
    ($m:literal) => {
        concat!(
            $m,
            ".team, ",
            $m,
            ".kare_scope, ",
            $m,
            ".profession, ",
            $m,
            ".laurel_roles, ",
            $m,
            ".grants, ",
            $m,
            ".created_at, ",
            $m,
            ".updated_at, ",
            $m,
            ".deleted_at"
        )
    };
}

/// Of somebody who is still of the version named, nothing but that is said: it covers the membership and the entries too.
///
/// Each table is looked into by its key. `OFFSET 0` keeps the planner from joining them in another order, and from knowing
/// that memberships that ended are left out, for which it would go through the index of a whole organization: both look as
/// good to it as long as it knows nothing of the tables.
macro_rules! load {
    ($more:expr, $beside:expr) => {
        concat!(
            r#"SELECT w.place,
                (SELECT last FROM counter WHERE tenant = $1 AND name = 'vocabulary'),
                p.version IS NOT DISTINCT FROM w.version,
                p.number, p.id, p.object_id, p.status, p.primary_department, p.created_at, p.updated_at,
                p.deleted_at, p.version,
                CASE WHEN p.version IS DISTINCT FROM w.version THEN p.document END,
                CASE WHEN p.version IS DISTINCT FROM w.version THEN (
                    SELECT json_agg(json_build_array(e.department, e.data_source) ORDER BY e.position)
                    FROM person_department AS e WHERE e.tenant = $1 AND e.person = p.number) END,
                CASE WHEN p.version IS DISTINCT FROM w.version THEN (
                    SELECT json_agg(json_build_array(e."group", e.data_source) ORDER BY e.position)
                    FROM person_group AS e WHERE e.tenant = $1 AND e.person = p.number) END, "#,
            membership!("m"),
            $more,
            r#"
            FROM unnest($2::bigint[], $3::uuid[], $4::bigint[], $5::bytea[], $6::text[], $7::text[], $8::uuid[],
                $9::bigint[]) WITH ORDINALITY
                AS w (organization, id, number, object_id, source, value, actor, version, place)
            CROSS JOIN LATERAL (
                SELECT * FROM person AS p
                WHERE p.deleted_at IS NULL AND p.tenant = $1 AND p.number = "#,
            meant!(),
            r#" OFFSET 0
            ) AS p
            LEFT JOIN LATERAL (
                SELECT * FROM membership AS m
                WHERE p.version IS DISTINCT FROM w.version
                    AND m.tenant = $1 AND m.person = p.number AND m.organization = w.organization
                OFFSET 0
            ) AS m ON true"#,
            $beside,
            " WHERE p.version IS NOT DISTINCT FROM w.version OR (m.person IS NOT NULL AND m.deleted_at IS NULL)"
        )
    };
}

macro_rules! actors {
    () => {
        concat!(", CASE WHEN am.person IS NOT NULL THEN a.status END, a.number, ", membership!("am"))
    };
}

macro_rules! beside_actors {
    () => {
        " LEFT JOIN LATERAL (
            SELECT * FROM person AS a WHERE a.deleted_at IS NULL AND a.tenant = $1 AND a.id = w.actor OFFSET 0
        ) AS a ON true
        LEFT JOIN LATERAL (
            SELECT * FROM membership AS am
            WHERE am.tenant = $1 AND am.person = a.number AND am.organization = w.organization
            OFFSET 0
        ) AS am ON am.deleted_at IS NULL"
    };
}

macro_rules! delegations {
    () => {
        concat!(edges!("delegate", "delegator"), edges!("delegator", "delegate"))
    };
}

/// Of the edges with the person at one end, who is at the other.
macro_rules! edges {
    ($this:literal, $other:literal) => {
        concat!(
            ", (SELECT json_agg(json_build_array(q.id, encode(q.object_id, 'hex'), q.document, d.permissions)
                    ORDER BY q.object_id)
                FROM (
                    SELECT * FROM delegation AS d
                    WHERE d.tenant = $1 AND d.organization = w.organization AND d.",
            $this,
            " = p.number OFFSET 0
                ) AS d
                CROSS JOIN LATERAL (
                    SELECT * FROM person AS q WHERE q.tenant = $1 AND q.number = d.",
            $other,
            " OFFSET 0
                ) AS q)"
        )
    };
}

pub(super) const LOAD: &str = load!("", "");
pub(super) const LOAD_WITH_ACTORS: &str = load!(actors!(), beside_actors!());
pub(super) const LOAD_WITH_DELEGATIONS: &str = load!(delegations!(), "");
pub(super) const LOAD_WITH_BOTH: &str = load!(concat!(actors!(), delegations!()), beside_actors!());

macro_rules! lock {
    ($strength:literal) => {
        concat!(
            "SELECT p.number FROM person AS p
             WHERE p.tenant = $1 AND p.number = ANY (ARRAY(
                SELECT ",
            meant!(),
            "
                FROM unnest($2::uuid[], $3::bigint[], $4::bytea[], $5::text[], $6::text[])
                    AS w (id, number, object_id, source, value)))
             ORDER BY p.number
             FOR ",
            $strength
        )
    };
}

/// Locks in one order, so that nobody waits in a circle. For those who are changed: others may go on referring to them.
pub(super) const LOCK: &str = lock!("NO KEY UPDATE");
/// For those who leave.
pub(super) const LOCK_AGAINST_REFERENCES: &str = lock!("UPDATE");

fn person(columns: &mut Columns<'_>) -> Result<Person> {
    let number = columns.number()?;
    let (id, object_id) = (columns.person_id()?, columns.object_id()?);
    let mut person = Person::new(id, number, object_id, Timestamp::UNIX_EPOCH);
    person.status = columns.name(Status::parse)?;
    person.primary_department = columns.optional_uuid(DepartmentId)?;
    person.created_at = columns.time()?;
    person.updated_at = columns.time()?;
    person.deleted_at = columns.get()?;
    person.version = columns.count()?;
    columns.json::<Document>()?.fill(&mut person)?;
    Ok(person)
}

/// The person's additional departments and groups, in their order.
fn entries(columns: &mut Columns<'_>, person: &mut Person) -> Result<()> {
    let departments = columns.list::<(Uuid, Option<String>)>()?;
    let groups = columns.list::<(Uuid, Option<String>)>()?;
    person.additional_departments = departments
        .into_iter()
        .map(|(id, data_source)| Entry { id: DepartmentId(id), data_source })
        .collect();
    person.groups =
        groups.into_iter().map(|(id, data_source)| Entry { id: GroupId(id), data_source }).collect();
    Ok(())
}

const PERSON_COLUMNS: usize = 12;
const MEMBERSHIP_COLUMNS: usize = 8;

/// Whoever asks, if they are a member too and may sign in.
fn actor(columns: &mut Columns<'_>, organization: OrganizationId) -> Result<Option<Actor>> {
    let status: Option<&str> = columns.get()?;
    if let Some(status) = status.and_then(Status::parse).filter(|status| status.may_sign_in()) {
        let number = columns.get()?;
        return Ok(Some(Actor { number, status, membership: membership(columns, organization)?.into() }));
    }
    columns.skip(1 + MEMBERSHIP_COLUMNS);
    Ok(None)
}

fn membership(columns: &mut Columns<'_>, organization: OrganizationId) -> Result<Membership> {
    let mut membership = Membership::new(organization, Timestamp::UNIX_EPOCH);
    let read = grants::Read {
        team: columns.get()?,
        kare_scope: columns.get()?,
        profession: columns.optional_number()?,
        laurel_roles: columns.optional_text_of_json()?,
        grants: columns.optional_text_of_json()?,
    };
    read.fill(&mut membership)?;
    membership.created_at = columns.time()?;
    membership.updated_at = columns.time()?;
    membership.deleted_at = columns.get()?;
    Ok(membership)
}

/// Edges as the two queries gather them: `[[id, object id, document, permissions], ...]`.
fn delegations(text: Option<&str>) -> Result<Vec<Delegation>> {
    type Edge<'t> = (Uuid, &'t str, Profile, Option<&'t RawValue>);
    let Some(text) = text else { return Ok(Vec::new()) };
    let edges: Vec<Edge<'_>> = serde_json::from_str(text).map_err(codec::Error::from)?;
    let delegation = |(id, object_id, mut profile, claims): Edge<'_>| {
        let identities = profile.identities()?;
        Ok(Delegation {
            other: DelegateSummary {
                id: PersonId(id),
                object_id: parsed::<ObjectId>(object_id)?,
                given: profile.given,
                family: profile.family,
                identities,
            },
            permissions: permissions(claims.map(RawValue::get).filter(|claims| *claims != "null"))?,
        })
    };
    edges.into_iter().map(delegation).collect()
}

/// Someone who left, without any membership.
pub(super) async fn anyone(session: &Session, tenant: TenantId, number: i64) -> Result<Option<Person>> {
    let Some(row) = session.query_opt(ANYONE, &[&key(tenant), &number]).await? else { return Ok(None) };
    let mut columns = Columns::of(&row);
    let mut person = person(&mut columns)?;
    entries(&mut columns, &mut person)?;
    Ok(Some(person))
}

pub(super) const ANYONE: &str = r#"
    SELECT p.number, p.id, p.object_id, p.status, p.primary_department, p.created_at, p.updated_at, p.deleted_at,
        p.version, p.document,
        (SELECT json_agg(json_build_array(e.department, e.data_source) ORDER BY e.position)
            FROM person_department AS e WHERE e.tenant = $1 AND e.person = p.number),
        (SELECT json_agg(json_build_array(e."group", e.data_source) ORDER BY e.position)
            FROM person_group AS e WHERE e.tenant = $1 AND e.person = p.number)
    FROM person AS p
    WHERE p.tenant = $1 AND p.number = $2"#;
