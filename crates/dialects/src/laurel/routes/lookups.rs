//! Who is known by an outside identity, a timekeeper id or an address. A client of every tier may ask.

use std::collections::HashSet;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use directory::identity::Identity;
use directory::ids::PersonId;
use directory::store::PersonKey;
use directory::{Include, Record, Refusal, TenantScope};

use super::resolve::first_of_each;
use crate::http::{Payload, Route, answer};
use crate::laurel::auth::{Api, Caller, Client, Reader};
use crate::laurel::error::Error;
use crate::laurel::wire::Id;
use crate::laurel::wire::groups::Named;
use crate::laurel::wire::users::{self, Found, LOOKED_UP, LookupByEmail, Translated};
use crate::laurel::{lens, query};

pub(super) fn table() -> Vec<Route<Api>> {
    const LOOKUP: &str = "/api/v1/customers/{customerId}/users/lookup";
    const BY_EMAIL: &str = "/api/v1/customers/{customerId}/users/lookup/identity";
    const BY_IDENTITY: &str = "/api/v2/customers/{customerId}/users/lookup/identity";
    const BATCH: &str = "/api/v1/customers/{customerId}/users/batch/lookup";
    const TRANSLATE: &str = "/api/v1/customers/{customerId}/users/translate-timekeeper-ids";
    const OWN_LOOKUP: &str = "/api/v1/users/lookup";
    vec![
        Route::get(LOOKUP, "lookup_identity", lookup_identity),
        Route::post(BY_EMAIL, "lookup_identity_by_email", lookup_identity_by_email),
        Route::post(BATCH, "lookup_users", lookup_users),
        Route::get(BY_IDENTITY, "lookup_user_v2", lookup_user_v2),
        Route::post(TRANSLATE, "translate_timekeeper_ids", translate_timekeeper_ids),
        Route::get(OWN_LOOKUP, "lookup_user", lookup_user),
    ]
}

async fn lookup_identity(State(api): State<Api>, caller: Caller, uri: Uri) -> Result<Response, Error> {
    let asked = query::lookup(&uri, caller.customer)?;
    let record = find(api.scoped(&caller), &asked, Include::default()).await?;
    let found = lens::show_found(&record, &asked, caller.customer).ok_or(Refusal::NoSuchPerson)?;
    Ok(answer::json(StatusCode::OK, &found))
}

async fn lookup_user_v2(State(api): State<Api>, caller: Caller, uri: Uri) -> Result<Response, Error> {
    let asked = query::lookup(&uri, caller.customer)?;
    let record = find(api.scoped(&caller), &asked, lens::NEEDS).await?;
    Ok(answer::json(StatusCode::OK, &lens::show(&record)))
}

async fn lookup_user(State(api): State<Api>, client: Client, uri: Uri) -> Result<Response, Error> {
    let customer = query::customer_or(&uri, client.customer)?;
    lookup_user_v2(State(api), client.at(customer)?, uri).await
}

async fn find(scope: TenantScope<'_>, asked: &Identity, include: Include) -> Result<Record, Refusal> {
    let mut keys = users::keys(asked).into_iter();
    let mut found = Err(Refusal::NoSuchPerson);
    while let (Err(Refusal::NoSuchPerson), Some(key)) = (&found, keys.next()) {
        found = scope.person(key, include).await;
    }
    found
}

async fn lookup_identity_by_email(
    State(api): State<Api>,
    Reader(caller): Reader,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let LookupByEmail { email, identity_type } = LookupByEmail::read(body)?;
    let folded = directory::text::fold(&email);
    let record = api.scoped(&caller).person(PersonKey::Email(folded.clone()), Include::default()).await?;
    // An alias finds nobody here.
    let is_primary = record.person.email.as_ref().is_some_and(|email| email.folded() == folded);
    let found = lens::show_identity_of(&record, identity_type, caller.customer).filter(|_| is_primary);
    Ok(answer::json(StatusCode::OK, &found.ok_or(Refusal::NoSuchPerson)?))
}

async fn lookup_users(
    State(api): State<Api>,
    Reader(caller): Reader,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let identities = users::identities(body, caller.customer, 0..=LOOKED_UP)?;
    let scope = api.scoped(&caller);
    let named = |identity: &Identity| Named { text: String::new(), keys: users::keys(identity) };
    let people = distinct(first_of_each(scope, &identities.iter().map(named).collect::<Vec<_>>()).await?);
    let records = scope.records(people, lens::NEEDS).await?;
    Ok(answer::json(StatusCode::OK, &Found { users: records.iter().map(lens::show).collect() }))
}

async fn translate_timekeeper_ids(
    State(api): State<Api>,
    Reader(caller): Reader,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let named = users::timekeeper_ids(body)?;
    let scope = api.scoped(&caller);
    let people = distinct(first_of_each(scope, &named).await?);
    let records = scope.records(people, Include::default()).await?;
    let user_ids = records.iter().map(|record| Id(record.person.object_id)).collect();
    Ok(answer::json(StatusCode::CREATED, &Translated { user_ids }))
}

/// Those who were found, each once, where they were found first.
fn distinct(found: Vec<Option<PersonId>>) -> Vec<PersonId> {
    let mut seen = HashSet::new();
    found.into_iter().flatten().filter(|person| seen.insert(*person)).collect()
}
