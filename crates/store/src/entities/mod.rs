//! The writes and reads of everything besides people and organizations, and the writes of messages, written once for both
//! engines.
//!
//! An engine calls [`execute`] inside a transaction in which nobody else writes entities of the tenant: so what is checked
//! here is still true when it commits.

mod custom_field;
mod department;
mod group;
mod label;
mod reference;
mod role;
mod stored;
mod team;
mod template;

use std::panic::{AssertUnwindSafe, catch_unwind};

use directory::command::{Command, DecideEntity};
use directory::custom_field::CustomField;
use directory::event::{Action, Subject};
use directory::ids::{Number, OrganizationId, PersonId, TenantId};
use directory::message::Message;
use directory::organization::{Department, Group, Label, Role, Team};
use directory::plan::{self, Planned};
use directory::store::{ChangeError, ReferenceData};
use directory::template::Template;
use directory::{Attribute, Entity, EntityKey, Property, Refusal};
use jiff::Timestamp;
use tracing::error;

use crate::codec;
use crate::event::SubjectEvent;
use crate::messages;
use crate::sql::{Cell, Row, Sql, Syntax};

pub(crate) use label::of_organization as labels_of;
pub(crate) use role::add_standard as add_standard_roles;
pub(crate) use stored::{Listed, Stored, tenant_cell};

/// What was executed: what is answered with, and what has to be recorded in the same transaction.
#[derive(Debug, Default)]
pub(crate) struct Executed {
    pub(crate) entities: Vec<Entity>,
    pub(crate) events: Vec<SubjectEvent>,
}

impl Executed {
    /// Whether people may have lost a department or a group.
    pub(crate) fn has_touched_people(&self) -> bool {
        self.events.iter().any(|event| {
            let is_referred_to =
                matches!(event.subject, Subject::Entity(EntityKey::Department(_) | EntityKey::Group(_)));
            event.action == Action::Deleted && is_referred_to
        })
    }

    /// Whether anything became different that is cached of a tenant. Messages are not.
    pub(crate) fn has_touched_entities(&self) -> bool {
        self.events.iter().any(|event| matches!(event.subject, Subject::Entity(_)))
    }
}

/// Why a command was not executed.
enum Halt<F> {
    WriteError(ChangeError),
    Failed(F),
}

type Result<T, S> = std::result::Result<T, Halt<<S as Sql>::Error>>;

impl<F> From<Refusal> for Halt<F> {
    fn from(refusal: Refusal) -> Self {
        Self::WriteError(refusal.into())
    }
}

impl<F: From<codec::Error>> From<codec::Error> for Halt<F> {
    fn from(broken: codec::Error) -> Self {
        Self::Failed(broken.into())
    }
}

/// Executes the commands in their order, up to the first that is refused: then nothing of them may be committed.
pub(crate) async fn execute<S: Sql>(
    sql: &S,
    tenant: TenantId,
    commands: &mut [Command],
    now: Timestamp,
) -> std::result::Result<std::result::Result<Executed, (usize, ChangeError)>, S::Error> {
    let mut executed = Executed::default();
    let on = On { sql, tenant, now };
    for (index, command) in commands.iter_mut().enumerate() {
        match on.execute(command, &mut executed.events).await {
            Ok(entity) => executed.entities.extend(entity),
            Err(Halt::WriteError(stop)) => return Ok(Err((index, stop))),
            Err(Halt::Failed(failure)) => return Err(failure),
        }
    }
    Ok(Ok(executed))
}

