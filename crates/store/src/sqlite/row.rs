//! What stands in a row, and the way between it and the domain's types.

use directory::ids::{Number, ObjectId, OrganizationId, PersonId, TenantId};
use directory::organization::Permission;
use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::FromSql;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::error::{Error, Result};
use crate::codec;

/// The bits of a pk that count within a tenant.
const NUMBER_BITS: u32 = 40;

/// The largest tenant: two bits are left for the field in the row ids of the search index.
pub(super) const MAX_TENANT: u32 = (1 << (63 - NUMBER_BITS - 2)) - 1;

/// The largest number in a tenant.
pub(super) const MAX_NUMBER: u64 = (1 << NUMBER_BITS) - 1;

/// The pk of the n-th person or event of a tenant.
pub(super) fn pk(tenant: TenantId, number: u64) -> i64 {
    (i64::from(tenant.0) << NUMBER_BITS) | number.cast_signed()
}

/// The number within the tenant.
pub(super) fn number_of(pk: i64) -> u64 {
    pk.cast_unsigned() & MAX_NUMBER
}

/// The tenant that a pk begins with.
pub(super) fn tenant_of(pk: i64) -> TenantId {
    // No more bits are ever set: see the largest tenant.
    TenantId((pk >> NUMBER_BITS) as u32)
}

/// The pk, unless the number is larger than any that was given out.
pub(super) fn pk_of(tenant: TenantId, number: Number) -> Option<i64> {
    (number.get() >> NUMBER_BITS == 0).then(|| pk(tenant, number.get()))
}

/// Reads a row from left to right, in the order in which its SELECT names the columns.
pub(super) struct Columns<'r> {
    row: &'r Row<'r>,
    next: usize,
}

impl<'r> Columns<'r> {
    pub(super) fn of(row: &'r Row<'r>) -> Self {
        Self { row, next: 0 }
    }

    pub(super) fn get<T: FromSql>(&mut self) -> Result<T> {
        let value = self.row.get(self.next)?;
        self.next += 1;
        Ok(value)
    }

    /// A text, without a copy.
    pub(super) fn text(&mut self) -> Result<&'r str> {
        let value = self.row.get_ref(self.next)?;
        self.next += 1;
        value.as_str().map_err(|error| Error::Row(error.to_string()))
    }

    pub(super) fn optional_text(&mut self) -> Result<Option<&'r str>> {
        let value = self.row.get_ref(self.next)?;
        self.next += 1;
        value.as_str_or_null().map_err(|error| Error::Row(error.to_string()))
    }

    pub(super) fn uuid<Id>(&mut self, id: impl FnOnce(Uuid) -> Id) -> Result<Id> {
        Ok(id(Uuid::from_bytes(self.get()?)))
    }

    pub(super) fn optional_uuid<Id>(&mut self, id: impl FnOnce(Uuid) -> Id) -> Result<Option<Id>> {
        Ok(self.get::<Option<[u8; 16]>>()?.map(|bytes| id(Uuid::from_bytes(bytes))))
    }

    pub(super) fn object_id(&mut self) -> Result<ObjectId> {
        Ok(ObjectId(self.get()?))
    }

    pub(super) fn tenant(&mut self) -> Result<TenantId> {
        Ok(TenantId(self.get()?))
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
        time(self.get()?)
    }

    pub(super) fn optional_time(&mut self) -> Result<Option<Timestamp>> {
        self.get::<Option<i64>>()?.map(time).transpose()
    }

    /// One of the names of a closed set.
    pub(super) fn name<T>(&mut self, parse: impl FnOnce(&str) -> Option<T>) -> Result<T> {
        Ok(codec::named(self.text()?, parse)?)
    }

    pub(super) fn json<T: DeserializeOwned>(&mut self) -> Result<T> {
        Ok(serde_json::from_str(self.text()?).map_err(codec::Error::from)?)
    }

    pub(super) fn permissions(&mut self) -> Result<Option<Vec<Permission>>> {
        Ok(codec::permissions(self.optional_text()?)?)
    }
}

fn number(value: i64) -> Result<Number> {
    Number::new(value.cast_unsigned()).ok_or_else(|| Error::Row(format!("{value} is not a number")))
}

fn time(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(|error| Error::Row(error.to_string()))
}

pub(super) fn micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pk_holds_the_tenant_and_the_number() {
        let last = (1 << NUMBER_BITS) - 1;
        for (tenant, count) in [(1, 1), (2, last), (MAX_TENANT, last)] {
            let pk = pk(TenantId(tenant), count);
            assert!(pk > 0 && pk.checked_mul(4).is_some());
            assert_eq!((tenant_of(pk), number_of(pk)), (TenantId(tenant), count));
        }
        assert!(pk(TenantId(1), last) < pk(TenantId(2), 0));
        assert_eq!(pk_of(TenantId(1), Number::new(last + 1).unwrap()), None);
    }
}
