//! The JSON document of what single APIs keep of an organization.

use std::collections::BTreeMap;

use directory::customer::{Connection, CustomerProfile, Segment, Setting, Strategy, StrategyKind, Vertical};
use directory::identity::{Identity, Source};
use directory::person::Lang;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Error, Result, keys, keys_from, named};

#[derive(Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Document {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slug: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    segment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vertical: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pms_vendor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    salesforce_account_id: Option<String>,
    /// Source and value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    identities: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    connections: Vec<ConnectionRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lang: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct ConnectionRow {
    id: String,
    kind: String,
    settings: BTreeMap<String, SettingRow>,
    domains: Vec<String>,
    scim: bool,
    /// As the keys of a credential are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scim_key: Option<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum SettingRow {
    Flag(bool),
    Text(String),
    Map(BTreeMap<String, String>),
}

pub(crate) fn write(profile: &CustomerProfile) -> Result<String> {
    let identity = |it: &Identity| (it.source.to_string(), it.value.clone());
    super::json(&Document {
        code: profile.code.clone(),
        slug: profile.slug.clone(),
        segment: profile.segment.map(|it| it.as_str().to_owned()),
        vertical: profile.vertical.map(|it| it.as_str().to_owned()),
        pms_vendor: profile.pms_vendor.clone(),
        salesforce_account_id: profile.salesforce_account_id.clone(),
        identities: profile.identities.iter().map(identity).collect(),
        connections: profile.connections.iter().map(ConnectionRow::of).collect::<Result<_>>()?,
        lang: profile.lang.map(|it| it.as_str().to_owned()),
        time_zone: profile.time_zone.clone(),
    })
}

pub(crate) fn read(text: &str) -> Result<CustomerProfile> {
    let document: Document = serde_json::from_str(text)?;
    let identity =
        |(source, value): (String, String)| Ok(Identity { source: named(&source, Source::parse)?, value });
    Ok(CustomerProfile {
        code: document.code,
        slug: document.slug,
        segment: document.segment.map(|text| named(&text, Segment::parse)).transpose()?,
        vertical: document.vertical.map(|text| named(&text, Vertical::parse)).transpose()?,
        pms_vendor: document.pms_vendor,
        salesforce_account_id: document.salesforce_account_id,
        identities: document.identities.into_iter().map(identity).collect::<Result<_>>()?,
        connections: document.connections.into_iter().map(ConnectionRow::read).collect::<Result<_>>()?,
        lang: document.lang.map(|text| named(&text, Lang::parse)).transpose()?,
        time_zone: document.time_zone,
    })
}

impl ConnectionRow {
    fn of(connection: &Connection) -> Result<Self> {
        let setting = |(name, setting): (&String, &Setting)| (name.clone(), SettingRow::of(setting));
        let scim_key = connection.scim_key.as_ref().map(|key| keys(std::slice::from_ref(key)));
        Ok(Self {
            id: connection.id.clone(),
            kind: connection.strategy.kind.as_str().to_owned(),
            settings: connection.strategy.settings.iter().map(setting).collect(),
            domains: connection.domains.clone(),
            scim: connection.is_scim_enabled,
            scim_key: scim_key.transpose()?,
            created_at: connection.created_at,
            updated_at: connection.updated_at,
        })
    }

    fn read(self) -> Result<Connection> {
        let kind = named(&self.kind, StrategyKind::parse)?;
        let settings = self.settings.into_iter().map(|(name, row)| (name, row.into())).collect();
        let scim_key = match self.scim_key {
            Some(text) => {
                let key = keys_from(&text)?.pop();
                Some(key.ok_or_else(|| Error("a connection without its key".to_owned()))?)
            }
            None => None,
        };
        Ok(Connection {
            id: self.id,
            strategy: Strategy { kind, settings },
            domains: self.domains,
            is_scim_enabled: self.scim,
            scim_key,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

impl SettingRow {
    fn of(setting: &Setting) -> Self {
        match setting {
            Setting::Text(text) => Self::Text(text.clone()),
            Setting::Flag(flag) => Self::Flag(*flag),
            Setting::Map(names) => Self::Map(names.clone()),
        }
    }
}

impl From<SettingRow> for Setting {
    fn from(row: SettingRow) -> Self {
        match row {
            SettingRow::Text(text) => Self::Text(text),
            SettingRow::Flag(flag) => Self::Flag(flag),
            SettingRow::Map(names) => Self::Map(names),
        }
    }
}
