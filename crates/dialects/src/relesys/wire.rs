//! Relesys' shapes, as its pages write them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use directory::credential::Secret;
use serde::Serialize;
use uuid::Uuid;

use super::error::TokenError;

/// The envelope of a single entity.
#[derive(Debug, PartialEq, Serialize)]
pub struct Data<T> {
    pub data: T,
}

/// A user, with the members in the order of the vendor's samples. Those that v1 does not know are left out of it.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct User<'a> {
    pub id: Uuid,
    pub url: String,
    pub department_url: Option<String>,
    pub status: &'static str,
    pub creation_date_time: String,
    pub last_modified_date_time: String,
    #[serde(skip_serializing_if = "Member::is_unknown")]
    pub image: Member<Image>,
    #[serde(skip_serializing_if = "Member::is_unknown")]
    pub member_card: Member<MemberCard<'a>>,
    pub external_id: Option<&'a str>,
    pub name: String,
    #[serde(skip_serializing_if = "Member::is_unknown")]
    pub initials: Member<&'a str>,
    pub user_name: Option<&'a str>,
    pub title: Option<&'a str>,
    pub data_source: Option<&'a str>,
    pub email: Option<&'a str>,
    pub secondary_email: Option<&'a str>,
    pub phone_number: Option<Phone<'a>>,
    pub secondary_phone_number: Option<Phone<'a>>,
    pub birth_date: Option<String>,
    #[serde(skip_serializing_if = "Member::is_unknown")]
    pub gender: Member<&'static str>,
    pub primary_department_id: Option<Uuid>,
    pub additional_departments: Vec<Reference<'a>>,
    pub user_groups: Vec<Reference<'a>>,
    pub employment_date: Option<String>,
    pub employment_end_date: Option<String>,
    pub custom_fields: BTreeMap<&'a str, CustomField<'a>>,
    #[serde(skip_serializing_if = "Member::is_unknown")]
    pub employment_type: Member<&'a str>,
    #[serde(skip_serializing_if = "Member::is_unknown")]
    pub register_number: Member<&'a str>,
    #[serde(skip_serializing_if = "Member::is_unknown")]
    pub duty_plan_number: Member<&'a str>,
}

/// A member that the version asked may not know. One that it knows is null when it has no value.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Member<T> {
    Unknown,
    Known(Option<T>),
}

impl<T> Member<T> {
    fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }
}

/// An image, of which its id alone is known here.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    pub id: Uuid,
    pub download_url: (),
    pub reference_url: (),
    pub content_type: (),
    pub file_name: (),
}

/// A member card, of which its id and number alone are known here.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberCard<'a> {
    pub name: (),
    pub card_number: Option<&'a str>,
    pub id: Uuid,
    pub url: (),
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Phone<'a> {
    /// Null where the number came from an API that keeps it in one text.
    pub country_code: Option<u16>,
    pub number: &'a str,
}

/// A department or a user group.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reference<'a> {
    pub id: Uuid,
    pub data_source: Option<&'a str>,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum CustomField<'a> {
    Text(Cow<'a, str>),
    List(&'a [String]),
}

/// What the token endpoint is sent.
#[derive(Debug)]
pub struct TokenRequest {
    pub client_id: String,
    pub client_secret: Secret,
    /// One scope, or several with single blanks between them.
    pub scope: String,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Token {
    pub access_token: String,
    /// Seconds, in a string: so the vendor's sample has it.
    pub expires_in: String,
    pub token_type: &'static str,
}

impl TokenRequest {
    pub fn read(form: &[u8]) -> Result<Self, TokenError> {
        let grant_type = one(form, "grant_type")?.ok_or(TokenError::InvalidRequest)?;
        let client_id = one(form, "client_id")?.ok_or(TokenError::InvalidRequest)?;
        let client_secret = one(form, "client_secret")?.ok_or(TokenError::InvalidRequest)?;
        let scope = one(form, "scope")?;
        if grant_type != "client_credentials" {
            return Err(TokenError::UnsupportedGrantType);
        }
        let scope = scope.ok_or(TokenError::InvalidScope)?;
        Ok(Self { client_id, client_secret: Secret(client_secret), scope })
    }
}

/// A field that is given at most once. Empty, it counts as not given (RFC 6749, section 3.2).
fn one(form: &[u8], name: &str) -> Result<Option<String>, TokenError> {
    let mut values = form_urlencoded::parse(form).filter(|(given, _)| given == name);
    let value = values.next().map(|(_, value)| value.into_owned());
    match values.next() {
        Some(_) => Err(TokenError::InvalidRequest),
        None => Ok(value.filter(|value| !value.is_empty())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_request_is_a_form_of_four_fields() {
        let form = b"grant_type=client_credentials&client_id=a&client_secret=b%2Bc&scope=x+y&other=1";
        let request = TokenRequest::read(form).unwrap();
        assert_eq!((&*request.client_id, &*request.client_secret.0, &*request.scope), ("a", "b+c", "x y"));
        assert!(!format!("{request:?}").contains("b+c"), "the secret must not reach a log");
    }

    #[test]
    fn what_is_wrong_with_a_form_is_told_in_the_words_of_the_standard() {
        use TokenError::{InvalidRequest, InvalidScope, UnsupportedGrantType};
        let good = "grant_type=client_credentials&client_id=a&client_secret=b&scope=x";
        for (form, error) in [
            (String::new(), InvalidRequest),
            ("{\"grant_type\":\"client_credentials\"}".into(), InvalidRequest),
            (good.replace("grant_type", "granttype"), InvalidRequest),
            (good.replace("client_id=a", "client_id="), InvalidRequest),
            (good.replace("&client_secret=b", ""), InvalidRequest),
            (format!("{good}&scope=x"), InvalidRequest),
            (format!("{good}&client_id=a"), InvalidRequest),
            (good.replace("client_credentials", "password"), UnsupportedGrantType),
            (good.replace("client_credentials", "Client_Credentials"), UnsupportedGrantType),
            (good.replace("&scope=x", ""), InvalidScope),
            (good.replace("scope=x", "scope="), InvalidScope),
        ] {
            assert_eq!(TokenRequest::read(form.as_bytes()).unwrap_err(), error, "{form}");
        }
    }
}
