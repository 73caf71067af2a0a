//! Inviting people, who become users when they accept.

use std::collections::BTreeSet;

use super::{TenantScope, ports};
use crate::apply::Key;
use crate::attribute::Attribute;
use crate::change::Change;
use crate::email::Email;
use crate::entity::{Entity, EntityKey};
use crate::identity::{Family, Identity, Source};
use crate::ids::{InvitationId, TeamId};
use crate::invitation::{Invitation, Reinstatement};
use crate::membership::ReplayRole;
use crate::name::Name;
use crate::person::Person;
use crate::person_change::{NameChange, PersonChange};
use crate::record::{Include, Record};
use crate::refusal::Refusal;
use crate::status::Status;
use crate::store::{ChangeError, ChangePerson, PersonKey};

/// Who is to be invited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitee {
    pub email: Email,
    pub given: String,
    pub family: Option<String>,
    pub role: ReplayRole,
    /// In the organization that invites. A repeat with the same one finds the person instead.
    pub external_id: Option<String>,
}

/// Who is to be invited to a team of the organization that invites.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamInvitee {
    pub email: Email,
    pub team: TeamId,
    pub role: ReplayRole,
    /// Whether a mail goes out, which is counted when it is not the first.
    pub is_mailed: bool,
}

/// What became of an invitation that was asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Invited {
    New(Record),
    /// Somebody has the external id already, and is as they were.
    Known(Record),
}

