//! `personae department`: the departments of a tenant.

use directory::email::Email;
use directory::ids::{DepartmentId, PersonId};
use directory::organization::{Department, DepartmentKind};
use directory::person::Phone;
use directory::{DepartmentField, EntityKind, Refusal, TenantScope};
use serde_json::Value;

use super::entity::{self, Edit, Noun, Scope, pages, set, set_some};
use super::person::show::phone;
use super::values::{parse_email, parse_name, parse_phone, parse_text, parse_time_zone, word};
use crate::error::Error;
use crate::find::find;
use crate::json;
use crate::output::table;

pub(crate) type Verb = entity::Verb<Department>;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  personae department add Engines --organization Aurora
  personae department add \"Store 12\" --kind store --parent North --city Aarhus --manager ada@aurora.example")]
pub(crate) struct Add {
    #[arg(value_parser = parse_name)]
    name: String,
    #[command(flatten)]
    attributes: Attributes,
}

#[derive(Debug, Default, PartialEq, clap::Args)]
#[command(after_help = "Examples:
  personae department change Engines --name \"Engine hall\" --parent North
  personae department change Engines --clear manager --clear parent")]
pub(crate) struct Change {
    #[arg(long, value_parser = parse_name)]
    name: Option<String>,
    #[command(flatten)]
    attributes: Attributes,
    /// Takes an attribute away, by the name of its option; several times for several
    #[arg(long, value_name = "OPTION", value_parser = parse_clear)]
    clear: Vec<Optional>,
}

#[derive(Debug, Default, PartialEq, clap::Args)]
pub(crate) struct Attributes {
    /// What it is: company, country, department, district, division, other, partner, region, store or subdepartment
    #[arg(long, value_parser = parse_kind)]
    kind: Option<DepartmentKind>,
    /// The department above, by name or id
    #[arg(long, value_name = "DEPARTMENT", value_parser = parse_text)]
    parent: Option<String>,
    /// The person who manages it, by any id, e-mail or external id
    #[arg(long, value_name = "PERSON", value_parser = parse_text)]
    manager: Option<String>,
    /// What another system calls it; unique among the departments of the tenant
    #[arg(long, value_name = "VALUE", value_parser = parse_name)]
    external_id: Option<String>,
    #[arg(long, value_name = "TEXT", value_parser = parse_text)]
    address_line: Option<String>,
    #[arg(long, value_name = "TEXT", value_parser = parse_text)]
    address_line_2: Option<String>,
    #[arg(long, value_parser = parse_text)]
    zip_code: Option<String>,
    #[arg(long, value_parser = parse_text)]
    city: Option<String>,
    /// As in "+45 12345678" or +4512345678, or without a country
    #[arg(long, value_parser = parse_phone)]
    phone: Option<Phone>,
    #[arg(long, value_parser = parse_email)]
    email: Option<Email>,
    /// The language of what is written in it, as in da-DK
    #[arg(long, value_name = "CULTURE", value_parser = parse_text)]
    content_culture: Option<String>,
    /// The language of what surrounds that, as in da-DK
    #[arg(long, value_name = "CULTURE", value_parser = parse_text)]
    ui_culture: Option<String>,
    /// As in Europe/Paris; what Windows calls a zone is translated
    #[arg(long, value_parser = parse_time_zone)]
    time_zone: Option<String>,
}

/// An attribute that a department need not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Optional {
    Parent,
    Manager,
    ExternalId,
    AddressLine,
    AddressLine2,
    ZipCode,
    City,
    Phone,
    Email,
    ContentCulture,
    UiCulture,
    TimeZone,
}

const OPTIONAL: [(&str, Optional); 12] = [
    ("parent", Optional::Parent),
    ("manager", Optional::Manager),
    ("external-id", Optional::ExternalId),
    ("address-line", Optional::AddressLine),
    ("address-line-2", Optional::AddressLine2),
    ("zip-code", Optional::ZipCode),
    ("city", Optional::City),
    ("phone", Optional::Phone),
    ("email", Optional::Email),
    ("content-culture", Optional::ContentCulture),
    ("ui-culture", Optional::UiCulture),
    ("time-zone", Optional::TimeZone),
];

fn parse_clear(text: &str) -> Result<Optional, String> {
    let parse = |text: &str| OPTIONAL.into_iter().find_map(|(name, it)| (name == text).then_some(it));
    word(text, parse, OPTIONAL.map(|(name, _)| name))
}

fn parse_kind(text: &str) -> Result<DepartmentKind, String> {
    word(text, DepartmentKind::parse, DepartmentKind::ALL.map(DepartmentKind::as_str))
}

