//! Messages to people: each waits in an outbox until whoever sends messages for this installation has taken it.

use jiff::Timestamp;

use crate::attribute::{Attribute, Property};
use crate::caller::Channel;
use crate::change::{AttributeChange, Value};
use crate::ids::{MessageId, OrganizationId, PersonId};
use crate::limits;
use crate::refusal::Refusal;
use crate::text;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Of version 7, so that the order of ids is that of time.
    pub id: MessageId,
    /// From which it is sent.
    pub organization: OrganizationId,
    /// A member of that organization when the message was asked for.
    pub person: PersonId,
    /// Through which API it was asked for.
    pub via: Channel,
    pub content: Content,
    pub state: MessageState,
    /// How often it was tried to send it.
    pub tries: u32,
    pub created_at: Timestamp,
}

/// What is sent, and where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The text is HTML.
    Email { to: String, subject: String, text: String },
    /// To a number such as `+4512345678`.
    Sms { to: String, text: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageChannel {
    Email,
    Sms,
}

impl MessageChannel {
    pub const ALL: [Self; 2] = [Self::Email, Self::Sms];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == text)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MessageState {
    #[default]
    Waiting,
    Sent,
    Failed,
    Cancelled,
}

impl MessageState {
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Sent, Self::Failed, Self::Cancelled];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// Which messages of a tenant to list, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MessageQuery {
    pub state: Option<MessageState>,
    pub person: Option<PersonId>,
    /// Only those with a greater id, to read on.
    pub after: Option<MessageId>,
    /// At most so many.
    pub limit: usize,
}

impl Content {
    pub fn channel(&self) -> MessageChannel {
        match self {
            Self::Email { .. } => MessageChannel::Email,
            Self::Sms { .. } => MessageChannel::Sms,
        }
    }

    pub fn to(&self) -> &str {
        match self {
            Self::Email { to, .. } | Self::Sms { to, .. } => to,
        }
    }

    /// A text message has none.
    pub fn subject(&self) -> Option<&str> {
        match self {
            Self::Email { subject, .. } => Some(subject),
            Self::Sms { .. } => None,
        }
    }

    pub fn text(&self) -> &str {
        match self {
            Self::Email { text, .. } | Self::Sms { text, .. } => text,
        }
    }
}

impl Message {
    /// What the event of the message records: how and where it goes. Never what it says, which may be a secret.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with the property that breaks a rule.
    pub fn plan(&self) -> Result<Vec<AttributeChange>, Refusal> {
        let content = &self.content;
        required(Property::Recipient, content.to(), limits::KEY)?;
        if let Some(subject) = content.subject() {
            required(Property::Subject, subject, limits::TEXT)?;
            // A line break would end the header of the mail, and what follows would be another.
            if subject.contains(char::is_control) {
                let subject = Attribute::Of(Property::Subject);
                return Err(Refusal::invalid(subject, "must be one line without control characters"));
            }
        }
        let most = match content.channel() {
            MessageChannel::Email => limits::TEMPLATE_TEXT,
            MessageChannel::Sms => limits::SMS_TEXT,
        };
        required(Property::Text, content.text(), most)?;
        let recorded = |property, after: &str| AttributeChange {
            attribute: Attribute::Of(property),
            before: Value::Null,
            after: Value::Text(after.to_owned()),
        };
        Ok(vec![
            recorded(Property::Channel, content.channel().as_str()),
            recorded(Property::Recipient, content.to()),
        ])
    }
}

fn required(property: Property, value: &str, most: usize) -> Result<(), Refusal> {
    let invalid = |reason: &str| Err(Refusal::invalid(Attribute::Of(property), reason));
    match value.chars().count() {
        _ if text::is_blank(value) => invalid("must not be blank"),
        length if length > most => invalid(&format!("must not be longer than {most} characters")),
        _ if text::holds_nul(value) => invalid(text::NUL_REFUSED),
        _ => Ok(()),
    }
}
