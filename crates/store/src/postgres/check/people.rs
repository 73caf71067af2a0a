//! Whether every living person can be read, has exactly their keys, and is searched and listed by exactly what their fields
//! say.

use std::collections::BTreeMap;

use directory::apply::{Key, keys, search_fields};
use directory::ids::{DepartmentId, Number, ObjectId, PersonId, TenantId};
use directory::query::Field;
use directory::status::Status;
use directory::{Person, PersonField};
use tokio_postgres::types::Type;
use tokio_postgres::{Row, Transaction};

use super::super::error::Result;
use super::super::sql;
use super::TOLD;
use crate::codec::document::Document;
use crate::codec::tokens::tokens;
use crate::codec::{self, listing, named};
use crate::sql::Cell;

/// People who are looked at together.
const PAGE: i64 = 1_000;

const PEOPLE: &str = "
    SELECT number, id, object_id, status, document::text, primary_department, created_at, updated_at
    FROM person
    WHERE tenant = $1 AND number > $2 AND deleted_at IS NULL
    ORDER BY number
    LIMIT $3";

const HOLDERS: &str = "
    SELECT wanted.place, k.person
    FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS wanted (source, value, place)
    LEFT JOIN person_key AS k
        ON k.tenant = $1 AND k.source = wanted.source AND k.value = wanted.value";

const LISTED: &str = "
    SELECT person, full_name, user_name, email_address, second_email, title, external_id, data_source, birth_date,
        employment_start, employment_end, invitation_expires_at, invited_or_created_at
    FROM person_listed
    WHERE tenant = $1 AND person > $2 AND person <= $3";

/// The people of whom an entry is missing.
const UNLISTED: &str = "
    SELECT DISTINCT wanted.person
    FROM unnest($2::bigint[], $3::smallint[], $4::bytea[], $5::uuid[]) AS wanted (person, field, value, id)
    LEFT JOIN person_order AS o
        ON o.tenant = $1 AND o.field = wanted.field AND o.value = wanted.value AND o.id = wanted.id
    WHERE o.person IS DISTINCT FROM wanted.person";

const ENTRIES: &str = "SELECT count(*) FROM person_order WHERE tenant = $1";

const SEARCHED: &str = "
    SELECT person, field, text, tsvector_to_array(tokens)
    FROM person_search
    WHERE tenant = $1 AND person > $2 AND person <= $3
    ORDER BY person, field";

/// By field: the text and its tokens.
type Searched = BTreeMap<i16, (String, Vec<String>)>;

/// Answers with how many live in the tenant.
pub(super) async fn look(
    transaction: &Transaction<'_>,
    tenant: TenantId,
    problems: &mut Vec<String>,
) -> Result<u64> {
    let mut telling = Telling { tenant, problems, told: 0 };
    let id = (&tenant.0.cast_signed() as _, Type::INT4);
    let (mut after, mut people, mut expected) = (i64::MIN, 0, 0);
    loop {
        let page = [id.clone(), (&after as _, Type::INT8), (&PAGE as _, Type::INT8)];
        let page = transaction.query_typed(PEOPLE, &page).await?;
        people += page.len() as u64;
        // What is searched beyond the last of all people is there too much.
        let is_last = page.len() < PAGE as usize;
        let last = page.last().filter(|_| !is_last).map_or(i64::MAX, |row| row.get(0));
        let page = telling.readable(&page);
        expected += look_at_keys(transaction, &page, &mut telling).await?;
        look_at_search(transaction, (after, last), &page, &mut telling).await?;
        look_at_lists(transaction, (after, last), &page, &mut telling).await?;
        if is_last {
            break;
        }
        after = last;
    }
    let kept = "SELECT count(*) FROM person_key WHERE tenant = $1";
    let kept: i64 = transaction.query_typed_one(kept, std::slice::from_ref(&id)).await?.get(0);
    if kept != expected {
        problems.push(format!("keys: tenant {tenant} has {kept} of them, and its people {expected}"));
    }
    let kept: i64 = transaction.query_typed_one(ENTRIES, &[id]).await?.get(0);
    let expected = people * PersonField::ALL.len() as u64;
    if kept.cast_unsigned() != expected {
        let message =
            format!("entries of lists: tenant {tenant} has {kept} of them, and its people {expected}");
        problems.push(message);
    }
    Ok(people)
}

/// Answers with how many keys there should be.
async fn look_at_keys(
    transaction: &Transaction<'_>,
    page: &[Person],
    telling: &mut Telling<'_>,
) -> Result<i64> {
    let keys_of = |person| keys(person).into_iter().map(|key| (person.number, key));
    let keys: Vec<(Number, Key)> = page.iter().flat_map(keys_of).collect();
    let sources: Vec<&str> = keys.iter().map(|(_, key)| key.source.as_str()).collect();
    let values: Vec<&str> = keys.iter().map(|(_, key)| key.value.as_str()).collect();
    let parameters = [
        (&telling.tenant.0.cast_signed() as _, Type::INT4),
        (&sources as _, Type::TEXT_ARRAY),
        (&values as _, Type::TEXT_ARRAY),
    ];
    for row in transaction.query_typed(HOLDERS, &parameters).await? {
        let (place, holder): (i64, Option<i64>) = (row.get(0), row.get(1));
        // Places count from one.
        let (number, key) = &keys[place.cast_unsigned() as usize - 1];
        if holder != Some(number.get().cast_signed()) {
            telling.tell("a person without a key of theirs", format!("number {number}, {}", key.source));
        }
    }
    Ok(keys.len() as i64)
}

