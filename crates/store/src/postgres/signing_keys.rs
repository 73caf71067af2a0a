//! The keys that tokens are signed with.

use directory::ports::Algorithm;
use directory::signing_key::{Former, Rotation, SigningKey};
use jiff::Timestamp;

use super::error::Result;
use super::pool::Session;
use super::row::Columns;

pub(super) async fn list(session: &Session) -> Result<Vec<SigningKey>> {
    let mut keys = Vec::new();
    for row in session.query(LIST, &[]).await? {
        let mut columns = Columns::of(&row);
        keys.push(SigningKey {
            id: columns.get()?,
            algorithm: columns.name(Algorithm::parse)?,
            secret: columns.get()?,
            encrypted_with: columns.get()?,
            created_at: columns.time()?,
            retired_at: columns.get()?,
            expires_at: columns.get()?,
        });
    }
    Ok(keys)
}

const LIST: &str = "
    SELECT id, algorithm, secret, encrypted_with, created_at, retired_at, expires_at
    FROM signing_key ORDER BY algorithm, created_at, id";

/// Several processes may offer one at once: the first is kept.
pub(super) async fn add(session: &Session, key: &SigningKey) -> Result<SigningKey> {
    insert(session, key).await?;
    let current = |kept: &SigningKey| kept.algorithm == key.algorithm && kept.is_current();
    let kept = list(session).await?.into_iter().find(current);
    Ok(kept.unwrap_or_else(|| key.clone()))
}

pub(super) async fn rotate(session: &Session, rotation: &Rotation) -> Result<()> {
    // A rotation that waited for another one must see the key that the other one made, to retire it.
    session.execute("LOCK TABLE signing_key IN SHARE ROW EXCLUSIVE MODE", &[]).await?;
    for key in &rotation.keys {
        let algorithm = key.algorithm.as_str();
        match rotation.former {
            Former::Expire(at) => session.execute(RETIRE, &[&algorithm, &rotation.now, &at]).await?,
            Former::Remove => session.execute(REMOVE, &[&algorithm]).await?,
        };
        insert(session, key).await?;
    }
    Ok(())
}

const RETIRE: &str = "
    UPDATE signing_key SET retired_at = $2, expires_at = $3 WHERE algorithm = $1 AND retired_at IS NULL";
const REMOVE: &str = "DELETE FROM signing_key WHERE algorithm = $1";

async fn insert(session: &Session, key: &SigningKey) -> Result<()> {
    let algorithm = key.algorithm.as_str();
    session
        .execute(
            INSERT,
            &[
                &key.id,
                &algorithm,
                &key.secret,
                &key.encrypted_with,
                &key.created_at,
                &key.retired_at,
                &key.expires_at,
            ],
        )
        .await?;
    Ok(())
}

const INSERT: &str = "
    INSERT INTO signing_key (id, algorithm, secret, encrypted_with, created_at, retired_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (algorithm) WHERE retired_at IS NULL DO NOTHING";

pub(super) async fn rewrite(session: &Session, keys: &[SigningKey]) -> Result<()> {
    for key in keys {
        session.execute(REWRITE, &[&key.id, &key.secret, &key.encrypted_with]).await?;
    }
    Ok(())
}

const REWRITE: &str = "UPDATE signing_key SET secret = $2, encrypted_with = $3 WHERE id = $1";

pub(super) async fn remove_expired(session: &Session, now: Timestamp) -> Result<()> {
    session.execute("DELETE FROM signing_key WHERE expires_at <= $1", &[&now]).await?;
    Ok(())
}
