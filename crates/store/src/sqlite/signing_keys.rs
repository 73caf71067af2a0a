//! The keys that tokens are signed with.

use directory::ports::Algorithm;
use directory::signing_key::{Former, Rotation, SigningKey};
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::error::Result;
use super::row::{Columns, micros};
use super::writer::Work;

pub(super) fn list(connection: &Connection) -> Result<Vec<SigningKey>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, algorithm, secret, encrypted_with, created_at, retired_at, expires_at
         FROM signing_key ORDER BY algorithm, created_at, id",
    )?;
    let mut rows = statement.query([])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        let mut columns = Columns::of(row);
        keys.push(SigningKey {
            id: columns.get()?,
            algorithm: columns.name(Algorithm::parse)?,
            secret: columns.get()?,
            encrypted_with: columns.get()?,
            created_at: columns.time()?,
            retired_at: columns.optional_time()?,
            expires_at: columns.optional_time()?,
        });
    }
    Ok(keys)
}

/// Several processes may offer one at once: the first is kept.
pub(super) fn add(work: &mut Work<'_>, key: SigningKey) -> Result<SigningKey> {
    work.begin()?;
    insert(work.connection(), &key)?;
    let current = |kept: &SigningKey| kept.algorithm == key.algorithm && kept.is_current();
    let kept = list(work.connection())?.into_iter().find(current);
    Ok(kept.unwrap_or(key))
}

pub(super) fn rotate(work: &mut Work<'_>, rotation: &Rotation) -> Result<()> {
    work.begin()?;
    let connection = work.connection();
    for key in &rotation.keys {
        let algorithm = key.algorithm.as_str();
        match rotation.former {
            Former::Expire(at) => connection
                .prepare_cached(
                    "UPDATE signing_key SET retired_at = ?2, expires_at = ?3
                     WHERE algorithm = ?1 AND retired_at IS NULL",
                )?
                .execute(params![algorithm, micros(rotation.now), micros(at)])?,
            Former::Remove => connection
                .prepare_cached("DELETE FROM signing_key WHERE algorithm = ?1")?
                .execute(params![algorithm])?,
        };
        insert(connection, key)?;
    }
    Ok(())
}

fn insert(connection: &Connection, key: &SigningKey) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO signing_key (id, algorithm, secret, encrypted_with, created_at, retired_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (algorithm) WHERE retired_at IS NULL DO NOTHING",
        )?
        .execute(params![
            key.id,
            key.algorithm.as_str(),
            key.secret,
            key.encrypted_with,
            micros(key.created_at),
            key.retired_at.map(micros),
            key.expires_at.map(micros),
        ])?;
    Ok(())
}

pub(super) fn rewrite(work: &mut Work<'_>, keys: &[SigningKey]) -> Result<()> {
    work.begin()?;
    let connection = work.connection();
    // What is overwritten is a key in the clear: without this it would stay readable in the free space of its page.
    secure_delete(connection, true)?;
    let rewritten = keys.iter().try_for_each(|key| {
        connection
            .prepare_cached("UPDATE signing_key SET secret = ?2, encrypted_with = ?3 WHERE id = ?1")?
            .execute(params![key.id, key.secret, key.encrypted_with])?;
        Ok(())
    });
    secure_delete(connection, false)?;
    rewritten
}

fn secure_delete(connection: &Connection, is_on: bool) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "secure_delete", is_on, |_| Ok(()))
}

pub(super) fn remove_expired(work: &mut Work<'_>, now: Timestamp) -> Result<()> {
    work.begin()?;
    let mut statement = work.connection().prepare_cached("DELETE FROM signing_key WHERE expires_at <= ?1")?;
    statement.execute(params![micros(now)])?;
    Ok(())
}
