//! Filling an empty store: two tenants, what they are made of, their people, and credentials for every API.

use std::sync::Arc;

use directory::change::Change;
use directory::credential::Scopes;
use directory::custom_field::{CustomField, CustomFieldKind};
use directory::customer::{Connection, CustomerProfile, Segment, Setting, Strategy, StrategyKind, Vertical};
use directory::delegation::Delegator;
use directory::email::Email;
use directory::identity::LaurelType;
use directory::ids::{
    CustomFieldId, DepartmentId, GroupId, InvitationId, Number, ObjectId, OrganizationId, PersonId, TeamId,
    TemplateId, TenantId,
};
use directory::membership::{KareScope, ReplayRole};
use directory::organization::{Department, DepartmentKind, Group, Label, Organization, Team};
use directory::record::Include;
use directory::store::{NewPerson, PersonKey};
use directory::template::{Template, TemplateCulture, TemplateEmail};
use directory::throttle::RateLimit;
use directory::{Dialect, Directory, Invitee, NewClient, NewCredential, PersonChange, Refusal};
use jiff::SignedDuration;
use tokio::task::spawn_blocking;

use super::people::{Generator, LISTED, Surroundings, identify};
use crate::commands::credential::Made;
use crate::config::Config;
use crate::context::Context;
use crate::error::Error;
use crate::password;

/// People put into the store at once: enough to make the commit cheap, few enough to be held in memory.
const CHUNK: usize = 4_000;

/// Longer than an invitation is valid.
const LONG_AGO: SignedDuration = SignedDuration::from_hours(40 * 24);

/// People of the second tenant, at most. It is there to see that nothing crosses over.
const STRANGERS: usize = 10;

/// A tree: name, what it is, and the place in this list of the department above.
const DEPARTMENTS: [(&str, DepartmentKind, Option<usize>); 12] = [
    ("Operations", DepartmentKind::Division, None),
    ("Finance", DepartmentKind::Department, None),
    ("Human Resources", DepartmentKind::Department, None),
    ("Engineering", DepartmentKind::Division, None),
    ("Sales", DepartmentKind::Division, None),
    ("Customer Care", DepartmentKind::Department, Some(4)),
    ("Region North", DepartmentKind::Region, Some(0)),
    ("Region South", DepartmentKind::Region, Some(0)),
    ("Store Aarhus", DepartmentKind::Store, Some(6)),
    ("Store Odense", DepartmentKind::Store, Some(6)),
    ("Store Roma", DepartmentKind::Store, Some(7)),
    ("Platform", DepartmentKind::Subdepartment, Some(3)),
];

/// The first have the most people.
const GROUPS: [&str; 12] = [
    "Night shift",
    "First aiders",
    "Works council",
    "Drivers",
    "New joiners",
    "Fire wardens",
    "Trainers",
    "Canteen committee",
    "Cyclists",
    "Translators",
    "Choir",
    "Beekeepers",
];
const LABELS: [(&str, &str); 4] =
    [("Nurse", "#00AA88"), ("Electrician", "#FFB000"), ("Planner", "#3366CC"), ("Driver", "#AA3355")];

/// Templates of messages, by name and title: one for each type of message that Relesys sends, and one more.
const TEMPLATES: [(&str, &str); 4] = [
    ("welcome", "Welcome"),
    ("logininfo", "How to log in"),
    ("forgottenpassword", "A new password"),
    ("reminder", "Reminder"),
];

/// One of each kind, and one more.
pub(super) const CUSTOM_FIELDS: [(&str, CustomFieldKind); 6] = [
    ("customfieldone", CustomFieldKind::Text),
    ("customfieldtwo", CustomFieldKind::Text),
    ("birthday", CustomFieldKind::Date),
    ("skills", CustomFieldKind::MultiSelect),
    ("notes", CustomFieldKind::MultilineText),
    ("shoesize", CustomFieldKind::Number),
];

/// What there is to try, with its secrets, which are nowhere else.
pub(crate) struct Seeded {
    pub tenant: SeededTenant,
    pub stranger: SeededTenant,
}

