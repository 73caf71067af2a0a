//! The update models of departments and user groups. A member has one place in its entity: the view that a patch works on is read from
//! there, and what came out is written there.

use std::sync::LazyLock;

use directory::email::Email;
use directory::ids::{DepartmentId, PersonId};
use directory::organization::{DepartmentKind, DepartmentLocale};
use directory::person::Phone;
use serde_json::{Value, json};

use super::create::members;
use super::department::TYPES;
use super::model::{phone, phone_shape};
use super::values::{self, ValueError, same_code, same_guid};
use crate::http::{FieldError, json};
use crate::json_patch::{self, Document, Rules, Shape};
use crate::relesys::error::{BODY, Error, PATCH};
use crate::relesys::version::Version;

/// An entity that can be created and patched.
pub trait Model: Clone + 'static {
    /// In the order of the answer.
    const MEMBERS: &'static [Member<Self>];
    /// What it cannot be created without.
    const REQUIRED: &'static [&'static str];

    /// The rules of [`rules`], made once.
    fn rules(version: Version) -> &'static Rules;

    /// One of which nothing is known yet.
    fn bare() -> Self;
}

#[derive(Debug)]
pub struct Member<E> {
    pub(super) name: &'static str,
    /// The first version that knows it.
    pub(super) since: Version,
    pub(super) kind: Kind<E>,
}

/// A member that every version knows.
pub(super) const fn member<E>(name: &'static str, kind: Kind<E>) -> Member<E> {
    Member { name, since: Version::V1, kind }
}

/// What a member holds, and its place.
#[derive(Debug)]
pub(super) enum Kind<E> {
    Name(fn(&mut E) -> &mut String),
    /// Compared with others, so it is not empty.
    ExternalId(fn(&mut E) -> &mut Option<String>),
    Text(fn(&mut E) -> &mut Option<String>),
    Description(fn(&mut E) -> &mut Option<String>),
    Culture(fn(&mut E) -> &mut Option<String>),
    Cultures(fn(&mut E) -> &mut Vec<String>),
    Locales(fn(&mut E) -> &mut Vec<DepartmentLocale>),
    Email(fn(&mut E) -> &mut Option<Email>),
    CountryCode(fn(&mut E) -> &mut Option<u16>),
    Phone(fn(&mut E) -> &mut Option<Phone>),
    Department(fn(&mut E) -> &mut Option<DepartmentId>),
    User(fn(&mut E) -> &mut Option<PersonId>),
    Type(fn(&mut E) -> &mut DepartmentKind),
    Flag(fn(&mut E) -> &mut bool),
}

/// Members of the answers that no patch may name.
static READ_ONLY: [&str; 4] = ["id", "url", "creationDateTime", "lastModifiedDateTime"];

/// The rules of every version, for [`Model::rules`] to keep.
pub(super) type RulesOfVersions = LazyLock<[Rules; Version::ALL.len()]>;

pub(super) fn rules<E: Model>() -> [Rules; Version::ALL.len()] {
    Version::ALL.map(|version| Rules {
        shape: Shape::Record(known::<E>(version).map(|it| (it.name, it.kind.shape())).collect()),
        read_only: &READ_ONLY,
        whole_document: false,
        in_any_case: true,
    })
}

fn known<E: Model>(version: Version) -> impl Iterator<Item = &'static Member<E>> {
    E::MEMBERS.iter().filter(move |member| member.since <= version)
}

/// The body of a PATCH, and the members that it is about.
#[derive(Debug)]
pub struct PatchEntity<E: 'static> {
    document: Document<'static>,
    members: Vec<&'static Member<E>>,
}

impl<E: Model> PatchEntity<E> {
    pub fn read(version: Version, body: json::Value) -> Result<Self, json_patch::Error> {
        let document = Document::read(body, E::rules(version))?;
        let named = document.members();
        let members = E::MEMBERS.iter().filter(|member| named.contains(&member.name)).collect();
        Ok(Self { document, members })
    }

    /// What the patch makes of the entity as it is. What is as it was is not checked again.
    ///
    /// # Errors
    /// A patch that cannot be applied; everything that is wrong with what comes out.
    pub fn apply(&self, entity: &E) -> Result<E, Error> {
        let mut entity = entity.clone();
        let view = self.members.iter().map(|member| (member.name.to_owned(), member.kind.view(&mut entity)));
        let before = Value::Object(view.collect());
        let after = self.document.apply(&before)?;
        let changed = self.members.iter().filter(|member| before[member.name] != after[member.name]);
        let errors = changed.filter_map(|member| member.write(&mut entity, &after[member.name], PATCH).err());
        done(errors.collect(), entity)
    }
}

