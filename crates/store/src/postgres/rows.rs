//! What a batch writes: an array for each column, and one statement for each kind of row, however many there are.

use directory::event::{Action, Actor};
use directory::ids::{ObjectId, TenantId};
use directory::membership::Membership;
use directory::settle::Key;
use directory::store::Act;
use directory::{Person, change::AttributeChange};
use jiff::Timestamp;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::failure::{Failure, Result};
use super::load::OrganizationNumber;
use super::pool::{Session, in_order};
use super::row::{JsonText, key};
use super::vocabulary::Vocabulary;
use crate::form::changes::Written;
use crate::form::document::Document;
use crate::form::grants::Grants;
use crate::form::tokens::{Fields, tokens};
use crate::form::{claims, json, principal};

/// Everything that a job, or a whole batch, has to write.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) people: People,
    pub(super) changed: Changed,
    pub(super) actors: Actors,
    pub(super) members: Members,
    pub(super) granted: Granted,
    pub(super) ended: Ended,
    pub(super) departments_removed: DepartmentsRemoved,
    pub(super) departments: Departments,
    pub(super) groups_removed: GroupsRemoved,
    pub(super) groups: Groups,
    pub(super) fields_removed: FieldsRemoved,
    pub(super) fields: SearchFields,
    pub(super) keys_removed: KeysRemoved,
    pub(super) former_keys: FormerKeys,
    pub(super) returned: Returned,
    pub(super) edges_removed: EdgesRemoved,
    pub(super) ends_removed: EndsRemoved,
    pub(super) edges: Edges,
    pub(super) sessions_ended: SessionsEnded,
    pub(super) passwords: Passwords,
    pub(super) events: Events,
    /// The number of the last person given out, where some were.
    pub(super) last_person: Option<u64>,
}

/// Whether the transaction has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    Now,
    HasBegun,
}

/// Rows of one kind.
trait Kind: Sync {
    const SQL: &'static str;
    fn len(&self) -> usize;
    fn columns(&self) -> Vec<&(dyn ToSql + Sync)>;
}

/// Declares the rows of one kind: what each is made of, and the statement that takes them all. Its first parameter is
/// the tenant, the others are the columns in their order.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident of $row:ident { $($column:ident: $type:ty),+ $(,)? } $sql:literal)+) => {$(
        $(#[$doc])*
        #[derive(Default)]
        pub(super) struct $kind { $($column: Vec<$type>),+ }

        pub(super) struct $row { $(pub(super) $column: $type),+ }

        impl $kind {
            pub(super) fn push(&mut self, row: $row) {
                $(self.$column.push(row.$column);)+
            }

            fn append(&mut self, mut other: Self) {
                $(self.$column.append(&mut other.$column);)+
            }
        }

        impl Kind for $kind {
            const SQL: &'static str = $sql;

            fn len(&self) -> usize {
                // Every column is as long as any other.
                [$(self.$column.len()),+][0]
            }

            fn columns(&self) -> Vec<&(dyn ToSql + Sync)> {
                vec![$(&self.$column),+]
            }
        }
    )+};
}

