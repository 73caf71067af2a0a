//! Customers, their connections and their clients, and the bodies that change them.

use std::collections::BTreeMap;
use std::fmt;

use directory::customer::{Segment, Setting, Strategy, StrategyKind, Vertical};
use directory::identity::Identity;
use directory::ids::ObjectId;
use directory::{Change, NewClient};
use jiff::SignedDuration;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{IDENTITY, Id, IdentityDto, NOT_AN_ID, TEXT, TenantDigest, elements, identity, required_text};
use crate::http::Fields;
use crate::http::fields::characters;
use crate::http::json::Value;
use crate::laurel::auth::Tier;
use crate::laurel::error::Error;

/// Of one customer.
pub const IDENTITIES: usize = 100;
pub const CONNECTIONS: usize = 50;
const DOMAINS: usize = 100;

/// Characters of a certificate, which is the longest setting.
const SETTING: usize = 8_192;
const MAPPED: usize = 100;

/// The vendor documents 90 days for the secret of a client that a customer makes for itself.
const MANAGED_LIFETIME: SignedDuration = SignedDuration::from_hours(90 * 24);

/// `Customer`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerDto<'a> {
    #[serde(rename = "_id")]
    pub id: Id,
    pub code: String,
    pub created_at: String,
    pub full_name: &'a str,
    pub name: String,
    pub updated_at: String,
    pub connections: Vec<ConnectionDto<'a>>,
    pub identities: Vec<IdentityDto<'a>>,
    pub tenant: TenantDigest,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pms_vendor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salesforce_account_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vertical: Option<&'static str>,
}

/// `Connection`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionDto<'a> {
    pub name: String,
    pub created_at: String,
    pub external_id: &'a str,
    pub strategy: StrategyDto<'a>,
    pub updated_at: String,
    pub fqdns: &'a [String],
    pub scim: bool,
}

/// `type`, and the settings beside it.
#[derive(Debug)]
pub struct StrategyDto<'a>(pub &'a Strategy);

impl Serialize for StrategyDto<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Strategy { kind, settings } = self.0;
        let mut map = serializer.serialize_map(Some(settings.len() + 1))?;
        map.serialize_entry("type", kind.as_str())?;
        for (name, setting) in settings {
            match setting {
                Setting::Text(text) => map.serialize_entry(name, text)?,
                Setting::Flag(flag) => map.serialize_entry(name, flag)?,
                Setting::Map(names) => map.serialize_entry(name, names)?,
            }
        }
        map.end()
    }
}

#[derive(Debug, Serialize)]
pub struct RegionName {
    pub name: &'static str,
}

#[derive(Debug, Serialize)]
pub struct Region {
    pub region: &'static str,
}

/// The answer to switching SCIM on, or, with nothing in it, off.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScimAccess {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scim_endpoint_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scim_bearer_token: Option<String>,
}

/// `APIClient`. The secret is shown by the call that made it alone.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiClient<'a> {
    #[serde(rename = "_id")]
    pub id: Id,
    pub client_id: &'a str,
    pub name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<&'a str>,
}

/// `ManagedClient`. The secret is shown by the call that made it alone.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ManagedClient<'a> {
    #[serde(rename = "_id")]
    pub id: Id,
    pub external_client_id: &'a str,
    pub name: &'a str,
    pub description: &'a str,
    pub created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_client_secret: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_secret_expires_at: Option<String>,
    pub permission_tier: Tier,
}

/// None of them says its secret to a log.
macro_rules! secret {
    ($($type:ident$(<$life:lifetime>)? { $name:literal: $shown:ident })+) => {$(
        impl fmt::Debug for $type$(<$life>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($type)).field($name, &self.$shown).finish_non_exhaustive()
            }
        }
    )+};
}

secret! {
    ScimAccess { "scim_endpoint_url": scim_endpoint_url }
    ApiClient<'_> { "client_id": client_id }
    ManagedClient<'_> { "external_client_id": external_client_id }
}

