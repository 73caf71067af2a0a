//! The pure middle of every write: from a record and a change to what has to be stored, or a refusal.
//!
//! Every engine calls this inside its transaction, perhaps twice, and writes what it returns.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::attribute::Attribute;
use crate::authority;
use crate::caller::Caller;
use crate::change::{AttributeChange, Change, Slot, Value};
use crate::delegation::Delegator;
use crate::identity::{Identity, Source};
use crate::ids::{DepartmentId, GroupId, Number, ObjectId, TeamId};
use crate::limits;
use crate::membership::Membership;
use crate::person::{Entry, Person};
use crate::person_change::PersonChange;
use crate::record::{Include, Record};
use crate::refusal::{Refusal, check_length};
use crate::status::Status;
use crate::text::{self, fold, fold_for_search};

/// What has to be stored. Nothing at all, when `changes` is empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    pub person: Person,
    pub membership: Membership,
    pub membership_changed: bool,
    /// The whole new set of people who delegate to this one, where it differs.
    pub delegators: Option<Vec<Delegator>>,
    /// The hash of a new password; cleared, the person has none.
    pub password_hash: Change<String>,
    /// Every session of the person is revoked, in the transaction of the change: what comes later revives none.
    pub ends_sessions: bool,
    /// Where another Kare administrator has to be left, or the change is refused with [`authority::LAST_ADMIN`].
    pub needs_other_admin: Option<Extent>,
    pub changes: Vec<AttributeChange>,
    /// What has to exist in the tenant, or the change is refused.
    pub references: Vec<Reference>,
}

/// Somebody who leaves, as they have to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Left {
    pub person: Person,
    pub membership: Membership,
    pub changes: Vec<AttributeChange>,
}

/// How far a rule looks that is about the person as a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The organization that the change is made in.
    Organization,
    /// Every organization that the person is a member of.
    Tenant,
}

/// A thing that a change refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    pub attribute: Attribute,
    pub target: Target,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Department(DepartmentId),
    Group(GroupId),
    /// A label of the caller's organization.
    Label(Number),
    Role(ObjectId),
    /// A team of the caller's organization.
    Team(TeamId),
}

impl Reference {
    pub fn refusal(&self) -> Refusal {
        let value = match self.target {
            Target::Department(id) => id.to_string(),
            Target::Group(id) => id.to_string(),
            Target::Label(number) => number.to_string(),
            Target::Role(id) => id.to_string(),
            Target::Team(id) => id.to_string(),
        };
        Refusal::Unknown { attribute: self.attribute.clone(), value }
    }
}

/// Decides what a change comes to.
pub fn apply_change(
    caller: &Caller,
    record: &Record,
    change: &PersonChange,
    now: Timestamp,
) -> Result<Applied, Refusal> {
    let mut applied = apply(record, change, now)?;
    authority::permit(caller, record, &applied.changes)?;
    applied.needs_other_admin = authority::needs_other_admin(caller, record, &applied);
    Ok(applied)
}

/// The same for somebody who is made, where every attribute set is a change from nothing, or who comes back. That they
/// were made is a change too, also where nothing is known of them yet.
pub fn admit(record: &Record, change: &PersonChange, now: Timestamp) -> Result<Applied, Refusal> {
    let mut applied = apply(record, change, now)?;
    applied.person.version = record.person.version + 1;
    applied.person.updated_at = record.person.updated_at.max(now);
    Ok(applied)
}

/// The same for a person who lives in the tenant and becomes a member of a further organization. `change` says what that
/// organization grants; the attributes of the person stay as they are, because nothing here claims a key.
///
/// # Errors
/// [`Refusal::NotAllowed`] where the change is of more than the membership.
pub fn join(record: &Record, change: &PersonChange, now: Timestamp) -> Result<Applied, Refusal> {
    let mut applied = admit(record, change, now)?;
    let (version, updated_at) = (applied.person.version, applied.person.updated_at);
    let as_it_was = Person { version, updated_at, ..Person::clone(&record.person) };
    let is_of_membership =
        applied.person == as_it_was && applied.delegators.is_none() && change.password_hash.is_keep();
    if !is_of_membership {
        return Err(Refusal::NotAllowed(
            "a member of a further organization stays as they are: change the person apart",
        ));
    }
    let joined = AttributeChange {
        attribute: Attribute::Membership,
        before: Value::Null,
        after: Value::Text(applied.membership.organization.to_string()),
    };
    applied.changes.insert(0, joined);
    Ok(applied)
}

