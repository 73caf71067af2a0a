//! Deleting an organization, written once for both engines.
//!
//! Its row stays, marked as deleted: events, memberships that ended, credentials and sessions that are live no more and
//! messages name it, and its number is not given out again. Whatever looks an organization up by its id finds none.

use directory::event::Action;
use directory::ids::TenantId;
use directory::organization::Organization;
use directory::{Refusal, Subject, SubjectKind, plan};
use jiff::Timestamp;

use crate::customers;
use crate::entities::{self, tenant_cell};
use crate::event::SubjectEvent;
use crate::sql::{Cell, Sql};

/// Deletes the organization with its teams and labels, and answers with the events of all.
///
/// To be called in a transaction in which nobody else adds what could refer to the organization.
pub(crate) async fn delete<S: Sql>(
    sql: &S,
    tenant: TenantId,
    organization: &Organization,
    now: Timestamp,
) -> Result<Result<Vec<SubjectEvent>, Refusal>, S::Error> {
    let changes = match plan::delete_organization(organization) {
        Ok(changes) => changes,
        Err(refusal) => return Ok(Err(refusal)),
    };
    for by in plan::ORGANIZATION_OBSTACLES {
        if is_used(sql, tenant, organization, by, now).await? {
            return Ok(Err(Refusal::InUse { subject: SubjectKind::Organization, by }));
        }
    }
    customers::delete(sql, tenant, organization).await?;
    let mut events = entities::delete_of_organization(sql, tenant, organization.id).await?;
    let values = [tenant_cell(tenant), organization.number.into(), now.into()];
    sql.execute(DELETE, &values).await?;
    events.push(SubjectEvent {
        subject: Subject::Organization(organization.id),
        action: Action::Deleted,
        changes,
    });
    Ok(Ok(events))
}

async fn is_used<S: Sql>(
    sql: &S,
    tenant: TenantId,
    organization: &Organization,
    by: SubjectKind,
    now: Timestamp,
) -> Result<bool, S::Error> {
    let (tenant, number, now): (_, Cell<'_>, Cell<'_>) =
        (tenant_cell(tenant), organization.number.into(), now.into());
    let rows = match by {
        SubjectKind::Organization => sql.query(CHILD, &[tenant, number]).await?,
        SubjectKind::Person => sql.query(MEMBER, &[tenant, number]).await?,
        SubjectKind::Credential => sql.query(CREDENTIAL, &[tenant, number, now]).await?,
        // A session is live only with a live membership, and the others go along or stay.
        SubjectKind::Session | SubjectKind::Entity(_) | SubjectKind::Message => Vec::new(),
    };
    Ok(!rows.is_empty())
}

const CHILD: &str =
    "SELECT 1 FROM organization WHERE tenant = $1 AND parent = $2 AND deleted_at IS NULL LIMIT 1";
const MEMBER: &str =
    "SELECT 1 FROM membership WHERE tenant = $1 AND organization = $2 AND deleted_at IS NULL LIMIT 1";
const CREDENTIAL: &str = "
    SELECT 1 FROM credential
    WHERE tenant = $1 AND organization = $2 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $3)
    LIMIT 1";
const DELETE: &str = "UPDATE organization SET deleted_at = $3 WHERE tenant = $1 AND number = $2";

/// For the tests of their plans.
#[cfg(test)]
pub(crate) const STATEMENTS: [&str; 4] = [CHILD, MEMBER, CREDENTIAL, DELETE];
