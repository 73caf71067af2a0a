//! Every tenant and organization of a store, and which of them a command means.

use directory::ids::{Number, ObjectId, OrganizationId, TenantId};
use directory::organization::Organization;
use directory::store::TenantTree;
use directory::text::fold;

use crate::commands::values::parse_text;
use crate::context::Context;
use crate::error::Error;
use crate::visible;

/// Which organization or tenant a command is about.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Place {
    /// The organization: its id in any API, or its name
    #[arg(long, short, value_name = "ORGANIZATION", value_parser = parse_text)]
    pub organization: Option<String>,
    /// The tenant's number, where several have such an organization
    #[arg(long, value_name = "NUMBER")]
    pub tenant: Option<u32>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct TenantIndex {
    pub trees: Vec<TenantTree>,
}

impl TenantIndex {
    pub(crate) async fn load(context: &Context) -> Result<Self, Error> {
        Ok(Self { trees: context.directory.operator().organizations().await? })
    }

    /// Every organization that the place can mean, with its tenant.
    pub(crate) fn matching(&self, place: &Place) -> Vec<(TenantId, &Organization)> {
        let trees =
            self.trees.iter().filter(|tree| place.tenant.is_none_or(|tenant| tree.tenant.id.0 == tenant));
        let all = trees.flat_map(|tree| tree.organizations.iter().map(move |it| (tree.tenant.id, it)));
        match &place.organization {
            None => all.collect(),
            Some(text) => {
                let wanted = Wanted::of(text);
                all.filter(|(_, organization)| wanted.is(organization)).collect()
            }
        }
    }

    /// The one organization that the place means. Without a word about it: the only one there is.
    pub(crate) fn organization(&self, place: &Place) -> Result<(TenantId, &Organization), Error> {
        let found = self.matching(place);
        match found.as_slice() {
            [one] => Ok(*one),
            [] => Err(self.nothing(place)),
            several => Err(Error::new("this can mean more than one organization")
                .choices("say which with --organization ID:", list(several))),
        }
    }

    /// The one tenant that the place means. Without a word about it: the only one there is.
    pub(crate) fn tenant(&self, place: &Place) -> Result<TenantId, Error> {
        let found = self.matching(place);
        let mut tenants: Vec<TenantId> = found.iter().map(|(tenant, _)| *tenant).collect();
        tenants.dedup();
        match tenants.as_slice() {
            [one] => Ok(*one),
            [] => Err(self.nothing(place)),
            _ => {
                let roots: Vec<_> = found.into_iter().filter(|(_, it)| it.parent.is_none()).collect();
                Err(Error::new("this can mean more than one tenant")
                    .choices("say which with --tenant NUMBER:", list(&roots)))
            }
        }
    }

    /// The tenant that the place means, with the root of its organizations.
    pub(crate) fn root(&self, place: &Place) -> Result<(TenantId, OrganizationId), Error> {
        let tenant = self.tenant(place)?;
        let all = self.trees.iter().find(|tree| tree.tenant.id == tenant).map(|tree| &tree.organizations);
        let root = all.and_then(|all| all.iter().find(|it| it.parent.is_none()));
        Ok((tenant, root.ok_or_else(|| self.nothing(place))?.id))
    }

    pub(crate) fn find(&self, tenant: TenantId, id: OrganizationId) -> Option<&Organization> {
        let tree = self.trees.iter().find(|tree| tree.tenant.id == tenant)?;
        tree.organizations.iter().find(|organization| organization.id == id)
    }

    /// The name of an organization, for people to read in a line of text.
    pub(crate) fn name(&self, tenant: TenantId, id: OrganizationId) -> String {
        let name = self.find(tenant, id).map(|organization| visible::line(&organization.name).into_owned());
        name.unwrap_or_else(|| id.to_string())
    }

    fn nothing(&self, place: &Place) -> Error {
        if self.trees.is_empty() {
            return Error::new("this store is empty").hint("begin with: personae organization add NAME");
        }
        let what = match (&place.organization, place.tenant) {
            (Some(text), _) => format!("there is no organization {text:?} here"),
            (None, Some(tenant)) => format!("there is no tenant {tenant}"),
            (None, None) => "there is no organization".to_owned(),
        };
        Error::new(what).hint("see them all with: personae organization list")
    }
}

