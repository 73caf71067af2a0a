//! What each vendor grants in a membership, as it stands in the membership's row: a column for each grant that statements look
//! at, and one document for all others. A further grant of a vendor is one more member of its part of the document.

use directory::ids::{Number, ObjectId, TeamId};
use directory::membership::{
    AccessType, KareGrant, KarePermissions, KareScope, LaurelGrant, Membership, ReplayGrant, ReplayRole,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Result, claims_of, json, list, named, parsed, permissions_of};

/// The columns, as they are written.
pub(crate) struct Written {
    pub(crate) team: Option<Uuid>,
    pub(crate) kare_scope: &'static str,
    pub(crate) profession: Option<i64>,
    pub(crate) laurel_roles: Option<String>,
    /// None where nothing else differs from what a membership begins with.
    pub(crate) grants: Option<String>,
}

/// The columns, as they are read.
pub(crate) struct Read<'a> {
    pub(crate) team: Option<Uuid>,
    pub(crate) kare_scope: &'a str,
    pub(crate) profession: Option<Number>,
    pub(crate) laurel_roles: Option<&'a str>,
    pub(crate) grants: Option<&'a str>,
}

#[derive(Serialize, Deserialize, Default, PartialEq)]
#[serde(default, deny_unknown_fields)]
struct Document {
    #[serde(skip_serializing_if = "is_default")]
    replay: Replay,
    #[serde(skip_serializing_if = "is_default")]
    kare: Kare,
    #[serde(skip_serializing_if = "is_default")]
    laurel: Laurel,
}

#[derive(Serialize, Deserialize, Default, PartialEq)]
#[serde(default, deny_unknown_fields)]
struct Replay {
    /// None is the default, here and below.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access: Option<String>,
}

#[derive(Serialize, Deserialize, Default, PartialEq)]
#[serde(default, deny_unknown_fields)]
struct Kare {
    #[serde(skip_serializing_if = "is_default")]
    group: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    read: Vec<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    manage: Vec<i64>,
}

#[derive(Serialize, Deserialize, Default, PartialEq)]
#[serde(default, deny_unknown_fields)]
struct Laurel {
    /// The claims. None: no super delegate.
    #[serde(skip_serializing_if = "Option::is_none")]
    super_delegate: Option<Vec<String>>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Written {
    pub(crate) fn of(membership: &Membership) -> Result<Self> {
        let Membership { replay, kare, laurel, .. } = membership;
        let roles: Vec<String> = laurel.roles.iter().map(ToString::to_string).collect();
        let document = Document {
            replay: Replay {
                role: (!is_default(&replay.role)).then(|| replay.role.as_str().to_owned()),
                access: (!is_default(&replay.access)).then(|| replay.access.as_str().to_owned()),
            },
            kare: Kare {
                group: kare.permissions.group,
                read: kare.permissions.read.clone(),
                manage: kare.permissions.manage.clone(),
            },
            laurel: Laurel { super_delegate: laurel.super_delegate.as_deref().map(claims_of) },
        };
        Ok(Self {
            team: replay.team.map(|id| id.0),
            kare_scope: kare.scope.as_str(),
            profession: kare.profession.map(|number| number.get().cast_signed()),
            laurel_roles: list(&roles)?,
            grants: if is_default(&document) { None } else { Some(json(&document)?) },
        })
    }
}

impl Read<'_> {
    pub(crate) fn fill(self, membership: &mut Membership) -> Result<()> {
        let Document { replay, kare, laurel } =
            self.grants.map(serde_json::from_str).transpose()?.unwrap_or_default();
        let name = |text: Option<String>, parse| text.map(|text| named(&text, parse)).transpose();
        membership.replay = ReplayGrant {
            role: name(replay.role, ReplayRole::parse)?.unwrap_or_default(),
            access: replay
                .access
                .map(|text| named(&text, AccessType::parse))
                .transpose()?
                .unwrap_or_default(),
            team: self.team.map(TeamId),
        };
        let permissions = KarePermissions { group: kare.group, read: kare.read, manage: kare.manage };
        let scope = named(self.kare_scope, KareScope::parse)?;
        membership.kare = KareGrant { scope, permissions, profession: self.profession };
        let roles: Vec<&str> = self.laurel_roles.map(serde_json::from_str).transpose()?.unwrap_or_default();
        membership.laurel = LaurelGrant {
            roles: roles.into_iter().map(parsed).collect::<Result<Vec<ObjectId>>>()?,
            super_delegate: laurel.super_delegate.map(permissions_of),
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use directory::ids::OrganizationId;
    use directory::organization::Permission;
    use jiff::Timestamp;

    use super::*;

    fn read_again(membership: &Membership) -> Membership {
        let written = Written::of(membership).unwrap();
        let mut read = Membership::new(membership.organization, membership.created_at);
        let columns = Read {
            team: written.team,
            kare_scope: written.kare_scope,
            profession: written.profession.and_then(|number| Number::new(number.cast_unsigned())),
            laurel_roles: written.laurel_roles.as_deref(),
            grants: written.grants.as_deref(),
        };
        columns.fill(&mut read).unwrap();
        read
    }

    fn new() -> Membership {
        Membership::new(OrganizationId(Uuid::from_u128(1)), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_membership_as_it_begins_has_no_document() {
        assert_eq!(Written::of(&new()).unwrap().grants, None);
        assert_eq!(read_again(&new()), new());
    }

    #[test]
    fn each_grant_is_read_as_it_was_written() {
        let mut all = new();
        all.replay = ReplayGrant {
            role: ReplayRole::Admin,
            access: AccessType::Dual,
            team: Some(TeamId(Uuid::nil())),
        };
        all.kare.scope = KareScope::Admin;
        all.kare.permissions = KarePermissions { group: u64::MAX, read: vec![-1, 2], manage: vec![i64::MIN] };
        all.kare.profession = Number::new(7);
        all.laurel.roles = vec![ObjectId([7; 12])];
        all.laurel.super_delegate = Some(vec![Permission { claim: "time:\"read\"".to_owned() }]);
        assert_eq!(read_again(&all), all);
        assert_eq!(
            Written::of(&all).unwrap().grants.unwrap(),
            r#"{"replay":{"role":"admin","access":"dual"},"kare":{"group":18446744073709551615,"read":[-1,2],"manage":[-9223372036854775808]},"laurel":{"super_delegate":["time:\"read\""]}}"#
        );
        // A super delegate without any permission is still one.
        let mut bare = new();
        bare.laurel.super_delegate = Some(Vec::new());
        assert_eq!(read_again(&bare), bare);
    }

    #[test]
    fn what_no_version_wrote_is_not_read() {
        for grants in [r#"{"other":1}"#, r#"{"replay":{"role":"king"}}"#, "[", r#"{"kare":{"group":-1}}"#] {
            let read = Read {
                team: None,
                kare_scope: "user",
                profession: None,
                laurel_roles: None,
                grants: Some(grants),
            };
            assert!(read.fill(&mut new()).is_err(), "{grants}");
        }
    }
}
