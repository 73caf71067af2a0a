//! Signing in, and staying signed in.

use axum::extract::State;
use axum::http::{Extensions, StatusCode};
use axum::response::Response;
use directory::Dialect;

use crate::http::{OpenPayload, Route, answer, context};
use crate::kare::auth::{Api, issue};
use crate::kare::error::Error;
use crate::kare::wire::{Credentials, Data, Refresh, SignedIn};

pub(super) fn table() -> Vec<Route<Api>> {
    vec![
        Route::post("/auth/v1/rs/login/credentials", "log_in", log_in),
        Route::post("/auth/v1/rs/token/refresh", "refresh_token", refresh_token),
        Route::post("/auth/v1/bo/token/refresh", "refresh_token_bo", refresh_token),
    ]
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
