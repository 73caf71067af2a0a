//! Why a command did not do what it was asked to: a sentence, what to do about it, and an exit code.

use std::fmt;

use directory::ports::Busy;
use directory::store::Unavailable;
use directory::{Attribute, EntityKind, Refusal, SubjectKind};

use crate::visible;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Error {
    message: String,
    hints: Vec<Hint>,
    usage: bool,
}

/// What can be done: a sentence, and below it what there is to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hint {
    sentence: String,
    choices: Vec<String>,
}

impl Error {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hints: Vec::new(), usage: false }
    }

    /// The command line itself makes no sense.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { usage: true, ..Self::new(message) }
    }

    /// Adds one thing that can be done.
    pub(crate) fn hint(self, sentence: impl Into<String>) -> Self {
        self.choices(sentence, Vec::new())
    }

    /// Adds a choice that must be made.
    pub(crate) fn choices(mut self, sentence: impl Into<String>, choices: Vec<String>) -> Self {
        self.hints.push(Hint { sentence: sentence.into(), choices });
        self
    }

    /// As clap has it: 2 for usage, 1 for all else.
    pub(crate) fn exit_code(&self) -> u8 {
        if self.usage { 2 } else { 1 }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // All of it may repeat arguments and stored texts.
        write!(f, "error: {}", visible::line(&self.message))?;
        for Hint { sentence, choices } in &self.hints {
            write!(f, "\nhint: {}", visible::line(sentence))?;
            for choice in choices {
                write!(f, "\n  {}", visible::line(choice))?;
            }
        }
        Ok(())
    }
}

impl From<Busy> for Error {
    fn from(_: Busy) -> Self {
        Self::new("too many passwords are being hashed").hint("try again")
    }
}

impl From<Unavailable> for Error {
    fn from(_: Unavailable) -> Self {
        Self::new("the store cannot answer")
            .hint("the cause is in the lines above; is the disk full, the file in use, or the database out of reach?")
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoSuchPerson => Self::new("there is no such person in this organization"),
            Refusal::NoSuchEntity(kind) => Self::new(format!("there is no such {kind} in this tenant")),
            Refusal::InUse { subject: SubjectKind::Entity(entity), by } => {
                Self::new(format!("the {entity} is in use by a {by}")).hint(in_use(entity, by))
            }
            Refusal::InUse { subject, by } => {
                Self::new(format!("the {subject} still has {}", several(by))).hint(to_remove(by))
            }
            Refusal::NotADirectChild => Self::new("the organization is not a direct child of the other"),
            Refusal::NotActive => Self::new("the person is not active"),
            Refusal::CallerGone => Self::new("the caller is no longer a member"),
            Refusal::NotAllowed(what) => Self::new(what),
            Refusal::Taken { attribute: attribute @ Attribute::Of(_) } => {
                Self::new(format!("{attribute} is already taken"))
                    .hint("another one in the tenant has it; list --json shows all that each has, as in: personae group list --json")
            }
            Refusal::Taken { attribute } => Self::new(format!("{attribute} is already taken"))
                .hint("values like this are unique in a tenant; look for who has it with: personae person show VALUE"),
            Refusal::Unknown { attribute, value } => {
                Self::new(format!("{attribute} refers to {value}, which does not exist in this tenant"))
            }
            Refusal::Invalid { attribute, reason } => Self::new(format!("{attribute} {reason}")),
            Refusal::Unavailable => Unavailable.into(),
        }
    }
}

/// Some that are in the way of an organization.
fn several(by: SubjectKind) -> String {
    match by {
        SubjectKind::Person => "members".to_owned(),
        SubjectKind::Organization => "organizations below it".to_owned(),
        SubjectKind::Credential => "live credentials".to_owned(),
        SubjectKind::Session => "sessions".to_owned(),
        SubjectKind::Message => "messages".to_owned(),
        SubjectKind::Entity(kind) => format!("a {kind}"),
    }
}

/// What to do about them.
fn to_remove(by: SubjectKind) -> &'static str {
    match by {
        SubjectKind::Person => {
            "end their memberships first: personae person list --organization ORGANIZATION, then \
             personae person delete PERSON --organization ORGANIZATION"
        }
        SubjectKind::Organization => {
            "delete those first: personae organization list, then personae organization delete ORGANIZATION"
        }
        SubjectKind::Credential => {
            "revoke them first: personae credential list --organization ORGANIZATION, then \
             personae credential revoke ID"
        }
        SubjectKind::Session | SubjectKind::Message | SubjectKind::Entity(_) => "take them away first",
    }
}

/// What to do about an entity that is in use.
fn in_use(entity: EntityKind, by: SubjectKind) -> &'static str {
    match (entity, by) {
        (EntityKind::Department, SubjectKind::Person) => {
            "move those whose primary department it is: personae person change PERSON --department OTHER"
        }
        (EntityKind::Department, _) => {
            "move the departments below it: personae department change ID --parent OTHER, or --clear parent"
        }
        (EntityKind::Role, _) => {
            "take it from those who have it; one that everybody has first: personae role change ROLE --no-default"
        }
        (
            EntityKind::Team
            | EntityKind::Label
            | EntityKind::CustomField
            | EntityKind::Group
            | EntityKind::Template,
            _,
        ) => "take it from those who have it first",
    }
}
