//! The commands, a file for each noun.

pub(crate) mod backup;
pub(crate) mod check;
mod connection;
pub(crate) mod credential;
pub(crate) mod custom_field;
pub(crate) mod demo;
pub(crate) mod department;
mod entity;
pub(crate) mod event;
pub(crate) mod group;
pub(crate) mod invitation;
pub(crate) mod key;
pub(crate) mod label;
pub(crate) mod organization;
pub(crate) mod outbox;
pub(crate) mod person;
pub(crate) mod role;
pub(crate) mod serve;
pub(crate) mod session;
pub(crate) mod store;
pub(crate) mod team;
pub(crate) mod template;
pub(crate) mod values;
