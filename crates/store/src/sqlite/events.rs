//! Events: writing one with each change, and listing them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use directory::caller::{Principal, Via};
use directory::change::{AttributeChange, Value};
use directory::event::{Action, Actor, Event, EventQuery};
use directory::ids::{PersonId, TenantId};
use directory::store::Act;
use rusqlite::{Connection, params};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::failure::{Failure, Result};
use super::row::{Columns, json, micros, number_of, pk};
use super::writer::Work;

/// What all events of one act have in common, as it stands in their rows.
pub(super) struct Author {
    tenant: TenantId,
    at: i64,
    via: &'static str,
    organization: i64,
    credential: Option<[u8; 16]>,
    person: Option<[u8; 16]>,
    forwarded: Option<String>,
    request: String,
}

impl Author {
    pub(super) fn of(work: &Work<'_>, tenant: TenantId, act: &Act) -> Result<Self> {
        let actor = Actor::from(&act.caller);
        let organization = work.organization(tenant, actor.organization)?;
        let forwarded =
            |principal: &Principal| json(&[&principal.client, &principal.customer, &principal.user]);
        Ok(Self {
            tenant,
            at: micros(act.now),
            via: actor.via.as_str(),
            organization: organization
                .ok_or_else(|| Failure::Row("the caller's organization is gone".to_owned()))?,
            credential: actor.credential.map(|id| *id.0.as_bytes()),
            person: actor.person.map(|id| *id.0.as_bytes()),
            forwarded: actor.forwarded.as_ref().map(forwarded).transpose()?,
            request: actor.request,
        })
    }

    /// To be called before the person is written, whose row then takes the event's pk.
    pub(super) fn record(
        &self,
        connection: &Connection,
        sequence: u64,
        person: i64,
        action: Action,
        changes: &[AttributeChange],
    ) -> Result<i64> {
        let mut statement = connection.prepare_cached(
            "INSERT INTO event (pk, tenant, person, at, action, via, organization, credential, actor, forwarded,
                request, previous, changes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,
                (SELECT last_event FROM person WHERE pk = ?3), ?12)",
        )?;
        let pk = pk(self.tenant, sequence);
        statement.execute(params![
            pk,
            self.tenant.0,
            person,
            self.at,
            action.as_str(),
            self.via,
            self.organization,
            self.credential,
            self.person,
            self.forwarded,
            self.request,
            json(&Written(changes))?,
        ])?;
        Ok(pk)
    }
}

/// The events that match, newest first.
pub(super) fn list(connection: &Connection, tenant: TenantId, query: &EventQuery) -> Result<Vec<Event>> {
    let person = match query.person {
        None => None,
        Some(id) => match super::load::resolve(connection, tenant, &directory::store::PersonKey::Id(id))? {
            Some(pk) => Some(pk),
            None => return Ok(Vec::new()),
        },
    };
    let last = pk(tenant, number_of(i64::MAX));
    let before = match query.before {
        Some(sequence) if number_of(sequence.cast_signed()) == sequence => pk(tenant, sequence),
        _ => last,
    };
    let mut statement = connection.prepare_cached(if person.is_some() { OF_PERSON } else { OF_TENANT })?;
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![
        pk(tenant, 0),
        before,
        query.via.map(Via::as_str),
        query.action.map(Action::as_str),
        query.since.map(micros),
        limit,
        person,
    ])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        events.push(event(&mut Columns::of(row))?);
    }
    Ok(events)
}

pub(super) const OF_TENANT: &str = "
    SELECT e.pk, e.at, e.action, p.id, e.via, o.id, e.credential, e.actor, e.forwarded, e.request, e.changes
    FROM event AS e
    CROSS JOIN person AS p ON p.pk = e.person
    CROSS JOIN organization AS o ON o.tenant = e.tenant AND o.number = e.organization
    WHERE e.pk > ?1 AND e.pk < ?2
        AND (?3 IS NULL OR e.via = ?3) AND (?4 IS NULL OR e.action = ?4) AND (?5 IS NULL OR e.at >= ?5)
        AND ?7 IS NULL
    ORDER BY e.pk DESC
    LIMIT ?6";

/// The newest comes first, because that is where the chain begins.
pub(super) const OF_PERSON: &str = "
    WITH RECURSIVE mine (pk) AS (
        SELECT last_event FROM person WHERE pk = ?7
        UNION ALL
        SELECT e.previous FROM mine CROSS JOIN event AS e ON e.pk = mine.pk WHERE e.previous > ?1
    )
    SELECT e.pk, e.at, e.action, p.id, e.via, o.id, e.credential, e.actor, e.forwarded, e.request, e.changes
    FROM mine
    CROSS JOIN event AS e ON e.pk = mine.pk
    CROSS JOIN person AS p ON p.pk = e.person
    CROSS JOIN organization AS o ON o.tenant = e.tenant AND o.number = e.organization
    WHERE e.pk < ?2
        AND (?3 IS NULL OR e.via = ?3) AND (?4 IS NULL OR e.action = ?4) AND (?5 IS NULL OR e.at >= ?5)
    LIMIT ?6";

