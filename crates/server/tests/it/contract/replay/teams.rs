//! `GET /api/team` and `PATCH /api/team/{teamId}`: the teams of the own company.

use serde_json::{Value, json};
use testkit::callers::{Caller, Dialect};
use testkit::process::Server;

use super::super::{CHILD, ROOT, command, quiet};
use super::told;
use crate::{demo, refused};

const NOBODY: &str = "22222222-2222-4222-8222-222222222222";

fn add(server: &Server, name: &str, organization: &str) -> String {
    let team = command(server, &["team", "add", name, "-o", organization]);
    team["id"].as_str().unwrap().to_owned()
}

fn names(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|team| team["name"].as_str().unwrap()).collect()
}

#[test]
fn the_own_companys_teams_come_in_pages() {
    let server = demo();
    let replay = &server.callers().replay;
    let before = told(replay.get("/api/team"), 200)["pagination"]["total"].as_u64().unwrap();
    for name in ["Zeta", "Alpha", "Mid"] {
        add(&server, name, ROOT);
    }
    add(&server, "Of the child", CHILD);

    let answer = replay.get("/api/team");
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    let all = told(answer, 200);
    let total = before + 3;
    assert_eq!(all["pagination"], json!({"total": total, "offset": 0, "limit": 100, "hasMore": false}));
    let mut listed = names(&all);
    assert_eq!(listed.split_off(listed.len() - 3), ["Zeta", "Alpha", "Mid"], "as they came to be");
    let team = all["data"].as_array().unwrap().last().unwrap();
    assert_eq!(team.as_object().unwrap().len(), 7);
    assert_eq!(
        (&team["description"], &team["type"], &team["useTurnConnection"]),
        (&json!(null), &json!("Default"), &json!(false))
    );

    let mut paged = Vec::new();
    for offset in 0..total {
        let page = told(replay.get(format!("/api/team?limit=1&offset={offset}")), 200);
        let expected = json!({"total": total, "offset": offset, "limit": 1, "hasMore": offset + 1 < total});
        assert_eq!(page["pagination"], expected);
        paged.extend(page["data"].as_array().unwrap().iter().cloned());
    }
    assert_eq!(Value::from(paged), all["data"]);
    let past = told(replay.get("/api/team?offset=1000"), 200);
    assert_eq!((names(&past), &past["pagination"]["total"]), (vec![], &json!(total)));

    let child = Caller::replay(&server.client(), &server.seed().tenant.replay.child_api_key);
    assert_eq!(names(&told(child.get("/api/team"), 200)), ["Of the child"]);
    let user = told(replay.get("/api/user?limit=1000"), 200);
    let ids: Vec<&Value> = all["data"].as_array().unwrap().iter().map(|team| &team["id"]).collect();
    let of_users = user["data"].as_array().unwrap().iter().map(|user| &user["teamId"]);
    let mut with_team = of_users.filter(|team| !team.is_null()).peekable();
    assert!(with_team.peek().is_some() && with_team.all(|team| ids.contains(&team)));
}

#[test]
fn a_team_is_patched_field_by_field() {
    let server = demo();
    let (replay, seed) = (&server.callers().replay, server.seed());
    let id = add(&server, "Sales", ROOT);
    let path = format!("/api/team/{id}");
    let list = || told(replay.get("/api/team"), 200)["data"].as_array().unwrap().last().unwrap().clone();
    let mut expected = list();
    assert_eq!(expected["id"], id);
    let person = told(replay.get(format!("/api/user/{}", seed.tenant.people[0].replay)), 200);
    assert!(person.get("companyId").is_none());

    let longest = "\u{1f600}".repeat(255);
    for body in [
        json!({"description": "Everyone north of the river"}),
        json!({"description": ""}),
        json!({"description": "x".repeat(4_000)}),
        json!({"type": "LeadGen"}),
        json!({"type": "Integration", "useTurnConnection": true}),
        json!({"name": longest}),
        json!({"name": "Sales North", "description": null, "type": "Default", "useTurnConnection": false}),
    ] {
        let answer = replay.patch(&path, &body);
        assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
        let team = told(answer, 200);
        for (name, value) in body.as_object().unwrap() {
            expected[name] = value.clone();
        }
        assert_eq!(team, expected, "{body}");
        assert_eq!(list(), expected, "{body}");
        quiet(&server, || assert_eq!(told(replay.patch(&path, &body), 200), expected));
    }
    quiet(&server, || {
        let more = json!({"name": "Sales North", "id": NOBODY, "companyId": NOBODY, "unknown": {}});
        assert_eq!(told(replay.patch(&path, more), 200), expected);
        assert_eq!(
            told(replay.patch(path.to_uppercase().replace("/API/TEAM", "/api/team"), &expected), 200),
            expected
        );
    });
    let events = command(&server, &["event", "list", "--subject", &format!("team:{id}"), "-o", ROOT]);
    let last = &events[0];
    assert_eq!((&last["via"], &last["action"]), (&json!("replay"), &json!("changed")));
    assert_eq!(last["changes"]["kind"], json!({"before": "integration", "after": "default"}));
    assert_eq!(last["changes"]["use_turn_connection"], json!({"before": true, "after": false}));
    let shown = command(&server, &["team", "show", &id, "-o", ROOT]);
    assert_eq!((&shown["name"], &shown["type"]), (&json!("Sales North"), &json!("default")));
}

