//! References: what a change refers to must be there, in the same transaction.

use std::collections::HashSet;

use directory::apply::{Reference, Target};
use directory::delegation::Delegator;
use directory::ids::{PersonId, TenantId};
use directory::{Attribute, Refusal, ids};
use rusqlite::{Connection, OptionalExtension, Params, params};

use super::error::{Result, WriteError};
use super::load::{OrganizationNumber, member_by_object_id};

/// Looks references up in one tenant and organization. What was found once is there until the transaction ends.
pub(super) struct References<'c> {
    connection: &'c Connection,
    tenant: TenantId,
    organization: OrganizationNumber,
    found: HashSet<(&'static str, Vec<u8>)>,
}

impl<'c> References<'c> {
    pub(super) fn new(
        connection: &'c Connection,
        tenant: TenantId,
        organization: OrganizationNumber,
    ) -> Self {
        Self { connection, tenant, organization, found: HashSet::new() }
    }

    pub(super) fn check(&mut self, references: &[Reference]) -> Result<(), WriteError> {
        for reference in references {
            if !self.exists(reference.target)? {
                return Err(reference.refusal().into());
            }
        }
        Ok(())
    }

    fn exists(&mut self, target: Target) -> Result<bool> {
        let known = match target {
            Target::Department(id) => (DEPARTMENT, id.0.as_bytes().to_vec()),
            Target::Group(id) => (GROUP, id.0.as_bytes().to_vec()),
            Target::Role(id) => (ROLE, id.0.to_vec()),
            Target::Team(id) => (TEAM, id.0.as_bytes().to_vec()),
            Target::Label(number) => (LABEL, number.get().to_be_bytes().to_vec()),
        };
        if self.found.contains(&known) {
            return Ok(true);
        }
        let (tenant, organization) = (self.tenant.0, self.organization);
        let exists = match target {
            Target::Department(id) => self.is_row(DEPARTMENT, params![tenant, id.0.as_bytes()]),
            Target::Group(id) => self.is_row(GROUP, params![tenant, id.0.as_bytes()]),
            Target::Role(id) => self.is_row(ROLE, params![tenant, id.0]),
            Target::Team(id) => self.is_row(TEAM, params![tenant, id.0.as_bytes(), organization]),
            Target::Label(number) => {
                self.is_row(LABEL, params![tenant, number.get().cast_signed(), organization])
            }
        }?;
        if exists {
            self.found.insert(known);
        }
        Ok(exists)
    }

    pub(super) fn has_department(&self, id: ids::DepartmentId) -> Result<bool> {
        self.is_row(DEPARTMENT, params![self.tenant.0, id.0.as_bytes()])
    }

    fn is_row(&self, sql: &str, params: impl Params) -> Result<bool> {
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.query_row(params, |_| Ok(())).optional()?.is_some())
    }

    /// The people named as delegators, who must be members here.
    pub(super) fn delegators(
        &self,
        named: &[Delegator],
    ) -> Result<Vec<(i64, PersonId, Delegator)>, WriteError> {
        let mut found = Vec::with_capacity(named.len());
        for delegator in named {
            match member_by_object_id(self.connection, self.tenant, self.organization, delegator.object_id)? {
                Some((pk, id)) => found.push((pk, id, delegator.clone())),
                None => return Err(unknown_delegator(delegator.object_id).into()),
            }
        }
        Ok(found)
    }
}

fn unknown_delegator(id: ids::ObjectId) -> Refusal {
    Refusal::Unknown { attribute: Attribute::Delegators, value: id.to_string() }
}

pub(super) const DEPARTMENT: &str = "SELECT 1 FROM department WHERE tenant = ?1 AND id = ?2";
pub(super) const GROUP: &str = r#"SELECT 1 FROM "group" WHERE tenant = ?1 AND id = ?2"#;
pub(super) const ROLE: &str = "SELECT 1 FROM role WHERE tenant = ?1 AND object_id = ?2";
pub(super) const TEAM: &str = "SELECT 1 FROM team WHERE tenant = ?1 AND id = ?2 AND organization = ?3";
pub(super) const LABEL: &str = "SELECT 1 FROM label WHERE tenant = ?1 AND number = ?2 AND organization = ?3";
