//! Whether the body of a request that was accepted is one that the document describes.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Fault, OpenApi, Operation, media, resolve};
use crate::http::Sent;

/// Set beside a schema where the vendor takes the names of members in any letter case, which JSON Schema cannot say.
const IN_ANY_CASE: &str = "x-names-in-any-case";

/// Some clients put it before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl OpenApi {
    pub(super) fn check_request(&self, operation: &Operation, sent: &Sent) -> Result<(), Fault> {
        // A body that no operation asked for is ignored, and a compressed one cannot be looked into.
        let Some(request) = operation.request.as_ref().filter(|_| !sent.is_encoded) else { return Ok(()) };
        if sent.body.is_empty() {
            return match request["required"] == true {
                true => Err(Fault("the request was accepted without the body that is required".to_owned())),
                false => Ok(()),
            };
        }
        let kind = sent.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let media = request["content"].as_object().and_then(|content| media(content, &kind));
        let media = media
            .ok_or_else(|| Fault(format!("a request of the content type {kind:?} is not documented")))?;
        let Some(schema) = media.get("schema") else { return Ok(()) };
        let mut body = read(&kind, &sent.body)?;
        if media[IN_ANY_CASE] == true {
            let mut names = BTreeSet::new();
            self.collect_names(schema, &mut BTreeSet::new(), &mut names)?;
            respell(&mut body, &names);
        }
        self.validate(schema, &body)
            .map_err(|Fault(what)| Fault(format!("the request was accepted, but: {what}\nIt was {body}")))
    }

    /// Every name of a member in a schema and in those that it refers to; `seen` has the references that were followed.
    fn collect_names<'d>(
        &'d self,
        schema: &'d Value,
        seen: &mut BTreeSet<&'d str>,
        names: &mut BTreeSet<&'d str>,
    ) -> Result<(), Fault> {
        match schema {
            Value::Object(parts) => {
                if let Some(reference) = parts.get("$ref").and_then(Value::as_str)
                    && seen.insert(reference)
                {
                    self.collect_names(resolve(&self.document, schema)?, seen, names)?;
                }
                let properties = parts.get("properties").and_then(Value::as_object);
                names.extend(properties.into_iter().flat_map(Map::keys).map(String::as_str));
                parts.values().try_for_each(|part| self.collect_names(part, seen, names))
            }
            Value::Array(parts) => parts.iter().try_for_each(|part| self.collect_names(part, seen, names)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
        }
    }
}

/// A JSON body, or the fields of a form.
fn read(kind: &str, body: &[u8]) -> Result<Value, Fault> {
    if kind == "application/x-www-form-urlencoded" {
        let text = |text: &[u8]| {
            let text = String::from_utf8_lossy(text).replace('+', " ");
            percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned()
        };
        let fields = body.split(|byte| *byte == b'&').filter(|field| !field.is_empty());
        return Ok(fields
            .map(|field| {
                let (name, value) =
                    field.split_at(field.iter().position(|byte| *byte == b'=').unwrap_or(field.len()));
                (text(name), text(value.get(1..).unwrap_or_default()))
            })
            .collect());
    }
    let json = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    serde_json::from_slice(json)
        .map_err(|error| Fault(format!("the request was accepted, but is not JSON: {error}")))
}

/// Gives members that are known in another letter case the names of the document.
fn respell(value: &mut Value, names: &BTreeSet<&str>) {
    match value {
        Value::Object(members) => {
            for (name, mut member) in std::mem::take(members) {
                respell(&mut member, names);
                let known = names.iter().find(|known| known.eq_ignore_ascii_case(&name));
                members.insert(known.map_or(name, |known| (*known).to_owned()), member);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| respell(item, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
