//! A person as Laurel sees them, and what Laurel can change.

use std::collections::HashSet;

use directory::change::Change;
use directory::credential::Credential;
use directory::customer::{Connection, Customer, CustomerChange, CustomerProfile, Segment, Vertical};
use directory::delegation::Delegation;
use directory::email::{self, Email};
use directory::identity::{Family, Identity, LaurelType, Source};
use directory::ids::ObjectId;
use directory::organization::{Group, Permission, Role};
use directory::person_change::NameChange;
use directory::status::Status;
use directory::{Include, Person, PersonChange, Record};
use jiff::Timestamp;

use super::auth::Tier;
use super::query::Integration;
use super::wire;
use super::wire::customers::{
    ApiClient, ConnectionDto, CustomerDto, ManagedClient, NewCustomer, PatchCustomer, StrategyDto,
};
use super::wire::groups::{BILLING_SYSTEMS, UserGroup, UserGroupUser};
use super::wire::imports::NewUser;
use super::wire::users::{Aliases, SuperDelegate, UserLite, UserStatus};
use super::wire::{
    CustomerDigest, DelegateUserDigest, DelegatorUserDigest, Id, IdentityDto, PatchUser, PermissionDigest,
    RoleDigest, TEXT, TenantDigest, User, UserIntegrationProjection,
};
use crate::http::FieldError;
use crate::http::fields::characters;
use crate::http::time::seconds;

/// What a `User` shows beside the person.
pub const NEEDS: Include = Include {
    organization: true,
    primary_department: true,
    groups: true,
    profession: false,
    roles: true,
    delegations: true,
    custom_fields: false,
    actor: None,
};

pub fn show(record: &Record) -> User<'_> {
    let (person, related) = (&record.person, &record.related);
    let super_delegate = record.membership.laurel.super_delegate.as_deref();
    User {
        id: Id(person.object_id),
        created_at: seconds(person.created_at),
        is_super_delegate: super_delegate.is_some(),
        email: email(person),
        first_name: &person.name.given,
        job_title: text(&person.title),
        last_name: &person.name.family,
        nickname: text(&person.nickname),
        updated_at: seconds(person.updated_at.max(record.membership.updated_at)),
        status: status(person.status),
        seniority: some(&person.work.seniority),
        department: department(record),
        office: some(&person.work.office),
        subdepartment: some(&person.work.subdepartment),
        pod: some(&person.work.pod),
        group_ids: group_ids(record),
        customer: customer(record),
        delegators: related.delegators.iter().map(delegator).collect(),
        delegates: related.delegates.iter().map(delegate).collect(),
        identities: identities(&person.identities),
        roles: related.roles.iter().map(role).collect(),
        super_delegate_permissions: super_delegate.map(permissions),
    }
}

pub fn show_role(role: &Role) -> wire::roles::Role<'_> {
    wire::roles::Role {
        id: Id(role.object_id),
        name: &role.name,
        description: text(&role.description),
        is_default: role.is_default,
        created_at: seconds(role.created_at),
        updated_at: seconds(role.updated_at),
        permissions: permissions(&role.permissions),
    }
}

/// A permission whose claim has the parts that the vendor names; others are opaque.
pub fn show_permission(permission: &Permission, since: Timestamp) -> Option<wire::roles::Permission<'_>> {
    let parts = permission.parts()?;
    Some(wire::roles::Permission {
        id: Id(permission.object_id()),
        service: parts.service,
        namespace: parts.namespace,
        action: parts.action.as_str(),
        description: permission.description(),
        created_at: seconds(since),
        updated_at: seconds(since),
    })
}

/// A group as one customer of the tenant sees it. Laurel requires an external id, other APIs do not.
pub fn show_group(group: &Group, customer: ObjectId) -> UserGroup<'_> {
    UserGroup {
        id: Id(group.object_id),
        customer_id: Id(customer),
        external_id: text(&group.external_id),
        name: &group.name,
        description: some(&group.description),
        created_at: seconds(group.created_at),
        updated_at: seconds(group.updated_at),
    }
}

/// A member of a group.
pub fn show_member(record: &Record) -> UserGroupUser<'_> {
    let person = &record.person;
    UserGroupUser {
        id: Id(person.object_id),
        email: email(person),
        first_name: &person.name.given,
        last_name: &person.name.family,
        group_ids: group_ids(record),
        job_title: text(&person.title),
        nickname: text(&person.nickname),
    }
}

