//! A department as Relesys sees it (api.relesysapp.net/docs/latest/endpoint/departments-patch-updatedepartment).

use directory::ids::DepartmentId;
use directory::organization::{Department, DepartmentKind, DepartmentLocale};

use super::entity::{Kind, Member, Model, RulesOfVersions, member, rules};
use crate::http::time::ticks;
use crate::json_patch::Rules;
use crate::relesys::version::Version;
use crate::relesys::wire;

/// What a type is called, by its rank.
pub const TYPES: [&str; DepartmentKind::ALL.len()] = [
    "Company",
    "Country",
    "Department",
    "District",
    "Division",
    "Other",
    "Partner",
    "Region",
    "Store",
    "Subdepartment",
];

/// The department as an answer of a version shows it, with its address.
pub fn show(department: &Department, version: Version, url: String) -> wire::Department<'_> {
    let settings = &department.settings;
    let extended = |flag| match version >= Version::EXTENDED {
        true => wire::Member::Known(Some(flag)),
        false => wire::Member::Unknown,
    };
    wire::Department {
        id: department.id.0,
        url,
        creation_date_time: ticks(department.created_at),
        last_modified_date_time: ticks(department.updated_at),
        name: &department.name,
        parent_id: department.parent.map(|id| id.0),
        external_id: department.external_id.as_deref(),
        address_line: department.address_line.as_deref(),
        address_line_2: department.address_line_2.as_deref(),
        zip_code: department.zip_code.as_deref(),
        city: department.city.as_deref(),
        default_phone_country_code: department.default_phone_country_code,
        phone_number: wire::DepartmentPhone {
            country_code: department.phone.as_ref().and_then(|phone| phone.country_code),
            number: department.phone.as_ref().map(|phone| phone.number.as_str()),
        },
        manager_user_id: department.manager.map(|id| id.0),
        show_in_contacts: settings.show_in_contacts,
        show_in_highscores: settings.show_in_highscores,
        show_in_activity_statistics: settings.show_in_activity_statistics,
        content_culture: department.content_culture.as_deref(),
        ui_culture: department.ui_culture.as_deref(),
        kind: TYPES[usize::from(department.kind.rank())],
        time_zone: department.time_zone.as_deref(),
        email: department.email.as_ref().map(|email| email.as_str()),
        user_language_enabled: settings.user_language_enabled,
        selected_cultures: &department.selected_cultures,
        show_department_manager_public: settings.show_manager_public,
        show_employee_list: settings.show_employee_list,
        show_department_users_in_public_contacts: extended(settings.show_users_in_public_contacts),
        show_department_in_tagging_overview: settings.show_in_tagging_overview,
        show_users_in_tagging_overview: settings.show_users_in_tagging_overview,
        show_contact_list: extended(settings.show_contact_list),
        locales: department.locales.iter().map(locale).collect(),
    }
}

fn locale(locale: &DepartmentLocale) -> wire::Locale<'_> {
    wire::Locale { culture: &locale.culture, description: &locale.description }
}

impl Model for Department {
    const MEMBERS: &'static [Member<Self>] = &[
        member("name", Kind::Name(|it| &mut it.name)),
        member("parentId", Kind::Department(|it| &mut it.parent)),
        member("externalId", Kind::ExternalId(|it| &mut it.external_id)),
        member("addressLine", Kind::Text(|it| &mut it.address_line)),
        member("addressLine2", Kind::Text(|it| &mut it.address_line_2)),
        member("zipCode", Kind::Text(|it| &mut it.zip_code)),
        member("city", Kind::Text(|it| &mut it.city)),
        member("defaultPhoneCountryCode", Kind::CountryCode(|it| &mut it.default_phone_country_code)),
        member("phoneNumber", Kind::Phone(|it| &mut it.phone)),
        member("managerUserId", Kind::User(|it| &mut it.manager)),
        member("showInContacts", Kind::Flag(|it| &mut it.settings.show_in_contacts)),
        member("showInHighscores", Kind::Flag(|it| &mut it.settings.show_in_highscores)),
        member("showInActivityStatistics", Kind::Flag(|it| &mut it.settings.show_in_activity_statistics)),
        member("contentCulture", Kind::Culture(|it| &mut it.content_culture)),
        member("uiCulture", Kind::Culture(|it| &mut it.ui_culture)),
        member("type", Kind::Type(|it| &mut it.kind)),
        member("timeZone", Kind::Text(|it| &mut it.time_zone)),
        member("email", Kind::Email(|it| &mut it.email)),
        member("userLanguageEnabled", Kind::Flag(|it| &mut it.settings.user_language_enabled)),
        member("selectedCultures", Kind::Cultures(|it| &mut it.selected_cultures)),
        member("showDepartmentManagerPublic", Kind::Flag(|it| &mut it.settings.show_manager_public)),
        member("showEmployeeList", Kind::Flag(|it| &mut it.settings.show_employee_list)),
        Member {
            since: Version::EXTENDED,
            ..member(
                "showDepartmentUsersInPublicContacts",
                Kind::Flag(|it| &mut it.settings.show_users_in_public_contacts),
            )
        },
        member("showDepartmentInTaggingOverview", Kind::Flag(|it| &mut it.settings.show_in_tagging_overview)),
        member(
            "showUsersInTaggingOverview",
            Kind::Flag(|it| &mut it.settings.show_users_in_tagging_overview),
        ),
        Member {
            since: Version::EXTENDED,
            ..member("showContactList", Kind::Flag(|it| &mut it.settings.show_contact_list))
        },
        member("locales", Kind::Locales(|it| &mut it.locales)),
    ];
    const REQUIRED: &'static [&'static str] = &["name", "type"];

    fn rules(version: Version) -> &'static Rules {
        static RULES: RulesOfVersions = RulesOfVersions::new(rules::<Department>);
        &RULES[version as usize]
    }

    fn bare() -> Self {
        Self::new(DepartmentId::NIL, "", DepartmentKind::default())
    }
}
