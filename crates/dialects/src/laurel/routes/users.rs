//! Users: one, all, and who is known by an outside identity.

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use directory::identity::{LaurelType, Source};
use directory::ids::ObjectId;
use directory::store::PersonKey;
use directory::{Include, Refusal};

use crate::http::{Params, Payload, Route, answer};
use crate::laurel::auth::{Api, Caller};
use crate::laurel::error::Error;
use crate::laurel::wire::{PatchUser, object_id};
use crate::laurel::{lens, list, query};

pub(super) fn table() -> Vec<Route<Api>> {
    const USERS: &str = "/api/v1/customers/{customerId}/users";
    const LOOKUP: &str = "/api/v1/customers/{customerId}/users/lookup";
    const USER: &str = "/api/v1/customers/{customerId}/users/{userId}";
    const USER_V2: &str = "/api/v2/customers/{customerId}/users/{userId}";
    vec![
        Route::get(USERS, "list_users", list_users),
        Route::get(LOOKUP, "lookup_identity", lookup_identity),
        Route::get(USER, "get_user", get_user),
        Route::patch(USER, "patch_user", patch_user),
        Route::delete(USER, "delete_user", delete_user),
        Route::patch(USER_V2, "patch_user_v2", patch_user_v2),
    ]
}

async fn list_users(State(api): State<Api>, caller: Caller, uri: Uri) -> Result<Response, Error> {
    let query = query::ListUsers::read(&uri, api.settings)?;
    Ok(list::list_users(api.directory, caller.caller, query).await?)
}

async fn lookup_identity(State(api): State<Api>, caller: Caller, uri: Uri) -> Result<Response, Error> {
    let asked = query::lookup(&uri, caller.customer)?;
    let scope = api.scoped(&caller);
    let key = PersonKey::Identity(asked.source.clone(), asked.folded());
    let record = match scope.person(key, Include::default()).await {
        Err(Refusal::NoSuchPerson) if asked.source == Source::Laurel(LaurelType::Email) => {
            scope.person(PersonKey::Email(asked.folded()), Include::default()).await?
        }
        found => found?,
    };
    let found = lens::show_found(&record, &asked, caller.customer).ok_or(Refusal::NoSuchPerson)?;
    Ok(answer::json(StatusCode::OK, &found))
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
    let decide = move |record: &directory::Record| -> Result<_, Error> { Ok(lens::change(&patch, record)?) };
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
