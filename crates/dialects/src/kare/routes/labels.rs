//! The labels of the session's organization, of which some are people's professions.

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use directory::ids::Number;
use directory::organization::Label;
use directory::{EntityKind, Refusal};

use crate::http::{Params, Payload, Route, answer};
use crate::kare::auth::{Api, Caller};
use crate::kare::error::Error;
use crate::kare::lens;
use crate::kare::query::ListLabels;
use crate::kare::wire::labels::{NewLabel, PatchLabel};
use crate::kare::wire::{Data, id};

pub(super) fn table() -> Vec<Route<Api>> {
    vec![
        Route::get("/labels/v2/rs", "list_labels", list_labels),
        Route::put("/labels/v2/rs/{labelId}", "put_label", put_label),
        Route::get("/labels/v1", "list_labels_v1", list_labels_v1),
        Route::post("/labels/v1", "create_label", create_label),
    ]
}

async fn list_labels(State(api): State<Api>, caller: Caller, uri: Uri) -> Result<Response, Error> {
    let asked = ListLabels::read(&uri)?;
    let labels = asked.matching(api.scoped(&caller).labels().await?);
    let page = asked.list.page(&labels, |label| label.number, lens::show_label);
    Ok(answer::json(StatusCode::OK, &page))
}

async fn list_labels_v1(State(api): State<Api>, caller: Caller, uri: Uri) -> Result<Response, Error> {
    let asked = ListLabels::read_v1(&uri)?;
    let labels = asked.matching(api.scoped(&caller).labels().await?);
    let page = asked.list.page(&labels, |label| label.number, lens::show_label_v1);
    Ok(answer::json(StatusCode::OK, &page))
}

async fn create_label(
    State(api): State<Api>,
    caller: Caller,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let new = NewLabel::read(body)?;
    let label = api.scoped(&caller).add_label(lens::create_label(new)).await?;
    Ok(answer::json(StatusCode::CREATED, &Data { data: lens::show_label(&label) }))
}

async fn put_label(
    State(api): State<Api>,
    caller: Caller,
    Params(label, _): Params<String, Error>,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let label = id("labelId", &label)?;
    let put = PatchLabel::read(body)?;
    let nowhere = Refusal::NoSuchEntity(EntityKind::Label);
    let number = u64::try_from(label).ok().and_then(Number::new).ok_or(nowhere)?;
    let decide = move |label: &Label| lens::change_label(&put, label);
    let label = api.scoped(&caller).change_label(number, decide).await?;
    Ok(answer::json(StatusCode::OK, &Data { data: lens::show_label(&label) }))
}