async fn look_at_search(
    transaction: &Transaction<'_>,
    (after, last): (i64, i64),
    page: &[Person],
    telling: &mut Telling<'_>,
) -> Result<()> {
    let tenant = telling.tenant;
    let between =
        [(&tenant.0.cast_signed() as _, Type::INT4), (&after as _, Type::INT8), (&last as _, Type::INT8)];
    let mut found: BTreeMap<i64, Searched> = BTreeMap::new();
    for row in transaction.query_typed(SEARCHED, &between).await? {
        let mut tokens: Vec<String> = row.get(3);
        tokens.sort_unstable();
        found.entry(row.get(0)).or_default().insert(row.get(1), (row.get(2), tokens));
    }
    for person in page {
        let kept = found.remove(&person.number.get().cast_signed()).unwrap_or_default();
        if kept != searched(tenant, person) {
            telling.tell("a person who is searched by other names", format!("number {}", person.number));
        }
    }
    for number in found.into_keys() {
        telling.tell("the search index has somebody who does not live", format!("number {number}"));
    }
    Ok(())
}

async fn look_at_lists(
    transaction: &Transaction<'_>,
    (after, last): (i64, i64),
    page: &[Person],
    telling: &mut Telling<'_>,
) -> Result<()> {
    let tenant = telling.tenant.0.cast_signed();
    let between = [(&tenant as _, Type::INT4), (&after as _, Type::INT8), (&last as _, Type::INT8)];
    let mut found: BTreeMap<i64, Vec<Cell<'static>>> = BTreeMap::new();
    for row in transaction.query_typed(LISTED, &between).await? {
        let mut columns = sql::row(&row)?;
        let listed = columns.split_off(1);
        found.insert(row.get(0), listed);
    }
    let (mut people, mut fields, mut values, mut ids) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for person in page {
        let number = person.number.get().cast_signed();
        if found.remove(&number).is_none_or(|listed| listed != listing::columns(person)) {
            telling.tell("a person whom lists compare by other values", format!("number {number}"));
        }
        for (field, value) in listing::entries(person) {
            people.push(number);
            fields.push(field);
            values.push(value);
            ids.push(person.id.0);
        }
    }
    for number in found.into_keys() {
        telling.tell("lists compare somebody who does not live", format!("number {number}"));
    }
    let parameters = [
        (&tenant as _, Type::INT4),
        (&people as _, Type::INT8_ARRAY),
        (&fields as _, Type::INT2_ARRAY),
        (&values as _, Type::BYTEA_ARRAY),
        (&ids as _, Type::UUID_ARRAY),
    ];
    for row in transaction.query_typed(UNLISTED, &parameters).await? {
        telling.tell("a person who is listed by other values", format!("number {}", row.get::<_, i64>(0)));
    }
    Ok(())
}

fn searched(tenant: TenantId, person: &Person) -> Searched {
    let fields = (0..).zip(search_fields(person)).filter(|(_, text)| !text.is_empty());
    fields.map(|(field, text)| (field, (text.clone(), tokens(tenant, &text)))).collect()
}

/// What is wrong in a tenant, and not too much of it.
struct Telling<'p> {
    tenant: TenantId,
    problems: &'p mut Vec<String>,
    told: usize,
}

impl Telling<'_> {
    fn tell(&mut self, what: &str, which: String) {
        self.told += 1;
        if self.told <= TOLD {
            self.problems.push(format!("{what}: tenant {}, {which}", self.tenant));
        }
    }

    /// Those who can be read.
    fn readable(&mut self, page: &[Row]) -> Vec<Person> {
        let mut people = Vec::with_capacity(page.len());
        for row in page {
            match person(row) {
                Ok(person) => people.push(person),
                Err(codec::Error(what)) => {
                    self.tell("a person", format!("number {}: {what}", row.get::<_, i64>(0)));
                }
            }
        }
        people
    }
}

fn person(row: &Row) -> std::result::Result<Person, codec::Error> {
    let number: i64 = row.get(0);
    let number = Number::new(number.cast_unsigned())
        .ok_or_else(|| codec::Error(format!("{number} is not a number")))?;
    let object_id: &[u8] = row.get(2);
    let object_id =
        object_id.try_into().map_err(|_| codec::Error("the object id has not its form".to_owned()))?;
    let mut person = Person::new(PersonId(row.get(1)), number, ObjectId(object_id), row.get(6));
    (person.primary_department, person.updated_at) =
        (row.get::<_, Option<_>>(5).map(DepartmentId), row.get(7));
    person.status = named(row.get(3), Status::parse)?;
    serde_json::from_str::<Document>(row.get(4))?.fill(&mut person)?;
    Ok(person)
}
