//! What a tenant is made of besides its people.

use jiff::Timestamp;

use crate::customer::CustomerProfile;
use crate::email::Email;
use crate::ids::{DepartmentId, GroupId, Number, ObjectId, OrganizationId, PersonId, TeamId, TenantId};
pub use crate::permission::{Permission, STANDARD_ROLES, StandardRole};
use crate::person::Phone;

/// The boundary of isolation and of uniqueness: a tree of organizations under one root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    pub id: TenantId,
    pub object_id: ObjectId,
    pub region: Region,
    pub created_at: Timestamp,
}

/// Where Laurel says that a customer's data is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Region {
    #[default]
    Iad,
    Lhr,
    Syd,
    Pdx,
    Yul,
}

impl Region {
    pub const ALL: [Self; 5] = [Self::Iad, Self::Lhr, Self::Syd, Self::Pdx, Self::Yul];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Iad => "iad",
            Self::Lhr => "lhr",
            Self::Syd => "syd",
            Self::Pdx => "pdx",
            Self::Yul => "yul",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|region| region.as_str() == text)
    }
}

/// A node of a tenant's tree: a Relesys customer, Replay company, Kare organization, Laurel customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    pub id: OrganizationId,
    pub number: Number,
    pub object_id: ObjectId,
    /// None for the root.
    pub parent: Option<OrganizationId>,
    /// Unique in the tenant.
    pub name: String,
    /// Unique among the children of the parent, compared exactly.
    pub external_id: Option<String>,
    pub created_at: Timestamp,
}

/// What else may be said of an organization when it is made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrganizationDetails {
    /// Unique among the children of the parent, compared exactly.
    pub external_id: Option<String>,
    pub url: Option<String>,
    pub summary: Option<String>,
    /// What Laurel keeps of it.
    pub customer: Option<CustomerProfile>,
}

/// A department of the tenant (Relesys). Departments form trees by [`Self::parent`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Department {
    pub id: DepartmentId,
    pub name: String,
    pub kind: DepartmentKind,
    /// None for a root.
    pub parent: Option<DepartmentId>,
    /// Unique among the departments of the tenant, compared exactly.
    pub external_id: Option<String>,
    pub address_line: Option<String>,
    pub address_line_2: Option<String>,
    pub zip_code: Option<String>,
    pub city: Option<String>,
    /// For numbers that are written without one; 1 to 999.
    pub default_phone_country_code: Option<u16>,
    pub phone: Option<Phone>,
    /// A living person of the tenant.
    pub manager: Option<PersonId>,
    pub email: Option<Email>,
    /// Such as `da-DK`, in the spelling that was given; so are the other cultures.
    pub content_culture: Option<String>,
    pub ui_culture: Option<String>,
    /// Such as `UTC`.
    pub time_zone: Option<String>,
    pub selected_cultures: Vec<String>,
    pub locales: Vec<DepartmentLocale>,
    pub settings: DepartmentSettings,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What a department is, as api.relesysapp.net/docs/v1/endpoint/sessions-get-getsessions lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DepartmentKind {
    Company,
    Country,
    #[default]
    Department,
    District,
    Division,
    Other,
    Partner,
    Region,
    Store,
    Subdepartment,
}

impl DepartmentKind {
    pub const ALL: [Self; 10] = [
        Self::Company,
        Self::Country,
        Self::Department,
        Self::District,
        Self::Division,
        Self::Other,
        Self::Partner,
        Self::Region,
        Self::Store,
        Self::Subdepartment,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Company => "company",
            Self::Country => "country",
            Self::Department => "department",
            Self::District => "district",
            Self::Division => "division",
            Self::Other => "other",
            Self::Partner => "partner",
            Self::Region => "region",
            Self::Store => "store",
            Self::Subdepartment => "subdepartment",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Its place among the kinds in the order of lists, which is that of their names.
    pub fn rank(self) -> u8 {
        Self::ALL.iter().zip(0..).find_map(|(kind, rank)| (*kind == self).then_some(rank)).unwrap_or_default()
    }
}

/// What a department is called in one culture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepartmentLocale {
    pub culture: String,
    pub description: String,
}

/// What the vendor's app shows of a department. The defaults are the values of the vendor's samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DepartmentSettings {
    pub show_in_contacts: bool,
    pub show_in_highscores: bool,
    pub show_in_activity_statistics: bool,
    pub user_language_enabled: bool,
    pub show_manager_public: bool,
    pub show_employee_list: bool,
    pub show_users_in_public_contacts: bool,
    pub show_in_tagging_overview: bool,
    pub show_users_in_tagging_overview: bool,
    pub show_contact_list: bool,
}

impl Default for DepartmentSettings {
    fn default() -> Self {
        Self {
            show_in_contacts: true,
            show_in_highscores: true,
            show_in_activity_statistics: true,
            user_language_enabled: true,
            show_manager_public: false,
            show_employee_list: true,
            show_users_in_public_contacts: true,
            show_in_tagging_overview: true,
            show_users_in_tagging_overview: true,
            show_contact_list: false,
        }
    }
}

