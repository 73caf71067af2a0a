//! Why the directory says no: one closed set, which every dialect matches without `_`.

use crate::attribute::Attribute;
use crate::change::Change;
use crate::entity::EntityKind;
use crate::event::SubjectKind;

/// A refusal changes nothing at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// No such person where the caller looks, or none that the caller may know of.
    NoSuchPerson,
    /// No such entity of this kind in the tenant.
    NoSuchEntity(EntityKind),
    /// The organization named is not a direct child of the caller's.
    NotADirectChild,
    /// The person is invited or disabled, and this change is for active people.
    NotActive,
    /// The caller's person or session is no longer what it was when the call was let in.
    CallerGone,
    /// The caller may not do this; the sentence says what.
    NotAllowed(&'static str),
    /// The value is another's, and this attribute is unique in the tenant.
    Taken { attribute: Attribute },
    /// The subject, an entity or an organization, cannot be deleted while these refer to it.
    InUse { subject: SubjectKind, by: SubjectKind },
    /// The attribute refers to something that does not exist in the tenant.
    Unknown { attribute: Attribute, value: String },
    /// The value breaks a rule of the directory.
    Invalid { attribute: Attribute, reason: String },
    /// The store cannot answer now; the cause is in the log. Nothing was changed.
    Unavailable,
}

impl Refusal {
    pub fn invalid(attribute: Attribute, reason: impl Into<String>) -> Self {
        Self::Invalid { attribute, reason: reason.into() }
    }
}

/// Refuses a text of an unreasonable length, whichever API it came through.
pub(crate) fn check_length(
    attribute: Attribute,
    change: &Change<String>,
    limit: usize,
) -> Result<(), Refusal> {
    match change {
        Change::Set(text) if text.chars().count() > limit => {
            Err(Refusal::invalid(attribute, format!("must not be longer than {limit} characters")))
        }
        Change::Set(_) | Change::Clear | Change::Keep => Ok(()),
    }
}
