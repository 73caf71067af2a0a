//! The PostgreSQL engine: any number of processes over one database, each committing in groups.

mod check;
mod connect;
mod failure;
mod house;
mod migrate;

pub use connect::{Address, OpenError};
