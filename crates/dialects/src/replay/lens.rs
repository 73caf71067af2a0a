//! A person as Replay sees them, and what Replay can change.

use directory::change::Change;
use directory::identity::Source;
use directory::ids::InvitationId;
use directory::invitation::Invitation;
use directory::membership::{AccessType, ReplayRole};
use directory::message::Content;
use directory::organization::{Organization, Team, TeamKind};
use directory::person_change::NameChange;
use directory::status::Status;
use directory::{PersonChange, Record, Refusal, limits};
use jiff::Timestamp;

use super::wire::{self, LegacyUser, PatchTeam, PatchUser, SentInvitation, UnifiedUser};
use crate::http::time::milliseconds;

/// A user of a child company, or one who was just written.
pub fn show(record: &Record) -> UnifiedUser {
    let person = &record.person;
    let (status, role) = match person.status {
        Status::Active => ("active", role(record)),
        // A user who never had an invitation here cannot be told from a disabled one: both cannot log in.
        Status::Invited | Status::DisabledByAdmin | Status::DisabledByOrganization | Status::LoginBlocked => {
            ("disabled", "Disabled")
        }
    };
    UnifiedUser {
        id: person.id.0,
        email: email(record),
        first_name: some(&person.name.given),
        last_name: some(&person.name.family),
        role,
        status,
        external_id: person.external_id(&Source::Replay(record.membership.organization)).map(str::to_owned),
        created_at: milliseconds(person.accepted_at.unwrap_or(person.created_at)),
        invitation_url: None,
    }
}

/// A user who has yet to follow the link, under the invitation's id: one who is back then, as they will be.
pub fn show_invited(record: &Record, invitation: &Invitation, base: &str) -> UnifiedUser {
    let invited = UnifiedUser {
        id: invitation.id.0,
        status: "invited",
        role: role(record),
        created_at: milliseconds(invitation.created_at),
        invitation_url: Some(link(invitation.id, base)),
        ..show(record)
    };
    match &invitation.reinstatement {
        None => invited,
        Some(offered) => UnifiedUser {
            email: offered.email.to_string(),
            first_name: some(&offered.name.given),
            last_name: some(&offered.name.family),
            role: shown(offered.role),
            external_id: offered.external_id.clone().or(invited.external_id),
            ..invited
        },
    }
}

/// An invitation to a team, with the link to hand on.
pub fn show_invitation(record: &Record, invitation: &Invitation, base: &str) -> SentInvitation {
    let (email, team, role) = match &invitation.reinstatement {
        None => (email(record), record.membership.replay.team, role(record)),
        Some(offered) => (offered.email.to_string(), offered.team, shown(offered.role)),
    };
    SentInvitation {
        id: invitation.id.0,
        email,
        team_id: team.map(|team| team.0),
        role,
        expiration_date: milliseconds(invitation.expires_at),
        created_at: milliseconds(invitation.created_at),
        resend_count: invitation.resend_count,
        invitation_url: link(invitation.id, base),
    }
}

/// The mail that invites somebody. `company` may hold anything: it is text, not HTML.
pub fn invitation_mail(
    record: &Record,
    invitation: &Invitation,
    company: &str,
    base: &str,
) -> Option<Content> {
    let offered = invitation.reinstatement.as_ref().map(|offered| &offered.email);
    let to = offered.or(record.person.email.as_ref())?.to_string();
    let subject: String = format!("You are invited to {company}").chars().take(limits::KEY).collect();
    let (company, link) = (escaped(company), escaped(&link(invitation.id, base)));
    let text =
        format!("<p>You are invited to {company}.</p><p><a href=\"{link}\">Accept the invitation</a></p>");
    Some(Content::Email { to, subject, text })
}

/// Text as HTML writes it, also in an attribute.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
}

/// Where the person who was invited accepts.
pub fn link(invitation: InvitationId, base: &str) -> String {
    format!("{base}/onboard/link?invitationId={invitation}")
}

