//! Whether a person may work, and if not, why.

/// Every API shows a coarser or finer cut of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Asked to join, not yet here.
    Invited,
    Active,
    DisabledByAdmin,
    DisabledByOrganization,
    LoginBlocked,
}

impl Status {
    pub const ALL: [Self; 5] = [
        Self::Invited,
        Self::Active,
        Self::DisabledByAdmin,
        Self::DisabledByOrganization,
        Self::LoginBlocked,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
            Self::DisabledByAdmin => "disabled_by_admin",
            Self::DisabledByOrganization => "disabled_by_organization",
            Self::LoginBlocked => "login_blocked",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// May this person sign in?
    pub fn may_sign_in(self) -> bool {
        self == Self::Active
    }
}
