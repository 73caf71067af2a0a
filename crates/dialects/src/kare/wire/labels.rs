//! Labels.

use std::ops::RangeInclusive;

use directory::organization::{LabelKind, LabelSource};
use serde::Serialize;

use super::required;
use crate::http::Fields;
use crate::http::fields::utf16;
use crate::http::json::Value;
use crate::kare::error::Error;

/// UTF-16 code units of a name or a colour.
const TEXT: RangeInclusive<usize> = 1..=100;

/// A label. The first version does not say who made it.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Label<'a> {
    pub id: u64,
    pub name: &'a str,
    pub color: &'a str,
    pub r#type: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_type: Option<i64>,
    pub updated_at: String,
    pub created_at: String,
}

/// The body of `POST /labels/v1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLabel {
    pub name: String,
    pub color: String,
    pub kind: LabelKind,
}

/// The body of `PUT /labels/v2/rs/{labelId}`, in which what is absent is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchLabel {
    /// Of any length: one that is too long for Kare may have been shown by it, and may come back.
    pub name: Option<String>,
    pub color: Option<String>,
}

impl NewLabel {
    pub fn read(body: Value) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        let name = required(&mut fields, "name", TEXT);
        let color = required(&mut fields, "color", TEXT);
        let kind = match fields.has("type") {
            true => fields.integer("type", 1..=2).and_then(kind),
            false => fields.wrong("type", "is required"),
        };
        let read = Self {
            name: name.unwrap_or_default(),
            color: color.unwrap_or_default(),
            kind: kind.unwrap_or_default(),
        };
        Ok(fields.done(read)?)
    }
}

impl PatchLabel {
    pub fn read(body: Value) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        let name = fields.text("name", 1..=usize::MAX, utf16);
        let color = fields.text("color", TEXT, utf16);
        Ok(fields.done(Self { name, color })?)
    }
}

/// True for what is longer than a name is in Kare.
pub fn is_long(name: &str) -> bool {
    utf16(name) > *TEXT.end()
}

/// The pages number the two uses without saying which is which: in the order in which the title names them.
pub fn kind_number(kind: LabelKind) -> i64 {
    match kind {
        LabelKind::Company => 1,
        LabelKind::Commission => 2,
    }
}

fn kind(number: i64) -> Option<LabelKind> {
    LabelKind::ALL.into_iter().find(|kind| kind_number(*kind) == number)
}

pub fn source_number(source: LabelSource) -> i64 {
    match source {
        LabelSource::Own => 1,
        LabelSource::Provided => 2,
    }
}
