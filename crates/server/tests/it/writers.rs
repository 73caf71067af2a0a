//! People who are each written by one writer with numbers that only ever rise, so that what is stored tells what was written.

use serde_json::{Value, json};
use testkit::callers::{Callers, Dialect};
use testkit::demo::{Person, Tenant};
use testkit::http::{Request, Response};
use testkit::process::Cli;

use crate::{binary, bystanders, told};

/// More than any test writes to one person.
const EVENTS: &str = "100000";

/// One of them: the dialect it writes through, and its person.
pub(crate) struct Writer<'s> {
    pub(crate) dialect: Dialect,
    index: usize,
    person: Person,
    tenant: &'s Tenant,
    callers: Callers,
}

impl<'s> Writer<'s> {
    /// The dialects take turns.
    pub(crate) fn new(index: usize, tenant: &'s Tenant, callers: &Callers) -> Writer<'s> {
        let dialect = Dialect::ALL[index % Dialect::ALL.len()];
        let person = bystanders(tenant)[index].clone();
        Writer { dialect, index, person, tenant, callers: callers.clone() }
    }

    /// A change of several attributes that all say the same number: of names and lists, and of keys.
    pub(crate) fn update(&self, number: u64) -> Request {
        let Writer { person, callers, index, .. } = self;
        let (given, family) = (format!("Given{number}"), format!("Family{number}"));
        match self.dialect {
            Dialect::Relesys => callers.relesys.patching(
                self.path(),
                json!([
                    // Done a second time, this would have another outcome.
                    {"op": "copy", "from": "/name", "path": "/customFields/customfieldtwo"},
                    {"op": "replace", "path": "/name", "value": format!("{given} {family}")},
                    {"op": "replace", "path": "/title", "value": format!("Title{number}")},
                    {"op": "add", "path": "/customFields/customfieldone", "value": format!("Field{number}")},
                    {"op": "replace", "path": "/userGroups", "value": [{"id": self.group(number)}]},
                ]),
            ),
            Dialect::Replay => callers.replay.patching(
                self.path(),
                json!({"firstName": given, "lastName": family,
                    "role": if number.is_multiple_of(2) { "User" } else { "Manager" }}),
            ),
            Dialect::Kare => callers.kare.patching(
                format!("/users-organizations/v1/rs/users/{}", person.kare),
                json!({"firstName": given, "lastName": family, "permissions": {"group": number}}),
            ),
            Dialect::Laurel => callers.laurel.patching(
                self.path().replace("/v1/", "/v2/"),
                json!({"firstName": given, "lastName": family, "nickname": format!("Nick{number}"),
                    "email": format!("mail{number}@writer{index}.example")}),
            ),
        }
    }

    /// Asks for the person, as the dialect does.
    pub(crate) fn read(&self) -> Request {
        self.callers.get(self.dialect).raw("GET", self.path())
    }

    /// The number that all attributes say in an answer with the person; zero before the first write.
    ///
    /// # Panics
    /// When they do not all say the same, or the last change was made twice, or the answer is another.
    #[track_caller]
    pub(crate) fn shown(&self, answer: Response) -> u64 {
        let answer = told(self.dialect, answer, 200);
        let user =
            if matches!(self.dialect, Dialect::Relesys | Dialect::Kare) { &answer["data"] } else { &answer };
        let number = |value: &Value, word: &str| -> u64 {
            let text = value.as_str().unwrap_or_default();
            text.strip_prefix(word).and_then(|digits| digits.parse().ok()).unwrap_or(0)
        };
        let (numbers, agrees) = match self.dialect {
            Dialect::Relesys => {
                let family = user["name"].as_str().unwrap_or_default().rsplit(' ').next().unwrap_or_default();
                let title = number(&user["title"], "Title");
                let field = number(&user["customFields"]["customfieldone"], "Field");
                let group = user["userGroups"][0]["id"] == self.group(title);
                let once = user["customFields"]["customfieldtwo"] != user["name"];
                (vec![title, number(&json!(family), "Family"), field], group && once)
            }
            Dialect::Replay => {
                let given = number(&user["firstName"], "Given");
                let role = (user["role"] == "Manager") != given.is_multiple_of(2);
                (vec![given, number(&user["lastName"], "Family")], role)
            }
            Dialect::Kare => {
                let given = number(&user["firstName"], "Given");
                (vec![given, number(&user["lastName"], "Family")], user["permissions"]["group"] == given)
            }
            Dialect::Laurel => {
                let given = number(&user["firstName"], "Given");
                let email = format!("mail{given}@writer{}.example", self.index);
                let nick = number(&user["nickname"], "Nick");
                (vec![given, number(&user["lastName"], "Family"), nick], user["email"] == email)
            }
        };
        let written = numbers[0];
        assert!(numbers.iter().all(|number| *number == written), "half applied: {user}");
        assert!(agrees || written == 0, "half applied, or twice: {user}");
        written
    }

    /// The number that is stored, in the person and in what people are found by.
    #[track_caller]
    pub(crate) fn stored(&self) -> u64 {
        let stored = self.shown(self.read().send());
        if self.dialect == Dialect::Laurel && stored > 0 {
            let users = self.path().replace(&self.person.laurel, "");
            let search = format!("?search=mail{stored}@writer{}.example", self.index);
            let found = self.callers.laurel.get(users.trim_end_matches('/').to_owned() + &search);
            assert_eq!(told(Dialect::Laurel, found, 200)[0]["_id"], self.person.laurel.as_str());
        }
        stored
    }

    /// The numbers that have an event, oldest first.
    ///
    /// # Panics
    /// When one has two, or does not begin where the one before it ended.
    #[track_caller]
    pub(crate) fn recorded(&self, store: &str) -> Vec<u64> {
        let args = ["event", "list", "--person", &self.person.relesys, "--limit", EVENTS, "--json"];
        let events = Cli::new(binary()).run(args.into_iter().chain(["--store", store])).ok().json();
        let events = events.as_array().expect("a list of events");
        let mut numbers = Vec::new();
        let mut last = Value::Null;
        for event in events.iter().rev() {
            let Some(change) = event["changes"].get("name.family") else { continue };
            let after = change["after"].as_str().and_then(|name| name.strip_prefix("Family"));
            let Some(number) = after.and_then(|digits| digits.parse().ok()) else { continue };
            assert!(numbers.is_empty() || change["before"] == last, "{event} follows {last}");
            assert!(!numbers.contains(&number), "number {number} has two events");
            numbers.push(number);
            last = change["after"].clone();
        }
        numbers
    }

    fn path(&self) -> String {
        let Person { relesys, replay, kare, laurel, .. } = &self.person;
        match self.dialect {
            Dialect::Relesys => format!("/api/v1.4/users/{relesys}"),
            Dialect::Replay => format!("/api/user/{replay}"),
            Dialect::Kare => format!("/users/v1/rs/{kare}"),
            Dialect::Laurel => {
                format!("/api/v1/customers/{}/users/{laurel}", self.tenant.laurel.customer_id)
            }
        }
    }

    fn group(&self, number: u64) -> &str {
        let groups = &self.tenant.relesys.user_group_ids;
        &groups[number as usize % groups.len()]
    }
}
