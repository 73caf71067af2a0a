//! Who is behind many keys, found together: one statement for each form of key, however many there are of it.

use directory::apply::Key;
use directory::ids::{ObjectId, PersonId, TenantId};
use directory::store::PersonKey;
use directory::text::holds_nul;

use crate::codec;
use crate::entities::tenant_cell;
use crate::sql::list::Members;
use crate::sql::{Cell, Columns, Sql, Syntax};

/// The members behind the keys, in the order of the keys.
pub(crate) async fn resolve<S: Sql>(
    sql: &S,
    members: Members,
    keys: &[PersonKey],
) -> Result<Vec<Option<PersonId>>, S::Error> {
    let mut asked = Asked::default();
    for (place, key) in keys.iter().enumerate() {
        match key {
            PersonKey::Id(id) => asked.ids.push((place, id.0.simple().to_string())),
            PersonKey::ObjectId(id) => asked.object_ids.push((place, id.to_string())),
            PersonKey::Number(number) => asked.numbers.push((place, number.get())),
            PersonKey::Invitation(id) => asked.key(place, Key::INVITATION.to_owned(), id.to_string()),
            PersonKey::Email(folded) => asked.key(place, Key::EMAIL.to_owned(), folded.clone()),
            PersonKey::UserName(folded) => asked.key(place, Key::USER_NAME.to_owned(), folded.clone()),
            PersonKey::Identity(source, folded) => asked.key(place, source.to_string(), folded.clone()),
        }
    }
    let mut found = vec![None; keys.len()];
    for (form, json) in [
        (Form::Id, asked.ids.json()?),
        (Form::ObjectId, asked.object_ids.json()?),
        (Form::Number, asked.numbers.json()?),
        (Form::Key, asked.keys.json()?),
    ] {
        let Some(json) = json else { continue };
        let values = [tenant_cell(members.tenant), json.into(), Cell::Integer(members.organization)];
        for row in sql.query(&statement(S::SYNTAX, form), &values).await? {
            let mut columns = Columns::of(row);
            let (place, id) = (columns.integer()?, columns.uuid()?);
            if let Some(found) = usize::try_from(place).ok().and_then(|place| found.get_mut(place)) {
                *found = Some(PersonId(id));
            }
        }
    }
    Ok(found)
}

/// Whether anybody has the object id, also somebody who left.
pub(crate) async fn has_object_id<S: Sql>(sql: &S, tenant: TenantId, id: ObjectId) -> Result<bool, S::Error> {
    Ok(!sql.query(HAS_OBJECT_ID, &[tenant_cell(tenant), id.into()]).await?.is_empty())
}

const HAS_OBJECT_ID: &str = "SELECT 1 FROM person WHERE tenant = $1 AND object_id = $2";

/// The keys by their form, each with its place.
#[derive(Default)]
struct Asked {
    ids: Vec<(usize, String)>,
    object_ids: Vec<(usize, String)>,
    numbers: Vec<(usize, u64)>,
    keys: Vec<(usize, String, String)>,
}

impl Asked {
    /// No store holds a text with U+0000, and PostgreSQL takes none.
    fn key(&mut self, place: usize, source: String, value: String) {
        if !holds_nul(&value) {
            self.keys.push((place, source, value));
        }
    }
}

trait Json {
    /// None where there is nothing to ask.
    fn json(&self) -> codec::Result<Option<String>>;
}

impl<T: serde::Serialize> Json for Vec<T> {
    fn json(&self) -> codec::Result<Option<String>> {
        if self.is_empty() { Ok(None) } else { codec::json(self).map(Some) }
    }
}

#[derive(Debug, Clone, Copy)]
enum Form {
    Id,
    ObjectId,
    Number,
    Key,
}

/// The place of each key and the id of the member whom it finds.
fn statement(syntax: Syntax, form: Form) -> String {
    let person = match (syntax, form) {
        (Syntax::Sqlite, Form::Id) => "person AS p ON p.tenant = $1 AND p.id = unhex(w.value ->> 1)",
        (Syntax::Sqlite, Form::ObjectId) => {
            "person AS p ON p.tenant = $1 AND p.object_id = unhex(w.value ->> 1)"
        }
        (Syntax::Sqlite, Form::Number) => "person AS p ON p.pk = ($1 << 40) + (w.value ->> 1)",
        (Syntax::Sqlite, Form::Key) => {
            "person_key AS k ON k.tenant = $1 AND k.source = w.value ->> 1 AND k.value = w.value ->> 2
             CROSS JOIN person AS p ON p.pk = k.person"
        }
        (Syntax::Postgres, Form::Id) => "p.id = (w.value ->> 1)::uuid",
        (Syntax::Postgres, Form::ObjectId) => "p.object_id = decode(w.value ->> 1, 'hex')",
        (Syntax::Postgres, Form::Number) => "p.number = (w.value ->> 1)::bigint",
        (Syntax::Postgres, Form::Key) => {
            "p.number = (
                SELECT k.person FROM person_key AS k
                WHERE k.tenant = $1 AND k.source = w.value ->> 1 AND k.value = w.value ->> 2)"
        }
    };
    match syntax {
        Syntax::Sqlite => format!(
            "SELECT w.value ->> 0, p.id
             FROM json_each($2) AS w
             CROSS JOIN {person}
             CROSS JOIN membership AS m ON m.tenant = $1 AND m.person = p.pk AND m.organization = $3
             WHERE p.deleted_at IS NULL AND m.deleted_at IS NULL"
        ),
        Syntax::Postgres => format!(
            "SELECT (w.value ->> 0)::bigint, p.id
             FROM json_array_elements($2::json) AS w (value)
             CROSS JOIN LATERAL (
                SELECT p.number, p.id FROM person AS p
                WHERE p.tenant = $1 AND p.deleted_at IS NULL AND {person} OFFSET 0) AS p
             CROSS JOIN LATERAL (
                SELECT FROM membership AS m
                WHERE m.tenant = $1 AND m.person = p.number AND m.organization = $3 AND m.deleted_at IS NULL OFFSET 0
             ) AS m"
        ),
    }
}

/// For the tests of their plans.
#[cfg(test)]
pub(crate) fn statements(syntax: Syntax) -> Vec<String> {
    let forms = [Form::Id, Form::ObjectId, Form::Number, Form::Key];
    forms.map(|form| statement(syntax, form)).into_iter().chain([HAS_OBJECT_ID.to_owned()]).collect()
}
