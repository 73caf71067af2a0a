//! What lists of people are filtered and ordered by.

use jiff::Timestamp;

use crate::identity::Source;
use crate::person::Person;
use crate::query::{Field, FieldKind, Literal};
use crate::status::Status;

/// An attribute of a person that a list filters or sorts by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PersonField {
    Id,
    ObjectId,
    /// The full name, as [`crate::name::Name::shown`] gives it.
    Name,
    UserName,
    Email,
    SecondEmail,
    Title,
    /// The external id of Relesys.
    ExternalId,
    DataSource,
    /// By [`Status::rank`].
    Status,
    /// By its name, which tells both ways of being disabled apart.
    ExactStatus,
    PrimaryDepartment,
    BirthDate,
    EmploymentStart,
    EmploymentEnd,
    CreatedAt,
    UpdatedAt,
    /// When the invitation of an invited person runs out. Nobody else has a value.
    InvitationExpiresAt,
    /// When an invited person was invited, when one who accepted did so, and when anyone else came to be, in whole
    /// milliseconds as Replay shows it.
    InvitedOrCreatedAt,
}

/// What people have several of, and are listed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PersonList {
    /// Compared with [`Literal::Uuid`].
    Groups,
    /// Roles of Laurel that are not default ones, in the organization that is asked about. Compared with [`Literal::ObjectId`].
    Roles,
    /// Those who may act for the person, in the organization that is asked about. Compared with [`Literal::ObjectId`].
    Delegates,
}

impl Field for PersonField {
    type List = PersonList;

    const ALL: &'static [Self] = &[
        Self::Id,
        Self::ObjectId,
        Self::Name,
        Self::UserName,
        Self::Email,
        Self::SecondEmail,
        Self::Title,
        Self::ExternalId,
        Self::DataSource,
        Self::Status,
        Self::ExactStatus,
        Self::PrimaryDepartment,
        Self::BirthDate,
        Self::EmploymentStart,
        Self::EmploymentEnd,
        Self::CreatedAt,
        Self::UpdatedAt,
        Self::InvitationExpiresAt,
        Self::InvitedOrCreatedAt,
    ];

    fn kind(self) -> FieldKind {
        match self {
            Self::Id | Self::PrimaryDepartment => FieldKind::Uuid,
            Self::ObjectId => FieldKind::ObjectId,
            Self::Name
            | Self::UserName
            | Self::Email
            | Self::SecondEmail
            | Self::Title
            | Self::ExternalId
            | Self::DataSource
            | Self::ExactStatus => FieldKind::Text,
            Self::Status => FieldKind::Rank,
            Self::BirthDate | Self::EmploymentStart | Self::EmploymentEnd => FieldKind::Civil,
            Self::CreatedAt | Self::UpdatedAt | Self::InvitationExpiresAt | Self::InvitedOrCreatedAt => {
                FieldKind::Time
            }
        }
    }
}

impl PersonField {
    /// What the person has there.
    pub fn of(self, person: &Person) -> Option<Literal> {
        let text = |text: &str| Literal::Text(text.to_owned());
        match self {
            Self::Id => Some(Literal::Uuid(person.id.0)),
            Self::ObjectId => Some(Literal::ObjectId(person.object_id)),
            Self::Name => Some(Literal::Text(person.name.shown())),
            Self::UserName => person.user_name.as_deref().map(text),
            Self::Email => person.email.as_ref().map(|email| text(email.as_str())),
            Self::SecondEmail => person.second_email.as_ref().map(|email| text(email.as_str())),
            Self::Title => person.title.as_deref().map(text),
            Self::ExternalId => person.external_id(&Source::Relesys).map(text),
            Self::DataSource => person.data_source.as_deref().map(text),
            Self::Status => Some(Literal::Rank(person.status.rank())),
            Self::ExactStatus => Some(text(person.status.as_str())),
            Self::PrimaryDepartment => person.primary_department.map(|id| Literal::Uuid(id.0)),
            Self::BirthDate => person.birth_date.map(Literal::Civil),
            Self::EmploymentStart => person.employment.start.map(Literal::Civil),
            Self::EmploymentEnd => person.employment.end.map(Literal::Civil),
            Self::CreatedAt => Some(Literal::Time(whole_micros(person.created_at))),
            Self::UpdatedAt => Some(Literal::Time(whole_micros(person.updated_at))),
            Self::InvitationExpiresAt => {
                person.pending_invitation().map(|it| Literal::Time(whole_micros(it.expires_at)))
            }
            Self::InvitedOrCreatedAt => Some(Literal::Time(invited_or_created_at(person))),
        }
    }

    /// The fields in which two states of a person differ.
    pub fn differing<'p>(before: &'p Person, after: &'p Person) -> impl Iterator<Item = Self> + 'p {
        Self::ALL.iter().copied().filter(|field| field.differs(before, after))
    }

    /// Compares without making a value of either.
    fn differs(self, before: &Person, after: &Person) -> bool {
        match self {
            Self::Id => before.id != after.id,
            Self::ObjectId => before.object_id != after.object_id,
            Self::Name => before.name != after.name,
            Self::UserName => before.user_name != after.user_name,
            Self::Email => before.email != after.email,
            Self::SecondEmail => before.second_email != after.second_email,
            Self::Title => before.title != after.title,
            Self::ExternalId => before.external_id(&Source::Relesys) != after.external_id(&Source::Relesys),
            Self::DataSource => before.data_source != after.data_source,
            Self::Status => before.status.rank() != after.status.rank(),
            Self::ExactStatus => before.status != after.status,
            Self::PrimaryDepartment => before.primary_department != after.primary_department,
            Self::BirthDate => before.birth_date != after.birth_date,
            Self::EmploymentStart => before.employment.start != after.employment.start,
            Self::EmploymentEnd => before.employment.end != after.employment.end,
            Self::CreatedAt => before.created_at != after.created_at,
            Self::UpdatedAt => before.updated_at != after.updated_at,
            Self::InvitationExpiresAt => {
                let expires_at = |person: &Person| person.pending_invitation().map(|it| it.expires_at);
                expires_at(before) != expires_at(after)
            }
            Self::InvitedOrCreatedAt => invited_or_created_at(before) != invited_or_created_at(after),
        }
    }
}

impl Status {
    /// Its place among the statuses in the order of lists. Both ways of being disabled have the same.
    pub fn rank(self) -> u8 {
        match self {
            Self::Active => 0,
            Self::DisabledByAdmin | Self::DisabledByOrganization => 1,
            Self::LoginBlocked => 2,
            Self::Invited => 3,
        }
    }
}

/// Whole milliseconds: among those who are shown with the same time the id decides, which is shown, too.
fn invited_or_created_at(person: &Person) -> Timestamp {
    let joined_at = person.accepted_at.unwrap_or(person.created_at);
    let at = person.pending_invitation().map_or(joined_at, |invitation| invitation.created_at);
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

/// Times are kept to the microsecond, and so compared.
fn whole_micros(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}
