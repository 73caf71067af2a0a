//! Who is asking: an access token in `Authorization` and a session token beside it, of one user and one session.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use directory::credential::Session;
use directory::ids::{Number, PersonId, SessionId};
use directory::ports::{Algorithm, Signer};
use directory::store::PersonKey;
use directory::{AccessError, Dialect, Directory, Refusal, TenantScope, limits};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::error::Error;
use super::wire::{Tokens, UserId};
use crate::http::{TokenReader, bearer, context, header};

/// The back-office log-in names it: an access token lives for an hour.
const ACCESS_SECONDS: i64 = 3_600;
const _: () = assert!(ACCESS_SECONDS.cast_unsigned() <= limits::TOKEN_LIFE.as_secs());

/// The documented example of a session token lives for a day.
const SESSION_SECONDS: i64 = 86_400;
const _: () = assert!(SESSION_SECONDS.cast_unsigned() <= limits::TOKEN_LIFE.as_secs());

/// What the handlers share.
#[derive(Debug, Clone)]
pub struct Api {
    pub directory: Arc<Directory>,
    readers: Arc<Readers>,
}

/// A member with a session, which fixes the organization.
#[derive(Debug)]
pub struct Caller {
    caller: directory::Caller,
    pub number: Number,
    pub organization: Number,
}

impl Caller {
    pub fn person(&self) -> Option<PersonId> {
        self.caller.person
    }

    /// The key of whom a path means. Ids below 1 are never given out.
    pub fn key(&self, user: UserId) -> Result<PersonKey, Refusal> {
        let number = match user {
            UserId::Me => self.number,
            UserId::Id(id) => u64::try_from(id).ok().and_then(Number::new).ok_or(Refusal::NoSuchPerson)?,
        };
        match self.person() {
            Some(me) if number == self.number => Ok(PersonKey::Id(me)),
            Some(_) | None => Ok(PersonKey::Number(number)),
        }
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Error> {
        let access = bearer(parts).ok_or(AccessError::Unauthenticated)?;
        let session = header(parts, "x-session-token").ok_or(AccessError::Unauthenticated)?;
        let (signer, now) = (api.directory.signer(), api.directory.now());
        let named = api.readers.read(signer, now, access, session).ok_or(AccessError::Unauthenticated)?;
        let context = context(&parts.extensions, Dialect::Kare);
        let caller = api.directory.caller_with_session(&context, named.session, named.user).await?;
        Ok(Self { caller, number: named.user, organization: named.organization })
    }
}

impl Api {
    pub fn new(directory: Arc<Directory>) -> Self {
        Self { directory, readers: Arc::default() }
    }

    pub fn scoped<'a>(&'a self, caller: &'a Caller) -> TenantScope<'a> {
        self.directory.scoped(&caller.caller)
    }
}

/// New tokens of a session.
pub fn issue(signer: &dyn Signer, session: &Session, now: Timestamp) -> Tokens {
    let (iat, user) = (now.as_second(), session.person_number);
    let access = AccessClaims {
        user_id: user.get(),
        session_id: session.id.0,
        organization_id: session.organization_number.get(),
        iat,
        exp: iat + ACCESS_SECONDS,
    };
    let of_session = SessionClaims {
        user_id: user.to_string(),
        session_id: session.id.0,
        iat,
        exp: iat + SESSION_SECONDS,
    };
    Tokens { access_token: sign(signer, &access), session_token: sign(signer, &of_session) }
}

fn sign(signer: &dyn Signer, claims: &impl Serialize) -> String {
    // Claims are numbers and texts, which serialising cannot fail on; an empty payload would open nothing.
    let payload = serde_json::to_vec(claims).unwrap_or_default();
    signer.sign(Algorithm::Hs256, &payload)
}

/// Claims are read to the letter, nothing missing and nothing more: so no token of another kind, and none that
/// another API was given, passes for one of these.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AccessClaims {
    user_id: u64,
    session_id: Uuid,
    organization_id: u64,
    iat: i64,
    exp: i64,
}

/// As in the documented example, where the user is a text.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SessionClaims {
    user_id: String,
    session_id: Uuid,
    iat: i64,
    exp: i64,
}

#[derive(Debug)]
struct Readers {
    access: TokenReader<AccessClaims>,
    session: TokenReader<SessionClaims>,
}

/// Whom two tokens name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Named {
    user: Number,
    session: SessionId,
    organization: Number,
}

impl Default for Readers {
    fn default() -> Self {
        let algorithm = Algorithm::Hs256;
        Self { access: TokenReader::new(algorithm), session: TokenReader::new(algorithm) }
    }
}

