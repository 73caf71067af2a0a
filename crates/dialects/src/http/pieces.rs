//! Long lists of people, written as they are read: an organization may have a million, and its list needs no more memory
//! than one piece of it and ten thousand ids, whatever the people look like.

use std::io;
use std::sync::Arc;
use std::vec;

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use directory::ids::{OrganizationId, PersonId};
use directory::query::{Direction, Filter, Query, Window};
use directory::{Caller, Directory, Include, PersonField, Record, Refusal, TenantScope};
use futures_util::{StreamExt, stream};

/// Bytes of a piece, for which as many people are read as are likely to fill it. It is in memory until the client has taken
/// it, and large enough that a read costs little for each person.
const PIECE: usize = 64 * 1024;

/// People read at once, at most and at first. Most are small, and what the first are like is not known.
const MOST: usize = 100;
const FIRST: usize = 32;

/// Ids that are read at once, 16 bytes each. The people of a long list come and go while it is on its way.
const WINDOW: u32 = 10_000;

/// What a dialect makes of the people of a list.
pub trait Shown: Send + 'static {
    const CONTENT_TYPE: HeaderValue;
    /// What stands before and behind the people, who are written with commas between them.
    const FRAME: (&'static str, &'static str);

    fn include(&self) -> Include;

    /// Writes a person, with commas where it takes several entries. Writes nothing of one who became somebody that the list
    /// is not of, since the ids were read.
    fn write(&self, bytes: &mut Vec<u8>, record: &Record) -> serde_json::Result<()>;
}

/// Whose people are listed.
#[derive(Debug)]
pub struct Listed {
    pub directory: Arc<Directory>,
    pub caller: Caller,
    /// A direct child of the caller's organization, if its people are meant.
    pub child: Option<OrganizationId>,
}

impl Listed {
    async fn scope(&self) -> Result<TenantScope<'_>, Refusal> {
        let scope = self.directory.scoped(&self.caller);
        match self.child {
            Some(child) => scope.direct_child(child).await,
            None => Ok(scope),
        }
    }
}

/// Everyone who matches, in this order.
///
/// The first piece is read before the answer begins, so that a store that is silent is told in the vendor's form. When
/// it falls silent later the connection is cut: what arrived then ends in the middle and is no JSON.
pub async fn answer<S: Shown>(
    listed: Listed,
    filter: Filter<PersonField>,
    order: Vec<(PersonField, Direction)>,
    shown: S,
) -> Result<Response, Refusal> {
    let mut list = List {
        listed,
        unread: Some(Query::first(filter, order, WINDOW)),
        left: Vec::new().into_iter(),
        together: FIRST,
        array: Array::new(shown),
    };
    let first = list.next_piece().await?.unwrap_or_default();
    let body = if list.array.is_closed {
        Body::from(first)
    } else {
        Body::from_stream(stream::once(async { Ok(first) }).chain(stream::try_unfold(list, next)))
    };
    let mut answer = Response::new(body);
    *answer.status_mut() = StatusCode::OK;
    answer.headers_mut().insert(CONTENT_TYPE, S::CONTENT_TYPE);
    Ok(answer)
}

async fn next<S: Shown>(mut list: List<S>) -> io::Result<Option<(Bytes, List<S>)>> {
    match list.next_piece().await {
        Ok(piece) => Ok(piece.map(|piece| (piece, list))),
        Err(refusal) => {
            tracing::warn!(request = list.listed.caller.request, ?refusal, "a list of users was cut off");
            Err(io::Error::other("the store stopped answering"))
        }
    }
}

/// A list on its way out.
struct List<S> {
    listed: Listed,
    /// What asks for those behind the ids read so far, if there are more.
    unread: Option<Query<PersonField>>,
    left: vec::IntoIter<PersonId>,
    /// How many of them are read next.
    together: usize,
    array: Array<S>,
}

impl<S: Shown> List<S> {
    /// The next piece of the array, never an empty one; None after the last.
    async fn next_piece(&mut self) -> Result<Option<Bytes>, Refusal> {
        while !self.array.is_closed {
            self.read_ids().await?;
            let people: Vec<_> = self.left.as_slice().iter().take(self.together).copied().collect();
            let records = match people.is_empty() {
                true => Vec::new(),
                false => {
                    let include = self.array.shown.include();
                    self.listed.scope().await?.records(people.clone(), include).await?
                }
            };
            let mut bytes = Vec::new();
            let written = self.array.write(&mut bytes, &records)?;
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
        let page = self.listed.scope().await?.list_person_ids(query.clone()).await?;
        let end = page.bounds.filter(|_| page.has_next).map(|(_, end)| end);
        self.unread = end.map(|end| Query { window: Window::After(end, WINDOW), ..query });
        self.left = page.items.into_iter();
        Ok(())
    }
}

/// How many people are likely to fill a piece, if they are as large as the last were.
fn likely_to_fill_a_piece(bytes: usize, people: usize) -> usize {
    (PIECE * people).checked_div(bytes).unwrap_or(MOST).clamp(1, MOST)
}

/// A JSON array that is written piece by piece.
#[derive(Debug)]
struct Array<S> {
    shown: S,
    is_open: bool,
    has_people: bool,
    is_closed: bool,
}

impl<S: Shown> Array<S> {
    fn new(shown: S) -> Self {
        Self { shown, is_open: false, has_people: false, is_closed: false }
    }