kinds! {
    /// New people.
    People of PersonRow {
        number: i64, id: Uuid, object_id: Vec<u8>, status: &'static str, primary_department: Option<Uuid>,
        created_at: Timestamp, updated_at: Timestamp, version: i64, document: JsonText,
    }
    "INSERT INTO person (tenant, number, id, object_id, status, primary_department, created_at, updated_at, version,
        document)
     SELECT $1, n.* FROM unnest($2::bigint[], $3::uuid[], $4::bytea[], $5::text[], $6::uuid[], $7::timestamptz[],
        $8::timestamptz[], $9::bigint[], $10::json[]) AS n"

    /// People as they become. Where one of them is not as it was when it was read, all of it fails: by a division by
    /// zero, which is how a statement says no.
    Changed of ChangedRow {
        number: i64, status: &'static str, primary_department: Option<Uuid>, updated_at: Timestamp,
        deleted_at: Option<Timestamp>, version: i64, document: JsonText,
    }
    "WITH changed AS (
        UPDATE person AS p
        SET status = c.status, primary_department = c.primary_department, updated_at = c.updated_at,
            deleted_at = c.deleted_at, version = c.version, document = c.document
        FROM unnest($2::bigint[], $3::text[], $4::uuid[], $5::timestamptz[], $6::timestamptz[], $7::bigint[],
            $8::json[]) AS c (number, status, primary_department, updated_at, deleted_at, version, document)
        WHERE p.tenant = $1 AND p.number = c.number AND p.version = c.version - 1
        RETURNING p.number
     )
     SELECT 1 / (count(*) = cardinality($2::bigint[]))::integer FROM changed"

    /// Those on whose behalf others are changed, as they were when it was decided that they may. Where one of them is not
    /// so any more, or is just being changed, all of it fails.
    Actors of ActorRow { number: i64, version: i64 }
    "SELECT 1 / (count(*) = cardinality($2::bigint[]))::integer
     FROM (
        SELECT FROM unnest($2::bigint[], $3::bigint[]) AS c (number, version)
        JOIN person AS p ON p.tenant = $1 AND p.number = c.number
        WHERE p.version = c.version
        FOR SHARE OF p NOWAIT
     ) AS unchanged"

    /// Memberships that begin, also where an earlier one ended.
    Members of MemberRow {
        person: i64, organization: i64, object_id: Vec<u8>, replay_role: &'static str, replay_access: &'static str,
        team: Option<Uuid>, kare_scope: &'static str, kare_group: i64, kare_read: Option<JsonText>,
        kare_manage: Option<JsonText>, profession: Option<i64>, laurel_roles: Option<JsonText>,
        super_delegate: Option<JsonText>, created_at: Timestamp, updated_at: Timestamp,
    }
    "INSERT INTO membership (tenant, person, organization, object_id, replay_role, replay_access, team, kare_scope,
        kare_group, kare_read, kare_manage, profession, laurel_roles, super_delegate, created_at, updated_at)
     SELECT $1, n.* FROM unnest($2::bigint[], $3::bigint[], $4::bytea[], $5::text[], $6::text[], $7::uuid[],
        $8::text[], $9::bigint[], $10::json[], $11::json[], $12::bigint[], $13::json[], $14::json[],
        $15::timestamptz[], $16::timestamptz[]) AS n
     ON CONFLICT (tenant, person, organization) DO UPDATE SET replay_role = EXCLUDED.replay_role,
        replay_access = EXCLUDED.replay_access, team = EXCLUDED.team, kare_scope = EXCLUDED.kare_scope,
        kare_group = EXCLUDED.kare_group, kare_read = EXCLUDED.kare_read, kare_manage = EXCLUDED.kare_manage,
        profession = EXCLUDED.profession, laurel_roles = EXCLUDED.laurel_roles,
        super_delegate = EXCLUDED.super_delegate, created_at = EXCLUDED.created_at,
        updated_at = EXCLUDED.updated_at, deleted_at = NULL"

    /// Memberships as they become.
    Granted of GrantedRow {
        person: i64, organization: i64, replay_role: &'static str, replay_access: &'static str, team: Option<Uuid>,
        kare_scope: &'static str, kare_group: i64, kare_read: Option<JsonText>, kare_manage: Option<JsonText>,
        profession: Option<i64>, laurel_roles: Option<JsonText>, super_delegate: Option<JsonText>,
        updated_at: Timestamp,
    }
    "UPDATE membership AS m
     SET replay_role = c.replay_role, replay_access = c.replay_access, team = c.team, kare_scope = c.kare_scope,
        kare_group = c.kare_group, kare_read = c.kare_read, kare_manage = c.kare_manage, profession = c.profession,
        laurel_roles = c.laurel_roles, super_delegate = c.super_delegate, updated_at = c.updated_at
     FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::uuid[], $7::text[], $8::bigint[],
        $9::json[], $10::json[], $11::bigint[], $12::json[], $13::json[], $14::timestamptz[])
        AS c (person, organization, replay_role, replay_access, team, kare_scope, kare_group, kare_read,
            kare_manage, profession, laurel_roles, super_delegate, updated_at)
     WHERE m.tenant = $1 AND m.person = c.person AND m.organization = c.organization"

    /// Memberships that end.
    Ended of EndedRow { person: i64, organization: i64, at: Timestamp }
    "UPDATE membership AS m SET deleted_at = c.at
     FROM unnest($2::bigint[], $3::bigint[], $4::timestamptz[]) AS c (person, organization, at)
     WHERE m.tenant = $1 AND m.person = c.person AND m.organization = c.organization"

    /// People whose additional departments are written anew.
    DepartmentsRemoved of NoDepartments { person: i64 }
    "DELETE FROM person_department WHERE tenant = $1 AND person = ANY ($2::bigint[])"

    Departments of DepartmentRow { person: i64, position: i32, department: Uuid, data_source: Option<String> }
    "INSERT INTO person_department (tenant, person, position, department, data_source)
     SELECT $1, n.* FROM unnest($2::bigint[], $3::integer[], $4::uuid[], $5::text[]) AS n"

    /// People whose groups are written anew.
    GroupsRemoved of NoGroups { person: i64 }
    "DELETE FROM person_group WHERE tenant = $1 AND person = ANY ($2::bigint[])"

    Groups of GroupRow { person: i64, position: i32, group: Uuid, data_source: Option<String> }
    r#"INSERT INTO person_group (tenant, person, position, "group", data_source)
       SELECT $1, n.* FROM unnest($2::bigint[], $3::integer[], $4::uuid[], $5::text[]) AS n"#

    /// Fields by which people are no longer found.
    FieldsRemoved of NoField { person: i64, field: i16 }
    "DELETE FROM person_search AS s USING unnest($2::bigint[], $3::smallint[]) AS c (person, field)
     WHERE s.tenant = $1 AND s.person = c.person AND s.field = c.field"

    /// Fields by which people are found. The tokens hold no blank.
    SearchFields of FieldRow { person: i64, field: i16, text: String, tokens: String }
    "INSERT INTO person_search (tenant, person, field, text, tokens)
     SELECT $1, n.person, n.field, n.text, array_to_tsvector(string_to_array(n.tokens, ' '))
     FROM unnest($2::bigint[], $3::smallint[], $4::text[], $5::text[]) AS n (person, field, text, tokens)
     ON CONFLICT (tenant, person, field) DO UPDATE SET text = EXCLUDED.text, tokens = EXCLUDED.tokens"

    /// Keys that are free again.
    KeysRemoved of NoKey { source: String, value: String }
    "DELETE FROM person_key AS k USING unnest($2::text[], $3::text[]) AS c (source, value)
     WHERE k.tenant = $1 AND k.source = c.source AND k.value = c.value"

    /// Identities of those who leave. Of two who left with the same, the later one is remembered.
    FormerKeys of FormerKey { source: String, value: String, person: i64 }
    "INSERT INTO former_key (tenant, source, value, person)
     SELECT $1, n.* FROM unnest($2::text[], $3::text[], $4::bigint[]) AS n
     ON CONFLICT (tenant, source, value) DO UPDATE SET person = EXCLUDED.person"

    /// People who are back.
    Returned of ReturnedRow { person: i64 }
    "DELETE FROM former_key WHERE tenant = $1 AND person = ANY ($2::bigint[])"

    /// People whose delegators are written anew.
    EdgesRemoved of NoEdges { organization: i64, delegate: i64 }
    "DELETE FROM delegation AS d USING unnest($2::bigint[], $3::bigint[]) AS c (organization, delegate)
     WHERE d.tenant = $1 AND d.organization = c.organization AND d.delegate = c.delegate"

    /// People who leave, with their edges on both sides.
    EndsRemoved of NoEnds { organization: i64, person: i64 }
    "DELETE FROM delegation AS d USING (
        SELECT d.organization, d.delegate, d.delegator
        FROM unnest($2::bigint[], $3::bigint[]) AS c (organization, person)
        JOIN delegation AS d ON d.tenant = $1 AND d.organization = c.organization AND d.delegate = c.person
        UNION
        SELECT d.organization, d.delegate, d.delegator
        FROM unnest($2::bigint[], $3::bigint[]) AS c (organization, person)
        JOIN delegation AS d ON d.tenant = $1 AND d.organization = c.organization AND d.delegator = c.person
     ) AS c
     WHERE d.tenant = $1 AND d.organization = c.organization AND d.delegate = c.delegate
        AND d.delegator = c.delegator"

    Edges of EdgeRow { organization: i64, delegate: i64, delegator: i64, permissions: Option<JsonText> }
    "INSERT INTO delegation (tenant, organization, delegate, delegator, permissions)
     SELECT $1, n.* FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::json[]) AS n"

    /// People whose sessions end.
    SessionsEnded of EndedSessions { person: i64, organization: i64, at: Timestamp }
    "UPDATE session AS s SET revoked_at = c.at
     FROM unnest($2::bigint[], $3::bigint[], $4::timestamptz[]) AS c (person, organization, at)
     WHERE s.tenant = $1 AND s.person = c.person AND s.organization = c.organization AND s.revoked_at IS NULL"

    Passwords of PasswordRow { person: i64, hash: String }
    "INSERT INTO password (tenant, person, hash)
     SELECT $1, n.* FROM unnest($2::bigint[], $3::text[]) AS n
     ON CONFLICT (tenant, person) DO UPDATE SET hash = EXCLUDED.hash"

    /// Events, in their order. The counter has counted them already.
    Events of EventRow {
        person: i64, at: Timestamp, action: &'static str, via: &'static str, organization: i64,
        credential: Option<Uuid>, actor: Option<Uuid>, forwarded: Option<JsonText>, request: String,
        changes: JsonText,
    }
    "INSERT INTO event (tenant, sequence, person, at, action, via, organization, credential, actor, forwarded,
        request, changes)
     SELECT $1, c.last - cardinality($2::bigint[]) + n.place, n.person, n.at, n.action, n.via, n.organization,
        n.credential, n.actor, n.forwarded, n.request, n.changes
     FROM unnest($2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::bigint[], $7::uuid[], $8::uuid[],
        $9::json[], $10::text[], $11::json[]) WITH ORDINALITY
        AS n (person, at, action, via, organization, credential, actor, forwarded, request, changes, place)
     JOIN counter AS c ON c.tenant = $1 AND c.name = 'event'"
}

