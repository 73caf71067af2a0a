//! User groups and their members. The customer is named in the query; groups are the tenant's.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::Response;
use directory::ids::{GroupId, ObjectId, PersonId};
use directory::members::MembersChange;
use directory::organization::Group;
use directory::query::{Direction, Filter, Literal};
use directory::{
    Change, EntityKey, EntityKind, Include, PersonField, PersonList, Record, Refusal, TenantScope,
};

use super::resolve::first_of_each;
use super::users;
use crate::http::pieces::{self, Listed, Shown};
use crate::http::{LargePayload, Params, Payload, Route, answer};
use crate::laurel::auth::{Api, Caller, Client};
use crate::laurel::error::Error;
use crate::laurel::wire::groups::{Members, Named, NewGroup, PatchGroup, Sync, Synced, external_id};
use crate::laurel::wire::{Id, object_id};
use crate::laurel::{lens, query};

pub(super) fn table() -> Vec<Route<Api>> {
    const GROUPS: &str = "/api/v1/user-groups";
    const GROUP: &str = "/api/v1/user-groups/{userGroupId}";
    const MEMBERS: &str = "/api/v1/user-groups/{userGroupId}/users";
    const OF_USER: &str = "/api/v1/user-groups/for-user/{userId}";
    const EXTERNAL: &str = "/api/v1/user-groups/by-external-id/{externalId}";
    const EXTERNAL_MEMBERS: &str = "/api/v1/user-groups/by-external-id/{externalId}/users";
    vec![
        Route::get(GROUPS, "list_groups", list_groups),
        Route::post(GROUPS, "create_group", create_group),
        Route::get(GROUP, "get_group", get_group),
        Route::patch(GROUP, "patch_group", patch_group),
        Route::delete(GROUP, "delete_group", delete_group),
        Route::get(OF_USER, "list_groups_of_user", list_groups_of_user),
        Route::get(MEMBERS, "list_members", list_members),
        Route::post(MEMBERS, "add_members", add_members),
        Route::delete(MEMBERS, "remove_members", remove_members),
        Route::put(EXTERNAL, "put_group", put_group),
        Route::delete(EXTERNAL, "delete_group_by_external_id", delete_group_by_external_id),
        Route::put(EXTERNAL_MEMBERS, "sync_members", sync_members),
    ]
}

/// Whom a query is about.
fn caller(client: Client, uri: &Uri) -> Result<Caller, Error> {
    client.at(query::customer(uri)?)
}

async fn list_groups(State(api): State<Api>, client: Client, uri: Uri) -> Result<Response, Error> {
    let caller = caller(client, &uri)?;
    let members = query::members(&uri)?;
    let scope = api.scoped(&caller);
    let groups = match members {
        None => scope.all_groups(Filter::All(vec![])).await?,
        Some(members) => {
            let people = first_of_each(scope, &members).await?.into_iter().flatten().collect();
            let records = scope.records(people, Include::default()).await?;
            let groups = records.iter().flat_map(|record| &record.person.groups);
            scope.groups_with_ids(groups.map(|group| group.id)).await?
        }
    };
    shown(&groups, &caller)
}

async fn list_groups_of_user(
    State(api): State<Api>,
    client: Client,
    Params(user, _): Params<String, Error>,
    uri: Uri,
) -> Result<Response, Error> {
    let caller = caller(client, &uri)?;
    let record = api.scoped(&caller).person(users::key(&user)?, Include::default()).await?;
    let ids = record.person.groups.iter().map(|group| group.id);
    shown(&api.scoped(&caller).groups_with_ids(ids).await?, &caller)
}

fn shown(groups: &[Group], caller: &Caller) -> Result<Response, Error> {
    let groups: Vec<_> = groups.iter().map(|group| lens::show_group(group, caller.customer)).collect();
    Ok(answer::json(StatusCode::OK, &groups))
}

