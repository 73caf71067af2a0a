//! The definition of a custom field as Relesys sees it.

use directory::custom_field::{CustomField, CustomFieldKind};

use crate::relesys::wire::CustomFieldDefinition;

/// What a kind is called, by its rank.
pub const TYPES: [&str; CustomFieldKind::ALL.len()] =
    ["Date", "MultiSelect", "MultilineText", "Number", "Text"];

pub fn show(field: &CustomField) -> CustomFieldDefinition<'_> {
    CustomFieldDefinition {
        id: field.id.0,
        external_id: &field.key,
        name: &field.name,
        kind: TYPES[usize::from(field.kind.rank())],
    }
}
