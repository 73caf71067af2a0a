//! Who is asking: a Bearer token, good for one customer, and whether it may do more than read.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::Method;
use axum::http::request::Parts;
use directory::credential::Scopes;
use directory::ids::{ObjectId, PersonId};
use directory::ports::Algorithm;
use directory::{AccessError, Dialect, Directory, TenantScope, limits};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::wire::{self, Id};
use crate::http::{RequestError, TokenReader, bearer, context};

/// How long a token lasts, in seconds: the 24 hours of the vendor's sample.
pub const LIFETIME: i64 = 86_400;
const _: () = assert!(LIFETIME.cast_unsigned() <= limits::TOKEN_LIFE.as_secs());

pub const ALGORITHM: Algorithm = Algorithm::Rs256;

/// What can be set about this dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settings {
    /// Refuse a list without `integration`, which the vendor's page calls required and its OpenAPI document optional.
    pub require_integration: bool,
}

/// What the handlers share.
#[derive(Debug, Clone)]
pub struct Api {
    pub directory: Arc<Directory>,
    pub settings: Settings,
    tokens: Arc<TokenReader<Claims>>,
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    pub iss: Issuer,
    pub aud: Audience,
    /// The client id.
    pub sub: String,
    /// The one customer that the token is good for.
    pub customer: Id,
    pub scope: Tier,
    pub iat: i64,
    pub exp: i64,
}

/// Keeps tokens of other dialects out, which the same keys sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Issuer {
    #[serde(rename = "personae/laurel")]
    Laurel,
}

/// The one audience that the vendor documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Audience {
    #[serde(rename = "https://timeautomation.com")]
    TimeAutomation,
}

impl Audience {
    pub fn parse(text: &str) -> Option<Self> {
        (text == "https://timeautomation.com").then_some(Self::TimeAutomation)
    }
}

/// The vendor's permission tiers of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    Read,
    Readwrite,
}

impl Tier {
    /// A credential that does not say `readwrite` reads.
    pub fn of(scopes: &Scopes) -> Self {
        if scopes.has("readwrite") { Self::Readwrite } else { Self::Read }
    }

    pub fn allows(self, method: &Method) -> bool {
        self == Self::Readwrite || matches!(*method, Method::GET | Method::HEAD)
    }

    fn check(self, method: &Method) -> Result<(), Error> {
        if self.allows(method) { Ok(()) } else { Err(Error::ReadOnly) }
    }

    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "read" => Some(Self::Read),
            "readwrite" => Some(Self::Readwrite),
            _ => None,
        }
    }

    pub fn scopes(self) -> Scopes {
        let scope = match self {
            Self::Read => "read",
            Self::Readwrite => "readwrite",
        };
        Scopes(vec![scope.to_owned()])
    }
}

impl Claims {
    pub fn new(client: &str, customer: ObjectId, scopes: &Scopes, now: Timestamp) -> Self {
        let iat = now.as_second();
        Self {
            iss: Issuer::Laurel,
            aud: Audience::TimeAutomation,
            sub: client.to_owned(),
            customer: Id(customer),
            scope: Tier::of(scopes),
            iat,
            exp: iat + LIFETIME,
        }
    }

    pub fn is_good(&self, now: Timestamp) -> bool {
        now.as_second() < self.exp
    }
}

/// A client with a good token whose tier allows the method, where no path says which customer is meant.
#[derive(Debug)]
pub struct Client {
    pub caller: directory::Caller,
    /// The one that the token is for.
    pub customer: ObjectId,
}

/// A client at the customer that its token is for and the path names.
#[derive(Debug)]
pub struct Caller {
    pub caller: directory::Caller,
    pub customer: ObjectId,
}

/// A person with a token of their own, at its customer.
#[derive(Debug)]
pub struct Myself {
    pub caller: Caller,
    pub id: PersonId,
}

/// The same in a look-up, which a client of every tier may make although its method is POST.
#[derive(Debug)]
pub struct Reader(pub Caller);

impl Client {
    /// The caller at a customer that a query or a body names. Whether another customer exists is nobody's to know, so
    /// every other id is answered alike.
    pub fn at(self, customer: ObjectId) -> Result<Caller, Error> {
        if customer != self.customer {
            return Err(Error::OtherCustomer);
        }
        Ok(Caller { caller: self.caller, customer })
    }
}