/// What it comes to that a person leaves an organization: with their last membership the person ends too, and with the
/// person the password. The sessions in that organization end for good, so that a person who comes back signs in anew.
pub fn leave(record: &Record, is_member_elsewhere: bool, now: Timestamp) -> Left {
    let mut person = Person::clone(&record.person);
    person.version += 1;
    person.updated_at = person.updated_at.max(now);
    let membership = Membership { deleted_at: Some(now), ..Membership::clone(&record.membership) };
    let mut withdrawn = Vec::new();
    if !is_member_elsewhere {
        person.deleted_at = Some(now);
    } else if person.invitation.as_ref().is_some_and(|it| it.organization == membership.organization) {
        person.invitation.apply(Change::Clear, Attribute::Invitation, &mut withdrawn);
    }
    let left = AttributeChange {
        attribute: Attribute::Membership,
        before: Value::Text(membership.organization.to_string()),
        after: Value::Null,
    };
    Left { person, membership, changes: std::iter::once(left).chain(withdrawn).collect() }
}

fn apply(record: &Record, change: &PersonChange, now: Timestamp) -> Result<Applied, Refusal> {
    let change = &normalised(record, change);
    check_texts(change)?;
    check_custom_fields(record, change)?;
    let mut applied = Applied {
        person: Person::clone(&record.person),
        membership: Membership::clone(&record.membership),
        membership_changed: false,
        delegators: None,
        password_hash: change.password_hash.clone(),
        ends_sessions: false,
        needs_other_admin: None,
        changes: Vec::new(),
        references: Vec::new(),
    };
    let mut of_person = change.apply_to_person(&mut applied.person);
    of_person.extend(password_change(&change.password_hash));
    if record.person.pending_invitation().is_some() && applied.person.status == Status::Active {
        let accepted_at = &mut applied.person.accepted_at;
        accepted_at.apply(Change::Set(now), Attribute::AcceptedAt, &mut of_person);
    }
    // Also where the person may sign in again: a session that was added while the person was just being disabled stays
    // ended.
    applied.ends_sessions = record.person.status != applied.person.status || !change.password_hash.is_keep();
    let mut of_membership = change.apply_to_membership(&mut applied.membership);
    of_membership.extend(apply_delegators(record, change, &mut applied)?);
    check_card(&applied.person, &of_person)?;

    // A clock that was set back, or a request that waited its turn, never makes a record look older than it was.
    if !of_person.is_empty() {
        applied.person.updated_at = now.max(record.person.updated_at);
    }
    if !of_membership.is_empty() {
        applied.membership.updated_at = now.max(record.membership.updated_at);
        applied.membership_changed = true;
    }
    applied.changes = of_person;
    applied.changes.extend(of_membership);
    if !applied.changes.is_empty() {
        applied.person.version += 1;
        check_lists(&applied.changes)?;
    }
    applied.references = references(record, &applied.person, &applied.membership);
    Ok(applied)
}

/// What an event records of a password: that it was set, or that there is none any more.
fn password_change(change: &Change<String>) -> Option<AttributeChange> {
    let (before, after) = match change {
        Change::Keep => return None,
        Change::Clear => (Value::Secret, Value::Null),
        Change::Set(_) => (Value::Null, Value::Secret),
    };
    Some(AttributeChange { attribute: Attribute::Password, before, after })
}

/// What the rules need to see before they can judge a change, whoever asked.
pub fn include_of(change: &PersonChange, include: Include) -> Include {
    Include {
        delegations: include.delegations || !change.delegators.is_keep(),
        custom_fields: include.custom_fields || !change.custom_fields.is_empty(),
        roles: include.roles || matches!(change.roles, Change::Set(_)),
        ..include
    }
}

/// Who comes back begins as anyone does, unless the change says otherwise: active, and not invited by whoever
/// invited them then.
pub fn returning(mut change: PersonChange) -> PersonChange {
    if change.status.is_keep() {
        change.status = Change::Clear;
    }
    if change.invitation.is_keep() {
        change.invitation = Change::Clear;
    }
    change
}