fn group_ids(record: &Record) -> Vec<Id> {
    record.related.groups.iter().map(|group| Id(group.object_id)).collect()
}

/// A person in a few words.
pub fn show_lite(record: &Record) -> UserLite<'_> {
    let person = &record.person;
    let is_of_billing =
        |identity: &Identity| BILLING_SYSTEMS.iter().any(|kind| identity.source == Source::Laurel(*kind));
    UserLite {
        id: Id(person.object_id),
        email: email(person),
        first_name: &person.name.given,
        last_name: &person.name.family,
        is_timekeeper_id_set: person.identities.iter().any(is_of_billing),
        status: status(person.status),
    }
}

pub fn show_identities(record: &Record) -> Vec<IdentityDto<'_>> {
    identities(&record.person.identities)
}

pub fn show_aliases(record: &Record) -> Aliases<'_> {
    Aliases { aliases: record.person.email_aliases.iter().map(Email::as_str).collect() }
}

/// The user's identity of a type, with the customer.
pub fn show_identity_of(record: &Record, kind: LaurelType, customer: ObjectId) -> Option<IdentityDto<'_>> {
    let dto = laurel_identities(&record.person.identities).find(|dto| dto.kind == kind.as_str())?;
    Some(IdentityDto { customer_id: Some(Id(customer)), ..dto })
}

/// A person as an integration needs them.
pub fn project(record: &Record, integration: Integration) -> UserIntegrationProjection<'_> {
    let person = &record.person;
    let joined = format!("{} {}", person.name.given, person.name.family);
    let name = joined.trim();
    let is_relevant = |identity: &&IdentityDto<'_>| {
        integration.relevant().iter().any(|relevant| relevant.as_str() == identity.kind)
    };
    UserIntegrationProjection {
        id: Id(person.object_id),
        email: email(person),
        name: (!name.is_empty()).then(|| name.to_owned()),
        relevant_identities: laurel_identities(&person.identities).filter(|dto| is_relevant(&dto)).collect(),
    }
}

/// What a look-up found, as it is kept: an identity, or for `email` an address.
pub fn show_found<'a>(record: &'a Record, asked: &Identity, customer: ObjectId) -> Option<IdentityDto<'a>> {
    let Source::Laurel(kind) = asked.source else { return None };
    let folded = asked.folded();
    let person = &record.person;
    let identity = person
        .identities
        .iter()
        .find(|identity| identity.source == asked.source && identity.folded() == folded)
        .map(|identity| identity.value.as_str());
    let address = || {
        let addresses = person.email.iter().chain(&person.email_aliases);
        addresses.filter(|_| kind == LaurelType::Email).find(|address| address.folded() == folded)
    };
    let value = identity.or_else(|| address().map(Email::as_str))?;
    Some(IdentityDto { kind: kind.as_str(), value, customer_id: Some(Id(customer)) })
}

/// What a body asks of the person as it is. Writing back what is shown changes nothing, and only what differs has to
/// keep this API's limits.
pub fn change(patch: &PatchUser, record: &Record) -> Result<PersonChange, Vec<FieldError>> {
    let (person, work) = (&record.person, &record.person.work);
    let mut read = Reading::default();
    let change = PersonChange {
        name: NameChange::Parts {
            given: read.required("firstName", &patch.first_name, &person.name.given),
            family: read.text("lastName", &patch.last_name, &person.name.family),
        },
        email: read.email("email", &patch.email, email(person)),
        title: read.text("jobTitle", &patch.job_title, text(&person.title)),
        nickname: read.text("nickname", &patch.nickname, text(&person.nickname)),
        seniority: read.text("seniority", &patch.seniority, text(&work.seniority)),
        work_department: read.department("department", &patch.department, record),
        office: read.text("office", &patch.office, text(&work.office)),
        work_subdepartment: read.text("subdepartment", &patch.subdepartment, text(&work.subdepartment)),
        pod: read.text("pod", &patch.pod, text(&work.pod)),
        identities: read
            .identities(&wanted_identities(patch, person), person)
            .map(|wanted| (Family::Laurel, wanted))
            .into_iter()
            .collect(),
        roles: roles(&patch.role_ids, record),
        delegators: patch.delegators.clone().map_or(Change::Keep, Change::Set),
        ..PersonChange::default()
    };
    if read.errors.is_empty() { Ok(change) } else { Err(read.errors) }
}

