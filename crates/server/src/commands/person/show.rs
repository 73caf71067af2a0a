//! All that is known of a person.

use directory::ids::{OrganizationId, PersonId, TenantId};
use directory::person::{Person, Phone};
use directory::record::{Include, Record};
use directory::store::PersonKey;
use serde_json::Value;

use super::Who;
use crate::context::Context;
use crate::error::Error;
use crate::find::find;
use crate::json;
use crate::output::{Shown, fields};
use crate::tenant_index::TenantIndex;
use crate::visible;

const EVERYTHING: Include = Include {
    organization: true,
    primary_department: true,
    groups: true,
    profession: true,
    roles: true,
    delegations: true,
    custom_fields: false,
    actor: None,
};

pub(super) async fn show(context: &Context, who: &Who) -> Result<Shown, Error> {
    let tenants = TenantIndex::load(context).await?;
    let found = find(context, &tenants, &who.person, &who.place).await?;
    person(context, found.tenant, found.person, &found.organizations).await
}

/// The person as each of these organizations sees them.
pub(in crate::commands) async fn person(
    context: &Context,
    tenant: TenantId,
    id: PersonId,
    organizations: &[OrganizationId],
) -> Result<Shown, Error> {
    let mut records = Vec::with_capacity(organizations.len());
    for organization in organizations {
        let caller = context.caller(tenant, *organization);
        records.push(context.directory.scoped(&caller).person(PersonKey::Id(id), EVERYTHING).await?);
    }
    Ok(Shown::new(text(tenant, &records), json::person(tenant, &records)))
}

fn text(tenant: TenantId, records: &[Record]) -> String {
    let Some(Record { person, related, .. }) = records.first() else { return String::new() };
    let join = |parts: Vec<String>| Some(parts.join(", ")).filter(|text| !text.is_empty());
    let delegations = |edges: &[directory::delegation::Delegation]| {
        join(edges.iter().map(|edge| format!("{} {}", edge.other.given, edge.other.family)).collect())
    };
    let mut lines = vec![
        ("name", Some(person.name.shown())),
        ("status", Some(person.status.as_str().to_owned())),
        ("tenant", Some(tenant.to_string())),
        ("id", Some(person.id.to_string())),
        ("number", Some(person.number.to_string())),
        ("object id", Some(person.object_id.to_string())),
        ("nickname", person.nickname.clone()),
        ("initials", person.initials.clone()),
        ("user name", person.user_name.clone()),
        ("email", person.email.as_ref().map(ToString::to_string)),
        ("second email", person.second_email.as_ref().map(ToString::to_string)),
        ("aliases", join(person.email_aliases.iter().map(ToString::to_string).collect())),
        ("phone", person.phone.as_ref().map(phone)),
        ("second phone", person.second_phone.as_ref().map(phone)),
        ("title", person.title.clone()),
        ("birth date", person.birth_date.map(|date| format!("{date}Z"))),
        ("gender", person.gender.map(|gender| gender.as_str().to_owned())),
        ("language", Some(person.lang.as_str().to_owned())),
        ("time zone", person.time_zone.clone()),
        ("employed", employment(person)),
        ("department", related.primary_department.as_ref().map(|department| department.name.clone())),
        ("groups", join(related.groups.iter().map(|group| group.name.clone()).collect())),
        (
            "external ids",
            join(person.identities.iter().map(|it| format!("{}:{}", it.source, it.value)).collect()),
        ),
        ("custom fields", join(custom_fields(person))),
        ("delegators", delegations(&related.delegators)),
        ("delegates", delegations(&related.delegates)),
        ("invitation", person.invitation.as_ref().map(|it| format!("{} until {}", it.id, it.expires_at))),
        ("signed in first", person.activated_at.map(|at| at.to_string())),
        ("created", Some(person.created_at.to_string())),
        ("updated", Some(person.updated_at.to_string())),
    ];
    lines.extend(records.iter().map(|record| ("member of", Some(membership(record)))));
    fields(&lines)
}

pub(in crate::commands) fn phone(phone: &Phone) -> String {
    match phone.country_code {
        Some(code) => format!("+{code} {}", phone.number),
        None => phone.number.clone(),
    }
}

fn employment(person: &Person) -> Option<String> {
    let employment = &person.employment;
    let from = employment.start.map(|at| format!("from {at}Z"));
    let until = employment.end.map(|at| format!("until {at}Z"));
    let parts: Vec<String> = from.into_iter().chain(until).chain(employment.kind.clone()).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn custom_fields(person: &Person) -> Vec<String> {
    use directory::custom_field::CustomValue;
    let value = |value: &CustomValue| match value {
        CustomValue::Text(text) => text.clone(),
        CustomValue::List(items) => items.join(","),
    };
    person.custom_fields.iter().map(|(key, it)| format!("{key}={}", value(it))).collect()
}

fn membership(record: &Record) -> String {
    let membership = &record.membership;
    let name = match &record.related.organization {
        Some(organization) => organization.name.clone(),
        None => membership.organization.to_string(),
    };
    let roles: Vec<&str> = record.related.roles.iter().map(|role| role.name.as_str()).collect();
    let profession =
        record.related.profession.as_ref().map(|label| format!(", {}", label.name)).unwrap_or_default();
    format!(
        "{name} (replay: {}; kare: {}{profession}; laurel: {})",
        membership.replay.role.as_str(),
        membership.kare.scope.as_str(),
        roles.join(", ")
    )
}

/// A line for the commands that change one person.
pub(super) fn one_line(record: &Record) -> String {
    let person = &record.person;
    let email = person.email.as_ref().map(|email| format!(" <{email}>")).unwrap_or_default();
    visible::line(&format!("{}{email} (id {})", person.name.shown(), person.id)).into_owned()
}

/// What those commands answer in JSON.
pub(super) fn brief(tenant: TenantId, record: &Record, changed: bool) -> Value {
    let mut json = json::brief(tenant, &record.person);
    json["changed"] = changed.into();
    json
}
