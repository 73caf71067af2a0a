//! How the domain's nouns look in the JSON of commands. One place, so that a noun looks the same everywhere.

use directory::change::Value as Recorded;
use directory::credential::{Credential, Session};
use directory::custom_field::{CustomField, CustomValue};
use directory::delegation::Delegation;
use directory::event::{Event, Subject};
use directory::ids::TenantId;
use directory::invitation::Invitation;
use directory::membership::Membership;
use directory::message::Message;
use directory::organization::{Department, Group, Label, Organization, Role, Team};
use directory::person::{Entry, Person, Phone};
use directory::record::Record;
use directory::signing_key::SigningKey;
use directory::store::{Report, TenantReport};
use directory::template::{Template, TemplateCulture};
use directory::throttle::{RateLimit, RateLimits};
use jiff::Timestamp;
use jiff::civil::DateTime;
use serde_json::{Map, Value, json};

pub(crate) fn organization(tenant: TenantId, organization: &Organization) -> Value {
    json!({
        "tenant": tenant.0,
        "id": organization.id.to_string(),
        "number": organization.number.get(),
        "objectId": organization.object_id.to_string(),
        "parent": organization.parent.map(|id| id.to_string()),
        "name": organization.name,
        "externalId": organization.external_id,
        "createdAt": time(organization.created_at),
    })
}

/// Without its secrets, of which only hashes are kept anyway. `rateLimit` is what is in effect where the credentials of
/// each API may do what `limits` says; `rateLimitFrom` says whether it is the credential's own.
pub(crate) fn credential(credential: &Credential, limits: RateLimits) -> Value {
    let from = match credential.rate_limit {
        RateLimit::OfDialect => "default",
        RateLimit::PerMinute(_) | RateLimit::Unlimited => "credential",
    };
    json!({
        "id": credential.id.to_string(),
        "tenant": credential.tenant.0,
        "organization": credential.organization.to_string(),
        "dialect": credential.dialect.as_str(),
        "name": credential.name,
        "publicId": credential.public_id,
        "scopes": credential.scopes.0,
        "person": credential.person.map(|person| person.to_string()),
        "rateLimit": credential.rate_limit.or(limits.of(credential.dialect)),
        "rateLimitFrom": from,
        "createdAt": time(credential.created_at),
        "expiresAt": credential.expires_at.map(time),
        "revokedAt": credential.revoked_at.map(time),
        "lastUsedAt": credential.last_used_at.map(time),
        "keys": credential.keys.len(),
        "oldKeyUsedAt": credential.old_key_used_since_rotation().map(time),
    })
}

/// Without its refresh token, of which only a hash is kept anyway.
pub(crate) fn session(session: &Session) -> Value {
    json!({
        "id": session.id.to_string(),
        "tenant": session.tenant.0,
        "organization": session.organization.to_string(),
        "person": session.person.to_string(),
        "userId": session.person_number.get(),
        "createdAt": time(session.created_at),
        "expiresAt": time(session.expires_at),
        "revokedAt": session.revoked_at.map(time),
        "isLive": session.is_live && session.revoked_at.is_none(),
    })
}

/// Without its secret.
pub(crate) fn signing_key(key: &SigningKey, now: Timestamp) -> Value {
    json!({
        "id": key.id,
        "algorithm": key.algorithm.as_str(),
        "state": key_state(key, now),
        "createdAt": time(key.created_at),
        "retiredAt": key.retired_at.map(time),
        "expiresAt": key.expires_at.map(time),
        "encryptedWith": key.encrypted_with,
    })
}

/// For people to read as well.
pub(crate) fn key_state(key: &SigningKey, now: Timestamp) -> &'static str {
    match key.retired_at {
        None => "current",
        Some(_) if key.is_expired(now) => "expired",
        Some(_) => "retired",
    }
}