impl TenantScope<'_> {
    /// Invites a person, or answers with the one who has the external id already: an active person, or one whose
    /// invitation is open. An invitation of this organization that ran out holds nothing up: its person is invited anew.
    ///
    /// # Errors
    /// `Taken` for the e-mail and the external id; those of [`Self::add_person`].
    pub async fn invite(&self, invitee: Invitee) -> Result<Invited, Refusal> {
        match self.invite_once(&invitee).await {
            // Of several at once with one external id, the first has made it meanwhile.
            Err(taken @ Refusal::Taken { .. }) => match self.known(&invitee).await? {
                Some(record) if self.is_current(&record) => Ok(Invited::Known(record)),
                Some(_) | None => Err(taken),
            },
            invited => invited,
        }
    }

    /// Invites a person to a team. Who holds an open invitation of this organization keeps it, with the team and the role that
    /// are asked for now; one that ran out is made anew, and says nothing of before.
    ///
    /// # Errors
    /// `NoSuchEntity` for a team of another organization; `Taken` for the e-mail; those of [`Self::add_person`].
    pub async fn invite_to_team(&self, invitee: TeamInvitee) -> Result<Record, Refusal> {
        match self.entity(EntityKey::Team(invitee.team)).await? {
            Entity::Team(team) if team.organization == self.organization => {}
            other => return Err(Refusal::NoSuchEntity(other.kind())),
        }
        let key = || PersonKey::Email(invitee.email.folded());
        if self.find(key()).await?.is_some() {
            return self.invite_again(key(), invitee).await;
        }
        let now = self.directory.now();
        let id = InvitationId(ports::uuid(now, self.directory.entropy()));
        let change = PersonChange {
            email: Change::Set(invitee.email.clone()),
            ..of_team(&invitee, Invitation::new(id, self.organization, now))
        };
        match self.add_person(change, None).await {
            // Of several at once the first has made it meanwhile; or somebody of another organization has the address.
            Err(taken @ Refusal::Taken { attribute: Attribute::Email }) => match self.find(key()).await? {
                Some(_) => self.invite_again(key(), invitee).await,
                None => Err(taken),
            },
            added => added,
        }
    }

    async fn invite_again(&self, key: PersonKey, invitee: TeamInvitee) -> Result<Record, Refusal> {
        let (now, organization) = (self.directory.now(), self.organization);
        let id = InvitationId(ports::uuid(now, self.directory.entropy()));
        let decide = move |record: &Record| {
            let person = &record.person;
            if let Some(open) = person.open_invitation(now).filter(|it| it.organization == organization) {
                let resend_count = open.resend_count.saturating_add(u32::from(invitee.is_mailed));
                let again = Invitation { resend_count, ..open.clone() };
                return Ok(match &open.reinstatement {
                    Some(offered) => {
                        let (role, team) = (invitee.role, Some(invitee.team));
                        offer(again, Reinstatement { role, team, ..Reinstatement::clone(offered) })
                    }
                    None => of_team(&invitee, again),
                });
            }
            let invitation = Invitation::new(id, organization, now);
            match person.status {
                Status::Invited if person.invitation.as_ref().is_some_and(|it| !it.is_open(now)) => {
                    Ok(PersonChange {
                        name: NameChange::Parts { given: Change::Clear, family: Change::Clear },
                        identities: [(Family::Replay(organization), Vec::new())].into(),
                        ..of_team(&invitee, invitation)
                    })
                }
                Status::DisabledByAdmin | Status::DisabledByOrganization | Status::LoginBlocked
                    if person.open_invitation(now).is_none() =>
                {
                    let (email, role, team) = (invitee.email.clone(), invitee.role, Some(invitee.team));
                    let name = Name::default();
                    Ok(offer(invitation, Reinstatement { email, name, external_id: None, role, team }))
                }
                Status::Invited
                | Status::Active
                | Status::DisabledByAdmin
                | Status::DisabledByOrganization
                | Status::LoginBlocked => Err(Refusal::Taken { attribute: Attribute::Email }),
            }
        };
        self.change_person(key, Include::default(), decide).await
    }

    async fn invite_once(&self, invitee: &Invitee) -> Result<Invited, Refusal> {
        let (holder, attribute) = match self.known(invitee).await? {
            Some(record) if self.is_current(&record) => return Ok(Invited::Known(record)),
            Some(record) => (Some(record), Attribute::Identities),
            None => (self.find(PersonKey::Email(invitee.email.folded())).await?, Attribute::Email),
        };
        let (now, entropy) = (self.directory.now(), self.directory.entropy());
        let invitation = Invitation::new(InvitationId(ports::uuid(now, entropy)), self.organization, now);
        let change = self.invitation_of(invitee, invitation.clone());
        let invited = match holder {
            None => self.add_person(change, None).await?,
            Some(holder) => {
                let offered = reinstatement(invitee);
                let decide = move |record: &Record| {
                    let person = &record.person;
                    let is_held = person.invitation.as_ref().is_some_and(|it| it.is_open(now));
                    match person.status {
                        Status::Invited if person.invitation.is_some() && !is_held => Ok(change.clone()),
                        Status::DisabledByAdmin | Status::DisabledByOrganization | Status::LoginBlocked
                            if !is_held =>
                        {
                            Ok(offer(invitation.clone(), offered.clone()))
                        }
                        Status::Invited
                        | Status::Active
                        | Status::DisabledByAdmin
                        | Status::DisabledByOrganization
                        | Status::LoginBlocked => Err(Refusal::Taken { attribute: attribute.clone() }),
                    }
                };
                self.change_person(PersonKey::Id(holder.person.id), Include::default(), decide).await?
            }
        };
        Ok(Invited::New(invited))
    }

    fn invitation_of(&self, invitee: &Invitee, invitation: Invitation) -> PersonChange {
        let source = Source::Replay(self.organization);
        let identity = |value: &String| Identity { source: source.clone(), value: value.clone() };
        let identities = invitee.external_id.iter().map(identity).collect();
        PersonChange {
            name: NameChange::Parts {
                given: Change::Set(invitee.given.clone()),
                family: Change::to(invitee.family.clone()),
            },
            email: Change::Set(invitee.email.clone()),
            status: Change::Set(Status::Invited),
            invitation: Change::Set(invitation),
            identities: [(Family::Replay(self.organization), identities)].into(),
            replay_role: Change::Set(invitee.role),
            ..PersonChange::default()
        }
    }

    /// The holder of the external id.
    async fn known(&self, invitee: &Invitee) -> Result<Option<Record>, Refusal> {
        match &invitee.external_id {
            Some(value) => {
                let source = Source::Replay(self.organization);
                self.find(PersonKey::Identity(source, value.clone())).await
            }
            None => Ok(None),
        }
    }

    async fn find(&self, key: PersonKey) -> Result<Option<Record>, Refusal> {
        let (tenant, organization) = (self.caller.tenant, self.organization);
        Ok(self.directory.store.person(tenant, organization, key, Include::default()).await?)
    }

    /// Accepts an invitation, of which nothing is left then: its person is an active user. A name that is not given is that of
    /// the invitation.
    ///
    /// # Errors
    /// `NoSuchPerson` for an invitation that is not open here, also when somebody else accepts it at the same moment;
    /// those of a change.
    pub async fn accept_invitation(
        &self,
        id: InvitationId,
        given: Option<String>,
        family: Option<String>,
    ) -> Result<Record, Refusal> {
        let invited = self.invited(id, Include::default()).await?;
        let team = invited.person.invitation.as_ref().and_then(|it| it.reinstatement.as_ref()?.team);
        // The team may have been deleted since: nobody is kept out for that.
        let has_team = match team {
            Some(team) => self.entity(EntityKey::Team(team)).await.is_ok(),
            None => true,
        };
        let (now, organization) = (self.directory.now(), self.organization);
        let decide = move |record: &Record| {
            let open = record.person.open_invitation(now).filter(|it| it.organization == organization);
            let change = acceptance(open.ok_or(Refusal::NoSuchPerson)?, given.clone(), family.clone());
            Ok(if has_team { change } else { PersonChange { team: Change::Keep, ..change } })
        };
        self.change_person(PersonKey::Invitation(id), Include::default(), decide).await
    }

    /// Withdraws an invitation that is open here: whoever was never here goes, and a disabled person stays as they are.
    ///
    /// # Errors
    /// `NoSuchPerson` for an invitation that is not open here; `Unavailable`.
    pub async fn revoke_invitation(&self, id: InvitationId) -> Result<(), Refusal> {
        let record = self.invited(id, Include::default()).await?;
        self.withdraw(id, &record.person).await
    }

    /// Ends the invitation of this person, however old it is. What they were when they were looked at is what they are, unless it
    /// has ended since: whatever gives an invited person another status ends it.
    async fn withdraw(&self, id: InvitationId, person: &Person) -> Result<(), Refusal> {
        let key = PersonKey::Invitation(id);
        let was_user = person.invitation.as_ref().is_some_and(|it| it.reinstatement.is_some());
        if person.status == Status::Invited && !was_user {
            return self.remove_person(key, Include::default()).await.map(drop);
        }
        let change = ChangePerson {
            tenant: self.caller.tenant,
            organization: self.organization,
            key,
            include: Include::default(),
            audit: self.audit(),
            decide: Box::new(|_| Ok(PersonChange { invitation: Change::Clear, ..PersonChange::default() })),
        };
        match self.directory.store.change_person(change).await {
            Ok(_) => Ok(()),
            Err(ChangeError::Refused(refusal)) => Err(refusal),
            // The decision is for it.
            Err(ChangeError::Decided) => Err(Refusal::Unavailable),
        }
    }

    /// Ends the invitations of the tenant that ran out and still keep one of these keys, each with its event. True when there
    /// were some: whoever wants the keys may have them now.
    pub(super) async fn free_expired(&self, keys: BTreeSet<Key>) -> bool {
        if keys.is_empty() {
            return false;
        }
        let (tenant, now) = (self.caller.tenant, self.directory.now());
        let expired = self.directory.store.expired_invitations(tenant, keys, now).await;
        let mut has_freed = false;
        for entry in expired.unwrap_or_default() {
            let there = Self { organization: entry.organization, ..*self };
            if let Ok(Some(record)) = there.find(PersonKey::Invitation(entry.id)).await {
                has_freed |= there.withdraw(entry.id, &record.person).await.is_ok();
            }
        }
        has_freed
    }

    fn is_current(&self, record: &Record) -> bool {
        let person = &record.person;
        person.status == Status::Active || person.open_invitation(self.directory.now()).is_some()
    }
}

