//! Invitations: the one that is outstanding with a person, and the list of what became of each.

use jiff::{SignedDuration, Timestamp};

use crate::caller::Dialect;
use crate::email::Email;
use crate::ids::{InvitationId, OrganizationId, PersonId, TeamId, TenantId};
use crate::membership::ReplayRole;
use crate::name::Name;
use crate::person::Person;
use crate::status::Status;

/// An invitation that is outstanding. Replay knows the person by its id until it is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub id: InvitationId,
    pub organization: OrganizationId,
    pub created_at: Timestamp,
    /// Sending it again does not move this.
    pub expires_at: Timestamp,
    /// How often it was mailed again.
    pub resend_count: u32,
    /// What a disabled person becomes when they accept, and not before. Somebody who was never here is that already, and
    /// has none.
    pub reinstatement: Option<Box<Reinstatement>>,
}

/// What a disabled person who was invited again becomes. All else about them stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reinstatement {
    /// Nobody else of the tenant can have it meanwhile.
    pub email: Email,
    pub name: Name,
    /// Nobody else of the organization can have it meanwhile.
    pub external_id: Option<String>,
    pub role: ReplayRole,
    /// The team that the invitation is to. Without one, the person's team stays.
    pub team: Option<TeamId>,
}

impl Invitation {
    /// As long as Replay documents.
    pub const LIFETIME: SignedDuration = SignedDuration::from_hours(30 * 24);

    pub fn new(id: InvitationId, organization: OrganizationId, now: Timestamp) -> Self {
        let (created_at, expires_at) = (now, now + Self::LIFETIME);
        Self { id, organization, created_at, expires_at, resend_count: 0, reinstatement: None }
    }

    pub fn is_open(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}

/// What became of an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationState {
    Open,
    Accepted,
    /// It ran out before anything else became of it.
    Expired,
    /// It was withdrawn, or whatever it invited to came about without it, or not at all.
    Revoked,
}

impl InvitationState {
    pub const ALL: [Self; 4] = [Self::Open, Self::Accepted, Self::Expired, Self::Revoked];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// An invitation as the list of a tenant's invitations has it, also after it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationEntry {
    pub id: InvitationId,
    /// The API whose clients know it.
    pub dialect: Dialect,
    pub organization: OrganizationId,
    /// Who was invited, and may have left since.
    pub person: PersonId,
    /// The address that was invited.
    pub email: Option<String>,
    /// As it was written: what is open may have run out since.
    pub state: InvitationState,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

impl InvitationEntry {
    fn of(person: &Person, invitation: &Invitation, state: InvitationState, now: Timestamp) -> Self {
        let email = invitation.reinstatement.as_ref().map(|it| &it.email).or(person.email.as_ref());
        Self {
            id: invitation.id,
            dialect: Dialect::Replay,
            organization: invitation.organization,
            person: person.id,
            email: email.map(ToString::to_string),
            state,
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
            ended_at: (state != InvitationState::Open).then_some(now),
        }
    }

    /// What has become of it until now.
    pub fn state_at(&self, now: Timestamp) -> InvitationState {
        match self.state {
            InvitationState::Open if self.expires_at <= now => InvitationState::Expired,
            state => state,
        }
    }
}

/// Which of a tenant's invitations to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationQuery {
    pub tenant: TenantId,
    pub organization: Option<OrganizationId>,
    pub id: Option<InvitationId>,
    /// What has become of them, and by when.
    pub state: Option<(InvitationState, Timestamp)>,
    /// At most so many.
    pub limit: usize,
}

/// What is to be written of the list of invitations when a person becomes another: what has begun or is different, and
/// what has ended.
pub fn entries(before: Option<&Person>, after: &Person, now: Timestamp) -> Vec<InvitationEntry> {
    let (had, has) = (before.and_then(outstanding), outstanding(after));
    if had.is_none() && has.is_none() {
        return Vec::new();
    }
    let mut entries = Vec::new();
    if let (Some(before), Some(ended)) = (before, had)
        && has.is_none_or(|it| it.id != ended.id)
    {
        entries.push(InvitationEntry::of(before, ended, end_of(ended, after, now), now));
    }
    if let Some(invitation) = has {
        let entry = |person, invitation| InvitationEntry::of(person, invitation, InvitationState::Open, now);
        let after = entry(after, invitation);
        let is_new = before.zip(had).is_none_or(|(before, had)| entry(before, had) != after);
        entries.extend(is_new.then_some(after));
    }
    entries
}

