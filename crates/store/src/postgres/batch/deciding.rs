//! Deciding one job after the other, in memory.

use std::collections::{HashMap, HashSet};

use directory::{Include, Person};

use super::{nobody, organization_of};
use crate::postgres::cache::Actor;
use crate::postgres::error::{Result, WriteError};
use crate::postgres::load::{Loaded, OrganizationNumber};
use crate::postgres::plan::{Adding, Leaving, Place, Plan, ReadMode, Reply, Write};
use crate::postgres::rows::{Author, Rows};
use crate::postgres::writer::Work;

/// Decides one job after the other.
pub(super) struct Deciding<'d> {
    pub(super) place: Place<'d>,
    pub(super) is_locked: bool,
    /// By the number of those who leave.
    pub(super) leaving: HashMap<i64, Leaving>,
    pub(super) returning: HashMap<(usize, usize), Person>,
    /// Who is written to by an earlier job of the batch.
    pub(super) touched: HashSet<i64>,
    /// On whose behalf, by their number and that of the organization.
    pub(super) actors: HashMap<(i64, OrganizationNumber), Actor>,
    pub(super) last_person: u64,
    /// What is certain to be written.
    pub(super) rows: Rows,
}

impl Deciding<'_> {
    /// An earlier job of the batch changes them, or was decided on what they may do.
    fn is_taken(&self, number: i64) -> bool {
        self.touched.contains(&number) || self.actors.keys().any(|(actor, _)| *actor == number)
    }

    pub(super) fn plan(&mut self, index: usize, work: &mut Work, loaded: Option<Loaded>) -> Result<Plan> {
        let reference_data = self.place.reference_data;
        let organization = organization_of(work);
        if reference_data.organization(organization).is_none() {
            return Ok(Plan::Applied(nobody(work)));
        }
        match work {
            Work::Change { change, delegations, .. } => {
                let Some(loaded) = loaded else { return Ok(Plan::Applied(nobody(work))) };
                // Neither may be different already by an earlier job: it is not in what was loaded.
                let number = loaded.person.number.get().cast_signed();
                let actor = loaded.actor.clone();
                if self.is_taken(number)
                    || actor.as_ref().is_some_and(|actor| self.touched.contains(&actor.number))
                {
                    return Ok(Plan::Again);
                }
                let knows = change.include.delegations || *delegations;
                let read_mode = ReadMode { is_locked: self.is_locked, delegations: knows };
                let record = loaded.record(
                    reference_data,
                    organization,
                    Include { delegations: knows, ..change.include },
                );
                let written = self.rows.len();
                let plan = self.place.change(change, record, read_mode, &mut self.rows)?;
                if self.rows.len() > written || matches!(plan, Plan::Write(_)) {
                    self.touched.insert(number);
                    let others = actor.filter(|actor| actor.number != number);
                    let place = reference_data.organization(organization).unwrap_or_default();
                    self.actors.extend(others.map(|actor| ((actor.number, place), actor)));
                }
                *delegations |= matches!(plan, Plan::Locked);
                Ok(plan)
            }
            Work::Remove { include, audit, .. } => {
                let Some(loaded) = loaded else { return Ok(Plan::Applied(nobody(work))) };
                let number = loaded.person.number.get().cast_signed();
                if self.is_taken(number) {
                    return Ok(Plan::Again);
                }
                self.touched.insert(number);
                let record = loaded.record(reference_data, organization, *include);
                let leaving = self.leaving.remove(&number).unwrap_or_default();
                self.place.remove(organization, audit, record, &leaving, &mut self.rows)
            }
            Work::Add { people, audit, .. } => {
                let mut adding = Adding {
                    place: self.place,
                    organization,
                    number: reference_data.organization(organization).unwrap_or_default(),
                    author: Author::of(audit, reference_data)?,
                    last_person: self.last_person,
                    rows: Rows::default(),
                    claims: Vec::new(),
                    delegators: Vec::new(),
                    records: Vec::with_capacity(people.len()),
                };
                let mut refused = None;
                for (nth, new) in people.iter().enumerate() {
                    let known = self.returning.remove(&(index, nth));
                    // Whom an earlier one has brought back lives already: the key will be found taken.
                    let leaver =
                        known.filter(|person| self.touched.insert(person.number.get().cast_signed()));
                    match adding.add(new.clone(), leaver) {
                        Ok(()) => {}
                        Err(WriteError::Failed(failure)) => return Err(failure),
                        Err(WriteError::Refused(refusal)) => {
                            refused = Some((nth, refusal));
                            break;
                        }
                    }
                }
                self.last_person = adding.last_person;
                let Adding { mut rows, claims, delegators, records, .. } = adding;
                rows.last_person = Some(self.last_person);
                let reply = Reply::Added(Ok(records));
                Ok(Plan::Write(Box::new(Write { rows, claims, delegators, admins: None, refused, reply })))
            }
        }
    }
}
