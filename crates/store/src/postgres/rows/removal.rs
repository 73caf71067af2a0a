//! What a batch takes away, a row or the rows of one person at a time.

use jiff::Timestamp;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::postgres::load::OrganizationNumber;
use crate::postgres::sessions::{REVOKE_OF_MEMBER, REVOKE_OF_PERSON};

/// What is to be gone, each by a statement of its own that names the whole key: then there is but one way to it, whatever
/// the planner thinks of the table.
pub(in crate::postgres) enum Removal {
    Key {
        source: String,
        value: String,
    },
    /// What somebody who is back left with.
    FormerKeys {
        person: i64,
    },
    /// The values that lists compare of somebody who is no longer a member anywhere.
    Listed {
        person: i64,
    },
    /// A field by which somebody is no longer found.
    Field {
        person: i64,
        field: i16,
    },
    /// Who delegates to the person.
    Delegators {
        organization: OrganizationNumber,
        person: i64,
    },
    /// To whom the person delegates.
    Delegates {
        organization: OrganizationNumber,
        person: i64,
    },
    /// The password of a person, who has none from now on.
    Password {
        person: i64,
    },
    /// The sessions of a person who leaves the organization: they end.
    SessionsOfMember {
        organization: OrganizationNumber,
        person: i64,
        at: Timestamp,
    },
    /// A person's being the manager of departments.
    Manager {
        person: Uuid,
        at: Timestamp,
    },
    /// All sessions of a person: they end.
    SessionsOfPerson {
        person: i64,
        at: Timestamp,
    },
}

impl Removal {
    pub(super) fn statement(&self) -> (&'static str, Vec<&(dyn ToSql + Sync)>) {
        match self {
            Self::Key { source, value } => (REMOVE_KEY, vec![source, value]),
            Self::FormerKeys { person } => (REMOVE_FORMER_KEYS, vec![person]),
            Self::Listed { person } => (REMOVE_LISTED, vec![person]),
            Self::Field { person, field } => (REMOVE_FIELD, vec![person, field]),
            Self::Delegators { organization, person } => (REMOVE_DELEGATORS, vec![organization, person]),
            Self::Delegates { organization, person } => (REMOVE_DELEGATES, vec![organization, person]),
            Self::Password { person } => (REMOVE_PASSWORD, vec![person]),
            Self::SessionsOfMember { organization, person, at } => {
                (REVOKE_OF_MEMBER, vec![organization, person, at])
            }
            Self::Manager { person, at } => (RELEASE_MANAGED, vec![person, at]),
            Self::SessionsOfPerson { person, at } => (REVOKE_OF_PERSON, vec![person, at]),
        }
    }
}

pub(super) const REMOVE_KEY: &str = "DELETE FROM person_key WHERE tenant = $1 AND source = $2 AND value = $3";
pub(super) const REMOVE_FORMER_KEYS: &str = "DELETE FROM former_key WHERE tenant = $1 AND person = $2";
pub(super) const REMOVE_LISTED: &str = "DELETE FROM person_listed WHERE tenant = $1 AND person = $2";
pub(super) const REMOVE_FIELD: &str =
    "DELETE FROM person_search WHERE tenant = $1 AND person = $2 AND field = $3";
pub(super) const REMOVE_DELEGATORS: &str =
    "DELETE FROM delegation WHERE tenant = $1 AND organization = $2 AND delegate = $3";
pub(super) const REMOVE_DELEGATES: &str =
    "DELETE FROM delegation WHERE tenant = $1 AND organization = $2 AND delegator = $3";
pub(super) const REMOVE_PASSWORD: &str = "DELETE FROM password WHERE tenant = $1 AND person = $2";

pub(super) const RELEASE_MANAGED: &str = "
    UPDATE department SET manager = NULL, updated_at = greatest(updated_at, $3) WHERE tenant = $1 AND manager = $2";
