//! What people are listed by: the value of each field as bytes that lie in its order.
//!
//! In SQLite they are columns of the person, with an index over each. PostgreSQL writes a row anew in all of its indexes when
//! one indexed column changes, and every change of a person changes the time of it: there each is an entry of a table that
//! is the index, and what filters compare are columns of another (docs/decisions/0006).

use directory::ids::ObjectId;
use directory::query::{Field, FieldKind, Literal};
use directory::{Person, PersonField};
use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{Error, Result};
use crate::sql::{Cell, Columns};

/// Bytes of a value in the index. The longest that any API writes is shorter; two that are longer and begin alike go by id.
const MOST: usize = 2_400;

/// The number of a field in PostgreSQL's index. A number that was released stays.
pub(crate) fn number(field: PersonField) -> i16 {
    match field {
        PersonField::Id => 0,
        PersonField::Name => 1,
        PersonField::UserName => 2,
        PersonField::Email => 3,
        PersonField::SecondEmail => 4,
        PersonField::Title => 5,
        PersonField::ExternalId => 6,
        PersonField::DataSource => 7,
        PersonField::Status => 8,
        PersonField::PrimaryDepartment => 9,
        PersonField::BirthDate => 10,
        PersonField::EmploymentStart => 11,
        PersonField::EmploymentEnd => 12,
        PersonField::CreatedAt => 13,
        PersonField::UpdatedAt => 14,
        PersonField::ObjectId => 15,
        PersonField::ExactStatus => 16,
        PersonField::InvitationExpiresAt => 17,
        PersonField::InvitedOrCreatedAt => 18,
    }
}

/// The name of a field's column in SQLite, which holds [`indexed_value`], and of the index over it.
pub(crate) fn name(field: PersonField) -> &'static str {
    match field {
        PersonField::Id => "by_id",
        PersonField::Name => "by_name",
        PersonField::UserName => "by_user_name",
        PersonField::Email => "by_email",
        PersonField::SecondEmail => "by_second_email",
        PersonField::Title => "by_title",
        PersonField::ExternalId => "by_external_id",
        PersonField::DataSource => "by_data_source",
        PersonField::Status => "by_status",
        PersonField::PrimaryDepartment => "by_primary_department",
        PersonField::BirthDate => "by_birth_date",
        PersonField::EmploymentStart => "by_employment_start",
        PersonField::EmploymentEnd => "by_employment_end",
        PersonField::CreatedAt => "by_created_at",
        PersonField::UpdatedAt => "by_updated_at",
        PersonField::ObjectId => "by_object_id",
        PersonField::ExactStatus => "by_exact_status",
        PersonField::InvitationExpiresAt => "by_invitation_expires_at",
        PersonField::InvitedOrCreatedAt => "by_invited_or_created_at",
    }
}

/// The columns of PostgreSQL's `person_listed`, and the field that each holds. The other fields have a column of the person.
pub(crate) const COLUMNS: [(&str, PersonField); 12] = [
    ("full_name", PersonField::Name),
    ("user_name", PersonField::UserName),
    ("email_address", PersonField::Email),
    ("second_email", PersonField::SecondEmail),
    ("title", PersonField::Title),
    ("external_id", PersonField::ExternalId),
    ("data_source", PersonField::DataSource),
    ("birth_date", PersonField::BirthDate),
    ("employment_start", PersonField::EmploymentStart),
    ("employment_end", PersonField::EmploymentEnd),
    ("invitation_expires_at", PersonField::InvitationExpiresAt),
    ("invited_or_created_at", PersonField::InvitedOrCreatedAt),
];

/// What stands in [`COLUMNS`] of a person.
pub(crate) fn columns(person: &Person) -> [Cell<'static>; COLUMNS.len()] {
    COLUMNS.map(|(_, field)| field.of(person).map_or(Cell::Null, |value| cell(&value)))
}