async fn create_group(
    State(api): State<Api>,
    client: Client,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let NewGroup { customer, external_id, name, description } = NewGroup::read(body)?;
    let caller = client.at(customer)?;
    let new = Group {
        external_id: Some(external_id),
        description,
        ..Group::new(GroupId::NIL, ObjectId::NIL, name)
    };
    let created = api.scoped(&caller).create_entity(new).await?;
    let group = Group::try_from(created).map_err(Refusal::NoSuchEntity)?;
    Ok(answer::json(StatusCode::CREATED, &lens::show_group(&group, caller.customer)))
}

async fn get_group(
    State(api): State<Api>,
    client: Client,
    Params(group, _): Params<String, Error>,
    uri: Uri,
) -> Result<Response, Error> {
    let caller = caller(client, &uri)?;
    let group = find(api.scoped(&caller), &group).await?;
    Ok(answer::json(StatusCode::OK, &lens::show_group(&group, caller.customer)))
}

async fn patch_group(
    State(api): State<Api>,
    client: Client,
    Params(group, _): Params<String, Error>,
    uri: Uri,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let caller = caller(client, &uri)?;
    let patch = PatchGroup::read(body)?;
    let scope = api.scoped(&caller);
    let found = find(scope, &group).await?;
    let group = scope.change_group(found.id, move |group| apply(&patch, group)).await?;
    Ok(answer::json(StatusCode::OK, &lens::show_group(&group, caller.customer)))
}

fn apply(patch: &PatchGroup, group: &mut Group) {
    if let Some(external_id) = &patch.external_id {
        group.external_id = Some(external_id.clone());
    }
    if let Some(name) = &patch.name {
        group.name.clone_from(name);
    }
    match &patch.description {
        Change::Keep => {}
        Change::Clear => group.description = None,
        Change::Set(text) => group.description = Some(text.clone()),
    }
}

/// A group that is not there is answered with null, as the vendor's document has it.
async fn delete_group(
    State(api): State<Api>,
    client: Client,
    Params(group, _): Params<String, Error>,
    uri: Uri,
) -> Result<Response, Error> {
    let caller = caller(client, &uri)?;
    let id = object_id("userGroupId", &group)?;
    let scope = api.scoped(&caller);
    let deleted = match scope.group_by_object_id(id).await {
        Ok(group) => scope.delete_entity(EntityKey::Group(group.id)).await,
        Err(refusal) => Err(refusal),
    };
    let group = match deleted {
        Ok(entity) => Some(Group::try_from(entity).map_err(Refusal::NoSuchEntity)?),
        Err(Refusal::NoSuchEntity(EntityKind::Group)) => None,
        Err(refusal) => return Err(refusal.into()),
    };
    let shown = group.as_ref().map(|group| lens::show_group(group, caller.customer));
    Ok(answer::json(StatusCode::OK, &shown))
}

async fn put_group(
    State(api): State<Api>,
    client: Client,
    Params(external, _): Params<String, Error>,
    uri: Uri,
    Payload(body, _): Payload<Error>,
) -> Result<Response, Error> {
    let caller = caller(client, &uri)?;
    let external = external_id(&external)?;
    let put = PatchGroup::read_put(body)?;
    let mut new = Group::new(GroupId::NIL, ObjectId::NIL, "");
    new.external_id = Some(external.to_owned());
    apply(&put, &mut new);
    let group = api.scoped(&caller).put_group(new, external, move |group| apply(&put, group)).await?;
    Ok(answer::json(StatusCode::OK, &lens::show_group(&group, caller.customer)))
}