/// Nobody who left can accept, and in a status of which an invitation says nothing there is none.
fn outstanding(person: &Person) -> Option<&Invitation> {
    let invitation = person.invitation.as_ref().filter(|_| person.deleted_at.is_none())?;
    (person.status == Status::Invited || invitation.reinstatement.is_some()).then_some(invitation)
}

fn end_of(invitation: &Invitation, after: &Person, now: Timestamp) -> InvitationState {
    let is_as_offered =
        invitation.reinstatement.as_ref().is_none_or(|it| after.email.as_ref() == Some(&it.email));
    match after.status {
        _ if !invitation.is_open(now) => InvitationState::Expired,
        Status::Active if after.deleted_at.is_none() && is_as_offered => InvitationState::Accepted,
        Status::Active
        | Status::Invited
        | Status::DisabledByAdmin
        | Status::DisabledByOrganization
        | Status::LoginBlocked => InvitationState::Revoked,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::ids::{Number, ObjectId};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn person(status: Status, invitation: Option<Invitation>) -> Person {
        let (id, number) = (PersonId(Uuid::from_u128(1)), Number::new(1).unwrap());
        let email = Email::parse("ada@aurora.example");
        Person { status, invitation, email, ..Person::new(id, number, ObjectId::NIL, NOW) }
    }

    fn invitation(n: u128) -> Invitation {
        Invitation::new(InvitationId(Uuid::from_u128(n)), OrganizationId::NIL, NOW)
    }

    fn states(before: &Person, after: &Person, now: Timestamp) -> Vec<(u128, InvitationState)> {
        entries(Some(before), after, now).into_iter().map(|it| (it.id.0.as_u128(), it.state)).collect()
    }

    #[test]
    fn an_invitation_ends_as_what_became_of_its_person() {
        use InvitationState::{Accepted, Expired, Open, Revoked};
        let invited = person(Status::Invited, Some(invitation(1)));
        let late = NOW + Invitation::LIFETIME;
        assert_eq!(entries(None, &invited, NOW)[0].state, Open);
        assert_eq!(states(&invited, &person(Status::Active, None), NOW), [(1, Accepted)]);
        assert_eq!(states(&invited, &person(Status::Active, None), late), [(1, Expired)]);
        assert_eq!(states(&invited, &person(Status::DisabledByAdmin, None), NOW), [(1, Revoked)]);
        let left = Person { deleted_at: Some(NOW), ..invited.clone() };
        assert_eq!(states(&invited, &left, NOW), [(1, Revoked)]);
        assert_eq!(states(&left, &invited, NOW), [(1, Open)]);
        let again = person(Status::Invited, Some(invitation(2)));
        assert_eq!(states(&invited, &again, late), [(1, Expired), (2, Open)]);
        assert_eq!(states(&invited, &invited, NOW), []);
    }

    #[test]
    fn a_disabled_person_accepts_by_becoming_what_was_offered() {
        use InvitationState::{Accepted, Open, Revoked};
        let reinstatement = Reinstatement {
            email: Email::parse("ada@new.example").unwrap(),
            name: Name::default(),
            external_id: None,
            role: ReplayRole::User,
            team: None,
        };
        let offered = Invitation { reinstatement: Some(reinstatement.into()), ..invitation(1) };
        let (disabled, asked) =
            (person(Status::LoginBlocked, None), person(Status::LoginBlocked, Some(offered)));
        assert_eq!(states(&disabled, &asked, NOW), [(1, Open)]);
        assert_eq!(entries(Some(&disabled), &asked, NOW)[0].email.as_deref(), Some("ada@new.example"));
        assert_eq!(states(&asked, &person(Status::Active, None), NOW), [(1, Revoked)]);
        let email = Email::parse("ada@new.example");
        assert_eq!(states(&asked, &Person { email, ..person(Status::Active, None) }, NOW), [(1, Accepted)]);
    }
}
