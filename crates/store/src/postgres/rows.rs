//! What a batch writes: an array for each column, and one statement for each kind of row, however many there are.

mod removal;

use directory::apply::Key;
use directory::event::{Action, Actor};
use directory::ids::TenantId;
use directory::membership::Membership;
use directory::store::AuditContext;
use directory::{Change, Person, Subject, change::AttributeChange, invitation};
use jiff::Timestamp;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::error::{Error, Result};
use super::load::OrganizationNumber;
use super::pool::{Session, in_order};
use super::reference_data::ReferenceData;
use super::row::{JsonText, key};
#[cfg(test)]
use super::sessions::{REVOKE_OF_MEMBER, REVOKE_OF_PERSON};
use crate::codec::changes::Written;
use crate::codec::document::Document;
use crate::codec::grants;
use crate::codec::listing;
use crate::codec::tokens::{Fields, tokens};
use crate::codec::{claims, json, principal};
use crate::event::SubjectEvent;
use crate::sql::Cell;

pub(super) use removal::Removal;

/// Everything that a job, or a whole batch, has to write.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) people: People,
    pub(super) actors: Actors,
    pub(super) members: Members,
    pub(super) listed: Listed,
    pub(super) entries: Entries,
    pub(super) entries_removed: EntriesRemoved,
    pub(super) entries_moved: EntriesMoved,
    pub(super) departments_removed: DepartmentsRemoved,
    pub(super) departments: Departments,
    pub(super) groups_removed: GroupsRemoved,
    pub(super) groups: Groups,
    pub(super) fields: SearchFields,
    pub(super) former_keys: FormerKeys,
    pub(super) edges: Edges,
    pub(super) passwords: Passwords,
    pub(super) invitations: Invitations,
    pub(super) events: Events,
    pub(super) removals: Vec<Removal>,
    /// Whether somebody may do other things than before: then nobody may take the same from those who act, meanwhile.
    pub(super) is_of_authority: bool,
    /// Whether people get into departments and groups, or whatever else entities are: then none of them may be deleted
    /// until this is committed.
    pub(super) is_of_entities: bool,
    /// How often the reference data had changed that it was decided by, where that has not been read just now.
    pub(super) reference_data: Option<i64>,
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
    ($($(#[$doc:meta])* $kind:ident of $row:ident { $($column:ident: $type:ty),+ $(,)? } $sql:literal)+) => {
    $(
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
    )+

        #[cfg(test)]
        pub(super) const STATEMENTS: &[&str] = &[
            HOLD_ACTORS,
            SAME_VOCABULARY,
            HOLD_VOCABULARY,
            removal::RELEASE_MANAGED,
            COUNT_PEOPLE,
            COUNT_EVENTS,
            removal::REMOVE_KEY,
            removal::REMOVE_FORMER_KEYS,
            removal::REMOVE_LISTED,
            removal::REMOVE_FIELD,
            removal::REMOVE_DELEGATORS,
            removal::REMOVE_DELEGATES,
            removal::REMOVE_PASSWORD,
            REVOKE_OF_PERSON,
            REVOKE_OF_MEMBER,
            $($sql),+
        ];
    };
}

kinds! {
    /// People as they become. Where one of them is not as it was when it was read, all of it fails: by a division by
    /// zero, which is how a statement says no. Written as an insertion also where they are there already, because that
    /// always goes by the key, whatever the planner thinks of the table.
    People of PersonRow {
        number: i64, id: Uuid, object_id: Vec<u8>, status: &'static str, primary_department: Option<Uuid>,
        created_at: Timestamp, updated_at: Timestamp, deleted_at: Option<Timestamp>, version: i64,
        document: JsonText,
    }
    "WITH written AS (
        INSERT INTO person AS p (tenant, number, id, object_id, status, primary_department, created_at, updated_at,
            deleted_at, version, document)
        SELECT $1, n.* FROM unnest($2::bigint[], $3::uuid[], $4::bytea[], $5::text[], $6::uuid[],
            $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::bigint[], $11::json[]) AS n
        ON CONFLICT (tenant, number) DO UPDATE SET status = EXCLUDED.status,
            primary_department = EXCLUDED.primary_department, updated_at = EXCLUDED.updated_at,
            deleted_at = EXCLUDED.deleted_at, version = EXCLUDED.version, document = EXCLUDED.document
        WHERE p.version = EXCLUDED.version - 1
        RETURNING p.number
     )
     SELECT 1 / (count(*) = cardinality($2::bigint[]))::integer FROM written"

    /// Those on whose behalf others are changed, with the rights by which it was decided that they may. Where one of them
    /// has others now, all of it fails. What else becomes different about them does not matter.
    Actors of ActorRow {
        number: i64, organization: i64, status: &'static str, kare_scope: &'static str, updated_at: Timestamp,
    }
    "SELECT 1 / (count(*) = cardinality($2::bigint[]))::integer
     FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[])
        AS c (number, organization, status, kare_scope, updated_at)
     CROSS JOIN LATERAL (
        SELECT FROM person AS p
        WHERE p.tenant = $1 AND p.number = c.number AND p.status = c.status AND p.deleted_at IS NULL OFFSET 0
     ) AS p
     CROSS JOIN LATERAL (
        SELECT * FROM membership AS m
        WHERE m.tenant = $1 AND m.person = c.number AND m.organization = c.organization OFFSET 0
     ) AS m
     WHERE m.deleted_at IS NULL AND m.kare_scope = c.kare_scope AND m.updated_at = c.updated_at"

    /// Memberships as they become: they begin, also where an earlier one ended, they change, they end.
    Members of MemberRow {
        person: i64, organization: i64, object_id: Vec<u8>, team: Option<Uuid>, kare_scope: &'static str,
        profession: Option<i64>, laurel_roles: Option<JsonText>, grants: Option<JsonText>, created_at: Timestamp,
        updated_at: Timestamp, deleted_at: Option<Timestamp>,
    }
    "INSERT INTO membership (tenant, person, organization, object_id, team, kare_scope, profession, laurel_roles, grants,
        created_at, updated_at, deleted_at)
     SELECT $1, n.* FROM unnest($2::bigint[], $3::bigint[], $4::bytea[], $5::uuid[], $6::text[], $7::bigint[],
        $8::json[], $9::json[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[]) AS n
     ON CONFLICT (tenant, person, organization) DO UPDATE SET team = EXCLUDED.team,
        kare_scope = EXCLUDED.kare_scope, profession = EXCLUDED.profession, laurel_roles = EXCLUDED.laurel_roles,
        grants = EXCLUDED.grants, created_at = EXCLUDED.created_at, updated_at = EXCLUDED.updated_at,
        deleted_at = EXCLUDED.deleted_at"

    /// The values that lists compare, of people in whom they are different.
    Listed of ListedRow {
        person: i64, full_name: Cell<'static>, user_name: Cell<'static>, email_address: Cell<'static>,
        second_email: Cell<'static>, title: Cell<'static>, external_id: Cell<'static>, data_source: Cell<'static>,
        birth_date: Cell<'static>, employment_start: Cell<'static>, employment_end: Cell<'static>,
        invitation_expires_at: Cell<'static>, invited_or_created_at: Cell<'static>,
    }
    "INSERT INTO person_listed (tenant, person, full_name, user_name, email_address, second_email, title, external_id,
        data_source, birth_date, employment_start, employment_end, invitation_expires_at, invited_or_created_at)
     SELECT $1, n.* FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::text[], $10::bigint[], $11::bigint[], $12::bigint[], $13::timestamptz[], $14::timestamptz[]) AS n
     ON CONFLICT (tenant, person) DO UPDATE SET full_name = EXCLUDED.full_name, user_name = EXCLUDED.user_name,
        email_address = EXCLUDED.email_address, second_email = EXCLUDED.second_email, title = EXCLUDED.title,
        external_id = EXCLUDED.external_id, data_source = EXCLUDED.data_source, birth_date = EXCLUDED.birth_date,
        employment_start = EXCLUDED.employment_start, employment_end = EXCLUDED.employment_end,
        invitation_expires_at = EXCLUDED.invitation_expires_at,
        invited_or_created_at = EXCLUDED.invited_or_created_at"

    /// What somebody who begins to live here is listed by.
    Entries of EntryRow { field: i16, value: Vec<u8>, id: Uuid, person: i64 }
    "INSERT INTO person_order (tenant, field, value, id, person)
     SELECT $1, n.* FROM unnest($2::smallint[], $3::bytea[], $4::uuid[], $5::bigint[]) AS n
     ON CONFLICT (tenant, field, value, id) DO NOTHING"

    /// What somebody who lives here no more was listed by. The entries are found by their whole key before they are touched:
    /// then there is but one way to them, whatever the planner thinks of the table. They are the person's, who is locked by
    /// now.
    EntriesRemoved of NoEntry { field: i16, value: Vec<u8>, id: Uuid }
    "DELETE FROM person_order AS o
     USING (
        SELECT e.tenant, e.ctid
        FROM unnest($2::smallint[], $3::bytea[], $4::uuid[]) AS n (field, value, id)
        CROSS JOIN LATERAL (
            SELECT e.tenant, e.ctid FROM person_order AS e
            WHERE e.tenant = $1 AND e.field = n.field AND e.value = n.value AND e.id = n.id OFFSET 0
        ) AS e
     ) AS found
     WHERE o.tenant = found.tenant AND o.ctid = found.ctid"

    /// Where people are listed from now on.
    EntriesMoved of MovedEntry { field: i16, before: Vec<u8>, after: Vec<u8>, id: Uuid }
    "UPDATE person_order AS o SET value = found.after
     FROM (
        SELECT e.tenant, e.ctid, n.after
        FROM unnest($2::smallint[], $3::bytea[], $4::bytea[], $5::uuid[]) AS n (field, before, after, id)
        CROSS JOIN LATERAL (
            SELECT e.tenant, e.ctid FROM person_order AS e
            WHERE e.tenant = $1 AND e.field = n.field AND e.value = n.before AND e.id = n.id OFFSET 0
        ) AS e
     ) AS found
     WHERE o.tenant = found.tenant AND o.ctid = found.ctid"

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

    /// Fields by which people are found. The tokens hold no blank.
    SearchFields of FieldRow { person: i64, field: i16, text: String, tokens: String }
    "INSERT INTO person_search (tenant, person, field, text, tokens)
     SELECT $1, n.person, n.field, n.text, array_to_tsvector(string_to_array(n.tokens, ' '))
     FROM unnest($2::bigint[], $3::smallint[], $4::text[], $5::text[]) AS n (person, field, text, tokens)
     ON CONFLICT (tenant, person, field) DO UPDATE SET text = EXCLUDED.text, tokens = EXCLUDED.tokens"

    /// Identities of those who leave. Of two who left with the same, the later one is cached.
    FormerKeys of FormerKey { source: String, value: String, person: i64 }
    "INSERT INTO former_key (tenant, source, value, person)
     SELECT $1, n.* FROM unnest($2::text[], $3::text[], $4::bigint[]) AS n
     ON CONFLICT (tenant, source, value) DO UPDATE SET person = EXCLUDED.person"

    Edges of EdgeRow { organization: i64, delegate: i64, delegator: i64, permissions: Option<JsonText> }
    "INSERT INTO delegation (tenant, organization, delegate, delegator, permissions)
     SELECT $1, n.* FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::json[]) AS n"

    Passwords of PasswordRow { person: i64, hash: String }
    "INSERT INTO password (tenant, person, hash)
     SELECT $1, n.* FROM unnest($2::bigint[], $3::text[]) AS n
     ON CONFLICT (tenant, person) DO UPDATE SET hash = EXCLUDED.hash"

    /// What has become of invitations.
    Invitations of InvitationRow {
        id: Uuid, dialect: &'static str, organization: Uuid, person: Uuid, email: Option<String>,
        state: &'static str, created_at: Timestamp, expires_at: Timestamp, ended_at: Option<Timestamp>,
    }
    "INSERT INTO invitation (tenant, id, dialect, organization, person, email, state, created_at, expires_at, ended_at)
     SELECT $1, n.* FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::text[], $7::text[],
        $8::timestamptz[], $9::timestamptz[], $10::timestamptz[]) AS n
     ON CONFLICT (tenant, id) DO UPDATE SET email = EXCLUDED.email, state = EXCLUDED.state,
        expires_at = EXCLUDED.expires_at, ended_at = EXCLUDED.ended_at"

    /// Events, in their order. The counter has counted them already.
    Events of EventRow {
        person: i64, at: Timestamp, action: &'static str, via: &'static str, organization: i64,
        credential: Option<Uuid>, actor: Option<Uuid>, forwarded: Option<JsonText>, request: String,
        changes: JsonText, subject_kind: Option<&'static str>, subject_id: Option<String>,
    }
    "INSERT INTO event (tenant, sequence, person, at, action, via, organization, credential, actor, forwarded,
        request, changes, subject_kind, subject_id)
     SELECT $1, c.last - cardinality($2::bigint[]) + n.place, n.person, n.at, n.action, n.via, n.organization,
        n.credential, n.actor, n.forwarded, n.request, n.changes, n.subject_kind, n.subject_id
     FROM unnest($2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::bigint[], $7::uuid[], $8::uuid[],
        $9::json[], $10::text[], $11::json[], $12::text[], $13::text[]) WITH ORDINALITY
        AS n (person, at, action, via, organization, credential, actor, forwarded, request, changes, subject_kind,
            subject_id, place)
     JOIN counter AS c ON c.tenant = $1 AND c.name = 'event'"
}