/// At most so many are listed in a hint; more are no help.
const LISTED: usize = 10;

fn list(organizations: &[(TenantId, &Organization)]) -> Vec<String> {
    let mut lines: Vec<String> = organizations
        .iter()
        .take(LISTED)
        .map(|(tenant, it)| format!("{}  {} (tenant {tenant})", it.id, it.name))
        .collect();
    if organizations.len() > LISTED {
        lines.push(format!("and {} more", organizations.len() - LISTED));
    }
    lines
}

/// What a text can be of an organization.
struct Wanted {
    id: Option<OrganizationId>,
    number: Option<Number>,
    object_id: Option<ObjectId>,
    name: String,
}

impl Wanted {
    fn of(text: &str) -> Self {
        Self {
            id: text.parse().ok(),
            number: text.parse().ok().and_then(Number::new),
            object_id: text.parse().ok(),
            name: fold(text),
        }
    }

    fn is(&self, organization: &Organization) -> bool {
        self.id == Some(organization.id)
            || self.number == Some(organization.number)
            || self.object_id == Some(organization.object_id)
            || self.name == fold(&organization.name)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use directory::organization::{Region, Tenant};
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;

    /// Two tenants, each with a root and a branch called North.
    pub(crate) fn tenants() -> TenantIndex {
        let organization = |tenant: u8, number: u8, name: &str| Organization {
            id: OrganizationId(Uuid::from_u128(u128::from(tenant) * 100 + u128::from(number))),
            number: Number::new(number.into()).unwrap(),
            object_id: ObjectId([tenant * 16 + number; 12]),
            parent: (number > 1).then(|| OrganizationId(Uuid::from_u128(u128::from(tenant) * 100 + 1))),
            name: name.to_owned(),
            external_id: None,
            created_at: Timestamp::UNIX_EPOCH,
        };
        let tree = |tenant: u8, root: &str| TenantTree {
            tenant: Tenant {
                id: TenantId(tenant.into()),
                object_id: ObjectId([tenant; 12]),
                region: Region::Iad,
                created_at: Timestamp::UNIX_EPOCH,
            },
            organizations: vec![organization(tenant, 1, root), organization(tenant, 2, "North")],
        };
        TenantIndex { trees: vec![tree(1, "Aurora"), tree(2, "Borealis")] }
    }

    fn place(organization: Option<&str>, tenant: Option<u32>) -> Place {
        Place { organization: organization.map(str::to_owned), tenant }
    }

    #[test]
    fn an_organization_is_found_by_any_of_its_names() {
        let tenants = tenants();
        let root = tenants.trees[0].organizations[0].clone();
        for text in ["aurora", "Aurora", &root.id.to_string(), &root.object_id.to_string()] {
            let (tenant, found) = tenants.organization(&place(Some(text), None)).unwrap();
            assert_eq!((tenant, found), (TenantId(1), &root), "{text}");
        }
        let (tenant, found) = tenants.organization(&place(Some("2"), Some(2))).unwrap();
        assert_eq!((tenant, found.name.as_str()), (TenantId(2), "North"));
    }

    #[test]
    fn what_can_mean_several_is_asked_about() {
        let tenants = tenants();
        for (organization, tenant) in [(Some("north"), None), (None, Some(1)), (None, None)] {
            let failure = tenants.organization(&place(organization, tenant)).unwrap_err().to_string();
            assert!(failure.contains("more than one organization"), "{failure}");
        }
        assert_eq!(tenants.tenant(&place(None, Some(2))).unwrap(), TenantId(2));
        assert_eq!(tenants.tenant(&place(Some("Borealis"), None)).unwrap(), TenantId(2));
        let failure = tenants.tenant(&place(None, None)).unwrap_err().to_string();
        assert!(failure.contains("more than one tenant") && failure.contains("Borealis"), "{failure}");
    }

    #[test]
    fn what_is_not_there_is_said() {
        let failure = tenants().organization(&place(Some("South"), None)).unwrap_err().to_string();
        assert!(failure.contains("no organization \"South\""), "{failure}");
        let failure = TenantIndex::default().tenant(&Place::default()).unwrap_err().to_string();
        assert!(failure.contains("hint: begin with: personae organization add NAME"), "{failure}");
    }
}
