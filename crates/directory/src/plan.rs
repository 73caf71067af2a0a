//! The pure middle of every write of an entity: from the entity as it is and as it shall be to what has to be stored and
//! what has to be true in the tenant, or a refusal. [`crate::apply`] is the same for people.
//!
//! Every engine calls this inside its transaction, perhaps twice, checks what it asks for, and writes what it returns.

use jiff::Timestamp;

use crate::access_events;
use crate::attribute::{Attribute, Property};
use crate::change::{AttributeChange, Recorded, Value};
use crate::entity::{Entity, EntityKey, EntityKind};
use crate::event::SubjectKind;
use crate::ids::{DepartmentId, ObjectId, OrganizationId, PersonId};
use crate::limits;
use crate::organization::{Department, Label, Organization, Role};
use crate::refusal::Refusal;
use crate::template::Template;
use crate::text;

/// What a write of an entity comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    pub entity: Entity,
    /// Nothing has to be stored when it is empty.
    pub changes: Vec<AttributeChange>,
    /// What has to exist in the tenant, or the write is refused.
    pub references: Vec<EntityReference>,
    /// What no other entity of the kind may have, or the write is refused.
    pub unique: Vec<Unique>,
}

/// A thing that an entity refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntityReference {
    Organization(OrganizationId),
    /// The department above. [`check_place`] says whether the department may be there.
    Parent(DepartmentId),
    /// A living person.
    Manager(PersonId),
}

impl EntityReference {
    pub fn refusal(self) -> Refusal {
        let (property, value) = match self {
            Self::Organization(id) => (Property::Organization, id.to_string()),
            Self::Parent(id) => (Property::Parent, id.to_string()),
            Self::Manager(id) => (Property::Manager, id.to_string()),
        };
        Refusal::Unknown { attribute: Attribute::Of(property), value }
    }
}

/// A value that at most one entity of its kind has, compared exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unique {
    DepartmentExternalId(String),
    GroupExternalId(String),
    GroupObjectId(ObjectId),
    /// In the organization.
    LabelName(OrganizationId, String),
    RoleName(String),
    CustomFieldKey(String),
    TemplateName(String),
}

impl Unique {
    pub fn refusal(&self) -> Refusal {
        let property = match self {
            Self::DepartmentExternalId(_) | Self::GroupExternalId(_) => Property::ExternalId,
            Self::GroupObjectId(_) => Property::ObjectId,
            Self::LabelName(..) | Self::RoleName(_) | Self::TemplateName(_) => Property::Name,
            Self::CustomFieldKey(_) => Property::Key,
        };
        Refusal::Taken { attribute: Attribute::Of(property) }
    }
}

/// What it comes to that an entity is made. That its key is free, the engine sees to.
///
/// # Errors
/// [`Refusal::Invalid`] with the property that breaks a rule.
pub fn create(entity: Entity) -> Result<Planned, Refusal> {
    let entity = normalised(entity);
    validate(&entity)?;
    let changes = existence(&entity);
    let (references, unique) = (references(None, &entity), unique(None, &entity));
    Ok(Planned { entity, changes, references, unique })
}

/// What it comes to that an entity becomes another. Ids and times are those that it has; `updated_at` moves where
/// something became different, and never back.
///
/// # Errors
/// [`Refusal::Invalid`] with the property that breaks a rule or never changes.
pub fn change(before: &Entity, after: Entity, now: Timestamp) -> Result<Planned, Refusal> {
    let mut entity = normalised(identified_as(before, after)?);
    let changes = differences(before, &entity);
    if changes.is_empty() {
        let entity = before.clone();
        return Ok(Planned { entity, changes, references: Vec::new(), unique: Vec::new() });
    }
    validate(&entity)?;
    touch(&mut entity, now);
    let (references, unique) = (references(Some(before), &entity), unique(Some(before), &entity));
    Ok(Planned { entity, changes, references, unique })
}

