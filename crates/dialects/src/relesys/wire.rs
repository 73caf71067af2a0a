//! Relesys' shapes, as its pages write them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use directory::credential::{Secret, public_id};
use serde::Serialize;
use uuid::Uuid;

use super::error::TokenError;
use crate::http::Basic;

/// What a client can do about a request that is not understood. RFC 6749, section 5.2, has no room for quotes here.
pub const WHAT_TO_SEND: &str = "Send grant_type=client_credentials, client_id, client_secret and scope in the body, as \
                                application/x-www-form-urlencoded.";

/// The envelope of a single entity.
#[derive(Debug, PartialEq, Serialize)]
pub struct Data<T> {
    pub data: T,
}

/// The envelope of a list. The addresses of the pages beside it are left out where there is none.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct List<T> {
    pub count: usize,
    pub data: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_url: Option<String>,
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

/// A department, with the members in the order of the vendor's samples. v1 does not know all of them.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Department<'a> {
    pub id: Uuid,
    pub url: String,
    pub creation_date_time: String,
    pub last_modified_date_time: String,
    pub name: &'a str,
    pub parent_id: Option<Uuid>,
    pub external_id: Option<&'a str>,
    pub address_line: Option<&'a str>,
    pub address_line_2: Option<&'a str>,
    pub zip_code: Option<&'a str>,
    pub city: Option<&'a str>,
    pub default_phone_country_code: Option<u16>,
    pub phone_number: DepartmentPhone<'a>,
    pub manager_user_id: Option<Uuid>,
    pub show_in_contacts: bool,
    pub show_in_highscores: bool,
    pub show_in_activity_statistics: bool,
    pub content_culture: Option<&'a str>,
    pub ui_culture: Option<&'a str>,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub time_zone: Option<&'a str>,
    pub email: Option<&'a str>,
    pub user_language_enabled: bool,
    pub selected_cultures: &'a [String],
    pub show_department_manager_public: bool,
    pub show_employee_list: bool,
    #[serde(skip_serializing_if = "Member::is_unknown")]
    pub show_department_users_in_public_contacts: Member<bool>,
    pub show_department_in_tagging_overview: bool,
    pub show_users_in_tagging_overview: bool,
    #[serde(skip_serializing_if = "Member::is_unknown")]
    pub show_contact_list: Member<bool>,
    pub locales: Vec<Locale<'a>>,
}

/// The phone number of a department: an object also where there is none.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DepartmentPhone<'a> {
    pub country_code: Option<u16>,
    pub number: Option<&'a str>,
}

/// What a department is called in one culture.
#[derive(Debug, PartialEq, Serialize)]
pub struct Locale<'a> {
    pub culture: &'a str,
    pub description: &'a str,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserGroup<'a> {
    pub id: Uuid,
    pub url: String,
    pub creation_date_time: String,
    pub last_modified_date_time: String,
    pub name: &'a str,
    pub external_id: Option<&'a str>,
    pub description: Option<&'a str>,
}

/// What a tenant's administrators define of a custom field.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomFieldDefinition<'a> {
    pub id: Uuid,
    pub external_id: &'a str,
    pub name: &'a str,
    #[serde(rename = "type")]
    pub kind: &'static str,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Template<'a> {
    pub id: Uuid,
    pub name: &'a str,
    pub communication_template_cultures: Vec<TemplateCulture<'a>>,
    pub creation_date_time: String,
    pub last_modified_date_time: Option<String>,
}

