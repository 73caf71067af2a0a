//! Relesys' table of routes.

mod custom_fields;
mod departments;
mod entity;
mod groups;
mod messages;
mod templates;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use directory::custom_field::CustomField;
use directory::ids::PersonId;
use directory::organization::{Department, Group};
use directory::query::{Direction, Page, Query};
use directory::store::PersonKey;
use directory::template::Template;
use directory::{Dialect, Directory, Include, PersonField, Record, Refusal, TenantScope};

use self::entity::Resource;
use super::auth::{Api, Caller, Read, Write};
use super::error::{Error, NOT_A_GUID, TokenError, sentence};
use super::lens::{self, CreateUser, PatchUser};
use super::query::{Listing, Parameter};
use super::version::Version;
use super::wire::{Data, TokenRequest, User, WHAT_TO_SEND};
use crate::compose::{Mount, is_version, segments};
use crate::http::budget::Sender;
use crate::http::{BaseUrl, Basic, Params, RequestError, Route, answer, body, context, json, route};

/// The first is the vendor's preference; the other is documented to be taken all the same.
const JSON_PATCH: &[&str] = &["application/json-patch+json", "application/json"];

const FORM: &[&str] = &["application/x-www-form-urlencoded"];

pub fn table() -> Vec<Route<Api>> {
    vec![
        Route::post("/login/oauth/authorize", "create_token", create_token),
        Route::get("/api/{version}/users", "list_users", entity::list::<Record>),
        Route::post("/api/{version}/users", "create_user", create_user),
        Route::get("/api/{version}/users/{userId}", "get_user", get_user),
        Route::patch("/api/{version}/users/{userId}", "patch_user", patch_user),
        Route::delete("/api/{version}/users/{userId}", "delete_user", delete_user),
        Route::put("/api/{version}/users/{userId}/status", "set_user_status", set_user_status),
        Route::post("/api/{version}/users/{userId}/sms", "send_sms", messages::send_sms),
        Route::post(
            "/api/{version}/users/{userId}/passwordresetlink",
            "send_password_reset_link",
            messages::send_password_reset_link,
        ),
        Route::post(
            "/api/{version}/communication/messages/{userId}/send",
            "send_message",
            messages::send_message,
        ),
        Route::get("/api/{version}/departments", "list_departments", entity::list::<Department>),
        Route::post("/api/{version}/departments", "create_department", entity::create::<Department>),
        Route::get("/api/{version}/departments/{departmentId}", "get_department", entity::get::<Department>),
        Route::patch(
            "/api/{version}/departments/{departmentId}",
            "patch_department",
            entity::patch::<Department>,
        ),
        Route::delete(
            "/api/{version}/departments/{departmentId}",
            "delete_department",
            entity::delete::<Department>,
        ),
        Route::get("/api/{version}/userGroups", "list_user_groups", entity::list::<Group>),
        Route::post("/api/{version}/userGroups", "create_user_group", entity::create::<Group>),
        Route::get("/api/{version}/userGroups/{userGroupId}", "get_user_group", entity::get::<Group>),
        Route::patch("/api/{version}/userGroups/{userGroupId}", "patch_user_group", entity::patch::<Group>),
        Route::delete(
            "/api/{version}/userGroups/{userGroupId}",
            "delete_user_group",
            entity::delete::<Group>,
        ),
        Route::get("/api/{version}/customfields/users", "list_custom_fields", entity::list::<CustomField>),
        Route::get("/api/{version}/communication/templates", "list_templates", entity::list::<Template>),
        Route::get(
            "/api/{version}/communication/templates/{templateId}",
            "get_template",
            entity::get::<Template>,
        ),
    ]
}

/// Relesys' API over a directory.
pub fn mount(directory: Arc<Directory>, hosts: Vec<String>) -> Mount {
    Mount {
        dialect: Dialect::Relesys,
        prefix: "/relesys",
        owns,
        normalise,
        router: route::router::<Api, Error>(table(), &[""]).with_state(Api::new(directory)),
        fault: route::fault::<Error>,
        hosts,
    }
}

fn owns(path: &str) -> bool {
    let resources = ["users", "departments", "userGroups", "customfields", "communication"];
    let mut segments = segments(path);
    let mut next = || segments.next().unwrap_or_default();
    let (first, second, third) = (next(), next(), next());
    if first.eq_ignore_ascii_case("login") {
        return second.eq_ignore_ascii_case("oauth");
    }
    if !first.eq_ignore_ascii_case("api") {
        return false;
    }
    // `latest` stands for a version in the addresses of the vendor's pages. Clients who take it from there are told in
    // the vendor's form that it is none.
    second.eq_ignore_ascii_case("latest")
        || is_version(second) && resources.iter().any(|resource| third.eq_ignore_ascii_case(resource))
}

