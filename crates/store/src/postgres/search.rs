//! Search: the tokens of the four folded fields in an inverted index, and the question put to it.

use std::cmp::Reverse;

use directory::ids::{PersonId, TenantId};
use directory::status::Status;

use super::failure::Result;
use super::load::OrganizationNumber;
use super::pool::Session;
use super::row::{Columns, key};
use crate::form::tokens::{self, Question};

/// A word that proposes fewer people than this is good enough to begin with.
const FEW: i64 = 1_000;

/// The members of an organization who have every word in one of their fields, by ascending object id.
/// None if the words say nothing.
pub(super) async fn find(
    session: &Session,
    tenant: TenantId,
    organization: OrganizationNumber,
    words: &[String],
    status: Option<Status>,
    limit: Option<i64>,
) -> Result<Option<Vec<PersonId>>> {
    let mut words: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
    if words.iter().any(|word| word.contains('\0')) {
        return Ok(Some(Vec::new()));
    }
    words.sort_unstable_by_key(|word| Reverse(word.len()));
    let mut questions: Vec<String> = words.iter().filter_map(|word| question(tenant, word)).collect();
    if questions.is_empty() {
        return Ok(None);
    }
    let best = most_telling(session, tenant, &questions).await?;
    let (question, word) = (questions.swap_remove(best), words.swap_remove(best));
    let status = status.map(Status::as_str);
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 7] =
        [&key(tenant), &question, &word, &organization, &status, &words, &limit];
    let rows = session.query(FIND, &parameters).await?;
    rows.iter().map(|row| Columns::of(row).person_id()).collect::<Result<_>>().map(Some)
}

/// As `tsquery` writes it. No token holds a quote or a backslash.
fn question(tenant: TenantId, word: &str) -> Option<String> {
    Some(match tokens::question(tenant, word)? {
        Question::Beginning(token) => format!("'{token}':*"),
        Question::All(tokens) => format!("'{}'", tokens.join("' & '")),
    })
}

/// The first word comes from the index, the others are only compared.
pub(super) const FIND: &str = "
    SELECT p.id
    FROM (
        SELECT DISTINCT s.person FROM person_search AS s
        WHERE s.tenant = $1 AND s.tokens @@ $2::text::tsquery AND strpos(s.text, $3) > 0
    ) AS found
    CROSS JOIN LATERAL (
        SELECT * FROM membership AS m
        WHERE m.tenant = $1 AND m.person = found.person AND m.organization = $4 OFFSET 0
    ) AS m
    CROSS JOIN LATERAL (
        SELECT * FROM person AS p WHERE p.tenant = $1 AND p.number = found.person OFFSET 0
    ) AS p
    WHERE m.deleted_at IS NULL
        AND ($5::text IS NULL OR p.status = $5)
        AND NOT EXISTS (
            SELECT FROM unnest($6::text[]) AS word (text)
            WHERE NOT EXISTS (
                SELECT FROM person_search AS o
                WHERE o.tenant = $1 AND o.person = found.person AND strpos(o.text, word.text) > 0
            )
        )
    ORDER BY m.object_id
    LIMIT $7";

/// Of several words the one that proposes few people, so that the others need only be compared.
async fn most_telling(session: &Session, tenant: TenantId, questions: &[String]) -> Result<usize> {
    if questions.len() == 1 {
        return Ok(0);
    }
    let mut best = (0, i64::MAX);
    for (index, question) in questions.iter().enumerate() {
        let row = session.query_opt(COUNT, &[&key(tenant), question, &FEW]).await?;
        let count = row.map(|row| row.try_get(0)).transpose()?.unwrap_or(0);
        if count < best.1 {
            best = (index, count);
        }
        if count < FEW {
            break;
        }
    }
    Ok(best.0)
}

pub(super) const COUNT: &str = "
    SELECT count(*) FROM (
        SELECT FROM person_search AS s WHERE s.tenant = $1 AND s.tokens @@ $2::text::tsquery LIMIT $3
    ) AS proposed";
