//! Users, and what the session's organization grants them.

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use directory::authority::KareRights;
use directory::{Include, Record, Refusal};

use crate::http::{Params, Payload, Route, answer};
use crate::kare::auth::{Api, Caller};
use crate::kare::error::Error;
use crate::kare::lens;
use crate::kare::query::Extend;
use crate::kare::wire::{Data, PatchUser, UserId};

pub(super) fn table() -> Vec<Route<Api>> {
    vec![
        Route::get("/users/v1/rs/{userId}", "get_user", get_user),
        Route::patch("/users-organizations/v1/rs/users/{userId}", "patch_user", patch_user),
    ]
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
