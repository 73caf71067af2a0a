//! The session's organization.

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use directory::authority::KareRights;
use directory::customer::Customer;
use directory::store::PersonKey;
use directory::{Include, Refusal};

use crate::http::{Payload, Route, answer};
use crate::kare::auth::{Api, Caller};
use crate::kare::error::Error;
use crate::kare::lens;
use crate::kare::query::{OrganizationParts, OrganizationPartsV1};
use crate::kare::wire::Data;
use crate::kare::wire::organizations::{Named, PatchOrganization};

pub(super) fn table() -> Vec<Route<Api>> {
    vec![
        Route::get("/organizations/v2/rs/my", "get_organization", get_organization),
        Route::patch("/organizations/v2/rs/my", "patch_organization", patch_organization),
        Route::get("/organizations/my", "get_organization_v1", get_organization_v1),
        Route::put("/organizations/my", "put_organization", put_organization),
    ]
}

async fn get_organization(State(api): State<Api>, caller: Caller, uri: Uri) -> Result<Response, Error> {
    let parts = OrganizationParts::read(&uri)?;
    let organization = api.scoped(&caller).own_organization().await?;
    let is_admin = is_admin(&api, &caller).await?;
    let data = lens::show_organization(&organization, parts, is_admin);
    Ok(answer::json(StatusCode::OK, &Data { data }))
}

async fn get_organization_v1(State(api): State<Api>, caller: Caller, uri: Uri) -> Result<Response, Error> {
    let parts = OrganizationPartsV1::read(&uri)?;
    let organization = api.scoped(&caller).own_organization().await?;
    let is_admin = is_admin(&api, &caller).await?;
    let data = lens::show_organization_v1(&organization, parts, is_admin);
    Ok(answer::json(StatusCode::OK, &Data { data }))
}

async fn patch_organization(
    State(api): State<Api>,
    caller: Caller,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let patch = PatchOrganization::read(body)?;
    let decide = move |organization: &Customer| lens::change_organization(&patch, organization);
    let organization = api.scoped(&caller).change_own_organization(decide).await?;
    Ok(answer::json(StatusCode::OK, &Data { data: lens::show_whole_organization(&organization) }))
}

async fn put_organization(
    State(api): State<Api>,
    caller: Caller,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let put = PatchOrganization::read_v1(body)?;
    let decide = move |organization: &Customer| lens::change_organization(&put, organization);
    let organization = api.scoped(&caller).change_own_organization(decide).await?;
    let data = Named { name: &organization.organization.name };
    Ok(answer::json(StatusCode::OK, &Data { data }))
}

async fn is_admin(api: &Api, caller: &Caller) -> Result<bool, Refusal> {
    let me = PersonKey::Id(caller.person().ok_or(Refusal::CallerGone)?);
    let record = api.scoped(caller).person(me, Include::default()).await?;
    Ok(KareRights::of(caller.person(), &record)?.is_admin)
}
