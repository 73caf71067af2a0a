//! What a job comes to: from the people as they are to the rows to be written, or to a refusal. Nothing here asks the
//! database, so that it costs the others of a batch nothing.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use directory::apply::{self, Applied, Extent, Key, Left, keys, search_fields};
use directory::delegation::{DelegateSummary, Delegation, Delegator, Edge};
use directory::event::Action;
use directory::ids::{Number, ObjectId, OrganizationId, PersonId, TenantId};
use directory::membership::Membership;
use directory::store::{AuditContext, ChangeError, ChangePerson, NewPerson};
use directory::{Attribute, Change, Include, Person, Record, Refusal, Related, authority};
use tracing::error;

use super::error::{Error, Result, WriteError};
use super::load::OrganizationNumber;
use super::reference_data::ReferenceData;
use super::rows::{Author, FormerKey, Removal, Rows};
use crate::codec::tokens::Fields;
use crate::event::SubjectEvent;

/// What somebody who asked hears.
pub(super) enum Reply {
    Changed(Result<Record, ChangeError>),
    Added(Result<Vec<Record>, (usize, Refusal)>),
    Removed(Result<Record, Refusal>),
}

pub(super) enum Plan {
    /// To be asked again with everything it touches locked and loaded.
    Locked,
    /// To be asked again: what was kept of the person may not be true any more.
    Unsure,
    /// To be asked again: somebody else of the batch is in the way.
    Again,
    /// Not asked yet: the batch had taken long enough before it.
    Cut,
    /// Decided. What it writes, if anything, is among the rows of the batch.
    Applied(Reply),
    /// Decided, unless one of the keys that it claims or of the people that it names is not to be had.
    Write(Box<Write>),
}

pub(super) struct Write {
    pub(super) rows: Rows,
    /// Keys that must be free, each with who wants it; of several people in the order in which they are refused.
    pub(super) claims: Vec<Claim>,
    /// Who is to delegate to whom, still to be found.
    pub(super) delegators: Vec<Named>,
    /// Where another Kare administrator is needed, who is still to be found.
    pub(super) admins: Option<AdminsNeeded>,
    /// What it is refused with after all, once it is known that nobody before that one is refused.
    pub(super) refused: Option<(usize, Refusal)>,
    pub(super) reply: Reply,
}

pub(super) struct Claim {
    pub(super) key: Key,
    pub(super) person: i64,
    /// Which of the people of the job it is.
    pub(super) index: usize,
}

/// Where another Kare administrator than this person is needed: in one organization, or in each of the person's.
#[derive(Debug, Clone, Copy)]
pub(super) struct AdminsNeeded {
    pub(super) person: i64,
    pub(super) organization: Option<OrganizationNumber>,
}

/// Members named as delegators.
pub(super) struct Named {
    pub(super) organization: OrganizationNumber,
    addressed: (i64, PersonId),
    pub(super) delegators: Vec<Delegator>,
    is_shown: bool,
    /// Which of the people of the job it is.
    index: usize,
}

/// A member found by object id.
pub(super) struct Found {
    pub(super) number: i64,
    pub(super) counterpart: DelegateSummary,
}

/// How much was seen of whom a job is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReadMode {
    /// Nobody else can change them until this is committed.
    pub(super) is_locked: bool,
    /// Their delegations were loaded, asked for or not.
    pub(super) delegations: bool,
}

/// What is known of a person who leaves an organization.
#[derive(Default)]
pub(super) struct Leaving {
    pub(super) is_member_elsewhere: bool,
    /// The events of the departments that the person manages.
    pub(super) released: Vec<SubjectEvent>,
}

/// Where a batch plays.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    pub(super) tenant: TenantId,
    pub(super) reference_data: &'p ReferenceData,
}