/// The identities as a body wants them. An empty phone is none.
fn wanted_identities(patch: &PatchUser, person: &Person) -> Option<Vec<Identity>> {
    let Some(phone) = &patch.phone else { return patch.identities.clone() };
    let source = Source::Laurel(LaurelType::Phone);
    if person.external_id(&source) == Some(phone) {
        return None;
    }
    let known = person.identities_of(Family::Laurel);
    let others = known.filter(|identity| identity.source != source).cloned();
    let new = (!phone.is_empty()).then(|| Identity { source: source.clone(), value: phone.clone() });
    Some(others.chain(new).collect())
}

/// A user who is new.
pub fn create(user: &NewUser) -> PersonChange {
    let identities = match user.identities.is_empty() {
        true => Default::default(),
        false => [(Family::Laurel, merged(Vec::new(), &user.identities))].into(),
    };
    PersonChange { email: Change::Set(user.email.clone()), identities, ..texts_of(user) }
}

/// What an import says of a user who is known: nothing of what it leaves out.
pub fn import(user: &NewUser, record: &Record) -> PersonChange {
    let PersonChange { identities, .. } = add_identities(&user.identities, record);
    PersonChange { identities, ..texts_of(user) }
}

fn texts_of(user: &NewUser) -> PersonChange {
    let text = |text: &Option<String>| match text.as_deref() {
        None => Change::Keep,
        Some("") => Change::Clear,
        Some(text) => Change::Set(text.to_owned()),
    };
    PersonChange {
        name: NameChange::Parts { given: text(&user.first_name), family: text(&user.last_name) },
        nickname: text(&user.nickname),
        title: text(&user.job_title),
        time_zone: text(&user.time_zone),
        ..PersonChange::default()
    }
}

/// Puts further identities beside those that there are.
pub fn add_identities(new: &[Identity], record: &Record) -> PersonChange {
    with_identities(merged(record.person.identities_of(Family::Laurel).cloned().collect(), new))
}

/// Two values that compare alike are one.
fn merged(mut known: Vec<Identity>, new: &[Identity]) -> Vec<Identity> {
    let value = |identity: &Identity| (identity.source.clone(), identity.folded());
    let mut seen: HashSet<_> = known.iter().map(value).collect();
    known.extend(new.iter().filter(|identity| seen.insert(value(identity))).cloned());
    known
}

/// Puts one identity into the place of all of its type.
pub fn replace_identity(new: &Identity, record: &Record) -> PersonChange {
    let others = record.person.identities_of(Family::Laurel).filter(|known| known.source != new.source);
    with_identities(others.chain([new]).cloned().collect())
}

fn with_identities(wanted: Vec<Identity>) -> PersonChange {
    PersonChange { identities: [(Family::Laurel, wanted)].into(), ..PersonChange::default() }
}

/// Puts further aliases beside those that there are. The address for logging in is no alias.
pub fn add_aliases(new: &[Email], record: &Record) -> PersonChange {
    let person = &record.person;
    let mut wanted = person.email_aliases.clone();
    for email in new {
        let is_same = |known: &Email| known.folded() == email.folded();
        if !wanted.iter().any(is_same) && !person.email.as_ref().is_some_and(is_same) {
            wanted.push(email.clone());
        }
    }
    with_aliases(wanted)
}

/// Takes an alias away, if it is one.
pub fn remove_alias(folded: &str, record: &Record) -> Option<PersonChange> {
    let (gone, left): (Vec<Email>, Vec<Email>) =
        record.person.email_aliases.iter().cloned().partition(|known| known.folded() == folded);
    (!gone.is_empty()).then(|| with_aliases(left))
}

fn with_aliases(wanted: Vec<Email>) -> PersonChange {
    PersonChange { email_aliases: Change::Set(wanted), ..PersonChange::default() }
}

