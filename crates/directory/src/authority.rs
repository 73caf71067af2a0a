//! Who may change what. A vendor's API grants that vendor's authority alone.

use crate::apply::{Applied, Extent};
use crate::attribute::Attribute;
use crate::caller::{Caller, Channel, Dialect};
use crate::change::{AttributeChange, Value};
use crate::ids::PersonId;
use crate::membership::{KareScope, ReplayRole};
use crate::record::Record;
use crate::refusal::Refusal;

/// Refuses what the caller has no right to. Called with the differences that a change would make: writing back what
/// is there touches nothing.
pub fn permit(caller: &Caller, record: &Record, changes: &[AttributeChange]) -> Result<(), Refusal> {
    let is_password = |change: &AttributeChange| change.attribute == Attribute::Password;
    if caller.via != Channel::Command && changes.iter().any(is_password) {
        return Err(Refusal::NotAllowed("a password is changed by an operator alone"));
    }
    match caller.via {
        Channel::Command | Channel::Dialect(Dialect::Relesys | Dialect::Laurel) => Ok(()),
        Channel::Dialect(Dialect::Replay) => replay(changes),
        Channel::Dialect(Dialect::Kare) => kare(caller, record, changes),
    }
}

/// The refusal of what would leave an organization without its last Kare administrator.
pub const LAST_ADMIN: Refusal = Refusal::NotAllowed(
    "the user is the last administrator of the organization in Kare; make another user an administrator first",
);

/// Where another Kare administrator than this person has to be left by a change. Operators may leave an organization
/// without one; no vendor's API may, because nobody could make a new one through it.
pub fn needs_other_admin(caller: &Caller, before: &Record, after: &Applied) -> Option<Extent> {
    if caller.via == Channel::Command || !before.person.status.may_sign_in() {
        return None;
    }
    if !after.person.status.may_sign_in() {
        return Some(Extent::Tenant);
    }
    let is_demoted = is_admin(before) && after.membership.kare.scope != KareScope::Admin;
    is_demoted.then_some(Extent::Organization)
}

/// The same for a person who leaves the organization.
pub fn leaving_needs_other_admin(caller: &Caller, leaver: &Record) -> bool {
    caller.via != Channel::Command && is_admin(leaver)
}

/// A person who cannot sign in administers nothing.
fn is_admin(record: &Record) -> bool {
    record.person.status.may_sign_in() && record.membership.kare.scope == KareScope::Admin
}

/// Admin is not Replay's API to give or to take.
fn replay(changes: &[AttributeChange]) -> Result<(), Refusal> {
    let admin = Value::Text(ReplayRole::Admin.as_str().to_owned());
    let touches_admin = |change: &AttributeChange| {
        change.attribute == Attribute::ReplayRole && (change.before == admin || change.after == admin)
    };
    if changes.iter().any(touches_admin) {
        return Err(Refusal::NotAllowed("the role of an admin cannot be changed through this API"));
    }
    Ok(())
}

