//! The list of users, written as it is read: a customer may have a million, and its list needs no more memory than
//! a hundred of them and the ids of the rest.

use std::io;
use std::sync::Arc;
use std::vec;

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use directory::ids::PersonId;
use directory::store::PeopleQuery;
use directory::{Caller, Directory, Needs, Record, Refusal};
use futures_util::{StreamExt, stream};

use super::lens;
use super::query::{Integration, ListUsers};

/// Users read and written at a time: enough that a read costs little for each, and some 100 kilobytes of JSON.
const CHUNK: usize = 100;

/// A JSON array of everyone who matches, by ascending id.
///
/// The first chunk is read before the answer begins, so that a store that is silent is told in the vendor's form. When
/// it falls silent later the connection is cut: what arrived then ends in the middle and is no JSON.
pub async fn list_users(
    directory: Arc<Directory>,
    caller: Caller,
    query: ListUsers,
) -> Result<Response, Refusal> {
    let people =
        directory.at(&caller).people(PeopleQuery { words: query.words, ..PeopleQuery::default() }).await?;
    let mut list = List {
        directory,
        caller,
        integration: query.integration,
        left: people.into_iter(),
        array: Array::default(),
    };
    let first = list.next_chunk().await?.unwrap_or_default();
    let body = if list.array.is_closed {
        Body::from(first)
    } else {
        Body::from_stream(stream::once(async { Ok(first) }).chain(stream::try_unfold(list, next)))
    };
    let mut answer = Response::new(body);
    *answer.status_mut() = StatusCode::OK;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(answer)
}

async fn next(mut list: List) -> io::Result<Option<(Bytes, List)>> {
    match list.next_chunk().await {
        Ok(chunk) => Ok(chunk.map(|chunk| (chunk, list))),
        Err(refusal) => {
            tracing::warn!(request = list.caller.request, ?refusal, "a list of users was cut off");
            Err(io::Error::other("the store stopped answering"))
        }
    }
}

/// A list on its way out.
struct List {
    directory: Arc<Directory>,
    caller: Caller,
    integration: Option<Integration>,
    left: vec::IntoIter<PersonId>,
    array: Array,
}

impl List {
    /// The next piece of the array, never an empty one; None after the last.
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, Refusal> {
        while !self.array.is_closed {
            let people: Vec<_> = self.left.by_ref().take(CHUNK).collect();
            let records = match people.is_empty() {
                true => Vec::new(),
                false => self.directory.at(&self.caller).records(people, self.needs()).await?,
            };
            let is_last = self.left.len() == 0;
            let bytes = self.array.write(&records, self.integration, is_last)?;
            // Everyone of a chunk may have left since the ids were read.
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }

    fn needs(&self) -> Needs {
        match self.integration {
            Some(_) => Needs::default(),
            None => lens::NEEDS,
        }
    }
}

/// A JSON array that is written piece by piece.
#[derive(Debug, Default)]
struct Array {
    is_open: bool,
    is_closed: bool,
}

impl Array {
    fn write(
        &mut self,
        records: &[Record],
        integration: Option<Integration>,
        is_last: bool,
    ) -> Result<Bytes, Refusal> {
        let mut bytes = Vec::with_capacity(records.len() * 1_024 + 2);
        for record in records {
            bytes.push(if self.is_open { b',' } else { b'[' });
            self.is_open = true;
            let written = match integration {
                Some(integration) => serde_json::to_writer(&mut bytes, &lens::project(record, integration)),
                None => serde_json::to_writer(&mut bytes, &lens::show(record)),
            };
            written.map_err(|_| Refusal::Unavailable)?;
        }
        if is_last {
            bytes.extend_from_slice(if self.is_open { b"]" } else { b"[]" });
            self.is_closed = true;
        }
        Ok(Bytes::from(bytes))
    }
}

#[cfg(test)]
mod tests {
    use directory::ids::{Number, ObjectId, OrganizationId};
    use directory::membership::Membership;
    use directory::{Person, Related};
    use jiff::Timestamp;
    use serde_json::Value;

    use super::*;

    fn record(number: u8) -> Record {
        let (id, now) = (uuid::Uuid::from_u128(number.into()), Timestamp::UNIX_EPOCH);
        let person = Person::new(PersonId(id), Number::new(1).unwrap(), ObjectId([number; 12]), now);
        let membership = Membership::new(OrganizationId(id), now);
        Record {
            person: person.into(),
            membership: membership.into(),
            related: Related::default().into(),
            actor: None,
        }
    }

    /// Ids of what the pieces, each of so many records, come to as one JSON array.
    fn written(pieces: &[usize], integration: Option<Integration>) -> Vec<String> {
        let (mut array, mut bytes, mut number) = (Array::default(), Vec::new(), 0);
        for (index, size) in pieces.iter().enumerate() {
            let records: Vec<_> = (0..*size).map(|offset| record(number + offset as u8)).collect();
            number += *size as u8;
            assert!(!array.is_closed);
            bytes.extend(array.write(&records, integration, index + 1 == pieces.len()).unwrap());
        }
        assert!(array.is_closed);
        let users: Vec<Value> = serde_json::from_slice(&bytes).unwrap();
        users.iter().map(|user| user["_id"].as_str().unwrap()[..2].to_owned()).collect()
    }

    #[test]
    fn pieces_make_one_array_whoever_left_meanwhile() {
        for integration in [None, Some(Integration::CloudAssistantZoom)] {
            assert!(written(&[0], integration).is_empty());
            assert!(written(&[0, 0], integration).is_empty());
            assert_eq!(written(&[1], integration), ["00"]);
            assert_eq!(written(&[2, 1], integration), ["00", "01", "02"]);
            assert_eq!(written(&[0, 1, 0, 2, 0], integration), ["00", "01", "02"]);
        }
    }

    #[test]
    fn an_array_that_is_cut_off_is_no_json() {
        let bytes = Array::default().write(&[record(1)], None, false).unwrap();
        assert!(serde_json::from_slice::<Value>(&bytes).is_err());
    }
}