/// What is shown already is no change: somebody invited stays so, and somebody whose log-in is blocked.
pub fn set_status(asked: UserStatus, record: &Record) -> PersonChange {
    let (shown, wanted) = match asked {
        UserStatus::Active => ("active", Status::Active),
        UserStatus::AdminDisabled => ("adminDisabled", Status::DisabledByAdmin),
        UserStatus::FirmDisabled => ("firmDisabled", Status::DisabledByOrganization),
    };
    match status(record.person.status) == shown {
        true => PersonChange::default(),
        false => PersonChange::to_status(wanted),
    }
}

/// Without permissions in the body those that there are stay.
pub fn set_super_delegate(asked: &SuperDelegate, record: &Record) -> PersonChange {
    let known = record.membership.laurel.super_delegate.as_ref();
    let super_delegate = match (asked.is_super_delegate, &asked.permissions) {
        (false, _) => Change::Clear,
        (true, Some(permissions)) => Change::Set(permissions.clone()),
        (true, None) => Change::Set(known.cloned().unwrap_or_default()),
    };
    PersonChange { super_delegate, ..PersonChange::default() }
}

/// The mistakes found on the way.
#[derive(Debug, Default)]
struct Reading {
    errors: Vec<FieldError>,
}

impl Reading {
    /// A text that may be empty, which unsets it.
    fn text(&mut self, name: &str, asked: &Option<String>, shown: &str) -> Change<String> {
        match asked.as_deref() {
            None => Change::Keep,
            Some(asked) if asked == shown => Change::Keep,
            Some("") => Change::Clear,
            Some(long) if characters(long) > TEXT => {
                self.wrong(name, format!("must not be longer than {TEXT} characters"))
            }
            Some(asked) => Change::Set(asked.to_owned()),
        }
    }

    /// A text that cannot be unset.
    fn required(&mut self, name: &str, asked: &Option<String>, shown: &str) -> Change<String> {
        match self.text(name, asked, shown) {
            Change::Clear => self.wrong(name, "must not be empty"),
            change => change,
        }
    }

    /// The text of a department. While there is none, the name of the primary department is shown: only an empty text in
    /// its place can say that there is nothing to show.
    fn department(&mut self, name: &str, asked: &Option<String>, record: &Record) -> Change<String> {
        match self.text(name, asked, department(record).unwrap_or_default()) {
            Change::Clear if record.related.primary_department.is_some() => Change::Set(String::new()),
            change => change,
        }
    }

    fn email(&mut self, name: &str, asked: &Option<String>, shown: &str) -> Change<Email> {
        match self.required(name, asked, shown) {
            Change::Set(text) => match parse_email(&text) {
                Some(email) => Change::Set(email),
                None => self.wrong(name, format!("must be an email, such as {}", email::EXAMPLE)),
            },
            Change::Clear | Change::Keep => Change::Keep,
        }
    }

    /// The whole list, unless it is the one that is shown. Two values that compare alike are one.
    fn identities(&mut self, asked: &Option<Vec<Identity>>, person: &Person) -> Option<Vec<Identity>> {
        let asked = asked.as_deref()?;
        let shown: Vec<_> = person.identities_of(Family::Laurel).collect();
        if asked.iter().eq(shown.iter().copied()) {
            return None;
        }
        let mut wanted: Vec<Identity> = Vec::with_capacity(asked.len());
        let mut seen = HashSet::new();
        for (index, identity) in asked.iter().enumerate() {
            if !(1..=TEXT).contains(&characters(&identity.value)) && !shown.contains(&identity) {
                let message = format!("must have 1 to {TEXT} characters");
                self.wrong::<()>(&format!("identities.{index}.value"), message);
            } else if seen.insert((&identity.source, identity.folded())) {
                wanted.push(identity.clone());
            }
        }
        Some(wanted)
    }

    fn wrong<T>(&mut self, path: &str, message: impl Into<String>) -> Change<T> {
        self.errors.push(FieldError { path: path.to_owned(), message: message.into() });
        Change::Keep
    }
}

/// The roles as a set. Default ones stay whatever is asked, so they make no difference.
fn roles(asked: &Option<Vec<ObjectId>>, record: &Record) -> Change<Vec<ObjectId>> {
    let Some(asked) = asked else { return Change::Keep };
    let related = &record.related;
    let mut wanted: Vec<_> = asked.iter().copied().filter(|role| !related.is_default_role(*role)).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let mut shown: Vec<_> =
        related.roles.iter().filter(|role| !role.is_default).map(|role| role.object_id).collect();
    shown.sort_unstable();
    if wanted == shown { Change::Keep } else { Change::Set(wanted) }
}

