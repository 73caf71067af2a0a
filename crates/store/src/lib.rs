//! The engines that keep a directory: plain implementations of its [`directory::Store`] port.

mod codec;
mod credentials;
mod customers;
mod entities;
mod event;
mod fair;
mod file;
mod group_members;
mod invitations;
mod messages;
mod organizations;
pub mod postgres;
mod readiness;
mod resolve;
mod sql;
pub mod sqlite;
pub mod transfer;