/// What it comes to that an entity is deleted: what is recorded of it.
///
/// # Errors
/// [`Refusal::InUse`] for a default role, which everybody has.
pub fn delete(entity: &Entity) -> Result<Vec<AttributeChange>, Refusal> {
    if matches!(entity, Entity::Role(role) if role.is_default) {
        return Err(Refusal::InUse {
            subject: SubjectKind::Entity(EntityKind::Role),
            by: SubjectKind::Person,
        });
    }
    Ok(removed(entity))
}

/// What is recorded of an entity that is deleted.
pub fn removed(entity: &Entity) -> Vec<AttributeChange> {
    existence(entity).into_iter().map(AttributeChange::reversed).collect()
}

/// What must not refer to an entity of this kind when it is deleted, in the order in which it is looked for. People are
/// living ones; in departments and groups they are just no longer, where it is not their primary department.
///
/// Relesys says so of departments and user groups: sections 4.10 and 4.11 of its contract.
pub fn obstacles(kind: EntityKind) -> &'static [SubjectKind] {
    match kind {
        EntityKind::Department => &[SubjectKind::Person, SubjectKind::Entity(EntityKind::Department)],
        EntityKind::Team | EntityKind::Label | EntityKind::Role | EntityKind::CustomField => {
            &[SubjectKind::Person]
        }
        EntityKind::Group | EntityKind::Template => &[],
    }
}

/// The same for an organization: those directly below it, living members, and credentials that are live. What belongs to
/// it alone, its teams and labels, goes with it.
pub const ORGANIZATION_OBSTACLES: [SubjectKind; 3] =
    [SubjectKind::Organization, SubjectKind::Person, SubjectKind::Credential];

/// What it comes to that an organization is deleted: what is recorded of it.
///
/// # Errors
/// [`Refusal::Invalid`] for a root, with which its tenant would end.
pub fn delete_organization(organization: &Organization) -> Result<Vec<AttributeChange>, Refusal> {
    match organization.parent {
        Some(_) => Ok(access_events::organization_deleted(organization)),
        None => Err(Refusal::invalid(
            Attribute::Of(Property::Organization),
            "is the root of its tenant, which is not deleted",
        )),
    }
}

/// Says whether a department may be where it is put. `above` are the departments above it, the nearest first; `height` is
/// how many levels the department and those below it take.
///
/// # Errors
/// [`Refusal::Invalid`] for a department that would be above itself, or too deep.
pub fn check_place(department: DepartmentId, above: &[DepartmentId], height: usize) -> Result<(), Refusal> {
    let refused = |reason: String| Err(Refusal::invalid(Attribute::Of(Property::Parent), reason));
    if above.contains(&department) {
        return refused("must not be the department itself or one below it".to_owned());
    }
    match above.len() + height > limits::DEPARTMENT_DEPTH {
        true => {
            refused(format!("must not put a department more than {} levels deep", limits::DEPARTMENT_DEPTH))
        }
        false => Ok(()),
    }
}

/// A department whose manager is gone.
pub fn without_manager(mut department: Department, now: Timestamp) -> (Department, AttributeChange) {
    let before = department.manager.take().record();
    department.updated_at = department.updated_at.max(now);
    let change = AttributeChange { attribute: Attribute::Of(Property::Manager), before, after: Value::Null };
    (department, change)
}