/// One entity, if it is there.
pub(crate) async fn get<S: Sql>(
    sql: &S,
    tenant: TenantId,
    key: EntityKey,
) -> std::result::Result<Option<Entity>, S::Error> {
    match key {
        EntityKey::Department(_) => stored::get::<Department, S>(sql, tenant, key).await,
        EntityKey::Group(_) => stored::get::<Group, S>(sql, tenant, key).await,
        EntityKey::Team(_) => stored::get::<Team, S>(sql, tenant, key).await,
        EntityKey::Label(_) => stored::get::<Label, S>(sql, tenant, key).await,
        EntityKey::Role(_) => stored::get::<Role, S>(sql, tenant, key).await,
        EntityKey::CustomField(_) => stored::get::<CustomField, S>(sql, tenant, key).await,
        EntityKey::Template(_) => stored::get::<Template, S>(sql, tenant, key).await,
    }
}

/// All of them, as lists in their order.
pub(crate) async fn reference_data<S: Sql>(
    sql: &S,
    tenant: TenantId,
) -> std::result::Result<ReferenceData, S::Error> {
    Ok(ReferenceData {
        departments: stored::list(sql, tenant).await?,
        groups: stored::list(sql, tenant).await?,
        teams: stored::list(sql, tenant).await?,
        labels: stored::list(sql, tenant).await?,
        roles: stored::list(sql, tenant).await?,
        custom_fields: stored::list(sql, tenant).await?,
        templates: stored::list(sql, tenant).await?,
    })
}

/// The departments that a person manages who is about to be gone, each with the event that says that it has no manager
/// any more. Nothing is written.
pub(crate) async fn managed_by<S: Sql>(
    sql: &S,
    tenant: TenantId,
    person: PersonId,
    now: Timestamp,
) -> std::result::Result<Vec<(Department, SubjectEvent)>, S::Error> {
    let values = [tenant_cell(tenant), person.0.into()];
    let rows = sql.query(department::MANAGED, &values).await?;
    let mut departments =
        rows.into_iter().map(stored::read::<Department>).collect::<crate::codec::Result<Vec<_>>>()?;
    // An order in the statement would lead the planner to the wrong index.
    departments.sort_unstable_by_key(|department| department.id);
    let freed = departments.into_iter().map(|department| {
        let (department, change) = plan::without_manager(department, now);
        let subject = Subject::Entity(EntityKey::Department(department.id));
        (department, SubjectEvent { subject, action: Action::Changed, changes: vec![change] })
    });
    Ok(freed.collect())
}

/// Leaves the departments that a person manages without a manager, and answers with their events.
pub(crate) async fn release_managed<S: Sql>(
    sql: &S,
    tenant: TenantId,
    person: PersonId,
    now: Timestamp,
) -> std::result::Result<Vec<SubjectEvent>, S::Error> {
    let mut events = Vec::new();
    for (department, event) in managed_by(sql, tenant, person, now).await? {
        stored::update(sql, tenant, &department).await?;
        events.push(event);
    }
    Ok(events)
}

/// Removes the teams and labels of an organization, and answers with their events. Nobody living has any of them: the
/// organization has no members.
pub(crate) async fn delete_of_organization<S: Sql>(
    sql: &S,
    tenant: TenantId,
    organization: OrganizationId,
) -> std::result::Result<Vec<SubjectEvent>, S::Error> {
    let (mut teams, mut labels): (Vec<Team>, Vec<Label>) =
        (stored::list(sql, tenant).await?, stored::list(sql, tenant).await?);
    teams.retain(|team| team.organization == organization);
    labels.retain(|label| label.organization == organization);
    let teams = teams.into_iter().map(|team| (Team::DELETE, Entity::from(team)));
    let labels = labels.into_iter().map(|label| (Label::DELETE, Entity::from(label)));
    let mut events = Vec::new();
    for (text, entity) in teams.chain(labels) {
        let key = entity.key();
        sql.execute(text, &[tenant_cell(tenant), stored::key_cell(key)]).await?;
        events.push(SubjectEvent {
            subject: Subject::Entity(key),
            action: Action::Deleted,
            changes: plan::removed(&entity),
        });
    }
    Ok(events)
}

/// Where commands are executed.
struct On<'s, S> {
    sql: &'s S,
    tenant: TenantId,
    now: Timestamp,
}