/// Takes from a person who left what was deleted since: those who are away hold up no deletion. Their additional
/// departments and groups are gone already.
pub fn forget_deleted(
    person: &mut Person,
    has_department: impl Fn(DepartmentId) -> bool,
    has_field: impl Fn(&str) -> bool,
) {
    person.primary_department = person.primary_department.filter(|id| has_department(*id));
    person.custom_fields.retain(|key, _| has_field(key));
}

/// The forms that two spellings of one wish share: each department and group once, the primary department not among
/// the additional ones, roles as a set.
fn normalised(record: &Record, change: &PersonChange) -> PersonChange {
    let mut change = change.clone();
    if let Change::Set(groups) = &mut change.groups {
        once_each(groups);
    }
    let primary = match change.primary_department {
        Change::Keep => record.person.primary_department,
        Change::Clear => None,
        Change::Set(id) => Some(id),
    };
    if change.additional_departments.is_keep() && !change.primary_department.is_keep() {
        change.additional_departments = Change::Set(record.person.additional_departments.clone());
    }
    if let Change::Set(departments) = &mut change.additional_departments {
        once_each(departments);
        departments.retain(|entry| Some(entry.id) != primary);
    }
    if let Change::Set(roles) = &mut change.roles {
        roles.retain(|role| !record.related.is_default_role(*role));
        roles.sort_unstable();
        roles.dedup();
    }
    for ids in [&mut change.kare_read, &mut change.kare_manage] {
        if let Change::Set(ids) = ids {
            let mut seen = BTreeSet::new();
            ids.retain(|id| seen.insert(*id));
        }
    }
    change
}

/// Keeps the place of the first mention and the data source of the last.
fn once_each<Id: PartialEq + Copy>(entries: &mut Vec<Entry<Id>>) {
    let mut once: Vec<Entry<Id>> = Vec::with_capacity(entries.len());
    for entry in entries.drain(..) {
        match once.iter_mut().find(|earlier| earlier.id == entry.id) {
            Some(earlier) => earlier.data_source = entry.data_source,
            None => once.push(entry),
        }
    }
    *entries = once;
}

fn check_texts(change: &PersonChange) -> Result<(), Refusal> {
    check_length(Attribute::UserName, &change.user_name, limits::KEY)?;
    for identity in change.identities.values().flatten() {
        check_length(Attribute::Identities, &Change::Set(identity.value.clone()), limits::KEY)?;
    }
    Ok(())
}

fn check_custom_fields(record: &Record, change: &PersonChange) -> Result<(), Refusal> {
    for (key, change) in &change.custom_fields {
        let Change::Set(value) = change else { continue };
        // A value that is already there may have outlived a change of its definition, and may be written back.
        if record.person.custom_fields.get(key) == Some(value) {
            continue;
        }
        let attribute = || Attribute::CustomField(key.clone());
        let Some(field) = record.related.custom_field(key) else {
            return Err(Refusal::Unknown { attribute: attribute(), value: key.clone() });
        };
        field.check(value).map_err(|reason| Refusal::invalid(attribute(), reason))?;
    }
    Ok(())
}

fn check_card(person: &Person, changes: &[AttributeChange]) -> Result<(), Refusal> {
    let touched = changes
        .iter()
        .any(|change| [Attribute::MemberCard, Attribute::CardNumber].contains(&change.attribute));
    if touched && person.card_number.is_some() && person.member_card.is_none() {
        return Err(Refusal::invalid(Attribute::CardNumber, "must not be set without a member card"));
    }
    Ok(())
}

/// Whatever a lens let through, no text and no list of a person grows beyond reason.
fn check_lists(changes: &[AttributeChange]) -> Result<(), Refusal> {
    for change in changes {
        if has_unstorable_text(&change.after) {
            return Err(Refusal::invalid(change.attribute.clone(), text::NUL_REFUSED));
        }
        let fits = match &change.after {
            Value::Text(text) => text.chars().count() <= limits::TEXT,
            Value::List(items) => items.len() <= limits::LIST,
            Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Map(_) | Value::Secret => true,
        };
        if !fits {
            return Err(Refusal::invalid(change.attribute.clone(), "is too large"));
        }
    }
    Ok(())
}

