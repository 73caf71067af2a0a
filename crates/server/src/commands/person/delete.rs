//! Ending a membership.

use directory::record::Include;
use directory::store::PersonKey;
use serde_json::json;

use super::Who;
use super::show::one_line;
use crate::context::Context;
use crate::error::Error;
use crate::find::find;
use crate::json;
use crate::output::Shown;
use crate::tenant_index::TenantIndex;

pub(super) async fn delete(context: &Context, who: &Who) -> Result<Shown, Error> {
    let tenants = TenantIndex::load(context).await?;
    let found = find(context, &tenants, &who.person, &who.place).await?;
    let organization = found.only_organization(&tenants)?;
    let caller = context.caller(found.tenant, organization);
    let removed = context
        .directory
        .scoped(&caller)
        .remove_person(PersonKey::Id(found.person), Include::default())
        .await?;
    // The place that was searched may be narrower than where the person is; only the store knows the rest.
    let elsewhere = context.directory.operator().locate(vec![PersonKey::Id(found.person)]).await?;
    let is_gone = !elsewhere.iter().any(|place| (place.tenant, place.person) == (found.tenant, found.person));
    let name = tenants.name(found.tenant, organization);
    let text = match is_gone {
        true => format!(
            "Deleted {}, whose last membership was in {name}. The events remain; e-mail and ids are free again.",
            one_line(&removed)
        ),
        false => format!("Ended the membership of {} in {name}; others remain.", one_line(&removed)),
    };
    let mut json = json::brief(found.tenant, &removed.person);
    json["organization"] = json!(organization.to_string());
    json["deleted"] = json!(is_gone);
    Ok(Shown::new(text, json))
}