impl Department {
    /// A department with nothing but a name and what it is.
    pub fn new(id: DepartmentId, name: impl Into<String>, kind: DepartmentKind) -> Self {
        Self {
            id,
            name: name.into(),
            kind,
            parent: None,
            external_id: None,
            address_line: None,
            address_line_2: None,
            zip_code: None,
            city: None,
            default_phone_country_code: None,
            phone: None,
            manager: None,
            email: None,
            content_culture: None,
            ui_culture: None,
            time_zone: None,
            selected_cultures: Vec::new(),
            locales: Vec::new(),
            settings: DepartmentSettings::default(),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    pub fn summary(&self) -> DepartmentSummary {
        DepartmentSummary { id: self.id, name: self.name.clone() }
    }
}

/// What is shown of a department beside a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepartmentSummary {
    pub id: DepartmentId,
    pub name: String,
}

/// A group of the tenant: a Relesys user group and a Laurel user group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub id: GroupId,
    /// Unique in the tenant.
    pub object_id: ObjectId,
    pub name: String,
    pub description: Option<String>,
    /// Unique among the groups of the tenant, compared exactly.
    pub external_id: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Group {
    /// A group with nothing but a name.
    pub fn new(id: GroupId, object_id: ObjectId, name: impl Into<String>) -> Self {
        Self {
            id,
            object_id,
            name: name.into(),
            description: None,
            external_id: None,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    pub fn summary(&self) -> GroupSummary {
        GroupSummary { id: self.id, object_id: self.object_id, name: self.name.clone() }
    }
}

/// What is shown of a group beside a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupSummary {
    pub id: GroupId,
    pub object_id: ObjectId,
    pub name: String,
}

/// A team of one organization (Replay).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    pub id: TeamId,
    pub organization: OrganizationId,
    pub name: String,
    pub description: Option<String>,
    pub kind: TeamKind,
    /// What this means is the vendor's: it documents no more than the name.
    pub use_turn_connection: bool,
    pub created_at: Timestamp,
}

/// What a team is for, as docs.replay.sale/api-reference/team/update-team lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TeamKind {
    #[default]
    Default,
    Integration,
    LeadGen,
}

impl Team {
    /// A team with nothing but a name.
    pub fn new(id: TeamId, organization: OrganizationId, name: impl Into<String>) -> Self {
        Self {
            id,
            organization,
            name: name.into(),
            description: None,
            kind: TeamKind::default(),
            use_turn_connection: false,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }
}

impl TeamKind {
    pub const ALL: [Self; 3] = [Self::Default, Self::Integration, Self::LeadGen];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Integration => "integration",
            Self::LeadGen => "lead-gen",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A label of one organization; people's professions are labels (Kare).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub number: Number,
    pub organization: OrganizationId,
    pub name: String,
    /// `#RRGGBB`.
    pub color: String,
    pub kind: LabelKind,
    pub source: LabelSource,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What a label is used for, as api-documentation.kare-app.fr/Label/v1/api-rs/create-label-for-company-commission- names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum LabelKind {
    #[default]
    Company,
    Commission,
}

/// Who made a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum LabelSource {
    /// The organization, which may change it.
    #[default]
    Own,
    /// The vendor's service, and nobody changes it through Kare.
    Provided,
}

impl LabelKind {
    pub const ALL: [Self; 2] = [Self::Company, Self::Commission];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Company => "company",
            Self::Commission => "commission",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl LabelSource {
    pub const ALL: [Self; 2] = [Self::Own, Self::Provided];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Provided => "provided",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == text)
    }
}

/// A role of the tenant (Laurel).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    pub object_id: ObjectId,
    /// Kebab-case, unique in the tenant.
    pub name: String,
    pub description: Option<String>,
    /// Everyone has the default roles, assigned or not.
    pub is_default: bool,
    pub permissions: Vec<Permission>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Label {
    /// A label with nothing but a name and a colour. Its number is given out when it is stored.
    pub fn new(organization: OrganizationId, name: impl Into<String>, color: impl Into<String>) -> Self {
        Self {
            number: Number::FIRST,
            organization,
            name: name.into(),
            color: color.into(),
            kind: LabelKind::default(),
            source: LabelSource::default(),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    /// True for `#RRGGBB`, in either letter case.
    pub fn is_color(text: &str) -> bool {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
        digits.is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
    }
}

impl Role {
    /// A role with nothing but a name.
    pub fn new(object_id: ObjectId, name: impl Into<String>) -> Self {
        Self {
            object_id,
            name: name.into(),
            description: None,
            is_default: false,
            permissions: Vec::new(),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    /// True for lower case with dashes, as in `billing-clerk`, of a reasonable length.
    pub fn is_name(text: &str) -> bool {
        let is_word = |word: &str| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        text.len() <= 100 && text.split('-').all(is_word)
    }
}
