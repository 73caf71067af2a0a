//! What a vendor's update model looks like, and what follows from that for a patch.

use super::equality::equal;
use ::json_patch::jsonptr::{Pointer, PointerBuf, Token};
use serde_json::{Map, Value};

/// What a vendor does differently from RFC 6902. The default is the plain RFC.
#[derive(Debug, Clone)]
pub struct Rules {
    pub shape: Shape,
    /// Members that the vendor shows beside those of the shape, which no operation may name.
    pub read_only: &'static [&'static str],
    /// Whether the path `""`, which is the whole view, can be addressed.
    pub whole_document: bool,
    /// Whether `Replace` is as good as `replace`, and a member `Op` as `op`: what ASP.NET's own client library writes.
    pub in_any_case: bool,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules { shape: Shape::Any, read_only: &[], whole_document: true, in_any_case: false }
    }
}

/// The shape of a view, or of one place in it.
///
/// It tells which paths exist; under which name a member is kept, however it is spelled; what is left behind where
/// something that cannot go away is removed; and when `test` finds two values equal. It does not check types: a patch
/// may pass through invalid states, and the dialect parses the view that comes out in the end.
#[derive(Debug, Clone)]
pub enum Shape {
    /// Whatever is there, with everything below it, as in the plain RFC.
    Any,
    /// A single value: no path leads below it. Where a record is sent without it, it is the `default`.
    Value {
        same: Same,
        default: Value,
    },
    /// An object of these members and no others, in any letter case. Each is always there, if only as null.
    Record(Vec<(&'static str, Shape)>),
    /// An object of freely chosen names, exact in letter case. A null in it is as good as no entry.
    Map(Box<Shape>),
    List(Box<Shape>),
}

/// Whether a value of the view, given first, is what a `test` asks for: dates may be compared by instant, for example.
pub type Same = fn(&Value, &Value) -> bool;

impl Shape {
    /// A single value that is compared as RFC 6902 says, and null by default.
    pub fn value() -> Shape {
        Shape::compared(equal)
    }

    pub fn compared(same: Same) -> Shape {
        Shape::Value { same, default: Value::Null }
    }

    pub fn defaulted(default: Value) -> Shape {
        Shape::Value { same: equal, default }
    }

    pub fn map(entry: Shape) -> Shape {
        Shape::Map(Box::new(entry))
    }

    pub fn list(element: Shape) -> Shape {
        Shape::List(Box::new(element))
    }

    /// What stays where a value of this shape is removed and the place itself cannot go away.
    pub(super) fn empty(&self) -> Value {
        match self {
            Shape::Map(_) => Value::Object(Map::new()),
            Shape::List(_) => Value::Array(Vec::new()),
            Shape::Any | Shape::Value { .. } | Shape::Record(_) => Value::Null,
        }
    }

    /// What a member of this shape is in a record that was sent without it.
    fn default(&self) -> Value {
        match self {
            Shape::Value { default, .. } => default.clone(),
            _ => self.empty(),
        }
    }

    /// A value that was sent as the view keeps it: members under their own names and none missing, null for "nothing".
    /// What does not fit the shape is left as it is.
    pub fn fit(&self, value: Value) -> Value {
        match (self, value) {
            (shape, Value::Null) => shape.empty(),
            (Shape::Record(members), Value::Object(sent)) => {
                let mut record: Map<_, _> =
                    members.iter().map(|(name, shape)| ((*name).to_owned(), shape.default())).collect();
                for (name, value) in sent {
                    if let Some((name, shape)) = member(members, &name) {
                        record.insert((*name).to_owned(), shape.fit(value));
                    }
                }
                Value::Object(record)
            }
            (Shape::Map(entry), Value::Object(sent)) => {
                let entries = sent.into_iter().filter(|(_, value)| !value.is_null());
                Value::Object(entries.map(|(name, value)| (name, entry.fit(value))).collect())
            }
            (Shape::List(element), Value::Array(sent)) => {
                Value::Array(sent.into_iter().map(|value| element.fit(value)).collect())
            }
            (_, value) => value,
        }
    }

    /// Whether a value of the view is the one that a `test` asks for.
    pub(super) fn same(&self, kept: &Value, asked: &Value) -> bool {
        match (self, kept, asked) {
            (Shape::Value { same, .. }, kept, asked) => same(kept, asked),
            (Shape::Record(members), Value::Object(kept), Value::Object(asked)) => {
                kept.len() == asked.len()
                    && asked.iter().all(|(name, asked)| {
                        member(members, name).is_some_and(|(name, shape)| {
                            kept.get(*name).is_some_and(|kept| shape.same(kept, asked))
                        })
                    })
            }
            (Shape::Map(entry), Value::Object(kept), Value::Object(asked)) => {
                kept.len() == asked.len()
                    && asked
                        .iter()
                        .all(|(name, asked)| kept.get(name).is_some_and(|kept| entry.same(kept, asked)))
            }
            (Shape::List(element), Value::Array(kept), Value::Array(asked)) => {
                kept.len() == asked.len()
                    && kept.iter().zip(asked).all(|(kept, asked)| element.same(kept, asked))
            }
            (_, kept, asked) => equal(kept, asked),
        }
    }
}

fn member<'s>(members: &'s [(&'static str, Shape)], sent: &str) -> Option<&'s (&'static str, Shape)> {
    members.iter().find(|(name, _)| name.eq_ignore_ascii_case(sent))
}

/// Where a path leads, if the model has such a place. Whether the view has something there is another question.
#[derive(Debug)]
pub(super) struct Place<'r> {
    /// The path with every member under its own name.
    pub(super) pointer: PointerBuf,
    pub(super) shape: &'r Shape,
    pub(super) standing: Standing,
}

/// What becomes of a place when its value is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It stays, empty: a member of a record, and the view as a whole.
    Fixed,
    /// It goes, and null in it means the same: an entry of a map.
    Entry,
    /// It goes: an element of a list, and everything in the plain RFC.
    Free,
}

impl Rules {
    pub(super) fn resolve(&self, path: &Pointer) -> Option<Place<'_>> {
        if path.is_root() && !self.whole_document {
            return None;
        }
        let root = Place { pointer: PointerBuf::new(), shape: &self.shape, standing: Standing::Fixed };
        path.tokens().try_fold(root, Place::child)
    }

    /// The member that is read-only and that the path leads to or into, in the vendor's spelling.
    pub(super) fn read_only(&self, path: &Pointer) -> Option<&'static str> {
        let first = path.first()?;
        let first = first.decoded();
        self.read_only.iter().copied().find(|name| name.eq_ignore_ascii_case(&first))
    }
}