/// As ASP.NET routes: letter case is ignored, and so is one slash at the end. Ids are GUIDs, which lower case suits; the
/// one word that the vendor writes otherwise is written as in the table.
fn normalise(path: &str) -> Option<String> {
    let shorter = path.strip_suffix('/').filter(|rest| !rest.is_empty()).unwrap_or(path);
    let normal = shorter.to_ascii_lowercase().replacen("/usergroups", "/userGroups", 1);
    (normal != path).then_some(normal)
}

async fn create_token(State(api): State<Api>, request: Request) -> Result<Response, Error> {
    let context = context(request.extensions(), Dialect::Relesys);
    let client = Basic::read(request.headers()).map_err(|_| {
        invalid("The Authorization header must be Basic, with client_id:client_secret in Base64, both form-encoded.")
    })?;
    let form = body::read(request, FORM, Sender::Unknown).await.map_err(|fault| match fault {
        RequestError::BadHost
        | RequestError::Headers
        | RequestError::Encoding
        | RequestError::TooLarge(_)
        | RequestError::Busy => Error::Request(fault),
        // The token endpoint speaks RFC 6749, which has one word for all the rest.
        RequestError::BadBody(reason) => invalid(&format!("{} {WHAT_TO_SEND}", sentence(&reason))),
        RequestError::NoRoute | RequestError::NoMethod | RequestError::BadPath | RequestError::MediaType => {
            invalid(WHAT_TO_SEND)
        }
    })?;
    let token = api.token(&context, &TokenRequest::read(&form, client)?).await?;
    Ok(answer::no_store_of_tokens(answer::json(StatusCode::OK, &token)))
}

fn invalid(what: &str) -> Error {
    Error::Token(TokenError::InvalidRequest(what.to_owned()))
}

/// What `GET /users` filters and sorts by.
pub(super) const USERS: Listing<PersonField> = Listing {
    endpoint: "relesys/users",
    parameters: &[
        Parameter::both("birthDate", PersonField::BirthDate),
        Parameter::both("creationDateTime", PersonField::CreatedAt),
        Parameter::both("dataSource", PersonField::DataSource),
        Parameter::both("email", PersonField::Email),
        Parameter::both("employmentDate", PersonField::EmploymentStart),
        Parameter::both("employmentEndDate", PersonField::EmploymentEnd),
        Parameter::both("externalId", PersonField::ExternalId),
        Parameter::filter("id", PersonField::Id),
        Parameter::both("lastModifiedDateTime", PersonField::UpdatedAt),
        Parameter::both("name", PersonField::Name),
        Parameter::filter("primaryDepartmentId", PersonField::PrimaryDepartment),
        Parameter::both("secondaryEmail", PersonField::SecondEmail),
        Parameter { names: &lens::STATUSES, ..Parameter::both("status", PersonField::Status) },
        Parameter::both("title", PersonField::Title),
        Parameter::both("userName", PersonField::UserName),
    ],
    order: (PersonField::CreatedAt, Direction::Ascending),
};

impl Resource for Record {
    type Field = PersonField;
    type Shown<'a> = User<'a>;

    const PATH: &'static str = "users";
    const LISTING: Listing<PersonField> = USERS;

    async fn list(scope: TenantScope<'_>, query: Query<PersonField>) -> Result<Page<Self>, Refusal> {
        scope.list_people(query, Include::default()).await
    }

    fn show<'a>(&'a self, version: Version, base: &str) -> User<'a> {
        lens::show(self, version, base)
    }
}

async fn get_user(
    State(api): State<Api>,
    caller: Caller<Read>,
    Params((version, user), _): Params<(String, String), Error>,
    BaseUrl(base): BaseUrl,
) -> Result<Response, Error> {
    let (version, key) = address(&version, &user)?;
    let record = api.scoped(&caller).person(key, Include::default()).await?;
    Ok(shown(&record, version, &base))
}

async fn create_user(
    State(api): State<Api>,
    caller: Caller<Write>,
    Params(version, _): Params<String, Error>,
    BaseUrl(base): BaseUrl,
    request: Request,
) -> Result<Response, Error> {
    let version = known(&version)?;
    let user = CreateUser::read(version, read(request, body::JSON).await?)?;
    let scope = api.scoped(&caller);
    let custom_fields = if user.has_custom_fields() { scope.custom_fields().await? } else { vec![] };
    let (change, password) = user.change(&custom_fields)?;
    let record = scope.add_person(change, password).await.map_err(Error::NotCreated)?;
    let data = lens::show(&record, version, &base);
    Ok(answer::created(&data.url.clone(), &Data { data }))
}

