//! Scopes (api.relesysapp.net/docs/latest/concepts/scopes): an area, and what may be done there.

use directory::credential::Scopes;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    area: Area,
    access: Access,
}

/// Other areas have scopes of the same pattern; nothing of them is served here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Area {
    All,
    Users,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Both,
    Read,
    Write,
}

impl Scope {
    pub const READ_USERS: Self = Self { area: Area::Users, access: Access::Read };
    pub const WRITE_USERS: Self = Self { area: Area::Users, access: Access::Write };

    /// In the order in which the vendor's pages list them.
    const ALL: [(&'static str, Self); 6] = [
        ("relesys.api", Self { area: Area::All, access: Access::Both }),
        ("relesys.api:read", Self { area: Area::All, access: Access::Read }),
        ("relesys.api:write", Self { area: Area::All, access: Access::Write }),
        ("relesys.api.users", Self { area: Area::Users, access: Access::Both }),
        ("relesys.api.users:read", Self::READ_USERS),
        ("relesys.api.users:write", Self::WRITE_USERS),
    ];

    /// More than these a client can only ask for by naming one twice.
    pub const COUNT: usize = Self::ALL.len();

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(name, _)| *name == text).map(|(_, scope)| scope)
    }

    /// Whether whoever has this scope has the other one with it.
    fn covers(self, other: Self) -> bool {
        let area = self.area == Area::All || self.area == other.area;
        let access = self.access == Access::Both || self.access == other.access;
        area && access
    }

    /// Whether one of the scopes covers this one.
    pub fn is_in(self, granted: &Scopes) -> bool {
        granted.0.iter().filter_map(|text| Self::parse(text)).any(|scope| scope.covers(self))
    }

    /// The names of the scopes that open what needs this one.
    pub fn accepted(self) -> impl Iterator<Item = &'static str> {
        Self::ALL.into_iter().filter(move |(_, scope)| scope.covers(self)).map(|(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given_with(credential: &str) -> Vec<&'static str> {
        let granted = Scopes(vec![credential.to_owned()]);
        Scope::ALL.into_iter().filter(|(_, scope)| scope.is_in(&granted)).map(|(name, _)| name).collect()
    }

    #[test]
    fn a_scope_covers_what_is_within_its_area_and_access() {
        for (credential, covered) in [
            (
                "relesys.api",
                &[
                    "relesys.api",
                    "relesys.api:read",
                    "relesys.api:write",
                    "relesys.api.users",
                    "relesys.api.users:read",
                    "relesys.api.users:write",
                ][..],
            ),
            ("relesys.api:read", &["relesys.api:read", "relesys.api.users:read"]),
            ("relesys.api:write", &["relesys.api:write", "relesys.api.users:write"]),
            (
                "relesys.api.users",
                &["relesys.api.users", "relesys.api.users:read", "relesys.api.users:write"],
            ),
            ("relesys.api.users:read", &["relesys.api.users:read"]),
            ("relesys.api.users:write", &["relesys.api.users:write"]),
            ("relesys.api.media", &[]),
            ("Relesys.Api", &[]),
            ("", &[]),
        ] {
            assert_eq!(given_with(credential), covered, "{credential}");
        }
    }

    #[test]
    fn endpoints_accept_the_scopes_that_their_pages_list() {
        let accepted = |scope: Scope| scope.accepted().collect::<Vec<_>>();
        assert_eq!(
            accepted(Scope::READ_USERS),
            ["relesys.api", "relesys.api:read", "relesys.api.users", "relesys.api.users:read"]
        );
        assert_eq!(
            accepted(Scope::WRITE_USERS),
            ["relesys.api", "relesys.api:write", "relesys.api.users", "relesys.api.users:write"]
        );
    }
}
