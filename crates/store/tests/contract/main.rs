//! The contract of a store, written against the port alone, so that every engine can be held to it. It is run once for
//! each: `PERSONAE_TEST_STORE` is `sqlite` or `postgres`.
//!
//! Every case plays in one of two tenants with the same data, and ends by finding the other one untouched.

mod access_events;
mod admins;
mod concurrency;
mod credentials;
mod customers;
mod delegations;
mod entities;
mod events;
mod fairness;
mod group_members;
mod invitations;
mod leaving;
mod lists;
mod members;
mod messages;
mod organizations;
mod people;
mod readiness;
mod references;
mod search;
mod signing_keys;
mod stage;
mod uniqueness;