/// A channel that the template has no text for in this culture is null.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TemplateCulture<'a> {
    pub culture_code: &'a str,
    pub sms: Option<TemplateSms<'a>>,
    pub email: Option<TemplateEmail<'a>>,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct TemplateSms<'a> {
    pub body: &'a str,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct TemplateEmail<'a> {
    pub subject: &'a str,
    pub body: &'a str,
}

/// What the token endpoint is sent.
#[derive(Debug)]
pub struct TokenRequest {
    pub client_id: String,
    pub client_secret: Secret,
    /// One scope, or several with single blanks between them.
    pub scope: String,
    /// The id and the secret came in the `Authorization` header.
    pub is_in_header: bool,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Token {
    pub access_token: String,
    /// Seconds, in a string: so the vendor's sample has it.
    pub expires_in: String,
    pub token_type: &'static str,
}

impl TokenRequest {
    /// The id and the secret are in the body or in the header, never in both (RFC 6749, section 2.3). The id alone,
    /// which is no secret, may be repeated.
    pub fn read(form: &[u8], header: Option<Basic>) -> Result<Self, TokenError> {
        let grant_type = required(form, "grant_type")?;
        let is_in_header = header.is_some();
        let (client_id, client_secret) = match header {
            None => (required(form, "client_id")?, required(form, "client_secret")?),
            Some(Basic { client_id, client_secret }) => {
                let is_another = |given: String| public_id(&given) != public_id(&client_id);
                if one(form, "client_secret")?.is_some() || one(form, "client_id")?.is_some_and(is_another) {
                    return Err(invalid(
                        "The client must be named in the Authorization header or in the body, not in both.",
                    ));
                }
                (client_id, client_secret)
            }
        };
        let scope = one(form, "scope")?;
        if grant_type != "client_credentials" {
            return Err(TokenError::UnsupportedGrantType);
        }
        let scope = scope.ok_or(TokenError::InvalidScope)?;
        Ok(Self { client_id, client_secret: Secret(client_secret), scope, is_in_header })
    }
}

fn invalid(what: &str) -> TokenError {
    TokenError::InvalidRequest(what.to_owned())
}

fn required(form: &[u8], name: &str) -> Result<String, TokenError> {
    one(form, name)?.ok_or_else(|| invalid(&format!("The field {name} is missing or empty. {WHAT_TO_SEND}")))
}

/// A field that is given at most once. Empty, it counts as not given (RFC 6749, section 3.2).
fn one(form: &[u8], name: &str) -> Result<Option<String>, TokenError> {
    let mut values = form_urlencoded::parse(form).filter(|(given, _)| given == name);
    let value = values.next().map(|(_, value)| value.into_owned());
    match values.next() {
        Some(_) => Err(invalid(&format!("The field {name} is given more than once."))),
        None => Ok(value.filter(|value| !value.is_empty())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(client_id: &str, client_secret: &str) -> Option<Basic> {
        Some(Basic { client_id: client_id.into(), client_secret: client_secret.into() })
    }

    #[test]
    fn a_token_request_is_a_form_of_four_fields() {
        let form = b"grant_type=client_credentials&client_id=a&client_secret=b%2Bc&scope=x+y&other=1";
        let request = TokenRequest::read(form, None).unwrap();
        assert_eq!((&*request.client_id, &*request.client_secret.0, &*request.scope), ("a", "b+c", "x y"));
        assert!(!format!("{request:?}").contains("b+c"), "the secret must not reach a log");
    }

    #[test]
    fn a_client_is_named_in_the_header_or_in_the_form() {
        const ID: &str = "202ac2f0-748c-452f-8393-180f9366e174";
        let rest = "grant_type=client_credentials&scope=x";
        for form in [rest.to_owned(), format!("{rest}&client_id={}", ID.to_uppercase())] {
            let request = TokenRequest::read(form.as_bytes(), basic(ID, "s")).unwrap();
            assert_eq!((&*request.client_id, &*request.client_secret.0), (ID, "s"), "{form}");
            assert!(request.is_in_header);
        }
        for form in [format!("{rest}&client_secret=s"), format!("{rest}&client_id=a")] {
            let error = TokenRequest::read(form.as_bytes(), basic(ID, "s")).unwrap_err();
            assert!(
                matches!(error, TokenError::InvalidRequest(what) if what.contains("not in both")),
                "{form}"
            );
        }
    }

    #[test]
    fn what_is_wrong_with_a_form_is_told_in_the_words_of_the_standard() {
        let good = "grant_type=client_credentials&client_id=a&client_secret=b&scope=x";
        let read = |form: &str| TokenRequest::read(form.as_bytes(), None).unwrap_err();
        for (form, field) in [
            (String::new(), "grant_type"),
            ("{\"grant_type\":\"client_credentials\"}".into(), "grant_type"),
            (good.replace("grant_type", "granttype"), "grant_type"),
            (good.replace("client_id=a", "client_id="), "client_id"),
            (good.replace("&client_secret=b", ""), "client_secret"),
            (format!("{good}&scope=x"), "scope"),
            (format!("{good}&client_id=a"), "client_id"),
        ] {
            let TokenError::InvalidRequest(what) = read(&form) else { panic!("{form}") };
            assert!(what.starts_with(&format!("The field {field} is ")), "{form}: {what}");
        }
        for (form, error) in [
            (good.replace("client_credentials", "password"), TokenError::UnsupportedGrantType),
            (good.replace("client_credentials", "Client_Credentials"), TokenError::UnsupportedGrantType),
            (good.replace("&scope=x", ""), TokenError::InvalidScope),
            (good.replace("scope=x", "scope="), TokenError::InvalidScope),
        ] {
            assert_eq!(read(&form), error, "{form}");
        }
    }
}
