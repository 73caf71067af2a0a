//! Customers: the token's, and those below it.

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use directory::customer::Customer;
use directory::{Refusal, TenantScope};

use crate::http::{Params, Payload, Route, answer};
use crate::laurel::auth::{Api, Client};
use crate::laurel::error::Error;
use crate::laurel::wire::customers::{
    IDENTITIES, NewCustomer, PatchCustomer, Region, RegionName, one_identity,
};
use crate::laurel::wire::object_id;
use crate::laurel::{lens, query};

pub(super) fn table() -> Vec<Route<Api>> {
    const CUSTOMERS: &str = "/api/v1/customers";
    const LOOKUP: &str = "/api/v1/customers/lookup";
    const CUSTOMER: &str = "/api/v1/customers/{customerId}";
    const TENANT: &str = "/api/v1/customers/{customerId}/tenant";
    const REGION: &str = "/api/v1/customers/{customerId}/region";
    const IDENTITIES: &str = "/api/v1/customers/{customerId}/identities";
    vec![
        Route::post(CUSTOMERS, "create_customer", create_customer),
        Route::get(CUSTOMERS, "list_customers", list_customers),
        Route::get(LOOKUP, "lookup_customer", lookup_customer),
        Route::get(CUSTOMER, "get_customer", get_customer),
        Route::patch(CUSTOMER, "patch_customer", patch_customer),
        Route::get(TENANT, "get_customer_tenant", get_customer_tenant),
        Route::get(REGION, "get_customer_region", get_customer_region),
        Route::post(IDENTITIES, "add_customer_identity", add_customer_identity),
    ]
}

/// The customer that a path names, and the caller there.
pub(super) async fn at<'c>(
    api: &'c Api,
    client: &'c Client,
    customer: &str,
) -> Result<(Customer, TenantScope<'c>), Error> {
    let id = object_id("customerId", customer)?;
    Ok(api.directory.scoped(&client.caller).customer(id).await?)
}

async fn create_customer(
    State(api): State<Api>,
    client: Client,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let (own, scope) = api.directory.scoped(&client.caller).customer(client.customer).await?;
    let asked = NewCustomer::read(body, own.tenant.object_id)?;
    let made = scope.add_customer(asked.id, lens::create_customer(&asked)).await;
    Ok(answer::json(StatusCode::CREATED, &lens::show_customer(&made.map_err(Error::of_customer)?)))
}

async fn list_customers(State(api): State<Api>, client: Client, uri: Uri) -> Result<Response, Error> {
    let region = query::region(&uri)?;
    let customers = api.directory.scoped(&client.caller).customers().await?;
    let is_asked_for = |customer: &&Customer| region.is_none_or(|region| customer.tenant.region == region);
    let shown: Vec<_> = customers.iter().filter(is_asked_for).map(lens::show_customer).collect();
    Ok(answer::json(StatusCode::OK, &shown))
}

async fn lookup_customer(State(api): State<Api>, client: Client, uri: Uri) -> Result<Response, Error> {
    let (identity, bound) = query::customer_identity(&uri)?;
    let scope = api.directory.scoped(&client.caller);
    let found = scope.customer_by_identity(&identity).await?;
    let found = found.filter(|it| bound.is_none_or(|bound| it.organization.object_id == bound));
    let customer = found.ok_or(Error::NoCustomer)?;
    Ok(answered(&customer))
}

async fn get_customer(
    State(api): State<Api>,
    client: Client,
    Params(customer, _): Params<String, Error>,
) -> Result<Response, Error> {
    let (customer, _) = at(&api, &client, &customer).await?;
    Ok(answered(&customer))
}

async fn patch_customer(
    State(api): State<Api>,
    client: Client,
    Params(customer, _): Params<String, Error>,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let (customer, scope) = at(&api, &client, &customer).await?;
    let patch = PatchCustomer::read(body, customer.tenant.object_id, customer.organization.object_id)?;
    let decide = move |customer: &Customer| Ok::<_, Refusal>(lens::change_customer(&patch, customer));
    let changed = scope.change_customer_and_name(decide).await.map_err(Error::of_customer)?;
    Ok(answered(&changed))
}

async fn get_customer_tenant(
    State(api): State<Api>,
    client: Client,
    Params(customer, _): Params<String, Error>,
) -> Result<Response, Error> {
    let (customer, _) = at(&api, &client, &customer).await?;
    Ok(answer::json(StatusCode::OK, &RegionName { name: customer.tenant.region.as_str() }))
}

async fn get_customer_region(
    State(api): State<Api>,
    client: Client,
    Params(customer, _): Params<String, Error>,
) -> Result<Response, Error> {
    let (customer, _) = at(&api, &client, &customer).await?;
    Ok(answer::json(StatusCode::OK, &Region { region: customer.tenant.region.as_str() }))
}

/// One that the customer has already changes nothing.
async fn add_customer_identity(
    State(api): State<Api>,
    client: Client,
    Params(customer, _): Params<String, Error>,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let (customer, scope) = at(&api, &client, &customer).await?;
    let identity = one_identity(body, customer.organization.object_id)?;
    let decide = move |customer: &Customer| {
        let mut profile = customer.profile.clone();
        let is_same = profile
            .identities
            .iter()
            .any(|known| known.source == identity.source && known.folded() == identity.folded());
        if !is_same && profile.identities.len() >= IDENTITIES {
            return Err(Error::from(query::too_many("identities", IDENTITIES)));
        }
        profile.identities.extend((!is_same).then(|| identity.clone()));
        Ok(profile)
    };
    scope.change_customer(decide).await?;
    Ok(answer::empty(StatusCode::CREATED))
}

pub(super) fn answered(customer: &Customer) -> Response {
    answer::json(StatusCode::OK, &lens::show_customer(customer))
}
