//! JSON Patch (RFC 6902) on the view that a lens shows, with the liberties that a vendor takes.
//!
//! A dialect describes its update model once, as [`Rules`]. A request is parsed into a [`Document`], which is then
//! applied to the view of the person, inside the decision, as often as the store wants to run it:
//!
//! ```
//! use dialects::http::json;
//! use dialects::json_patch::{Document, Reason, Rules, Shape};
//! use serde_json::json;
//!
//! let rules = Rules {
//!     shape: Shape::Record(vec![("name", Shape::value()), ("title", Shape::value())]),
//!     read_only: &["status"],
//!     whole_document: false,
//!     in_any_case: true,
//! };
//! let view = json!({ "name": "Ada", "title": "Countess" });
//!
//! let body = json::parse(br#"[{ "op": "Remove", "path": "/Title" }]"#).unwrap();
//! let patch = Document::read(body, &rules).unwrap();
//! assert_eq!(patch.apply(&view).unwrap(), json!({ "name": "Ada", "title": null }));
//!
//! for (path, reason) in [("/status", Reason::ReadOnly("status")), ("/other", Reason::UnknownPath)] {
//!     let body = json!([{ "op": "add", "path": path, "value": 1 }]).to_string();
//!     let patch = Document::read(json::parse(body.as_bytes()).unwrap(), &rules).unwrap();
//!     let error = patch.apply(&view).unwrap_err();
//!     assert_eq!((error.path.as_deref(), error.reason), (Some(path), reason));
//! }
//! ```
//!
//! Only what the view holds can be read, tested, copied or changed: attributes that a vendor does not show are out of
//! reach by construction, not by a list of forbidden paths.

mod apply;
mod document;
mod equality;
mod error;
mod limits;
mod shape;

pub use document::Document;
pub use equality::equal;
pub use error::{Error, Reason};
pub use limits::MAX_VALUES;
pub use shape::{Rules, Same, Shape};
