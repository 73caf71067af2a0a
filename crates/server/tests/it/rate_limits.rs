//! How many requests a minute a credential may make: by the settings of its API, and by its own.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::callers::{Caller, Dialect};
use testkit::http::Response;
use testkit::process::{Cli, Server};

use crate::{binary, told};

/// Longer than anything that is waited for takes on a busy machine.
const BOUND: Duration = Duration::from_secs(30);

/// Three requests a minute for everybody who has no limit of their own.
const SETTINGS: &str = "[relesys]\nrequests_per_minute = 3\n[replay]\nrequests_per_minute = 3\n
[kare]\nrequests_per_minute = 3\n[laurel]\nrequests_per_minute = 3\n";

struct Limited {
    server: Server,
    cli: Cli,
    _folder: tempfile::TempDir,
}

impl Limited {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = folder.path().join("personae.toml");
        std::fs::write(&settings, SETTINGS).unwrap();
        let settings = settings.to_str().unwrap();
        let server = Server::demo(binary(), ["--people", "25", "--config", settings]);
        let cli =
            Cli::new(binary()).env("PERSONAE_STORE", &server.seed().store).env("PERSONAE_CONFIG", settings);
        Self { server, cli, _folder: folder }
    }

    fn get(&self, caller: &Caller) -> Response {
        let tenant = &self.server.seed().tenant;
        let person = &tenant.people[0];
        caller.get(match caller.dialect {
            Dialect::Relesys => format!("/api/v1/users/{}", person.relesys),
            Dialect::Replay => format!("/api/user/{}", person.replay),
            Dialect::Kare => "/users/v1/rs/me".to_owned(),
            Dialect::Laurel => {
                format!("/api/v1/customers/{}/users/{}", tenant.laurel.customer_id, person.laurel)
            }
        })
    }

    /// So many requests are served, and the next is refused as the dialect's contract says.
    #[track_caller]
    fn assert_served(&self, callers: &[&Caller], count: usize) -> Value {
        for count in 0..count {
            told(callers[0].dialect, self.get(callers[count % callers.len()]), 200);
        }
        let refused = self.get(callers[0]);
        let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&seconds), "{seconds}");
        told(callers[0].dialect, refused, 429)
    }

    #[track_caller]
    fn command(&self, args: &[&str]) -> Value {
        self.cli.run(args.iter().chain(&["--json"])).ok().json()
    }
}

#[track_caller]
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + BOUND;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} did not happen within {BOUND:?}");
        std::thread::yield_now();
    }
}

#[test]
fn credentials_without_a_limit_of_their_own_have_that_of_their_api() {
    let limited = Limited::start();
    let (server, tenant) = (&limited.server, &limited.server.seed().tenant);
    let (mine, others) = (server.callers(), server.strangers());
    limited.assert_served(&[&mine.replay], 3);
    // The request for the token was the first.
    limited.assert_served(&[&mine.laurel], 2);
    let relesys = Caller::relesys(&server.client(), tenant.relesys.limited.as_ref().unwrap(), "relesys.api");
    let body = limited.assert_served(&[&relesys], 3);
    assert_eq!(body["message"], "Request quota exceeded. A maximum of 3 requests are allowed per minute");
    // A person's sessions share one count; another person has another.
    let again = Caller::kare(&server.client(), &tenant.kare.admin);
    limited.assert_served(&[&mine.kare, &again], 3);
    told(Dialect::Kare, limited.get(&Caller::kare(&server.client(), &tenant.kare.user)), 200);
    // Nor does one tenant's use touch another's: those are not found there, and not refused.
    assert_eq!((limited.get(&others.replay).status, limited.get(&others.kare).status), (404, 200));

    let listed = limited.command(&["credential", "list"]);
    let of = |dialect: &str, from: &str| {
        let all = listed.as_array().unwrap().iter();
        all.filter(|it| it["dialect"] == dialect && it["rateLimitFrom"] == from)
            .map(|it| it["rateLimit"].clone())
            .collect::<Vec<_>>()
    };
    assert!(
        of("replay", "default").iter().all(|limit| *limit == json!(3)) && !of("replay", "default").is_empty()
    );
    assert!(
        of("relesys", "credential").iter().all(Value::is_null) && !of("relesys", "credential").is_empty()
    );
    let table = limited.cli.run(["credential", "list"]).ok().stdout();
    assert!(table.contains("3/min (default)"), "{table}");
}

#[test]
fn a_credential_can_be_given_a_limit_of_its_own_while_it_is_used() {
    let limited = Limited::start();
    let tenant = &limited.server.seed().tenant;
    let caller = limited.server.callers().replay;
    let key = tenant.replay.api_key.split_once('.').unwrap().0;
    let limit = |limit: &str| limited.command(&["credential", "limit", key, "--rate-limit", limit]);
    limited.assert_served(&[&caller], 3);

    let lifted = limit("none");
    assert_eq!((&lifted["rateLimit"], &lifted["rateLimitFrom"]), (&Value::Null, &json!("credential")));
    eventually("the lifted limit", || limited.get(&caller).status == 200);
    for _ in 0..10 {
        told(Dialect::Replay, limited.get(&caller), 200);
    }
    let own = limit("2");
    assert_eq!((&own["rateLimit"], &own["rateLimitFrom"]), (&json!(2), &json!("credential")));
    eventually("a limit of its own", || limited.get(&caller).status == 429);
    let other = limit("1000000");
    assert_eq!(other["rateLimit"], 1_000_000);
    eventually("a higher limit", || limited.get(&caller).status == 200);
    let default = limit("default");
    assert_eq!((&default["rateLimit"], &default["rateLimitFrom"]), (&json!(3), &json!("default")));
    eventually("the limit of the API", || limited.get(&caller).status == 429);

    // A new credential can have each from the start.
    for (given, effective, from) in
        [("none", Value::Null, "credential"), ("7", json!(7), "credential"), ("default", json!(3), "default")]
    {
        let made = limited.command(&[
            "credential",
            "add",
            "--dialect",
            "laurel",
            "-o",
            "Aurora",
            "--requests-per-minute",
            given,
        ]);
        assert_eq!((&made["rateLimit"], &made["rateLimitFrom"]), (&effective, &json!(from)));
    }
    limited.command(&["credential", "revoke", key]);
    let gone = limited.cli.run(["credential", "limit", key, "--rate-limit", "none"]).fails_with(1);
    assert!(gone.stderr().contains("no such live credential"));
}
