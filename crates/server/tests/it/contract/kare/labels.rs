//! Labels: listed in pages, made, and changed by administrators.

use serde_json::{Value, json};

use super::super::{ROOT, command, encoded};
use super::{Cast, cast, data, mistakes, told};
use crate::refused;

const V1: &str = "/labels/v1";
const V2: &str = "/labels/v2/rs";

impl Cast {
    #[track_caller]
    fn listed(&self, query: &str) -> Value {
        told(self.user.get(format!("{V2}?{query}")), 200)
    }

    #[track_caller]
    fn names(&self, query: &str) -> Vec<String> {
        let page = self.listed(query);
        let labels = page["data"].as_array().unwrap().iter();
        labels.map(|label| label["name"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn labels_are_made_changed_and_shown() {
    let cast = cast();
    let before = told(cast.user.get(V1), 200);
    let asked = json!({"name": "Urgence élevée", "color": "#ff00Aa", "type": 2, "unknown": 1});
    let label = told(cast.admin.post(V1, &asked), 201)["data"].clone();
    for (field, value) in [("name", "Urgence élevée"), ("color", "#ff00Aa")] {
        assert_eq!(label[field], value);
    }
    assert_eq!((&label["type"], &label["sourceType"]), (&json!(2), &json!(1)));
    assert_eq!(label["createdAt"], label["updatedAt"]);
    let listed = told(cast.user.get(V1), 200);
    let mut first_version = label.clone();
    first_version.as_object_mut().unwrap().remove("sourceType");
    assert_eq!(listed["data"].as_array().unwrap().last(), Some(&first_version));
    assert_eq!(listed["data"].as_array().unwrap().len(), before["data"].as_array().unwrap().len() + 1);

    let path = format!("{V2}/{}", label["id"]);
    let changed = data(cast.admin.put(&path, json!({"color": "#000000"})));
    assert_eq!((&changed["name"], &changed["color"]), (&label["name"], &json!("#000000")));
    assert!(changed["updatedAt"].as_str() > label["updatedAt"].as_str());
    assert_eq!(data(cast.admin.put(&path, json!({}))), changed);
    assert_eq!(data(cast.admin.put(&path, json!({"name": changed["name"], "color": "#000000"}))), changed);
    assert_eq!(data(cast.admin.put(&path, json!({"name": "Calm"})))["name"], "Calm");
    // It can be somebody's profession.
    let user = super::member(cast.user_id());
    data(cast.admin.patch(&user, json!({"professionId": label["id"]})));
    let shown = data(cast.user.get(super::user("me")));
    assert_eq!(shown["profession"], json!({"id": label["id"], "name": "Calm"}));
    let written = command(&cast.server, &["label", "show", "Calm", "--tenant", "1"]);
    assert_eq!((&written["type"], &written["source"]), (&json!("commission"), &json!("own")));
}

#[test]
fn labels_come_in_pages_in_an_order() {
    let cast = cast();
    let seeded = cast.names("");
    command(&cast.server, &["label", "add", "Zebra", "--type", "commission", "--provided", "-o", ROOT]);
    command(&cast.server, &["label", "add", "Aérien", "--color", "#000001", "-o", ROOT]);
    let all = cast.names("");
    assert_eq!(all, [&seeded[..], &["Zebra".to_owned(), "Aérien".to_owned()]].concat());
    let page = cast.listed("page=2&pageSize=2&includeCount=true");
    assert_eq!(page["totalCount"], all.len());
    assert_eq!(page["pagination"], json!({"page": 2, "pageSize": 2}));
    assert_eq!(cast.names("page=2&pageSize=2"), all[2..4]);
    assert_eq!(cast.listed("")["pagination"], json!({"page": 1, "pageSize": 50}));
    assert!(cast.listed("").get("totalCount").is_none());
    assert_eq!(cast.listed("page=1000&includeCount=true")["data"], json!([]));

    let last = cast.listed("")["data"].as_array().unwrap().last().unwrap()["id"].clone();
    let found = cast.listed(&format!("pageSize=1&findId={last}"));
    assert_eq!((&found["data"][0]["id"], &found["pagination"]["page"]), (&last, &json!(all.len())));
    assert_eq!(cast.listed("pageSize=1&page=2&findId=999999")["pagination"]["page"], 2);

    let order = |text: &str| format!("orderBy={}", encoded(text));
    let mut sorted = all.clone();
    sorted.sort();
    assert_eq!(cast.names(&order(r#"{"field":"name"}"#)), sorted);
    sorted.reverse();
    assert_eq!(cast.names(&order(r#"[{"field":"name","direction":"desc"}]"#)), sorted);
    let by_source = order(r#"[{"field":"sourceType","direction":"desc"},{"field":"id","direction":"desc"}]"#);
    assert_eq!(cast.names(&by_source)[..2], ["Zebra", "Aérien"]);
    let twice =
        format!("{}&{}", order(r#"{"field":"type","direction":"desc"}"#), order(r#"{"field":"color"}"#));
    assert_eq!(cast.names(&twice)[..2], ["Zebra", "Aérien"]);

    assert_eq!(cast.names("whereType=2"), ["Zebra"]);
    assert_eq!(cast.names("whereSourceType=2&extend=none"), ["Zebra"]);
    assert_eq!(cast.names("whereSourceType=1,2"), all);
    assert_eq!(cast.names("whereSourceType=%5B7%5D"), [""; 0]);
    assert_eq!(cast.names("whereName=AERI"), ["Aérien"]);
    let created = cast.listed("whereName=Zebra")["data"][0]["createdAt"].clone();
    let created = created.as_str().unwrap();
    assert_eq!(cast.names(&format!("whereCreatedAt={}", encoded(created)))[0], "Zebra");
    assert_eq!(cast.names("whereCreatedAt=2001-01-01"), [""; 0]);
    let since = encoded(&format!(r#"{{"start":"{created}"}}"#));
    assert_eq!(cast.names(&format!("whereCreatedAt={since}")), ["Zebra", "Aérien"]);
    told(cast.user.get(format!("{V1}?subPageSize=3&whereType=1")), 200);
    // What the first version does not know is ignored.
    let v1 = told(cast.user.get(format!("{V1}?whereSourceType=2")), 200);
    assert_eq!(v1["data"].as_array().unwrap().len(), all.len());
}

#[test]
fn what_is_wrong_with_a_label_is_told_and_changes_nothing() {
    let cast = cast();
    let ids = &cast.server.seed().tenant.kare;
    let provided =
        command(&cast.server, &["label", "add", "Zebra", "--provided", "-o", ROOT])["number"].clone();
    let abroad = command(&cast.server, &["label", "add", "Nurse", "-o", "Aurora North"])["number"].clone();
    let own = format!("{V2}/{}", ids.label_id);
    refused(&cast.server, || {
        for (body, wrong) in [
            (json!({}), &["name", "color", "type"][..]),
            (json!({"name": "", "color": "", "type": 3}), &["name", "color", "type"]),
            (json!({"name": "x".repeat(101), "color": "#000000", "type": 1}), &["name"]),
            (json!({"name": " ", "color": "#000000", "type": 1}), &["name"]),
            (json!({"name": "x", "color": "red", "type": 1}), &["color"]),
            (json!({"name": null, "color": 1, "type": "1"}), &["name", "color", "type"]),
        ] {
            assert_eq!(mistakes(cast.admin.post(V1, &body)), wrong, "{body}");
        }
        for body in [json!({"name": "x".repeat(101)}), json!({"name": "\u{200b}"})] {
            assert_eq!(mistakes(cast.admin.put(&own, body)), ["name"]);
        }
        assert_eq!(mistakes(cast.admin.put(&own, json!({"color": "#12345"}))), ["color"]);
        assert_eq!(told(cast.admin.put(&own, json!({"name": "Zebra"})), 409)["message"], "Conflict");
        told(cast.admin.post(V1, json!({"name": "Zebra", "color": "#000000", "type": 1})), 409);
        told(cast.admin.put(format!("{V2}/{provided}"), json!({"name": "x"})), 403);
        for id in [abroad.to_string(), "999999".to_owned(), "0".to_owned(), "-1".to_owned()] {
            told(cast.admin.put(format!("{V2}/{id}"), json!({"name": "x"})), 404);
            told(cast.user.put(format!("{V2}/{id}"), json!({"name": "x"})), 404);
        }
        for id in ["me", "01", "9007199254740992", "1.0"] {
            assert_eq!(mistakes(cast.admin.put(format!("{V2}/{id}"), json!({"name": "x"}))), ["labelId"]);
        }
        told(cast.user.put(&own, json!({"color": "#000000"})), 403);
        told(cast.user.post(V1, json!({"name": "x", "color": "#000000", "type": 1})), 403);
        for (query, wrong) in [
            ("page=0", "page"),
            ("page=x", "page"),
            ("page=1&page=2", "page"),
            ("pageSize=501", "pageSize"),
            ("subPageSize=0", "subPageSize"),
            ("includeCount=yes", "includeCount"),
            ("findId=x", "findId"),
            ("extend=name", "extend"),
            ("whereType=one", "whereType"),
            ("whereSourceType=one", "whereSourceType"),
            ("whereCreatedAt=yesterday", "whereCreatedAt"),
            ("orderBy=name", "orderBy"),
            ("orderBy=%7B%22field%22:%22key%22%7D", "orderBy"),
            ("orderBy=%7B%22field%22:%22name%22,%22direction%22:%22up%22%7D", "orderBy"),
        ] {
            assert_eq!(mistakes(cast.user.get(format!("{V2}?{query}"))), [wrong], "{query}");
        }
    });
}
