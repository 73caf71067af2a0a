//! What is peculiar to the PostgreSQL engine: how its database is found, opened, and laid out.

mod distribute;
mod document;
mod failover;
mod memory;
mod open;
mod refold;
mod server;
mod tls;