/// Of two administrators who take each other's rights at once, one comes too late. Nobody waits here, where the other may
/// be waiting too.
const HOLD_ACTORS: &str = "
    SELECT FROM person AS p
    WHERE p.tenant = $1 AND p.number = ANY ($2)
    FOR SHARE NOWAIT";

/// Fails, as [`People`] does, when the reference data is not what it was.
const SAME_VOCABULARY: &str =
    "SELECT 1 / (last = $2)::integer FROM counter WHERE tenant = $1 AND name = 'vocabulary'";

/// The same, and it stays so until the transaction ends.
const HOLD_VOCABULARY: &str =
    "SELECT 1 / (last = $2)::integer FROM counter WHERE tenant = $1 AND name = 'vocabulary' FOR SHARE";

const COUNT_PEOPLE: &str = "UPDATE counter SET last = $2 WHERE tenant = $1 AND name = 'person'";
const COUNT_EVENTS: &str = "UPDATE counter SET last = last + $2 WHERE tenant = $1 AND name = 'event'";

impl Rows {
    /// How much has happened.
    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    /// Those who leave an organization.
    pub(super) fn leaving(&self) -> impl Iterator<Item = i64> {
        self.removals.iter().filter_map(|removal| match removal {
            Removal::SessionsOfMember { person, .. } => Some(*person),
            _ => None,
        })
    }

