//! Users: one, some, all, and what becomes of one.

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use directory::ids::ObjectId;
use directory::query::Query;
use directory::store::PersonKey;
use directory::{PersonChange, Record};

use crate::http::{Params, Payload, Route, answer};
use crate::laurel::auth::{Api, Caller, Client};
use crate::laurel::error::Error;
use crate::laurel::wire::users::{SuperDelegate, UserStatus};
use crate::laurel::wire::{PatchUser, object_id};
use crate::laurel::{lens, list, query};

pub(super) fn table() -> Vec<Route<Api>> {
    const USERS: &str = "/api/v1/customers/{customerId}/users";
    const USERS_V2: &str = "/api/v2/customers/{customerId}/users";
    const LITE: &str = "/api/v1/customers/{customerId}/users-lite";
    const BY_IDS: &str = "/api/v1/customers/{customerId}/users/by-ids";
    const USER: &str = "/api/v1/customers/{customerId}/users/{userId}";
    const USER_V2: &str = "/api/v2/customers/{customerId}/users/{userId}";
    const STATUS: &str = "/api/v1/customers/{customerId}/users/{userId}/status";
    const SUPER_DELEGATE: &str = "/api/v1/customers/{customerId}/users/{userId}/super-delegate";
    const OWN_USER: &str = "/api/v1/users/{userId}";
    vec![
        Route::get(USERS, "list_users", list_users),
        Route::get(USERS_V2, "list_users_v2", list_users_v2),
        Route::get(LITE, "list_users_lite", list_users_lite),
        Route::get(BY_IDS, "get_users", get_users),
        Route::get(USER, "get_user", get_user),
        Route::patch(USER, "patch_user", patch_user),
        Route::delete(USER, "delete_user", delete_user),
        Route::patch(USER_V2, "patch_user_v2", patch_user_v2),
        Route::patch(STATUS, "set_status", set_status),
        Route::patch(SUPER_DELEGATE, "set_super_delegate", set_super_delegate),
        Route::get(OWN_USER, "get_own_user", get_own_user),
    ]
}

async fn list_users(State(api): State<Api>, caller: Caller, uri: Uri) -> Result<Response, Error> {
    let query = query::ListUsers::read(&uri, api.settings)?;
    Ok(list::list_users(api.directory, caller.caller, query).await?)
}

/// A page, which says how many there are.
async fn list_users_v2(State(api): State<Api>, caller: Caller, uri: Uri) -> Result<Response, Error> {
    let asked = query::ListPage::read(&uri)?;
    let scope = api.scoped(&caller);
    let filter = list::matching(scope, &asked).await?;
    let query = Query { filter, sort: list::order(), window: asked.window(), count: true };
    let found = scope.list_people(query, lens::NEEDS).await?;
    let users = found.items.iter().map(lens::show).collect();
    Ok(answer::json(StatusCode::OK, &asked.answer(users, found.total.unwrap_or_default())))
}

async fn list_users_lite(State(api): State<Api>, caller: Caller, uri: Uri) -> Result<Response, Error> {
    let query = query::ListUsers::read_lite(&uri)?;
    Ok(list::list_lite(api.directory, caller.caller, query).await?)
}

/// Those who are not there are left out.
async fn get_users(State(api): State<Api>, caller: Caller, uri: Uri) -> Result<Response, Error> {
    let keys = query::user_ids(&uri)?.into_iter().map(PersonKey::ObjectId).collect();
    let scope = api.scoped(&caller);
    let people = scope.resolve_people(keys).await?.into_iter().flatten().collect();
    let records = scope.records(people, lens::NEEDS).await?;
    Ok(answer::json(StatusCode::OK, &records.iter().map(lens::show).collect::<Vec<_>>()))
}

/// The user of the token's customer.
async fn get_own_user(
    State(api): State<Api>,
    client: Client,
    Params(user, _): Params<String, Error>,
) -> Result<Response, Error> {
    let customer = client.customer;
    let caller = client.at(customer)?;
    let record = api.scoped(&caller).person(key(&user)?, lens::NEEDS).await?;
    Ok(answer::json(StatusCode::OK, &lens::show(&record)))
}

async fn get_user(
    State(api): State<Api>,
    caller: Caller,
    Params((_, user), _): Params<(String, String), Error>,
) -> Result<Response, Error> {
    let record = api.scoped(&caller).person(key(&user)?, lens::NEEDS).await?;
    Ok(answer::json(StatusCode::OK, &lens::show(&record)))
}

async fn patch_user(
    State(api): State<Api>,
    caller: Caller,
    Params((_, user), _): Params<(String, String), Error>,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let patch = PatchUser::read_v1(body, caller.customer)?;
    change_user(&api, &caller, &user, patch).await.map_err(Error::in_v1)
}

async fn patch_user_v2(
    State(api): State<Api>,
    caller: Caller,
    Params((_, user), _): Params<(String, String), Error>,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let patch = PatchUser::read_v2(body, caller.customer)?;
    change_user(&api, &caller, &user, patch).await
}

async fn change_user(api: &Api, caller: &Caller, user: &str, patch: PatchUser) -> Result<Response, Error> {
    change(api, caller, user, move |record| Ok(lens::change(&patch, record)?)).await
}

async fn set_status(
    State(api): State<Api>,
    caller: Caller,
    Params((_, user), _): Params<(String, String), Error>,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let status = UserStatus::read(body)?;
    change(&api, &caller, &user, move |record| Ok(lens::set_status(status, record))).await
}

async fn set_super_delegate(
    State(api): State<Api>,
    caller: Caller,
    Params((_, user), _): Params<(String, String), Error>,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let asked = SuperDelegate::read(body)?;
    change(&api, &caller, &user, move |record| Ok(lens::set_super_delegate(&asked, record))).await
}

async fn change(
    api: &Api,
    caller: &Caller,
    user: &str,
    decide: impl Fn(&Record) -> Result<PersonChange, Error> + Send + 'static,
) -> Result<Response, Error> {
    let record = api.scoped(caller).change_person(key(user)?, lens::NEEDS, decide).await?;
    Ok(answer::json(StatusCode::OK, &lens::show(&record)))
}

async fn delete_user(
    State(api): State<Api>,
    mut caller: Caller,
    Params((_, user), _): Params<(String, String), Error>,
    uri: Uri,
) -> Result<Response, Error> {
    let key = key(&user)?;
    caller.caller.forwarded = query::forwarded(&uri)?;
    let record = api.scoped(&caller).remove_person(key, lens::NEEDS).await?;
    Ok(answer::json(StatusCode::OK, &lens::show(&record)))
}

pub(super) fn key(user: &str) -> Result<PersonKey, Error> {
    let id: ObjectId = object_id("userId", user)?;
    Ok(PersonKey::ObjectId(id))
}