async fn delete_group_by_external_id(
    State(api): State<Api>,
    client: Client,
    Params(external, _): Params<String, Error>,
    uri: Uri,
) -> Result<Response, Error> {
    let caller = caller(client, &uri)?;
    let scope = api.scoped(&caller);
    let group = scope.group_by_external_id(external_id(&external)?).await?;
    scope.delete_entity(EntityKey::Group(group.id)).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

async fn list_members(
    State(api): State<Api>,
    client: Client,
    Params(group, _): Params<String, Error>,
    uri: Uri,
) -> Result<Response, Error> {
    let caller = caller(client, &uri)?;
    let group = find(api.scoped(&caller), &group).await?;
    let listed = Listed { directory: api.directory, caller: caller.caller, child: None };
    let members = Filter::Contains(PersonList::Groups, Literal::Uuid(group.id.0));
    let order = vec![(PersonField::ObjectId, Direction::Ascending)];
    Ok(pieces::answer(listed, members, order, GroupUsers(group.id)).await?)
}

/// The members of a group.
struct GroupUsers(GroupId);

impl Shown for GroupUsers {
    const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/json");
    const FRAME: (&'static str, &'static str) = ("[", "]");

    fn include(&self) -> Include {
        Include { groups: true, ..Include::default() }
    }

    fn write(&self, bytes: &mut Vec<u8>, record: &Record) -> serde_json::Result<()> {
        match record.person.groups.iter().any(|group| group.id == self.0) {
            true => serde_json::to_writer(bytes, &lens::show_member(record)),
            false => Ok(()),
        }
    }
}

async fn add_members(
    State(api): State<Api>,
    client: Client,
    Params(group, _): Params<String, Error>,
    uri: Uri,
    LargePayload(body, _): LargePayload<Error>,
) -> Result<Response, Error> {
    change_members(&api, caller(client, &uri)?, &group, body, MembersChange::Add, StatusCode::CREATED).await
}

async fn remove_members(
    State(api): State<Api>,
    client: Client,
    Params(group, _): Params<String, Error>,
    uri: Uri,
    LargePayload(body, _): LargePayload<Error>,
) -> Result<Response, Error> {
    change_members(&api, caller(client, &uri)?, &group, body, MembersChange::Remove, StatusCode::OK).await
}

async fn change_members(
    api: &Api,
    caller: Caller,
    group: &str,
    body: crate::http::json::Value,
    change: fn(Vec<PersonId>) -> MembersChange,
    status: StatusCode,
) -> Result<Response, Error> {
    let Members(named) = Members::read(body)?;
    let scope = api.scoped(&caller);
    let group = find(scope, group).await?;
    let people = first_of_each(scope, &named).await?.into_iter().flatten().collect();
    let changed = scope.change_members(group.id, change(people)).await?;
    Ok(answer::json(status, &lens::show_group(&changed.group, caller.customer)))
}

async fn sync_members(
    State(api): State<Api>,
    client: Client,
    Params(external, _): Params<String, Error>,
    uri: Uri,
    LargePayload(body, _): LargePayload<Error>,
) -> Result<Response, Error> {
    let caller = caller(client, &uri)?;
    let Sync { is_set, people: named } = Sync::read(body)?;
    let scope = api.scoped(&caller);
    let group = scope.group_by_external_id(external_id(&external)?).await?;
    let found = first_of_each(scope, &named).await?;
    let mut unresolved: Vec<String> = Vec::new();
    let mut people = Vec::with_capacity(found.len());
    for (found, Named { text, .. }) in found.into_iter().zip(named) {
        match found {
            Some(person) => people.push(person),
            None => unresolved.push(text),
        }
    }
    let mut seen = std::collections::HashSet::new();
    unresolved.retain(|text| seen.insert(text.clone()));
    let change = if is_set { MembersChange::Set(people) } else { MembersChange::Add(people) };
    let changed = scope.change_members(group.id, change).await?;
    let ids =
        |members: &[directory::members::Member]| members.iter().map(|member| Id(member.object_id)).collect();
    let synced = Synced { added: ids(&changed.added), removed: ids(&changed.removed), unresolved };
    Ok(answer::json(StatusCode::OK, &synced))
}

async fn find(scope: TenantScope<'_>, group: &str) -> Result<Group, Error> {
    Ok(scope.group_by_object_id(object_id("userGroupId", group)?).await?)
}