/// Somebody in the list of a child company, under each id by which they are found there: the user, and the invitation that
/// is open. A disabled user who was invited again has both, and who waits without an open invitation has none.
pub fn show_in_child(record: &Record, now: Timestamp, base: &str) -> impl Iterator<Item = UnifiedUser> {
    let user = match record.person.status {
        Status::Invited => None,
        Status::Active | Status::DisabledByAdmin | Status::DisabledByOrganization | Status::LoginBlocked => {
            Some(show(record))
        }
    };
    let invited = open_invitation(record, now).map(|invitation| show_invited(record, invitation, base));
    user.into_iter().chain(invited)
}

/// The invitation of this company that can be accepted now.
pub fn open_invitation(record: &Record, now: Timestamp) -> Option<&Invitation> {
    record.person.open_invitation(now).filter(|it| it.organization == record.membership.organization)
}

/// A user of the own company.
pub fn show_legacy(record: &Record) -> LegacyUser {
    let person = &record.person;
    let grant = &record.membership.replay;
    let role = match (grant.role, grant.access) {
        (ReplayRole::Manager | ReplayRole::Admin, _) => "Manager",
        (ReplayRole::User, AccessType::Integration) => "Integration",
        (ReplayRole::User, AccessType::Default | AccessType::Dual) => "Rep",
    };
    LegacyUser {
        id: person.id.0,
        first_name: person.name.given.clone(),
        email: email(record),
        role,
        created_at: milliseconds(person.accepted_at.unwrap_or(person.created_at)),
        last_name: some(&person.name.family),
        team_id: grant.team.map(|team| team.0),
    }
}

/// What a body asks of the person as it is. Writing back what is shown changes nothing.
pub fn change(patch: &PatchUser, record: &Record) -> Result<PersonChange, Refusal> {
    match record.person.status {
        Status::Active => {}
        // Until the invitation is accepted there is no user of this id.
        Status::Invited => return Err(Refusal::NoSuchPerson),
        Status::DisabledByAdmin | Status::DisabledByOrganization | Status::LoginBlocked => {
            return Err(Refusal::NotActive);
        }
    }
    let to = |text: &Option<String>| text.clone().map_or(Change::Keep, Change::Set);
    Ok(PersonChange {
        name: NameChange::Parts { given: to(&patch.first_name), family: to(&patch.last_name) },
        replay_role: match patch.role {
            Some(asked) if shown(asked) != role(record) => Change::Set(asked),
            Some(_) | None => Change::Keep,
        },
        ..PersonChange::default()
    })
}

pub fn show_team(team: &Team) -> wire::Team {
    wire::Team {
        id: team.id.0,
        name: team.name.clone(),
        description: team.description.clone(),
        company_id: team.organization.0,
        kind: match team.kind {
            TeamKind::Default => "Default",
            TeamKind::Integration => "Integration",
            TeamKind::LeadGen => "LeadGen",
        },
        use_turn_connection: team.use_turn_connection,
        created_at: milliseconds(team.created_at),
    }
}

pub fn show_company(company: &Organization) -> wire::Company {
    wire::Company {
        id: company.id.0,
        name: company.name.clone(),
        parent_company_id: company.parent.map(|parent| parent.0),
        external_id: company.external_id.clone(),
        created_at: milliseconds(company.created_at),
    }
}

/// The team as a body wants it.
pub fn change_team(patch: &PatchTeam, team: &Team) -> Team {
    let description = match &patch.description {
        Change::Keep => team.description.clone(),
        Change::Clear => None,
        Change::Set(text) => Some(text.clone()),
    };
    Team {
        name: patch.name.as_ref().unwrap_or(&team.name).clone(),
        description,
        kind: patch.kind.unwrap_or(team.kind),
        use_turn_connection: patch.use_turn_connection.unwrap_or(team.use_turn_connection),
        ..team.clone()
    }
}

/// Replay's API knows no Admin: to it an admin is a manager.
fn role(record: &Record) -> &'static str {
    shown(record.membership.replay.role)
}

fn shown(role: ReplayRole) -> &'static str {
    match role {
        ReplayRole::User => "User",
        ReplayRole::Manager | ReplayRole::Admin => "Manager",
    }
}

/// Everyone has an address in Replay; whoever has none elsewhere is shown with an empty one.
fn email(record: &Record) -> String {
    record.person.email.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