impl Readers {
    /// Nobody, unless both tokens are ours, neither has ended, and they agree on the user and the session.
    fn read(&self, signer: &dyn Signer, now: Timestamp, access: &str, session: &str) -> Option<Named> {
        let access = self.access.read(signer, access)?;
        let session = self.session.read(signer, session)?;
        let now = now.as_second();
        let together = session.session_id == access.session_id
            && session.user_id.parse::<u64>().is_ok_and(|user| user == access.user_id);
        let alive = now < access.exp && now < session.exp;
        if !(together && alive) {
            return None;
        }
        Some(Named {
            user: Number::new(access.user_id)?,
            session: SessionId(access.session_id),
            organization: Number::new(access.organization_id)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use directory::credential::KeyHash;
    use directory::ids::{OrganizationId, TenantId};
    use serde_json::{Value, json};

    use super::*;

    /// Signs by writing the algorithm's name in front of the payload.
    struct Plain;

    impl Signer for Plain {
        fn sign(&self, algorithm: Algorithm, payload: &[u8]) -> String {
            format!("{}.{}", algorithm.as_str(), String::from_utf8_lossy(payload))
        }

        fn verify(&self, algorithm: Algorithm, token: &str) -> Option<Vec<u8>> {
            let payload = token.strip_prefix(algorithm.as_str())?.strip_prefix('.')?;
            Some(payload.as_bytes().to_vec())
        }

        fn generation(&self) -> u64 {
            0
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn session(id: u128, user: u64) -> Session {
        Session {
            id: SessionId(Uuid::from_u128(id)),
            tenant: TenantId(1),
            organization: OrganizationId(Uuid::from_u128(7)),
            organization_number: Number::new(5).unwrap(),
            person: PersonId(Uuid::from_u128(8)),
            person_number: Number::new(user).unwrap(),
            refresh: KeyHash::new("secret", at(0)),
            created_at: at(0),
            expires_at: at(1_000_000),
            revoked_at: None,
            is_live: true,
        }
    }

    fn read(now: i64, access: &str, session: &str) -> Option<Named> {
        Readers::default().read(&Plain, at(now), access, session)
    }

    #[test]
    fn the_claims_are_as_documented() {
        let tokens = issue(&Plain, &session(1, 42), at(1_605_097_899));
        let claims = |token: &str| serde_json::from_str::<Value>(token.strip_prefix("HS256.").unwrap());
        let id = "00000000-0000-0000-0000-000000000001";
        assert_eq!(
            claims(&tokens.session_token).unwrap(),
            json!({"userId": "42", "sessionId": id, "iat": 1_605_097_899, "exp": 1_605_184_299}),
        );
        assert_eq!(
            claims(&tokens.access_token).unwrap(),
            json!({
                "userId": 42, "sessionId": id, "organizationId": 5,
                "iat": 1_605_097_899, "exp": 1_605_101_499,
            }),
        );
    }

    #[test]
    fn both_tokens_last_as_long_as_they_say() {
        let first = issue(&Plain, &session(1, 42), at(100));
        let named = Named {
            user: Number::new(42).unwrap(),
            session: SessionId(Uuid::from_u128(1)),
            organization: Number::new(5).unwrap(),
        };
        assert_eq!(read(3_699, &first.access_token, &first.session_token), Some(named));
        assert_eq!(read(3_700, &first.access_token, &first.session_token), None);

        // The access token is renewed, the session token of the first sign-in stays in use for its day.
        let renewed = issue(&Plain, &session(1, 42), at(86_000));
        assert_eq!(read(86_499, &renewed.access_token, &first.session_token), Some(named));
        assert_eq!(read(86_500, &renewed.access_token, &first.session_token), None);
    }

    #[test]
    fn expiry_is_judged_at_every_use_of_a_remembered_token() {
        let tokens = issue(&Plain, &session(1, 42), at(100));
        let readers = Readers::default();
        let read = |now| readers.read(&Plain, at(now), &tokens.access_token, &tokens.session_token);
        assert!(read(100).is_some());
        assert_eq!(read(3_700), None);
    }

    #[test]
    fn the_two_belong_together_and_neither_is_the_other() {
        let mine = issue(&Plain, &session(1, 42), at(100));
        let of_another = issue(&Plain, &session(2, 43), at(100));
        let another_session_of_mine = issue(&Plain, &session(3, 42), at(100));
        for (access, session) in [
            (&mine.access_token, &of_another.session_token),
            (&of_another.access_token, &mine.session_token),
            (&mine.access_token, &another_session_of_mine.session_token),
            (&mine.access_token, &mine.access_token),
            (&mine.session_token, &mine.session_token),
            (&mine.session_token, &mine.access_token),
        ] {
            assert_eq!(read(101, access, session), None, "{access} {session}");
        }
    }

    #[test]
    fn tokens_of_another_kind_open_nothing() {
        let mine = issue(&Plain, &session(1, 42), at(100));
        let id = "00000000-0000-0000-0000-000000000001";
        let good = json!({"userId": 42, "sessionId": id, "organizationId": 5, "iat": 100, "exp": 3_700});
        assert!(read(101, &format!("HS256.{good}"), &mine.session_token).is_some());
        let mut longer = good.clone();
        longer["scope"] = json!("relesys.api");
        let mut shorter = good.clone();
        shorter.as_object_mut().unwrap().remove("organizationId");
        let mut nobody = good.clone();
        nobody["userId"] = json!(0);
        for claims in [longer, shorter, nobody, json!({"sub": "42", "exp": 3_700}), json!(null), json!([])] {
            assert_eq!(read(101, &format!("HS256.{claims}"), &mine.session_token), None, "{claims}");
        }
        for token in [format!("RS256.{good}"), format!("none.{good}"), good.to_string(), String::new()] {
            assert_eq!(read(101, &token, &mine.session_token), None, "{token}");
        }
    }
}
