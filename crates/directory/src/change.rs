//! What a change says of one attribute, and what is recorded of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::attribute::Attribute;
use crate::custom_field::CustomValue;
use crate::email::Email;
use crate::identity::Identity;
use crate::ids::{AssetId, DepartmentId, Number, ObjectId, OrganizationId, PersonId, TeamId};
use crate::invitation::{Invitation, Reinstatement};
use crate::membership::{AccessType, KareScope, ReplayRole};
use crate::organization::{DepartmentLocale, Permission};
use crate::person::{Entry, Gender, Lang, Phone};
use crate::status::Status;
use crate::template::{TemplateCulture, TemplateEmail};

/// Keep what there is, clear it, or set it.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Change<T> {
    #[default]
    Keep,
    Clear,
    Set(T),
}

impl<T> Change<T> {
    /// From a value that a document always names: nothing there means clear.
    pub fn to(value: Option<T>) -> Self {
        value.map_or(Self::Clear, Self::Set)
    }

    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

/// One attribute that a change made different.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeChange {
    pub attribute: Attribute,
    pub before: Value,
    pub after: Value,
}

impl AttributeChange {
    /// What is recorded where this is undone.
    pub fn reversed(self) -> Self {
        Self { attribute: self.attribute, before: self.after, after: self.before }
    }
}

/// A value as an event records it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Text(String),
    List(Vec<Value>),
    Map(BTreeMap<String, Value>),
    /// Something secret was here; what, is recorded nowhere.
    Secret,
}

/// A place that a [`Change`] can be applied to: an optional value, or one whose absence is its default.
pub trait Slot<T>: PartialEq + Recorded + Sized {
    fn of(value: T) -> Self;
    fn none() -> Self;

    /// Applies the change and notes the difference, if it makes one.
    fn apply(&mut self, change: Change<T>, attribute: Attribute, changes: &mut Vec<AttributeChange>) {
        let after = match change {
            Change::Keep => return,
            Change::Clear => Self::none(),
            Change::Set(value) => Self::of(value),
        };
        if *self != after {
            changes.push(AttributeChange { attribute, before: self.record(), after: after.record() });
            *self = after;
        }
    }
}

impl<T: PartialEq + Recorded> Slot<T> for Option<T> {
    fn of(value: T) -> Self {
        Some(value)
    }

    fn none() -> Self {
        None
    }
}

macro_rules! slots_with_a_default {
    ($($type:ty),*) => {$(
        impl Slot<$type> for $type {
            fn of(value: $type) -> Self {
                value
            }

            fn none() -> Self {
                Default::default()
            }
        }
    )*};
}

slots_with_a_default!(String, u64, Lang, KareScope, ReplayRole, AccessType);

impl<T: PartialEq + Recorded> Slot<Vec<T>> for Vec<T> {
    fn of(value: Self) -> Self {
        value
    }

    fn none() -> Self {
        Self::new()
    }
}

impl Slot<Self> for Status {
    fn of(value: Self) -> Self {
        value
    }

    /// Nobody is without a status: cleared means as it was at the start.
    fn none() -> Self {
        Self::Active
    }
}

/// What an event keeps of a value.
pub trait Recorded {
    fn record(&self) -> Value;
}

impl<T: Recorded> Recorded for Option<T> {
    fn record(&self) -> Value {
        self.as_ref().map_or(Value::Null, Recorded::record)
    }
}

impl<T: Recorded> Recorded for Vec<T> {
    fn record(&self) -> Value {
        Value::List(self.iter().map(Recorded::record).collect())
    }
}

impl Recorded for String {
    fn record(&self) -> Value {
        Value::Text(self.clone())
    }
}

impl Recorded for bool {
    fn record(&self) -> Value {
        Value::Bool(*self)
    }
}

macro_rules! recorded_as_text {
    ($($type:ty),*) => {$(
        impl Recorded for $type {
            fn record(&self) -> Value {
                Value::Text(self.to_string())
            }
        }
    )*};
}

recorded_as_text!(Email, Timestamp, DepartmentId, OrganizationId, PersonId, AssetId, TeamId, ObjectId);

/// Civil times are in UTC and are recorded as the instants are.
impl Recorded for DateTime {
    fn record(&self) -> Value {
        Value::Text(format!("{self}Z"))
    }
}

macro_rules! recorded_by_name {
    ($($type:ty),*) => {$(
        impl Recorded for $type {
            fn record(&self) -> Value {
                Value::Text(self.as_str().to_owned())
            }
        }
    )*};
}

recorded_by_name!(Status, Lang, Gender, KareScope, ReplayRole, AccessType);

impl Recorded for i64 {
    fn record(&self) -> Value {
        Value::Integer(*self)
    }
}

impl Recorded for u64 {
    fn record(&self) -> Value {
        i64::try_from(*self).map_or_else(|_| Value::Text(self.to_string()), Value::Integer)
    }
}

impl Recorded for Number {
    fn record(&self) -> Value {
        self.get().record()
    }
}

impl Recorded for Permission {
    fn record(&self) -> Value {
        Value::Text(self.claim.clone())
    }
}

impl Recorded for CustomValue {
    fn record(&self) -> Value {
        match self {
            Self::Text(text) => text.record(),
            Self::List(items) => items.record(),
        }
    }
}

impl Recorded for Phone {
    fn record(&self) -> Value {
        let country = self.country_code.map_or(Value::Null, |code| Value::Integer(code.into()));
        map([("country_code", country), ("number", self.number.record())])
    }
}

impl Recorded for Identity {
    fn record(&self) -> Value {
        map([("source", Value::Text(self.source.to_string())), ("value", self.value.record())])
    }
}

impl<Id: ToString> Recorded for Entry<Id> {
    fn record(&self) -> Value {
        map([("id", Value::Text(self.id.to_string())), ("data_source", self.data_source.record())])
    }
}

impl Recorded for DepartmentLocale {
    fn record(&self) -> Value {
        map([("culture", self.culture.record()), ("description", self.description.record())])
    }
}

impl Recorded for TemplateCulture {
    fn record(&self) -> Value {
        map([("culture", self.culture.record()), ("sms", self.sms.record()), ("email", self.email.record())])
    }
}

impl Recorded for TemplateEmail {
    fn record(&self) -> Value {
        map([("subject", self.subject.record()), ("body", self.body.record())])
    }
}

impl Recorded for Invitation {
    fn record(&self) -> Value {
        map([
            ("id", Value::Text(self.id.to_string())),
            ("organization", Value::Text(self.organization.to_string())),
            ("expires_at", self.expires_at.record()),
            ("resend_count", u64::from(self.resend_count).record()),
            ("reinstatement", self.reinstatement.as_deref().map_or(Value::Null, Recorded::record)),
        ])
    }
}

impl Recorded for Reinstatement {
    fn record(&self) -> Value {
        map([
            ("email", self.email.record()),
            ("name", self.name.shown().record()),
            ("external_id", self.external_id.record()),
            ("role", self.role.record()),
            ("team", self.team.record()),
        ])
    }
}

fn map<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Map(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}
