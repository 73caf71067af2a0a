//! The definitions of users' custom fields. They are only read here: `personae` itself makes them.

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use directory::CustomFieldField;
use directory::query::Direction;

use super::known;
use crate::http::{BaseUrl, Params, answer};
use crate::relesys::auth::{Api, Caller, Read};
use crate::relesys::error::Error;
use crate::relesys::lens::custom_field;
use crate::relesys::query::{Listing, Parameter, list_url};

/// What `GET /customfields/users` filters and sorts by.
const CUSTOM_FIELDS: Listing<CustomFieldField> = Listing {
    endpoint: "relesys/customfields",
    parameters: &[
        Parameter::both("externalId", CustomFieldField::Key),
        Parameter::filter("id", CustomFieldField::Id),
        Parameter::both("name", CustomFieldField::Name),
        Parameter { names: &custom_field::TYPES, ..Parameter::both("type", CustomFieldField::Kind) },
    ],
    order: (CustomFieldField::Name, Direction::Ascending),
};

pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller<Read>,
    Params(version, _): Params<String, Error>,
    base: BaseUrl,
    uri: Uri,
) -> Result<Response, Error> {
    let version = known(&version)?;
    let seal = api.seal(&caller, CUSTOM_FIELDS.endpoint);
    let request = CUSTOM_FIELDS.read(&uri, &seal)?;
    let page = api.at(&caller).list_custom_fields(request.query.clone()).await?;
    let fields = page.items.iter().map(custom_field::show).collect();
    let url = list_url(&base, version, "customfields/users");
    Ok(answer::json(StatusCode::OK, &request.answer(&page, fields, &seal, &url)))
}
