//! What the log is told of an answer that turns somebody away.

use axum::response::Response;
use directory::{AccessError, Refusal, SignInRefusal};

/// Why somebody was turned away, in the extensions of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// A person with a password.
    LogIn,
    /// A key, a token, or a client with its secret; also one that is missing.
    Credential,
    /// A caller who is known and may not do what was asked.
    Right,
}

impl Refused {
    /// None where nobody was turned away for who they are: too many requests, or a store that does not answer.
    pub fn denied(denied: &AccessError) -> Option<Self> {
        match denied {
            AccessError::Unauthenticated | AccessError::TooManyFailures(_) => Some(Self::Credential),
            AccessError::Throttled(_) | AccessError::Unavailable => None,
        }
    }

    pub fn not_signed_in(refusal: &SignInRefusal) -> Option<Self> {
        match refusal {
            SignInRefusal::BadCredentials
            | SignInRefusal::NoMembership
            | SignInRefusal::TooManyFailures(_) => Some(Self::LogIn),
            SignInRefusal::Busy | SignInRefusal::Unavailable => None,
        }
    }

    /// A person whom the caller may not know of is as one who does not exist, which is no refused right.
    pub fn refusal(refusal: &Refusal) -> Option<Self> {
        match refusal {
            Refusal::NotAllowed(_) | Refusal::NotADirectChild => Some(Self::Right),
            Refusal::CallerGone => Some(Self::Credential),
            Refusal::NoSuchPerson
            | Refusal::NoSuchEntity(_)
            | Refusal::InUse { .. }
            | Refusal::NotActive
            | Refusal::Taken { .. }
            | Refusal::Unknown { .. }
            | Refusal::Invalid { .. }
            | Refusal::Unavailable => None,
        }
    }

    /// The answer, with the reason for the log.
    pub fn note(refused: Option<Self>, mut answer: Response) -> Response {
        if let Some(refused) = refused {
            answer.extensions_mut().insert(refused);
        }
        answer
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::LogIn => "log-in",
            Self::Credential => "credential",
            Self::Right => "right",
        }
    }
}