async fn patch_user(
    State(api): State<Api>,
    caller: Caller<Write>,
    Params((version, user), _): Params<(String, String), Error>,
    BaseUrl(base): BaseUrl,
    request: Request,
) -> Result<Response, Error> {
    let (version, key) = address(&version, &user)?;
    let patch = PatchUser::read(version, read(request, JSON_PATCH).await?)?;
    let scope = api.scoped(&caller);
    let record =
        scope.change_person(key, patch.include(), move |record| lens::change(&patch, record)).await?;
    Ok(shown(&record, version, &base))
}

async fn delete_user(
    State(api): State<Api>,
    caller: Caller<Write>,
    Params((version, user), _): Params<(String, String), Error>,
) -> Result<Response, Error> {
    let (_, key) = address(&version, &user)?;
    api.scoped(&caller).remove_person(key, Include::default()).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

async fn set_user_status(
    State(api): State<Api>,
    caller: Caller<Write>,
    Params((version, user), _): Params<(String, String), Error>,
    request: Request,
) -> Result<Response, Error> {
    let (_, key) = address(&version, &user)?;
    let status = lens::read_status(read(request, body::JSON).await?)?;
    let decide = move |record: &Record| Ok::<_, Error>(lens::change_status(status, record));
    api.scoped(&caller).change_person(key, Include::default(), decide).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

/// The JSON of a request whose sender is known.
async fn read(request: Request, media_types: &[&str]) -> Result<json::Value, RequestError> {
    body::parse(&body::read(request, media_types, Sender::Known).await?)
}

fn shown(record: &Record, version: Version, base: &str) -> Response {
    answer::json(StatusCode::OK, &Data { data: lens::show(record, version, base) })
}

fn address(version: &str, user: &str) -> Result<(Version, PersonKey), Error> {
    let version = known(version)?;
    let user: PersonId = user.parse().map_err(|_| Error::at("userId", NOT_A_GUID))?;
    Ok((version, PersonKey::Id(user)))
}

fn known(version: &str) -> Result<Version, RequestError> {
    Version::parse(version).ok_or(RequestError::NoRoute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_at_the_root_that_are_ours() {
        for ours in [
            "/login/oauth/authorize",
            "/Login/OAuth",
            "/api/v1/users",
            "/api/v1.4/users/x",
            "/api/v9/users/x",
            "/API/V1/UserGroups/",
            "/api/v1/departments/x/y",
            "/api/v1/customfields/users",
            "/api/v1.2/communication/templates",
            "/api/latest/users/x",
            "/API/Latest",
        ] {
            assert!(owns(ours), "{ours}");
        }
        for other in [
            "/",
            "/login",
            "/login/x",
            "/api/users",
            "/api/user/x",
            "/api/v1",
            "/api/v1/roles",
            "/api/v1/oauth/token",
            "/api/latestx/users",
            "/latest/users",
            "//api/v1/users",
            "/users/v1/rs/x",
        ] {
            assert!(!owns(other), "{other}");
        }
    }

    #[test]
    fn case_and_a_last_slash_do_not_matter() {
        for (path, normal) in [
            ("/api/v1/users/x", None),
            ("/", None),
            ("/API/v1.1/Users/ABC", Some("/api/v1.1/users/abc")),
            ("/api/v1/users/x/", Some("/api/v1/users/x")),
            ("/Api/v1/users/x//", Some("/api/v1/users/x/")),
            ("/api/v1/userGroups/x", None),
            ("/api/v1/usergroups", Some("/api/v1/userGroups")),
            ("/api/v1/UserGroups/X/", Some("/api/v1/userGroups/x")),
        ] {
            assert_eq!(normalise(path).as_deref(), normal, "{path}");
        }
    }

    #[test]
    fn an_address_is_a_version_and_a_guid() {
        let id = "202AC2F0-748c-452f-8393-180f9366e174";
        let key = PersonKey::Id(id.parse().unwrap());
        assert_eq!(address("v1", id), Ok((Version::V1, key.clone())));
        assert_eq!(address("V1.3", id), Ok((Version::V1_3, key)));
        for unknown in ["v2", "v1.5", "v1.0", "latest", "1", ""] {
            assert_eq!(address(unknown, id), Err(Error::Request(RequestError::NoRoute)), "{unknown}");
        }
        for bad in ["x", "", "202ac2f0748c452f8393180f9366e174", "NUA"] {
            assert!(matches!(address("v1", bad), Err(Error::Invalid(_))), "{bad}");
        }
    }
}