pub(crate) fn department(department: &Department) -> Value {
    json!({
        "id": department.id.to_string(),
        "name": department.name,
        "kind": department.kind.as_str(),
        "parent": department.parent.map(|id| id.to_string()),
        "externalId": department.external_id,
        "addressLine": department.address_line,
        "addressLine2": department.address_line_2,
        "zipCode": department.zip_code,
        "city": department.city,
        "phone": department.phone.as_ref().map(phone),
        "manager": department.manager.map(|id| id.to_string()),
        "email": department.email.as_ref().map(ToString::to_string),
        "contentCulture": department.content_culture,
        "uiCulture": department.ui_culture,
        "timeZone": department.time_zone,
        "createdAt": time(department.created_at),
        "updatedAt": time(department.updated_at),
    })
}

pub(crate) fn group(group: &Group) -> Value {
    json!({
        "id": group.id.to_string(),
        "objectId": group.object_id.to_string(),
        "name": group.name,
        "description": group.description,
        "externalId": group.external_id,
        "createdAt": time(group.created_at),
        "updatedAt": time(group.updated_at),
    })
}

pub(crate) fn custom_field(field: &CustomField) -> Value {
    json!({
        "id": field.id.to_string(),
        "key": field.key,
        "name": field.name,
        "kind": field.kind.as_str(),
    })
}

pub(crate) fn label(label: &Label) -> Value {
    json!({
        "number": label.number.get(),
        "organization": label.organization.to_string(),
        "name": label.name,
        "color": label.color,
        "type": label.kind.as_str(),
        "source": label.source.as_str(),
        "createdAt": time(label.created_at),
        "updatedAt": time(label.updated_at),
    })
}

pub(crate) fn team(team: &Team) -> Value {
    json!({
        "id": team.id.to_string(),
        "organization": team.organization.to_string(),
        "name": team.name,
        "description": team.description,
        "type": team.kind.as_str(),
        "useTurnConnection": team.use_turn_connection,
        "createdAt": time(team.created_at),
    })
}

pub(crate) fn role(role: &Role) -> Value {
    let permissions: Vec<&str> =
        role.permissions.iter().map(|permission| permission.claim.as_str()).collect();
    json!({
        "objectId": role.object_id.to_string(),
        "name": role.name,
        "description": role.description,
        "isDefault": role.is_default,
        "permissions": permissions,
        "createdAt": time(role.created_at),
        "updatedAt": time(role.updated_at),
    })
}

pub(crate) fn template(template: &Template) -> Value {
    let culture = |it: &TemplateCulture| {
        json!({
            "culture": it.culture,
            "sms": it.sms,
            "email": it.email.as_ref().map(|it| json!({"subject": it.subject, "text": it.body})),
        })
    };
    json!({
        "id": template.id.to_string(),
        "name": template.name,
        "cultures": template.cultures.iter().map(culture).collect::<Vec<_>>(),
        "createdAt": time(template.created_at),
        "updatedAt": template.updated_at.map(time),
    })
}

/// With its text, which whoever sends it needs.
pub(crate) fn message(message: &Message) -> Value {
    let content = &message.content;
    json!({
        "id": message.id.to_string(),
        "channel": content.channel().as_str(),
        "to": content.to(),
        "subject": content.subject(),
        "text": content.text(),
        "state": message.state.as_str(),
        "person": message.person.to_string(),
        "api": message.via.as_str(),
        "createdAt": time(message.created_at),
        "tries": message.tries,
    })
}

/// A line of a list of people.
pub(crate) fn brief(tenant: TenantId, person: &Person) -> Value {
    json!({
        "tenant": tenant.0,
        "id": person.id.to_string(),
        "number": person.number.get(),
        "objectId": person.object_id.to_string(),
        "name": person.name.shown(),
        "email": person.email.as_ref().map(ToString::to_string),
        "userName": person.user_name,
        "status": person.status.as_str(),
    })
}