/// What the body of a POST makes. Members are read as those of a new user are.
///
/// # Errors
/// A body that is not an object; everything that is wrong with its members.
pub fn create<E: Model>(version: Version, body: json::Value) -> Result<E, Error> {
    let names: Vec<_> = known::<E>(version).map(|member| member.name).collect();
    let mut sent = members(body, &names)?;
    let missing = E::REQUIRED.iter().filter(|name| !sent.contains_key(**name));
    let missing =
        missing.map(|name| FieldError { path: (*name).to_owned(), message: "Is required.".to_owned() });
    let mut errors: Vec<_> = missing.collect();
    let mut entity = E::bare();
    for member in known::<E>(version) {
        if let Some(value) = sent.remove(member.name) {
            let value = member.kind.shape().fit(value);
            errors.extend(member.write(&mut entity, &value, BODY).err());
        }
    }
    done(errors, entity)
}

fn done<E>(errors: Vec<FieldError>, entity: E) -> Result<E, Error> {
    if errors.is_empty() { Ok(entity) } else { Err(Error::Invalid(errors)) }
}

impl<E> Member<E> {
    fn write(&self, entity: &mut E, value: &Value, root: &str) -> Result<(), FieldError> {
        self.kind.write(entity, value).map_err(|ValueError { below, message }| FieldError {
            path: format!("{root}{}{below}", self.name),
            message,
        })
    }
}

impl<E> Kind<E> {
    fn shape(&self) -> Shape {
        match self {
            Self::Name(_)
            | Self::ExternalId(_)
            | Self::Text(_)
            | Self::Description(_)
            | Self::Culture(_)
            | Self::Email(_)
            | Self::Type(_)
            | Self::Flag(_) => Shape::value(),
            Self::CountryCode(_) => Shape::compared(same_code),
            Self::Department(_) | Self::User(_) => Shape::compared(same_guid),
            Self::Phone(_) => phone_shape(),
            Self::Cultures(_) => Shape::list(Shape::value()),
            Self::Locales(_) => {
                Shape::list(Shape::Record(vec![("culture", Shape::value()), ("description", Shape::value())]))
            }
        }
    }

    /// The member as it is, for a patch to work on.
    fn view(&self, entity: &mut E) -> Value {
        match self {
            Self::Name(place) => place(entity).as_str().into(),
            Self::ExternalId(place) | Self::Text(place) | Self::Description(place) | Self::Culture(place) => {
                place(entity).as_deref().into()
            }
            Self::Cultures(place) => place(entity).as_slice().into(),
            Self::Locales(place) => {
                let shown =
                    |it: &DepartmentLocale| json!({"culture": it.culture, "description": it.description});
                place(entity).iter().map(shown).collect()
            }
            Self::Email(place) => place(entity).as_ref().map(Email::as_str).into(),
            Self::CountryCode(place) => place(entity).map(|code| code.to_string()).into(),
            // As it is shown: an object also where there is no number.
            Self::Phone(place) => match place(entity) {
                Some(it) => phone(it),
                None => json!({"countryCode": null, "number": null}),
            },
            Self::Department(place) => place(entity).map(|id| id.to_string()).into(),
            Self::User(place) => place(entity).map(|id| id.to_string()).into(),
            Self::Type(place) => TYPES[usize::from(place(entity).rank())].into(),
            Self::Flag(place) => (*place(entity)).into(),
        }
    }

    fn write(&self, entity: &mut E, value: &Value) -> Result<(), ValueError> {
        match self {
            Self::Name(place) => *place(entity) = values::name(value)?,
            Self::ExternalId(place) => *place(entity) = values::text(value, 1)?,
            Self::Text(place) => *place(entity) = values::text(value, 0)?,
            Self::Description(place) => *place(entity) = values::description(value)?,
            Self::Culture(place) => *place(entity) = values::culture(value)?,
            Self::Cultures(place) => *place(entity) = values::cultures(value)?,
            Self::Locales(place) => *place(entity) = values::locales(value)?,
            Self::Email(place) => *place(entity) = values::email(value)?,
            Self::CountryCode(place) => *place(entity) = values::country_code(value)?,
            Self::Phone(place) => {
                let place = place(entity);
                *place = if is_nothing(value) { None } else { values::phone(value, place.as_ref())? };
            }
            Self::Department(place) => *place(entity) = values::guid(value)?,
            Self::User(place) => *place(entity) = values::guid(value)?,
            Self::Type(place) => *place(entity) = DepartmentKind::ALL[values::word(value, &TYPES)?],
            Self::Flag(place) => *place(entity) = values::flag(value)?,
        }
        Ok(())
    }
}

/// What an unset phone number is shown as.
fn is_nothing(value: &Value) -> bool {
    value.as_object().is_some_and(|members| members.values().all(Value::is_null))
}
