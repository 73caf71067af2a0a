//! Replay's table of routes.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::Response;
use directory::ids::{InvitationId, OrganizationId, PersonId, TeamId};
use directory::organization::Team;
use directory::query::Query;
use directory::status::Status;
use directory::store::PersonKey;
use directory::{Dialect, Directory, Include, Invited, Record, Refusal, TenantScope};
use jiff::Timestamp;
use uuid::Uuid;

use super::auth::{Api, Caller};
use super::error::{CONTENT_TYPE, Error};
use super::lens;
use super::query::{self, ListUsers, Paging};
use super::wire::{
    InviteUser, LegacyUser, NOT_A_UUID, NewChild, NewUser, Page, PatchTeam, PatchUser, UnifiedUser, User,
    Users,
};
use crate::compose::{Mount, segments};
use crate::http::pieces::{self, Listed, Shown};
use crate::http::{BaseUrl, FieldError, Params, Payload, Route, answer, route};

pub fn table() -> Vec<Route<Api>> {
    vec![
        Route::get("/api/user", "list_users", list_users),
        Route::post("/api/user", "create_user", create_user),
        Route::post("/api/user/invite", "invite_user", invite_user),
        Route::get("/api/user/{userId}", "get_user", get_user),
        Route::patch("/api/user/{userId}", "patch_user", patch_user),
        Route::post("/api/company/child", "create_child_company", create_child_company),
        Route::get("/api/team", "list_teams", list_teams),
        Route::patch("/api/team/{teamId}", "patch_team", patch_team),
    ]
}

/// Replay's API over a directory.
pub fn mount(directory: Arc<Directory>, hosts: Vec<String>) -> Mount {
    Mount {
        dialect: Dialect::Replay,
        prefix: "/replay",
        owns: |path| {
            let mut segments = segments(path);
            segments.next() == Some("api") && matches!(segments.next(), Some("user" | "company" | "team"))
        },
        normalise: |_| None,
        router: route::router::<Api, Error>(table(), &[""]).with_state(Api { directory }),
        fault: route::fault::<Error>,
        hosts,
    }
}

async fn list_users(
    State(api): State<Api>,
    caller: Caller,
    uri: Uri,
    BaseUrl(base): BaseUrl,
) -> Result<Response, Error> {
    let ListUsers { child, paging } = ListUsers::read(&uri)?;
    match child {
        Some(child) => Ok(list_child(api, caller, child, paging, base).await?),
        None => {
            let page = list_own(api.scoped(&caller), paging.unwrap_or_default()).await?;
            Ok(answer::typed(StatusCode::OK, CONTENT_TYPE, &page))
        }
    }
}

async fn list_own(scope: TenantScope<'_>, paging: Paging) -> Result<Page<LegacyUser>, Refusal> {
    let found = scope.list_people(query::active(paging), Include::default()).await?;
    let users = found.items.iter().map(lens::show_legacy).collect();
    Ok(paging.page(users, found.has_next, found.total.unwrap_or_default()))
}

/// Everyone, unless a part was asked for: the answer could not say that more remain.
async fn list_child(
    api: Api,
    Caller(caller): Caller,
    child: OrganizationId,
    paging: Option<Paging>,
    base: String,
) -> Result<Response, Refusal> {
    let now = api.directory.now();
    let (filter, sort) = (query::in_child(now), vec![query::ORDER]);
    let shown = InChild { now, base };
    let Some(paging) = paging else {
        let listed = Listed { directory: api.directory, caller, child: Some(child) };
        return pieces::answer(listed, filter, sort, shown).await;
    };
    let scope = api.directory.scoped(&caller).direct_child(child).await?;
    let query = Query { filter, sort, window: paging.window(), count: false };
    let found = scope.list_people(query, Include::default()).await?;
    let users = found.items.iter().flat_map(|record| shown.users(record)).collect();
    Ok(answer::typed(StatusCode::OK, CONTENT_TYPE, &Users { users }))
}

/// How the people of a child company are listed.
struct InChild {
    now: Timestamp,
    base: String,
}

impl InChild {
    fn users(&self, record: &Record) -> impl Iterator<Item = UnifiedUser> {
        lens::show_in_child(record, self.now, &self.base)
    }
}

impl Shown for InChild {
    const CONTENT_TYPE: HeaderValue = CONTENT_TYPE;
    const FRAME: (&'static str, &'static str) = ("{\"users\":[", "]}");

    fn include(&self) -> Include {
        Include::default()
    }

    fn write(&self, bytes: &mut Vec<u8>, record: &Record) -> serde_json::Result<()> {
        for (index, user) in self.users(record).enumerate() {
            if index > 0 {
                bytes.push(b',');
            }
            serde_json::to_writer(&mut *bytes, &user)?;
        }
        Ok(())
    }
}

async fn get_user(
    State(api): State<Api>,
    caller: Caller,
    Params(user, _): Params<String, Error>,
    uri: Uri,
    BaseUrl(base): BaseUrl,
) -> Result<Response, Error> {
    let (user, child) = (uuid("userId", &user)?, query::child_company(&uri)?);
    let scope = api.scoped(&caller);
    let shown = match child {
        Some(child) => User::Unified(get_of_child(scope.direct_child(child).await?, user, &base).await?),
        None => User::Legacy(get_own(scope, user).await?),
    };
    Ok(answer::typed(StatusCode::OK, CONTENT_TYPE, &shown))
}