fn event(columns: &mut Columns<'_>) -> Result<Event> {
    let sequence = number_of(columns.get()?);
    let (at, action) = (columns.time()?, columns.name(Action::parse)?);
    let person = columns.person_id()?;
    let via = columns.name(Via::parse)?;
    let organization = columns.organization_id()?;
    let credential = columns.optional_uuid(directory::ids::CredentialId)?;
    let actor = columns.optional_uuid(PersonId)?;
    let forwarded: Option<[Option<String>; 3]> =
        columns.optional_text()?.map(serde_json::from_str).transpose()?;
    let forwarded = forwarded.map(|[client, customer, user]| Principal { client, customer, user });
    let request = columns.get()?;
    let changes = columns.json::<Read>()?.0;
    let actor = Actor { via, organization, credential, person: actor, forwarded, request };
    Ok(Event { sequence, at, action, person, actor, changes })
}

/// Changes as they are written: `{attribute: [before, after]}` in their order, null where there was or is nothing.
struct Written<'a>(&'a [AttributeChange]);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for change in self.0 {
            let sides = [WrittenValue(&change.before), WrittenValue(&change.after)];
            map.serialize_entry(change.attribute.as_ref(), &sides)?;
        }
        map.end()
    }
}

/// The member that a map has when it is no map but the mark of a secret. No recorded map has an empty name.
const SECRET: &str = "";

struct WrittenValue<'a>(&'a Value);

impl Serialize for WrittenValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Integer(value) => serializer.serialize_i64(*value),
            Value::Text(text) => serializer.serialize_str(text),
            Value::List(items) => serializer.collect_seq(items.iter().map(WrittenValue)),
            Value::Map(members) => {
                serializer.collect_map(members.iter().map(|(name, value)| (name, WrittenValue(value))))
            }
            Value::Secret => serializer.collect_map([(SECRET, "secret")]),
        }
    }
}

/// Changes as they are read back, in the order in which they were written.
struct Read(Vec<AttributeChange>);

impl<'de> Deserialize<'de> for Read {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Changes;
        impl<'de> Visitor<'de> for Changes {
            type Value = Read;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("attributes, each with two values")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> std::result::Result<Read, M::Error> {
                let mut changes = Vec::new();
                while let Some((attribute, [before, after])) =
                    map.next_entry::<String, [serde_json::Value; 2]>()?
                {
                    let (before, after) =
                        (value(before).map_err(M::Error::custom)?, value(after).map_err(M::Error::custom)?);
                    changes.push(AttributeChange { attribute: Cow::Owned(attribute), before, after });
                }
                Ok(Read(changes))
            }
        }
        deserializer.deserialize_map(Changes)
    }
}

fn value(json: serde_json::Value) -> std::result::Result<Value, String> {
    Ok(match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(value),
        serde_json::Value::Number(number) => {
            Value::Integer(number.as_i64().ok_or_else(|| format!("{number} is no integer"))?)
        }
        serde_json::Value::String(text) => Value::Text(text),
        serde_json::Value::Array(items) => {
            Value::List(items.into_iter().map(value).collect::<std::result::Result<_, _>>()?)
        }
        serde_json::Value::Object(members) if members.contains_key(SECRET) => Value::Secret,
        serde_json::Value::Object(members) => Value::Map(
            members
                .into_iter()
                .map(|(name, member)| Ok((name, value(member)?)))
                .collect::<std::result::Result<BTreeMap<_, _>, String>>()?,
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_read_as_they_were_written() {
        let values = [
            Value::Null,
            Value::Bool(true),
            Value::Integer(-7),
            Value::Text("\"\u{e9}".into()),
            Value::Secret,
            Value::List(vec![Value::Null, Value::Text("a".into())]),
            Value::Map([("secret".to_owned(), Value::Bool(true)), ("b".to_owned(), Value::Null)].into()),
        ];
        let changes: Vec<AttributeChange> = values
            .iter()
            .zip(values.iter().rev())
            .zip(["z", "y", "a", "b", "custom_fields.z", "custom_fields.a", "c"])
            .map(|((before, after), attribute)| AttributeChange {
                attribute: attribute.into(),
                before: before.clone(),
                after: after.clone(),
            })
            .collect();
        let text = json(&Written(&changes)).unwrap();
        assert_eq!(serde_json::from_str::<Read>(&text).unwrap().0, changes);
    }
}
