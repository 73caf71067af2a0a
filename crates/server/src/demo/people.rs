//! People who do not exist, plausible and varied, the same ones again from the same seed.

use std::collections::{BTreeMap, HashSet};

use directory::change::Change;
use directory::custom_field::CustomValue;
use directory::email::Email;
use directory::identity::{Family, Identity, LaurelType, Source};
use directory::ids::{
    DepartmentId, GroupId, InvitationId, Number, ObjectId, OrganizationId, PersonId, TeamId,
};
use directory::invitation::Invitation;
use directory::membership::{AccessType, ReplayRole};
use directory::person::{Entry, Gender, Lang, Phone};
use directory::person_change::{NameChange, PersonChange};
use directory::ports;
use directory::status::Status;
use directory::store::NewPerson;
use jiff::civil::{DateTime, Time, date};
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::names::{Culture, cultures, spelled};
use super::words::{EMPLOYMENTS, HOBBIES, OFFICES, PODS, PRACTICES, SENIORITIES, SHIRTS, SKILLS, TITLES};
use crate::adapters::Repeatable;

/// People whom scripts use: all active, and with every attribute that the documented calls touch.
pub(crate) const LISTED: usize = 1_000;

/// What people of an organization can be put into.
#[derive(Debug, Clone)]
pub(super) struct Surroundings {
    pub organization: OrganizationId,
    /// What stands after the @.
    pub domain: &'static str,
    pub departments: Vec<DepartmentId>,
    pub groups: Vec<GroupId>,
    /// Those of the organization; the first has members.
    pub teams: Vec<TeamId>,
    pub labels: Vec<Number>,
    pub roles: Vec<ObjectId>,
}

/// Makes one person after the other.
pub(super) struct Generator {
    entropy: Repeatable,
    surroundings: Surroundings,
    next: usize,
    count: usize,
    taken: HashSet<String>,
    /// When the first was added, and how much later each next one.
    first_added: Timestamp,
    step: SignedDuration,
}

impl Generator {
    /// Will make some `count` people, added one after the other over the year before `now`: so their ids ascend.
    pub(super) fn new(seed: u64, surroundings: Surroundings, count: usize, now: Timestamp) -> Self {
        let year = SignedDuration::from_hours(365 * 24);
        let steps = i32::try_from(count.saturating_add(1)).unwrap_or(i32::MAX);
        Self {
            entropy: Repeatable::new(seed),
            surroundings,
            next: 0,
            count,
            taken: HashSet::new(),
            first_added: now - year,
            step: SignedDuration::from_micros((year / steps).as_micros().try_into().unwrap_or(1)),
        }
    }

    /// Goes on as if so many had been made, for a few who come after them. Draws otherwise than those did.
    pub(super) fn after(mut self, count: usize) -> Self {
        self.entropy = Repeatable::new(!self.entropy.next());
        self.next = count.max(LISTED);
        self
    }

    pub(super) fn make(&mut self) -> NewPerson {
        let index = self.next;
        self.next += 1;
        // Those beyond the count come at its end: nobody is added in the future.
        let steps = i32::try_from(index.min(self.count)).unwrap_or(i32::MAX);
        let created_at = self.first_added + self.step * steps;
        let who = self.who(index);
        let mut change = PersonChange {
            name: NameChange::Parts { given: set(&who.given), family: set(&who.family) },
            email: email(&format!("{}@{}", who.address, self.surroundings.domain)),
            ..PersonChange::default()
        };
        self.personal(&mut change, &who);
        self.at_work(&mut change, &who, created_at);
        self.in_systems(&mut change, &who);
        if index >= LISTED && self.entropy.percent(2) {
            let why = [Status::DisabledByAdmin, Status::DisabledByOrganization, Status::LoginBlocked];
            change.status = Change::Set(*self.entropy.pick(&why));
        }
        NewPerson {
            id: PersonId(ports::uuid(created_at, &self.entropy)),
            object_id: ports::object_id(created_at, &self.entropy),
            created_at,
            change,
        }
    }