    pub(super) fn append(&mut self, other: Self) {
        self.people.append(other.people);
        self.actors.append(other.actors);
        self.members.append(other.members);
        self.listed.append(other.listed);
        self.entries.append(other.entries);
        self.entries_removed.append(other.entries_removed);
        self.entries_moved.append(other.entries_moved);
        self.departments_removed.append(other.departments_removed);
        self.departments.append(other.departments);
        self.groups_removed.append(other.groups_removed);
        self.groups.append(other.groups);
        self.fields.append(other.fields);
        self.former_keys.append(other.former_keys);
        self.edges.append(other.edges);
        self.passwords.append(other.passwords);
        self.invitations.append(other.invitations);
        self.events.append(other.events);
        self.removals.extend(other.removals);
        self.is_of_authority |= other.is_of_authority;
        self.is_of_entities |= other.is_of_entities;
        self.last_person = self.last_person.max(other.last_person);
    }

    /// Writes all of it and commits, without waiting in between. Nothing was done unless it says so.
    pub(super) async fn commit(&self, session: &Session, tenant: TenantId, begin: Begin) -> Result<()> {
        let tenant = key(tenant);
        let last_person = self.last_person.map(u64::cast_signed);
        let count = self.events.len() as i64;
        let mut statements: Vec<(&'static str, Vec<&(dyn ToSql + Sync)>)> = Vec::new();
        // Before the first row of a department or a group, which whoever deletes it waits for with the counter locked.
        if let Some(version) = &self.reference_data {
            let is_held = self.is_of_entities;
            statements.push((if is_held { HOLD_VOCABULARY } else { SAME_VOCABULARY }, vec![version]));
        }
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
            answer.map_err(Error::of_commit)?;
        }
        match committed {
            Some(answer) => answer.map(|_| ()).map_err(Error::of_commit),
            None => Ok(()),
        }
    }

