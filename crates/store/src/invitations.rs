//! The list of a tenant's invitations, written once for both engines. What is open is a part of its person, and changes with
//! them: the writes of people keep the list true.

use std::collections::BTreeSet;

use directory::Dialect;
use directory::apply::Key;
use directory::ids::{InvitationId, OrganizationId, PersonId, TenantId};
use directory::invitation::{InvitationEntry, InvitationQuery, InvitationState};
use jiff::Timestamp;

use crate::codec;
use crate::entities::tenant_cell;
use crate::sql::{Cell, Columns, Row, Sql, Syntax};

/// The latest first.
pub(crate) async fn list<S: Sql>(sql: &S, query: &InvitationQuery) -> Result<Vec<InvitationEntry>, S::Error> {
    let InvitationQuery { tenant, organization, id, state, limit } = query;
    let mut values: Vec<Cell<'_>> =
        vec![tenant_cell(*tenant), i64::try_from(*limit).unwrap_or(i64::MAX).into()];
    let mut text = LIST.to_owned();
    let mut require = |condition: &str, value: Cell<'static>| {
        values.push(value);
        text.push_str(&format!(" AND {condition} ${}", values.len()));
    };
    if let Some(organization) = organization {
        require("i.organization =", organization.0.into());
    }
    if let Some(id) = id {
        require("i.id =", id.0.into());
    }
    match state {
        Some((InvitationState::Expired, now)) => {
            require("i.state <>", InvitationState::Accepted.as_str().into());
            require("i.state <>", InvitationState::Revoked.as_str().into());
            require("i.expires_at <=", (*now).into());
        }
        Some((InvitationState::Open, now)) => {
            require("i.state =", InvitationState::Open.as_str().into());
            require("i.expires_at >", (*now).into());
        }
        Some((state @ (InvitationState::Accepted | InvitationState::Revoked), _)) => {
            require("i.state =", state.as_str().into());
        }
        None => {}
    }
    text.push_str(FIRST);
    read_all::<S>(sql.query(&text, &values).await?)
}

/// Invitations that were open until they ran out and still keep one of these keys.
pub(crate) async fn expired<S: Sql>(
    sql: &S,
    tenant: TenantId,
    keys: &BTreeSet<Key>,
    now: Timestamp,
) -> Result<Vec<InvitationEntry>, S::Error> {
    let text = match S::SYNTAX {
        Syntax::Sqlite => EXPIRED_IN_SQLITE,
        Syntax::Postgres => EXPIRED_IN_POSTGRES,
    };
    let mut entries: Vec<InvitationEntry> = Vec::new();
    for key in keys {
        let values = [tenant_cell(tenant), key.source.as_str().into(), key.value.as_str().into(), now.into()];
        for entry in read_all::<S>(sql.query(text, &values).await?)? {
            if !entries.contains(&entry) {
                entries.push(entry);
            }
        }
    }
    Ok(entries)
}

/// Writes what has become of invitations.
pub(crate) async fn write<S: Sql>(
    sql: &S,
    tenant: TenantId,
    entries: &[InvitationEntry],
) -> Result<(), S::Error> {
    for entry in entries {
        let values = [
            tenant_cell(tenant),
            entry.id.0.into(),
            entry.dialect.as_str().into(),
            entry.organization.0.into(),
            entry.person.0.into(),
            entry.email.as_deref().into(),
            entry.state.as_str().into(),
            entry.created_at.into(),
            entry.expires_at.into(),
            entry.ended_at.into(),
        ];
        sql.execute(WRITE, &values).await?;
    }
    Ok(())
}

fn read_all<S: Sql>(rows: Vec<Row>) -> Result<Vec<InvitationEntry>, S::Error> {
    Ok(rows.into_iter().map(read).collect::<codec::Result<_>>()?)
}

fn read(row: Row) -> codec::Result<InvitationEntry> {
    let mut columns = Columns::of(row);
    Ok(InvitationEntry {
        id: InvitationId(columns.uuid()?),
        dialect: columns.name(Dialect::parse)?,
        organization: OrganizationId(columns.uuid()?),
        person: PersonId(columns.uuid()?),
        email: columns.optional_text()?,
        state: columns.name(InvitationState::parse)?,
        created_at: columns.time()?,
        expires_at: columns.time()?,
        ended_at: columns.optional_time()?,
    })
}

/// The columns of an invitation, as [`read`] takes them, of what follows.
macro_rules! select {
    ($from:literal) => {
        concat!(
            "SELECT i.id, i.dialect, i.organization, i.person, i.email, i.state, i.created_at, i.expires_at, i.ended_at ",
            $from
        )
    };
}

const LIST: &str = select!("FROM invitation AS i WHERE i.tenant = $1");

const FIRST: &str = " ORDER BY i.id DESC LIMIT $2";

const EXPIRED_IN_SQLITE: &str = select!(
    "FROM person_key AS k
     CROSS JOIN person AS p ON p.pk = k.person
     CROSS JOIN invitation AS i ON i.tenant = k.tenant AND i.person = p.id
     WHERE k.tenant = $1 AND k.source = $2 AND k.value = $3 AND i.state = 'open' AND i.expires_at <= $4"
);
const EXPIRED_IN_POSTGRES: &str = select!(
    "FROM (
        SELECT k.person FROM person_key AS k WHERE k.tenant = $1 AND k.source = $2 AND k.value = $3 OFFSET 0
     ) AS k
     CROSS JOIN LATERAL (
        SELECT p.id FROM person AS p WHERE p.tenant = $1 AND p.number = k.person OFFSET 0
     ) AS p
     CROSS JOIN LATERAL (
        SELECT * FROM invitation AS i WHERE i.tenant = $1 AND i.person = p.id OFFSET 0
     ) AS i
     WHERE i.state = 'open' AND i.expires_at <= $4"
);

const WRITE: &str = "
    INSERT INTO invitation (tenant, id, dialect, organization, person, email, state, created_at, expires_at, ended_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT (tenant, id) DO UPDATE SET email = EXCLUDED.email, state = EXCLUDED.state,
        expires_at = EXCLUDED.expires_at, ended_at = EXCLUDED.ended_at";

/// For the tests of their plans.
#[cfg(test)]
pub(crate) fn statements(syntax: Syntax) -> [String; 2] {
    let expired = match syntax {
        Syntax::Sqlite => EXPIRED_IN_SQLITE,
        Syntax::Postgres => EXPIRED_IN_POSTGRES,
    };
    [format!("{LIST}{FIRST}"), expired.to_owned()]
}
