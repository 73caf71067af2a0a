//! Custom fields: what a tenant's administrators define, and the values people have in them.

use jiff::civil::Date;

use crate::ids::CustomFieldId;
use crate::limits;
use crate::text::{NUL_REFUSED, holds_nul};

/// The definition of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomField {
    pub id: CustomFieldId,
    /// The name under which values are kept; unique in the tenant, compared exactly.
    pub key: String,
    /// The name that people read.
    pub name: String,
    pub kind: CustomFieldKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CustomFieldKind {
    Text,
    MultilineText,
    Number,
    /// `YYYY-MM-DD`.
    Date,
    /// Several strings.
    MultiSelect,
}

impl CustomFieldKind {
    pub const ALL: [Self; 5] = [Self::Text, Self::MultilineText, Self::Number, Self::Date, Self::MultiSelect];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::MultilineText => "multiline-text",
            Self::Number => "number",
            Self::Date => "date",
            Self::MultiSelect => "multi-select",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Its place among the kinds in the order of lists, which is that of their names.
    pub fn rank(self) -> u8 {
        match self {
            Self::Date => 0,
            Self::MultiSelect => 1,
            Self::MultilineText => 2,
            Self::Number => 3,
            Self::Text => 4,
        }
    }
}

/// A person's value in one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustomValue {
    Text(String),
    List(Vec<String>),
}

impl CustomField {
    /// Says why a value does not fit this field.
    pub fn check(&self, value: &CustomValue) -> Result<(), String> {
        match (self.kind, value) {
            (CustomFieldKind::MultiSelect, CustomValue::Text(_)) => {
                Err("must be an array of strings, such as [\"Blue\", \"Green\"]".into())
            }
            (CustomFieldKind::MultiSelect, CustomValue::List(items)) => match items.len() {
                0..=limits::CUSTOM_FIELDS => items.iter().try_for_each(|item| check_text(item)),
                _ => Err(format!("must not hold more than {} strings", limits::CUSTOM_FIELDS)),
            },
            (_, CustomValue::List(_)) => Err("must be a string, such as \"Blue\"".into()),
            (CustomFieldKind::Date, CustomValue::Text(text)) => match text.parse::<Date>() {
                Ok(date) if date.to_string() == *text => Ok(()),
                _ => Err("must be a date, such as 2026-11-25".into()),
            },
            (
                CustomFieldKind::Text | CustomFieldKind::MultilineText | CustomFieldKind::Number,
                CustomValue::Text(text),
            ) => check_text(text),
        }
    }
}

fn check_text(text: &str) -> Result<(), String> {
    if text.chars().count() > limits::TEXT {
        return Err(format!("must not be longer than {} characters", limits::TEXT));
    }
    if holds_nul(text) {
        return Err(NUL_REFUSED.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_value_has_the_kind_of_its_field() {
        let field =
            |kind| CustomField { id: CustomFieldId(Uuid::nil()), key: "k".into(), name: "K".into(), kind };
        let text = |t: &str| CustomValue::Text(t.into());
        assert!(field(CustomFieldKind::Text).check(&text("")).is_ok());
        assert!(field(CustomFieldKind::Text).check(&CustomValue::List(vec![])).is_err());
        assert!(field(CustomFieldKind::Text).check(&text(&"x".repeat(4_001))).is_err());
        assert!(field(CustomFieldKind::Text).check(&text("A\0B")).is_err());
        assert!(field(CustomFieldKind::MultiSelect).check(&text("a")).is_err());
        assert!(field(CustomFieldKind::MultiSelect).check(&CustomValue::List(vec!["a".into()])).is_ok());
        for (date, good) in [("2002-12-30", true), ("2002-02-30", false), ("", false), ("20021230", false)] {
            assert_eq!(field(CustomFieldKind::Date).check(&text(date)).is_ok(), good, "{date}");
        }
    }
}
