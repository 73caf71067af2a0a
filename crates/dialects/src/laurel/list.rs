//! The list of users, written as it is read: a customer may have a million, and its list needs no more memory than one
//! piece of it and ten thousand ids, whatever the users look like.

use std::io;
use std::sync::Arc;
use std::vec;

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use directory::ids::PersonId;
use directory::query::{Direction, Filter, Query, Window};
use directory::{Caller, Directory, Include, PersonField, Record, Refusal};
use futures_util::{StreamExt, stream};

use super::lens;
use super::query::{Integration, ListUsers};

/// Bytes of a piece, for which as many users are read as are likely to fill it. It is in memory until the client has taken
/// it, and large enough that a read costs little for each user.
const PIECE: usize = 64 * 1024;

/// Users read at once, at most and at first. Most are small, and what the first are like is not known.
const MOST: usize = 100;
const FIRST: usize = 32;

/// Ids that are read at once, 16 bytes each. The users of a long list come and go while it is on its way.
const WINDOW: u32 = 10_000;

/// A JSON array of everyone who matches, by ascending id.
///
/// The first piece is read before the answer begins, so that a store that is silent is told in the vendor's form. When
/// it falls silent later the connection is cut: what arrived then ends in the middle and is no JSON.
pub async fn list_users(
    directory: Arc<Directory>,
    caller: Caller,
    query: ListUsers,
) -> Result<Response, Refusal> {
    let order = vec![(PersonField::ObjectId, Direction::Ascending)];
    let mut list = List {
        directory,
        caller,
        integration: query.integration,
        unread: Some(Query::first(Filter::Words(query.words), order, WINDOW)),
        left: Vec::new().into_iter(),
        together: FIRST,
        array: Array::default(),
    };
    let first = list.next_piece().await?.unwrap_or_default();
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
    match list.next_piece().await {
        Ok(piece) => Ok(piece.map(|piece| (piece, list))),
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
    /// What asks for those behind the ids read so far, if there are more.
    unread: Option<Query<PersonField>>,
    left: vec::IntoIter<PersonId>,
    /// How many of them are read next.
    together: usize,
    array: Array,
}

impl List {
    /// The next piece of the array, never an empty one; None after the last.
    async fn next_piece(&mut self) -> Result<Option<Bytes>, Refusal> {
        while !self.array.is_closed {
            self.read_ids().await?;
            let people: Vec<_> = self.left.as_slice().iter().take(self.together).copied().collect();
            let records = match people.is_empty() {
                true => Vec::new(),
                false => self.directory.scoped(&self.caller).records(people.clone(), self.include()).await?,
            };
            let mut bytes = Vec::new();
            let written = self.array.write(&mut bytes, &records, self.integration)?;
            // What did not fit is dropped, not kept until the client has taken the piece, and read again.
            let next = records.get(written).map(|record| record.person.id);
            let done = people.iter().position(|id| Some(*id) == next).unwrap_or(people.len());
            self.left.by_ref().take(done).for_each(drop);
            if self.left.len() == 0 && self.unread.is_none() {
                self.array.close(&mut bytes);
            }
            self.together = likely_to_fill_a_piece(bytes.len(), written);
            // Everyone of them may have left since the ids were read.
            if !bytes.is_empty() {
                return Ok(Some(bytes.into()));
            }
        }
        Ok(None)
    }

    /// Reads the next ids when none is left.
    async fn read_ids(&mut self) -> Result<(), Refusal> {
        let Some(query) = self.unread.take_if(|_| self.left.len() == 0) else { return Ok(()) };
        let page = self.directory.scoped(&self.caller).list_person_ids(query.clone()).await?;
        let end = page.bounds.filter(|_| page.has_next).map(|(_, end)| end);
        self.unread = end.map(|end| Query { window: Window::After(end, WINDOW), ..query });
        self.left = page.items.into_iter();
        Ok(())
    }

    fn include(&self) -> Include {
        match self.integration {
            Some(_) => Include::default(),
            None => lens::NEEDS,
        }
    }
}

/// How many users are likely to fill a piece, if they are as large as the last were.
fn likely_to_fill_a_piece(bytes: usize, users: usize) -> usize {
    (PIECE * users).checked_div(bytes).unwrap_or(MOST).clamp(1, MOST)
}

/// A JSON array that is written piece by piece.
#[derive(Debug, Default)]
struct Array {
    is_open: bool,
    is_closed: bool,
}

impl Array {
    /// Writes so many of the users, at least one of them, until the piece is twice as large as it should be.
    fn write(
        &mut self,
        bytes: &mut Vec<u8>,
        records: &[Record],
        integration: Option<Integration>,
    ) -> Result<usize, Refusal> {
        for (index, record) in records.iter().enumerate() {
            if bytes.len() >= 2 * PIECE {
                return Ok(index);
            }
            bytes.push(if self.is_open { b',' } else { b'[' });
            self.is_open = true;
            let written = match integration {
                Some(integration) => serde_json::to_writer(&mut *bytes, &lens::project(record, integration)),
                None => serde_json::to_writer(&mut *bytes, &lens::show(record)),
            };
            written.map_err(|_| Refusal::Unavailable)?;
        }
        Ok(records.len())
    }

    fn close(&mut self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(if self.is_open { b"]" } else { b"[]" });
        self.is_closed = true;
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
            assert_eq!(array.write(&mut bytes, &records, integration).unwrap(), *size);
            if index + 1 == pieces.len() {
                array.close(&mut bytes);
            }
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
        let mut bytes = Vec::new();
        Array::default().write(&mut bytes, &[record(1)], None).unwrap();
        assert!(serde_json::from_slice::<Value>(&bytes).is_err());
    }

    #[test]
    fn a_piece_is_bounded_however_large_the_users_are() {
        let mut large = record(1);
        let mut person = Person::clone(&large.person);
        person.nickname = Some("x".repeat(100 * 1_024));
        large.person = person.into();
        let (mut array, mut bytes) = (Array::default(), Vec::new());
        let written = array.write(&mut bytes, &vec![large; 100], None).unwrap();
        assert_eq!(written, 2);
        assert!(bytes.len() < 2 * PIECE + 110 * 1_024, "{}", bytes.len());
        assert_eq!(likely_to_fill_a_piece(bytes.len(), written), 1);
    }

    #[test]
    fn the_next_users_are_as_many_as_fill_a_piece() {
        assert_eq!(likely_to_fill_a_piece(32 * 1_024, 32), 64);
        assert_eq!(likely_to_fill_a_piece(3_200, 32), MOST);
        assert_eq!(likely_to_fill_a_piece(0, 0), MOST);
    }
}