    /// Writes all of it in a transaction that goes on, with the people locked and the reference data held.
    pub(super) async fn write(&self, session: &Session, tenant: TenantId) -> Result<()> {
        let (tenant, count) = (key(tenant), self.events.len() as i64);
        let mut statements = Vec::new();
        self.changes(&mut statements);
        statements.push((COUNT_EVENTS, vec![&count]));
        statements.push((Events::SQL, self.events.columns()));
        for (sql, mut parameters) in statements {
            parameters.insert(0, &tenant);
            session.execute(sql, &parameters).await?;
        }
        Ok(())
    }

    fn changes<'r>(&'r self, statements: &mut Vec<(&'static str, Vec<&'r (dyn ToSql + Sync)>)>) {
        fn push<'r, K: Kind>(kind: &'r K, statements: &mut Vec<(&'static str, Vec<&'r (dyn ToSql + Sync)>)>) {
            if kind.len() > 0 {
                statements.push((K::SQL, kind.columns()));
            }
        }
        // First the people, because whoever writes to one of them has the rest of what is theirs to themselves.
        push(&self.people, statements);
        if self.is_of_authority {
            statements.push((HOLD_ACTORS, vec![&self.actors.number]));
        }
        push(&self.actors, statements);
        statements.extend(self.removals.iter().map(Removal::statement));
        push(&self.members, statements);
        push(&self.listed, statements);
        push(&self.entries, statements);
        push(&self.entries_removed, statements);
        push(&self.entries_moved, statements);
        push(&self.departments_removed, statements);
        push(&self.departments, statements);
        push(&self.groups_removed, statements);
        push(&self.groups, statements);
        push(&self.fields, statements);
        push(&self.former_keys, statements);
        push(&self.edges, statements);
        push(&self.passwords, statements);
        push(&self.invitations, statements);
    }
}

