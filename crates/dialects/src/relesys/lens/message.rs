//! The bodies of requests that send messages to users, and what the messages say.

use directory::ids::TemplateId;
use directory::message::Content;
use directory::person::{Person, Phone};
use directory::template::{Template, TemplateEmail, fill};
use directory::text::is_blank;
use serde_json::{Map, Value};

use super::create::members;
use super::values::{self, ValueError};
use crate::http::json;
use crate::relesys::error::Error;

const MESSAGE: &str = "message";
const DELIVERY: &str = "deliveryMethod";
const TEMPLATE: &str = "communicationTemplateId";
const TYPE: &str = "messageType";
const BODY: &str = "messageBody";
const RESET_LOGIN_CODE: &str = "resetLoginCode";

/// The types of messages, each by the name of the template that has its texts.
const TYPES: [&str; 3] = ["welcome", "logininfo", "forgottenpassword"];

/// The body of `POST /users/{userId}/sms`: its text.
///
/// # Errors
/// A body that is not an object; a message that is missing or not a text.
pub fn read_sms(body: json::Value) -> Result<String, Error> {
    let sent = members(body, &[MESSAGE])?;
    let text = sent.get(MESSAGE).and_then(|value| value.as_str()).map(str::to_owned);
    text.ok_or_else(|| Error::at(MESSAGE, "Must be a text."))
}

/// Ways for a message to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    pub email: bool,
    pub sms: bool,
}

/// The body of `POST /communication/messages/{userId}/send`
/// (api.relesysapp.net/docs/latest/endpoint/messages-post-sendmessage).
#[derive(Debug, PartialEq)]
pub struct SendMessage {
    pub delivery: Delivery,
    pub source: MessageSource,
}

/// Where the texts of a message come from.
#[derive(Debug, PartialEq)]
pub enum MessageSource {
    Template(TemplateId),
    /// The template of this name.
    Type(&'static str),
    Body(Texts),
}

/// What a message says, by the way that it goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Texts {
    pub email: Option<TemplateEmail>,
    pub sms: Option<String>,
}

impl SendMessage {
    /// Of the three sources the first that is given counts, in the order of [`MessageSource`]; the others are not looked at.
    ///
    /// # Errors
    /// A body that is not an object; a delivery method that is missing or unknown; no source, or a wrong one.
    pub fn read(body: json::Value) -> Result<Self, Error> {
        let sent = members(body, &[DELIVERY, TEMPLATE, TYPE, BODY])?;
        let delivery = match sent.get(DELIVERY).and_then(Value::as_str) {
            Some("email") => Delivery { email: true, sms: false },
            Some("sms") => Delivery { email: false, sms: true },
            Some("both") => Delivery { email: true, sms: true },
            Some(_) | None => return Err(Error::at(DELIVERY, "Must be sms, email or both.")),
        };
        let source = if let Some(id) = sent.get(TEMPLATE) {
            let id = values::guid(id).map_err(|error| below(TEMPLATE, error))?;
            id.map(MessageSource::Template)
        } else if let Some(word) = sent.get(TYPE) {
            let place = values::word(word, &TYPES).map_err(|error| below(TYPE, error))?;
            Some(MessageSource::Type(TYPES[place]))
        } else if let Some(body) = sent.get(BODY) {
            Some(MessageSource::Body(Texts::read(body, delivery).map_err(|error| below(BODY, error))?))
        } else {
            None
        };
        let source = source.ok_or_else(|| {
            Error::at(BODY, "Is required where neither communicationTemplateId nor messageType is sent.")
        })?;
        Ok(Self { delivery, source })
    }
}

impl MessageSource {
    /// The member that it was sent in.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Template(_) => TEMPLATE,
            Self::Type(_) => TYPE,
            Self::Body(_) => BODY,
        }
    }
}

/// The body of `POST /users/{userId}/passwordresetlink`: the way to go, where one is named. There are no login codes here that could be
/// reset.
///
/// # Errors
/// A body that is not an object; an unknown delivery method.
pub fn read_reset(body: json::Value) -> Result<Option<Delivery>, Error> {
    let sent = members(body, &[DELIVERY, RESET_LOGIN_CODE])?;
    if let Some(flag) = sent.get(RESET_LOGIN_CODE) {
        values::flag(flag).map_err(|error| below(RESET_LOGIN_CODE, error))?;
    }
    match sent.get(DELIVERY).map(Value::as_str) {
        None => Ok(None),
        Some(Some("email")) => Ok(Some(Delivery { email: true, sms: false })),
        Some(Some("phone")) => Ok(Some(Delivery { email: false, sms: true })),
        Some(_) => Err(Error::at(DELIVERY, "Must be phone or email.")),
    }
}