fn kare(caller: &Caller, record: &Record, changes: &[AttributeChange]) -> Result<(), Refusal> {
    let rights = KareRights::of(caller.person, record)?;
    for change in changes {
        let allowed = match &change.attribute {
            Attribute::GivenName | Attribute::FamilyName | Attribute::FullName => rights.names,
            Attribute::KareScope | Attribute::KareGroup | Attribute::KareRead | Attribute::KareManage => {
                rights.grants
            }
            Attribute::KareProfession => rights.profession,
            // A first sign-in says this of the person who signs in, and no API of anybody else.
            Attribute::ActivatedAt => rights.is_me,
            // Kare's API writes none of these.
            Attribute::Nickname
            | Attribute::Initials
            | Attribute::UserName
            | Attribute::Email
            | Attribute::SecondEmail
            | Attribute::EmailAliases
            | Attribute::Phone
            | Attribute::SecondPhone
            | Attribute::Title
            | Attribute::BirthDate
            | Attribute::Gender
            | Attribute::EmploymentStart
            | Attribute::EmploymentEnd
            | Attribute::EmploymentKind
            | Attribute::RegisterNumber
            | Attribute::DutyPlanNumber
            | Attribute::WorkDepartment
            | Attribute::WorkSubdepartment
            | Attribute::Office
            | Attribute::Pod
            | Attribute::Seniority
            | Attribute::PrimaryDepartment
            | Attribute::AdditionalDepartments
            | Attribute::Groups
            | Attribute::DataSource
            | Attribute::Image
            | Attribute::MemberCard
            | Attribute::CardNumber
            | Attribute::Lang
            | Attribute::TimeZone
            | Attribute::Status
            | Attribute::Invitation
            | Attribute::AcceptedAt
            | Attribute::ReplayRole
            | Attribute::ReplayAccess
            | Attribute::ReplayTeam
            | Attribute::LaurelRoles
            | Attribute::SuperDelegate
            | Attribute::ExternalId
            | Attribute::Identities
            | Attribute::Delegators
            | Attribute::Password
            | Attribute::Membership
            | Attribute::CustomField(_)
            | Attribute::Of(_) => false,
        };
        if !allowed {
            return Err(Refusal::NotAllowed("the caller's scope does not allow this change"));
        }
    }
    if rights.names { Ok(()) } else { Err(Refusal::NotAllowed("only an admin may change another member")) }
}

/// What a Kare member may do to another, or to themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KareRights {
    pub is_me: bool,
    pub is_admin: bool,
    /// May write first and last name.
    pub names: bool,
    pub profession: bool,
    /// May write scope and permissions: an admin's own are another admin's to change.
    pub grants: bool,
}

