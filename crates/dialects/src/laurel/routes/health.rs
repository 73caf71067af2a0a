//! Whether the service works, for whoever asks. The server has checks of its own, beside those of any API.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use crate::http::{Route, answer};
use crate::laurel::auth::Api;

pub(super) fn table() -> Vec<Route<Api>> {
    vec![Route::get("/healthcheck", "check_health", check_health)]
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Health {
    healthy: bool,
    database_connected: bool,
}

async fn check_health(State(api): State<Api>) -> Response {
    let is_ready = api.directory.store().is_ready().await;
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    answer::json(status, &Health { healthy: is_ready, database_connected: is_ready })
}