impl Texts {
    /// The parts that the delivery needs; others are not looked at.
    fn read(value: &Value, delivery: Delivery) -> Result<Self, ValueError> {
        let Value::Object(body) = value else {
            return Err("Must be an object, such as {\"sms\": {\"body\": \"Welcome\"}}.".into());
        };
        let email = match delivery.email {
            true => {
                let (subject, body) = (part(body, "email", "subject")?, part(body, "email", "body")?);
                Some(TemplateEmail { subject, body })
            }
            false => None,
        };
        let sms = if delivery.sms { Some(part(body, "sms", "body")?) } else { None };
        if sms.as_ref().is_some_and(|text| !text.is_ascii()) {
            return Err(ValueError { below: "/sms/body".into(), message: "Must be ASCII.".into() });
        }
        Ok(Self { email, sms })
    }

    /// What a template says to a person, in the culture that suits best.
    pub fn of(template: &Template, culture: Option<&str>, person: &Person) -> Self {
        let plain = |name: &str| placeholder(person, name);
        let one_line = |name: &str| plain(name).map(|value| value.replace(char::is_control, " "));
        let html = |name: &str| plain(name).map(|value| html_escape::encode_safe(&value).into_owned());
        let email = template.in_culture(culture, |it| it.email.as_ref());
        let sms = template.in_culture(culture, |it| it.sms.as_deref());
        Self {
            email: email.map(|email| TemplateEmail {
                subject: fill(&email.subject, one_line),
                body: fill(&email.body, html),
            }),
            sms: sms.map(|text| fill(text, plain)),
        }
    }

    /// The messages to a person, one for each way. `source` is what the request named for the texts.
    ///
    /// # Errors
    /// A way for which there is no text, or on which the person cannot be reached.
    pub fn contents(self, person: &Person, delivery: Delivery, source: &str) -> Result<Vec<Content>, Error> {
        let mut contents = Vec::new();
        if delivery.email {
            let email = self.email.ok_or_else(|| Error::at(source, "Has no text for an e-mail."))?;
            let to = address(person).ok_or_else(|| Error::at(USER, "The user has no e-mail address."))?;
            contents.push(Content::Email { to, subject: email.subject, text: email.body });
        }
        if delivery.sms {
            let text = self.sms.ok_or_else(|| Error::at(source, "Has no text for an SMS."))?;
            let to = number(person.phone.as_ref());
            let to =
                to.ok_or_else(|| Error::at(USER, "The user has no phone number with a country code."))?;
            contents.push(Content::Sms { to, text });
        }
        Ok(contents)
    }
}

/// Where messages to a user that cannot be reached are told of.
const USER: &str = "userId";

/// How a person can be reached where the request does not say it: by e-mail, else by SMS.
///
/// # Errors
/// Nobody can be reached without either.
pub fn reachable(person: &Person) -> Result<Delivery, Error> {
    match (address(person), number(person.phone.as_ref())) {
        (Some(_), _) => Ok(Delivery { email: true, sms: false }),
        (None, Some(_)) => Ok(Delivery { email: false, sms: true }),
        (None, None) => Err(Error::at(
            USER,
            "The user has neither an e-mail address nor a phone number with a country code.",
        )),
    }
}

fn address(person: &Person) -> Option<String> {
    person.email.as_ref().map(|email| email.as_str().to_owned())
}

/// As it is dialled from anywhere, without the spaces and hyphens that people write.
fn number(phone: Option<&Phone>) -> Option<String> {
    let phone = phone?;
    let digits: String = phone.number.chars().filter(char::is_ascii_digit).collect();
    phone.country_code.filter(|_| !digits.is_empty()).map(|code| format!("+{code}{digits}"))
}

/// The value of a placeholder: members of the user under their names, in any letter case. One without a value is empty.
fn placeholder(person: &Person, name: &str) -> Option<String> {
    match name.to_ascii_lowercase().as_str() {
        "name" => Some(person.name.shown()),
        "username" => Some(person.user_name.clone().unwrap_or_default()),
        "email" => Some(address(person).unwrap_or_default()),
        _ => None,
    }
}

/// A text of a message body, such as that of `email/subject`.
fn part(body: &Map<String, Value>, channel: &str, name: &str) -> Result<String, ValueError> {
    let member = |members: &Map<String, Value>, name: &str| {
        members.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
    };
    let text = match member(body, channel) {
        Some(Value::Object(channel)) => member(&channel, name),
        _ => None,
    };
    let text = text.as_ref().and_then(Value::as_str).filter(|text| !is_blank(text)).map(str::to_owned);
    text.ok_or_else(|| ValueError {
        below: format!("/{channel}/{name}"),
        message: "Must be a text that is not blank.".into(),
    })
}

fn below(name: &str, ValueError { below, message }: ValueError) -> Error {
    Error::at(&format!("{name}{below}"), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_dialled_from_anywhere() {
        let phone = |country_code, number: &str| Phone { country_code, number: number.into() };
        let dialled = |phone: Phone| number(Some(&phone));
        assert_eq!(dialled(phone(Some(45), "12 34-56")).as_deref(), Some("+45123456"));
        assert_eq!(dialled(phone(None, "12345678")), None);
        assert_eq!(dialled(phone(Some(45), "-")), None);
        assert_eq!(number(None), None);
    }
}