impl KareRights {
    /// The rights over `record`; the actor must still be a member.
    pub fn of(actor: Option<PersonId>, record: &Record) -> Result<Self, Refusal> {
        let membership = record.actor.as_ref().ok_or(Refusal::CallerGone)?;
        let is_me = actor == Some(record.person.id);
        let is_admin = membership.kare.scope == KareScope::Admin;
        Ok(Self {
            is_me,
            is_admin,
            names: is_admin || is_me,
            profession: is_admin,
            grants: is_admin && !is_me,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::apply::apply_change;
    use crate::change::Change;
    use crate::credential::Scopes;
    use crate::ids::{Number, ObjectId, OrganizationId, TenantId};
    use crate::membership::Membership;
    use crate::person::Person;
    use crate::person_change::{NameChange, PersonChange};
    use crate::status::Status;

    const ADMIN: u128 = 1;
    const USER: u128 = 2;

    fn person(id: u128) -> PersonId {
        PersonId(Uuid::from_u128(id))
    }

    fn membership(id: u128) -> Membership {
        let mut membership = Membership::new(OrganizationId(Uuid::nil()), Timestamp::UNIX_EPOCH);
        membership.kare.scope = if id == ADMIN { KareScope::Admin } else { KareScope::User };
        membership.kare.permissions.read = vec![1, 2];
        membership.kare.profession = Number::new(7);
        membership
    }

    /// A member as seen by another, or by themselves.
    fn record(of: u128, actor: Option<u128>) -> Record {
        let number = Number::new(of as u64).unwrap();
        let mut person = Person::new(person(of), number, ObjectId([0; 12]), Timestamp::UNIX_EPOCH);
        person.name.given = "Ada".into();
        let actor = actor.map(|id| membership(id).into());
        Record { person: person.into(), membership: membership(of).into(), related: Arc::default(), actor }
    }

    fn caller(id: u128, dialect: Dialect) -> Caller {
        Caller {
            tenant: TenantId(1),
            organization: OrganizationId(Uuid::nil()),
            via: Channel::Dialect(dialect),
            credential: None,
            scopes: Scopes::default(),
            person: Some(person(id)),
            session: None,
            forwarded: None,
            request: String::new(),
        }
    }

    fn may(actor: u128, of: u128, change: &PersonChange) -> bool {
        let applied = apply_change(
            &caller(actor, Dialect::Kare),
            &record(of, Some(actor)),
            change,
            Timestamp::UNIX_EPOCH,
        );
        match applied {
            Ok(_) => true,
            Err(refusal) => {
                assert!(matches!(refusal, Refusal::NotAllowed(_)), "{refusal:?}");
                false
            }
        }
    }

    fn keep() -> PersonChange {
        PersonChange::default()
    }

    fn given(name: &str) -> PersonChange {
        let name = NameChange::Parts { given: Change::Set(name.into()), family: Change::Keep };
        PersonChange { name, ..keep() }
    }

    fn family(name: &str) -> PersonChange {
        let name = NameChange::Parts { given: Change::Keep, family: Change::Set(name.into()) };
        PersonChange { name, ..keep() }
    }

    fn scope(scope: KareScope) -> PersonChange {
        PersonChange { kare_scope: Change::Set(scope), ..keep() }
    }

    fn profession(number: u64) -> PersonChange {
        PersonChange { profession: Number::new(number).map_or(Change::Clear, Change::Set), ..keep() }
    }

    fn permissions() -> [PersonChange; 3] {
        [
            PersonChange { kare_group: Change::Set(9), ..keep() },
            PersonChange { kare_read: Change::Set(vec![9]), ..keep() },
            PersonChange { kare_manage: Change::Set(vec![9]), ..keep() },
        ]
    }

    #[test]
    fn a_kare_admin_writes_everything_of_others_and_all_but_the_own_grants() {
        for of in [ADMIN, USER] {
            for change in [given("Eve"), family("Eve"), profession(8)] {
                assert!(may(ADMIN, of, &change), "{of} {change:?}");
            }
        }
        for change in [scope(KareScope::Admin), scope(KareScope::User)].iter().chain(&permissions()) {
            assert!(may(ADMIN, USER, change), "{change:?}");
        }
        for change in [scope(KareScope::User)].iter().chain(&permissions()) {
            assert!(!may(ADMIN, ADMIN, change), "{change:?}");
        }
    }

    #[test]
    fn a_kare_user_writes_the_own_names_alone() {
        for change in [given("Eve"), family("Eve")] {
            assert!(may(USER, USER, &change), "{change:?}");
            assert!(!may(USER, ADMIN, &change), "{change:?}");
        }
        for change in [scope(KareScope::Admin), profession(8)].iter().chain(&permissions()) {
            assert!(!may(USER, USER, change), "{change:?}");
            assert!(!may(USER, ADMIN, change), "{change:?}");
        }
        let both = PersonChange { kare_scope: Change::Set(KareScope::Admin), ..given("Eve") };
        assert!(!may(USER, USER, &both));
    }

    #[test]
    fn writing_what_is_there_touches_no_field() {
        let of_admin = PersonChange {
            kare_scope: Change::Set(KareScope::Admin),
            kare_group: Change::Set(0),
            kare_read: Change::Set(vec![1, 2, 1]),
            kare_manage: Change::Set(Vec::new()),
            ..keep()
        };
        assert!(may(ADMIN, ADMIN, &of_admin));
        let of_user = PersonChange {
            kare_scope: Change::Set(KareScope::User),
            profession: Change::Set(Number::new(7).unwrap()),
            ..given("Eve")
        };
        assert!(may(USER, USER, &of_user));
        // Another member is another's to change, whatever is written.
        assert!(!may(USER, ADMIN, &keep()));
        assert!(!may(USER, ADMIN, &given("Ada")));
    }

    #[test]
    fn rights_end_with_the_membership() {
        for change in [keep(), given("Eve")] {
            let applied = apply_change(
                &caller(ADMIN, Dialect::Kare),
                &record(USER, None),
                &change,
                Timestamp::UNIX_EPOCH,
            );
            assert_eq!(applied, Err(Refusal::CallerGone));
        }
        assert_eq!(KareRights::of(Some(person(ADMIN)), &record(USER, None)), Err(Refusal::CallerGone));
    }

    #[test]
    fn the_rights_that_are_shown_are_the_rights_that_hold() {
        for (actor, of) in [(ADMIN, ADMIN), (ADMIN, USER), (USER, USER), (USER, ADMIN)] {
            let record = record(of, Some(actor));
            let rights = KareRights::of(Some(person(actor)), &record).unwrap();
            assert_eq!((rights.is_me, rights.is_admin), (actor == of, actor == ADMIN));
            assert_eq!(rights.names, may(actor, of, &given("Eve")), "{actor} {of}");
            assert_eq!(rights.profession, may(actor, of, &profession(8)), "{actor} {of}");
            let other = if of == ADMIN { KareScope::User } else { KareScope::Admin };
            assert_eq!(rights.grants, may(actor, of, &scope(other)), "{actor} {of}");
            for change in permissions() {
                assert_eq!(rights.grants, may(actor, of, &change), "{actor} {of} {change:?}");
            }
        }
    }

    #[test]
    fn what_takes_an_administrator_away_needs_another_one() {
        let disabled = PersonChange { status: Change::Set(Status::LoginBlocked), ..keep() };
        let via = |via| Caller { via, ..caller(ADMIN, Dialect::Relesys) };
        let needs = |by: Channel, of: Record, change: &PersonChange| {
            apply_change(&via(by), &of, change, Timestamp::UNIX_EPOCH).unwrap().needs_other_admin
        };
        let of = |of| record(of, None);
        let vendors = [Dialect::Relesys, Dialect::Laurel].map(Channel::Dialect);
        for by in vendors {
            assert_eq!(needs(by, of(ADMIN), &scope(KareScope::User)), Some(Extent::Organization));
            assert_eq!(needs(by, of(ADMIN), &disabled), Some(Extent::Tenant));
            // An administrator of another organization, perhaps.
            assert_eq!(needs(by, of(USER), &disabled), Some(Extent::Tenant));
            assert_eq!(needs(by, of(ADMIN), &given("Eve")), None);
            assert_eq!(needs(by, of(USER), &scope(KareScope::Admin)), None);
            assert!(leaving_needs_other_admin(&via(by), &of(ADMIN)));
            assert!(!leaving_needs_other_admin(&via(by), &of(USER)));
            let mut disabled_already = of(ADMIN);
            disabled_already.person_mut().status = Status::DisabledByAdmin;
            assert!(!leaving_needs_other_admin(&via(by), &disabled_already));
            assert_eq!(needs(by, disabled_already, &scope(KareScope::User)), None);
        }
        let command = Channel::Command;
        assert_eq!(needs(command, of(ADMIN), &scope(KareScope::User)), None);
        assert_eq!(needs(command, of(ADMIN), &disabled), None);
        assert!(!leaving_needs_other_admin(&via(command), &of(ADMIN)));
    }

    #[test]
    fn no_vendors_api_sets_a_password() {
        let change = PersonChange { password_hash: Change::Set("hash".into()), ..keep() };
        for dialect in Dialect::ALL {
            let applied = apply_change(
                &caller(ADMIN, dialect),
                &record(USER, Some(ADMIN)),
                &change,
                Timestamp::UNIX_EPOCH,
            );
            assert!(matches!(applied, Err(Refusal::NotAllowed(_))), "{dialect}");
        }
    }

    #[test]
    fn replay_neither_makes_nor_unmakes_an_admin() {
        let to = |role| PersonChange { replay_role: Change::Set(role), ..keep() };
        let mut record = record(USER, None);
        let mut ask = |before, after| {
            Arc::make_mut(&mut record.membership).replay.role = before;
            apply_change(&caller(USER, Dialect::Replay), &record, &to(after), Timestamp::UNIX_EPOCH).is_ok()
        };
        assert!(ask(ReplayRole::User, ReplayRole::Manager));
        assert!(ask(ReplayRole::Admin, ReplayRole::Admin));
        assert!(!ask(ReplayRole::User, ReplayRole::Admin));
        assert!(!ask(ReplayRole::Admin, ReplayRole::Manager));
    }
}