pub(crate) struct SeededTenant {
    pub name: &'static str,
    /// The first people of the root organization, all active.
    pub people: Vec<SeededPerson>,
    pub departments: Vec<DepartmentId>,
    pub groups: Vec<GroupId>,
    pub teams: Vec<TeamId>,
    pub roles: Vec<ObjectId>,
    pub root: Organization,
    pub child: OrganizationId,
    pub grandchild: OrganizationId,
    pub child_user: PersonId,
    pub invited: InvitationId,
    /// The invitation of somebody whose address is free again.
    pub expired: InvitationId,
    pub disabled: PersonId,
    pub label: Number,
    pub identity: (LaurelType, &'static str, ObjectId),
    pub kare_admin: Login,
    pub kare_user: Login,
    pub relesys: Made,
    pub relesys_read_only: Made,
    /// With the documented rate limit, which the others have not.
    pub relesys_limited: Option<Made>,
    pub replay: Made,
    pub replay_child: Made,
    pub laurel: Made,
}

#[derive(Debug, Clone)]
pub(crate) struct SeededPerson {
    pub id: PersonId,
    pub object_id: ObjectId,
    pub number: Number,
    pub email: String,
    pub name: String,
}

#[derive(Clone)]
pub(crate) struct Login {
    pub email: String,
    pub password: String,
    pub number: Number,
}

/// How one of the tenants is called.
struct Plan {
    seed: u64,
    organizations: [&'static str; 3],
    domain: &'static str,
    teams: [&'static str; 2],
    identity: &'static str,
    is_limited: bool,
}

const TENANT: Plan = Plan {
    seed: 1843,
    organizations: ["Aurora", "Aurora North", "Aurora North Harbour"],
    domain: "aurora.example",
    teams: ["Sales North", "Sales South"],
    identity: "auth0|aurora-5f3c",
    is_limited: true,
};

const STRANGER: Plan = Plan {
    seed: 1906,
    organizations: ["Borealis", "Borealis East", "Borealis East Quay"],
    domain: "borealis.example",
    teams: ["Field Service", "Workshop"],
    identity: "auth0|borealis-9a1e",
    is_limited: false,
};

/// Seeds both tenants; `progress` is told how many people of the first are in.
pub(crate) async fn seed(
    directory: &Arc<Directory>,
    config: &Config,
    people: usize,
    progress: impl Fn(usize),
) -> Result<Seeded, Error> {
    let context = Context::new(directory.clone(), config.clone());
    let tenant = Seeding::begin(&context, &TENANT).await?.finish(people, progress).await?;
    let stranger = Seeding::begin(&context, &STRANGER).await?.finish(people.min(STRANGERS), |_| {}).await?;
    Ok(Seeded { tenant, stranger })
}

/// A tenant that has all but its people and credentials.
struct Seeding<'a> {
    context: &'a Context,
    plan: &'static Plan,
    tenant: TenantId,
    root: Organization,
    child: OrganizationId,
    grandchild: OrganizationId,
    around: Surroundings,
}

impl<'a> Seeding<'a> {
    async fn begin(context: &'a Context, plan: &'static Plan) -> Result<Self, Error> {
        let [root, child, grandchild] = plan.organizations;
        let root = add_organization(context, None, root).await?;
        let trees = context.directory.operator().organizations().await?;
        let tree = trees.iter().find(|tree| tree.organizations.iter().any(|it| it.id == root.id));
        let tenant =
            tree.map(|tree| tree.tenant.id).ok_or_else(|| Error::new("the new tenant is not there"))?;
        let child = add_organization(context, Some((tenant, root.id)), child).await?.id;
        let grandchild = add_organization(context, Some((tenant, child)), grandchild).await?.id;
        let around = surroundings(context, plan, tenant, root.id).await?;
        Ok(Self { context, plan, tenant, root, child, grandchild, around })
    }