/// What a body says of a customer; what is absent is left alone.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PatchCustomer {
    pub code: Option<String>,
    pub full_name: Option<String>,
    pub name: Option<String>,
    pub identities: Option<Vec<Identity>>,
    pub segment: Option<Segment>,
    pub vertical: Option<Vertical>,
    pub pms_vendor: Change<String>,
    pub salesforce_account_id: Change<String>,
}

/// The body of `POST /api/v1/customers`.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCustomer {
    pub id: Option<ObjectId>,
    pub full_name: String,
    pub rest: PatchCustomer,
}

impl NewCustomer {
    pub fn read(body: Value, tenant: ObjectId) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        for name in ["code", "fullName", "name", "tenantId", "identities", "segment", "vertical"] {
            if !fields.has(name) {
                fields.wrong::<()>(name, "must be given");
            }
        }
        let id = match fields.nullable_text("_id", 0..=TEXT, characters) {
            Change::Set(text) => text.parse().ok().or_else(|| fields.wrong("_id", NOT_AN_ID)),
            Change::Keep | Change::Clear => None,
        };
        // A customer without an id yet is none that an identity could be bound to.
        let rest = PatchCustomer::of(&mut fields, tenant, id.unwrap_or(ObjectId::NIL));
        let full_name = rest.full_name.clone().unwrap_or_default();
        Ok(fields.done(Self { id, full_name, rest })?)
    }
}

impl PatchCustomer {
    pub fn read(body: Value, tenant: ObjectId, customer: ObjectId) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        let read = Self::of(&mut fields, tenant, customer);
        Ok(fields.done(read)?)
    }

    fn of(fields: &mut Fields, tenant: ObjectId, customer: ObjectId) -> Self {
        if let Some(text) = fields.text("tenantId", 0..=TEXT, characters)
            && text.parse() != Ok(tenant)
        {
            fields.wrong::<()>("tenantId", "must be the tenant of the token's customer");
        }
        let code = checked(fields, "code", is_code, "must be three capital letters or digits, such as AUR");
        let name =
            checked(fields, "name", is_kebab, "must be in lower case with dashes, such as aurora-north");
        Self {
            code,
            full_name: fields.text("fullName", 1..=TEXT, characters),
            name,
            identities: identities(fields, customer),
            segment: named(fields, "segment", Segment::parse, "must be a known segment, such as mid-market"),
            vertical: named(fields, "vertical", Vertical::parse, "must be legal or accounting"),
            pms_vendor: fields.nullable_text("pmsVendor", 0..=TEXT, characters),
            salesforce_account_id: fields.nullable_text("salesforceAccountId", 0..=TEXT, characters),
        }
    }
}

/// An identity of a customer, alone in a body.
pub fn one_identity(body: Value, customer: ObjectId) -> Result<Identity, Error> {
    let mut fields = Fields::of(body)?;
    match own_identity(&mut fields, customer) {
        Some(identity) => Ok(fields.done(identity)?),
        None => Err(Error::Invalid(fields.errors)),
    }
}

fn identities(fields: &mut Fields, customer: ObjectId) -> Option<Vec<Identity>> {
    elements(fields, "identities", IDENTITIES, IDENTITY, |entry| own_identity(entry, customer))
}

fn own_identity(entry: &mut Fields, customer: ObjectId) -> Option<Identity> {
    let identity = identity(entry, customer)?;
    match (1..=TEXT).contains(&characters(&identity.value)) {
        true => Some(identity),
        false => entry.wrong("value", format!("must have 1 to {TEXT} characters")),
    }
}

/// The bodies that make and change a connection; what is absent is left alone.
#[derive(Debug, Clone, PartialEq)]
pub struct PatchConnection {
    pub strategy: Option<Strategy>,
    pub domains: Option<Vec<String>>,
    pub scim: Option<bool>,
}

impl PatchConnection {
    pub fn read(body: Value) -> Result<Self, Error> {
        Self::of(Fields::of(body)?)
    }

