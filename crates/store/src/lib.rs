//! The engines that keep a directory: plain implementations of its [`directory::Store`] port.

mod form;
pub mod house;
pub mod postgres;
pub mod sqlite;