    /// The same, disabled.
    pub(super) fn disabled(&mut self) -> NewPerson {
        let mut person = self.make();
        person.change.status = Change::Set(Status::DisabledByAdmin);
        person
    }

    /// The same, invited at this time and for a month.
    pub(super) fn invited(&mut self, at: Timestamp) -> NewPerson {
        let mut person = self.make();
        person.created_at = at;
        person.change.status = Change::Set(Status::Invited);
        person.change.activated_at = Change::Keep;
        let id = InvitationId(ports::uuid(at, &self.entropy));
        person.change.invitation = Change::Set(Invitation::new(id, self.surroundings.organization, at));
        person
    }

    /// The same, for another organization of the tenant: without what belongs to this one.
    pub(super) fn elsewhere(&mut self) -> NewPerson {
        let mut person = self.make();
        person.change.status = Change::Set(Status::Active);
        person.change.team = Change::Keep;
        person.change.profession = Change::Keep;
        person.change.identities.clear();
        person
    }

    fn who(&mut self, index: usize) -> Who {
        if index == 0 {
            return self.addressed(
                index,
                "Ada",
                "Lovelace",
                "ada",
                "lovelace",
                &cultures()[0],
                Gender::Female,
            );
        }
        let culture = self.entropy.pick(cultures());
        let (gender, names) = match self.entropy.percent(50) {
            true => (Gender::Female, &culture.female),
            false => (Gender::Male, &culture.male),
        };
        let (given, given_ascii) = self.name(names);
        let (family, family_ascii) = self.name(&culture.family);
        let (mut given, mut family) = (given.to_owned(), family.to_owned());
        let second_given = self.name(names).0;
        if self.entropy.percent(12) && !given.contains(' ') && second_given != given {
            let between = if self.entropy.percent(30) { "-" } else { " " };
            given = format!("{given}{between}{second_given}");
        }
        let second_family = self.name(&culture.family).0;
        let share = if culture.two_family_names { 70 } else { 4 };
        if self.entropy.percent(share) && second_family != family {
            let between = if culture.two_family_names { " " } else { "-" };
            family = format!("{family}{between}{second_family}");
        }
        self.addressed(index, &given, &family, &given_ascii, &family_ascii, culture, gender)
    }

    /// One of these names, and how it is spelled in ASCII.
    fn name(&self, names: &'static [String]) -> (&'static str, String) {
        let name: &String = self.entropy.pick(names);
        spelled(name)
    }

    /// Gives the person an address that nobody else has.
    #[expect(clippy::too_many_arguments, reason = "the parts of a name in two spellings, passed on once")]
    fn addressed(
        &mut self,
        index: usize,
        given: &str,
        family: &str,
        given_ascii: &str,
        family_ascii: &str,
        culture: &'static Culture,
        gender: Gender,
    ) -> Who {
        // The later ones carry their number, so that nothing need be remembered to tell them apart; it begins where no
        // count of namesakes among the first can reach.
        let address = if index < LISTED {
            let plain = format!("{given_ascii}.{family_ascii}");
            let counted = (2..).map(|count| format!("{plain}{count}"));
            let free = std::iter::once(plain.clone()).chain(counted).find(|it| !self.taken.contains(it));
            free.unwrap_or(plain)
        } else {
            let initial = &given_ascii[..1];
            format!("{initial}.{family_ascii}.{index}")
        };
        if index < LISTED {
            self.taken.insert(address.clone());
        }
        Who {
            index,
            given: given.to_owned(),
            family: family.to_owned(),
            initials: format!("{}{}", &given_ascii[..1], &family_ascii[..1]).to_ascii_uppercase(),
            address,
            culture,
            gender,
        }
    }

