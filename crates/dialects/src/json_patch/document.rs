//! A patch as it is sent: parsed and checked as far as that goes without the view.

use super::limits::{MAX_OPERATIONS, MAX_POINTER, MAX_VALUES};
use super::{Error, Reason, Rules};
use crate::http::json;
use ::json_patch::jsonptr::PointerBuf;
use serde_json::Value;

/// A well-formed JSON Patch, to be applied under the rules it was parsed with.
#[derive(Debug, Clone)]
pub struct Document<'r> {
    pub(super) rules: &'r Rules,
    pub(super) operations: Vec<Operation>,
}

#[derive(Debug, Clone)]
pub(super) struct Operation {
    pub(super) path: PointerBuf,
    pub(super) action: Action,
}

#[derive(Debug, Clone)]
pub(super) enum Action {
    Add(Value),
    Remove,
    Replace(Value),
    Move { from: PointerBuf },
    Copy { from: PointerBuf },
    Test(Value),
}

impl<'r> Document<'r> {
    /// # Errors
    /// The first operation that is none is named with its place and path.
    pub fn read(body: json::Value, rules: &'r Rules) -> Result<Document<'r>, Error> {
        let json::Value::Array(sent) = body else { return Err(Error::whole(Reason::NotAnArray)) };
        if sent.len() > MAX_OPERATIONS {
            return Err(Error::whole(Reason::TooManyOperations));
        }
        let mut operations = Vec::with_capacity(sent.len());
        let mut values = MAX_VALUES;
        for (index, operation) in sent.into_iter().enumerate() {
            let sent = Sent::of(operation, rules);
            let path = sent.path.shown();
            let operation = sent.read(rules, &mut values);
            operations.push(operation.map_err(|reason| Error { operation: Some(index), path, reason })?);
        }
        Ok(Document { rules, operations })
    }

    /// The members of a record that the operations have to do with, each once, in no order. The view need hold no
    /// others: what no path leads to can neither be read nor changed.
    pub fn members(&self) -> Vec<&'static str> {
        let mut found = Vec::new();
        for operation in &self.operations {
            let from = match &operation.action {
                Action::Move { from } | Action::Copy { from } => Some(from),
                Action::Add(_) | Action::Remove | Action::Replace(_) | Action::Test(_) => None,
            };
            for path in [Some(&operation.path), from].into_iter().flatten() {
                for name in self.rules.members_at(path) {
                    if !found.contains(&name) {
                        found.push(name);
                    }
                }
            }
        }
        found
    }
}

/// An operation as it was sent. Members that it has no use for are ignored (RFC 6902, section 4).
#[derive(Default)]
struct Sent {
    is_object: bool,
    op: Member,
    path: Member,
    value: Member,
    from: Member,
}

impl Sent {
    fn of(operation: json::Value, rules: &Rules) -> Sent {
        let json::Value::Object(members) = operation else { return Sent::default() };
        let mut sent = Sent { is_object: true, ..Sent::default() };
        for (name, value) in members {
            let is = |known: &str| match rules.in_any_case {
                true => name.eq_ignore_ascii_case(known),
                false => *name == *known,
            };
            let member = if is("op") {
                &mut sent.op
            } else if is("path") {
                &mut sent.path
            } else if is("value") {
                &mut sent.value
            } else if is("from") {
                &mut sent.from
            } else {
                continue;
            };
            member.set(name, value);
        }
        sent
    }

    /// `values` is how many values may still be sent.
    fn read(self, rules: &Rules, values: &mut usize) -> Result<Operation, Reason> {
        if !self.is_object {
            return Err(Reason::NotAnObject);
        }
        let json::Value::String(op) = self.op.get()?.ok_or(Reason::MissingOp)? else {
            return Err(Reason::UnknownOp);
        };
        let op = if rules.in_any_case { op.to_ascii_lowercase() } else { op.into() };
        let path = pointer(self.path, Reason::MissingPath, Reason::BadPath)?;
        // An explicit null is a value; only a member that is not there is missing.
        let mut value = |member: Member| {
            let sent = member.get()?.ok_or(Reason::MissingValue)?;
            sent.into_tree(values).ok_or(Reason::TooManyValues)
        };
        let from = |member: Member| pointer(member, Reason::MissingFrom, Reason::BadFrom);
        let action = match op.as_str() {
            "add" => Action::Add(value(self.value)?),
            "remove" => Action::Remove,
            "replace" => Action::Replace(value(self.value)?),
            "move" => Action::Move { from: from(self.from)? },
            "copy" => Action::Copy { from: from(self.from)? },
            "test" => Action::Test(value(self.value)?),
            _ => return Err(Reason::UnknownOp),
        };
        Ok(Operation { path, action })
    }
}

/// A member of an operation: the last one of its name.
#[derive(Default)]
struct Member {
    sent: Option<(Box<str>, json::Value)>,
    has_two_spellings: bool,
}

impl Member {
    fn set(&mut self, name: Box<str>, value: json::Value) {
        self.has_two_spellings |= self.sent.as_ref().is_some_and(|(earlier, _)| *earlier != name);
        self.sent = Some((name, value));
    }

    fn get(self) -> Result<Option<json::Value>, Reason> {
        if self.has_two_spellings {
            return Err(Reason::TwoSpellings);
        }
        Ok(self.sent.map(|(_, value)| value))
    }

    /// A path as an error tells it: a text of bearable length.
    fn shown(&self) -> Option<String> {
        let (_, value) = self.sent.as_ref()?;
        value.as_str().filter(|path| path.len() <= MAX_POINTER).map(str::to_owned)
    }
}

fn pointer(member: Member, missing: Reason, bad: Reason) -> Result<PointerBuf, Reason> {
    match member.get()?.ok_or(missing)? {
        json::Value::String(text) if text.len() <= MAX_POINTER => PointerBuf::parse(text).map_err(|_| bad),
        _ => Err(bad),
    }
}