/// All that is known of a person, by the records of their memberships; there is at least one.
pub(crate) fn person(tenant: TenantId, records: &[Record]) -> Value {
    let Some(Record { person, related, .. }) = records.first() else { return Value::Null };
    let identities: Vec<Value> = person
        .identities
        .iter()
        .map(|identity| json!({"source": identity.source.to_string(), "value": identity.value}))
        .collect();
    let groups: Vec<Value> = person
        .groups
        .iter()
        .map(|entry| {
            let known = related.groups.iter().find(|group| group.id == entry.id);
            json!({
                "id": entry.id.to_string(),
                "name": known.map(|group| group.name.as_str()),
                "dataSource": entry.data_source,
            })
        })
        .collect();
    let custom: Map<String, Value> =
        person.custom_fields.iter().map(|(key, value)| (key.clone(), custom_value(value))).collect();
    json!({
        "tenant": tenant.0,
        "id": person.id.to_string(),
        "number": person.number.get(),
        "objectId": person.object_id.to_string(),
        "name": {
            "given": person.name.given,
            "family": person.name.family,
            "full": person.name.shown(),
        },
        "nickname": person.nickname,
        "initials": person.initials,
        "userName": person.user_name,
        "email": person.email.as_ref().map(ToString::to_string),
        "secondEmail": person.second_email.as_ref().map(ToString::to_string),
        "emailAliases": person.email_aliases.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "phone": person.phone.as_ref().map(phone),
        "secondPhone": person.second_phone.as_ref().map(phone),
        "title": person.title,
        "birthDate": person.birth_date.map(civil),
        "gender": person.gender.map(|gender| gender.as_str()),
        "employment": {
            "start": person.employment.start.map(civil),
            "end": person.employment.end.map(civil),
            "kind": person.employment.kind,
            "registerNumber": person.employment.register_number,
            "dutyPlanNumber": person.employment.duty_plan_number,
        },
        "work": {
            "department": person.work.department,
            "subdepartment": person.work.subdepartment,
            "office": person.work.office,
            "pod": person.work.pod,
            "seniority": person.work.seniority,
        },
        "primaryDepartment": person.primary_department.map(|id| json!({
            "id": id.to_string(),
            "name": related.primary_department.as_ref().map(|department| department.name.as_str()),
        })),
        "additionalDepartments": person.additional_departments.iter().map(entry).collect::<Vec<_>>(),
        "groups": groups,
        "customFields": custom,
        "identities": identities,
        "dataSource": person.data_source,
        "image": person.image.map(|id| id.to_string()),
        "memberCard": person.member_card.map(|id| id.to_string()),
        "cardNumber": person.card_number,
        "lang": person.lang.as_str(),
        "timeZone": person.time_zone,
        "status": person.status.as_str(),
        "invitation": person.invitation.as_ref().map(invitation),
        "activatedAt": person.activated_at.map(time),
        "createdAt": time(person.created_at),
        "updatedAt": time(person.updated_at),
        "version": person.version,
        "memberships": records.iter().map(membership_of).collect::<Vec<_>>(),
        "delegators": related.delegators.iter().map(delegation).collect::<Vec<_>>(),
        "delegates": related.delegates.iter().map(delegation).collect::<Vec<_>>(),
    })
}

fn membership_of(record: &Record) -> Value {
    let Membership { organization, replay, kare, laurel, created_at, updated_at, deleted_at: _ } =
        record.membership.as_ref();
    let claims = |permissions: &Vec<directory::organization::Permission>| -> Vec<String> {
        permissions.iter().map(|permission| permission.claim.clone()).collect()
    };
    json!({
        "organization": {
            "id": organization.to_string(),
            "name": record.related.organization.as_ref().map(|organization| organization.name.as_str()),
        },
        "replay": {
            "role": replay.role.as_str(),
            "access": replay.access.as_str(),
            "team": replay.team.map(|id| id.to_string()),
        },
        "kare": {
            "scope": kare.scope.as_str(),
            "permissions": {
                "group": kare.permissions.group,
                "read": kare.permissions.read,
                "manage": kare.permissions.manage,
            },
            "profession": kare.profession.map(|number| json!({
                "number": number.get(),
                "name": record.related.profession.as_ref().map(|label| label.name.as_str()),
            })),
        },
        "laurel": {
            "roles": record.related.roles.iter().map(|role| role.name.as_str()).collect::<Vec<_>>(),
            "superDelegate": laurel.super_delegate.as_ref().map(claims),
        },
        "createdAt": time(*created_at),
        "updatedAt": time(*updated_at),
    })
}

