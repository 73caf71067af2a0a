//! A person who becomes a member of a further organization, in a transaction of its own.
//!
//! The person is locked first and the reference data held then, as a batch does that locks.

use directory::apply::{self, Applied};
use directory::event::Action;
use directory::membership::Membership;
use directory::store::NewMember;
use directory::{Attribute, Include, Property, Record, Refusal, Related};

use super::error::{Result, WriteError};
use super::load;
use super::pool::Session;
use super::reference_data::{HOLD_VERSION, ReferenceDataCache};
use super::row::key;
use super::rows::{Author, Rows};
use super::sessions::IS_MEMBER;

pub(super) async fn add(
    session: &Session,
    reference_data_cache: &ReferenceDataCache,
    member: &NewMember,
) -> Result<Record, WriteError> {
    let NewMember { tenant, organization, person, change, audit } = member;
    let (tenant, tenant_key) = (*tenant, key(*tenant));
    let locked = session.query_opt(LOCK, &[&tenant_key, &person.0]).await?;
    let number: i64 = locked.ok_or(Refusal::NoSuchPerson)?.try_get(0)?;
    let held = session.query_opt(HOLD_VERSION, &[&tenant_key]).await?.ok_or(Refusal::NoSuchPerson)?;
    let reference_data = reference_data_cache.at_least(session, tenant, held.try_get(0)?).await?;
    let reference_data = reference_data.ok_or(Refusal::NoSuchPerson)?;
    let place = reference_data.organization(*organization).ok_or_else(|| Refusal::Unknown {
        attribute: Attribute::Of(Property::Organization),
        value: organization.to_string(),
    })?;
    if session.query_opt(IS_MEMBER, &[&tenant_key, &number, &place]).await?.is_some() {
        return Err(Refusal::Taken { attribute: Attribute::Membership }.into());
    }
    let person = load::anyone(session, tenant, number).await?.ok_or(Refusal::NoSuchPerson)?;
    let person = reference_data.without_deleted(person.into());
    let membership = Membership::new(*organization, audit.now);
    let include = apply::include_of(change, Include::default());
    let related = reference_data.related(include, *organization, &person, &membership);
    let record = Record { person, membership: membership.into(), related: related.into(), actor: None };
    let applied = apply::join(&record, change, audit.now)?;
    reference_data.check(*organization, &applied.references)?;

    let Applied { person, membership, changes, .. } = applied;
    let mut rows = Rows::default();
    rows.person(&person)?;
    rows.membership(&person, place, &membership)?;
    rows.relist(&record.person, &person);
    rows.event(&Author::of(audit, &reference_data)?, number, Action::Changed, &changes)?;
    rows.write(session, tenant).await?;
    let related = Related::default().into();
    Ok(Record { person: person.into(), membership: membership.into(), related, actor: None })
}

pub(super) const LOCK: &str =
    "SELECT number FROM person WHERE tenant = $1 AND id = $2 AND deleted_at IS NULL FOR NO KEY UPDATE";
