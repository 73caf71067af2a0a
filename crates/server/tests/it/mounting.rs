//! All dialects on one listener: at the root, under their prefixes, by host name, and switched off.

use testkit::callers::{Caller, Dialect};
use testkit::process::Server;
use testkit::store;

use crate::{binary, demo};

/// A read of a person at the vendor's own path.
fn own_path(server: &Server, dialect: Dialect) -> String {
    let tenant = &server.seed().tenant;
    let person = &tenant.people[0];
    match dialect {
        Dialect::Relesys => format!("/api/v1/users/{}", person.relesys),
        Dialect::Replay => format!("/api/user/{}", person.replay),
        Dialect::Kare => format!("/main/users/v1/rs/{}", person.kare),
        Dialect::Laurel => format!("/api/v1/customers/{}/users/{}", tenant.laurel.customer_id, person.laurel),
    }
}

/// A path at which the dialect has nothing, and says so in its own form.
fn nothing_there(dialect: Dialect) -> (&'static str, &'static str) {
    match dialect {
        Dialect::Relesys => ("/api/v1/users/x/y/z", "errorCode"),
        Dialect::Replay => ("/api/team/x/y/z", "error"),
        Dialect::Kare => ("/main/organizations/none", "message"),
        Dialect::Laurel => ("/api/v1/user-groups/x/y/z", "statusCode"),
    }
}

#[test]
fn each_dialect_answers_in_three_places() {
    let (folder, store) = (tempfile::tempdir().unwrap(), store::fresh());
    let mut seeded = Server::demo_on(binary(), &store, ["--people", "25"]);
    let seed = seeded.seed().clone();
    let paths: Vec<_> =
        Dialect::ALL.into_iter().map(|dialect| (dialect, own_path(&seeded, dialect))).collect();
    assert!(seeded.terminate().success());

    let config = folder.path().join("personae.toml");
    let hosts: String = Dialect::ALL
        .into_iter()
        .map(|dialect| format!("[{0}]\nhosts = [\"{0}.example\"]\n", dialect.name()))
        .collect();
    std::fs::write(&config, hosts).unwrap();
    let server = Server::serve(binary(), store.url(), ["--config", config.to_str().unwrap()]);
    let callers = testkit::callers::Callers::of(&server.client(), &seed.tenant);
    for (dialect, path) in paths {
        let caller = callers.get(dialect);
        let at_root = caller.get(&path).expect(200);
        let under_prefix = caller.get(format!("{}{path}", dialect.prefix())).expect(200);
        let by_host =
            caller.raw("GET", &path).host(format!("{}.EXAMPLE:8080", dialect.name())).send().expect(200);
        if dialect != Dialect::Relesys {
            // Relesys' answers hold addresses, which differ from place to place.
            assert_eq!(at_root.text(), under_prefix.text());
            assert_eq!(at_root.text(), by_host.text());
        }
        let other = if dialect == Dialect::Kare { Dialect::Replay } else { Dialect::Kare };
        let elsewhere = caller.raw("GET", &path).host(format!("{}.example", other.name())).send();
        assert_ne!(elsewhere.status, 200, "{dialect:?} answered under the host of {other:?}");
    }
}

#[test]
fn a_wrong_path_is_told_in_the_form_of_whose_it_is() {
    let server = demo();
    for dialect in Dialect::ALL {
        let (path, member) = nothing_there(dialect);
        let nobody = Caller::nobody(&server.client(), dialect);
        let root = match dialect {
            // A version that there is in addresses of pages alone, and one that only other paths have.
            Dialect::Relesys => "/api/latest/x/y/z",
            Dialect::Laurel => "/api/v2/oauth/token",
            Dialect::Replay | Dialect::Kare => path,
        };
        for path in [
            root.to_owned(),
            path.to_owned(),
            format!("{}{path}", dialect.prefix()),
            format!("{}/", dialect.prefix()),
        ] {
            let answer = nobody.get(&path).expect(404);
            assert!(answer.json().get(member).is_some(), "{dialect:?} {path}: {}", answer.text());
            crate::promised(dialect).check_schema("Error", &answer.json()).unwrap();
        }
    }
    for path in [
        "/",
        "/api",
        "/api/latestx/users",
        "/api/oauth/token",
        "/nobody",
        "//api/user/x",
        "/%61pi/user/x",
        "/relesysx",
    ] {
        assert_eq!(server.client().get(path).expect(404).text(), r#"{"error":"not found"}"#, "{path}");
    }
}

#[test]
fn a_dialect_that_is_off_is_nowhere() {
    for off in Dialect::ALL {
        let (folder, store) = (tempfile::tempdir().unwrap(), store::fresh());
        let mut seeded = Server::demo_on(binary(), &store, ["--people", "3"]);
        let path = own_path(&seeded, off);
        assert!(seeded.terminate().success());
        let config = folder.path().join("personae.toml");
        let (name, hosts) = (off.name(), format!("hosts = [\"{}.example\"]", off.name()));
        std::fs::write(&config, format!("[{name}]\nenabled = false\n{hosts}\n")).unwrap();
        let server = Server::serve(binary(), store.url(), ["--config", config.to_str().unwrap()]);
        let client = server.client();
        let mut places = vec![path.clone(), nothing_there(off).0.to_owned()];
        places.push(match off {
            Dialect::Relesys => "/login/oauth/authorize".to_owned(),
            Dialect::Replay => "/api/company/child".to_owned(),
            Dialect::Kare => "/auth/v1/rs/login/credentials".to_owned(),
            Dialect::Laurel => "/api/v1/oauth/token".to_owned(),
        });
        for place in places {
            for method in ["GET", "POST", "PATCH", "DELETE", "OPTIONS"] {
                for place in [place.clone(), format!("/{name}{place}")] {
                    let answer = client.request(method, &place).send();
                    assert_eq!(
                        (answer.status, answer.text().as_str()),
                        (404, r#"{"error":"not found"}"#),
                        "{method} {place}"
                    );
                    let by_host = client.request(method, &place).host(format!("{name}.example")).send();
                    assert_eq!(by_host.status, 404, "{method} {place}");
                }
            }
        }
    }
}
