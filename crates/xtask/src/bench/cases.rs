//! What is measured: for each API one user read and one user updated; Laurel's search; Relesys' lists, and users created there.

use anyhow::Context;

use super::load::{NUMBER, Workload};
use crate::calls::{Dialect, Session};
use crate::personae::{Demo, DemoPerson};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Case {
    pub dialect: Dialect,
    pub kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    Update,
    Search,
    List,
    Create,
}

impl Kind {
    /// A page is dear, and whoever reads pages waits for one before the next: fewer clients do so at the same time.
    pub(crate) fn connections(self, most: usize) -> usize {
        match self {
            Self::List => most.min(16),
            Self::Read | Self::Update | Self::Search | Self::Create => most,
        }
    }
}

/// By what users are sorted, in either direction.
const SORT_KEYS: [&str; 13] = [
    "birthDate",
    "creationDateTime",
    "dataSource",
    "email",
    "employmentDate",
    "employmentEndDate",
    "externalId",
    "lastModifiedDateTime",
    "name",
    "secondaryEmail",
    "status",
    "title",
    "userName",
];

/// Filters that leave everybody, many, few or nobody.
const FILTERS: [&str; 9] = [
    "status=Activated",
    "status=Disabled",
    "title=Nurse",
    "name%5Bgte%5D=M",
    "email%5Blt%5D=c&sort=email",
    "creationDateTime%5Bgte%5D=2020-01-01T00:00:00Z",
    "employmentEndDate%5Blt%5D=2030-01-01T00:00:00Z",
    "userName=nobody",
    "status=Pending&sort=name",
];

/// All cases, reads first, so that they meet the store as it was seeded.
pub(crate) fn all() -> Vec<Case> {
    let of = |kind| Dialect::ALL.map(|dialect| Case { dialect, kind });
    let search = Case { dialect: Dialect::Laurel, kind: Kind::Search };
    let of_relesys = [Kind::List, Kind::Create].map(|kind| Case { dialect: Dialect::Relesys, kind });
    of(Kind::Read).into_iter().chain(of(Kind::Update)).chain([search]).chain(of_relesys).collect()
}

impl Case {
    pub(crate) fn name(self) -> String {
        let kind = match self.kind {
            Kind::Read => "read",
            Kind::Update => "update",
            Kind::Search => "search",
            Kind::List => "list",
            Kind::Create => "create",
        };
        format!("{} {kind}", self.dialect.name())
    }

    /// One request for each person the demo names.
    pub(crate) fn workload(self, session: &Session, demo: &Demo) -> anyhow::Result<Workload> {
        let people = demo.people.iter();
        match self.kind {
            Kind::Read => Workload::new(people.map(|person| session.read(person))),
            Kind::Update => {
                let value = format!("Bench {NUMBER}");
                Workload::new(people.map(|person| session.update(person, &value)))
            }
            Kind::Search => {
                let requests: Option<Vec<_>> = people.map(|person| session.search(word(person))).collect();
                Workload::new(requests.context("this API has no search")?)
            }
            Kind::List => {
                let sorted =
                    SORT_KEYS.into_iter().flat_map(|key| [format!("sort={key}"), format!("sort=-{key}")]);
                let queries = sorted.chain(FILTERS.map(str::to_owned));
                let requests: Option<Vec<_>> = queries.map(|query| session.list(&query)).collect();
                Workload::new(requests.context("this API has no list here")?)
            }
            Kind::Create => {
                let department = demo.relesys.department_ids.first().context("the demo has no department")?;
                let external_id = format!("bench-{NUMBER}");
                let request = session.create(department, &external_id);
                Workload::new([request.context("this API creates nobody here")?])
            }
        }
    }
}

/// What someone types to find this person: the e-mail address up to the at sign.
fn word(person: &DemoPerson) -> &str {
    person.email.split('@').next().unwrap_or(&person.email)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_api_is_read_and_updated() {
        let names: Vec<String> = all().into_iter().map(Case::name).collect();
        for dialect in Dialect::ALL {
            assert!(names.contains(&format!("{} read", dialect.name())));
            assert!(names.contains(&format!("{} update", dialect.name())));
        }
        assert_eq!(names[8..], ["laurel search", "relesys list", "relesys create"]);
    }
}