const COUNT_PEOPLE: &str = "UPDATE counter SET last = $2 WHERE tenant = $1 AND name = 'person'";
const COUNT_EVENTS: &str = "UPDATE counter SET last = last + $2 WHERE tenant = $1 AND name = 'event'";

impl Rows {
    /// How much has happened.
    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    pub(super) fn has_new_people(&self) -> bool {
        self.people.len() > 0
    }

    /// Those whose membership ends.
    pub(super) fn leaving(&self) -> impl Iterator<Item = i64> {
        self.ended.person.iter().copied()
    }

    pub(super) fn append(&mut self, other: Self) {
        self.people.append(other.people);
        self.changed.append(other.changed);
        self.actors.append(other.actors);
        self.members.append(other.members);
        self.granted.append(other.granted);
        self.ended.append(other.ended);
        self.departments_removed.append(other.departments_removed);
        self.departments.append(other.departments);
        self.groups_removed.append(other.groups_removed);
        self.groups.append(other.groups);
        self.fields_removed.append(other.fields_removed);
        self.fields.append(other.fields);
        self.keys_removed.append(other.keys_removed);
        self.former_keys.append(other.former_keys);
        self.returned.append(other.returned);
        self.edges_removed.append(other.edges_removed);
        self.ends_removed.append(other.ends_removed);
        self.edges.append(other.edges);
        self.sessions_ended.append(other.sessions_ended);
        self.passwords.append(other.passwords);
        self.events.append(other.events);
        self.last_person = self.last_person.max(other.last_person);
    }