/// Whether one of [`COLUMNS`] may be different.
pub(crate) fn have_columns_changed(before: &Person, after: &Person) -> bool {
    PersonField::differing(before, after).any(|field| COLUMNS.iter().any(|(_, own)| *own == field))
}

/// The entries of a person in the index, of each field one.
pub(crate) fn entries(person: &Person) -> impl Iterator<Item = (i16, Vec<u8>)> {
    PersonField::ALL.iter().map(|field| (number(*field), indexed_value(field.of(person).as_ref())))
}

/// The entries that are different, with their values before and after.
pub(crate) fn moves<'p>(
    before: &'p Person,
    after: &'p Person,
) -> impl Iterator<Item = (i16, Vec<u8>, Vec<u8>)> + 'p {
    let value = |field: PersonField, person: &Person| indexed_value(field.of(person).as_ref());
    PersonField::differing(before, after)
        .map(move |field| (number(field), value(field, before), value(field, after)))
        .filter(|(_, before, after)| before != after)
}

/// Where the values in the index begin: only nothing lies before.
pub(crate) const LOWEST: [u8; 1] = [1];

/// The value of a field in the index: byte by byte, its order is that of the field. Nothing comes before everything.
pub(crate) fn indexed_value(value: Option<&Literal>) -> Vec<u8> {
    let Some(value) = value else { return vec![0] };
    let mut bytes = vec![1];
    match value {
        Literal::Text(text) => bytes.extend_from_slice(beginning(text).as_bytes()),
        Literal::Rank(rank) => bytes.push(*rank),
        Literal::Time(time) => bytes.extend(ordered(time.as_microsecond())),
        Literal::Civil(time) => bytes.extend(ordered(ticks(*time))),
        Literal::Uuid(id) => bytes.extend_from_slice(id.as_bytes()),
        Literal::ObjectId(id) => bytes.extend_from_slice(&id.0),
    }
    bytes
}

/// The other way.
pub(crate) fn literal_of(kind: FieldKind, indexed: &[u8]) -> Result<Option<Literal>> {
    let broken = || Error(format!("{} bytes are no {kind:?}", indexed.len()));
    let Some((1, value)) = indexed.split_first() else {
        return if indexed == [0] { Ok(None) } else { Err(broken()) };
    };
    let number = || {
        let ordered = u64::from_be_bytes(value.try_into().ok()?);
        Some((ordered ^ (1 << 63)).cast_signed())
    };
    let literal = match kind {
        FieldKind::Text => str::from_utf8(value).ok().map(|text| Literal::Text(text.to_owned())),
        FieldKind::Rank => value.first().copied().map(Literal::Rank),
        FieldKind::Time => {
            number().and_then(|micros| Timestamp::from_microsecond(micros).ok()).map(Literal::Time)
        }
        FieldKind::Civil => number().and_then(civil).map(Literal::Civil),
        FieldKind::Uuid => Uuid::from_slice(value).ok().map(Literal::Uuid),
        FieldKind::ObjectId => value.try_into().ok().map(|id| Literal::ObjectId(ObjectId(id))),
    };
    literal.map(Some).ok_or_else(broken)
}

/// The literal as its column has it.
pub(crate) fn cell(value: &Literal) -> Cell<'static> {
    match value {
        Literal::Text(text) => Cell::from(text.clone()),
        Literal::Rank(rank) => Cell::Integer((*rank).into()),
        Literal::Time(time) => Cell::from(*time),
        Literal::Civil(time) => Cell::Integer(ticks(*time)),
        Literal::Uuid(id) => Cell::from(*id),
        Literal::ObjectId(id) => Cell::from(*id),
    }
}