impl Place<'_> {
    /// `read_mode` says how much was loaded and locked. What is certain to be written goes into `rows`.
    pub(super) fn change(
        self,
        change: &mut ChangePerson,
        mut record: Record,
        read_mode: ReadMode,
        rows: &mut Rows,
    ) -> Result<Plan> {
        let ChangePerson { organization, include, audit, decide, .. } = change;
        let refused = |stop: ChangeError| Ok(Plan::Applied(Reply::Changed(Err(stop))));
        let (delegators, delegates) = if read_mode.delegations && !include.delegations {
            let related = record.related_mut();
            (std::mem::take(&mut related.delegators), std::mem::take(&mut related.delegates))
        } else {
            Default::default()
        };
        let query = match catch_unwind(AssertUnwindSafe(|| decide(&record))) {
            Ok(Ok(query)) => query,
            Ok(Err(stop)) => return refused(stop),
            // A decision that panics has said nothing, so its caller hears that the store is unavailable.
            Err(_) => {
                error!("a decision panicked");
                return refused(Refusal::Unavailable.into());
            }
        };
        let shown = apply::include_of(&query, *include);
        if shown.delegations && !read_mode.delegations {
            return Ok(Plan::Locked);
        }
        if shown != *include {
            let mut related = self.related(shown, *organization, &record);
            let had = record.related_mut();
            (related.delegators, related.delegates) = match include.delegations {
                true => (std::mem::take(&mut had.delegators), std::mem::take(&mut had.delegates)),
                false => (delegators, delegates),
            };
            record.related = related.into();
        }
        let applied = match apply::apply_change(&audit.caller, &record, &query, audit.now) {
            Ok(applied) => applied,
            Err(refusal) => return refused(refusal.into()),
        };
        if let Err(refusal) = self.reference_data.check(*organization, &applied.references) {
            return refused(refusal.into());
        }
        if applied.changes.is_empty() {
            let record = self.shown(record, *organization, *include);
            return Ok(Plan::Applied(Reply::Changed(Ok(record))));
        }
        self.changed(change, record, applied, read_mode, rows)
    }

    /// Puts what a change has come to into rows.
    fn changed(
        self,
        change: &ChangePerson,
        record: Record,
        applied: Applied,
        read_mode: ReadMode,
        rows: &mut Rows,
    ) -> Result<Plan> {
        let ChangePerson { organization, include, audit, .. } = change;
        let number = record.person.number.get().cast_signed();
        let place = self.number_of(*organization)?;
        let (mut claims, mut freed) = (Vec::new(), Vec::new());
        if apply::have_keys_changed(&record.person, &applied.person) {
            let (before, after) = (keys(&record.person), keys(&applied.person));
            let claim = |key: &Key| Claim { key: key.clone(), person: number, index: 0 };
            claims.extend(after.difference(&before).map(claim));
            freed.extend(before.difference(&after).cloned());
        }
        let admins = applied.needs_other_admin.map(|extent| match extent {
            Extent::Organization => AdminsNeeded { person: number, organization: Some(place) },
            Extent::Tenant => AdminsNeeded { person: number, organization: None },
        });
        let is_certain = claims.is_empty() && applied.delegators.is_none() && admins.is_none();
        if !is_certain && !read_mode.is_locked {
            return Ok(Plan::Locked);
        }
        let mut own = Rows::default();
        let rows = if is_certain { rows } else { &mut own };
        rows.is_of_entities |= !applied.references.is_empty();
        rows.remove_keys(freed.iter());
        rows.person(&applied.person)?;
        rows.relist(&record.person, &applied.person);
        if apply::is_found_otherwise(&record.person, &applied.person) {
            let (before, after) = (search_fields(&record.person), search_fields(&applied.person));
            rows.replace_fields(self.tenant, number, &before, &after);
        }
        rows.replace_entries(number, &record.person, &applied.person);
        rows.is_of_authority |= applied.membership_changed || record.person.status != applied.person.status;
        if applied.membership_changed {
            rows.membership(&applied.person, place, &applied.membership)?;
        }
        rows.change_password(number, applied.password_hash);
        rows.invitations(Some(&record.person), &applied.person, audit.now);
        if applied.ends_sessions {
            rows.removals.push(Removal::SessionsOfPerson { person: number, at: audit.now });
        }
        let author = Author::of(audit, self.reference_data)?;
        rows.event(&author, number, Action::Changed, &applied.changes)?;
        let Applied { person, membership, delegators, .. } = applied;
        let named = |delegators| Named {
            organization: place,
            addressed: (number, person.id),
            delegators,
            is_shown: include.delegations,
            index: 0,
        };
        let delegators = delegators.map(named).into_iter().collect();
        let changed = Record { person: person.into(), membership: membership.into(), ..record };
        let reply = Reply::Changed(Ok(self.shown(changed, *organization, *include)));
        if is_certain {
            return Ok(Plan::Applied(reply));
        }
        Ok(Plan::Write(Box::new(Write { rows: own, claims, delegators, admins, refused: None, reply })))
    }

    /// The record with all that was asked for beside it, and only that.
    fn shown(self, mut record: Record, organization: OrganizationId, include: Include) -> Record {
        let mut related = self.related(include, organization, &record);
        if include.delegations {
            let had = record.related_mut();
            related.delegators = std::mem::take(&mut had.delegators);
            related.delegates = std::mem::take(&mut had.delegates);
        }
        record.related = related.into();
        record.reflect_actor(include);
        record
    }

    fn related(self, include: Include, organization: OrganizationId, record: &Record) -> Related {
        self.reference_data.related(include, organization, &record.person, &record.membership)
    }

    fn number_of(self, organization: OrganizationId) -> Result<OrganizationNumber> {
        let gone = || Error::Row(format!("organization {organization} is gone"));
        self.reference_data.organization(organization).ok_or_else(gone)
    }

    pub(super) fn remove(
        self,
        organization: OrganizationId,
        audit: &AuditContext,
        record: Record,
        leaving: &Leaving,
        rows: &mut Rows,
    ) -> Result<Plan> {
        let is_member_elsewhere = leaving.is_member_elsewhere;
        let number = record.person.number.get().cast_signed();
        let place = self.number_of(organization)?;
        let Left { person, membership, changes } = apply::leave(&record, is_member_elsewhere, audit.now);
        let admins = authority::leaving_needs_other_admin(&audit.caller, &record)
            .then_some(AdminsNeeded { person: number, organization: Some(place) });
        let mut own = Rows::default();
        let rows = if admins.is_none() { rows } else { &mut own };
        rows.membership(&person, place, &membership)?;
        match is_member_elsewhere {
            true => rows.relist(&record.person, &person),
            false => rows.unlist(&record.person),
        }
        rows.is_of_authority = true;
        rows.removals.extend([
            Removal::Delegators { organization: place, person: number },
            Removal::Delegates { organization: place, person: number },
            Removal::SessionsOfMember { organization: place, person: number, at: audit.now },
        ]);
        if !is_member_elsewhere {
            rows.change_password(number, Change::Clear);
            let keys = keys(&person);
            rows.remove_keys(keys.iter());
            for key in keys.into_iter().filter(Key::is_identity) {
                rows.former_keys.push(FormerKey { source: key.source, value: key.value, person: number });
            }
            rows.replace_fields(self.tenant, number, &search_fields(&person), &Fields::default());
        } else if apply::have_keys_changed(&record.person, &person) {
            rows.remove_keys(keys(&record.person).difference(&keys(&person)));
        }
        rows.invitations(Some(&record.person), &person, audit.now);
        rows.person(&person)?;
        let author = Author::of(audit, self.reference_data)?;
        rows.event(&author, number, Action::Deleted, &changes)?;
        if !is_member_elsewhere && !leaving.released.is_empty() {
            rows.removals.push(Removal::Manager { person: person.id.0, at: audit.now });
            for event in &leaving.released {
                rows.event_of_subject(&author, event)?;
            }
        }
        let reply = Reply::Removed(Ok(record));
        if admins.is_none() {
            return Ok(Plan::Applied(reply));
        }
        let (claims, delegators) = Default::default();
        Ok(Plan::Write(Box::new(Write { rows: own, claims, delegators, admins, refused: None, reply })))
    }
}