    /// The same where the strategy and the domains must be given.
    pub fn read_new(body: Value) -> Result<(Strategy, Self), Error> {
        let mut fields = Fields::of(body)?;
        for name in ["strategy", "fqdns"] {
            if !fields.has(name) {
                fields.wrong::<()>(name, "must be given");
            }
        }
        let mut read = Self::of(fields)?;
        match read.strategy.take() {
            Some(strategy) => Ok((strategy, read)),
            // Whatever is given and is none was wrong.
            None => Err(Error::Invalid(Vec::new())),
        }
    }

    fn of(mut fields: Fields) -> Result<Self, Error> {
        let read = Self {
            strategy: strategy(&mut fields),
            domains: domains(&mut fields, 0),
            scim: fields.boolean("scim"),
        };
        Ok(fields.done(read)?)
    }
}

/// The body of `PUT .../domains`.
pub fn some_domains(body: Value) -> Result<Vec<String>, Error> {
    let mut fields = Fields::of(body)?;
    if !fields.has("fqdns") {
        fields.wrong::<()>("fqdns", "must be given");
    }
    let domains = domains(&mut fields, 1).unwrap_or_default();
    Ok(fields.done(domains)?)
}

/// The body of `PATCH .../scim`.
pub fn scim_enabled(body: Value) -> Result<bool, Error> {
    let mut fields = Fields::of(body)?;
    if !fields.has("scimEnabled") {
        fields.wrong::<()>("scimEnabled", "must be given");
    }
    let enabled = fields.boolean("scimEnabled").unwrap_or_default();
    Ok(fields.done(enabled)?)
}

/// Each once, in the order given.
fn domains(fields: &mut Fields, least: usize) -> Option<Vec<String>> {
    const MESSAGE: &str = "must hold domain names alone, such as aurora.example";
    let items = fields.array("fqdns", DOMAINS)?;
    if items.len() < least {
        return fields.wrong("fqdns", "must not be empty");
    }
    let mut domains: Vec<String> = Vec::with_capacity(items.len());
    for item in &items {
        match item.as_str() {
            Some(domain) if is_domain(domain) => {
                if !domains.iter().any(|known| known.eq_ignore_ascii_case(domain)) {
                    domains.push(domain.to_owned());
                }
            }
            Some(_) | None => return fields.wrong("fqdns", MESSAGE),
        }
    }
    Some(domains)
}

/// What a strategy has beside its type: a name, and whether it has to be there.
enum Kind {
    Text,
    Flag,
    Names,
    /// Taken and kept nowhere, because nobody signs in by it here.
    Secret,
}

fn settings_of(kind: StrategyKind) -> &'static [(&'static str, Kind, bool)] {
    use Kind::{Flag, Names, Secret, Text};
    match kind {
        StrategyKind::Adfs => {
            &[("apiEnableUsers", Flag, true), ("adfsServer", Text, true), ("tenantDomain", Text, true)]
        }
        StrategyKind::Waad => &[
            ("clientId", Text, true),
            ("clientSecret", Secret, true),
            ("identityApi", Text, true),
            ("tenantDomain", Text, true),
            ("azureTenantId", Text, false),
        ],
        StrategyKind::Db => &[],
        StrategyKind::Saml => &[
            ("digestAlgorithm", Text, true),
            ("signatureAlgorithm", Text, true),
            ("signInEndpoint", Text, true),
            ("signingCert", Text, true),
            ("signSamlRequest", Flag, true),
            ("tenantDomain", Text, true),
            ("fieldsMap", Names, false),
        ],
    }
}

