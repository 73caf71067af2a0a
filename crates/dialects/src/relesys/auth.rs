//! Who is asking: the Bearer token, which is handed out here too (api.relesysapp.net/docs/latest/intro/access).

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use directory::credential::Scopes;
use directory::ports::{Algorithm, uuid};
use directory::{AccessError, Dialect, Directory, RequestContext, TenantScope, limits};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::error::{Error, TokenError};
use super::query::CURSOR_LIFETIME;
use super::scope::Scope;
use super::wire::{Token, TokenRequest};
use crate::http::cursor::Seal;
use crate::http::{TokenReader, bearer, context};

/// How long a token lasts, in seconds.
const LIFETIME: i64 = 3_600;
const _: () = assert!(LIFETIME.cast_unsigned() <= limits::TOKEN_LIFE.as_secs());

/// What the handlers share.
#[derive(Debug, Clone)]
pub struct Api {
    directory: Arc<Directory>,
    tokens: Arc<TokenReader<Claims>>,
}

/// What a token says. To clients it is opaque.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claims {
    pub sub: String,
    pub client_id: String,
    /// With single blanks between them, as they were asked for.
    pub scope: String,
    pub iat: i64,
    pub exp: i64,
    pub jti: Uuid,
}

/// A client whose token opens what is to be done.
#[derive(Debug)]
pub struct Caller<A>(directory::Caller, PhantomData<A>);

/// What an endpoint does, and so which scope it needs.
pub trait Access {
    const NEEDED: Scope;
}

#[derive(Debug)]
pub struct Read;

#[derive(Debug)]
pub struct Write;

impl Access for Read {
    const NEEDED: Scope = Scope::READ_USERS;
}

impl Access for Write {
    const NEEDED: Scope = Scope::WRITE_USERS;
}

impl<A: Access> FromRequestParts<Api> for Caller<A> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Error> {
        let claims = bearer(parts)
            .and_then(|token| api.tokens.read(api.directory.signer(), token))
            .filter(|claims| api.directory.now().as_second() < claims.exp)
            .ok_or(AccessError::Unauthenticated)?;
        let granted = Scopes(claims.scope.split(' ').map(str::to_owned).collect());
        let context = context(&parts.extensions, Dialect::Relesys);
        let caller = api.directory.caller_with_token(&context, &claims.client_id, granted).await?;
        if A::NEEDED.is_in(&caller.scopes) {
            Ok(Self(caller, PhantomData))
        } else {
            Err(Error::Scope(A::NEEDED))
        }
    }
}

impl Api {
    pub fn new(directory: Arc<Directory>) -> Self {
        Self { directory, tokens: Arc::new(TokenReader::new(Algorithm::Rs256)) }
    }

    pub fn scoped<'a, A>(&'a self, caller: &'a Caller<A>) -> TenantScope<'a> {
        self.directory.scoped(&caller.0)
    }

    /// What seals the cursors of a list for this caller.
    pub fn seal<'a, A>(&'a self, caller: &'a Caller<A>, endpoint: &'static str) -> Seal<'a> {
        let (signer, now) = (self.directory.signer(), self.directory.now());
        Seal { signer, caller: &caller.0, endpoint, now, lifetime: CURSOR_LIFETIME }
    }

    /// A token for a client, with scopes among those that its credential has.
    pub async fn token(&self, context: &RequestContext, request: &TokenRequest) -> Result<Token, Error> {
        let client = self.directory.client(context, &request.client_id, &request.client_secret.0).await;
        let client = client.map_err(|denied| match denied {
            AccessError::Unauthenticated => {
                Error::Token(TokenError::InvalidClient { in_header: request.is_in_header })
            }
            AccessError::Throttled(_) | AccessError::TooManyFailures(_) | AccessError::Unavailable => {
                Error::AccessError(denied)
            }
        })?;
        if request.scope.split(' ').count() > Scope::COUNT {
            return Err(Error::Token(TokenError::TooManyScopes));
        }
        let is_granted = |text: &str| Scope::parse(text).is_some_and(|scope| scope.is_in(&client.scopes));
        if !request.scope.split(' ').all(is_granted) {
            return Err(Error::Token(TokenError::InvalidScope));
        }
        let now = self.directory.now();
        let claims = Claims {
            sub: client.public_id.clone(),
            client_id: client.public_id.clone(),
            scope: request.scope.clone(),
            iat: now.as_second(),
            exp: now.as_second() + LIFETIME,
            jti: uuid(now, self.directory.entropy()),
        };
        Ok(self.signed(&claims))
    }

    fn signed(&self, claims: &Claims) -> Token {
        // Texts and numbers always serialise.
        let payload = serde_json::to_vec(claims).unwrap_or_default();
        let access_token = self.directory.signer().sign(Algorithm::Rs256, &payload);
        Token { access_token, expires_in: LIFETIME.to_string(), token_type: "Bearer" }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn claims_are_read_back_as_they_were_written() {
        let claims = Claims {
            sub: "a".into(),
            client_id: "a".into(),
            scope: "relesys.api.users:read relesys.api.users:write".into(),
            iat: 1,
            exp: 3_601,
            jti: Uuid::nil(),
        };
        let written = serde_json::to_vec(&claims).unwrap();
        assert_eq!(serde_json::from_slice::<Claims>(&written).unwrap(), claims);
    }

    #[test]
    fn claims_of_another_kind_of_token_are_not_ours() {
        for other in [
            json!({"sub": "1", "exp": 2, "iat": 1, "jti": Uuid::nil(), "session": "x"}),
            json!({"sub": "1", "client_id": "1", "scope": ["relesys.api"], "iat": 1, "exp": 2, "jti": Uuid::nil()}),
            json!({"sub": "1", "client_id": "1", "scope": "relesys.api", "iat": 1, "jti": Uuid::nil()}),
            json!([]),
        ] {
            assert!(serde_json::from_value::<Claims>(other.clone()).is_err(), "{other}");
        }
    }
}
