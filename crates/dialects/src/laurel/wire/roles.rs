//! Roles and permissions.

use serde::Serialize;

use super::{Id, PermissionDigest};

/// `Role`.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Role<'a> {
    #[serde(rename = "_id")]
    pub id: Id,
    pub name: &'a str,
    pub description: &'a str,
    pub is_default: bool,
    pub created_at: String,
    pub updated_at: String,
    pub permissions: Vec<PermissionDigest<'a>>,
}

/// `Permission`.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Permission<'a> {
    #[serde(rename = "_id")]
    pub id: Id,
    pub service: &'a str,
    pub namespace: &'a str,
    pub action: &'static str,
    pub description: &'a str,
    pub created_at: String,
    pub updated_at: String,
}