fn has_unstorable_text(value: &Value) -> bool {
    match value {
        Value::Text(text) => text::holds_nul(text),
        Value::List(items) => items.iter().any(has_unstorable_text),
        Value::Map(members) => {
            members.iter().any(|(name, value)| text::holds_nul(name) || has_unstorable_text(value))
        }
        Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Secret => false,
    }
}

fn apply_delegators(
    record: &Record,
    change: &PersonChange,
    applied: &mut Applied,
) -> Result<Vec<AttributeChange>, Refusal> {
    let wanted = match &change.delegators {
        Change::Keep => return Ok(Vec::new()),
        Change::Clear => Vec::new(),
        Change::Set(wanted) => wanted.clone(),
    };
    let current = &record.related.delegators;
    // Both may be long, and the writer waits: no search of one for each of the other.
    let standing: BTreeMap<_, _> =
        current.iter().map(|edge| (edge.other.object_id, edge.permissions.as_ref())).collect();
    let mut after = BTreeMap::new();
    for Delegator { object_id, permissions } in wanted {
        if object_id == record.person.object_id {
            return Err(Refusal::invalid(Attribute::Delegators, "nobody delegates to themselves"));
        }
        let kept = || standing.get(&object_id).copied().flatten().cloned();
        let permissions = permissions.or_else(kept);
        after.insert(object_id, permissions);
    }
    let after: Vec<_> =
        after.into_iter().map(|(object_id, permissions)| Delegator { object_id, permissions }).collect();
    let before: Vec<Delegator> = current
        .iter()
        .map(|edge| Delegator { object_id: edge.other.object_id, permissions: edge.permissions.clone() })
        .collect();
    if before == after {
        return Ok(Vec::new());
    }
    let recorded = |delegators: &[Delegator]| Value::List(delegators.iter().map(record_delegator).collect());
    let noted = AttributeChange {
        attribute: Attribute::Delegators,
        before: recorded(&before),
        after: recorded(&after),
    };
    applied.delegators = Some(after);
    Ok(vec![noted])
}

fn record_delegator(delegator: &Delegator) -> Value {
    let claims = |permissions: &Vec<crate::organization::Permission>| {
        Value::List(permissions.iter().map(|permission| Value::Text(permission.claim.clone())).collect())
    };
    Value::Map(
        [
            ("object_id".to_owned(), Value::Text(delegator.object_id.to_string())),
            ("permissions".to_owned(), delegator.permissions.as_ref().map_or(Value::Null, claims)),
        ]
        .into(),
    )
}

/// What the person refers to that they did not refer to before: what was there already was looked up when it came.
fn references(record: &Record, person: &Person, membership: &Membership) -> Vec<Reference> {
    let (was, had) = (&record.person, &record.membership);
    let mut references = Vec::new();
    let mut refer = |attribute, target| references.push(Reference { attribute, target });
    if let Some(id) = person.primary_department.filter(|id| was.primary_department != Some(*id)) {
        refer(Attribute::PrimaryDepartment, Target::Department(id));
    }
    for entry in new_entries(&was.additional_departments, &person.additional_departments) {
        refer(Attribute::AdditionalDepartments, Target::Department(entry.id));
    }
    for entry in new_entries(&was.groups, &person.groups) {
        refer(Attribute::Groups, Target::Group(entry.id));
    }
    if let Some(number) = membership.kare.profession.filter(|number| had.kare.profession != Some(*number)) {
        refer(Attribute::KareProfession, Target::Label(number));
    }
    for role in membership.laurel.roles.iter().filter(|role| !had.laurel.roles.contains(role)) {
        refer(Attribute::LaurelRoles, Target::Role(*role));
    }
    if let Some(team) = membership.replay.team.filter(|team| had.replay.team != Some(*team)) {
        refer(Attribute::ReplayTeam, Target::Team(team));
    }
    references
}

fn new_entries<'a, Id: PartialEq>(
    before: &'a [Entry<Id>],
    after: &'a [Entry<Id>],
) -> impl Iterator<Item = &'a Entry<Id>> {
    after.iter().filter(|entry| !before.iter().any(|known| known.id == entry.id))
}

/// A row of the key table: what a person can be found by, and what no two living people of a tenant share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub source: String,
    /// Folded as its source compares.
    pub value: String,
}

