//! Kare's table of routes.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{Extensions, StatusCode, Uri};
use axum::response::Response;
use directory::authority::KareRights;
use directory::{Dialect, Directory, Include, Record, Refusal};

use super::auth::{Api, Caller, issue};
use super::error::Error;
use super::lens;
use super::query::Extend;
use super::wire::{Credentials, Data, PatchUser, Refresh, SignedIn, UserId};
use crate::compose::{Mount, segments};
use crate::http::{OpenPayload, Params, Payload, Route, answer, context, route};

/// The vendor's host has a stage before every path; clients may leave it out here.
const PREFIXES: [&str; 2] = ["/main", ""];

pub fn table() -> Vec<Route<Api>> {
    vec![
        Route::post("/auth/v1/rs/login/credentials", "log_in", log_in),
        Route::post("/auth/v1/rs/token/refresh", "refresh_token", refresh_token),
        Route::post("/auth/v1/bo/token/refresh", "refresh_token_bo", refresh_token),
        Route::get("/users/v1/rs/{userId}", "get_user", get_user),
        Route::patch("/users-organizations/v1/rs/users/{userId}", "patch_user", patch_user),
    ]
}

/// Kare's API over a directory.
pub fn mount(directory: Arc<Directory>, hosts: Vec<String>) -> Mount {
    Mount {
        dialect: Dialect::Kare,
        prefix: "/kare",
        owns: |path| {
            matches!(
                segments(path).next(),
                Some(
                    "main"
                        | "users-organizations"
                        | "users"
                        | "auth"
                        | "auth-rs"
                        | "organizations"
                        | "labels"
                )
            )
        },
        normalise: |_| None,
        router: route::router::<Api, Error>(table(), &PREFIXES).with_state(Api::new(directory)),
        fault: route::fault::<Error>,
        hosts,
    }
}

async fn log_in(
    State(api): State<Api>,
    extensions: Extensions,
    OpenPayload(body, _): OpenPayload<Error>,
) -> Result<Response, Error> {
    let Credentials { email, password } = Credentials::read(body)?;
    let context = context(&extensions, Dialect::Kare);
    let (session, refresh) = api.directory.sign_in(&context, &email, password.0).await?;
    let tokens = issue(api.directory.signer(), &session, api.directory.now());
    let data = SignedIn {
        access_token: tokens.access_token,
        refresh_token: refresh.0,
        session_token: tokens.session_token,
    };
    Ok(answer::no_store_of_tokens(answer::json(StatusCode::CREATED, &Data { data })))
}

async fn refresh_token(
    State(api): State<Api>,
    extensions: Extensions,
    OpenPayload(body, _): OpenPayload<Error>,
) -> Result<Response, Error> {
    let refresh = Refresh::read(body)?;
    let session =
        api.directory.refresh(&context(&extensions, Dialect::Kare), &refresh.refresh_token.0).await?;
    let tokens = issue(api.directory.signer(), &session, api.directory.now());
    Ok(answer::no_store_of_tokens(answer::json(StatusCode::CREATED, &tokens)))
}

async fn get_user(
    State(api): State<Api>,
    caller: Caller,
    Params(user, _): Params<String, Error>,
    uri: Uri,
) -> Result<Response, Error> {
    let (user, extend) = (UserId::parse(&user)?, Extend::read(&uri)?);
    let include = Include { profession: true, ..Include::default() };
    let record = api.scoped(&caller).person(caller.key(user)?, include).await?;
    let rights = KareRights::of(caller.person(), &record)?;
    let data = lens::show_user(&record, extend.rights.then_some(rights));
    Ok(answer::json(StatusCode::OK, &Data { data }))
}

async fn patch_user(
    State(api): State<Api>,
    caller: Caller,
    Params(user, _): Params<String, Error>,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let user = UserId::parse(&user)?;
    let patch = PatchUser::read(body)?;
    let names = patch.check_names();
    let record = change_user(&api, &caller, user, patch).await.map_err(|error| match (error, names) {
        // Where nobody is, no long name can be one that is written back.
        (Error::Refused(Refusal::NoSuchPerson), Err(too_long)) => too_long,
        (error, _) => error,
    })?;
    let data = lens::show_member(&record, caller.organization);
    Ok(answer::json(StatusCode::OK, &Data { data }))
}

async fn change_user(api: &Api, caller: &Caller, user: UserId, patch: PatchUser) -> Result<Record, Error> {
    let key = caller.key(user)?;
    let decide = move |record: &Record| lens::change(&patch, record);
    api.scoped(caller).change_person(key, Include::default(), decide).await
}