/// Gives an entity the ids and times that it has. What else never changes is refused.
fn identified_as(before: &Entity, mut after: Entity) -> Result<Entity, Refusal> {
    let fixed = |property| Err(Refusal::invalid(Attribute::Of(property), "must not change"));
    match (before, &mut after) {
        (Entity::Department(was), Entity::Department(it)) => {
            (it.id, it.created_at, it.updated_at) = (was.id, was.created_at, was.updated_at);
        }
        (Entity::Group(was), Entity::Group(it)) => {
            (it.id, it.object_id) = (was.id, was.object_id);
            (it.created_at, it.updated_at) = (was.created_at, was.updated_at);
        }
        (Entity::Team(was), Entity::Team(it)) if was.organization == it.organization => {
            (it.id, it.created_at) = (was.id, was.created_at);
        }
        (Entity::Label(was), Entity::Label(it)) if was.organization == it.organization => {
            it.number = was.number;
            (it.created_at, it.updated_at) = (was.created_at, was.updated_at);
        }
        (Entity::Team(_), Entity::Team(_)) | (Entity::Label(_), Entity::Label(_)) => {
            return fixed(Property::Organization);
        }
        (Entity::Role(was), Entity::Role(it)) => {
            (it.object_id, it.created_at, it.updated_at) = (was.object_id, was.created_at, was.updated_at);
        }
        // People's values are kept under the key.
        (Entity::CustomField(was), Entity::CustomField(it)) if was.key == it.key => it.id = was.id,
        (Entity::CustomField(_), Entity::CustomField(_)) => return fixed(Property::Key),
        (Entity::Template(was), Entity::Template(it)) => {
            (it.id, it.created_at, it.updated_at) = (was.id, was.created_at, was.updated_at);
        }
        (
            Entity::Department(_)
            | Entity::Group(_)
            | Entity::Team(_)
            | Entity::Label(_)
            | Entity::Role(_)
            | Entity::CustomField(_)
            | Entity::Template(_),
            _,
        ) => return fixed(Property::Id),
    }
    Ok(after)
}

fn touch(entity: &mut Entity, now: Timestamp) {
    match entity {
        Entity::Department(it) => it.updated_at = it.updated_at.max(now),
        Entity::Group(it) => it.updated_at = it.updated_at.max(now),
        Entity::Template(it) => it.updated_at = it.updated_at.max(Some(now)),
        Entity::Label(it) => it.updated_at = it.updated_at.max(now),
        Entity::Role(it) => it.updated_at = it.updated_at.max(now),
        Entity::Team(_) | Entity::CustomField(_) => {}
    }
}

/// The forms that two spellings of one wish share: each selected culture once, permissions as a set.
fn normalised(mut entity: Entity) -> Entity {
    match &mut entity {
        Entity::Department(it) => {
            let mut seen: Vec<String> = Vec::new();
            it.selected_cultures.retain(|culture| {
                let is_new = !seen.iter().any(|known| known.eq_ignore_ascii_case(culture));
                seen.extend(is_new.then(|| culture.clone()));
                is_new
            });
        }
        Entity::Role(it) => {
            it.permissions.sort_unstable();
            it.permissions.dedup();
        }
        Entity::Group(_)
        | Entity::Team(_)
        | Entity::Label(_)
        | Entity::CustomField(_)
        | Entity::Template(_) => {}
    }
    entity
}

fn references(before: Option<&Entity>, after: &Entity) -> Vec<EntityReference> {
    match (before, after) {
        (_, Entity::Department(it)) => {
            let was = before.and_then(|before| match before {
                Entity::Department(was) => Some(was),
                _ => None,
            });
            let parent = it.parent.filter(|_| was.is_none_or(|was| was.parent != it.parent));
            let manager = it.manager.filter(|_| was.is_none_or(|was| was.manager != it.manager));
            parent
                .map(EntityReference::Parent)
                .into_iter()
                .chain(manager.map(EntityReference::Manager))
                .collect()
        }
        (None, Entity::Team(it)) => vec![EntityReference::Organization(it.organization)],
        (None, Entity::Label(it)) => vec![EntityReference::Organization(it.organization)],
        (Some(_), Entity::Team(_) | Entity::Label(_))
        | (_, Entity::Group(_) | Entity::Role(_) | Entity::CustomField(_) | Entity::Template(_)) => {
            Vec::new()
        }
    }
}