impl FromRequestParts<Api> for Client {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Error> {
        let (client, tier) = authenticate(parts, api).await?;
        tier.check(&parts.method)?;
        Ok(client)
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Error> {
        let (client, tier) = authenticate(parts, api).await?;
        let caller = client.at(customer_of(parts, api).await?)?;
        tier.check(&parts.method)?;
        Ok(caller)
    }
}

impl FromRequestParts<Api> for Myself {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Error> {
        let (client, tier) = authenticate(parts, api).await?;
        let id = client.caller.person.ok_or(Error::NoUser)?;
        tier.check(&parts.method)?;
        let customer = client.customer;
        Ok(Self { caller: client.at(customer)?, id })
    }
}

impl FromRequestParts<Api> for Reader {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Error> {
        let (client, _) = authenticate(parts, api).await?;
        Ok(Self(client.at(customer_of(parts, api).await?)?))
    }
}

async fn authenticate(parts: &mut Parts, api: &Api) -> Result<(Client, Tier), Error> {
    let claims = bearer(parts)
        .and_then(|token| api.tokens.read(api.directory.signer(), token))
        .filter(|claims| claims.is_good(api.directory.now()))
        .ok_or(AccessError::Unauthenticated)?;
    let context = context(&parts.extensions, Dialect::Laurel);
    let scopes = claims.scope.scopes();
    let caller = api.directory.caller_with_token(&context, &claims.sub, scopes).await?;
    Ok((Client { caller, customer: claims.customer.0 }, claims.scope))
}

async fn customer_of(parts: &mut Parts, api: &Api) -> Result<ObjectId, Error> {
    let params = RawPathParams::from_request_parts(parts, api).await.map_err(|_| RequestError::BadPath)?;
    let named = params.iter().find(|(name, _)| *name == "customerId").map_or("", |(_, value)| value);
    Ok(wire::object_id("customerId", named)?)
}

impl Api {
    pub fn new(directory: Arc<Directory>, settings: Settings) -> Self {
        Self { directory, settings, tokens: Arc::new(TokenReader::new(ALGORITHM)) }
    }

    pub fn scoped<'a>(&'a self, caller: &'a Caller) -> TenantScope<'a> {
        self.directory.scoped(&caller.caller)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn claims(scopes: &[&str]) -> Claims {
        let scopes = Scopes(scopes.iter().map(ToString::to_string).collect());
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        Claims::new("client", ObjectId([0x64; 12]), &scopes, now)
    }

    #[test]
    fn a_token_names_its_client_customer_and_tier_for_a_day() {
        let written = serde_json::to_value(claims(&["readwrite"])).unwrap();
        assert_eq!(
            written,
            json!({
                "iss": "personae/laurel", "aud": "https://timeautomation.com", "sub": "client",
                "customer": "646464646464646464646464", "scope": "readwrite",
                "iat": 1_700_000_000, "exp": 1_700_086_400,
            })
        );
        assert_eq!(serde_json::from_value::<Claims>(written).unwrap(), claims(&["readwrite"]));
    }

    #[test]
    fn it_ends_with_the_second_it_names() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert!(claims(&[]).is_good(at(1_700_086_399)));
        assert!(!claims(&[]).is_good(at(1_700_086_400)));
    }

    #[test]
    fn claims_of_another_kind_are_none() {
        let good = serde_json::to_value(claims(&["read"])).unwrap();
        let with = |name: &str, value: Value| {
            let mut changed = good.clone();
            changed[name] = value;
            serde_json::from_value::<Claims>(changed)
        };
        assert!(with("iss", json!("personae/laurel")).is_ok());
        for (name, value) in [
            ("iss", json!("personae/relesys")),
            ("iss", json!(null)),
            ("aud", json!("https://example.com")),
            ("scope", json!("admin")),
            ("customer", json!("64")),
            ("exp", json!("never")),
        ] {
            assert!(with(name, value).is_err(), "{name}");
        }
        for name in ["iss", "aud", "sub", "customer", "scope", "iat", "exp"] {
            let mut lacking = good.clone();
            lacking.as_object_mut().unwrap().remove(name);
            assert!(serde_json::from_value::<Claims>(lacking).is_err(), "{name}");
        }
    }

    #[test]
    fn a_reader_only_reads() {
        for (scopes, tier) in [
            (&["read"][..], Tier::Read),
            (&["readwrite"], Tier::Readwrite),
            (&["read", "readwrite"], Tier::Readwrite),
            (&[], Tier::Read),
            (&["write"], Tier::Read),
        ] {
            assert_eq!(claims(scopes).scope, tier, "{scopes:?}");
        }
        for method in [Method::GET, Method::HEAD] {
            assert!(Tier::Read.allows(&method) && Tier::Readwrite.allows(&method));
        }
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            assert!(!Tier::Read.allows(&method) && Tier::Readwrite.allows(&method), "{method}");
        }
    }
}
