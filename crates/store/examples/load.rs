//! Fills a store with made-up people and times what a server asks of it:
//! `cargo run --release -p store --example load -- [people] [file]`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use directory::caller::{Caller, Channel};
use directory::credential::Scopes;
use directory::email::Email;
use directory::identity::{Family, Identity, Source};
use directory::ids::{DepartmentId, GroupId, ObjectId, OrganizationId, PersonId, TenantId};
use directory::organization::{Department, DepartmentKind, Group, OrganizationDetails};
use directory::person::Entry;
use directory::person_change::NameChange;
use directory::query::{Direction, Filter, Query};
use directory::store::{AuditContext, ChangePerson, NewOrganization, NewPerson, Origin, PersonKey};
use directory::{Change, Command, Include, PersonChange, PersonField, Store};
use jiff::Timestamp;
use store::sqlite::{Options, Sqlite};
use uuid::Uuid;

const CHUNK: u64 = 5_000;
const WRITERS: u64 = 64;
const GIVEN: [&str; 12] = [
    "Ada",
    "Grace",
    "Katherine",
    "Dorothy",
    "Edsger",
    "Alan",
    "Barbara",
    "Niklaus",
    "Ken",
    "Margaret",
    "Radia",
    "Leslie",
];
const FAMILY: [&str; 10] = [
    "Byron", "Hopper", "Johnson", "Vaughan", "Dijkstra", "Turing", "Liskov", "Wirth", "Thompson", "Hamilton",
];

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let people: u64 = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    let folder = std::env::temp_dir().join(format!("store-load-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    let path = arguments.next().map_or_else(|| folder.join("directory.db"), Into::into);
    let result = run(&path, people).await;
    std::fs::remove_dir_all(&folder)?;
    result
}

async fn run(path: &std::path::Path, people: u64) -> Result<(), Failure> {
    let opened = Instant::now();
    let store: Arc<dyn Store> = Arc::new(Sqlite::open(path, Options::default())?);
    let unavailable = |_| "the store is unavailable";
    let place = match store.organizations().await.map_err(unavailable)?.first() {
        Some(tree) => {
            println!("opened in {:.1?}", opened.elapsed());
            Place { tenant: tree.tenant.id, organization: tree.organizations[0].id }
        }
        None => {
            let place = found(store.as_ref()).await?;
            load(store.as_ref(), place, people).await?;
            place
        }
    };
    let size = std::fs::metadata(path)?.len();
    println!("file: {:.0} MB; resident: {}", size as f64 / 1e6, resident());

    reads(store.as_ref(), place, people).await?;
    updates("update of the title", &store, place, people, |n| PersonChange {
        title: Change::Set(format!("title {n} of {}", now().as_microsecond())),
        ..PersonChange::default()
    })
    .await?;
    updates("update of the given name", &store, place, people, |n| PersonChange {
        name: NameChange::Parts {
            given: Change::Set(format!("Name{n}x{}", now().as_microsecond() % 1_000_000)),
            family: Change::Keep,
        },
        ..PersonChange::default()
    })
    .await?;
    for words in [
        vec!["ada.byron7@"],
        vec!["johnson", "ada.johnson2"],
        vec!["name1234"],
        vec!["nobody-at-all"],
        vec!["7@", "radia", "wirth1"],
        vec!["radia.wirth"],
        vec!["q"],
    ] {
        search(store.as_ref(), place, &words).await?;
    }
    let begun = Instant::now();
    let report = store.check().await.map_err(unavailable)?;
    println!(
        "checked in {:.1?}: {} problems; resident: {}",
        begun.elapsed(),
        report.problems.len(),
        resident()
    );
    report.problems.iter().for_each(|problem| println!("{problem}"));
    Ok(())
}

#[derive(Clone, Copy)]
struct Place {
    tenant: TenantId,
    organization: OrganizationId,
}

impl Place {
    fn audit(self) -> AuditContext {
        let caller = Caller {
            tenant: self.tenant,
            organization: self.organization,
            via: Channel::Command,
            credential: None,
            scopes: Scopes::default(),
            person: None,
            session: None,
            forwarded: None,
            request: "load".to_owned(),
        };
        AuditContext { caller, now: now() }
    }
}

fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

async fn found(store: &dyn Store) -> Result<Place, Failure> {
    let root = NewOrganization {
        id: OrganizationId(Uuid::from_u128(1)),
        object_id: object_id(1, 1),
        parent: None,
        name: "Load".to_owned(),
        details: OrganizationDetails::default(),
        created_at: now(),
    };
    let organization = store
        .add_organization(None, root, Origin::of_command("setup", Timestamp::UNIX_EPOCH))
        .await
        .map_err(|refusal| format!("{refusal:?}"))?;
    let trees = store.organizations().await.map_err(|_| "the store is unavailable")?;
    let place = Place { tenant: trees[0].tenant.id, organization: organization.id };
    for n in 1..=50 {
        let group = Group::new(GroupId(Uuid::from_u128(n)), object_id(2, n as u64), format!("Group {n}"));
        let (id, name) = (DepartmentId(Uuid::from_u128(n)), format!("Department {n}"));
        let department = Department::new(id, name, DepartmentKind::default());
        let commands = vec![Command::Create(group.into()), Command::Create(department.into())];
        let done = store.execute(place.tenant, commands, place.audit()).await;
        done.map_err(|(_, stop)| format!("{stop:?}"))?;
    }
    Ok(place)
}

async fn load(store: &dyn Store, place: Place, people: u64) -> Result<(), Failure> {
    let begun = Instant::now();
    let mut made = Duration::ZERO;
    for first in (0..people).step_by(CHUNK as usize) {
        let making = Instant::now();
        let chunk: Vec<NewPerson> = (first..people.min(first + CHUNK)).map(person).collect();
        made += making.elapsed();
        store
            .add_people(place.tenant, place.organization, chunk, place.audit())
            .await
            .map_err(|refusal| format!("{refusal:?}"))?;
    }
    let took = begun.elapsed();
    println!(
        "loaded {people} people in {took:.1?} ({made:.1?} to make them up): {:.0} a second",
        people as f64 / took.as_secs_f64()
    );
    Ok(())
}

/// A number that looks random and is always the same.
fn mixed(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb)
}

