//! The handlers of lists, and of what can be read, created, patched and deleted by its id. A resource says what they need to know of it.

use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use directory::query::{Field, Page, Query};
use directory::{Entity, EntityKey, EntityKind, Refusal, TenantScope};
use serde::Serialize;
use uuid::Uuid;

use super::{JSON_PATCH, known, read};
use crate::http::{BaseUrl, Params, answer, body};
use crate::relesys::auth::{Api, Caller, Read, Write};
use crate::relesys::error::{Error, NOT_A_GUID};
use crate::relesys::lens::{Model, PatchEntity, create as created};
use crate::relesys::query::{Listing, list_url};
use crate::relesys::version::Version;
use crate::relesys::wire::Data;

/// What is listed.
pub(super) trait Resource: Sized + Send + Sync + 'static {
    type Field: Field;
    type Shown<'a>: Serialize;

    /// Below the version.
    const PATH: &'static str;
    const LISTING: Listing<Self::Field>;

    fn list(
        scope: TenantScope<'_>,
        query: Query<Self::Field>,
    ) -> impl Future<Output = Result<Page<Self>, Refusal>> + Send;

    /// As an answer of a version shows it; `base` is the address that its links begin with.
    fn show<'a>(&'a self, version: Version, base: &str) -> Self::Shown<'a>;
}

/// What is read by its id.
pub(super) trait Addressed: Resource + TryFrom<Entity, Error = EntityKind> {
    const KIND: EntityKind;
    /// The parameter of the path that holds the id.
    const ID: &'static str;

    fn key(id: &str) -> Result<EntityKey, Error> {
        EntityKey::parse(Self::KIND, id).ok_or_else(|| Error::at(Self::ID, NOT_A_GUID))
    }

    fn of(entity: Entity) -> Result<Self, Refusal> {
        Self::try_from(entity).map_err(Refusal::NoSuchEntity)
    }
}

/// The absolute address of one.
pub(super) fn url<R: Resource>(version: Version, base: &str, id: Uuid) -> String {
    format!("{base}/api/{}/{}/{id}", version.as_str(), R::PATH)
}

pub(super) async fn list<R: Resource>(
    State(api): State<Api>,
    caller: Caller<Read>,
    Params(version, _): Params<String, Error>,
    base: BaseUrl,
    uri: Uri,
) -> Result<Response, Error> {
    let version = known(&version)?;
    let seal = api.seal(&caller, R::LISTING.endpoint);
    let request = R::LISTING.read(&uri, &seal)?;
    let page = R::list(api.scoped(&caller), request.query.clone()).await?;
    let data = page.items.iter().map(|item| item.show(version, &base.0)).collect();
    let url = list_url(&base, version, R::PATH);
    Ok(answer::json(StatusCode::OK, &request.answer(&page, data, &seal, &url)))
}

pub(super) async fn get<R: Addressed>(
    State(api): State<Api>,
    caller: Caller<Read>,
    Params((version, id), _): Params<(String, String), Error>,
    BaseUrl(base): BaseUrl,
) -> Result<Response, Error> {
    let version = known(&version)?;
    let it = R::of(api.scoped(&caller).entity(R::key(&id)?).await?)?;
    Ok(answer::json(StatusCode::OK, &Data { data: it.show(version, &base) }))
}

pub(super) async fn create<R: Addressed + Model + Into<Entity>>(
    State(api): State<Api>,
    caller: Caller<Write>,
    Params(version, _): Params<String, Error>,
    base: BaseUrl,
    request: Request,
) -> Result<Response, Error> {
    let version = known(&version)?;
    let it: R = created(version, read(request, body::JSON).await?)?;
    let entity = api.scoped(&caller).create_entity(it).await.map_err(Error::NotCreated)?;
    let url = format!("{}/{}", list_url(&base, version, R::PATH), entity.key());
    let it = R::of(entity)?;
    Ok(answer::created(&url, &Data { data: it.show(version, &base.0) }))
}

pub(super) async fn patch<R: Addressed + Model + Into<Entity>>(
    State(api): State<Api>,
    caller: Caller<Write>,
    Params((version, id), _): Params<(String, String), Error>,
    BaseUrl(base): BaseUrl,
    request: Request,
) -> Result<Response, Error> {
    let version = known(&version)?;
    let key = R::key(&id)?;
    let patch = PatchEntity::<R>::read(version, read(request, JSON_PATCH).await?)?;
    let decide =
        move |entity: &Entity| -> Result<Entity, Error> { Ok(patch.apply(&R::of(entity.clone())?)?.into()) };
    let it = R::of(api.scoped(&caller).change_entity(key, decide).await?)?;
    Ok(answer::json(StatusCode::OK, &Data { data: it.show(version, &base) }))
}

pub(super) async fn delete<R: Addressed>(
    State(api): State<Api>,
    caller: Caller<Write>,
    Params((version, id), _): Params<(String, String), Error>,
) -> Result<Response, Error> {
    known(&version)?;
    api.scoped(&caller).delete_entity(R::key(&id)?).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}