/// The own company shows active users alone: its shape could not say that one is not.
async fn get_own(scope: TenantScope<'_>, user: Uuid) -> Result<LegacyUser, Refusal> {
    let record = scope.person(PersonKey::Id(PersonId(user)), Include::default()).await?;
    match record.person.status {
        Status::Active => Ok(lens::show_legacy(&record)),
        Status::Invited | Status::DisabledByAdmin | Status::DisabledByOrganization | Status::LoginBlocked => {
            Err(Refusal::NoSuchPerson)
        }
    }
}

async fn get_of_child(scope: TenantScope<'_>, user: Uuid, base: &str) -> Result<UnifiedUser, Refusal> {
    match scope.person(PersonKey::Id(PersonId(user)), Include::default()).await {
        Ok(record) if record.person.status != Status::Invited => Ok(lens::show(&record)),
        // An invited user has no id of their own yet, so this can only be an invitation's.
        Ok(_) | Err(Refusal::NoSuchPerson) => {
            let record = scope.invited(InvitationId(user), Include::default()).await?;
            let invitation = record.person.invitation.as_ref().ok_or(Refusal::NoSuchPerson)?;
            Ok(lens::show_invited(&record, invitation, base))
        }
        Err(refusal) => Err(refusal),
    }
}

async fn create_user(
    State(api): State<Api>,
    caller: Caller,
    BaseUrl(base): BaseUrl,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let NewUser { invitee, child_company_id } = NewUser::read(body)?;
    let scope = api.scoped(&caller);
    let scope = match child_company_id {
        Some(child) => scope.direct_child(child).await?,
        None => scope,
    };
    let (status, record) = match scope.invite(invitee).await? {
        Invited::New(record) => (StatusCode::CREATED, record),
        Invited::Known(record) => (StatusCode::OK, record),
    };
    let user = match lens::open_invitation(&record, api.directory.now()) {
        Some(invitation) => lens::show_invited(&record, invitation, &base),
        None => lens::show(&record),
    };
    Ok(answer::typed(status, CONTENT_TYPE, &user))
}

/// The invitation is there before its mail is asked for: who asks again after a failure in between is mailed.
async fn invite_user(
    State(api): State<Api>,
    caller: Caller,
    BaseUrl(base): BaseUrl,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let InviteUser(invitee) = InviteUser::read(body)?;
    let scope = api.scoped(&caller);
    let is_mailed = invitee.is_mailed;
    let record = scope.invite_to_team(invitee).await?;
    let invitation = record.person.invitation.as_ref().ok_or(Refusal::NoSuchPerson)?;
    if is_mailed {
        let company = scope.organization_details().await?.name;
        let mail = lens::invitation_mail(&record, invitation, &company, &base);
        scope.send(record.person.id, mail.into_iter().collect()).await?;
    }
    Ok(answer::typed(StatusCode::OK, CONTENT_TYPE, &lens::show_invitation(&record, invitation, &base)))
}

async fn patch_user(
    State(api): State<Api>,
    caller: Caller,
    Params(user, _): Params<String, Error>,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let user = uuid("userId", &user)?;
    let patch = PatchUser::read(body)?;
    let scope = api.scoped(&caller);
    let scope = match patch.child_company_id {
        Some(child) => scope.direct_child(child).await?,
        None => scope,
    };
    let changed = scope
        .change_person(PersonKey::Id(PersonId(user)), Include::default(), move |record| {
            lens::change(&patch, record)
        })
        .await;
    match changed {
        Ok(record) => Ok(answer::typed(StatusCode::OK, CONTENT_TYPE, &lens::show(&record))),
        // The id of a pending invitation is one that this API gave out: it is known, and not of an active user.
        Err(Refusal::NoSuchPerson) => {
            scope.invited(InvitationId(user), Include::default()).await?;
            Err(Refusal::NotActive.into())
        }
        Err(refusal) => Err(refusal.into()),
    }
}

async fn create_child_company(
    State(api): State<Api>,
    caller: Caller,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let NewChild { name, details } = NewChild::read(body)?;
    let company = api.scoped(&caller).add_child(name, details).await?;
    Ok(answer::typed(StatusCode::OK, CONTENT_TYPE, &lens::show_company(&company)))
}

async fn list_teams(State(api): State<Api>, caller: Caller, uri: Uri) -> Result<Response, Error> {
    let paging = query::list_teams(&uri)?;
    let found = api.scoped(&caller).list_teams(query::teams(paging)).await?;
    let teams = found.items.iter().map(lens::show_team).collect();
    let page = paging.page(teams, found.has_next, found.total.unwrap_or_default());
    Ok(answer::typed(StatusCode::OK, CONTENT_TYPE, &page))
}

async fn patch_team(
    State(api): State<Api>,
    caller: Caller,
    Params(team, _): Params<String, Error>,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let team = TeamId(uuid("teamId", &team)?);
    let patch = PatchTeam::read(body)?;
    let decide = move |team: &Team| Ok::<_, Error>(lens::change_team(&patch, team));
    let team = api.scoped(&caller).change_team(team, decide).await?;
    Ok(answer::typed(StatusCode::OK, CONTENT_TYPE, &lens::show_team(&team)))
}

fn uuid(name: &str, text: &str) -> Result<Uuid, Error> {
    let id: PersonId = text.parse().map_err(|_| wrong(name, NOT_A_UUID))?;
    Ok(id.0)
}

fn wrong(path: &str, message: &str) -> Error {
    Error::Invalid(vec![FieldError { path: path.into(), message: message.into() }])
}
