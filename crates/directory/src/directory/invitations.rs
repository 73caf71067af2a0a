//! Inviting people, who become users when they accept.

use super::{TenantScope, ports};
use crate::attribute::Attribute;
use crate::change::Change;
use crate::email::Email;
use crate::entity::{Entity, EntityKey};
use crate::identity::{Family, Identity, Source};
use crate::ids::{InvitationId, TeamId};
use crate::membership::ReplayRole;
use crate::person::Invitation;
use crate::person_change::{NameChange, PersonChange};
use crate::record::{Include, Record};
use crate::refusal::Refusal;
use crate::status::Status;
use crate::store::PersonKey;

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
        let decide = move |record: &Record| match record.person.pending_invitation() {
            Some(open) if now < open.expires_at && open.organization == organization => {
                let resend_count = open.resend_count.saturating_add(u32::from(invitee.is_mailed));
                Ok(of_team(&invitee, Invitation { resend_count, ..open.clone() }))
            }
            Some(pending) if pending.expires_at <= now => Ok(PersonChange {
                name: NameChange::Parts { given: Change::Clear, family: Change::Clear },
                identities: [(Family::Replay(organization), Vec::new())].into(),
                ..of_team(&invitee, Invitation::new(id, organization, now))
            }),
            Some(_) | None => Err(Refusal::Taken { attribute: Attribute::Email }),
        };
        self.change_person(key, Include::default(), decide).await
    }

    async fn invite_once(&self, invitee: &Invitee) -> Result<Invited, Refusal> {
        let (holder, attribute) = match self.known(invitee).await? {
            Some(record) if self.is_current(&record) => return Ok(Invited::Known(record)),
            Some(record) => (Some(record), Attribute::Identities),
            None => (self.find(PersonKey::Email(invitee.email.folded())).await?, Attribute::Email),
        };
        let (now, id) = (self.directory.now(), ports::uuid(self.directory.now(), self.directory.entropy()));
        let invitation = Invitation::new(InvitationId(id), self.organization, now);
        let change = self.invitation_of(invitee, invitation);
        let invited = match holder {
            None => self.add_person(change, None).await?,
            Some(holder) => {
                let decide = move |record: &Record| match record.person.pending_invitation() {
                    Some(pending) if pending.expires_at <= now => Ok(change.clone()),
                    Some(_) | None => Err(Refusal::Taken { attribute: attribute.clone() }),
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

    fn is_current(&self, record: &Record) -> bool {
        let person = &record.person;
        person.status == Status::Active || person.open_invitation(self.directory.now()).is_some()
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
