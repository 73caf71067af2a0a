//! The members of groups, inside the writer's transaction.

use directory::Refusal;
use directory::members::{ChangeMembers, ChangedMembers};

use super::cache::Edit;
use super::error::WriteError;
use super::events::{self, Author};
use super::sql::run;
use super::writer::Work;
use crate::group_members::{self, Place, Written};

/// People who are forgotten one by one; of more than these the whole tenant is.
const ONE_BY_ONE: usize = 100;

pub(super) fn change(work: &mut Work<'_>, asked: &ChangeMembers) -> Result<ChangedMembers, WriteError> {
    let ChangeMembers { tenant, organization, group, change, audit } = asked;
    let tenant = *tenant;
    let organization = work.organization(tenant, *organization)?.ok_or(Refusal::CallerGone)?;
    // An organization that was deleted since the caller was let in.
    if work.organization(tenant, audit.caller.organization)?.is_none() {
        return Err(Refusal::CallerGone.into());
    }
    work.begin()?;
    let place = Place { tenant, organization, group: *group };
    let Written { changed, touched, events } =
        run(group_members::change(work.connection(), &place, change, audit.now))??;
    if touched.is_empty() {
        return Ok(changed);
    }
    let author = Author::of(work, tenant, audit)?;
    events::record(work, &author, &events)?;
    for person in &touched {
        if let Some(now) = person.moved_to(audit.now) {
            work.lists().touch(person.number, now);
        }
    }
    if touched.len() <= ONE_BY_ONE {
        touched.iter().for_each(|person| work.done(Edit::Forgotten(person.number)));
    } else {
        work.done(Edit::Entities { tenant, are_people_touched: true });
    }
    Ok(changed)
}