/// People to be added, one after the other, while numbers are given out.
pub(super) struct Adding<'p> {
    pub(super) place: Place<'p>,
    pub(super) organization: OrganizationId,
    pub(super) number: OrganizationNumber,
    pub(super) author: Author,
    /// Given out last.
    pub(super) last_person: u64,
    pub(super) rows: Rows,
    pub(super) claims: Vec<Claim>,
    pub(super) delegators: Vec<Named>,
    pub(super) records: Vec<Record>,
}

impl Adding<'_> {
    /// `leaver` is who left with one of the identities named.
    pub(super) fn add(&mut self, new: NewPerson, leaver: Option<Person>) -> Result<(), WriteError> {
        let Place { tenant, reference_data } = self.place;
        let is_back = leaver.is_some();
        let (person, change) = match leaver {
            Some(mut person) => {
                person.deleted_at = None;
                let has_department = |id| reference_data.has_department(id);
                apply::forget_deleted(&mut person, has_department, |key| {
                    reference_data.has_custom_field(key)
                });
                (person, apply::returning(new.change))
            }
            None => {
                self.last_person += 1;
                let number = Number::new(self.last_person)
                    .ok_or_else(|| Error::Row("the numbers of people are used up".to_owned()))?;
                (Person::new(new.id, number, new.object_id, new.created_at), new.change)
            }
        };
        let membership = Membership::new(self.organization, new.created_at);
        let include = apply::include_of(&change, Include::default());
        let related = reference_data.related(include, self.organization, &person, &membership);
        let record = Record {
            person: person.into(),
            membership: membership.into(),
            related: related.into(),
            actor: None,
        };
        let mut applied = apply::admit(&record, &change, new.created_at)?;
        reference_data.check(self.organization, &applied.references)?;

        let number = applied.person.number.get().cast_signed();
        let index = self.records.len();
        if let Some(delegators) = applied.delegators.take() {
            let (organization, addressed) = (self.number, (number, applied.person.id));
            self.delegators.push(Named { organization, addressed, delegators, is_shown: false, index });
        }
        let person = &applied.person;
        self.claims.extend(keys(person).into_iter().map(|key| Claim { key, person: number, index }));
        self.rows.person(person)?;
        if is_back {
            self.rows.removals.push(Removal::FormerKeys { person: number });
        }
        self.rows.replace_fields(tenant, number, &Fields::default(), &search_fields(person));
        self.rows.replace_entries(number, &record.person, person);
        self.rows.membership(person, self.number, &applied.membership)?;
        self.rows.list(person);
        self.rows.invitations(None, person, new.created_at);
        self.rows.change_password(number, applied.password_hash);
        let action = if is_back { Action::Restored } else { Action::Created };
        self.rows.event(&self.author, number, action, &applied.changes)?;
        let Applied { person, membership, .. } = applied;
        let related = Arc::default();
        self.records.push(Record {
            person: person.into(),
            membership: membership.into(),
            related,
            actor: None,
        });
        Ok(())
    }
}

