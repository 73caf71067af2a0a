//! One folder for each vendor's user API, the same rooms in each; and how they share one listener.
//!
//! A dialect reads a request, asks the directory, shows the answer. It knows its vendor's words and nothing of
//! another vendor's.

pub mod compose;
pub mod http;
pub mod json_patch;
pub mod kare;
pub mod laurel;
pub mod relesys;
pub mod replay;

pub use compose::{Composed, Mount};
