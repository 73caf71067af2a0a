//! A user group as Relesys sees it (api.relesysapp.net/docs/latest/endpoint/usergroups-patch-updateusergroup).

use directory::ids::{GroupId, ObjectId};
use directory::organization::Group;

use super::entity::{Kind, Member, Model, RulesOfVersions, member, rules};
use crate::http::time::ticks;
use crate::json_patch::Rules;
use crate::relesys::version::Version;
use crate::relesys::wire;

/// The user group with its address.
pub fn show(group: &Group, url: String) -> wire::UserGroup<'_> {
    wire::UserGroup {
        id: group.id.0,
        url,
        creation_date_time: ticks(group.created_at),
        last_modified_date_time: ticks(group.updated_at),
        name: &group.name,
        external_id: group.external_id.as_deref(),
        description: group.description.as_deref(),
    }
}

impl Model for Group {
    const MEMBERS: &'static [Member<Self>] = &[
        member("name", Kind::Name(|it| &mut it.name)),
        member("externalId", Kind::ExternalId(|it| &mut it.external_id)),
        member("description", Kind::Description(|it| &mut it.description)),
    ];
    const REQUIRED: &'static [&'static str] = &["name"];

    fn rules(version: Version) -> &'static Rules {
        static RULES: RulesOfVersions = RulesOfVersions::new(rules::<Group>);
        &RULES[version as usize]
    }

    fn bare() -> Self {
        Self::new(GroupId::NIL, ObjectId::NIL, "")
    }
}
