//! Relesys' table of routes.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use directory::ids::PersonId;
use directory::store::PersonKey;
use directory::{Dialect, Directory, Needs, Record};

use super::auth::{Api, Caller, Read, Write};
use super::error::{Error, TokenError};
use super::lens::{self, PatchUser};
use super::version::Version;
use super::wire::{Data, TokenRequest};
use crate::compose::{Served, is_version, segments};
use crate::http::{BaseUrl, Fault, FieldError, Params, Route, answer, body, context, route};

/// The first is the vendor's preference; the other is documented to be taken all the same.
const JSON_PATCH: &[&str] = &["application/json-patch+json", "application/json"];

const FORM: &[&str] = &["application/x-www-form-urlencoded"];

pub fn table() -> Vec<Route<Api>> {
    vec![
        Route::post("/login/oauth/authorize", "create_token", create_token),
        Route::get("/api/{version}/users/{userId}", "get_user", get_user),
        Route::patch("/api/{version}/users/{userId}", "patch_user", patch_user),
    ]
}

/// Relesys' API over a directory.
pub fn served(directory: Arc<Directory>, hosts: Vec<String>) -> Served {
    Served {
        dialect: Dialect::Relesys,
        prefix: "/relesys",
        claims,
        normalise,
        router: route::router::<Api, Error>(table(), &[""]).with_state(Api::new(directory)),
        hosts,
    }
}

fn claims(path: &str) -> bool {
    let resources = ["users", "departments", "userGroups", "customfields", "communication"];
    let mut segments = segments(path);
    let mut next = || segments.next().unwrap_or_default();
    let (first, second, third) = (next(), next(), next());
    if first.eq_ignore_ascii_case("login") {
        return second.eq_ignore_ascii_case("oauth");
    }
    first.eq_ignore_ascii_case("api")
        && is_version(second)
        && resources.iter().any(|resource| third.eq_ignore_ascii_case(resource))
}

/// As ASP.NET routes: letter case is ignored, and so is one slash at the end. Ids are GUIDs, which lower case suits.
fn normalise(path: &str) -> Option<String> {
    let shorter = path.strip_suffix('/').filter(|rest| !rest.is_empty());
    if shorter.is_none() && !path.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    Some(shorter.unwrap_or(path).to_ascii_lowercase())
}

async fn create_token(State(api): State<Api>, request: Request) -> Result<Response, Error> {
    let context = context(request.extensions(), Dialect::Relesys);
    let form = body::read(request, FORM).await.map_err(|fault| match fault {
        Fault::TooLarge => Error::Fault(fault),
        // The token endpoint speaks RFC 6749, which has one word for all the rest.
        Fault::NoRoute | Fault::NoMethod | Fault::BadPath | Fault::MediaType | Fault::BadBody(_) => {
            Error::Token(TokenError::InvalidRequest)
        }
    })?;
    let token = api.token(&context, &TokenRequest::read(&form)?).await?;
    let mut answer = answer::json(StatusCode::OK, &token);
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(answer)
}

async fn get_user(
    State(api): State<Api>,
    caller: Caller<Read>,
    Params((version, user), _): Params<(String, String), Error>,
    BaseUrl(base): BaseUrl,
) -> Result<Response, Error> {
    let (version, key) = address(&version, &user)?;
    let record = api.at(&caller).person(key, Needs::default()).await?;
    Ok(shown(&record, version, &base))
}

async fn patch_user(
    State(api): State<Api>,
    caller: Caller<Write>,
    Params((version, user), _): Params<(String, String), Error>,
    BaseUrl(base): BaseUrl,
    request: Request,
) -> Result<Response, Error> {
    let (version, key) = address(&version, &user)?;
    let patch = PatchUser::read(version, &body::read(request, JSON_PATCH).await?)?;
    let at = api.at(&caller);
    let record = at.change_person(key, patch.needs(), move |record| lens::change(&patch, record)).await?;
    Ok(shown(&record, version, &base))
}

fn shown(record: &Record, version: Version, base: &str) -> Response {
    answer::json(StatusCode::OK, &Data { data: lens::show(record, version, base) })
}

fn address(version: &str, user: &str) -> Result<(Version, PersonKey), Error> {
    let version = Version::parse(version).ok_or(Fault::NoRoute)?;
    let user: PersonId = user.parse().map_err(|_| {
        Error::Invalid(vec![FieldError { path: "userId".into(), message: "Must be a GUID.".into() }])
    })?;
    Ok((version, PersonKey::Id(user)))
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
        ] {
            assert!(claims(ours), "{ours}");
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
            "/api/latest/users",
            "//api/v1/users",
            "/users/v1/rs/x",
        ] {
            assert!(!claims(other), "{other}");
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
            assert_eq!(address(unknown, id), Err(Error::Fault(Fault::NoRoute)), "{unknown}");
        }
        for bad in ["x", "", "202ac2f0748c452f8393180f9366e174", "NUA"] {
            assert!(matches!(address("v1", bad), Err(Error::Invalid(_))), "{bad}");
        }
    }
}