/// What the entity has now, and had not before, that it may not share.
fn unique(before: Option<&Entity>, after: &Entity) -> Vec<Unique> {
    let of = |entity: &Entity| -> Vec<Unique> {
        match entity {
            Entity::Department(it) => {
                it.external_id.iter().cloned().map(Unique::DepartmentExternalId).collect()
            }
            Entity::Group(it) => {
                let external_id = it.external_id.iter().cloned().map(Unique::GroupExternalId);
                std::iter::once(Unique::GroupObjectId(it.object_id)).chain(external_id).collect()
            }
            Entity::Label(it) => vec![Unique::LabelName(it.organization, it.name.clone())],
            Entity::Role(it) => vec![Unique::RoleName(it.name.clone())],
            Entity::CustomField(it) => vec![Unique::CustomFieldKey(it.key.clone())],
            Entity::Template(it) => vec![Unique::TemplateName(it.name.clone())],
            Entity::Team(_) => Vec::new(),
        }
    };
    let had = before.map(of).unwrap_or_default();
    of(after).into_iter().filter(|unique| !had.contains(unique)).collect()
}

/// What an event records of an entity that begins: all that is different from a bare one of its kind.
fn existence(entity: &Entity) -> Vec<AttributeChange> {
    let bare = properties(&bare(entity.key()));
    let all = properties(entity).into_iter().zip(bare);
    all.filter(|((property, value), (_, bare))| value != bare || *property == Property::Kind)
        .map(|((property, after), _)| AttributeChange {
            attribute: Attribute::Of(property),
            before: Value::Null,
            after,
        })
        .collect()
}

fn differences(before: &Entity, after: &Entity) -> Vec<AttributeChange> {
    let both = properties(before).into_iter().zip(properties(after));
    both.filter(|((_, before), (_, after))| before != after)
        .map(|((property, before), (_, after))| AttributeChange {
            attribute: Attribute::Of(property),
            before,
            after,
        })
        .collect()
}

/// An entity that says nothing.
fn bare(key: EntityKey) -> Entity {
    use crate::custom_field::{CustomField, CustomFieldKind};
    use crate::organization::{DepartmentKind, Group, Team};

    let organization = OrganizationId::NIL;
    match key {
        EntityKey::Department(id) => Department::new(id, "", DepartmentKind::default()).into(),
        EntityKey::Group(id) => Group::new(id, ObjectId::NIL, "").into(),
        EntityKey::Team(id) => Team::new(id, organization, "").into(),
        EntityKey::Label(number) => Label { number, ..Label::new(organization, "", "") }.into(),
        EntityKey::Role(object_id) => Role::new(object_id, "").into(),
        EntityKey::CustomField(id) => {
            CustomField { id, key: String::new(), name: String::new(), kind: CustomFieldKind::Text }.into()
        }
        EntityKey::Template(id) => Template::new(id, "").into(),
    }
}

/// Everything of an entity but its key and its times, as an event records it. The order is the same for every entity of a
/// kind.
fn properties(entity: &Entity) -> Vec<(Property, Value)> {
    match entity {
        Entity::Department(it) => department(it),
        Entity::Group(it) => vec![
            (Property::ObjectId, it.object_id.record()),
            (Property::Name, it.name.record()),
            (Property::Description, it.description.record()),
            (Property::ExternalId, it.external_id.record()),
        ],
        Entity::Team(it) => vec![
            (Property::Organization, it.organization.record()),
            (Property::Name, it.name.record()),
            (Property::Description, it.description.record()),
            (Property::Kind, Value::Text(it.kind.as_str().to_owned())),
            (Property::UseTurnConnection, it.use_turn_connection.record()),
        ],
        Entity::Label(it) => vec![
            (Property::Organization, it.organization.record()),
            (Property::Name, it.name.record()),
            (Property::Color, it.color.record()),
            (Property::Kind, Value::Text(it.kind.as_str().to_owned())),
            (Property::Source, Value::Text(it.source.as_str().to_owned())),
        ],
        Entity::Role(it) => vec![
            (Property::Name, it.name.record()),
            (Property::Description, it.description.record()),
            (Property::IsDefault, it.is_default.record()),
            (Property::Permissions, it.permissions.record()),
        ],
        Entity::CustomField(it) => vec![
            (Property::Key, it.key.record()),
            (Property::Name, it.name.record()),
            (Property::Kind, Value::Text(it.kind.as_str().to_owned())),
        ],
        Entity::Template(it) => {
            vec![(Property::Name, it.name.record()), (Property::Cultures, it.cultures.record())]
        }
    }
}

