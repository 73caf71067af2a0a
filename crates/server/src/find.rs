//! Finding a person by whatever one has at hand: any id, e-mail, user name or external id of any API.

use directory::email::Email;
use directory::identity::{Identity, LaurelType, Source};
use directory::ids::{InvitationId, Number, ObjectId, OrganizationId, PersonId, TenantId};
use directory::limits;
use directory::store::{Location, PersonKey};
use directory::text::fold;

use crate::context::Context;
use crate::error::Error;
use crate::tenant_index::{Place, TenantIndex};

/// One person, and where they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub tenant: TenantId,
    pub person: PersonId,
    /// Where the person is a member and the command looks; never empty.
    pub organizations: Vec<OrganizationId>,
}

/// Everything that a text can be of a person.
///
/// With a source in front, as in `relesys:NUA` or `azure:1f2e`, it is that alone; otherwise it is looked for everywhere.
pub(crate) fn guess(text: &str, organizations: &[OrganizationId]) -> Vec<PersonKey> {
    if text.is_empty() || text.chars().count() > limits::KEY {
        return Vec::new();
    }
    let mut keys = bare(text, organizations);
    if let Some((prefix, value)) = text.split_once(':').filter(|(_, value)| !value.is_empty()) {
        keys.extend(prefixed(prefix, value, organizations));
    }
    keys
}

fn bare(text: &str, organizations: &[OrganizationId]) -> Vec<PersonKey> {
    let mut keys = Vec::new();
    keys.extend(text.parse::<PersonId>().ok().map(PersonKey::Id));
    keys.extend(text.parse::<InvitationId>().ok().map(PersonKey::Invitation));
    keys.extend(text.parse::<ObjectId>().ok().map(PersonKey::ObjectId));
    keys.extend(number(text));
    keys.extend(Email::parse(text).map(|email| PersonKey::Email(email.folded())));
    keys.push(PersonKey::UserName(fold(text)));
    keys.push(identity(Source::Relesys, text));
    keys.extend(organizations.iter().map(|organization| identity(Source::Replay(*organization), text)));
    keys.extend(LaurelType::ALL.iter().map(|kind| identity(Source::Laurel(*kind), text)));
    keys
}

/// What a text with a source in front can be; the source as events write it, or shorter.
fn prefixed(prefix: &str, value: &str, organizations: &[OrganizationId]) -> Vec<PersonKey> {
    let laurel = |kind: &str, value: &str| {
        LaurelType::parse(kind).map(|kind| identity(Source::Laurel(kind), value)).into_iter().collect()
    };
    match prefix.to_ascii_lowercase().as_str() {
        "id" => value.parse().ok().map(PersonKey::Id).into_iter().collect(),
        "invitation" => value.parse().ok().map(PersonKey::Invitation).into_iter().collect(),
        "number" => number(value).into_iter().collect(),
        "object-id" => value.parse().ok().map(PersonKey::ObjectId).into_iter().collect(),
        "user-name" => vec![PersonKey::UserName(fold(value))],
        "email" => {
            let address = Email::parse(value).map(|email| PersonKey::Email(email.folded()));
            address.into_iter().chain([identity(Source::Laurel(LaurelType::Email), value)]).collect()
        }
        "relesys" => vec![identity(Source::Relesys, value)],
        "replay" => match value.split_once(':').and_then(|(id, value)| Some((id.parse().ok()?, value))) {
            Some((organization, value)) => vec![identity(Source::Replay(organization), value)],
            None => organizations.iter().map(|it| identity(Source::Replay(*it), value)).collect(),
        },
        "laurel" => value
            .split_once(':')
            .map(|(kind, value)| laurel(&kind.to_ascii_lowercase(), value))
            .unwrap_or_default(),
        kind => laurel(kind, value),
    }
}

fn number(text: &str) -> Option<PersonKey> {
    // A plus sign and leading zeros belong to an external id, not to a number.
    let number = text.parse().ok().and_then(Number::new)?;
    (number.to_string() == text).then_some(PersonKey::Number(number))
}

