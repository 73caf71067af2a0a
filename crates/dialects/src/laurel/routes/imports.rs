//! Users who are created or imported. An import changes whoever has the address already, and creates everybody else.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use directory::store::PersonKey;
use directory::{Attribute, Refusal, TenantScope};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::http::{FieldError, LargePayload, Payload, Route, answer};
use crate::laurel::auth::{Api, Caller, Client};
use crate::laurel::error::Error;
use crate::laurel::lens;
use crate::laurel::wire::imports::{CreateUser, NewUser};

/// Known users who are changed at a time.
const AT_ONCE: usize = 64;

pub(super) fn table() -> Vec<Route<Api>> {
    const USERS: &str = "/api/v1/users";
    const IMPORT: &str = "/api/v1/customers/{customerId}/users/import";
    const IMPORT_V2: &str = "/api/v2/customers/{customerId}/users/import";
    const BATCH: &str = "/api/v1/customers/{customerId}/users/batch/import";
    const BATCH_V2: &str = "/api/v2/customers/{customerId}/users/batch/import";
    vec![
        Route::post(USERS, "create_user", create_user),
        Route::post(IMPORT_V2, "import_user_v2", import_user_v2),
        Route::post(IMPORT, "import_user", import_user),
        Route::post(BATCH_V2, "import_users_v2", import_users_v2),
        Route::post(BATCH, "import_users", import_users),
    ]
}

async fn create_user(
    State(api): State<Api>,
    client: Client,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let CreateUser { customer, id, user } = CreateUser::read(body)?;
    let caller = client.at(customer)?;
    let scope = api.scoped(&caller);
    let change = lens::create(&user);
    let added = match id {
        Some(id) => scope.add_person_as(id, change).await?,
        None => scope.add_person(change, None).await?,
    };
    let record = scope.person(PersonKey::Id(added.person.id), lens::NEEDS).await?;
    Ok(answer::json(StatusCode::CREATED, &lens::show(&record)))
}

async fn import_user_v2(
    State(api): State<Api>,
    caller: Caller,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let user = NewUser::read_v2(body, caller.customer)?;
    let scope = api.scoped(&caller);
    let email = user.email.folded();
    import(scope, user).await?;
    let record = scope.person(PersonKey::Email(email), lens::NEEDS).await?;
    Ok(answer::json(StatusCode::CREATED, &lens::show(&record)))
}

async fn import_user(
    State(api): State<Api>,
    caller: Caller,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let user = NewUser::read_v1(body, caller.customer)?;
    import(api.scoped(&caller), user).await?;
    Ok(answer::json(StatusCode::CREATED, &"OK"))
}

async fn import_users_v2(
    State(api): State<Api>,
    caller: Caller,
    LargePayload(body, _): LargePayload<Error>,
) -> Result<Response, Error> {
    let users = NewUser::read_many(body, caller.customer)?;
    import_all(api.scoped(&caller), users).await
}

async fn import_users(
    State(api): State<Api>,
    caller: Caller,
    LargePayload(body, _): LargePayload<Error>,
) -> Result<Response, Error> {
    let users = NewUser::read_addresses(body, caller.customer)?;
    import_all(api.scoped(&caller), users).await
}

/// Changes who has the address, or creates them. Of several who import one at once, one creates them.
async fn import(scope: TenantScope<'_>, user: NewUser) -> Result<(), Error> {
    match change(scope, user.clone()).await {
        Err(Error::Refused(Refusal::NoSuchPerson)) => {}
        changed => return changed,
    }
    match scope.add_person(lens::create(&user), None).await {
        Err(Refusal::Taken { attribute: Attribute::Email }) => match change(scope, user).await {
            // Somebody at another customer of the tenant has it.
            Err(Error::Refused(Refusal::NoSuchPerson)) => {
                Err(Refusal::Taken { attribute: Attribute::Email }.into())
            }
            changed => changed,
        },
        added => Ok(added.map(drop)?),
    }
}

async fn change(scope: TenantScope<'_>, user: NewUser) -> Result<(), Error> {
    let key = PersonKey::Email(user.email.folded());
    let decide = move |record: &directory::Record| Ok::<_, Error>(lens::import(&user, record));
    scope.change_person(key, directory::Include::default(), decide).await.map(drop)
}

/// Looks for what is wrong with any row before anything is written. Those who are new are created together, all of them or
/// none; then those who are known are changed.
async fn import_all(scope: TenantScope<'_>, users: Vec<NewUser>) -> Result<Response, Error> {
    let keys = users.iter().map(|user| PersonKey::Email(user.email.folded())).collect();
    let known = scope.resolve_people(keys).await?;
    let identities: Vec<_> = users
        .iter()
        .enumerate()
        .flat_map(|(row, user)| user.identities.iter().map(move |identity| (row, identity)))
        .collect();
    let keys =
        identities.iter().map(|(_, one)| PersonKey::Identity(one.source.clone(), one.folded())).collect();
    let holders = scope.resolve_people(keys).await?;
    let mut mistakes = Vec::new();
    let mut given = HashMap::new();
    for ((row, identity), holder) in identities.into_iter().zip(holders) {
        let other_row =
            given.insert((&identity.source, identity.folded()), row).filter(|other| *other != row);
        if other_row.is_some() || holder.is_some_and(|holder| known[row] != Some(holder)) {
            let path = format!("users.{row}.identities");
            mistakes.push(FieldError { path, message: "already taken".to_owned() });
        }
    }
    if !mistakes.is_empty() {
        return Err(Error::TakenRows(mistakes));
    }
    let (mut rows, mut new, mut changed) = (Vec::new(), Vec::new(), Vec::new());
    for (row, (user, known)) in users.into_iter().zip(known).enumerate() {
        match known {
            Some(_) => changed.push(user),
            None => {
                rows.push(row);
                new.push(scope.new_person(lens::create(&user)));
            }
        }
    }
    if !new.is_empty() {
        scope.add_people(new).await.map_err(|(index, refusal)| Error::of_row(rows[index], refusal))?;
    }
    let changes = stream::iter(changed.into_iter().map(|user| import(scope, user)));
    changes.buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
    Ok(answer::json(StatusCode::CREATED, &"OK"))
}
