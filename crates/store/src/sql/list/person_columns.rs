//! Where what people are listed by stands.

use directory::query::Literal;
use directory::status::Status;
use directory::{PersonField, PersonList};

use super::people::indexed_value;
use super::{Column, Place, ranks};
use crate::codec::listing;
use crate::sql::{Cell, Syntax};

impl Column for PersonField {
    fn place(self, syntax: Syntax) -> Place {
        if syntax == Syntax::Sqlite {
            return Place::Indexed(indexed_value(syntax, self));
        }
        let column = match self {
            Self::Id => "o.id",
            Self::ObjectId => "p.object_id",
            Self::PrimaryDepartment => "p.primary_department",
            Self::CreatedAt => "p.created_at",
            Self::UpdatedAt => "p.updated_at",
            Self::ExactStatus => "p.status",
            Self::Status => {
                let ranks = ranks("p.status", Status::ALL.map(|status| (status.as_str(), status.rank())));
                return Place::Typed(ranks);
            }
            Self::Name
            | Self::UserName
            | Self::Email
            | Self::SecondEmail
            | Self::Title
            | Self::ExternalId
            | Self::DataSource
            | Self::BirthDate
            | Self::EmploymentStart
            | Self::EmploymentEnd
            | Self::InvitationExpiresAt
            | Self::InvitedOrCreatedAt => {
                let own = listing::COLUMNS.iter().find(|(_, known)| *known == self);
                return Place::Typed(own.map_or("NULL".to_owned(), |(name, _)| format!("l.{name}")));
            }
        };
        Place::Typed(column.to_owned())
    }

    fn contains(list: PersonList, literal: &Literal, syntax: Syntax) -> (&'static str, Cell<'static>) {
        match (list, literal, syntax) {
            (PersonList::Groups, group, Syntax::Sqlite) => (
                "EXISTS (
                    SELECT 1 FROM person_group AS g
                    WHERE g.tenant = $1 AND g.person = o.pk AND g.\"group\" = {value})",
                listing::cell(group),
            ),
            (PersonList::Groups, group, Syntax::Postgres) => (
                "EXISTS (
                    SELECT FROM person_group AS g
                    WHERE g.tenant = $1 AND g.person = o.person AND g.\"group\" = {value} OFFSET 0)",
                listing::cell(group),
            ),
            // Roles are written in a list.
            (PersonList::Roles, role, Syntax::Sqlite) => (
                "EXISTS (
                    SELECT 1 FROM membership AS r
                    WHERE r.tenant = $1 AND r.person = o.pk AND r.organization = {organization}
                        AND instr(r.laurel_roles, {value}) > 0)",
                role_cell(role),
            ),
            (PersonList::Roles, role, Syntax::Postgres) => (
                "EXISTS (
                    SELECT FROM membership AS r
                    WHERE r.tenant = $1 AND r.person = o.person AND r.organization = {organization}
                        AND strpos(r.laurel_roles::text, {value}) > 0 OFFSET 0)",
                role_cell(role),
            ),
            (PersonList::Delegates, delegate, Syntax::Sqlite) => (
                "EXISTS (
                    SELECT 1 FROM delegation AS d
                    WHERE d.tenant = $1 AND d.organization = {organization} AND d.delegator = o.pk AND d.delegate = (
                        SELECT e.pk FROM person AS e WHERE e.tenant = $1 AND e.object_id = {value}))",
                listing::cell(delegate),
            ),
            (PersonList::Delegates, delegate, Syntax::Postgres) => (
                "EXISTS (
                    SELECT FROM delegation AS d
                    WHERE d.tenant = $1 AND d.organization = {organization} AND d.delegator = o.person AND d.delegate = (
                        SELECT e.number FROM person AS e WHERE e.tenant = $1 AND e.object_id = {value}) OFFSET 0)",
                listing::cell(delegate),
            ),
        }
    }

    fn has_word(syntax: Syntax) -> Option<&'static str> {
        Some(match syntax {
            Syntax::Sqlite => {
                "(instr(p.given, {word}) > 0 OR instr(p.family, {word}) > 0 OR instr(p.nickname, {word}) > 0
                    OR instr(p.email, {word}) > 0)"
            }
            Syntax::Postgres => {
                "EXISTS (
                    SELECT FROM person_search AS w
                    WHERE w.tenant = $1 AND w.person = o.person AND strpos(w.text, {word}) > 0)"
            }
        })
    }
}

/// A role as the lists of memberships name it.
fn role_cell(role: &Literal) -> Cell<'static> {
    match role {
        Literal::ObjectId(id) => Cell::from(id.to_string()),
        Literal::Text(_) | Literal::Rank(_) | Literal::Time(_) | Literal::Civil(_) | Literal::Uuid(_) => {
            Cell::Null
        }
    }
}
