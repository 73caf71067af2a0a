//! A patch as it is sent: parsed and checked as far as that goes without the view.

use super::limits::{self, MAX_OPERATIONS, MAX_POINTER};
use super::{Error, Reason, Rules};
use ::json_patch::jsonptr::PointerBuf;
use serde_json::{Map, Value};

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
    pub fn parse(json: &[u8], rules: &'r Rules) -> Result<Document<'r>, Error> {
        limits::check_text(json).map_err(Error::whole)?;
        let document = serde_json::from_slice(json).map_err(|_| Error::whole(Reason::NotJson))?;
        Document::from_value(document, rules)
    }

    pub fn from_value(document: Value, rules: &'r Rules) -> Result<Document<'r>, Error> {
        let Value::Array(operations) = document else { return Err(Error::whole(Reason::NotAnArray)) };
        if operations.len() > MAX_OPERATIONS {
            return Err(Error::whole(Reason::TooManyOperations));
        }
        let operations = operations.into_iter().enumerate().map(|(index, operation)| {
            let path = operation.get("path").and_then(Value::as_str).filter(|path| path.len() <= MAX_POINTER);
            let path = path.map(str::to_owned);
            read(operation, rules).map_err(|reason| Error { operation: Some(index), path, reason })
        });
        Ok(Document { rules, operations: operations.collect::<Result<_, _>>()? })
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

/// Members that the operation has no use for are ignored (RFC 6902, section 4).
fn read(operation: Value, rules: &Rules) -> Result<Operation, Reason> {
    let Value::Object(mut members) = operation else { return Err(Reason::NotAnObject) };
    let Value::String(mut op) = members.remove("op").ok_or(Reason::MissingOp)? else {
        return Err(Reason::UnknownOp);
    };
    if rules.op_in_any_case {
        op.make_ascii_lowercase();
    }
    let path = pointer(&members, "path", Reason::MissingPath, Reason::BadPath)?;
    // An explicit null is a value; only a member that is not there is missing.
    let value = members.remove("value").ok_or(Reason::MissingValue);
    let from = || pointer(&members, "from", Reason::MissingFrom, Reason::BadFrom);
    let action = match op.as_str() {
        "add" => Action::Add(value?),
        "remove" => Action::Remove,
        "replace" => Action::Replace(value?),
        "move" => Action::Move { from: from()? },
        "copy" => Action::Copy { from: from()? },
        "test" => Action::Test(value?),
        _ => return Err(Reason::UnknownOp),
    };
    Ok(Operation { path, action })
}

fn pointer(
    members: &Map<String, Value>,
    name: &str,
    missing: Reason,
    bad: Reason,
) -> Result<PointerBuf, Reason> {
    match members.get(name) {
        None => Err(missing),
        Some(Value::String(text)) if text.len() <= MAX_POINTER => {
            PointerBuf::parse(text.as_str()).map_err(|_| bad)
        }
        Some(_) => Err(bad),
    }
}
