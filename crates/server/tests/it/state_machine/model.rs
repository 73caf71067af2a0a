//! What is known of one person.

use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// Not a member any more.
    Gone,
    Pending,
    Active,
    Disabled,
    /// By the organization, and not by an administrator: only Laurel tells the two apart.
    FirmDisabled,
    LoginBlocked,
}

impl Status {
    pub(super) fn in_relesys(self) -> &'static str {
        match self {
            Self::Gone => unreachable!("nobody is shown"),
            Self::Pending => "Pending",
            Self::Active => "Activated",
            Self::Disabled | Self::FirmDisabled => "Disabled",
            Self::LoginBlocked => "LoginBlocked",
        }
    }

    pub(super) fn in_laurel(self) -> &'static str {
        match self {
            Self::Gone => unreachable!("nobody is shown"),
            Self::Pending | Self::Active => "active",
            Self::Disabled | Self::LoginBlocked => "adminDisabled",
            Self::FirmDisabled => "firmDisabled",
        }
    }
}

/// An invitation of Replay's that is open.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Invitation {
    pub(super) id: String,
    /// What somebody who was a user before becomes by accepting.
    pub(super) offer: Option<Offer>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Offer {
    pub(super) email: String,
    /// Empty where the offer says nothing of it.
    pub(super) given: String,
    pub(super) family: String,
    pub(super) manager: bool,
    pub(super) team: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Model {
    pub(super) status: Status,
    pub(super) invitation: Option<Invitation>,
    pub(super) given: String,
    pub(super) family: String,
    /// The text that Relesys wrote, where the parts do not join to it.
    full: Option<String>,
    pub(super) nickname: String,
    pub(super) title: Option<String>,
    pub(super) email: String,
    pub(super) groups: Vec<String>,
    pub(super) fields: BTreeMap<String, String>,
    pub(super) manager: bool,
    pub(super) team: Option<String>,
    pub(super) admin: bool,
    pub(super) group: u64,
    pub(super) read: Vec<i64>,
    pub(super) has_profession: bool,
    pub(super) roles: BTreeSet<String>,
    pub(super) department: Option<String>,
    pub(super) delegators: BTreeSet<usize>,
}

impl Model {
    pub(super) fn new(given: &str, family: &str, email: &str) -> Self {
        Self {
            status: Status::Active,
            invitation: None,
            given: given.to_owned(),
            family: family.to_owned(),
            full: None,
            nickname: String::new(),
            title: None,
            email: email.to_owned(),
            groups: Vec::new(),
            fields: BTreeMap::new(),
            manager: false,
            team: None,
            admin: false,
            group: 0,
            read: Vec::new(),
            has_profession: false,
            roles: BTreeSet::new(),
            department: None,
            delegators: BTreeSet::new(),
        }
    }

    pub(super) fn name(&self) -> String {
        let parts = [self.given.as_str(), self.family.as_str()];
        let joined = parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(" ");
        self.full.clone().unwrap_or(joined)
    }

    /// The addresses that nobody else can have.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &str> {
        let offered = self.invitation.iter().filter_map(|invitation| invitation.offer.as_ref());
        let all = [self.email.as_str()].into_iter().chain(offered.map(|offer| offer.email.as_str()));
        all.filter(|_| self.status != Status::Gone)
    }

    pub(super) fn write_full(&mut self, full: &str) {
        if self.name() == full {
            return;
        }
        let (given, family) = full.rsplit_once(' ').unwrap_or((full, ""));
        (self.given, self.family, self.full) = (given.to_owned(), family.to_owned(), None);
        if self.name() != full {
            self.full = Some(full.to_owned());
        }
    }

    pub(super) fn write_parts(&mut self, first: Option<&String>, last: Option<&String>) {
        let given = first.unwrap_or(&self.given).clone();
        let family = last.unwrap_or(&self.family).clone();
        if (&given, &family) != (&self.given, &self.family) {
            (self.given, self.family, self.full) = (given, family, None);
        }
    }

    /// Any other status than to be waited for leaves nothing to accept.
    pub(super) fn set_status(&mut self, status: Status) {
        self.status = status;
        if status != Status::Pending {
            self.invitation = None;
        }
    }

    /// The membership ends, and what another one begins with is as new.
    pub(super) fn leave(&mut self) {
        let new = Self::new("", "", "");
        (self.status, self.invitation) = (Status::Gone, None);
        (self.manager, self.team, self.admin) = (new.manager, new.team, new.admin);
        (self.group, self.read, self.has_profession) = (new.group, new.read, new.has_profession);
        (self.roles, self.delegators) = (new.roles, new.delegators);
    }

    /// The person becomes what they were invited as.
    pub(super) fn accept(&mut self, given: Option<&String>, family: Option<&String>) {
        let offer = self.invitation.take().and_then(|invitation| invitation.offer);
        self.status = Status::Active;
        let Some(offer) = offer else { return self.write_parts(given, family) };
        let offered = |text: &String| (!text.is_empty()).then(|| text.clone());
        let (given, family) =
            (given.cloned().or(offered(&offer.given)), family.cloned().or(offered(&offer.family)));
        self.write_parts(given.as_ref(), family.as_ref());
        (self.email, self.manager) = (offer.email, offer.manager);
        self.team = offer.team.or(self.team.take());
    }
}
