//! Message templates: what is sent to people, in the words of each culture.

use jiff::Timestamp;

use crate::ids::TemplateId;

/// The culture of a text that was written without one.
pub const DEFAULT_CULTURE: &str = "en-GB";

/// A template for messages. Placeholders in its texts look like `#name#`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pub id: TemplateId,
    pub name: String,
    /// In the order given, each culture once.
    pub cultures: Vec<TemplateCulture>,
    pub created_at: Timestamp,
    /// None: it was never changed.
    pub updated_at: Option<Timestamp>,
}

/// What a template says in one culture, by each channel that it has a text for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateCulture {
    /// Such as `en-GB`.
    pub culture: String,
    /// The text of a short message.
    pub sms: Option<String>,
    pub email: Option<TemplateEmail>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateEmail {
    pub subject: String,
    /// HTML.
    pub body: String,
}

impl Template {
    /// A template with nothing but a name.
    pub fn new(id: TemplateId, name: impl Into<String>) -> Self {
        Self {
            id,
            name: name.into(),
            cultures: Vec::new(),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: None,
        }
    }
}