impl Rows {
    pub(super) fn person(&mut self, person: &Person) -> Result<()> {
        self.people.push(PersonRow {
            number: person.number.get().cast_signed(),
            id: person.id.0,
            object_id: person.object_id.0.to_vec(),
            status: person.status.as_str(),
            primary_department: person.primary_department.map(|id| id.0),
            created_at: person.created_at,
            updated_at: person.updated_at,
            deleted_at: person.deleted_at,
            version: person.version.cast_signed(),
            document: JsonText(json(&Document::of(person))?),
        });
        Ok(())
    }

    fn listed(&mut self, person: &Person) {
        let [
            full_name,
            user_name,
            email_address,
            second_email,
            title,
            external_id,
            data_source,
            birth_date,
            employment_start,
            employment_end,
            invitation_expires_at,
            invited_or_created_at,
        ] = listing::columns(person);
        self.listed.push(ListedRow {
            person: person.number.get().cast_signed(),
            full_name,
            user_name,
            email_address,
            second_email,
            title,
            external_id,
            data_source,
            birth_date,
            employment_start,
            employment_end,
            invitation_expires_at,
            invited_or_created_at,
        });
    }

    /// Lists somebody who begins to live here.
    pub(super) fn list(&mut self, person: &Person) {
        self.listed(person);
        for (field, value) in listing::entries(person) {
            let (id, person) = (person.id.0, person.number.get().cast_signed());
            self.entries.push(EntryRow { field, value, id, person });
        }
    }

    /// Lists somebody no more.
    pub(super) fn unlist(&mut self, person: &Person) {
        self.removals.push(Removal::Listed { person: person.number.get().cast_signed() });
        for (field, value) in listing::entries(person) {
            self.entries_removed.push(NoEntry { field, value, id: person.id.0 });
        }
    }