fn strategy(fields: &mut Fields) -> Option<Strategy> {
    let mut strategy = fields.object("strategy")?;
    let kind = required_text(&mut strategy, "type", 0..=TEXT).and_then(|text| {
        let message = "must be adfs, waad, db or samlp";
        StrategyKind::parse(&text).or_else(|| strategy.wrong("type", message))
    });
    let mut settings = BTreeMap::new();
    for (name, what, is_required) in kind.map(settings_of).unwrap_or_default() {
        if !strategy.has(name) {
            if *is_required {
                strategy.wrong::<()>(name, "must be given");
            }
            continue;
        }
        let setting = match what {
            Kind::Text => strategy.text(name, 1..=SETTING, characters).map(Setting::Text),
            Kind::Flag => strategy.boolean(name).map(Setting::Flag),
            Kind::Names => names(&mut strategy, name).map(Setting::Map),
            Kind::Secret => {
                strategy.text(name, 1..=SETTING, characters);
                None
            }
        };
        settings.extend(setting.map(|setting| ((*name).to_owned(), setting)));
    }
    fields.close(strategy);
    Some(Strategy { kind: kind?, settings })
}

/// An object of texts.
fn names(fields: &mut Fields, name: &str) -> Option<BTreeMap<String, String>> {
    let mut inner = fields.object(name)?;
    let given = inner.names();
    if given.len() > MAPPED || given.iter().any(|name| characters(name) > TEXT) {
        fields.close(inner);
        return fields
            .wrong(name, format!("must not have more than {MAPPED} names, or longer ones than {TEXT}"));
    }
    let mut names = BTreeMap::new();
    for name in given {
        if let Some(text) = inner.text(&name, 0..=TEXT, characters) {
            names.insert(name, text);
        }
    }
    fields.close(inner);
    Some(names)
}

/// The body of `POST .../managed-clients`. The name has yet to get the customer's code in front.
pub fn new_managed_client(body: Value) -> Result<NewClient, Error> {
    let mut fields = Fields::of(body)?;
    let name = required_text(&mut fields, "name", 3..=50).filter(|name| {
        let is_right = is_kebab(name) && name.starts_with(|c: char| c.is_ascii_lowercase());
        if !is_right {
            fields.wrong::<()>("name", "must be in lower case with dashes and begin with a letter");
        }
        is_right
    });
    let description = required_text(&mut fields, "description", 0..=500);
    let tier = required_text(&mut fields, "permissionTier", 0..=TEXT).and_then(|text| {
        Tier::parse(&text).or_else(|| fields.wrong("permissionTier", "must be read or readwrite"))
    });
    let client = NewClient {
        name: name.unwrap_or_default(),
        description,
        scopes: tier.unwrap_or(Tier::Read).scopes(),
        lifetime: Some(MANAGED_LIFETIME),
    };
    Ok(fields.done(client)?)
}

fn checked(fields: &mut Fields, name: &str, is_right: fn(&str) -> bool, message: &str) -> Option<String> {
    let text = fields.text(name, 0..=TEXT, characters)?;
    if is_right(&text) { Some(text) } else { fields.wrong(name, message) }
}

fn named<T>(fields: &mut Fields, name: &str, parse: fn(&str) -> Option<T>, message: &str) -> Option<T> {
    let text = fields.text(name, 0..=TEXT, characters)?;
    parse(&text).or_else(|| fields.wrong(name, message))
}

fn is_code(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// Words of small letters and digits with single dashes between them.
fn is_kebab(text: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    text.split('-').all(is_word)
}

/// As RFC 1123, section 2.1 has them, with a dot.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_names_and_domains_have_their_forms() {
        for (text, right) in
            [("AUR", true), ("A1Z", true), ("aur", false), ("AU", false), ("AURO", false), ("", false)]
        {
            assert_eq!(is_code(text), right, "{text:?}");
        }
        for (text, right) in
            [("a", true), ("aurora-north-2", true), ("", false), ("a--b", false), ("-a", false), ("A", false)]
        {
            assert_eq!(is_kebab(text), right, "{text:?}");
        }
        for (text, right) in [
            ("aurora.example", true),
            ("x-1.Aurora.example", true),
            ("aurora", false),
            ("a..b", false),
            ("-a.b", false),
            ("a b.c", false),
        ] {
            assert_eq!(is_domain(text), right, "{text:?}");
        }
    }
}