/// Beyond the directory's own form: what the vendor's format `email` means everywhere, a domain of several labels
/// and a local part without quotes or comments. Letters beyond ASCII are let be.
pub(super) fn parse_email(text: &str) -> Option<Email> {
    let email = Email::parse(text)?;
    let (local, domain) = text.split_once('@')?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || !c.is_ascii();
    let is_atom = |atom: &str| {
        !atom.is_empty() && atom.chars().all(|c| is_plain(c) || "!#$%&'*+-/=?^_`{|}~".contains(c))
    };
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| is_plain(c) || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let good = local.len() <= 64
        && local.split('.').all(is_atom)
        && domain.contains('.')
        && domain.split('.').all(is_label);
    good.then_some(email)
}

/// Laurel's firms see nobody as invited, and know two ways of being switched off.
fn status(status: Status) -> &'static str {
    match status {
        Status::Invited | Status::Active => "active",
        Status::DisabledByAdmin | Status::LoginBlocked => "adminDisabled",
        Status::DisabledByOrganization => "firmDisabled",
    }
}

/// Everyone has an address in Laurel; whoever has none elsewhere is shown with an empty one.
fn email(person: &Person) -> &str {
    person.email.as_ref().map_or("", Email::as_str)
}

/// The text that was written, or else the name of the department that another API put the person in. An empty text was
/// written to show neither.
fn department(record: &Record) -> Option<&str> {
    match &record.person.work.department {
        Some(text) => Some(text.as_str()).filter(|text| !text.is_empty()),
        None => record.related.primary_department.as_ref().map(|department| department.name.as_str()),
    }
}

/// An optional field: an empty text counts as unset.
fn some(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

/// A field that is always there.
fn text(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or_default()
}

fn customer(record: &Record) -> Option<CustomerDigest<'_>> {
    let (organization, tenant) = (record.related.organization.as_ref()?, record.related.tenant.as_ref()?);
    Some(CustomerDigest {
        id: Id(organization.object_id),
        full_name: &organization.name,
        tenant: TenantDigest { id: Id(tenant.object_id), description: "", name: tenant.region.as_str() },
    })
}

fn delegator(delegation: &Delegation) -> DelegatorUserDigest<'_> {
    let other = &delegation.other;
    DelegatorUserDigest {
        id: Id(other.object_id),
        first_name: &other.given,
        last_name: &other.family,
        identities: identities(&other.identities),
    }
}

fn delegate(delegation: &Delegation) -> DelegateUserDigest<'_> {
    let other = &delegation.other;
    DelegateUserDigest {
        id: Id(other.object_id),
        first_name: &other.given,
        last_name: &other.family,
        permissions: delegation.permissions.as_deref().map(permissions),
    }
}

fn role(role: &Role) -> RoleDigest<'_> {
    RoleDigest { id: Id(role.object_id), name: &role.name, permissions: permissions(&role.permissions) }
}

fn permissions(permissions: &[Permission]) -> Vec<PermissionDigest<'_>> {
    permissions
        .iter()
        .map(|permission| PermissionDigest {
            id: Id(permission.object_id()),
            claim: &permission.claim,
            description: permission.description(),
        })
        .collect()
}

fn identities(identities: &[Identity]) -> Vec<IdentityDto<'_>> {
    laurel_identities(identities).collect()
}

/// Other APIs' external ids are none of Laurel's.
fn laurel_identities(identities: &[Identity]) -> impl Iterator<Item = IdentityDto<'_>> {
    identities.iter().filter_map(|identity| match identity.source {
        Source::Laurel(kind) => {
            Some(IdentityDto { kind: kind.as_str(), value: &identity.value, customer_id: None })
        }
        Source::Relesys | Source::Replay(_) => None,
    })
}

