//! What is known of a request before its credential is checked, and which one that turned out to be.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use crate::caller::Dialect;
use crate::credential::Credential;
use crate::ids::{SessionId, TenantId};

#[derive(Debug, Clone, PartialEq)]
pub struct RequestContext {
    pub dialect: Dialect,
    /// The id under which the log and the answer know this request.
    pub id: Arc<str>,
    /// The address that it came from, where that is known.
    pub source: Option<IpAddr>,
    /// The one tenant that the host name of the request is bound to: what belongs to others is unknown there.
    pub tenant: Option<TenantId>,
    pub named: Named,
}

/// The credential or the session that a request named and that exists, whether or not the request was let in. All
/// clones share one, so that the log can tell it. A text that names nothing is not kept: it may be a secret.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Named(Arc<OnceLock<NamedBy>>);

#[derive(Debug, PartialEq)]
enum NamedBy {
    Credential(Arc<Credential>),
    Session(SessionId),
}

impl Named {
    /// The public id of the credential.
    pub fn credential(&self) -> Option<&str> {
        match self.0.get()? {
            NamedBy::Credential(credential) => Some(&credential.public_id),
            NamedBy::Session(_) => None,
        }
    }

    pub fn session(&self) -> Option<SessionId> {
        match self.0.get()? {
            NamedBy::Credential(_) => None,
            NamedBy::Session(session) => Some(*session),
        }
    }

    /// The first one stays: a request has one.
    pub(crate) fn set_credential(&self, credential: &Arc<Credential>) {
        let _ = self.0.set(NamedBy::Credential(credential.clone()));
    }

    pub(crate) fn set_session(&self, session: SessionId) {
        let _ = self.0.set(NamedBy::Session(session));
    }
}

impl RequestContext {
    /// Whether a credential or a person of this tenant may be known here.
    pub fn admits(&self, tenant: TenantId) -> bool {
        self.tenant.is_none_or(|bound| bound == tenant)
    }
}