fn department(it: &Department) -> Vec<(Property, Value)> {
    let settings = &it.settings;
    vec![
        (Property::Name, it.name.record()),
        (Property::Kind, Value::Text(it.kind.as_str().to_owned())),
        (Property::Parent, it.parent.record()),
        (Property::ExternalId, it.external_id.record()),
        (Property::AddressLine, it.address_line.record()),
        (Property::AddressLine2, it.address_line_2.record()),
        (Property::ZipCode, it.zip_code.record()),
        (Property::City, it.city.record()),
        (Property::DefaultPhoneCountryCode, it.default_phone_country_code.map(u64::from).record()),
        (Property::Phone, it.phone.record()),
        (Property::Manager, it.manager.record()),
        (Property::Email, it.email.record()),
        (Property::ContentCulture, it.content_culture.record()),
        (Property::UiCulture, it.ui_culture.record()),
        (Property::TimeZone, it.time_zone.record()),
        (Property::SelectedCultures, it.selected_cultures.record()),
        (Property::Locales, it.locales.record()),
        (Property::ShowInContacts, settings.show_in_contacts.record()),
        (Property::ShowInHighscores, settings.show_in_highscores.record()),
        (Property::ShowInActivityStatistics, settings.show_in_activity_statistics.record()),
        (Property::UserLanguageEnabled, settings.user_language_enabled.record()),
        (Property::ShowManagerPublic, settings.show_manager_public.record()),
        (Property::ShowEmployeeList, settings.show_employee_list.record()),
        (Property::ShowUsersInPublicContacts, settings.show_users_in_public_contacts.record()),
        (Property::ShowInTaggingOverview, settings.show_in_tagging_overview.record()),
        (Property::ShowUsersInTaggingOverview, settings.show_users_in_tagging_overview.record()),
        (Property::ShowContactList, settings.show_contact_list.record()),
    ]
}

fn validate(entity: &Entity) -> Result<(), Refusal> {
    match entity {
        Entity::Department(it) => validate_department(it),
        Entity::Group(it) => {
            name(Property::Name, &it.name)?;
            optional(Property::Description, it.description.as_deref(), limits::TEXT)?;
            it.external_id.as_ref().map_or(Ok(()), |id| name(Property::ExternalId, id))
        }
        Entity::Team(it) => {
            name(Property::Name, &it.name)?;
            optional(Property::Description, it.description.as_deref(), limits::TEXT)
        }
        Entity::Label(it) => {
            name(Property::Name, &it.name)?;
            check(Property::Color, Label::is_color(&it.color), "must be a colour, such as #00AA88")
        }
        Entity::Role(it) => {
            check(
                Property::Name,
                Role::is_name(&it.name),
                "must be in lower case with dashes, as billing-clerk",
            )?;
            optional(Property::Description, it.description.as_deref(), limits::TEXT)?;
            let is_too_many = it.permissions.len() > limits::LIST;
            check(Property::Permissions, !is_too_many, "are too many")?;
            it.permissions.iter().try_for_each(|permission| name(Property::Permissions, &permission.claim))
        }
        Entity::CustomField(it) => {
            name(Property::Key, &it.key)?;
            name(Property::Name, &it.name)
        }
        Entity::Template(it) => validate_template(it),
    }
}