    /// Writes all of it and commits, without waiting in between. Nothing was done unless it says so.
    pub(super) async fn commit(&self, session: &Session, tenant: TenantId, begin: Begin) -> Result<()> {
        let tenant = key(tenant);
        let last_person = self.last_person.map(u64::cast_signed);
        let count = self.events.len() as i64;
        let mut statements: Vec<(&'static str, Vec<&(dyn ToSql + Sync)>)> = Vec::new();
        self.changes(&mut statements);
        if let Some(last) = &last_person {
            statements.push((COUNT_PEOPLE, vec![last]));
        }
        // Last, because whoever else writes in this tenant waits from here until it is committed.
        statements.push((COUNT_EVENTS, vec![&count]));
        statements.push((Events::SQL, self.events.columns()));

        let mut prepared = Vec::with_capacity(statements.len() + 2);
        if begin == Begin::Now {
            prepared.push((session.prepared("BEGIN").await?, Vec::new()));
        }
        for (sql, mut parameters) in statements {
            parameters.insert(0, &tenant);
            prepared.push((session.prepared(sql).await?, parameters));
        }
        prepared.push((session.prepared("COMMIT").await?, Vec::new()));
        let sent = prepared
            .iter()
            .map(|(statement, parameters)| session.client().execute(statement, parameters.as_slice()));
        let mut answers = in_order(sent).await;
        let committed = answers.pop();
        for answer in answers {
            // A transaction in which one of these failed is rolled back by the COMMIT behind it. Unless the server said
            // which one it was, the COMMIT may have got there while its answer did not come back.
            answer.map_err(Failure::of_commit)?;
        }
        match committed {
            Some(answer) => answer.map(|_| ()).map_err(Failure::of_commit),
            None => Ok(()),
        }
    }

    fn changes<'r>(&'r self, statements: &mut Vec<(&'static str, Vec<&'r (dyn ToSql + Sync)>)>) {
        fn push<'r, K: Kind>(kind: &'r K, statements: &mut Vec<(&'static str, Vec<&'r (dyn ToSql + Sync)>)>) {
            if kind.len() > 0 {
                statements.push((K::SQL, kind.columns()));
            }
        }
        push(&self.people, statements);
        push(&self.changed, statements);
        push(&self.actors, statements);
        push(&self.members, statements);
        push(&self.granted, statements);
        push(&self.ended, statements);
        push(&self.departments_removed, statements);
        push(&self.departments, statements);
        push(&self.groups_removed, statements);
        push(&self.groups, statements);
        push(&self.fields_removed, statements);
        push(&self.fields, statements);
        push(&self.keys_removed, statements);
        push(&self.former_keys, statements);
        push(&self.returned, statements);
        push(&self.edges_removed, statements);
        push(&self.ends_removed, statements);
        push(&self.edges, statements);
        push(&self.sessions_ended, statements);
        push(&self.passwords, statements);
    }
}

