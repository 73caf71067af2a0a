//! Roles and permissions: what the tenant has, which nobody changes through this API.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use directory::ids::ObjectId;
use directory::organization::{Permission, Role};
use directory::permission::STANDARD;
use directory::{EntityKey, Refusal, TenantScope};

use crate::http::{Params, Route, answer};
use crate::laurel::auth::{Api, Client};
use crate::laurel::error::Error;
use crate::laurel::lens;
use crate::laurel::wire::object_id;

pub(super) fn table() -> Vec<Route<Api>> {
    vec![
        Route::get("/api/v1/roles", "list_roles", list_roles),
        Route::get("/api/v1/roles/{roleId}", "get_role", get_role),
        Route::get("/api/v1/permissions", "list_permissions", list_permissions),
        Route::get("/api/v1/permissions/{permissionId}", "get_permission", get_permission),
    ]
}

async fn list_roles(State(api): State<Api>, client: Client) -> Result<Response, Error> {
    let roles = api.directory.scoped(&client.caller).reference_data().await?.roles;
    Ok(answer::json(StatusCode::OK, &roles.iter().map(lens::show_role).collect::<Vec<_>>()))
}

async fn get_role(
    State(api): State<Api>,
    client: Client,
    Params(role, _): Params<String, Error>,
) -> Result<Response, Error> {
    let key = EntityKey::Role(object_id("roleId", &role)?);
    let found = api.directory.scoped(&client.caller).entity(key).await?;
    let role = Role::try_from(found).map_err(Refusal::NoSuchEntity)?;
    Ok(answer::json(StatusCode::OK, &lens::show_role(&role)))
}

async fn list_permissions(State(api): State<Api>, client: Client) -> Result<Response, Error> {
    let scope = api.directory.scoped(&client.caller);
    let (since, permissions) = permissions(scope).await?;
    let shown: Vec<_> = permissions.iter().filter_map(|it| lens::show_permission(it, since)).collect();
    Ok(answer::json(StatusCode::OK, &shown))
}

async fn get_permission(
    State(api): State<Api>,
    client: Client,
    Params(permission, _): Params<String, Error>,
) -> Result<Response, Error> {
    let id: ObjectId = object_id("permissionId", &permission)?;
    let (since, permissions) = permissions(api.directory.scoped(&client.caller)).await?;
    let found = permissions.iter().find(|permission| permission.object_id() == id);
    let shown = found.and_then(|permission| lens::show_permission(permission, since));
    Ok(answer::json(StatusCode::OK, &shown.ok_or(Error::NoPermission)?))
}

/// The standard ones, and all that roles of the tenant have, in the order of their claims; and since when they are as they are:
/// since the tenant began.
async fn permissions(scope: TenantScope<'_>) -> Result<(jiff::Timestamp, BTreeSet<Permission>), Refusal> {
    let roles = scope.reference_data().await?.roles;
    let since = scope.organization_details().await?.created_at;
    let standard = STANDARD.iter().map(|(claim, _)| Permission { claim: (*claim).to_owned() });
    let of_roles = roles.into_iter().flat_map(|role| role.permissions);
    Ok((since, standard.chain(of_roles).collect()))
}
