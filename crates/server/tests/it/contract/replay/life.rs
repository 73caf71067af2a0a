//! The life of an invitation: accepted, withdrawn, run out, and made for somebody who is disabled.

use std::thread;

use serde_json::{Value, json};
use testkit::process::{Cli, Server};

use super::super::{CHILD, ROOT, command, events_of};
use super::told;
use crate::{demo, refused};

const PATH: &str = "/api/user";

/// A run of the command that fails, and what it says.
#[track_caller]
fn failure(server: &Server, args: &[&str]) -> String {
    let store = ["--store", &server.seed().store];
    Cli::new(crate::binary()).run(args.iter().copied().chain(store)).fails_with(1).stderr()
}

fn invitations(server: &Server, state: &str) -> Vec<Value> {
    let listed = command(server, &["invitation", "list", "--state", state, "--tenant", "1"]);
    listed["invitations"].as_array().unwrap().clone()
}

#[track_caller]
fn state(server: &Server, id: &str) -> Value {
    command(server, &["invitation", "show", id])["state"].clone()
}

#[test]
fn an_invitation_is_accepted_once_and_by_one() {
    let server = demo();
    let (replay, ids) = (&server.callers().replay, &server.seed().tenant.replay);
    let asked = json!({"email": "kim@new.example", "firstName": "Kim", "role": "Manager", "externalId": "K1",
        "childCompanyId": ids.child_company_id});
    let invited = told(replay.post(PATH, &asked), 201);
    let id = invited["id"].as_str().unwrap();
    let shown = command(&server, &["invitation", "show", id]);
    for (member, value) in [
        ("id", json!(id)),
        ("api", json!("replay")),
        ("email", json!("kim@new.example")),
        ("organization", json!(ids.child_company_id)),
        ("state", json!("open")),
        ("endedAt", Value::Null),
    ] {
        assert_eq!(shown[member], value, "{member}");
    }
    assert!(shown["url"].as_str().unwrap().ends_with(&format!("/onboard/link?invitationId={id}")), "{shown}");
    assert!(invitations(&server, "open").contains(&shown));

    let mut wrong = id.to_owned();
    let last = wrong.pop().unwrap();
    wrong.push(if last == '0' { '1' } else { '0' });
    assert!(failure(&server, &["invitation", "accept", &wrong]).contains("there is no invitation"));
    let runs: Vec<_> = thread::scope(|scope| {
        let accept = || {
            let args = [
                "invitation",
                "accept",
                id,
                "--family-name",
                "Lee",
                "--json",
                "--store",
                &server.seed().store,
            ];
            Cli::new(crate::binary()).run(args)
        };
        let runs: Vec<_> = (0..4).map(|_| scope.spawn(accept)).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    let accepted: Vec<Value> = runs.iter().filter(|run| run.status.success()).map(|run| run.json()).collect();
    let [person] = accepted.as_slice() else { panic!("{accepted:?}") };
    assert_eq!((&person["status"], &person["invitation"]), (&json!("active"), &Value::Null));
    assert_eq!((&person["name"]["given"], &person["name"]["family"]), (&json!("Kim"), &json!("Lee")));
    assert_eq!(
        person["externalIds"],
        command(&server, &["person", "show", "kim@new.example"])["externalIds"]
    );
    assert_eq!(state(&server, id), "accepted");
    assert!(failure(&server, &["invitation", "accept", id]).contains("was accepted"));
    assert!(failure(&server, &["invitation", "revoke", id]).contains("was accepted"));

    let child = format!("childCompanyId={}", ids.child_company_id);
    told(replay.get(format!("{PATH}/{id}?{child}")), 404);
    told(replay.patch(format!("{PATH}/{id}"), json!({"childCompanyId": ids.child_company_id})), 404);
    let user = told(replay.get(format!("{PATH}/{}?{child}", person["id"].as_str().unwrap())), 200);
    assert_eq!((&user["role"], &user["externalId"]), (&json!("Manager"), &json!("K1")));
    assert!(user["createdAt"].as_str() > invited["createdAt"].as_str(), "{user}: the time of acceptance");
    assert_eq!(told(replay.post(PATH, &asked), 200), user);
}

#[test]
fn an_invitation_is_withdrawn() {
    let server = demo();
    let (replay, ids) = (&server.callers().replay, &server.seed().tenant.replay);
    let asked = json!({"email": "kim@new.example", "firstName": "Kim", "role": "User", "externalId": "K1"});
    let first = told(replay.post(PATH, &asked), 201)["id"].clone();
    let first = first.as_str().unwrap();
    assert_eq!(command(&server, &["invitation", "revoke", first])["state"], "revoked");
    assert!(failure(&server, &["person", "show", "kim@new.example"]).contains("nobody is known"));
    assert!(failure(&server, &["invitation", "accept", first]).contains("was revoked"));
    let again = told(replay.post(PATH, &asked), 201);
    assert_ne!(again["id"], first);

    // Whoever is disabled by another API is invited no more.
    command(&server, &["person", "disable", "kim@new.example"]);
    assert_eq!(state(&server, again["id"].as_str().unwrap()), "revoked");
    let seeded = command(&server, &["invitation", "show", &ids.invited_id]);
    command(&server, &["person", "delete", seeded["email"].as_str().unwrap(), "-o", ROOT]);
    assert_eq!(state(&server, &ids.invited_id), "revoked");
}

#[test]
fn an_invitation_that_ran_out_holds_nothing_up() {
    let server = demo();
    let (callers, seed) = (server.callers(), server.seed());
    let (replay, ids) = (&callers.replay, &seed.tenant.replay);
    let expired = command(&server, &["invitation", "show", &ids.expired_id]);
    assert_eq!(expired["state"], "expired");
    assert!(invitations(&server, "expired").contains(&expired));
    assert!(!invitations(&server, "open").contains(&expired));
    assert!(failure(&server, &["invitation", "accept", &ids.expired_id]).contains("ran out"));
    told(replay.patch(format!("{PATH}/{}", ids.expired_id), json!({})), 404);

    // Its address belongs to whoever asks for it first: another company, another API, an update.
    let email = expired["email"].as_str().unwrap();
    let person = &seed.tenant.people[1];
    let patch = json!([{"op": "replace", "path": "/email", "value": email}]);
    let changed = callers.relesys.raw("PATCH", format!("/api/v1/users/{}", person.relesys));
    let changed =
        changed.header("content-type", "application/json-patch+json").body(patch.to_string()).send();
    assert!(changed.status < 300, "{changed:?}");
    assert_eq!(command(&server, &["person", "show", &person.relesys])["email"], email);
    let ended = command(&server, &["invitation", "show", &ids.expired_id]);
    assert_eq!((&ended["state"], ended["endedAt"].is_string()), (&json!("expired"), true));
    let removed = command(&server, &["event", "list", "--tenant", "1", "--limit", "2"]);
    assert_eq!(removed[1]["action"], "deleted", "{removed}");
}

#[test]
fn an_address_is_free_for_another_company_when_its_invitation_ran_out() {
    let server = demo();
    let (replay, ids) = (&server.callers().replay, &server.seed().tenant.replay);
    let expired = command(&server, &["invitation", "show", &ids.expired_id]);
    let asked = json!({"email": expired["email"], "firstName": "Kim", "role": "User", "externalId": "K1",
        "childCompanyId": ids.child_company_id});
    let made = told(replay.post(PATH, &asked), 201);
    assert_ne!(made["id"], expired["id"]);
    refused(&server, || {
        let mut own = asked.clone();
        own.as_object_mut().unwrap().remove("childCompanyId");
        told(replay.post(PATH, &own), 409);
    });
}

#[test]
fn a_disabled_user_is_made_again_and_comes_back_under_the_same_id() {
    let server = demo();
    let (callers, seed) = (server.callers(), server.seed());
    let (replay, ids) = (&callers.replay, &seed.tenant.replay);
    let child = format!("childCompanyId={}", ids.child_company_id);
    let add =
        ["person", "add", "--given-name", "Dora", "--family-name", "Old", "--email", "dora@old.example"];
    let dora = command(&server, &[&add[..], &["--external-id", "replay:D1", "-o", CHILD]].concat());
    let dora = dora["id"].as_str().unwrap();
    command(&server, &["person", "disable", dora]);

    let mut asked = json!({"email": "dora@new.example", "firstName": "Dora", "lastName": "New",
        "role": "Manager", "externalId": "D1", "childCompanyId": ids.child_company_id});
    let invited = told(replay.post(PATH, &asked), 201);
    let id = invited["id"].as_str().unwrap();
    assert_ne!(id, dora);
    for (field, value) in [
        ("email", "dora@new.example"),
        ("lastName", "New"),
        ("role", "Manager"),
        ("status", "invited"),
        ("externalId", "D1"),
    ] {
        assert_eq!(invited[field], value, "{field}");
    }
    let one = |id: &str| replay.get(format!("{PATH}/{id}?{child}"));
    assert_eq!(told(one(id), 200), invited);
    let disabled = told(one(dora), 200);
    assert_eq!(
        (&disabled["status"], &disabled["email"], &disabled["lastName"]),
        (&json!("disabled"), &json!("dora@old.example"), &json!("Old"))
    );
    let listed = told(replay.get(format!("{PATH}?{child}")), 200);
    for shown in [&invited, &disabled] {
        assert!(listed["users"].as_array().unwrap().contains(shown), "{listed}");
    }
    let person = command(&server, &["person", "show", dora]);
    assert_eq!(person["status"], "disabled_by_admin", "nothing is given before it is accepted");
    refused(&server, || {
        asked["email"] = json!("other@new.example");
        assert_eq!(told(replay.post(PATH, &asked), 200), invited, "the stored one");
        for path in [format!("{PATH}/{id}"), format!("{PATH}/{dora}")] {
            told(replay.patch(path, json!({"firstName": "No", "childCompanyId": ids.child_company_id})), 409);
        }
        // What was offered is kept for her.
        let mut other =
            json!({"email": "Dora@New.example", "firstName": "X", "role": "User", "externalId": "X"});
        told(replay.post(PATH, &other), 409);
        other["childCompanyId"] = json!(ids.child_company_id);
        told(replay.post(PATH, &other), 409);
    });
    let accepted = command(&server, &["invitation", "accept", id, "--given-name", "Dorothea"]);
    assert_eq!((&accepted["id"], &accepted["status"]), (&json!(dora), &json!("active")));
    let user = told(one(dora), 200);
    for (field, value) in [
        ("email", "dora@new.example"),
        ("firstName", "Dorothea"),
        ("lastName", "New"),
        ("role", "Manager"),
        ("status", "active"),
        ("externalId", "D1"),
    ] {
        assert_eq!(user[field], value, "{field}");
    }
    told(one(id), 404);
    assert_eq!(state(&server, id), "accepted");
    let events = events_of(&server, dora);
    assert!(events[0]["changes"]["status"]["after"] == "active", "{}", events[0]);
}

#[test]
fn a_disabled_user_is_invited_to_a_team_and_stays_as_they_are_when_that_is_withdrawn() {
    let server = demo();
    let (replay, ids) = (&server.callers().replay, &server.seed().tenant.replay);
    let disabled = command(&server, &["person", "show", &ids.disabled_id]);
    let email = &disabled["email"];
    let body = |team: usize| json!({"email": email, "teamId": ids.team_ids[team], "role": "User"});
    let invite = |team: usize| told(replay.post("/api/user/invite", body(team)), 200);
    let first = invite(0);
    assert_eq!((&first["teamId"], &first["email"]), (&json!(ids.team_ids[0]), email));
    let again = invite(1);
    assert_eq!((&again["id"], &again["teamId"]), (&first["id"], &json!(ids.team_ids[1])));
    let id = first["id"].as_str().unwrap();
    command(&server, &["invitation", "revoke", id]);
    let mut after = command(&server, &["person", "show", &ids.disabled_id]);
    (after["version"], after["updatedAt"]) = (disabled["version"].clone(), disabled["updatedAt"].clone());
    assert_eq!(after, disabled);

    let id = invite(1)["id"].clone();
    // Whoever is enabled without it has no use for it.
    command(&server, &["person", "enable", &ids.disabled_id]);
    assert!(!invitations(&server, "open").iter().any(|it| it["id"] == id));
    refused(&server, || told(replay.post("/api/user/invite", body(0)), 409));
}