impl Key {
    pub const EMAIL: &str = "email";
    pub const USER_NAME: &str = "user_name";
    pub const INVITATION: &str = "invitation";

    pub fn email(folded: String) -> Self {
        Self { source: Self::EMAIL.into(), value: folded }
    }

    /// Whether someone who left is known by it when they come back.
    pub fn is_identity(&self) -> bool {
        ![Self::EMAIL, Self::USER_NAME, Self::INVITATION].contains(&self.source.as_str())
    }

    /// The attribute to name when the key is another's.
    pub fn attribute(&self) -> Attribute {
        match self.source.as_str() {
            Self::EMAIL => Attribute::Email,
            Self::USER_NAME => Attribute::UserName,
            Self::INVITATION => Attribute::Invitation,
            source => match Source::parse(source) {
                Some(Source::Relesys) => Attribute::ExternalId,
                Some(Source::Replay(_) | Source::Laurel(_)) | None => Attribute::Identities,
            },
        }
    }
}

/// Every key of a living person, with those that an invitation keeps for them.
pub fn keys(person: &Person) -> BTreeSet<Key> {
    let emails = person.email.iter().chain(&person.email_aliases).map(|email| Key::email(email.folded()));
    let user_name =
        person.user_name.iter().map(|name| Key { source: Key::USER_NAME.into(), value: fold(name) });
    let invitation = person
        .invitation
        .iter()
        .map(|invitation| Key { source: Key::INVITATION.into(), value: invitation.id.to_string() });
    let offered =
        person.invitation.iter().filter_map(|it| Some((it.organization, it.reinstatement.as_ref()?)));
    let offered_identities = offered.clone().flat_map(|(organization, it)| {
        let source = Source::Replay(organization);
        it.external_id.iter().map(move |value| Identity { source: source.clone(), value: value.clone() })
    });
    let offered_emails = offered.map(|(_, it)| Key::email(it.email.folded()));
    let identities = person
        .identities
        .iter()
        .cloned()
        .chain(offered_identities)
        .map(|identity| Key { source: identity.source.to_string(), value: identity.folded() });
    emails.chain(user_name).chain(invitation).chain(offered_emails).chain(identities).collect()
}

/// The keys that a change may want and the person may not have yet.
pub fn wanted_keys(change: &PersonChange) -> BTreeSet<Key> {
    fn set<T>(change: &Change<T>) -> Option<&T> {
        match change {
            Change::Set(value) => Some(value),
            Change::Keep | Change::Clear => None,
        }
    }
    let offered = set(&change.invitation).and_then(|it| Some((it.organization, it.reinstatement.as_ref()?)));
    let emails = set(&change.email)
        .into_iter()
        .chain(set(&change.email_aliases).into_iter().flatten())
        .chain(offered.map(|(_, it)| &it.email))
        .map(|email| Key::email(email.folded()));
    let user_name =
        set(&change.user_name).map(|name| Key { source: Key::USER_NAME.into(), value: fold(name) });
    let offered_identity = offered.and_then(|(organization, it)| {
        Some(Identity { source: Source::Replay(organization), value: it.external_id.clone()? })
    });
    let identities = change.identities.values().flatten().chain(&offered_identity);
    let identities =
        identities.map(|it| Key { source: it.source.to_string(), value: it.folded() }).collect::<Vec<_>>();
    emails.chain(user_name).chain(identities).collect()
}

/// Whether a person may have other keys than before.
pub fn have_keys_changed(before: &Person, after: &Person) -> bool {
    before.email != after.email
        || before.email_aliases != after.email_aliases
        || before.user_name != after.user_name
        || before.invitation != after.invitation
        || before.identities != after.identities
}

/// Whether a search may find the person by other words.
pub fn is_found_otherwise(before: &Person, after: &Person) -> bool {
    before.name != after.name || before.nickname != after.nickname || before.email != after.email
}

/// What a Laurel search looks through, folded as its words are.
pub fn search_fields(person: &Person) -> [String; 4] {
    let email = person.email.as_ref().map(crate::email::Email::as_str);
    [Some(&*person.name.given), Some(&*person.name.family), person.nickname.as_deref(), email]
        .map(|field| field.map(fold_for_search).unwrap_or_default())
}