    /// Lists the person by the new values.
    pub(super) fn relist(&mut self, before: &Person, after: &Person) {
        if listing::have_columns_changed(before, after) {
            self.listed(after);
        }
        for (field, before, value) in listing::moves(before, after) {
            self.entries_moved.push(MovedEntry { field, before, after: value, id: after.id.0 });
        }
    }

    pub(super) fn membership(
        &mut self,
        person: &Person,
        organization: OrganizationNumber,
        membership: &Membership,
    ) -> Result<()> {
        let written = grants::Written::of(membership)?;
        self.members.push(MemberRow {
            person: person.number.get().cast_signed(),
            organization,
            object_id: person.object_id.0.to_vec(),
            team: written.team,
            kare_scope: written.kare_scope,
            profession: written.profession,
            laurel_roles: written.laurel_roles.map(JsonText),
            grants: written.grants.map(JsonText),
            created_at: membership.created_at,
            updated_at: membership.updated_at,
            deleted_at: membership.deleted_at,
        });
        Ok(())
    }

    /// Writes the additional departments and the groups, where they differ.
    pub(super) fn replace_entries(&mut self, person: i64, before: &Person, after: &Person) {
        self.is_of_entities |=
            before.additional_departments != after.additional_departments || before.groups != after.groups;
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
                self.removals.push(Removal::Field { person, field });
            } else {
                let tokens = tokens(tenant, after).join(" ");
                self.fields.push(FieldRow { person, field, text: after.clone(), tokens });
            }
        }
    }

    /// Makes of the password what the change says.
    pub(super) fn change_password(&mut self, person: i64, hash: Change<String>) {
        match hash {
            Change::Keep => {}
            Change::Clear => self.removals.push(Removal::Password { person }),
            Change::Set(hash) => self.passwords.push(PasswordRow { person, hash }),
        }
    }

    /// Writes what has become of invitations by a person's becoming another.
    pub(super) fn invitations(&mut self, before: Option<&Person>, after: &Person, now: Timestamp) {
        for entry in invitation::entries(before, after, now) {
            self.invitations.push(InvitationRow {
                id: entry.id.0,
                dialect: entry.dialect.as_str(),
                organization: entry.organization.0,
                person: entry.person.0,
                email: entry.email,
                state: entry.state.as_str(),
                created_at: entry.created_at,
                expires_at: entry.expires_at,
                ended_at: entry.ended_at,
            });
        }
    }

    pub(super) fn remove_keys<'k>(&mut self, keys: impl Iterator<Item = &'k Key>) {
        for key in keys {
            self.removals.push(Removal::Key { source: key.source.clone(), value: key.value.clone() });
        }
    }

    pub(super) fn event(
        &mut self,
        author: &Author,
        person: i64,
        action: Action,
        changes: &[AttributeChange],
    ) -> Result<()> {
        self.push_event(author, person, action, changes, None)
    }

    pub(super) fn event_of_subject(&mut self, author: &Author, event: &SubjectEvent) -> Result<()> {
        const NOBODY: i64 = 0;
        self.push_event(author, NOBODY, event.action, &event.changes, Some(event.subject))
    }

    fn push_event(
        &mut self,
        author: &Author,
        person: i64,
        action: Action,
        changes: &[AttributeChange],
        subject: Option<Subject>,
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
            subject_kind: subject.map(|subject| subject.kind().as_str()),
            subject_id: subject.map(|subject| subject.to_string()),
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

/// What all events of one command have in common.
pub(super) struct Author {
    actor: Actor,
    organization: OrganizationNumber,
    at: Timestamp,
}

impl Author {
    pub(super) fn of(audit: &AuditContext, reference_data: &ReferenceData) -> Result<Self> {
        let actor = Actor::from(&audit.caller);
        let organization = reference_data.organization(actor.organization);
        let gone = || Error::Row("the caller's organization is gone".to_owned());
        Ok(Self { organization: organization.ok_or_else(gone)?, actor, at: audit.now })
    }
}