impl Rows {
    pub(super) fn insert_person(&mut self, person: &Person) -> Result<()> {
        self.people.push(PersonRow {
            number: person.number.get().cast_signed(),
            id: person.id.0,
            object_id: person.object_id.0.to_vec(),
            status: person.status.as_str(),
            primary_department: person.primary_department.map(|id| id.0),
            created_at: person.created_at,
            updated_at: person.updated_at,
            version: person.version.cast_signed(),
            document: JsonText(json(&Document::of(person))?),
        });
        Ok(())
    }

    pub(super) fn update_person(&mut self, person: &Person) -> Result<()> {
        self.changed.push(ChangedRow {
            number: person.number.get().cast_signed(),
            status: person.status.as_str(),
            primary_department: person.primary_department.map(|id| id.0),
            updated_at: person.updated_at,
            deleted_at: person.deleted_at,
            version: person.version.cast_signed(),
            document: JsonText(json(&Document::of(person))?),
        });
        Ok(())
    }

    pub(super) fn insert_membership(
        &mut self,
        person: i64,
        organization: OrganizationNumber,
        object_id: ObjectId,
        membership: &Membership,
    ) -> Result<()> {
        let grants = Grants::of(membership)?;
        self.members.push(MemberRow {
            person,
            organization,
            object_id: object_id.0.to_vec(),
            replay_role: membership.replay.role.as_str(),
            replay_access: membership.replay.access.as_str(),
            team: grants.team,
            kare_scope: membership.kare.scope.as_str(),
            kare_group: grants.kare_group,
            kare_read: grants.kare_read.map(JsonText),
            kare_manage: grants.kare_manage.map(JsonText),
            profession: grants.profession,
            laurel_roles: grants.laurel_roles.map(JsonText),
            super_delegate: grants.super_delegate.map(JsonText),
            created_at: membership.created_at,
            updated_at: membership.updated_at,
        });
        Ok(())
    }

