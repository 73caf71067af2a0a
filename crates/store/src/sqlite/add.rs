//! Adding people, one or thousands at once, and taking back who left.

use std::collections::BTreeSet;
use std::sync::Arc;

use directory::apply::{self, Applied, Key, keys, search_fields};
use directory::event::Action;
use directory::ids::{Number, OrganizationId, TenantId};
use directory::invitation;
use directory::membership::Membership;
use directory::store::{AuditContext, NewPerson};
use directory::{Attribute, Include, Person, PersonChange, Property, Record, Refusal, Related};
use rusqlite::{Connection, params};

use super::cache::Edit;
use super::error::{Error, Result, WriteError};
use super::events::Author;
use super::load::{self, OrganizationNumber};
use super::references::References;
use super::relations;
use super::row::pk;
use super::writer::Work;
use super::{keys as key_table, passwords};
use super::{save, sql};
use crate::codec::tokens::Fields;
use crate::invitations;

/// All of them or none; the index is that of the first refused.
pub(super) fn add_people(
    work: &mut Work<'_>,
    tenant: TenantId,
    organization: OrganizationId,
    people: Vec<NewPerson>,
    audit: &AuditContext,
) -> Result<Vec<Record>, WriteError<(usize, Refusal)>> {
    let connection = work.connection();
    let number = load::organization_number(connection, tenant, organization)?;
    let nowhere = || Refusal::Unknown {
        attribute: Attribute::Of(Property::Organization),
        value: organization.to_string(),
    };
    let number = number.ok_or_else(|| WriteError::Refused((0, nowhere())))?;
    work.begin()?;
    let mut adding = Adding {
        connection,
        tenant,
        organization: number,
        last_person: last_person(connection, tenant)?,
        author: Author::of(work, tenant, audit)?,
        references: References::new(connection, tenant, number),
        related: related(connection, tenant, &people)?.into(),
    };
    let mut records = Vec::with_capacity(people.len());
    for (index, new) in people.into_iter().enumerate() {
        let membership = Membership::new(organization, new.created_at);
        let sequence = work.next_sequence(tenant).map_err(WriteError::from)?;
        let (pk, fields, record) = adding
            .add(new, membership, sequence)
            .map_err(|stopped| stopped.map(|refusal| (index, refusal)))?;
        work.edits().push(pk, &Fields::default(), &fields);
        work.lists().add(pk, &record.person);
        // Somebody who is back may have been known before.
        work.done(Edit::Forgotten(pk));
        records.push(record);
    }
    connection
        .prepare_cached("UPDATE tenant SET last_person = ?2 WHERE tenant = ?1")?
        .execute(params![tenant.0, adding.last_person.cast_signed()])?;
    Ok(records)
}

/// What the rules want to see: the definitions, once for all of them.
fn related(connection: &Connection, tenant: TenantId, people: &[NewPerson]) -> Result<Related> {
    let include =
        people.iter().fold(Include::default(), |include, new| apply::include_of(&new.change, include));
    let mut related = Related::default();
    if include.custom_fields {
        related.custom_fields = relations::custom_fields(connection, tenant)?;
    }
    if include.roles {
        related.roles = relations::roles(connection, tenant)?;
    }
    Ok(related)
}

struct Adding<'c> {
    connection: &'c Connection,
    tenant: TenantId,
    organization: OrganizationNumber,
    last_person: u64,
    author: Author,
    references: References<'c>,
    related: Arc<Related>,
}

