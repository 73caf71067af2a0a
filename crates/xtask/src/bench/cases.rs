//! What is measured: for each API one user read and one user updated, and Laurel's search.

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
}

/// All cases, reads first, so that they meet the store as it was seeded.
pub(crate) fn all() -> Vec<Case> {
    let of = |kind| Dialect::ALL.map(|dialect| Case { dialect, kind });
    let search = Case { dialect: Dialect::Laurel, kind: Kind::Search };
    of(Kind::Read).into_iter().chain(of(Kind::Update)).chain([search]).collect()
}

impl Case {
    pub(crate) fn name(self) -> String {
        let kind = match self.kind {
            Kind::Read => "read",
            Kind::Update => "update",
            Kind::Search => "search",
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
        assert_eq!(names.last().map(String::as_str), Some("laurel search"));
    }
}