    pub(super) fn update_membership(
        &mut self,
        person: i64,
        organization: OrganizationNumber,
        membership: &Membership,
    ) -> Result<()> {
        let grants = Grants::of(membership)?;
        self.granted.push(GrantedRow {
            person,
            organization,
            replay_role: membership.replay.role.as_str(),
            replay_access: membership.replay.access.as_str(),
            team: grants.team,
            kare_scope: membership.kare.scope.as_str(),
            kare_group: grants.kare_group,
            kare_read: grants.kare_read.map(JsonText),
            kare_manage: grants.kare_manage.map(JsonText),
            profession: grants.profession,
            laurel_roles: grants.laurel_roles.map(JsonText),
            super_delegate: grants.super_delegate.map(JsonText),
            updated_at: membership.updated_at,
        });
        Ok(())
    }

    /// Writes the additional departments and the groups, where they differ.
    pub(super) fn replace_entries(&mut self, person: i64, before: &Person, after: &Person) {
        if before.additional_departments != after.additional_departments {
            self.departments_removed.push(NoDepartments { person });
            for (position, entry) in (0..).zip(&after.additional_departments) {
                let (department, data_source) = (entry.id.0, entry.data_source.clone());
                self.departments.push(DepartmentRow { person, position, department, data_source });
            }
        }
        if before.groups != after.groups {
            self.groups_removed.push(NoGroups { person });
            for (position, entry) in (0..).zip(&after.groups) {
                let (group, data_source) = (entry.id.0, entry.data_source.clone());
                self.groups.push(GroupRow { person, position, group, data_source });
            }
        }
    }

    /// Writes what a living person is found by, where it differs; someone who is not there has empty fields.
    pub(super) fn replace_fields(&mut self, tenant: TenantId, person: i64, before: &Fields, after: &Fields) {
        for (field, (before, after)) in (0..).zip(before.iter().zip(after)) {
            if before == after {
                continue;
            }
            if after.is_empty() {
                self.fields_removed.push(NoField { person, field });
            } else {
                let tokens = tokens(tenant, after).join(" ");
                self.fields.push(FieldRow { person, field, text: after.clone(), tokens });
            }
        }
    }

    pub(super) fn remove_keys<'k>(&mut self, keys: impl Iterator<Item = &'k Key>) {
        for key in keys {
            self.keys_removed.push(NoKey { source: key.source.clone(), value: key.value.clone() });
        }
    }

    pub(super) fn event(
        &mut self,
        author: &Author,
        person: i64,
        action: Action,
        changes: &[AttributeChange],
    ) -> Result<()> {
        let Actor { via, credential, person: actor, forwarded, request, .. } = &author.actor;
        self.events.push(EventRow {
            person,
            at: author.at,
            action: action.as_str(),
            via: via.as_str(),
            organization: author.organization,
            credential: credential.map(|id| id.0),
            actor: actor.map(|id| id.0),
            forwarded: forwarded.as_ref().map(principal).transpose()?.map(JsonText),
            request: request.clone(),
            changes: JsonText(json(&Written(changes))?),
        });
        Ok(())
    }

    pub(super) fn edge(
        &mut self,
        organization: OrganizationNumber,
        (delegate, delegator): (i64, i64),
        permissions: Option<&[directory::organization::Permission]>,
    ) -> Result<()> {
        let permissions = claims(permissions)?.map(JsonText);
        self.edges.push(EdgeRow { organization, delegate, delegator, permissions });
        Ok(())
    }
}

/// What all events of one act have in common.
pub(super) struct Author {
    actor: Actor,
    organization: OrganizationNumber,
    at: Timestamp,
}

impl Author {
    pub(super) fn of(act: &Act, vocabulary: &Vocabulary) -> Result<Self> {
        let actor = Actor::from(&act.caller);
        let organization = vocabulary.organization(actor.organization);
        let gone = || Failure::Row("the caller's organization is gone".to_owned());
        Ok(Self { organization: organization.ok_or_else(gone)?, actor, at: act.now })
    }
}
