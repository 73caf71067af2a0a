//! What stands in a row, and the way between it and the domain's types.

use bytes::BytesMut;
use directory::ids::{Number, ObjectId, OrganizationId, PersonId, TenantId};
use directory::organization::Permission;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

use super::error::{Error, Result};
use crate::codec;

/// A tenant as the tables have it.
pub(super) fn key(tenant: TenantId) -> i32 {
    tenant.0.cast_signed()
}

/// Reads a row from left to right, in the order in which its SELECT names the columns.
pub(super) struct Columns<'r> {
    row: &'r Row,
    next: usize,
}

impl<'r> Columns<'r> {
    pub(super) fn of(row: &'r Row) -> Self {
        Self { row, next: 0 }
    }

    pub(super) fn get<T: FromSql<'r>>(&mut self) -> Result<T> {
        let value = self.row.try_get(self.next)?;
        self.next += 1;
        Ok(value)
    }

    pub(super) fn skip(&mut self, columns: usize) {
        self.next += columns;
    }

    pub(super) fn uuid<Id>(&mut self, id: impl FnOnce(Uuid) -> Id) -> Result<Id> {
        Ok(id(self.get()?))
    }

    pub(super) fn optional_uuid<Id>(&mut self, id: impl FnOnce(Uuid) -> Id) -> Result<Option<Id>> {
        Ok(self.get::<Option<Uuid>>()?.map(id))
    }

    pub(super) fn object_id(&mut self) -> Result<ObjectId> {
        let bytes: &[u8] = self.get()?;
        let bytes = bytes.try_into().map_err(|_| Error::Row("an object id has not 12 bytes".to_owned()))?;
        Ok(ObjectId(bytes))
    }

    pub(super) fn tenant(&mut self) -> Result<TenantId> {
        Ok(TenantId(self.get::<i32>()?.cast_unsigned()))
    }

    pub(super) fn person_id(&mut self) -> Result<PersonId> {
        self.uuid(PersonId)
    }

    pub(super) fn organization_id(&mut self) -> Result<OrganizationId> {
        self.uuid(OrganizationId)
    }

    pub(super) fn number(&mut self) -> Result<Number> {
        number(self.get()?)
    }

    pub(super) fn optional_number(&mut self) -> Result<Option<Number>> {
        self.get::<Option<i64>>()?.map(number).transpose()
    }

    pub(super) fn count(&mut self) -> Result<u64> {
        Ok(self.get::<i64>()?.cast_unsigned())
    }

    pub(super) fn time(&mut self) -> Result<Timestamp> {
        self.get()
    }

    /// One of the names of a closed set.
    pub(super) fn name<T>(&mut self, parse: impl FnOnce(&str) -> Option<T>) -> Result<T> {
        Ok(codec::named(self.get()?, parse)?)
    }

    pub(super) fn text_of_json(&mut self) -> Result<&'r str> {
        Ok(self.get::<Json<'r>>()?.0)
    }

    pub(super) fn optional_text_of_json(&mut self) -> Result<Option<&'r str>> {
        Ok(self.get::<Option<Json<'r>>>()?.map(|json| json.0))
    }

    pub(super) fn json<T: DeserializeOwned>(&mut self) -> Result<T> {
        Ok(serde_json::from_str(self.text_of_json()?).map_err(codec::Error::from)?)
    }

    /// A list that is NULL when empty.
    pub(super) fn list<T: DeserializeOwned>(&mut self) -> Result<Vec<T>> {
        let list = self.optional_text_of_json()?.map_or(Ok(Vec::new()), serde_json::from_str);
        Ok(list.map_err(codec::Error::from)?)
    }

    pub(super) fn permissions(&mut self) -> Result<Option<Vec<Permission>>> {
        Ok(codec::permissions(self.optional_text_of_json()?)?)
    }
}

pub(super) fn number(value: i64) -> Result<Number> {
    Number::new(value.cast_unsigned()).ok_or_else(|| Error::Row(format!("{value} is not a number")))
}

/// The text of a JSON column, as it was written.
#[derive(Debug)]
pub(super) struct Json<'a>(pub(super) &'a str);

impl<'a> FromSql<'a> for Json<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(std::str::from_utf8(raw)?))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::JSON
    }
}

/// Text to be written into a JSON column.
#[derive(Debug)]
pub(super) struct JsonText(pub(super) String);

impl ToSql for JsonText {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::JSON
    }

    to_sql_checked!();
}
