//! What events record of organizations, credentials and sessions.

use jiff::Timestamp;

use crate::attribute::{Attribute, Property};
use crate::change::{AttributeChange, Recorded, Value};
use crate::credential::{Credential, KeyHash, Session};
use crate::customer::{self, CustomerProfile};
use crate::organization::{Organization, OrganizationDetails};
use crate::throttle::RateLimit;

pub fn organization_added(
    organization: &Organization,
    details: &OrganizationDetails,
) -> Vec<AttributeChange> {
    let mut changes = begun([
        (Property::Number, organization.number.record()),
        (Property::ObjectId, organization.object_id.record()),
        (Property::Parent, organization.parent.record()),
        (Property::Name, organization.name.record()),
        (Property::ExternalId, organization.external_id.record()),
        (Property::Url, details.url.record()),
        (Property::Summary, details.summary.record()),
    ]);
    if let Some(profile) = &details.customer {
        changes.extend(customer::differences(&CustomerProfile::default(), profile));
    }
    changes
}

pub fn organization_deleted(organization: &Organization) -> Vec<AttributeChange> {
    let added = organization_added(organization, &OrganizationDetails::default());
    added.into_iter().map(AttributeChange::reversed).collect()
}

pub fn organization_renamed(before: &str, after: &str) -> Vec<AttributeChange> {
    let name = |name: &str| Value::Text(name.to_owned());
    differing(Property::Name, name(before), name(after))
}

/// Nothing of the secret but that there is one.
pub fn credential_added(credential: &Credential) -> Vec<AttributeChange> {
    begun([
        (Property::Organization, credential.organization.record()),
        (Property::Dialect, Value::Text(credential.dialect.as_str().to_owned())),
        (Property::Name, credential.name.record()),
        (Property::PublicId, credential.public_id.record()),
        (Property::Secret, Value::Secret),
        (Property::Scopes, credential.scopes.0.record()),
        (Property::Person, credential.person.record()),
        (Property::Description, credential.description.record()),
        (Property::RateLimit, rate_limit(credential.rate_limit)),
        (Property::ExpiresAt, credential.expires_at.record()),
    ])
}

/// When each key began; nothing where they are as they were.
pub fn credential_rotated(before: &[KeyHash], after: &[KeyHash]) -> Vec<AttributeChange> {
    let keys = |keys: &[KeyHash]| Value::List(keys.iter().map(|key| key.created_at.record()).collect());
    match before == after {
        true => Vec::new(),
        false => {
            let (before, after) = (keys(before), keys(after));
            vec![AttributeChange { attribute: Attribute::Of(Property::Secret), before, after }]
        }
    }
}

/// Nothing where the limit is as it was.
pub fn credential_limited(before: RateLimit, after: RateLimit) -> Vec<AttributeChange> {
    differing(Property::RateLimit, rate_limit(before), rate_limit(after))
}

/// Of a credential or a session.
pub fn revoked(now: Timestamp) -> Vec<AttributeChange> {
    begun([(Property::RevokedAt, now.record())])
}

pub fn session_begun(session: &Session) -> Vec<AttributeChange> {
    begun([
        (Property::Person, session.person.record()),
        (Property::Organization, session.organization.record()),
        (Property::ExpiresAt, session.expires_at.record()),
    ])
}

/// As the command takes it; the limit of the API is none of the credential's own.
fn rate_limit(limit: RateLimit) -> Value {
    match limit {
        RateLimit::OfDialect => Value::Null,
        RateLimit::PerMinute(limit) => Value::Integer(limit.get().into()),
        RateLimit::Unlimited => Value::Text("none".to_owned()),
    }
}

fn begun<const N: usize>(values: [(Property, Value); N]) -> Vec<AttributeChange> {
    values.into_iter().flat_map(|(property, after)| differing(property, Value::Null, after)).collect()
}

fn differing(property: Property, before: Value, after: Value) -> Vec<AttributeChange> {
    match before == after {
        true => Vec::new(),
        false => vec![AttributeChange { attribute: Attribute::Of(property), before, after }],
    }
}
