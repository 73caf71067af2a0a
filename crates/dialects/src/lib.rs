//! The vendor APIs that people are served through, one folder each, and what they share.

pub mod json_patch;