impl Named {
    /// Writes who delegates to the person: exactly these. Answers with what stands beside the person then.
    fn write(&self, members: &Members, rows: &mut Rows) -> Result<Vec<Delegation>, WriteError> {
        let (number, person) = self.addressed;
        rows.removals.push(Removal::Delegators { organization: self.organization, person: number });
        let mut delegations = Vec::with_capacity(self.delegators.len());
        for delegator in &self.delegators {
            let id = delegator.object_id;
            let unknown = || Refusal::Unknown { attribute: Attribute::Delegators, value: id.to_string() };
            let found = members.get(&(self.organization, id)).ok_or_else(unknown)?;
            let edge = Edge::between(person, found.counterpart.id, delegator.permissions.clone());
            let number_of = |id: PersonId| if id == person { number } else { found.number };
            let ends = (number_of(edge.delegate), number_of(edge.delegator));
            rows.edge(self.organization, ends, edge.permissions.as_deref())?;
            delegations.push(Delegation {
                other: found.counterpart.clone(),
                permissions: delegator.permissions.clone(),
            });
        }
        Ok(delegations)
    }
}

impl Write {
    /// Puts in who was found of those that are to delegate.
    pub(super) fn delegate(&mut self, members: &Members) -> Result<()> {
        for named in &self.delegators {
            match named.write(members, &mut self.rows) {
                Ok(delegations) => {
                    if named.is_shown
                        && let Reply::Changed(Ok(record)) = &mut self.reply
                    {
                        record.related_mut().delegators = delegations;
                    }
                }
                Err(WriteError::Refused(refusal)) => refuse(&mut self.refused, named.index, refusal),
                Err(WriteError::Failed(failure)) => return Err(failure),
            }
        }
        Ok(())
    }

    /// Nobody else administers the organization.
    pub(super) fn is_last_admin(&mut self) {
        refuse(&mut self.refused, 0, authority::LAST_ADMIN);
    }

    /// A key that was wanted is somebody else's.
    pub(super) fn taken(&mut self, claim: usize) {
        let Claim { key, index, .. } = &self.claims[claim];
        refuse(&mut self.refused, *index, Refusal::Taken { attribute: key.attribute() });
    }

    /// What is heard instead, if it is refused.
    pub(super) fn refusal(&mut self) -> Option<Reply> {
        let (index, refusal) = self.refused.take()?;
        Some(match self.reply {
            Reply::Changed(_) => Reply::Changed(Err(refusal.into())),
            Reply::Added(_) => Reply::Added(Err((index, refusal))),
            Reply::Removed(_) => Reply::Removed(Err(refusal)),
        })
    }
}

/// Of several refusals the one of the first person counts.
fn refuse(refused: &mut Option<(usize, Refusal)>, index: usize, refusal: Refusal) {
    if refused.as_ref().is_none_or(|(earlier, _)| index < *earlier) {
        *refused = Some((index, refusal));
    }
}

/// Members found by organization and object id.
pub(super) type Members = HashMap<(OrganizationNumber, ObjectId), Found>;

/// By what somebody who left may be known when they come back, in the order in which they are looked for.
pub(super) fn identities(new: &NewPerson) -> impl Iterator<Item = Key> {
    let identities = new.change.identities.values().flatten();
    identities.map(|identity| Key { source: identity.source.to_string(), value: identity.folded() })
}
