//! The targets: one file for each kind of input, one test for each property.

mod address;
mod basic;
mod bodies;
mod encoding;
mod host;
mod json;
mod json_patch;
mod paths;
mod query;