fn object_id(seconds: u32, n: u64) -> ObjectId {
    ObjectId::compose(seconds, mixed(n).to_be_bytes())
}

fn person_id(n: u64) -> PersonId {
    PersonId(Uuid::from_u128(u128::from(n + 1) << 64 | u128::from(mixed(n))))
}

fn person(n: u64) -> NewPerson {
    let random = mixed(n);
    let given = GIVEN[random as usize % GIVEN.len()];
    let family = FAMILY[(random >> 8) as usize % FAMILY.len()];
    let unique = format!("{}.{}{n}", given.to_lowercase(), family.to_lowercase());
    let change = PersonChange {
        name: NameChange::Parts { given: Change::Set(given.into()), family: Change::Set(family.into()) },
        initials: Change::Set(format!("{}{}", &given[..1], &family[..1])),
        user_name: Change::Set(unique.clone()),
        email: Change::to(Email::parse(&format!("{unique}@example.com"))),
        title: Change::Set("Senior something of everything".into()),
        office: Change::Set("London".into()),
        work_department: Change::Set("Analytical engines".into()),
        employment_kind: Change::Set("Full-time employee".into()),
        primary_department: Change::Set(DepartmentId(Uuid::from_u128(u128::from(random % 50) + 1))),
        groups: Change::Set(vec![Entry {
            id: GroupId(Uuid::from_u128(u128::from(random % 49) + 1)),
            data_source: None,
        }]),
        identities: [(
            Family::Relesys,
            vec![Identity { source: Source::Relesys, value: format!("{:x}", mixed(random)) }],
        )]
        .into(),
        ..PersonChange::default()
    };
    NewPerson {
        id: person_id(n),
        object_id: object_id(100 + (n / CHUNK) as u32, n),
        created_at: now(),
        change,
    }
}

async fn reads(store: &dyn Store, place: Place, people: u64) -> Result<(), Failure> {
    const READS: u64 = 100_000;
    for (what, include) in [
        ("bare", Include::default()),
        (
            "with everything",
            Include {
                organization: true,
                primary_department: true,
                groups: true,
                profession: true,
                roles: true,
                delegations: true,
                custom_fields: true,
                actor: None,
            },
        ),
    ] {
        let begun = Instant::now();
        for n in 0..READS {
            let key = PersonKey::Id(person_id(mixed(n) % people));
            let found = store.person(place.tenant, place.organization, key, include).await;
            if !found.is_ok_and(|found| found.is_some()) {
                return Err("a person is missing".into());
            }
        }
        let each = begun.elapsed().as_secs_f64() * 1e6 / READS as f64;
        println!("read of one person, {what}: {each:.1} us");
    }
    Ok(())
}

async fn updates(
    what: &str,
    store: &Arc<dyn Store>,
    place: Place,
    people: u64,
    change: impl Fn(u64) -> PersonChange + Copy + Send + Sync + 'static,
) -> Result<(), Failure> {
    const UPDATES: u64 = 2_000;
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let store = store.clone();
        tasks.spawn(async move {
            let mut waits = Vec::with_capacity(UPDATES as usize);
            for n in 0..UPDATES {
                let n = writer * UPDATES + n;
                let wanted = change(n);
                let asked = Instant::now();
                let changed = store
                    .change_person(ChangePerson {
                        tenant: place.tenant,
                        organization: place.organization,
                        key: PersonKey::Id(person_id(mixed(n) % people)),
                        include: Include::default(),
                        audit: place.audit(),
                        decide: Box::new(move |_| Ok(wanted.clone())),
                    })
                    .await;
                waits.push(asked.elapsed());
                assert!(changed.is_ok(), "{changed:?}");
            }
            waits
        });
    }
    let mut waits: Vec<Duration> = tasks.join_all().await.into_iter().flatten().collect();
    let took = begun.elapsed();
    waits.sort_unstable();
    println!(
        "{what}, {WRITERS} at once: {:.0} a second, {:.1} us each; p50 {:.2?}, p99 {:.2?}, longest {:.2?}",
        waits.len() as f64 / took.as_secs_f64(),
        took.as_secs_f64() * 1e6 / waits.len() as f64,
        waits[waits.len() / 2],
        waits[waits.len() * 99 / 100],
        waits[waits.len() - 1],
    );
    Ok(())
}

async fn search(store: &dyn Store, place: Place, words: &[&str]) -> Result<(), Failure> {
    let mut waits = Vec::new();
    let mut found = 0;
    for _ in 0..20 {
        let words = Filter::Words(words.iter().map(|word| (*word).to_owned()).collect());
        let order = vec![(PersonField::ObjectId, Direction::Ascending)];
        let query = Query::first(words, order, 10_000);
        let asked = Instant::now();
        let people = store.list_person_ids(place.tenant, place.organization, query).await;
        found = people.map_err(|_| "the store is unavailable")?.items.len();
        waits.push(asked.elapsed());
    }
    waits.sort_unstable();
    println!("search for {words:?}: {found} people, median {:.2?}, longest {:.2?}", waits[10], waits[19]);
    Ok(())
}

/// The memory that this process holds, where the system tells it.
fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.map_or_else(|| "unknown".to_owned(), |text| text.trim().to_owned())
}