/// The change by which a disabled person is invited again.
fn offer(invitation: Invitation, reinstatement: Reinstatement) -> PersonChange {
    let reinstatement = Some(reinstatement.into());
    PersonChange {
        invitation: Change::Set(Invitation { reinstatement, ..invitation }),
        ..PersonChange::default()
    }
}

fn reinstatement(invitee: &Invitee) -> Reinstatement {
    Reinstatement {
        email: invitee.email.clone(),
        name: Name::new(invitee.given.clone(), invitee.family.clone().unwrap_or_default()),
        external_id: invitee.external_id.clone(),
        role: invitee.role,
        team: None,
    }
}

/// The change by which an invitation is accepted. A name that is not given stays as the invitation has it.
fn acceptance(invitation: &Invitation, given: Option<String>, family: Option<String>) -> PersonChange {
    let set = |text: Option<String>| text.map_or(Change::Keep, Change::Set);
    let accepted = PersonChange::to_status(Status::Active);
    let Some(offered) = &invitation.reinstatement else {
        return PersonChange {
            name: NameChange::Parts { given: set(given), family: set(family) },
            ..accepted
        };
    };
    let Reinstatement { email, name, external_id, role, team } = Reinstatement::clone(offered);
    let some = |text: String| (!text.is_empty()).then_some(text);
    let source = Source::Replay(invitation.organization);
    let identity =
        external_id.map(|value| (Family::Replay(invitation.organization), vec![Identity { source, value }]));
    PersonChange {
        name: NameChange::Parts {
            given: set(given.or(some(name.given))),
            family: set(family.or(some(name.family))),
        },
        email: Change::Set(email),
        identities: identity.into_iter().collect(),
        replay_role: Change::Set(role),
        team: team.map_or(Change::Keep, Change::Set),
        ..accepted
    }
}

fn of_team(invitee: &TeamInvitee, invitation: Invitation) -> PersonChange {
    PersonChange {
        status: Change::Set(Status::Invited),
        invitation: Change::Set(invitation),
        replay_role: Change::Set(invitee.role),
        team: Change::Set(invitee.team),
        ..PersonChange::default()
    }
}
