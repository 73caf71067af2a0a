//! Departments.

use directory::email::Email;
use directory::ids::{DepartmentId, PersonId};
use directory::organization::{Department, DepartmentKind, DepartmentLocale, DepartmentSettings};
use directory::person::Phone;
use serde::{Deserialize, Serialize};

use super::stored::{Listed, Stored};
use crate::codec;
use crate::sql::{Cell, Columns};

/// The columns of a department, as [`Stored::read`] takes them.
macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT id, name, kind, parent, external_id, zip_code, city, manager, email, created_at, updated_at, document
             FROM department WHERE tenant = $1 ",
            $which
        )
    };
}

/// Those that a person manages.
pub(super) const MANAGED: &str = select!("AND manager = $2");
pub(super) const REMOVE_PEOPLE: &str = "DELETE FROM person_department WHERE tenant = $1 AND department = $2";

impl Listed for Department {
    const TABLE: &'static str = "department";
    const COLUMNS: &'static str =
        "o.id, o.name, o.kind, o.parent, o.external_id, o.zip_code, o.city, o.manager, o.email, o.created_at,
        o.updated_at, o.document";
}

impl Stored for Department {
    const GET: &'static str = select!("AND id = $2");
    const LIST: &'static str = select!("ORDER BY name, id");
    const INSERT: &'static str = "
        INSERT INTO department (tenant, id, name, kind, parent, external_id, zip_code, city, manager, email, created_at,
            updated_at, document)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    const UPDATE: &'static str = "
        UPDATE department SET name = $3, kind = $4, parent = $5, external_id = $6, zip_code = $7, city = $8,
            manager = $9, email = $10, created_at = $11, updated_at = $12, document = $13
        WHERE tenant = $1 AND id = $2";
    const DELETE: &'static str = "DELETE FROM department WHERE tenant = $1 AND id = $2";

    fn read(columns: &mut Columns) -> codec::Result<Self> {
        let id = DepartmentId(columns.uuid()?);
        let (name, kind) = (columns.text()?, columns.name(DepartmentKind::parse)?);
        let mut department = Self::new(id, name, kind);
        department.parent = columns.optional_uuid()?.map(DepartmentId);
        department.external_id = columns.optional_text()?;
        department.zip_code = columns.optional_text()?;
        department.city = columns.optional_text()?;
        department.manager = columns.optional_uuid()?.map(PersonId);
        let email = columns.optional_text()?;
        department.email = email.map(|email| codec::named(&email, Email::stored)).transpose()?;
        department.created_at = columns.time()?;
        department.updated_at = columns.time()?;
        columns.json::<Document>()?.fill(&mut department);
        Ok(department)
    }

    fn values(&self) -> codec::Result<Vec<Cell<'_>>> {
        Ok(vec![
            self.id.0.into(),
            self.name.as_str().into(),
            self.kind.as_str().into(),
            self.parent.map(|id| id.0).into(),
            self.external_id.as_deref().into(),
            self.zip_code.as_deref().into(),
            self.city.as_deref().into(),
            self.manager.map(|id| id.0).into(),
            self.email.as_ref().map(Email::as_str).into(),
            self.created_at.into(),
            self.updated_at.into(),
            codec::json(&Document::of(self))?.into(),
        ])
    }
}

/// What is neither filtered nor sorted by. What says nothing is left out.
#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Document {
    #[serde(skip_serializing_if = "Option::is_none")]
    address_line: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address_line_2: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_phone_country_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<PhoneRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_culture: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ui_culture: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    selected_cultures: Vec<String>,
    /// Each as its culture and its description.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locales: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settings: Option<Settings>,
}

#[derive(Serialize, Deserialize)]
struct PhoneRow {
    #[serde(skip_serializing_if = "Option::is_none")]
    country_code: Option<u16>,
    number: String,
}

#[derive(Serialize, Deserialize)]
#[serde(default)]
struct Settings {
    show_in_contacts: bool,
    show_in_highscores: bool,
    show_in_activity_statistics: bool,
    user_language_enabled: bool,
    show_manager_public: bool,
    show_employee_list: bool,
    show_users_in_public_contacts: bool,
    show_in_tagging_overview: bool,
    show_users_in_tagging_overview: bool,
    show_contact_list: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self::of(DepartmentSettings::default())
    }
}

impl Settings {
    fn of(settings: DepartmentSettings) -> Self {
        let DepartmentSettings {
            show_in_contacts,
            show_in_highscores,
            show_in_activity_statistics,
            user_language_enabled,
            show_manager_public,
            show_employee_list,
            show_users_in_public_contacts,
            show_in_tagging_overview,
            show_users_in_tagging_overview,
            show_contact_list,
        } = settings;
        Self {
            show_in_contacts,
            show_in_highscores,
            show_in_activity_statistics,
            user_language_enabled,
            show_manager_public,
            show_employee_list,
            show_users_in_public_contacts,
            show_in_tagging_overview,
            show_users_in_tagging_overview,
            show_contact_list,
        }
    }

    fn read(self) -> DepartmentSettings {
        let Self {
            show_in_contacts,
            show_in_highscores,
            show_in_activity_statistics,
            user_language_enabled,
            show_manager_public,
            show_employee_list,
            show_users_in_public_contacts,
            show_in_tagging_overview,
            show_users_in_tagging_overview,
            show_contact_list,
        } = self;
        DepartmentSettings {
            show_in_contacts,
            show_in_highscores,
            show_in_activity_statistics,
            user_language_enabled,
            show_manager_public,
            show_employee_list,
            show_users_in_public_contacts,
            show_in_tagging_overview,
            show_users_in_tagging_overview,
            show_contact_list,
        }
    }
}

impl Document {
    fn of(it: &Department) -> Self {
        let phone =
            |phone: &Phone| PhoneRow { country_code: phone.country_code, number: phone.number.clone() };
        let locale = |locale: &DepartmentLocale| (locale.culture.clone(), locale.description.clone());
        let has_settings = it.settings != DepartmentSettings::default();
        Self {
            address_line: it.address_line.clone(),
            address_line_2: it.address_line_2.clone(),
            default_phone_country_code: it.default_phone_country_code,
            phone: it.phone.as_ref().map(phone),
            content_culture: it.content_culture.clone(),
            ui_culture: it.ui_culture.clone(),
            time_zone: it.time_zone.clone(),
            selected_cultures: it.selected_cultures.clone(),
            locales: it.locales.iter().map(locale).collect(),
            settings: has_settings.then(|| Settings::of(it.settings)),
        }
    }

    fn fill(self, it: &mut Department) {
        let locale = |(culture, description)| DepartmentLocale { culture, description };
        it.address_line = self.address_line;
        it.address_line_2 = self.address_line_2;
        it.default_phone_country_code = self.default_phone_country_code;
        it.phone = self.phone.map(|PhoneRow { country_code, number }| Phone { country_code, number });
        it.content_culture = self.content_culture;
        it.ui_culture = self.ui_culture;
        it.time_zone = self.time_zone;
        it.selected_cultures = self.selected_cultures;
        it.locales = self.locales.into_iter().map(locale).collect();
        it.settings = self.settings.map(Settings::read).unwrap_or_default();
    }
}
