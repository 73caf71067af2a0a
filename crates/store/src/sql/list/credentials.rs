//! Lists of a tenant's credentials, which are few.

use std::convert::Infallible;

use directory::CredentialField;
use directory::credential::Credential;
use directory::ids::TenantId;
use directory::query::{Literal, Page, Query};

use super::entities::page;
use super::{Column, Place};
use crate::credentials::read;
use crate::sql::{Cell, Sql, Syntax};

/// A page of the credentials that match.
pub(crate) async fn credentials<S: Sql>(
    sql: &S,
    tenant: TenantId,
    query: &Query<CredentialField>,
) -> Result<Page<Credential>, S::Error> {
    page(sql, tenant, query, read).await
}

impl Column for CredentialField {
    fn place(self, _: Syntax) -> Place {
        let column = match self {
            Self::Id => "o.id",
            Self::Organization => {
                "(SELECT g.id FROM organization AS g WHERE g.tenant = $1 AND g.number = o.organization)"
            }
            Self::Dialect => "o.dialect",
            Self::PublicId => "o.public_id",
            Self::CreatedAt => "o.created_at",
            Self::RevokedAt => "o.revoked_at",
        };
        Place::Typed(column.to_owned())
    }

    fn contains(list: Infallible, _: &Literal, _: Syntax) -> (&'static str, Cell<'static>) {
        match list {}
    }
}

/// For the tests of their plans: a page after a position, of those that match two conditions.
#[cfg(test)]
pub(crate) fn credential_statement(syntax: Syntax) -> String {
    use directory::query::{Direction, Filter, Literal, Operator, Position, Window};
    let id = uuid::Uuid::nil();
    let is = |field, literal| Filter::Compare(field, Operator::Equal, literal);
    let query = Query {
        filter: Filter::All(vec![
            is(CredentialField::Organization, Literal::Uuid(id)),
            is(CredentialField::Dialect, Literal::Text("kare".into())),
        ]),
        sort: vec![(CredentialField::CreatedAt, Direction::Ascending)],
        window: Window::After(Position { values: vec![None], id }, 10),
        count: false,
    };
    super::entities::statement::<Credential, _>(syntax, TenantId(1), &query).sql
}
