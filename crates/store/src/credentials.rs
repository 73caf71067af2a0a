//! The reads of credentials, written once for both engines.

use directory::caller::Dialect;
use directory::credential::{Credential, Scopes};
use directory::ids::{CredentialId, OrganizationId, PersonId, TenantId};
use directory::text::holds_nul;

use crate::codec::{self, keys_from, rate_limit_from};
use crate::entities::Listed;
use crate::sql::{Cell, Columns, Sql, Syntax};

/// The columns of a credential, as [`read`] takes them; the tenant as the statement has it.
macro_rules! columns {
    ($tenant:literal) => {
        concat!(
            "o.tenant, o.id, (SELECT g.id FROM organization AS g WHERE g.tenant = ",
            $tenant,
            " AND g.number = o.organization),
            o.dialect, o.name, o.public_id, o.keys, o.scopes, o.rate_limit, o.created_at, o.expires_at, o.revoked_at,
            o.last_used_at, o.old_key_used_at, o.person, o.description"
        )
    };
}

impl Listed for Credential {
    const TABLE: &'static str = "credential";
    const COLUMNS: &'static str = columns!("$1");
}

/// The one of that dialect with this public id, revoked or not.
pub(crate) async fn get<S: Sql>(
    sql: &S,
    dialect: Dialect,
    public_id: &str,
) -> Result<Option<Credential>, S::Error> {
    if holds_nul(public_id) {
        return Ok(None);
    }
    let presented: [Cell<'_>; 2] = [public_id.into(), dialect.as_str().into()];
    let rows = match S::SYNTAX {
        Syntax::Sqlite => sql.query(GET, &presented).await?,
        // A cluster has the credential everywhere and the organization in one place. So its tenant is found first, and each of the
        // two statements is about one place.
        Syntax::Postgres => match sql.query(LOCATE, &presented).await?.first() {
            Some(place) => sql.query(OF, place).await?,
            None => return Ok(None),
        },
    };
    Ok(rows.into_iter().next().map(|row| read(&mut Columns::of(row))).transpose()?)
}

const GET: &str = concat!(
    "SELECT ",
    columns!("o.tenant"),
    " FROM credential AS o WHERE o.public_id = $1 AND o.dialect = $2"
);
const LOCATE: &str = "SELECT tenant, id FROM credential WHERE public_id = $1 AND dialect = $2";
const OF: &str =
    concat!("SELECT ", columns!("$1"), " FROM credential AS o WHERE o.tenant = $1 AND o.id = $2");

pub(crate) fn read(columns: &mut Columns) -> codec::Result<Credential> {
    let tenant = u32::try_from(columns.integer()?)
        .map_err(|_| codec::Error("the tenant of a credential".to_owned()))?;
    Ok(Credential {
        tenant: TenantId(tenant),
        id: CredentialId(columns.uuid()?),
        organization: OrganizationId(columns.uuid()?),
        dialect: columns.name(Dialect::parse)?,
        name: columns.text()?,
        public_id: columns.text()?,
        keys: keys_from(&columns.text()?)?,
        scopes: Scopes(columns.json()?),
        rate_limit: rate_limit_from(columns.optional_integer()?)?,
        created_at: columns.time()?,
        expires_at: columns.optional_time()?,
        revoked_at: columns.optional_time()?,
        last_used_at: columns.optional_time()?,
        old_key_used_at: columns.optional_time()?,
        person: columns.optional_uuid()?.map(PersonId),
        description: columns.optional_text()?,
    })
}

/// For the tests of their plans.
#[cfg(test)]
pub(crate) fn statements(syntax: Syntax) -> Vec<&'static str> {
    match syntax {
        Syntax::Sqlite => vec![GET],
        Syntax::Postgres => vec![LOCATE, OF],
    }
}
