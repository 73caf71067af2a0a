//! The engines that keep a directory: plain implementations of its [`directory::Store`] port.

mod entities;
mod event;
mod fair;
mod file;
mod form;
pub mod house;
mod messages;
pub mod postgres;
mod readiness;
mod sql;
pub mod sqlite;