impl Optional {
    fn clear(self, department: &mut Department) {
        match self {
            Self::Parent => department.parent = None,
            Self::Manager => department.manager = None,
            Self::ExternalId => department.external_id = None,
            Self::AddressLine => department.address_line = None,
            Self::AddressLine2 => department.address_line_2 = None,
            Self::ZipCode => department.zip_code = None,
            Self::City => department.city = None,
            Self::Phone => department.phone = None,
            Self::Email => department.email = None,
            Self::ContentCulture => department.content_culture = None,
            Self::UiCulture => department.ui_culture = None,
            Self::TimeZone => department.time_zone = None,
        }
    }
}

/// The attributes, with those found that are named.
struct Found {
    attributes: Attributes,
    parent: Option<DepartmentId>,
    manager: Option<PersonId>,
}

impl Attributes {
    async fn find(self, scope: &Scope<'_>) -> Result<Found, Error> {
        let parent = match &self.parent {
            Some(text) => Some(scope.find::<Department>(text).await?.id),
            None => None,
        };
        let manager = match &self.manager {
            Some(text) => Some(find(scope.context, scope.tenants, text, &scope.tenant_place()).await?.person),
            None => None,
        };
        Ok(Found { attributes: self, parent, manager })
    }
}

impl Found {
    fn set(&self, department: &mut Department) {
        let Attributes { kind, parent: _, manager: _, external_id, .. } = &self.attributes;
        let Attributes { address_line, address_line_2, zip_code, city, phone, email, .. } = &self.attributes;
        let Attributes { content_culture, ui_culture, time_zone, .. } = &self.attributes;
        set(&mut department.kind, *kind);
        set_some(&mut department.parent, self.parent);
        set_some(&mut department.manager, self.manager);
        set_some(&mut department.external_id, external_id.clone());
        set_some(&mut department.address_line, address_line.clone());
        set_some(&mut department.address_line_2, address_line_2.clone());
        set_some(&mut department.zip_code, zip_code.clone());
        set_some(&mut department.city, city.clone());
        set_some(&mut department.phone, phone.clone());
        set_some(&mut department.email, email.clone());
        set_some(&mut department.content_culture, content_culture.clone());
        set_some(&mut department.ui_culture, ui_culture.clone());
        set_some(&mut department.time_zone, time_zone.clone());
    }
}

impl Noun for Department {
    type Add = Add;
    type Change = Change;

    const KIND: EntityKind = EntityKind::Department;

    async fn all(at: TenantScope<'_>) -> Result<Vec<Self>, Refusal> {
        pages(DepartmentField::Name, |query| at.list_departments(query)).await
    }

    async fn add(Add { name, attributes }: Add, scope: &Scope<'_>) -> Result<Self, Error> {
        let mut department = Self::new(DepartmentId::NIL, name, DepartmentKind::default());
        attributes.find(scope).await?.set(&mut department);
        Ok(department)
    }

    async fn change(change: Change, scope: &Scope<'_>) -> Result<Edit<Self>, Error> {
        let Change { name, attributes, clear } = change;
        let found = attributes.find(scope).await?;
        Ok(Box::new(move |department| {
            set(&mut department.name, name.clone());
            found.set(department);
            clear.iter().for_each(|optional| optional.clear(department));
        }))
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn table(all: &[Self], _: &Scope<'_>) -> String {
        let row = |it: &Self| [it.id.to_string(), it.name.clone(), it.kind.as_str().to_owned()];
        table(["ID", "NAME", "KIND"], all.iter().map(row).collect(), "There are no departments.")
    }

    fn fields(&self, _: &Scope<'_>) -> Vec<(&'static str, Option<String>)> {
        vec![
            ("id", Some(self.id.to_string())),
            ("name", Some(self.name.clone())),
            ("kind", Some(self.kind.as_str().to_owned())),
            ("parent", self.parent.map(|id| id.to_string())),
            ("manager", self.manager.map(|id| id.to_string())),
            ("external id", self.external_id.clone()),
            ("address line", self.address_line.clone()),
            ("address line 2", self.address_line_2.clone()),
            ("zip code", self.zip_code.clone()),
            ("city", self.city.clone()),
            ("phone", self.phone.as_ref().map(phone)),
            ("email", self.email.as_ref().map(ToString::to_string)),
            ("content culture", self.content_culture.clone()),
            ("ui culture", self.ui_culture.clone()),
            ("time zone", self.time_zone.clone()),
        ]
    }

    fn json(&self) -> Value {
        json::department(self)
    }
}