fn identity(source: Source, value: &str) -> PersonKey {
    let identity = Identity { source, value: value.to_owned() };
    let folded = identity.folded();
    PersonKey::Identity(identity.source, folded)
}

/// The one person that a text means.
pub(crate) async fn find(
    context: &Context,
    tenants: &TenantIndex,
    text: &str,
    place: &Place,
) -> Result<Found, Error> {
    let places: Vec<(TenantId, OrganizationId)> =
        tenants.matching(place).into_iter().map(|(tenant, organization)| (tenant, organization.id)).collect();
    if places.is_empty() {
        // Says why: no such organization, no such tenant, or an empty store.
        tenants.tenant(place)?;
    }
    let organizations: Vec<OrganizationId> = places.iter().map(|(_, organization)| *organization).collect();
    let keys = guess(text, &organizations);
    if keys.is_empty() {
        return Err(nobody(text));
    }
    let located = context.directory.operator().locate(keys).await?;
    one_of(text, tenants, within(located, &places))
}

/// What of it lies in these places, each person once.
fn within(located: Vec<Location>, places: &[(TenantId, OrganizationId)]) -> Vec<Found> {
    let mut people: Vec<Found> = Vec::new();
    for Location { tenant, person, mut organizations } in located {
        organizations.retain(|organization| places.contains(&(tenant, *organization)));
        let known = people.iter().any(|found| (found.tenant, found.person) == (tenant, person));
        if !organizations.is_empty() && !known {
            people.push(Found { tenant, person, organizations });
        }
    }
    people
}

fn one_of(text: &str, tenants: &TenantIndex, mut people: Vec<Found>) -> Result<Found, Error> {
    if people.len() > 1 {
        let lines: Vec<String> = people
            .iter()
            .map(|found| {
                let names: Vec<String> =
                    found.organizations.iter().map(|id| tenants.name(found.tenant, *id)).collect();
                format!("id:{}  {} (tenant {})", found.person, names.join(", "), found.tenant)
            })
            .collect();
        return Err(Error::new(format!("{text:?} can mean {} people", people.len()))
            .choices("say which with --organization, with --tenant, or by id:", lines));
    }
    people.pop().ok_or_else(|| nobody(text))
}

fn nobody(text: &str) -> Error {
    Error::new(format!("nobody is known by {text:?}")).hint(
        "a person is found by id, number, e-mail, user name or external id; relesys:VALUE, replay:VALUE and azure:VALUE look \
         in one place",
    )
}

impl Found {
    /// The one organization to act in, where that makes a difference.
    pub(crate) fn only_organization(&self, tenants: &TenantIndex) -> Result<OrganizationId, Error> {
        match self.organizations.as_slice() {
            [one] => Ok(*one),
            several => {
                let lines: Vec<String> =
                    several.iter().map(|id| format!("{id}  {}", tenants.name(self.tenant, *id))).collect();
                Err(Error::new("the person is a member of several organizations")
                    .choices("say which with --organization:", lines))
            }
        }
    }