impl Adding<'_> {
    /// Answers with the record as it became and with what there is to search for, of which nothing is in the index yet.
    fn add(
        &mut self,
        new: NewPerson,
        membership: Membership,
        sequence: u64,
    ) -> Result<(i64, Fields, Record), WriteError> {
        let leaver = self.leaver(&new.change)?;
        let (person, change, action) = match leaver {
            Some(person) => (person, apply::returning(new.change), Action::Restored),
            None => {
                self.last_person += 1;
                let number = Number::new(self.last_person)
                    .ok_or_else(|| Error::Row("the numbers of people are used up".to_owned()))?;
                let person = Person::new(new.id, number, new.object_id, new.created_at);
                (person, new.change, Action::Created)
            }
        };
        let pk = pk(self.tenant, person.number.get());
        let record = Record {
            person: person.into(),
            membership: membership.into(),
            related: self.related.clone(),
            actor: None,
        };
        let applied = apply::admit(&record, &change, new.created_at)?;
        self.references.check(&applied.references)?;
        let fields = search_fields(&applied.person);
        let event = self.author.record(self.connection, sequence, pk, action, &applied.changes)?;
        match action {
            Action::Restored => {
                save::update_person(self.connection, pk, &applied.person, event)?;
                save::update_primary_department(self.connection, pk, &applied.person)?;
                save::update_search_fields(self.connection, pk, &fields)?;
                key_table::forget_leaving(self.connection, self.tenant, pk)?;
            }
            _ => save::insert_person(self.connection, self.tenant, pk, &applied.person, &fields, event)?,
        }
        self.save(pk, &record.person, &applied)?;
        sql::run(invitations::write(
            self.connection,
            self.tenant,
            &invitation::entries(None, &applied.person, new.created_at),
        ))?;
        passwords::change(self.connection, self.tenant, pk, &applied.password_hash)?;
        let Applied { person, membership, .. } = applied;
        let related = Arc::default();
        Ok((
            pk,
            fields,
            Record { person: person.into(), membership: membership.into(), related, actor: None },
        ))
    }

    fn save(&self, pk: i64, before: &Person, applied: &Applied) -> Result<(), WriteError> {
        let (connection, tenant, organization) = (self.connection, self.tenant, self.organization);
        let person = &applied.person;
        claim(connection, tenant, pk, &keys(person))?;
        save::replace_entries(connection, tenant, pk, before, person)?;
        save::insert_membership(connection, tenant, pk, organization, person.object_id, &applied.membership)?;
        if let Some(named) = &applied.delegators {
            let named = self.references.delegators(named)?;
            save::replace_edges(connection, tenant, organization, (pk, person.id), &named)?;
        }
        Ok(())
    }

    /// Who left with one of the identities named, and has not come back.
    fn leaver(&self, change: &PersonChange) -> Result<Option<Person>> {
        for identity in change.identities.values().flatten() {
            let key = Key { source: identity.source.to_string(), value: identity.folded() };
            let Some(pk) = key_table::former_holder(self.connection, self.tenant, &key)? else { continue };
            // Whoever lives with it now comes first; that it is taken is found out when it is claimed.
            if key_table::holder(self.connection, self.tenant, &key.source, &key.value)?.is_some() {
                continue;
            }
            if let Some(mut person) = load::anyone(self.connection, self.tenant, pk)? {
                person.deleted_at = None;
                self.forget_deleted(&mut person)?;
                return Ok(Some(person));
            }
        }
        Ok(None)
    }

    /// Takes from a leaver what was deleted meanwhile.
    fn forget_deleted(&self, person: &mut Person) -> Result<()> {
        let has_department = match person.primary_department {
            Some(id) => self.references.has_department(id)?,
            None => true,
        };
        let fields = match person.custom_fields.is_empty() {
            true => Vec::new(),
            false => relations::custom_fields(self.connection, self.tenant)?,
        };
        let has_field = |key: &str| fields.iter().any(|field| field.key == key);
        apply::forget_deleted(person, |_| has_department, has_field);
        Ok(())
    }
}

/// Writes the keys of someone who has none, or says which is another's.
fn claim(connection: &Connection, tenant: TenantId, pk: i64, keys: &BTreeSet<Key>) -> Result<(), WriteError> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO person_key (tenant, source, value, person) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    )?;
    for key in keys {
        if insert.execute(params![tenant.0, key.source, key.value, pk])? == 0 {
            return Err(Refusal::Taken { attribute: key.attribute() }.into());
        }
    }
    Ok(())
}

/// The number given out last.
fn last_person(connection: &Connection, tenant: TenantId) -> Result<u64> {
    let mut statement = connection.prepare_cached("SELECT last_person FROM tenant WHERE tenant = ?1")?;
    let last: i64 = statement.query_row(params![tenant.0], |row| row.get(0))?;
    Ok(last.cast_unsigned())
}
