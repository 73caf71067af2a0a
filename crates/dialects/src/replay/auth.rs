//! Who is asking: the key in `x-api-key`. A Bearer token alone opens nothing here.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use directory::{AccessError, Dialect, Directory, TenantScope};

use super::error::Error;
use crate::http::{context, header};

/// What the handlers share.
#[derive(Debug, Clone)]
pub struct Api {
    pub directory: Arc<Directory>,
}

/// A company that presented a good key.
#[derive(Debug)]
pub struct Caller(pub directory::Caller);

impl FromRequestParts<Api> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Error> {
        let key = header(parts, "x-api-key").ok_or(AccessError::Unauthenticated)?;
        let caller = api.directory.caller_with_key(&context(&parts.extensions, Dialect::Replay), key).await?;
        Ok(Self(caller))
    }
}

impl Api {
    pub fn scoped<'a>(&'a self, caller: &'a Caller) -> TenantScope<'a> {
        self.directory.scoped(&caller.0)
    }
}