/// The other way.
pub(crate) fn literal(kind: FieldKind, columns: &mut Columns) -> Result<Option<Literal>> {
    Ok(match kind {
        FieldKind::Text => columns.optional_text()?.map(Literal::Text),
        FieldKind::Rank => {
            columns.optional_integer()?.and_then(|rank| u8::try_from(rank).ok()).map(Literal::Rank)
        }
        FieldKind::Time => columns.optional_time()?.map(Literal::Time),
        FieldKind::Civil => columns.optional_integer()?.and_then(civil).map(Literal::Civil),
        FieldKind::Uuid => columns.optional_uuid()?.map(Literal::Uuid),
        FieldKind::ObjectId => columns.optional_object_id()?.map(Literal::ObjectId),
    })
}

/// So much of a text as the index holds, in whole characters.
fn beginning(text: &str) -> &str {
    let end = (0..=MOST.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or_default()]
}

/// Eight bytes in the order of the number, negative ones first.
fn ordered(number: i64) -> [u8; 8] {
    (number.cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

const TICKS_OF_A_SECOND: i64 = 10_000_000;

/// Tenths of a microsecond since 1970: years from 1 to 9999 fit, which microseconds of a point in time do not reach.
fn ticks(at: DateTime) -> i64 {
    let since = at.duration_since(EPOCH);
    since.as_secs() * TICKS_OF_A_SECOND + i64::from(since.subsec_nanos()).div_euclid(100)
}

fn civil(ticks: i64) -> Option<DateTime> {
    let (seconds, rest) = (ticks.div_euclid(TICKS_OF_A_SECOND), ticks.rem_euclid(TICKS_OF_A_SECOND));
    let nanoseconds = i32::try_from(rest * 100).ok()?;
    EPOCH.checked_add(SignedDuration::new(seconds, nanoseconds)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn civil_at(text: &str) -> Literal {
        Literal::Civil(text.parse().unwrap())
    }

    #[test]
    fn bytes_lie_in_the_order_of_values() {
        let text = |text: &str| Literal::Text(text.into());
        let time = |micros| Literal::Time(Timestamp::from_microsecond(micros).unwrap());
        let ascending = [
            vec![text(""), text("A"), text("Z"), text("a"), text("ab"), text("\u{e9}"), text("\u{1f600}")],
            vec![time(-62_000_000_000_000_000), time(-1), time(0), time(1), time(1_700_000_000_000_000)],
            vec![
                civil_at("0001-01-01T00:00:00"),
                civil_at("1969-12-31T23:59:59.9999999"),
                civil_at("1970-01-01T00:00:00"),
                civil_at("2002-12-30T00:00:00.0000001"),
                civil_at("9999-12-31T23:59:59.9999999"),
            ],
            vec![Literal::Rank(0), Literal::Rank(3)],
        ];
        for values in ascending {
            let mut bytes: Vec<_> = values.iter().map(|value| indexed_value(Some(value))).collect();
            for (value, bytes) in values.iter().zip(&bytes) {
                assert_eq!(literal_of(value.kind(), bytes).unwrap().as_ref(), Some(value));
                assert_eq!(literal_of(value.kind(), &indexed_value(None)).unwrap(), None);
            }
            bytes.insert(0, indexed_value(None));
            assert!(bytes.is_sorted_by(|a, b| a < b), "{values:?}");
        }
    }

    #[test]
    fn a_date_comes_back_from_its_column() {
        for text in ["0001-01-01T00:00:00", "1969-12-31T23:59:59.9999999", "9999-12-31T23:59:59.9999999"] {
            let at = text.parse().unwrap();
            assert_eq!(civil(ticks(at)), Some(at), "{text}");
        }
    }

    #[test]
    fn a_long_value_is_cut_between_characters() {
        let long = Literal::Text("\u{1f600}".repeat(1_000));
        assert_eq!(indexed_value(Some(&long)).len(), 1 + MOST);
    }

    #[test]
    fn numbers_of_fields_are_unique() {
        let numbers: std::collections::BTreeSet<_> = PersonField::ALL.iter().copied().map(number).collect();
        assert_eq!(numbers.len(), PersonField::ALL.len());
    }
}