pub(crate) fn event(tenant: TenantId, event: &Event) -> Value {
    let changes: Map<String, Value> = event
        .changes
        .iter()
        .map(|change| {
            let values = json!({"before": recorded(&change.before), "after": recorded(&change.after)});
            (change.attribute.to_string(), values)
        })
        .collect();
    let forwarded = event.actor.forwarded.as_ref().map(|principal| {
        json!({"client": principal.client, "customer": principal.customer, "user": principal.user})
    });
    json!({
        "tenant": tenant.0,
        "sequence": event.sequence,
        "at": time(event.at),
        "action": event.action.as_str(),
        "person": match event.subject {
            Subject::Person(id) => Some(id.to_string()),
            Subject::Entity(_)
            | Subject::Organization(_)
            | Subject::Credential(_)
            | Subject::Session(_)
            | Subject::Message(_) => None,
        },
        "subject": {"kind": event.subject.kind().as_str(), "id": event.subject.to_string()},
        "via": event.actor.via.as_str(),
        "organization": event.actor.organization.to_string(),
        "credential": event.actor.credential.map(|id| id.to_string()),
        "actor": event.actor.person.map(|id| id.to_string()),
        "forwarded": forwarded,
        "request": event.actor.request,
        "changes": changes,
    })
}

/// A value as an event keeps it. Of a secret only that it was there.
pub(crate) fn recorded(value: &Recorded) -> Value {
    match value {
        Recorded::Null => Value::Null,
        Recorded::Bool(flag) => json!(flag),
        Recorded::Integer(number) => json!(number),
        Recorded::Text(text) => json!(text),
        Recorded::List(items) => items.iter().map(recorded).collect(),
        Recorded::Map(members) => {
            members.iter().map(|(name, value)| (name.clone(), recorded(value))).collect::<Map<_, _>>().into()
        }
        Recorded::Secret => json!({"secret": true}),
    }
}

pub(crate) fn report(report: &Report) -> Value {
    let tenant = |TenantReport { tenant, people, events, hash }: &TenantReport| json!({"tenant": tenant.0, "people": people, "events": events, "hash": hash});
    json!({
        "ok": report.problems.is_empty(),
        "problems": report.problems,
        "tenants": report.tenants.iter().map(tenant).collect::<Vec<_>>(),
    })
}

fn phone(phone: &Phone) -> Value {
    json!({"countryCode": phone.country_code, "number": phone.number})
}

fn entry<Id: ToString>(entry: &Entry<Id>) -> Value {
    json!({"id": entry.id.to_string(), "dataSource": entry.data_source})
}

fn custom_value(value: &CustomValue) -> Value {
    match value {
        CustomValue::Text(text) => json!(text),
        CustomValue::List(items) => json!(items),
    }
}

fn invitation(invitation: &Invitation) -> Value {
    json!({
        "id": invitation.id.to_string(),
        "organization": invitation.organization.to_string(),
        "createdAt": time(invitation.created_at),
        "expiresAt": time(invitation.expires_at),
    })
}

fn delegation(edge: &Delegation) -> Value {
    let claims = edge.permissions.as_ref().map(|permissions| {
        permissions.iter().map(|permission| permission.claim.as_str()).collect::<Vec<_>>()
    });
    json!({
        "id": edge.other.id.to_string(),
        "objectId": edge.other.object_id.to_string(),
        "given": edge.other.given,
        "family": edge.other.family,
        "permissions": claims,
    })
}

pub(crate) fn time(at: Timestamp) -> String {
    at.to_string()
}

/// A time that is in UTC.
fn civil(at: DateTime) -> String {
    format!("{at}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_value_keeps_its_shape_and_a_secret_its_secret() {
        let map = Recorded::Map([("a".to_owned(), Recorded::Integer(1))].into());
        let list =
            Recorded::List(vec![Recorded::Null, Recorded::Bool(true), Recorded::Text("x".into()), map]);
        assert_eq!(recorded(&list), json!([null, true, "x", {"a": 1}]));
        assert_eq!(recorded(&Recorded::Secret), json!({"secret": true}));
    }
}
