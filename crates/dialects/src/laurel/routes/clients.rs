//! Clients of customers: those of its systems, and those that it makes for itself.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use directory::credential::Credential;
use directory::ids::ObjectId;
use directory::{NewClient, TenantScope};

use super::customers::at;
use crate::http::{Params, Payload, Route, answer};
use crate::laurel::auth::{Api, Client, Tier};
use crate::laurel::error::Error;
use crate::laurel::lens;
use crate::laurel::wire::customers::new_managed_client;
use crate::laurel::wire::object_id;

pub(super) fn table() -> Vec<Route<Api>> {
    const CLIENTS: &str = "/api/v1/customers/{customerId}/clients";
    const CLIENT: &str = "/api/v1/customers/{customerId}/clients/{clientId}";
    const MANAGED: &str = "/api/v1/customers/{customerId}/managed-clients";
    const MANAGED_ONE: &str = "/api/v1/customers/{customerId}/managed-clients/{clientId}";
    vec![
        Route::get(CLIENTS, "list_clients", list_clients),
        Route::post(CLIENTS, "create_client", create_client),
        Route::get(CLIENT, "get_client", get_client),
        Route::delete(CLIENT, "delete_client", delete_client),
        Route::get(MANAGED, "list_managed_clients", list_managed_clients),
        Route::post(MANAGED, "create_managed_client", create_managed_client),
        Route::delete(MANAGED_ONE, "delete_managed_client", delete_managed_client),
    ]
}

async fn list_clients(
    State(api): State<Api>,
    client: Client,
    Params(customer, _): Params<String, Error>,
) -> Result<Response, Error> {
    let (_, scope) = at(&api, &client, &customer).await?;
    let found = clients(&scope, false).await?;
    let shown: Vec<_> = found.iter().map(|it| lens::show_client(it, None)).collect();
    Ok(answer::json(StatusCode::OK, &shown))
}

async fn create_client(
    State(api): State<Api>,
    client: Client,
    Params(customer, _): Params<String, Error>,
) -> Result<Response, Error> {
    let (customer, scope) = at(&api, &client, &customer).await?;
    let new = NewClient {
        name: format!("{} API client", lens::code_of(&customer)),
        description: None,
        scopes: Tier::Readwrite.scopes(),
        lifetime: None,
    };
    let (made, secret) = scope.add_client(new).await?;
    let shown = answer::json(StatusCode::CREATED, &lens::show_client(&made, Some(&secret)));
    Ok(answer::no_store_of_tokens(shown))
}

async fn get_client(
    State(api): State<Api>,
    client: Client,
    Params((customer, id), _): Params<(String, String), Error>,
) -> Result<Response, Error> {
    let (_, scope) = at(&api, &client, &customer).await?;
    let found = find(&scope, false, object_id("clientId", &id)?).await?;
    Ok(answer::json(StatusCode::OK, &lens::show_client(&found, None)))
}

async fn delete_client(
    State(api): State<Api>,
    client: Client,
    Params((customer, id), _): Params<(String, String), Error>,
) -> Result<Response, Error> {
    delete(&api, &client, &customer, false, &id).await
}

async fn list_managed_clients(
    State(api): State<Api>,
    client: Client,
    Params(customer, _): Params<String, Error>,
) -> Result<Response, Error> {
    let (_, scope) = at(&api, &client, &customer).await?;
    let found = clients(&scope, true).await?;
    let shown: Vec<_> = found.iter().map(|it| lens::show_managed_client(it, None)).collect();
    Ok(answer::json(StatusCode::OK, &shown))
}

async fn create_managed_client(
    State(api): State<Api>,
    client: Client,
    Params(customer, _): Params<String, Error>,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let (customer, scope) = at(&api, &client, &customer).await?;
    let asked = new_managed_client(body)?;
    let name = format!("{}-{}", lens::code_of(&customer), asked.name);
    let (made, secret) = scope.add_client(NewClient { name, ..asked }).await?;
    let shown = answer::json(StatusCode::CREATED, &lens::show_managed_client(&made, Some(&secret)));
    Ok(answer::no_store_of_tokens(shown))
}

async fn delete_managed_client(
    State(api): State<Api>,
    client: Client,
    Params((customer, id), _): Params<(String, String), Error>,
) -> Result<Response, Error> {
    delete(&api, &client, &customer, true, &id).await
}

async fn delete(
    api: &Api,
    client: &Client,
    customer: &str,
    is_managed: bool,
    id: &str,
) -> Result<Response, Error> {
    let (_, scope) = at(api, client, customer).await?;
    let found = find(&scope, is_managed, object_id("clientId", id)?).await?;
    match scope.remove_client(found.id).await? {
        true => Ok(answer::empty(StatusCode::OK)),
        // Somebody else was first.
        false => Err(Error::NoClient),
    }
}

async fn find(scope: &TenantScope<'_>, is_managed: bool, id: ObjectId) -> Result<Credential, Error> {
    let found = clients(scope, is_managed).await?;
    found.into_iter().find(|it| lens::client_id(it) == id).ok_or(Error::NoClient)
}

/// A client that a customer made for itself says what it is for.
async fn clients(scope: &TenantScope<'_>, is_managed: bool) -> Result<Vec<Credential>, Error> {
    let all = scope.clients().await?;
    Ok(all.into_iter().filter(|it| it.description.is_some() == is_managed).collect())
}