#[test]
fn a_team_that_is_not_the_companys_is_nobodys() {
    let server = demo();
    let (callers, seed) = (server.callers(), server.seed());
    let (replay, client) = (&callers.replay, server.client());
    let own = add(&server, "Own", ROOT);
    let of_child = add(&server, "Of the child", CHILD);
    let strangers = told(server.strangers().replay.get("/api/team"), 200);
    let child = Caller::replay(&client, &seed.tenant.replay.child_api_key);
    refused(&server, || {
        let unknown = told(replay.patch(format!("/api/team/{NOBODY}"), json!({"name": "X"})), 404);
        for id in [&of_child, strangers["data"][0]["id"].as_str().unwrap(), &seed.tenant.people[0].replay] {
            assert_eq!(told(replay.patch(format!("/api/team/{id}"), json!({"name": "X"})), 404), unknown);
        }
        assert_eq!(told(child.patch(format!("/api/team/{own}"), json!({"name": "X"})), 404), unknown);
        let scoped = json!({"name": "X", "childCompanyId": seed.tenant.replay.child_company_id});
        told(replay.patch(format!("/api/team/{of_child}"), scoped), 404);
    });
    assert_eq!(told(child.patch(format!("/api/team/{of_child}"), json!({"name": "Y"})), 200)["name"], "Y");
}

#[test]
fn what_no_team_can_be_is_refused_in_order() {
    let server = demo();
    let replay = &server.callers().replay;
    let path = format!("/api/team/{}", add(&server, "Sales", ROOT));
    refused(&server, || {
        for (field, value) in [
            ("name", json!("")),
            ("name", json!(" \t")),
            ("name", json!("x".repeat(256))),
            ("name", json!(null)),
            ("name", json!("A\u{0}B")),
            ("description", json!(7)),
            ("description", json!("x".repeat(4_001))),
            ("description", json!("A\u{0}B")),
            ("type", json!("default")),
            ("type", json!("lead-gen")),
            ("type", json!(null)),
            ("type", json!(["Default"])),
            ("useTurnConnection", json!("true")),
            ("useTurnConnection", json!(1)),
            ("useTurnConnection", json!(null)),
        ] {
            let error = told(replay.patch(&path, json!({field: value})), 400);
            assert_eq!(error["details"][0]["path"], field, "{error}");
        }
        let both = told(replay.patch(&path, json!({"name": "", "type": "x", "description": "New"})), 400);
        assert_eq!(both["details"].as_array().unwrap().len(), 2);
        for body in
            [json!({}), json!({"Name": "X"}), json!({"firstName": "X", "companyId": NOBODY}), json!([])]
        {
            told(replay.patch(&path, body), 400);
        }
        told(replay.patch("/api/team/x", json!({"name": "X"})), 400);
        told(replay.patch(format!("/api/team/{NOBODY}"), json!({})), 400);
        for query in ["offset=-1", "limit=0", "limit=1001", "limit=x", "offset=1&offset=2"] {
            told(replay.get(format!("/api/team?{query}")), 400);
        }
        let nobody = Caller::nobody(&server.client(), Dialect::Replay);
        told(nobody.get("/api/team?limit=0"), 401);
        told(nobody.patch("/api/team/x", json!({})), 401);
        let wrong_method = replay.get(&path).expect(405);
        assert_eq!(wrong_method.header("allow"), Some("PATCH"));
        let wrong_method = replay.post("/api/team", json!({})).expect(405);
        assert_eq!(wrong_method.header("allow"), Some("GET,HEAD"));
    });
}