    async fn finish(self, count: usize, progress: impl Fn(usize)) -> Result<SeededTenant, Error> {
        let now = self.context.directory.now();
        let listed = count.min(LISTED);
        // Not the first ones, whom one tries things on: an admin may not change everything of their own.
        let [admin, user, identified] = [3, 4, 5].map(|index| index % listed);
        let passwords = [self.new_password().await?, self.new_password().await?];

        let generator = Generator::new(self.plan.seed, self.around.clone(), count, now);
        let mut chunk = generate(generator, count.min(CHUNK)).await?;
        for (index, (_, hash)) in [admin, user].into_iter().zip(&passwords) {
            chunk.people[index].change.password_hash = Change::Set(hash.clone());
        }
        chunk.people[admin].change.kare_scope = Change::Set(KareScope::Admin);
        identify(&mut chunk.people[identified], LaurelType::Auth0, self.plan.identity);

        let (mut people, mut added) = (Vec::with_capacity(listed), 0);
        loop {
            let next =
                (added + chunk.people.len() < count).then(|| (count - added - chunk.people.len()).min(CHUNK));
            let brief: Vec<SeededPerson> = chunk
                .people
                .iter()
                .take(listed.saturating_sub(people.len()))
                .filter_map(SeededPerson::of)
                .collect();
            let size = chunk.people.len();
            // The next ones are made while these are written.
            let making = next.map(|next| tokio::spawn(generate(chunk.generator, next)));
            let numbers = self.add(self.root.id, chunk.people).await?;
            people.extend(
                brief.into_iter().zip(numbers).map(|(person, number)| SeededPerson { number, ..person }),
            );
            added += size;
            progress(added);
            match making {
                Some(making) => {
                    chunk = making.await.map_err(|_| Error::new("people could not be made"))??;
                }
                None => break,
            }
        }
        // The generator went with the last chunk; these come after everybody else.
        let mut generator = Generator::new(self.plan.seed, self.around.clone(), count, now).after(count);
        let (disabled, invited, child_user) =
            (generator.disabled(), generator.invited(now), generator.elsewhere());
        let (expired, back) = (generator.invited(now - LONG_AGO), generator.disabled());
        let others = Others {
            disabled: disabled.id,
            invited: invitation(&invited)?,
            expired: invitation(&expired)?,
            child_user: child_user.id,
        };
        let invitee = invitee(&back);
        self.add(self.root.id, vec![disabled, invited, expired, back]).await?;
        self.add(self.child, vec![child_user]).await?;
        self.invite_again(invitee).await?;
        self.delegate(&people).await?;
        for (organization, code) in [(self.root.id, "AUR"), (self.child, "AUN")] {
            self.connect(organization, code).await?;
        }

        let login = |index: usize, password: &str| Login {
            email: people[index].email.clone(),
            password: password.to_owned(),
            number: people[index].number,
        };
        let logins = [login(admin, &passwords[0].0), login(user, &passwords[1].0)];
        let identity = (LaurelType::Auth0, self.plan.identity, people[identified].object_id);
        self.with_credentials(people, others, logins, identity).await
    }

    /// A password and what is kept of it.
    async fn new_password(&self) -> Result<(String, String), Error> {
        let directory = &self.context.directory;
        let password = password::generate(directory.entropy());
        let hash = directory.passwords().hash(password.clone(), None).await?;
        Ok((password, hash))
    }

    async fn add(&self, organization: OrganizationId, people: Vec<NewPerson>) -> Result<Vec<Number>, Error> {
        let caller = self.context.caller(self.tenant, organization);
        let added = self.context.directory.scoped(&caller).add_people(people).await;
        let records = added.map_err(|(_, refusal)| Error::from(refusal))?;
        Ok(records.iter().map(|record| record.person.number).collect())
    }

    /// Gives an organization what Laurel keeps of its customers, a connection and a client.
    async fn connect(&self, organization: OrganizationId, code: &'static str) -> Result<(), Error> {
        let caller = self.context.caller(self.tenant, organization);
        let at = self.context.directory.scoped(&caller);
        let now = self.context.directory.now();
        let connection = Connection {
            id: format!("con_{}", &self.context.directory.random_text()[..16]),
            strategy: Strategy {
                kind: StrategyKind::Adfs,
                settings: [
                    ("apiEnableUsers".to_owned(), Setting::Flag(false)),
                    ("adfsServer".to_owned(), Setting::Text(format!("adfs.{}", self.plan.domain))),
                    ("tenantDomain".to_owned(), Setting::Text(self.plan.domain.to_owned())),
                ]
                .into(),
            },
            domains: vec![self.plan.domain.to_owned()],
            is_scim_enabled: false,
            scim_key: None,
            created_at: now,
            updated_at: now,
        };
        at.change_customer(move |customer| {
            Ok::<_, Refusal>(CustomerProfile {
                code: Some(code.to_owned()),
                segment: Some(Segment::MidMarket),
                vertical: Some(Vertical::Legal),
                connections: vec![connection.clone()],
                ..customer.profile.clone()
            })
        })
        .await?;
        let client = NewClient {
            name: format!("{code}-demo"),
            description: Some("To try things on".to_owned()),
            scopes: Scopes(vec!["read".to_owned()]),
            lifetime: None,
        };
        at.add_client(client).await?;
        Ok(())
    }

