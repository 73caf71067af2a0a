//! The outbox, written once for both engines.

use directory::Channel;
use directory::ids::{MessageId, OrganizationId, PersonId, TenantId};
use directory::message::{Content, Message, MessageChannel, MessageQuery, MessageState};

use crate::codec;
use crate::entities::tenant_cell;
use crate::sql::{Cell, Columns, Row, Sql, Syntax};

/// Whether the person is a living member of the organization.
pub(crate) async fn is_member<S: Sql>(
    sql: &S,
    tenant: TenantId,
    message: &Message,
) -> Result<bool, S::Error> {
    let text = match S::SYNTAX {
        Syntax::Sqlite => MEMBER_IN_SQLITE,
        Syntax::Postgres => MEMBER_IN_POSTGRES,
    };
    let values = [tenant_cell(tenant), message.person.0.into(), message.organization.0.into()];
    Ok(!sql.query(text, &values).await?.is_empty())
}

/// The organization is there: somebody is a member of it.
pub(crate) async fn insert<S: Sql>(sql: &S, tenant: TenantId, message: &Message) -> Result<(), S::Error> {
    let content = &message.content;
    let values = [
        tenant_cell(tenant),
        message.id.0.into(),
        message.organization.0.into(),
        message.person.0.into(),
        message.via.as_str().into(),
        content.channel().as_str().into(),
        content.to().into(),
        content.subject().into(),
        content.text().into(),
        message.state.as_str().into(),
        message.tries.into(),
        message.created_at.into(),
    ];
    sql.execute(INSERT, &values).await?;
    Ok(())
}

pub(crate) async fn get<S: Sql>(
    sql: &S,
    tenant: TenantId,
    id: MessageId,
) -> Result<Option<Message>, S::Error> {
    let rows = sql.query(GET, &[tenant_cell(tenant), id.0.into()]).await?;
    Ok(rows.into_iter().next().map(read).transpose()?)
}

/// The oldest first.
pub(crate) async fn list<S: Sql>(
    sql: &S,
    tenant: TenantId,
    query: &MessageQuery,
) -> Result<Vec<Message>, S::Error> {
    let after = query.after.unwrap_or(MessageId::NIL);
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let mut values: Vec<Cell<'_>> = vec![tenant_cell(tenant), after.0.into(), limit.into()];
    let mut text = LIST.to_owned();
    if let Some(state) = query.state {
        values.push(state.as_str().into());
        text.push_str(&format!(" AND m.state = ${}", values.len()));
    }
    if let Some(person) = query.person {
        values.push(person.0.into());
        text.push_str(&format!(" AND m.person = ${}", values.len()));
    }
    text.push_str(" ORDER BY m.id LIMIT $3");
    let rows = sql.query(&text, &values).await?;
    Ok(rows.into_iter().map(read).collect::<codec::Result<_>>()?)
}

fn read(row: Row) -> codec::Result<Message> {
    let mut columns = Columns::of(row);
    Ok(Message {
        id: MessageId(columns.uuid()?),
        organization: OrganizationId(columns.uuid()?),
        person: PersonId(columns.uuid()?),
        via: columns.name(Channel::parse)?,
        content: content(&mut columns)?,
        state: columns.name(MessageState::parse)?,
        tries: u32::try_from(columns.integer()?)
            .map_err(|_| codec::Error("the tries of a message".to_owned()))?,
        created_at: columns.time()?,
    })
}

fn content(columns: &mut Columns) -> codec::Result<Content> {
    let channel = columns.name(MessageChannel::parse)?;
    let (to, subject, text) = (columns.text()?, columns.optional_text()?, columns.text()?);
    match (channel, subject) {
        (MessageChannel::Email, Some(subject)) => Ok(Content::Email { to, subject, text }),
        (MessageChannel::Sms, None) => Ok(Content::Sms { to, text }),
        (MessageChannel::Email, None) | (MessageChannel::Sms, Some(_)) => {
            Err(codec::Error("a message of one channel with the subject of the other".to_owned()))
        }
    }
}

/// The columns of a message, as [`read`] takes them.
macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT m.id,
                (SELECT o.id FROM organization AS o WHERE o.tenant = m.tenant AND o.number = m.organization),
                m.person, m.via, m.channel, m.recipient, m.subject, m.text, m.state, m.tries, m.created_at
             FROM message AS m
             WHERE m.tenant = $1 AND ",
            $which
        )
    };
}

const GET: &str = select!("m.id = $2");
const LIST: &str = select!("m.id > $2");
const INSERT: &str = "
    INSERT INTO message (tenant, id, organization, person, via, channel, recipient, subject, text, state, tries,
        created_at)
    VALUES ($1, $2, (SELECT number FROM organization WHERE tenant = $1 AND id = $3), $4, $5, $6, $7, $8, $9, $10, $11,
        $12)";

const MEMBER_IN_SQLITE: &str = "
    SELECT 1 FROM person AS p
    JOIN organization AS o ON o.tenant = $1 AND o.id = $3
    JOIN membership AS m ON m.tenant = $1 AND m.organization = o.number AND m.person = p.pk
    WHERE p.tenant = $1 AND p.id = $2 AND m.deleted_at IS NULL";
const MEMBER_IN_POSTGRES: &str = "
    SELECT 1 FROM person AS p
    JOIN organization AS o ON o.tenant = $1 AND o.id = $3
    JOIN membership AS m ON m.tenant = $1 AND m.organization = o.number AND m.person = p.number
    WHERE p.tenant = $1 AND p.id = $2 AND m.deleted_at IS NULL";

/// For the tests of their plans.
#[cfg(test)]
pub(crate) const STATEMENTS: [&str; 2] = [GET, LIST];