    /// An organization to act in, where any will do.
    pub(crate) fn any_organization(&self) -> OrganizationId {
        self.organizations[0]
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::tenant_index::tests::tenants;

    const UUID: &str = "018f3c1e-0000-7000-8000-00000000000a";

    fn organizations() -> Vec<OrganizationId> {
        [1, 2].map(|n| OrganizationId(Uuid::from_u128(n))).to_vec()
    }

    fn relesys(value: &str) -> PersonKey {
        PersonKey::Identity(Source::Relesys, value.into())
    }

    #[test]
    fn a_text_is_all_that_it_can_be() {
        let guess = |text: &str| guess(text, &organizations());
        let external = 1 + 1 + 2 + 23;
        for (text, first) in [
            (UUID, PersonKey::Id(UUID.parse().unwrap())),
            ("65f0A0000000000000000001", PersonKey::ObjectId("65f0a0000000000000000001".parse().unwrap())),
            ("42", PersonKey::Number(Number::new(42).unwrap())),
            ("Ada@A.example", PersonKey::Email("ada@a.example".into())),
        ] {
            let keys = guess(text);
            assert_eq!(keys[0], first, "{text}");
            assert!(keys.contains(&relesys(text)), "{text}: external ids are compared exactly");
            assert!(keys.contains(&PersonKey::UserName(fold(text))), "{text}");
            assert!(keys.len() > external, "{text}");
        }
        assert!(guess(UUID).contains(&PersonKey::Invitation(UUID.parse().unwrap())));
        for plain in ["NUA", "007", "+7", "0", "9007199254740992"] {
            assert_eq!(guess(plain).len(), external, "{plain} is none of our own ids");
        }
        assert_eq!(guess(""), []);
        assert_eq!(guess(&"x".repeat(321)), []);
    }

    #[test]
    fn a_source_in_front_names_the_place_to_look() {
        let has = |text: &str, key: &PersonKey| guess(text, &organizations()).contains(key);
        let laurel = |kind| PersonKey::Identity(Source::Laurel(kind), "X1".into());
        let replay = |n| PersonKey::Identity(Source::Replay(OrganizationId(Uuid::from_u128(n))), "X1".into());
        assert!(has("relesys:X1", &relesys("X1")));
        assert!(has("azure:X1", &laurel(LaurelType::Azure)));
        assert!(has("laurel:azure:X1", &laurel(LaurelType::Azure)));
        assert!(!has("azure:X1", &laurel(LaurelType::Auth0)));
        assert!(has("replay:X1", &replay(1)) && has("replay:X1", &replay(2)));
        let exact = format!("replay:{}:X1", OrganizationId(Uuid::from_u128(2)));
        assert!(has(&exact, &replay(2)) && !has(&exact, &replay(1)));
        assert!(has("number:42", &PersonKey::Number(Number::new(42).unwrap())));
        assert!(has("id:018f3c1e-0000-7000-8000-00000000000a", &PersonKey::Id(UUID.parse().unwrap())));
        assert!(has("a:b", &relesys("a:b")), "a colon may be part of the value itself");
    }

    #[test]
    fn several_people_are_told_apart_by_place() {
        let tenants = tenants();
        let id = |tenant: usize, number: usize| tenants.trees[tenant - 1].organizations[number - 1].id;
        let (one, two) = (PersonId(Uuid::from_u128(11)), PersonId(Uuid::from_u128(22)));
        let located = || {
            vec![
                Location { tenant: TenantId(1), person: one, organizations: vec![id(1, 1), id(1, 2)] },
                Location { tenant: TenantId(2), person: two, organizations: vec![id(2, 1)] },
                Location { tenant: TenantId(1), person: one, organizations: vec![id(1, 1), id(1, 2)] },
            ]
        };
        let all = |named: &[u32]| -> Vec<_> {
            let matching = tenants.matching(&Place::default());
            matching.iter().filter(|(it, _)| named.contains(&it.0)).map(|(it, o)| (*it, o.id)).collect()
        };
        let failure = one_of("ada", &tenants, within(located(), &all(&[1, 2]))).unwrap_err().to_string();
        assert!(
            failure.contains("can mean 2 people") && failure.contains("Borealis (tenant 2)"),
            "{failure}"
        );

        let found = one_of("ada", &tenants, within(located(), &all(&[1]))).unwrap();
        assert_eq!(found.person, one);
        assert!(found.only_organization(&tenants).unwrap_err().to_string().contains("several organizations"));
        let found = one_of("ada", &tenants, within(located(), &[(TenantId(1), id(1, 2))])).unwrap();
        assert_eq!(found.only_organization(&tenants).unwrap(), id(1, 2));
        assert!(
            one_of("ada", &tenants, vec![]).unwrap_err().to_string().contains("nobody is known by \"ada\"")
        );
    }
}