    /// Writes so many of the people, at least one of them, until the piece is twice as large as it should be.
    fn write(&mut self, bytes: &mut Vec<u8>, records: &[Record]) -> Result<usize, Refusal> {
        for (index, record) in records.iter().enumerate() {
            if bytes.len() >= 2 * PIECE {
                return Ok(index);
            }
            let start = bytes.len();
            self.open(bytes);
            if self.has_people {
                bytes.push(b',');
            }
            let before = bytes.len();
            self.shown.write(bytes, record).map_err(|_| Refusal::Unavailable)?;
            match bytes.len() > before {
                true => self.has_people = true,
                false if self.has_people => bytes.truncate(start),
                false => {}
            }
        }
        Ok(records.len())
    }

    fn open(&mut self, bytes: &mut Vec<u8>) {
        if !self.is_open {
            bytes.extend_from_slice(S::FRAME.0.as_bytes());
            self.is_open = true;
        }
    }

    fn close(&mut self, bytes: &mut Vec<u8>) {
        self.open(bytes);
        bytes.extend_from_slice(S::FRAME.1.as_bytes());
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

    /// Shows a person as the first byte of an id, and nothing of those with an odd one if it is told so.
    struct Numbers {
        even_alone: bool,
        padding: usize,
    }

    impl Shown for Numbers {
        const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/json");
        const FRAME: (&'static str, &'static str) = ("{\"users\":[", "]}");

        fn include(&self) -> Include {
            Include::default()
        }

        fn write(&self, bytes: &mut Vec<u8>, record: &Record) -> serde_json::Result<()> {
            let [number, ..] = record.person.object_id.0;
            if self.even_alone && number % 2 == 1 {
                return Ok(());
            }
            serde_json::to_writer(bytes, &(number, "x".repeat(self.padding)))
        }
    }

    const EVERYONE: Numbers = Numbers { even_alone: false, padding: 0 };

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

    /// The numbers in what the pieces, each of so many records, come to as one JSON object.
    fn written(pieces: &[usize], shown: Numbers) -> Vec<u64> {
        let (mut array, mut bytes, mut number) = (Array::new(shown), Vec::new(), 0);
        for (index, size) in pieces.iter().enumerate() {
            let records: Vec<_> = (0..*size).map(|offset| record(number + offset as u8)).collect();
            number += *size as u8;
            assert!(!array.is_closed);
            assert_eq!(array.write(&mut bytes, &records).unwrap(), *size);
            if index + 1 == pieces.len() {
                array.close(&mut bytes);
            }
        }
        assert!(array.is_closed);
        let answer: Value = serde_json::from_slice(&bytes).unwrap();
        answer["users"].as_array().unwrap().iter().map(|user| user[0].as_u64().unwrap()).collect()
    }

    #[test]
    fn pieces_make_one_array_whoever_left_meanwhile() {
        for pieces in [&[0][..], &[0, 0]] {
            assert!(written(pieces, EVERYONE).is_empty());
        }
        assert_eq!(written(&[1], EVERYONE), [0]);
        assert_eq!(written(&[2, 1], EVERYONE), [0, 1, 2]);
        assert_eq!(written(&[0, 1, 0, 2, 0], EVERYONE), [0, 1, 2]);
    }

    #[test]
    fn nothing_stands_for_somebody_who_is_not_shown() {
        for pieces in [&[5][..], &[1, 1, 1, 1, 1], &[2, 3], &[3, 0, 2]] {
            assert_eq!(written(pieces, Numbers { even_alone: true, padding: 0 }), [0, 2, 4], "{pieces:?}");
        }
        let mut array = Array::new(Numbers { even_alone: true, padding: 0 });
        let mut bytes = Vec::new();
        array.write(&mut bytes, &[record(1), record(3)]).unwrap();
        array.write(&mut bytes, &[record(5), record(6)]).unwrap();
        array.close(&mut bytes);
        assert_eq!(String::from_utf8(bytes).unwrap(), "{\"users\":[[6,\"\"]]}");
    }

    #[test]
    fn an_array_that_is_cut_off_is_no_json() {
        let mut bytes = Vec::new();
        Array::new(EVERYONE).write(&mut bytes, &[record(1)]).unwrap();
        assert!(serde_json::from_slice::<Value>(&bytes).is_err());
    }

    #[test]
    fn a_piece_is_bounded_however_large_the_people_are() {
        let mut array = Array::new(Numbers { even_alone: false, padding: 100 * 1_024 });
        let mut bytes = Vec::new();
        let written = array.write(&mut bytes, &vec![record(1); 100]).unwrap();
        assert_eq!(written, 2);
        assert!(bytes.len() < 2 * PIECE + 110 * 1_024, "{}", bytes.len());
        assert_eq!(likely_to_fill_a_piece(bytes.len(), written), 1);
    }

    #[test]
    fn the_next_people_are_as_many_as_fill_a_piece() {
        assert_eq!(likely_to_fill_a_piece(32 * 1_024, 32), 64);
        assert_eq!(likely_to_fill_a_piece(3_200, 32), MOST);
        assert_eq!(likely_to_fill_a_piece(0, 0), MOST);
    }
}
