//! The bodies of requests that send messages to users.

use super::create::members;
use crate::http::{FieldError, json};
use crate::relesys::error::Error;

const MESSAGE: &str = "message";

/// The body of `POST /users/{userId}/sms`: its text.
///
/// # Errors
/// A body that is not an object; a message that is missing or not a text.
pub fn read_sms(body: json::Value) -> Result<String, Error> {
    let sent = members(body, &[MESSAGE])?;
    let text = sent.get(MESSAGE).and_then(|value| value.as_str()).map(str::to_owned);
    text.ok_or_else(|| {
        let message = "Must be a text.".to_owned();
        Error::Invalid(vec![FieldError { path: MESSAGE.into(), message }])
    })
}
