//! The templates of messages. They are only read here: `personae` itself makes them.

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use directory::ids::TemplateId;
use directory::query::Direction;
use directory::template::Template;
use directory::{EntityKey, Refusal, TemplateField};

use super::known;
use crate::http::{BaseUrl, FieldError, Params, answer};
use crate::relesys::auth::{Api, Caller, Read};
use crate::relesys::error::{Error, NOT_A_GUID};
use crate::relesys::lens::template;
use crate::relesys::query::{Listing, Parameter, list_url};
use crate::relesys::wire::Data;

/// What `GET /communication/templates` filters and sorts by.
const TEMPLATES: Listing<TemplateField> = Listing {
    endpoint: "relesys/templates",
    parameters: &[
        Parameter::both("creationDateTime", TemplateField::CreatedAt),
        Parameter::filter("id", TemplateField::Id),
        Parameter::both("lastModifiedDateTime", TemplateField::UpdatedAt),
        Parameter::both("name", TemplateField::Name),
    ],
    order: (TemplateField::CreatedAt, Direction::Ascending),
};

pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller<Read>,
    Params(version, _): Params<String, Error>,
    base: BaseUrl,
    uri: Uri,
) -> Result<Response, Error> {
    let version = known(&version)?;
    let seal = api.seal(&caller, TEMPLATES.endpoint);
    let request = TEMPLATES.read(&uri, &seal)?;
    let page = api.at(&caller).list_templates(request.query.clone()).await?;
    let templates = page.items.iter().map(template::show).collect();
    let url = list_url(&base, version, "communication/templates");
    Ok(answer::json(StatusCode::OK, &request.answer(&page, templates, &seal, &url)))
}

pub(super) async fn get(
    State(api): State<Api>,
    caller: Caller<Read>,
    Params((version, id), _): Params<(String, String), Error>,
) -> Result<Response, Error> {
    known(&version)?;
    let id: TemplateId = id.parse().map_err(|_| {
        Error::Invalid(vec![FieldError { path: "templateId".into(), message: NOT_A_GUID.into() }])
    })?;
    let entity = api.at(&caller).entity(EntityKey::Template(id)).await?;
    let template = Template::try_from(entity).map_err(Refusal::NoSuchEntity)?;
    Ok(answer::json(StatusCode::OK, &Data { data: template::show(&template) }))
}