    /// Invites a disabled person again, who has yet to accept.
    async fn invite_again(&self, invitee: Option<Invitee>) -> Result<(), Error> {
        let Some(invitee) = invitee else { return Ok(()) };
        let caller = self.context.caller(self.tenant, self.root.id);
        self.context.directory.scoped(&caller).invite(invitee).await?;
        Ok(())
    }

    /// Three of the first work for the next ones, as far as there are so many.
    async fn delegate(&self, people: &[SeededPerson]) -> Result<(), Error> {
        let caller = self.context.caller(self.tenant, self.root.id);
        for pair in people.get(3..).unwrap_or_default().chunks_exact(2).take(3) {
            let [delegate, delegator] = pair else { continue };
            let delegators = vec![Delegator { object_id: delegator.object_id, permissions: None }];
            let change = PersonChange { delegators: Change::Set(delegators), ..PersonChange::default() };
            let include = Include { delegations: true, ..Include::default() };
            let at = self.context.directory.scoped(&caller);
            let decide = move |_: &directory::Record| Ok::<_, Refusal>(change.clone());
            at.change_person(PersonKey::Id(delegate.id), include, decide).await?;
        }
        Ok(())
    }

    async fn with_credentials(
        self,
        people: Vec<SeededPerson>,
        others: Others,
        [kare_admin, kare_user]: [Login; 2],
        identity: (LaurelType, &'static str, ObjectId),
    ) -> Result<SeededTenant, Error> {
        let relesys_limited = match self.plan.is_limited {
            true => Some(
                self.credential(Dialect::Relesys, self.root.id, &["relesys.api"], RateLimit::OfDialect)
                    .await?,
            ),
            false => None,
        };
        Ok(SeededTenant {
            name: self.plan.organizations[0],
            people,
            departments: self.around.departments.clone(),
            groups: self.around.groups.clone(),
            teams: self.around.teams.clone(),
            roles: self.around.roles.clone(),
            child: self.child,
            grandchild: self.grandchild,
            child_user: others.child_user,
            invited: others.invited,
            expired: others.expired,
            disabled: others.disabled,
            label: self.around.labels[0],
            identity,
            kare_admin,
            kare_user,
            relesys: self
                .credential(Dialect::Relesys, self.root.id, &["relesys.api"], RateLimit::Unlimited)
                .await?,
            relesys_read_only: self
                .credential(Dialect::Relesys, self.root.id, &["relesys.api:read"], RateLimit::Unlimited)
                .await?,
            relesys_limited,
            replay: self.credential(Dialect::Replay, self.root.id, &[], RateLimit::OfDialect).await?,
            replay_child: self.credential(Dialect::Replay, self.child, &[], RateLimit::OfDialect).await?,
            laurel: self
                .credential(Dialect::Laurel, self.root.id, &["readwrite"], RateLimit::OfDialect)
                .await?,
            root: self.root,
        })
    }

    async fn credential(
        &self,
        dialect: Dialect,
        organization: OrganizationId,
        scopes: &[&str],
        rate_limit: RateLimit,
    ) -> Result<Made, Error> {
        let new = NewCredential {
            tenant: self.tenant,
            organization,
            dialect,
            name: "demo".to_owned(),
            scopes: Scopes(scopes.iter().map(|&scope| scope.to_owned()).collect()),
            person: None,
            description: None,
            rate_limit,
            expires_at: None,
        };
        Made::of(&self.context.directory, new).await
    }
}

/// People who are not among the first ones.
struct Others {
    disabled: PersonId,
    invited: InvitationId,
    expired: InvitationId,
    child_user: PersonId,
}

impl SeededPerson {
    /// The number comes when the person is stored.
    fn of(new: &NewPerson) -> Option<Self> {
        let Change::Set(email) = &new.change.email else { return None };
        let directory::person_change::NameChange::Parts {
            given: Change::Set(given),
            family: Change::Set(family),
        } = &new.change.name
        else {
            return None;
        };
        Some(Self {
            id: new.id,
            object_id: new.object_id,
            number: Number::new(1)?,
            email: email.to_string(),
            name: format!("{given} {family}"),
        })
    }
}

/// People made, and what makes the next ones.
struct Chunk {
    people: Vec<NewPerson>,
    generator: Generator,
}

async fn generate(mut generator: Generator, count: usize) -> Result<Chunk, Error> {
    let made = spawn_blocking(move || {
        let people = (0..count).map(|_| generator.make()).collect();
        Chunk { people, generator }
    });
    made.await.map_err(|_| Error::new("people could not be made"))
}

/// Who a person is when they are invited again.
fn invitee(new: &NewPerson) -> Option<Invitee> {
    let SeededPerson { email, name, .. } = SeededPerson::of(new)?;
    let (given, family) = name.split_once(' ')?;
    Some(Invitee {
        email: Email::parse(&email)?,
        given: given.to_owned(),
        family: Some(family.to_owned()),
        role: ReplayRole::User,
        external_id: Some("back-again".to_owned()),
    })
}

fn invitation(new: &NewPerson) -> Result<InvitationId, Error> {
    match &new.change.invitation {
        Change::Set(invitation) => Ok(invitation.id),
        Change::Keep | Change::Clear => Err(Error::new("nobody was invited")),
    }
}

async fn add_organization(
    context: &Context,
    parent: Option<(TenantId, OrganizationId)>,
    name: &str,
) -> Result<Organization, Error> {
    Ok(context.directory.operator().add_organization(parent, name.to_owned()).await?)
}

async fn surroundings(
    context: &Context,
    plan: &'static Plan,
    tenant: TenantId,
    organization: OrganizationId,
) -> Result<Surroundings, Error> {
    let here = (tenant, organization);
    let (mut departments, mut groups, mut labels) = (Vec::new(), Vec::new(), Vec::new());
    for (name, kind, above) in DEPARTMENTS {
        let parent = above.map(|above| departments[above]);
        let department = Department { parent, ..Department::new(DepartmentId::NIL, name, kind) };
        departments.push(context.create(&here, department).await?.id);
    }
    for name in GROUPS {
        groups.push(context.create(&here, Group::new(GroupId::NIL, ObjectId::NIL, name)).await?.id);
    }
    for (key, kind) in CUSTOM_FIELDS {
        let (key, name) = (key.to_owned(), key.to_owned());
        context.create(&here, CustomField { id: CustomFieldId::NIL, key, name, kind }).await?;
    }
    for (name, title) in TEMPLATES {
        context.create(&here, template(name, title)).await?;
    }
    let mut teams = Vec::new();
    for name in plan.teams {
        teams.push(context.create(&here, Team::new(TeamId::NIL, organization, name)).await?.id);
    }
    for (name, color) in LABELS {
        labels.push(context.create(&here, Label::new(organization, name, color)).await?.number);
    }
    let caller = context.caller(tenant, organization);
    let roles = context.directory.scoped(&caller).reference_data().await?.roles;
    Ok(Surroundings {
        organization,
        domain: plan.domain,
        departments,
        groups,
        teams,
        labels,
        roles: roles.iter().filter(|role| !role.is_default).map(|role| role.object_id).collect(),
    })
}

/// A template with texts for both channels in English, and for one alone in Danish.
fn template(name: &str, title: &str) -> Template {
    let email = TemplateEmail { subject: title.to_owned(), body: format!("<p>{title}, #name#</p>") };
    let english = TemplateCulture {
        culture: "en-GB".into(),
        sms: Some(format!("{title}, #name#")),
        email: Some(email),
    };
    let danish = TemplateCulture { culture: "da-DK".into(), sms: Some("Hej #name#".into()), email: None };
    Template { cultures: vec![english, danish], ..Template::new(TemplateId::NIL, name) }
}
