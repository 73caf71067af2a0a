//! The domain: people and what belongs to them, the rules they keep, and the ports they are reached through.
//!
//! Nothing here does I/O. A dialect asks [`Directory::scoped`] on behalf of a [`Caller`]; a [`Store`] runs the pure
//! decisions of this crate inside its transaction.

pub mod access_events;
pub mod apply;
pub mod attribute;
pub mod authority;
pub mod caller;
pub mod change;
pub mod command;
pub mod credential;
pub mod custom_field;
pub mod customer;
pub mod delegation;
mod directory;
pub mod email;
pub mod entity;
mod entity_field;
pub mod event;
pub mod guesses;
pub mod identity;
pub mod ids;
pub mod invitation;
pub mod limits;
pub mod members;
pub mod membership;
pub mod message;
pub mod name;
pub mod organization;
pub mod permission;
pub mod person;
pub mod person_change;
mod person_field;
pub mod plan;
pub mod ports;
pub mod query;
pub mod record;
pub mod refusal;
pub mod request;
pub mod signing_key;
pub mod status;
pub mod store;
pub mod template;
pub mod text;
pub mod throttle;

pub use attribute::{Attribute, Property};
pub use caller::{Caller, Channel, Dialect};
pub use change::Change;
pub use command::Command;
pub use directory::{
    AccessError, Directory, Invited, Invitee, NewClient, NewCredential, Operator, SignInRefusal, TeamInvitee,
    TenantScope,
};
pub use entity::{Entity, EntityKey, EntityKind};
pub use entity_field::{
    CredentialField, CustomFieldField, DepartmentField, EntityQuery, GroupField, TeamField, TemplateField,
};
pub use event::{Subject, SubjectKind};
pub use person::Person;
pub use person_change::PersonChange;
pub use person_field::{PersonField, PersonList};
pub use record::{Include, Record, Related};
pub use refusal::Refusal;
pub use request::{Named, RequestContext};
pub use store::Store;
