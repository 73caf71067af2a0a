//! Ending a membership.

use directory::record::Needs;
use directory::store::PersonKey;
use serde_json::json;

use super::Who;
use super::show::one_line;
use crate::context::Context;
use crate::failure::Failure;
use crate::find::find;
use crate::json;
use crate::output::Shown;
use crate::world::World;

pub(super) async fn delete(context: &Context, who: &Who) -> Result<Shown, Failure> {
    let world = World::load(context).await?;
    let found = find(context, &world, &who.person, &who.place).await?;
    let organization = found.only_organization(&world)?;
    let caller = context.caller(found.tenant, organization);
    let removed =
        context.directory.at(&caller).remove_person(PersonKey::Id(found.person), Needs::default()).await?;
    // The place that was searched may be narrower than where the person is; only the store knows the rest.
    let elsewhere = context.directory.operator().locate(vec![PersonKey::Id(found.person)]).await?;
    let is_gone = !elsewhere.iter().any(|place| (place.tenant, place.person) == (found.tenant, found.person));
    let name = world.name(found.tenant, organization);
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