    fn personal(&self, change: &mut PersonChange, who: &Who) {
        let random = &self.entropy;
        if random.percent(15) {
            let nickname = who.given.split([' ', '-']).next().unwrap_or(&who.given);
            change.nickname = Change::Set(nickname.to_owned());
        }
        if random.percent(60) {
            change.initials = set(&who.initials);
        }
        if random.percent(50) {
            change.user_name = set(&who.address);
        }
        if random.percent(10) {
            change.second_email = email(&format!("{}@home.example", who.address));
        }
        if random.percent(5) {
            let alias = Email::parse(&format!("{}@former.{}", who.address, self.surroundings.domain));
            change.email_aliases = Change::Set(alias.into_iter().collect());
        }
        if who.is_listed() || random.percent(80) {
            change.phone = Change::Set(self.phone(who.culture));
        }
        if random.percent(10) {
            change.second_phone = Change::Set(self.phone(who.culture));
        }
        if random.percent(70) {
            change.gender = Change::Set(who.gender);
        }
        if random.percent(60) {
            change.birth_date = Change::Set(self.day(1958, 48));
        }
        let lang = match who.culture.country_code {
            33 => Lang::Fr,
            49 => Lang::De,
            _ => Lang::En,
        };
        change.lang = Change::Set(lang);
        if random.percent(50) {
            change.time_zone = set(&who.culture.time_zone);
        }
    }

    fn phone(&self, culture: &Culture) -> Phone {
        let number = 10_000_000 + self.entropy.below(90_000_000);
        Phone { country_code: Some(culture.country_code), number: number.to_string() }
    }

    /// Midnight of a day in the `years` from `first` on.
    fn day(&self, first: i16, years: usize) -> DateTime {
        let days = self.entropy.below(years * 365);
        let days = SignedDuration::from_hours(24 * i64::try_from(days).unwrap_or_default());
        date(first, 1, 1).to_datetime(Time::midnight()) + days
    }

    fn at_work(&self, change: &mut PersonChange, who: &Who, created_at: Timestamp) {
        let (random, around) = (&self.entropy, &self.surroundings);
        if who.is_listed() || random.percent(90) {
            change.title = Change::Set((*random.pick(TITLES)).to_owned());
        }
        if random.percent(70) {
            change.employment_start = Change::Set(self.day(1995, 30));
            change.employment_kind = Change::Set((*random.pick(EMPLOYMENTS)).to_owned());
        }
        if random.percent(30) {
            change.register_number = Change::Set(format!("R-{:07}", who.index));
        }
        let texts = [
            (20, &mut change.work_department, PRACTICES),
            (5, &mut change.work_subdepartment, PRACTICES),
            (60, &mut change.office, OFFICES),
            (10, &mut change.pod, PODS),
            (40, &mut change.seniority, SENIORITIES),
        ];
        for (share, attribute, choices) in texts {
            if random.percent(share) {
                *attribute = Change::Set((*random.pick(choices)).to_owned());
            }
        }
        if random.percent(80) {
            let primary = random.below(around.departments.len());
            change.primary_department = Change::Set(around.departments[primary]);
            if random.percent(20) {
                let other =
                    (primary + 1 + random.below(around.departments.len() - 1)) % around.departments.len();
                let entry =
                    Entry { id: around.departments[other], data_source: Some("RelesysAPI".to_owned()) };
                change.additional_departments = Change::Set(vec![entry]);
            }
        }
        // The smaller of two throws: groups are of different sizes, the first ones large.
        let first = random.below(around.groups.len()).min(random.below(around.groups.len()));
        let groups = (0..random.below(4)).map(|offset| Entry {
            id: around.groups[(first + offset) % around.groups.len()],
            data_source: random.percent(50).then(|| "RelesysAPI".to_owned()),
        });
        let groups: Vec<_> = groups.take(around.groups.len()).collect();
        if !groups.is_empty() {
            change.groups = Change::Set(groups);
        }
        if random.percent(40) {
            change.activated_at = Change::Set(
                created_at + random.below(2_000_000).try_into().map_or(1.seconds(), i64::seconds),
            );
        }
        self.granted(change);
    }