impl Rules {
    /// Which members of the record a path has to do with: the one that it begins with, or all for the whole document.
    pub(super) fn members_at(&self, path: &Pointer) -> impl Iterator<Item = &'static str> {
        let members: &[(&'static str, Shape)] = match &self.shape {
            Shape::Record(members) => members,
            Shape::Any | Shape::Value { .. } | Shape::Map(_) | Shape::List(_) => &[],
        };
        let whole = path.is_root() && self.whole_document;
        let one = path.first().and_then(|token| member(members, &token.decoded()));
        members.iter().filter(move |_| whole).chain(one).map(|(name, _)| *name)
    }
}

impl<'r> Place<'r> {
    pub(super) fn read<'v>(&self, view: &'v Value) -> Option<&'v Value> {
        view.pointer(self.pointer.as_str())
    }

    fn child(mut self, token: Token<'_>) -> Option<Place<'r>> {
        (self.shape, self.standing) = match self.shape {
            Shape::Value { .. } => return None,
            Shape::Record(members) => {
                let (name, shape) = member(members, &token.decoded())?;
                self.pointer.push_back(*name);
                return Some(Place { shape, standing: Standing::Fixed, ..self });
            }
            Shape::Any => (&Shape::Any, Standing::Free),
            Shape::Map(entry) => (&**entry, Standing::Entry),
            Shape::List(element) => (&**element, Standing::Free),
        };
        self.pointer.push_back(token);
        Some(self)
    }
}
