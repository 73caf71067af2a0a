//! Relesys' routes that send messages to users, which wait in the outbox.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use directory::Needs;
use directory::message::Content;
use directory::person::Phone;

use super::{address, read};
use crate::http::{FieldError, Params, answer, body};
use crate::relesys::auth::{Api, Caller, Write};
use crate::relesys::error::Error;
use crate::relesys::lens::read_sms;

pub(super) async fn send_sms(
    State(api): State<Api>,
    caller: Caller<Write>,
    Params((version, user), _): Params<(String, String), Error>,
    request: Request,
) -> Result<Response, Error> {
    let (_, key) = address(&version, &user)?;
    let text = read_sms(read(request, body::JSON).await?)?;
    let at = api.at(&caller);
    let person = at.person(key, Needs::default()).await?.person;
    let to = number(person.phone.as_ref()).ok_or_else(|| {
        let message = "The user has no phone number with a country code.".to_owned();
        Error::Invalid(vec![FieldError { path: "userId".into(), message }])
    })?;
    at.send(person.id, vec![Content::Sms { to, text }]).await.map_err(Error::NotCreated)?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

/// As it is dialled from anywhere, without the spaces and hyphens that people write.
fn number(phone: Option<&Phone>) -> Option<String> {
    let phone = phone?;
    let digits: String = phone.number.chars().filter(char::is_ascii_digit).collect();
    phone.country_code.filter(|_| !digits.is_empty()).map(|code| format!("+{code}{digits}"))
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