/// An organization as a customer. Code and name follow from the full name where they were never given.
pub fn show_customer(customer: &Customer) -> CustomerDto<'_> {
    let Customer { organization, tenant, profile, updated_at } = customer;
    CustomerDto {
        id: Id(organization.object_id),
        code: code_of(customer),
        created_at: seconds(organization.created_at),
        full_name: &organization.name,
        name: profile.slug.clone().unwrap_or_else(|| kebab(&organization.name)),
        updated_at: seconds(*updated_at),
        connections: profile.connections.iter().map(|it| connection(customer, it)).collect(),
        identities: identities(&profile.identities),
        tenant: TenantDigest { id: Id(tenant.object_id), description: "", name: tenant.region.as_str() },
        pms_vendor: profile.pms_vendor.as_deref(),
        salesforce_account_id: profile.salesforce_account_id.as_deref(),
        segment: profile.segment.map(Segment::as_str),
        vertical: profile.vertical.map(Vertical::as_str),
    }
}

fn connection<'a>(customer: &Customer, connection: &'a Connection) -> ConnectionDto<'a> {
    ConnectionDto {
        name: format!("{}-{}", code_of(customer), connection.strategy.kind.as_str()),
        created_at: seconds(connection.created_at),
        external_id: &connection.id,
        strategy: StrategyDto(&connection.strategy),
        updated_at: seconds(connection.updated_at),
        fqdns: &connection.domains,
        scim: connection.is_scim_enabled,
    }
}

/// Three characters, also of a customer that was given none.
pub fn code_of(customer: &Customer) -> String {
    customer.profile.code.clone().unwrap_or_else(|| {
        let letters = customer.organization.name.chars().filter(char::is_ascii_alphanumeric);
        let code: String = letters.chain("XXX".chars()).take(3).collect();
        code.to_ascii_uppercase()
    })
}

/// A name in small letters with dashes.
fn kebab(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let kebab = words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-");
    if kebab.is_empty() { "customer".to_owned() } else { kebab }
}

pub fn create_customer(new: &NewCustomer) -> CustomerChange {
    CustomerChange { name: new.full_name.clone(), profile: profile(&new.rest, CustomerProfile::default()) }
}

/// What a body asks of the customer as it is. Writing back what is shown changes nothing.
pub fn change_customer(patch: &PatchCustomer, customer: &Customer) -> CustomerChange {
    let mut patch = patch.clone();
    let shown = show_customer(customer);
    patch.code = patch.code.filter(|code| *code != shown.code);
    patch.name = patch.name.filter(|name| *name != shown.name);
    let name = patch.full_name.clone().unwrap_or_else(|| customer.organization.name.clone());
    CustomerChange { name, profile: profile(&patch, customer.profile.clone()) }
}

fn profile(patch: &PatchCustomer, before: CustomerProfile) -> CustomerProfile {
    let optional = |change: &Change<String>, before: Option<String>| match change {
        Change::Keep => before,
        Change::Clear => None,
        Change::Set(text) => (!text.is_empty()).then(|| text.clone()),
    };
    CustomerProfile {
        code: patch.code.clone().or(before.code),
        slug: patch.name.clone().or(before.slug),
        segment: patch.segment.or(before.segment),
        vertical: patch.vertical.or(before.vertical),
        pms_vendor: optional(&patch.pms_vendor, before.pms_vendor),
        salesforce_account_id: optional(&patch.salesforce_account_id, before.salesforce_account_id),
        identities: patch.identities.as_ref().map_or(before.identities, |new| merged(Vec::new(), new)),
        connections: before.connections,
        lang: before.lang,
        time_zone: before.time_zone,
    }
}

/// A client, with its secret where it was made just now.
pub fn show_client<'a>(client: &'a Credential, secret: Option<&'a str>) -> ApiClient<'a> {
    ApiClient { id: Id(client_id(client)), client_id: &client.public_id, name: &client.name, secret }
}

/// The same of one that a customer made for itself.
pub fn show_managed_client<'a>(client: &'a Credential, secret: Option<&'a str>) -> ManagedClient<'a> {
    ManagedClient {
        id: Id(client_id(client)),
        external_client_id: &client.public_id,
        name: &client.name,
        description: text(&client.description),
        created_at: seconds(client.created_at),
        external_client_secret: secret,
        external_secret_expires_at: client.expires_at.map(seconds),
        permission_tier: Tier::of(&client.scopes),
    }
}

/// The id by which this API knows a client: the last twelve bytes of ours, most of which are random.
pub fn client_id(client: &Credential) -> ObjectId {
    let mut id = [0; 12];
    id.copy_from_slice(&client.id.0.as_bytes()[4..]);
    ObjectId(id)
}