impl<S: Sql> On<'_, S> {
    async fn execute(
        &self,
        command: &mut Command,
        events: &mut Vec<SubjectEvent>,
    ) -> Result<Option<Entity>, S> {
        match command {
            Command::Create(entity) => self.create(entity.clone(), events).await.map(Some),
            Command::Change { key, decide } => self.change(*key, decide, events).await.map(Some),
            Command::Delete(key) => self.delete(*key, events).await.map(Some),
            Command::Send(message) => self.send(message, events).await.map(|()| None),
        }
    }

    async fn send(&self, message: &Message, events: &mut Vec<SubjectEvent>) -> Result<(), S> {
        let (sql, tenant) = (self.sql, self.tenant);
        let changes = message.plan()?;
        if !messages::is_member(sql, tenant, message).await.map_err(Halt::Failed)? {
            return Err(Refusal::NoSuchPerson.into());
        }
        messages::insert(sql, tenant, message).await.map_err(Halt::Failed)?;
        events.push(SubjectEvent { subject: Subject::Message(message.id), action: Action::Created, changes });
        Ok(())
    }

    async fn create(&self, mut entity: Entity, events: &mut Vec<SubjectEvent>) -> Result<Entity, S> {
        if let Entity::Label(label) = &entity {
            // The rules come first: a number that was given out is not given back.
            plan::create(label.clone().into())?;
            let number = self.next_label().await?;
            entity = Label { number, ..label.clone() }.into();
        }
        let planned = plan::create(entity)?;
        if self.find(planned.entity.key()).await?.is_some() {
            return Err(Refusal::Taken { attribute: Attribute::Of(Property::Id) }.into());
        }
        self.check(&planned, 1).await?;
        self.insert(&planned.entity).await?;
        Ok(record(planned, Action::Created, events))
    }

    async fn change(
        &self,
        key: EntityKey,
        decide: &mut DecideEntity,
        events: &mut Vec<SubjectEvent>,
    ) -> Result<Entity, S> {
        let before = self.find(key).await?.ok_or(Refusal::NoSuchEntity(key.kind()))?;
        let after = match catch_unwind(AssertUnwindSafe(|| decide(&before))) {
            Ok(decided) => decided.map_err(Halt::WriteError)?,
            // A decision that panics has said nothing, so its caller hears that the store is unavailable.
            Err(_) => {
                error!("a decision panicked");
                return Err(Refusal::Unavailable.into());
            }
        };
        let planned = plan::change(&before, after, self.now)?;
        if planned.changes.is_empty() {
            return Ok(planned.entity);
        }
        let height = match &before {
            Entity::Department(it) => self.height(it.id).await?,
            _ => 1,
        };
        self.check(&planned, height).await?;
        self.update(&planned.entity).await?;
        Ok(record(planned, Action::Changed, events))
    }

    async fn delete(&self, key: EntityKey, events: &mut Vec<SubjectEvent>) -> Result<Entity, S> {
        let entity = self.find(key).await?.ok_or(Refusal::NoSuchEntity(key.kind()))?;
        let changes = plan::delete(&entity)?;
        self.check_unused(&entity).await?;
        self.remove(key).await?;
        events.push(SubjectEvent { subject: Subject::Entity(key), action: Action::Deleted, changes });
        Ok(entity)
    }

    async fn find(&self, key: EntityKey) -> Result<Option<Entity>, S> {
        get(self.sql, self.tenant, key).await.map_err(Halt::Failed)
    }

    async fn insert(&self, entity: &Entity) -> Result<(), S> {
        let (sql, tenant) = (self.sql, self.tenant);
        let inserted = match entity {
            Entity::Department(it) => stored::insert(sql, tenant, it).await,
            Entity::Group(it) => stored::insert(sql, tenant, it).await,
            Entity::Team(it) => stored::insert(sql, tenant, it).await,
            Entity::Label(it) => stored::insert(sql, tenant, it).await,
            Entity::Role(it) => stored::insert(sql, tenant, it).await,
            Entity::CustomField(it) => stored::insert(sql, tenant, it).await,
            Entity::Template(it) => stored::insert(sql, tenant, it).await,
        };
        inserted.map_err(Halt::Failed)
    }

    async fn update(&self, entity: &Entity) -> Result<(), S> {
        let (sql, tenant) = (self.sql, self.tenant);
        let updated = match entity {
            Entity::Department(it) => stored::update(sql, tenant, it).await,
            Entity::Group(it) => stored::update(sql, tenant, it).await,
            Entity::Team(it) => stored::update(sql, tenant, it).await,
            Entity::Label(it) => stored::update(sql, tenant, it).await,
            Entity::Role(it) => stored::update(sql, tenant, it).await,
            Entity::CustomField(it) => stored::update(sql, tenant, it).await,
            Entity::Template(it) => stored::update(sql, tenant, it).await,
        };
        updated.map_err(Halt::Failed)
    }

    /// Removes the row, and those that put people into it. People themselves are not written to, however many they are.
    async fn remove(&self, key: EntityKey) -> Result<(), S> {
        let texts: &[&str] = match key {
            EntityKey::Department(_) => &[department::REMOVE_PEOPLE, Department::DELETE],
            EntityKey::Group(_) => &[group::REMOVE_PEOPLE, Group::DELETE],
            EntityKey::Team(_) => &[Team::DELETE],
            EntityKey::Label(_) => &[Label::DELETE],
            EntityKey::Role(_) => &[Role::DELETE],
            EntityKey::CustomField(_) => &[CustomField::DELETE],
            EntityKey::Template(_) => &[Template::DELETE],
        };
        for text in texts {
            let values = [tenant_cell(self.tenant), stored::key_cell(key)];
            self.sql.execute(text, &values).await.map_err(Halt::Failed)?;
        }
        Ok(())
    }

    async fn next_label(&self) -> Result<Number, S> {
        let text = match S::SYNTAX {
            Syntax::Sqlite => label::NEXT_NUMBER_IN_SQLITE,
            Syntax::Postgres => label::NEXT_NUMBER_IN_POSTGRES,
        };
        let rows = self.query(text, &[tenant_cell(self.tenant)]).await?;
        let number = rows.first().and_then(|row| row.first()?.integer());
        let number = number.and_then(|number| Number::new(number.cast_unsigned()));
        Ok(number.ok_or_else(|| codec::Error("the numbers of labels are used up".to_owned()))?)
    }

    async fn query(&self, text: &str, values: &[Cell<'_>]) -> Result<Vec<Row>, S> {
        self.sql.query(text, values).await.map_err(Halt::Failed)
    }

    async fn is_row(&self, text: &str, values: &[Cell<'_>]) -> Result<bool, S> {
        Ok(!self.query(text, values).await?.is_empty())
    }
}

/// Keeps the event of what was written, and answers with the entity.
fn record(planned: Planned, action: Action, events: &mut Vec<SubjectEvent>) -> Entity {
    let subject = Subject::Entity(planned.entity.key());
    events.push(SubjectEvent { subject, action, changes: planned.changes });
    planned.entity
}

/// For the tests of their plans.
#[cfg(test)]
pub(crate) fn statements(syntax: Syntax) -> Vec<&'static str> {
    let mut all = reference::statements(syntax);
    all.extend([department::MANAGED, department::REMOVE_PEOPLE, group::REMOVE_PEOPLE]);
    all.extend(messages::STATEMENTS);
    all.extend([
        Department::GET,
        Group::GET,
        Team::GET,
        Label::GET,
        label::OF_ORGANIZATION,
        Role::GET,
        CustomField::GET,
        Template::GET,
    ]);
    all
}
