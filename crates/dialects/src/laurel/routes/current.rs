//! What users do with a token of their own.

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use directory::query::{Filter, Literal, Query};
use directory::store::PersonKey;
use directory::{Include, PersonList, Record};

use crate::http::{Payload, Route, answer};
use crate::laurel::auth::{Api, Myself};
use crate::laurel::error::Error;
use crate::laurel::wire::PatchUser;
use crate::laurel::{lens, list, query};

pub(super) fn table() -> Vec<Route<Api>> {
    const CURRENT: &str = "/api/v1/users/current";
    const DELEGATORS: &str = "/api/v1/delegators";
    vec![
        Route::get(CURRENT, "get_current_user", get_current_user),
        Route::patch(CURRENT, "patch_current_user", patch_current_user),
        Route::get(DELEGATORS, "list_delegators", list_delegators),
    ]
}

async fn get_current_user(State(api): State<Api>, myself: Myself) -> Result<Response, Error> {
    let record = api.scoped(&myself.caller).person(PersonKey::Id(myself.id), lens::NEEDS).await?;
    Ok(answer::json(StatusCode::OK, &lens::show(&record)))
}

async fn patch_current_user(
    State(api): State<Api>,
    myself: Myself,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let patch = PatchUser::read_own(body)?;
    let decide = move |record: &Record| Ok::<_, Error>(lens::change(&patch, record)?);
    let key = PersonKey::Id(myself.id);
    let record = api.scoped(&myself.caller).change_person(key, lens::NEEDS, decide).await;
    Ok(answer::json(StatusCode::OK, &lens::show(&record.map_err(Error::in_v1)?)))
}

/// Those who let the user act for them; all users of the customer, where the user is a super delegate.
async fn list_delegators(State(api): State<Api>, myself: Myself, uri: Uri) -> Result<Response, Error> {
    let asked = query::ListPage::read(&uri)?;
    let scope = api.scoped(&myself.caller);
    let me = scope.person(PersonKey::Id(myself.id), Include::default()).await?;
    let mut filter = list::matching(scope, &asked).await?;
    if me.membership.laurel.super_delegate.is_none() {
        let mine = Filter::Contains(PersonList::Delegates, Literal::ObjectId(me.person.object_id));
        filter = Filter::All(vec![mine, filter]);
    }
    let query = Query { filter, sort: list::order(), window: asked.window(), count: true };
    let found = scope.list_people(query, Include::default()).await?;
    let users = found.items.iter().map(lens::show_lite).collect();
    Ok(answer::json(StatusCode::OK, &asked.answer(users, found.total.unwrap_or_default())))
}
