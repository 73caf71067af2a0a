//! What is known of a request before its credential is checked.

use std::net::IpAddr;
use std::sync::Arc;

use crate::caller::Dialect;
use crate::ids::TenantId;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestContext {
    pub dialect: Dialect,
    /// The id under which the log and the answer know this request.
    pub id: Arc<str>,
    /// The address that it came from, where that is known.
    pub source: Option<IpAddr>,
    /// The one tenant that the host name of the request is bound to: what belongs to others is unknown there.
    pub tenant: Option<TenantId>,
}

impl RequestContext {
    /// Whether a credential or a person of this tenant may be known here.
    pub fn admits(&self, tenant: TenantId) -> bool {
        self.tenant.is_none_or(|bound| bound == tenant)
    }
}