fn validate_department(it: &Department) -> Result<(), Refusal> {
    name(Property::Name, &it.name)?;
    it.external_id.as_ref().map_or(Ok(()), |id| name(Property::ExternalId, id))?;
    for (property, value) in [
        (Property::AddressLine, &it.address_line),
        (Property::AddressLine2, &it.address_line_2),
        (Property::ZipCode, &it.zip_code),
        (Property::City, &it.city),
        (Property::TimeZone, &it.time_zone),
    ] {
        optional(property, value.as_deref(), limits::KEY)?;
    }
    let country_code = |property, code: Option<u16>| {
        let is_one = code.is_none_or(|code| (1..=999).contains(&code));
        check(property, is_one, "must have a country code from 1 to 999")
    };
    country_code(Property::DefaultPhoneCountryCode, it.default_phone_country_code)?;
    if let Some(phone) = &it.phone {
        country_code(Property::Phone, phone.country_code)?;
        name(Property::Phone, &phone.number)?;
    }
    for (property, value) in
        [(Property::ContentCulture, &it.content_culture), (Property::UiCulture, &it.ui_culture)]
    {
        value.as_ref().map_or(Ok(()), |value| culture(property, value))?;
    }
    cultures(
        Property::SelectedCultures,
        &it.selected_cultures.iter().map(String::as_str).collect::<Vec<_>>(),
    )?;
    cultures(Property::Locales, &it.locales.iter().map(|it| it.culture.as_str()).collect::<Vec<_>>())?;
    it.locales.iter().try_for_each(|it| text_of(Property::Locales, &it.description, limits::TEXT))
}

fn validate_template(it: &Template) -> Result<(), Refusal> {
    name(Property::Name, &it.name)?;
    cultures(Property::Cultures, &it.cultures.iter().map(|it| it.culture.as_str()).collect::<Vec<_>>())?;
    for culture in &it.cultures {
        optional(Property::Cultures, culture.sms.as_deref(), limits::TEMPLATE_TEXT)?;
        if let Some(email) = &culture.email {
            text_of(Property::Cultures, &email.subject, limits::TEXT)?;
            text_of(Property::Cultures, &email.body, limits::TEMPLATE_TEXT)?;
        }
    }
    Ok(())
}

fn check(property: Property, is_right: bool, reason: &str) -> Result<(), Refusal> {
    match is_right {
        true => Ok(()),
        false => Err(Refusal::invalid(Attribute::Of(property), reason)),
    }
}

/// A text that something is known by.
fn name(property: Property, value: &str) -> Result<(), Refusal> {
    check(property, !text::is_blank(value), "must not be blank")?;
    text_of(property, value, limits::KEY)
}

fn optional(property: Property, value: Option<&str>, limit: usize) -> Result<(), Refusal> {
    value.map_or(Ok(()), |value| text_of(property, value, limit))
}

fn text_of(property: Property, value: &str, limit: usize) -> Result<(), Refusal> {
    let is_short = value.chars().count() <= limit;
    check(property, is_short, &format!("must not be longer than {limit} characters"))?;
    check(property, !text::holds_nul(value), text::NUL_REFUSED)
}

/// Each once: cultures are the same in either letter case.
fn cultures(property: Property, all: &[&str]) -> Result<(), Refusal> {
    let is_few = all.len() <= limits::CULTURES;
    check(property, is_few, &format!("must not have more than {} cultures", limits::CULTURES))?;
    all.iter().try_for_each(|one| culture(property, one))?;
    let mut folded: Vec<String> = all.iter().map(|one| one.to_ascii_lowercase()).collect();
    folded.sort_unstable();
    let is_twice = folded.windows(2).any(|pair| pair[0] == pair[1]);
    check(property, !is_twice, "must not have a culture twice")
}

/// Letters, digits and hyphens, as BCP 47 has it; which of them are assigned is not looked up.
fn culture(property: Property, value: &str) -> Result<(), Refusal> {
    let is_culture = (1..=limits::CULTURE).contains(&value.len())
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    check(property, is_culture, "must be a culture, such as da-DK")
}