    fn granted(&self, change: &mut PersonChange) {
        let (random, around) = (&self.entropy, &self.surroundings);
        if random.percent(5) {
            change.replay_role = Change::Set(ReplayRole::Manager);
        }
        if random.percent(3) {
            change.replay_access = Change::Set(AccessType::Dual);
        }
        if let Some(team) = around.teams.first().filter(|_| random.percent(20)) {
            change.team = Change::Set(*team);
        }
        if !around.labels.is_empty() && random.percent(40) {
            change.profession = Change::Set(*random.pick(&around.labels));
        }
        if random.percent(10) {
            change.kare_read = Change::Set((1..=1 + random.below(4) as i64).collect());
        }
        if !around.roles.is_empty() && random.percent(4) {
            change.roles = Change::Set(vec![*random.pick(&around.roles)]);
        }
    }

    fn in_systems(&self, change: &mut PersonChange, who: &Who) {
        let (random, index) = (&self.entropy, who.index);
        let mut known_as = |source: Source, value: String| {
            let identity = Identity { source, value };
            change.identities.entry(identity.source.family()).or_default().push(identity);
        };
        if random.percent(25) {
            known_as(Source::Relesys, format!("E{index:07}"));
        }
        if random.percent(10) {
            known_as(Source::Replay(self.surroundings.organization), format!("lms-{index}"));
        }
        if random.percent(8) {
            known_as(Source::Laurel(LaurelType::Azure), ports::uuid(self.first_added, random).to_string());
        }
        if random.percent(4) {
            known_as(Source::Laurel(LaurelType::PhoneExtension), (1_000 + index).to_string());
        }
        if random.percent(15) {
            change.data_source = Change::Set("HRImport".to_owned());
        }
        let mut fields: BTreeMap<String, Change<CustomValue>> = BTreeMap::new();
        let texts = [(30, "customfieldone", HOBBIES), (20, "customfieldtwo", SHIRTS)];
        for (share, key, choices) in texts {
            if random.percent(share) {
                fields.insert(
                    key.to_owned(),
                    Change::Set(CustomValue::Text((*random.pick(choices)).to_owned())),
                );
            }
        }
        if random.percent(10) {
            let day = self.day(1960, 40).to_string();
            let day = day.split('T').next().unwrap_or_default().to_owned();
            fields.insert("birthday".to_owned(), Change::Set(CustomValue::Text(day)));
        }
        if random.percent(15) {
            let first = random.below(SKILLS.len());
            let skills =
                (0..=random.below(3)).map(|offset| SKILLS[(first + offset) % SKILLS.len()].to_owned());
            fields.insert("skills".to_owned(), Change::Set(CustomValue::List(skills.collect())));
        }
        change.custom_fields = fields;
    }
}

/// The identity that somebody is to be found by, whatever they have already.
pub(super) fn identify(person: &mut NewPerson, kind: LaurelType, value: &str) {
    let identity = Identity { source: Source::Laurel(kind), value: value.to_owned() };
    person.change.identities.insert(Family::Laurel, vec![identity]);
}

/// Who a person is, before anything else is known of them.
struct Who {
    index: usize,
    given: String,
    family: String,
    initials: String,
    /// What stands before the @.
    address: String,
    culture: &'static Culture,
    gender: Gender,
}

impl Who {
    fn is_listed(&self) -> bool {
        self.index < LISTED
    }
}

fn set(text: &str) -> Change<String> {
    Change::Set(text.to_owned())
}

