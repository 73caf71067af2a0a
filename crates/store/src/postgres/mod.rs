//! The PostgreSQL engine: any number of processes over one database, each committing in groups.

mod connect;
mod migrate;

pub use connect::{Address, OpenError};
