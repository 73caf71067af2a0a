//! Hashes of what a store holds, by tenant, table and part: equal when the content is, whatever engine keeps it.

use std::collections::BTreeMap;
use std::ops::Range;

use directory::ids::TenantId;
use sha2::{Digest, Sha256};

use super::row::{Cell, tenant_of};
use super::tables::{Part, Table};

/// Where something differs. What belongs to no tenant is the store's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) tenant: Option<TenantId>,
    pub(crate) table: &'static str,
    pub(crate) part: Part,
}

/// The hashes of all rows, in constant memory for each tenant.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Digests(BTreeMap<Place, [u8; 32]>);

impl Digests {
    /// SHA-256 over everything in the tenant that a request could change, in hexadecimal.
    pub(crate) fn of_tenant(&self, tenant: TenantId) -> String {
        let of_tenant = self.0.range(first_of(tenant)..first_of(TenantId(tenant.0 + 1)));
        joined(of_tenant.filter(|(place, _)| place.part == Part::Directory))
    }

    /// Of everything.
    pub(crate) fn of_all(&self) -> String {
        joined(self.0.iter())
    }

    /// The first place, of these parts, where the other says something else.
    pub(crate) fn differs_from(&self, other: &Self, parts: &[Part]) -> Option<Place> {
        let of_parts = |digests: &Self| -> BTreeMap<Place, [u8; 32]> {
            let of_parts = digests.0.iter().filter(|(place, _)| parts.contains(&place.part));
            of_parts.map(|(place, digest)| (*place, *digest)).collect()
        };
        let (mine, others) = (of_parts(self), of_parts(other));
        mine.keys().chain(others.keys()).filter(|place| mine.get(place) != others.get(place)).min().copied()
    }
}

fn joined<'d>(digests: impl Iterator<Item = (&'d Place, &'d [u8; 32])>) -> String {
    let mut hash = Sha256::new();
    for (place, digest) in digests {
        hash.update((place.table.len() as u64).to_be_bytes());
        hash.update(place.table);
        hash.update(digest);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn first_of(tenant: TenantId) -> Place {
    Place { tenant: Some(tenant), table: "", part: Part::Directory }
}

/// Takes the rows of every table, in their order.
#[derive(Default)]
pub(crate) struct Summing {
    done: Digests,
    current: Option<Current>,
    buffer: Vec<u8>,
}

/// The tenant's table that is being summed.
struct Current {
    tenant: Option<TenantId>,
    table: &'static str,
    parts: Vec<(Part, Range<usize>, Sha256)>,
}

impl Summing {
    pub(crate) fn add(&mut self, table: &'static Table, row: &[Cell<'_>]) {
        let tenant = tenant_of(table, row);
        let is_next = |current: &Current| current.tenant != tenant || current.table != table.name;
        if self.current.as_ref().is_none_or(is_next) {
            self.close();
        }
        let current = self.current.get_or_insert_with(|| Current {
            tenant,
            table: table.name,
            parts: table.parts().map(|(part, columns)| (part, columns, Sha256::new())).collect(),
        });
        for (_, columns, hash) in &mut current.parts {
            self.buffer.clear();
            row[columns.clone()].iter().for_each(|cell| write(&mut self.buffer, cell));
            hash.update(&self.buffer);
        }
    }

    pub(crate) fn finish(mut self) -> Digests {
        self.close();
        self.done
    }

    fn close(&mut self) {
        let Some(Current { tenant, table, parts }) = self.current.take() else { return };
        for (part, _, hash) in parts {
            self.done.0.insert(Place { tenant, table, part }, hash.finalize().into());
        }
    }
}

/// With its kind, and where there may be more or less of it its length, so that no two rows give the same bytes.
fn write(buffer: &mut Vec<u8>, cell: &Cell<'_>) {
    match cell {
        Cell::Null => buffer.push(b'n'),
        Cell::Integer(value) => fixed(buffer, b'i', &value.to_be_bytes()),
        Cell::Boolean(value) => fixed(buffer, b'b', &[u8::from(*value)]),
        Cell::Time(micros) => fixed(buffer, b't', &micros.to_be_bytes()),
        Cell::Uuid(bytes) => fixed(buffer, b'u', bytes),
        Cell::Text(text) => measured(buffer, b's', text.as_bytes()),
        Cell::Bytes(bytes) => measured(buffer, b'x', bytes),
    }
}

fn fixed(buffer: &mut Vec<u8>, kind: u8, bytes: &[u8]) {
    buffer.push(kind);
    buffer.extend_from_slice(bytes);
}

fn measured(buffer: &mut Vec<u8>, kind: u8, bytes: &[u8]) {
    fixed(buffer, kind, &(bytes.len() as u64).to_be_bytes());
    buffer.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of the table of custom fields.
    fn field(tenant: i64, key: i64, name: &'static str, kind: &'static str) -> [Cell<'static>; 5] {
        let text = |text: String| Cell::Text(text.into());
        let id = Cell::from(uuid::Uuid::from_u128(1));
        [Cell::Integer(tenant), text(key.to_string()), id, text(name.to_owned()), text(kind.to_owned())]
    }

    fn digests(rows: &[[Cell<'static>; 5]]) -> Digests {
        let mut summing = Summing::default();
        rows.iter().for_each(|row| summing.add(Table::named("custom_field"), row));
        summing.finish()
    }

    #[test]
    fn what_moves_from_one_column_to_the_next_is_another_content() {
        let one = digests(&[field(1, 1, "ab", "c")]);
        assert!(one == digests(&[field(1, 1, "ab", "c")]));
        assert!(one != digests(&[field(1, 1, "a", "bc")]));
        assert!(one != digests(&[field(1, 1, "ab", "c"), field(1, 2, "", "")]));
    }

    #[test]
    fn a_difference_is_of_one_tenant_and_table() {
        let (one, other) = (
            digests(&[field(1, 1, "a", ""), field(2, 1, "a", ""), field(3, 1, "a", "")]),
            digests(&[field(1, 1, "a", ""), field(2, 1, "b", "")]),
        );
        assert_eq!(one.of_tenant(TenantId(1)), other.of_tenant(TenantId(1)));
        assert_ne!(one.of_tenant(TenantId(2)), other.of_tenant(TenantId(2)));
        let place = one.differs_from(&other, &[Part::Directory]).unwrap();
        assert_eq!((place.tenant, place.table), (Some(TenantId(2)), "custom_field"));
        assert!(one.differs_from(&other, &[Part::Secret]).is_none());
        assert!(one.differs_from(&one, &[Part::Directory]).is_none());
    }
}
