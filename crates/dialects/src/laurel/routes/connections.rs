//! Single-sign-on connections of customers, which are kept here and not used.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use directory::TenantScope;
use directory::credential::KeyHash;
use directory::customer::{Connection, Customer};
use jiff::Timestamp;

use super::customers::{answered, at};
use crate::http::{BaseUrl, Params, Payload, Route, answer};
use crate::laurel::auth::{Api, Client};
use crate::laurel::error::Error;
use crate::laurel::wire::customers::{CONNECTIONS, PatchConnection, ScimAccess, scim_enabled, some_domains};
use crate::laurel::{lens, query};

pub(super) fn table() -> Vec<Route<Api>> {
    const ALL: &str = "/api/v1/customers/{customerId}/connections";
    const ONE: &str = "/api/v1/customers/{customerId}/connections/{connectionId}";
    const SCIM: &str = "/api/v1/customers/{customerId}/connections/{connectionId}/scim";
    const DOMAINS: &str = "/api/v1/customers/{customerId}/connections/{connectionId}/domains";
    vec![
        Route::post(ALL, "add_connection", add_connection),
        Route::patch(ONE, "patch_connection", patch_connection),
        Route::delete(ONE, "delete_connection", delete_connection),
        Route::patch(SCIM, "set_scim", set_scim),
        Route::put(DOMAINS, "put_domains", put_domains),
    ]
}

async fn add_connection(
    State(api): State<Api>,
    client: Client,
    Params(customer, _): Params<String, Error>,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let (_, scope) = at(&api, &client, &customer).await?;
    let (strategy, rest) = PatchConnection::read_new(body)?;
    let now = api.directory.now();
    let new = Connection {
        id: format!("con_{}", &api.directory.random_text()[..16]),
        strategy,
        domains: rest.domains.unwrap_or_default(),
        is_scim_enabled: rest.scim.unwrap_or_default(),
        scim_key: None,
        created_at: now,
        updated_at: now,
    };
    let decide = move |customer: &Customer| {
        let mut profile = customer.profile.clone();
        if profile.connections.len() >= CONNECTIONS {
            return Err(Error::from(query::too_many("connections", CONNECTIONS)));
        }
        profile.connections.push(new.clone());
        Ok(profile)
    };
    let changed = scope.change_customer(decide).await?;
    Ok(answer::json(StatusCode::CREATED, &lens::show_customer(&changed)))
}

async fn patch_connection(
    State(api): State<Api>,
    client: Client,
    Params((customer, connection), _): Params<(String, String), Error>,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let (_, scope) = at(&api, &client, &customer).await?;
    let patch = PatchConnection::read(body)?;
    let changed = change(scope, connection, api.directory.now(), move |connection| {
        if let Some(strategy) = &patch.strategy {
            connection.strategy = strategy.clone();
        }
        if let Some(domains) = &patch.domains {
            connection.domains = domains.clone();
        }
        if let Some(scim) = patch.scim {
            switch_scim(connection, scim, None);
        }
    });
    Ok(answered(&changed.await?))
}

async fn put_domains(
    State(api): State<Api>,
    client: Client,
    Params((customer, connection), _): Params<(String, String), Error>,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let (_, scope) = at(&api, &client, &customer).await?;
    let domains = some_domains(body)?;
    let changed = change(scope, connection, api.directory.now(), move |connection| {
        connection.domains = domains.clone();
    });
    Ok(answered(&changed.await?))
}

/// Switching on gives a new token each time; the one before opens nothing any more.
async fn set_scim(
    State(api): State<Api>,
    client: Client,
    Params((customer, connection), _): Params<(String, String), Error>,
    BaseUrl(base): BaseUrl,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let (_, scope) = at(&api, &client, &customer).await?;
    let is_on = scim_enabled(body)?;
    let (now, token) = (api.directory.now(), api.directory.random_text());
    let key = is_on.then(|| KeyHash::new(&token, now));
    change(scope, connection, now, move |connection| switch_scim(connection, is_on, key.clone())).await?;
    let access = match is_on {
        true => {
            ScimAccess { scim_endpoint_url: Some(format!("{base}/scim/v2")), scim_bearer_token: Some(token) }
        }
        false => ScimAccess::default(),
    };
    Ok(answer::no_store_of_tokens(answer::json(StatusCode::OK, &access)))
}

async fn delete_connection(
    State(api): State<Api>,
    client: Client,
    Params((customer, connection), _): Params<(String, String), Error>,
) -> Result<Response, Error> {
    let (_, scope) = at(&api, &client, &customer).await?;
    let decide = move |customer: &Customer| {
        let mut profile = customer.profile.clone();
        let count = profile.connections.len();
        profile.connections.retain(|it| it.id != connection);
        if profile.connections.len() < count { Ok(profile) } else { Err(Error::NoConnection) }
    };
    Ok(answered(&scope.change_customer(decide).await?))
}

/// Off, there is no key; on, the one that there is stays unless there is a new one.
fn switch_scim(connection: &mut Connection, is_on: bool, key: Option<KeyHash>) {
    connection.is_scim_enabled = is_on;
    connection.scim_key = key.or(connection.scim_key.take()).filter(|_| is_on);
}

/// Changes one connection, and nothing where that makes no difference.
async fn change(
    scope: TenantScope<'_>,
    connection: String,
    now: Timestamp,
    alter: impl Fn(&mut Connection) + Send + 'static,
) -> Result<Customer, Error> {
    let decide = move |customer: &Customer| {
        let mut profile = customer.profile.clone();
        let found = profile.connections.iter_mut().find(|it| it.id == connection);
        let found = found.ok_or(Error::NoConnection)?;
        let before = found.clone();
        alter(found);
        if *found != before {
            found.updated_at = now;
        }
        Ok(profile)
    };
    scope.change_customer(decide).await
}
