//! The identities and the e-mail aliases of one user.

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use directory::{Include, PersonChange, Record, limits};

use super::users::key;
use crate::http::{Params, Payload, Route, answer};
use crate::laurel::auth::{Api, Caller};
use crate::laurel::error::Error;
use crate::laurel::wire::users;
use crate::laurel::{lens, query};

pub(super) fn table() -> Vec<Route<Api>> {
    const IDENTITIES: &str = "/api/v1/customers/{customerId}/users/{userId}/identities";
    const BULK: &str = "/api/v1/customers/{customerId}/users/{userId}/identities/bulk";
    const ALIASES: &str = "/api/v1/customers/{customerId}/users/{userId}/email-aliases";
    vec![
        Route::get(IDENTITIES, "list_identities", list_identities),
        Route::post(IDENTITIES, "add_identity", add_identity),
        Route::put(IDENTITIES, "replace_identity", replace_identity),
        Route::post(BULK, "add_identities", add_identities),
        Route::get(ALIASES, "list_aliases", list_aliases),
        Route::post(ALIASES, "add_aliases", add_aliases),
        Route::delete(ALIASES, "remove_alias", remove_alias),
    ]
}

type User = Params<(String, String), Error>;

async fn list_identities(
    State(api): State<Api>,
    caller: Caller,
    Params((_, user), _): User,
) -> Result<Response, Error> {
    let record = api.scoped(&caller).person(key(&user)?, Include::default()).await?;
    Ok(answer::json(StatusCode::OK, &lens::show_identities(&record)))
}

async fn add_identity(
    State(api): State<Api>,
    caller: Caller,
    Params((_, user), _): User,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let identity = users::one_identity(body, caller.customer)?;
    change(&api, &caller, &user, StatusCode::CREATED, move |record| {
        Ok(lens::add_identities(std::slice::from_ref(&identity), record))
    })
    .await
}

async fn replace_identity(
    State(api): State<Api>,
    caller: Caller,
    Params((_, user), _): User,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let identity = users::one_identity(body, caller.customer)?;
    change(&api, &caller, &user, StatusCode::OK, move |record| Ok(lens::replace_identity(&identity, record)))
        .await
}

async fn add_identities(
    State(api): State<Api>,
    caller: Caller,
    Params((_, user), _): User,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let identities = users::identities(body, caller.customer, 1..=limits::LIST)?;
    change(&api, &caller, &user, StatusCode::OK, move |record| Ok(lens::add_identities(&identities, record)))
        .await
}

async fn list_aliases(
    State(api): State<Api>,
    caller: Caller,
    Params((_, user), _): User,
) -> Result<Response, Error> {
    let record = api.scoped(&caller).person(key(&user)?, Include::default()).await?;
    Ok(answer::json(StatusCode::OK, &lens::show_aliases(&record)))
}

async fn add_aliases(
    State(api): State<Api>,
    caller: Caller,
    Params((_, user), _): User,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let emails = users::aliases(body)?;
    change(&api, &caller, &user, StatusCode::CREATED, move |record| Ok(lens::add_aliases(&emails, record)))
        .await
}

async fn remove_alias(
    State(api): State<Api>,
    caller: Caller,
    Params((_, user), _): User,
    uri: Uri,
) -> Result<Response, Error> {
    let folded = directory::text::fold(&query::alias(&uri)?);
    change(&api, &caller, &user, StatusCode::OK, move |record| {
        lens::remove_alias(&folded, record).ok_or(Error::NoAlias)
    })
    .await
}

/// Changes the user, and answers with nothing but the status.
async fn change(
    api: &Api,
    caller: &Caller,
    user: &str,
    status: StatusCode,
    decide: impl Fn(&Record) -> Result<PersonChange, Error> + Send + 'static,
) -> Result<Response, Error> {
    api.scoped(caller).change_person(key(user)?, Include::default(), decide).await?;
    Ok(answer::empty(status))
}
