//! What options take: whatever commands print, and what people write.

use serde_json::json;

use super::Store;

#[test]
fn what_is_printed_is_taken() {
    let store = Store::new();
    let ada = store.json(
        "person add --given-name Ada --birth-date 1962-02-18T00:00:00 --phone +4512345678 --gender Female \
         --time-zone europe/paris --lang EN --replay-role Manager --kare-scope ADMIN --employed-from 2024-02-01 \
         --external-id Replay:R-1 --external-id AZURE:1f2e",
    );
    assert_eq!(ada["birthDate"], "1962-02-18T00:00:00Z");
    assert_eq!(ada["phone"], json!({"countryCode": 45, "number": "12345678"}));
    let text = |name: &str| ada[name].as_str().unwrap().to_owned();
    let start = ada["employment"]["start"].as_str().unwrap();
    let grant = &ada["memberships"][0];
    let shown = store.run("person show replay:R-1").ok().stdout();
    let phone = shown.lines().find_map(|line| line.strip_prefix("phone:")).unwrap().trim();
    assert_eq!(phone, "+45 12345678");

    let organization = store.json("organization list")[0]["id"].as_str().unwrap().to_owned();
    let external = format!("replay:{organization}:R-2");
    let again = store.cli.run([
        "person",
        "add",
        "--given-name",
        "Ben",
        "--json",
        "--phone",
        phone,
        "--birth-date",
        &text("birthDate"),
        "--gender",
        &text("gender"),
        "--lang",
        &text("lang"),
        "--time-zone",
        &text("timeZone"),
        "--employed-from",
        start,
        "--external-id",
        &external,
        "--replay-role",
        grant["replay"]["role"].as_str().unwrap(),
        "--kare-scope",
        grant["kare"]["scope"].as_str().unwrap(),
    ]);
    let again = again.ok().json();
    for member in ["birthDate", "phone", "gender", "lang", "timeZone"] {
        assert_eq!(again[member], ada[member], "{member}");
    }
    assert_eq!(again["employment"], ada["employment"]);
    assert_eq!(again["identities"], json!([{"source": format!("replay:{organization}"), "value": "R-2"}]));
    assert_eq!(store.json("person show REPLAY:R-2")["id"], again["id"]);

    let status = store.json("person disable R-1 --by Login-Blocked")["status"].as_str().unwrap().to_owned();
    assert_eq!(store.json(&format!("person disable R-2 --by {status}"))["status"], status.as_str());
    assert_eq!(
        store.json(&format!("person list --status {}", status.to_uppercase())).as_array().unwrap().len(),
        2
    );
    let at = store.json("event list --limit 1")[0]["at"].as_str().unwrap().to_owned();
    assert_eq!(
        store
            .json(&format!("event list --since {at} --via COMMAND --action Changed"))
            .as_array()
            .unwrap()
            .len(),
        1
    );

    let limited = store
        .json("credential add --dialect Relesys --rate-limit 7/min --expires 2999-01-01 --scope Relesys.API");
    assert_eq!((&limited["rateLimit"], &limited["expiresAt"]), (&json!(7), &json!("2999-01-01T00:00:00Z")));
    assert_eq!(store.json("custom-field add skills --kind Multi-Select")["kind"], "multi-select");
}

#[test]
fn a_time_zone_of_windows_is_translated_and_an_unknown_one_refused() {
    let store = Store::new();
    let add =
        |zone: &str| store.cli.run(["person", "add", "--given-name", "Ada", "--time-zone", zone, "--json"]);
    assert_eq!(add("Romance Standard Time").ok().json()["timeZone"], "Europe/Paris");
    let refused = add("Europe/Atlantis").fails_with(2);
    assert!(refused.stderr().contains("is not a time zone; write it as Europe/Paris"), "{refused}");
}

#[test]
fn what_makes_no_sense_is_refused_with_an_example() {
    let store = Store::new();
    for (option, value, says) in [
        ("--phone", "abc", "write it as \"+45 12345678\""),
        ("--phone", "+45abc", "write it as \"+45 12345678\""),
        ("--birth-date", "18.02.1962", "write it as 2026-11-22 or"),
        ("--email", "ada", "write it as ada@aurora.example"),
        ("--gender", "none", "use one of: female, male"),
        ("--given-name", "", "must not be empty"),
        ("--custom-field", "skills=", "write a key and a value, as in skills=welding"),
        ("--external-id", "azure:", "write relesys:VALUE"),
    ] {
        let run = store.cli.run(["person", "add", option, value]).fails_with(2);
        assert!(run.stderr().contains(says), "{option} {value}: {run}");
    }
    assert_eq!(store.json("person list"), json!([]), "nobody was added");
}