fn email(text: &str) -> Change<Email> {
    Email::parse(text).map_or(Change::Keep, Change::Set)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use directory::apply::{admit, keys};
    use directory::custom_field::CustomField;
    use directory::ids::CustomFieldId;
    use directory::membership::Membership;
    use directory::{Person, Record, Related};
    use uuid::Uuid;

    use super::*;
    use crate::demo::seed::CUSTOM_FIELDS;

    fn now() -> Timestamp {
        "2026-11-22T08:00:00Z".parse().unwrap()
    }

    fn generator(seed: u64, count: usize) -> Generator {
        let id = |n: u128| Uuid::from_u128(n);
        let surroundings = Surroundings {
            organization: OrganizationId(id(1)),
            domain: "aurora.example",
            departments: (10..14).map(|n| DepartmentId(id(n))).collect(),
            groups: (20..23).map(|n| GroupId(id(n))).collect(),
            teams: vec![TeamId(id(30))],
            labels: vec![Number::new(1).unwrap(), Number::new(2).unwrap()],
            roles: vec![ObjectId([1; 12]), ObjectId([2; 12])],
        };
        Generator::new(seed, surroundings, count, now())
    }

    fn related() -> Related {
        let field = |(key, kind): &(&str, _)| CustomField {
            id: CustomFieldId(Uuid::from_u128(40)),
            key: (*key).to_owned(),
            name: (*key).to_owned(),
            kind: *kind,
        };
        Related { custom_fields: CUSTOM_FIELDS.iter().map(field).collect(), ..Related::default() }
    }

    #[test]
    fn ten_thousand_people_keep_the_rules_and_share_no_key() {
        let mut generator = generator(1, 10_000);
        let (mut taken, mut ids) = (BTreeSet::new(), BTreeSet::new());
        let (mut disabled, mut before) = (0, Timestamp::MIN);
        for index in 0..10_000 {
            let new = generator.make();
            assert!(new.created_at > before && new.created_at < now(), "{index}");
            before = new.created_at;
            let number = Number::new(index + 1).unwrap();
            let person = Person::new(new.id, number, new.object_id, new.created_at);
            let membership = Membership::new(OrganizationId(Uuid::from_u128(1)), new.created_at);
            let record = Record {
                person: person.into(),
                membership: membership.into(),
                related: related().into(),
                actor: None,
            };
            let person = admit(&record, &new.change, new.created_at).unwrap().person;

            let email = person.email.as_ref().expect("everyone has an address").as_str();
            assert!(email.len() <= 250 && email.is_ascii(), "{email}");
            assert!(!email.starts_with('.') && !email.contains(".."), "{email}");
            assert!(!person.name.given.is_empty() && !person.name.family.is_empty(), "{email}");
            assert!(person.name.given.chars().count() <= 100 && person.name.family.chars().count() <= 100);
            for key in keys(&person) {
                assert!(taken.insert(key.clone()), "{key:?} twice");
            }
            assert!(ids.insert(person.id.to_string()) && ids.insert(person.object_id.to_string()));
            if index < LISTED as u64 {
                assert_eq!(person.status, Status::Active, "{email}");
                assert!(person.title.is_some() && person.phone.is_some(), "{email}");
            }
            disabled += usize::from(person.status != Status::Active);
        }
        assert!((50..500).contains(&disabled), "{disabled} of 9,000 are disabled");
    }

    #[test]
    fn names_are_of_many_kinds() {
        let mut generator = generator(1, 500);
        let names: Vec<(String, String)> = (0..500)
            .map(|_| match generator.make().change.name {
                NameChange::Parts { given: Change::Set(given), family: Change::Set(family) } => {
                    (given, family)
                }
                other => panic!("a name in parts, not {other:?}"),
            })
            .collect();
        assert_eq!(names[0], ("Ada".to_owned(), "Lovelace".to_owned()));
        let has = |is: fn(&str, &str) -> bool| names.iter().any(|(given, family)| is(given, family));
        assert!(has(|given, _| given.contains(' ')), "several given names");
        assert!(has(|_, family| family.contains('\'')), "an apostrophe");
        assert!(has(|_, family| family.chars().any(|c| ('\u{4e00}'..'\u{9fff}').contains(&c))), "CJK");
        assert!(has(|given, _| given.chars().any(|c| ('\u{400}'..'\u{4ff}').contains(&c))), "Cyrillic");
        assert!(has(|given, _| given.chars().any(|c| ('\u{c0}'..'\u{17f}').contains(&c))), "accents");
    }

    #[test]
    fn the_same_seed_makes_the_same_people() {
        let (mut first, mut second, mut other) = (generator(1, 50), generator(1, 50), generator(2, 50));
        let same = (0..50).all(|_| {
            let (one, two) = (first.make(), second.make());
            one.change == two.change && one.id == two.id && one.object_id == two.object_id
        });
        assert!(same);
        assert!((0..50).any(|_| second.make().change != other.make().change));
    }
}
