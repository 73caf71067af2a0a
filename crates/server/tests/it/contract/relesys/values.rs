//! What values may be: dates, lengths, addresses, images and cards; and those that are one person's only.

use serde_json::{Value, json};

use super::{User, add, personae, remove, replace, test, told};
use crate::demo;

#[test]
fn dates_are_taken_in_every_documented_form_and_shown_in_one() {
    let server = demo();
    let user = User::of(&server, 0);
    for (sent, shown) in [
        ("1999-02-28", "1999-02-28T00:00:00Z"),
        ("03-01-1999", "1999-03-01T00:00:00Z"),
        ("1999-02-28T13:30", "1999-02-28T13:30:00Z"),
        ("1999-02-28T13:30:05", "1999-02-28T13:30:05Z"),
        ("1999-02-28T13:30:06Z", "1999-02-28T13:30:06Z"),
        ("1999-02-28T13:30:05.5Z", "1999-02-28T13:30:05.5Z"),
        ("1999-02-28T13:30:05.2535004Z", "1999-02-28T13:30:05.2535004Z"),
        ("1999-02-28T13:30:05.62269000Z", "1999-02-28T13:30:05.62269Z"),
        ("1999-02-28T13:30:05.12345678901234567890Z", "1999-02-28T13:30:05.1234567Z"),
        ("1999-02-28T13:30:07.00000009Z", "1999-02-28T13:30:07Z"),
        ("1999-02-28T23:30:00-02:00", "1999-03-01T01:30:00Z"),
        ("1999-02-28T00:30:00.5+0130", "1999-02-27T23:00:00.5Z"),
        ("1999-02-28T00:30:00+00:00", "1999-02-28T00:30:00Z"),
        ("2000-02-29", "2000-02-29T00:00:00Z"),
        ("0001-01-01", "0001-01-01T00:00:00Z"),
        ("1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.9999999Z"),
        ("9999-12-31", "9999-12-31T00:00:00Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
        ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999Z"),
    ] {
        for name in ["birthDate", "employmentDate", "employmentEndDate"] {
            let set = json!([replace(name, sent)]);
            user.becomes("v1", set.clone(), json!({name: shown}));
            user.quiet("v1.4", set.clone());
            let path = format!("/{name}");
            let of = |text: &str| test(&path, text);
            user.quiet("v1", json!([of(sent), of(shown)]));
            user.refuses("v1", json!([replace("title", "No"), of("1999-02-28T13:30:59Z")]), &path);
            if sent == shown {
                user.becomes("v1", json!([replace(name, "")]), json!({name: null}));
                user.quiet("v1", json!([replace(name, "")]));
                user.becomes("v1", set, json!({name: shown}));
            }
        }
        let id = user.id.as_str();
        let kept = &personae(&server, &["person", "show", id])["employment"]["end"];
        assert_eq!(kept.as_str().map(|kept| kept.trim_end_matches('Z')), Some(shown.trim_end_matches('Z')));
    }
    user.untouched(|| {
        for bad in [
            " ",
            "x",
            "1999",
            "1999-2-28",
            "1999-02-29",
            "28-02-1999",
            "1999/02/28",
            "19990228",
            "1999-02-28T",
            "1999-02-28T24:00:00Z",
            "1999-02-28T13:30:05+15:00",
            "1999-02-28T13:30:05 CET",
            "0000-12-31",
            "0001-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-00:01",
            "10000-01-01",
            " 1999-02-28",
        ] {
            for name in ["birthDate", "employmentDate", "employmentEndDate"] {
                user.refuses("v1", json!([replace("title", "No"), replace(name, bad)]), &format!("/{name}"));
            }
        }
    });
}

#[test]
fn the_times_of_the_record_are_the_servers() {
    let server = demo();
    let user = User::of(&server, 0);
    let at = |user: &Value, member: &str| user[member].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let modified = |user: &Value| at(user, "lastModifiedDateTime");
    let first = user.get("v1");
    assert!(at(&first, "creationDateTime") <= modified(&first));
    user.becomes("v1", json!([replace("title", "1")]), json!({"title": "1"}));
    let second = user.get("v1");
    user.becomes("v1", json!([replace("title", "2")]), json!({"title": "2"}));
    let third = user.get("v1");
    assert_eq!(first["creationDateTime"], third["creationDateTime"]);
    assert!(modified(&first) < modified(&second) && modified(&second) < modified(&third));
    // What another API changes is a change as well.
    let replay = server.callers().replay;
    replay.patch(format!("/api/user/{}", user.id), json!({"firstName": "Renamed"})).expect(200);
    let fourth = user.get("v1");
    assert!(modified(&third) < modified(&fourth));
    assert!(fourth["name"].as_str().unwrap().starts_with("Renamed"));
}

#[test]
fn texts_have_at_most_255_characters() {
    let server = demo();
    let user = User::of(&server, 0);
    user.fill();
    let names = [
        "name",
        "title",
        "userName",
        "externalId",
        "dataSource",
        "initials",
        "registerNumber",
        "dutyPlanNumber",
        "employmentType",
        "cardNumber",
    ];
    for (index, name) in names.into_iter().enumerate() {
        let longest = ["x", "\u{e9}", "\u{1f600}"][index % 3].repeat(255);
        let shown = match name {
            "cardNumber" => {
                let card = json!({"name": null, "cardNumber": longest, "id": user.get("v1.4")["memberCard"]["id"], "url": null});
                json!({"memberCard": card})
            }
            name => json!({name: longest}),
        };
        user.becomes("v1.4", json!([replace(name, longest.as_str())]), shown);
    }
    let mail = |length: usize| format!("{}@x.org", "x".repeat(length - 6));
    for name in ["email", "secondaryEmail"] {
        user.becomes("v1", json!([replace(name, mail(255))]), json!({name: mail(255)}));
    }
    user.untouched(|| {
        for name in names {
            user.refuses("v1.4", json!([replace(name, "x".repeat(256))]), &format!("/{name}"));
        }
        for name in ["email", "secondaryEmail"] {
            user.refuses("v1", json!([replace(name, mail(256))]), &format!("/{name}"));
        }
        // People are looked up by these.
        for name in ["userName", "externalId"] {
            user.refuses("v1", json!([replace(name, "")]), &format!("/{name}"));
        }
    });
    for name in ["title", "dataSource"] {
        user.becomes("v1", json!([replace(name, "")]), json!({name: ""}));
    }
}

#[test]
fn an_address_has_one_at_with_text_on_both_sides() {
    let server = demo();
    let user = User::of(&server, 0);
    for mail in ["a@b", "o'brien+x@sub.example.com", "jos\u{e9}@ex\u{e4}mple.de", "A.B@C"] {
        for name in ["email", "secondaryEmail"] {
            user.becomes("v1", json!([replace(name, mail)]), json!({name: mail}));
            user.becomes("v1", json!([replace(name, "")]), json!({name: null}));
            user.becomes("v1", json!([replace(name, mail)]), json!({name: mail}));
        }
    }
    user.untouched(|| {
        for bad in [
            "a\u{200b}@b",
            "a@b\u{202e}c",
            "\u{feff}a@b",
            "a\u{ad}@b",
            " ",
            "@",
            "a",
            "a@",
            "@b",
            "a@b@c",
            "a b@c",
            "a@b c",
            " a@b",
            "a@b\n",
        ] {
            for name in ["email", "secondaryEmail"] {
                user.refuses("v1", json!([replace("title", "No"), replace(name, bad)]), &format!("/{name}"));
            }
        }
    });
}

#[test]
fn what_people_are_known_by_is_one_persons_only() {
    let server = demo();
    let (user, other) = (User::of(&server, 0), User::of(&server, 1));
    other.fill();
    let kept = other.get("v1.4");
    user.untouched(|| {
        for (name, values) in [
            ("email", vec!["personalmaila@testmail.com", "PersonalMailA@TESTMAIL.com"]),
            ("userName", vec!["UserNameA", "usernamea"]),
            ("externalId", vec!["NUA"]),
        ] {
            for value in values {
                for version in ["v1", "v1.4"] {
                    user.refuses(
                        version,
                        json!([replace("title", "No"), replace(name, value)]),
                        &format!("/{name}"),
                    );
                }
            }
        }
    });
    assert_eq!(other.get("v1.4"), kept);
    // Nobody is known by these, nor is a tenant by another's.
    user.becomes(
        "v1",
        json!([replace("secondaryEmail", "personalmaila@testmail.com"), replace("title", "User Title A")]),
        json!({"secondaryEmail": "personalmaila@testmail.com", "title": "User Title A"}),
    );
    let strangers = server.seed().stranger.people[0].email.as_str();
    user.becomes("v1", json!([replace("email", strangers)]), json!({"email": strangers}));
    // One's own, spelled otherwise, is a change and no clash; what was given up is free.
    other.becomes(
        "v1",
        json!([replace("email", "PERSONALMAILA@testmail.com")]),
        json!({"email": "PERSONALMAILA@testmail.com"}),
    );
    other.patch("v1", json!([remove("/email"), remove("/userName"), replace("externalId", "OTHER")]));
    user.becomes(
        "v1",
        json!([
            replace("email", "personalmaila@testmail.com"),
            replace("userName", "usernamea"),
            replace("externalId", "NUA")
        ]),
        json!({"email": "personalmaila@testmail.com", "userName": "usernamea", "externalId": "NUA"}),
    );
    // An external id of Relesys is found as that, and as nobody's id.
    let found = personae(&server, &["person", "show", "relesys:NUA"]);
    assert_eq!(found["id"], user.id.as_str());
}

#[test]
fn an_image_and_a_member_card_are_known_by_their_ids() {
    let server = demo();
    let user = User::of(&server, 0);
    let (a, b) = ("0b2f7c3e-6a55-4d0a-9f53-9f6a6cfb1a01", "0b2f7c3e-6a55-4d0a-9f53-9f6a6cfb1a02");
    let image = |id: &str| json!({"id": id, "downloadUrl": null, "referenceUrl": null, "contentType": null, "fileName": null});
    let card = |id: &str, number: Value| json!({"name": null, "cardNumber": number, "id": id, "url": null});
    user.patch("v1.4", json!([remove("/cardNumber"), remove("/imageId"), remove("/memberCardId")]));
    user.becomes("v1.1", json!([replace("imageId", a.to_uppercase())]), json!({"image": image(a)}));
    user.becomes("v1.2", json!([add("/imageId", b)]), json!({"image": image(b)}));
    user.untouched(|| {
        user.refuses("v1.4", json!([replace("cardNumber", "1")]), "/cardNumber");
        user.refuses("v1.4", json!([replace("imageId", "x")]), "/imageId");
        user.refuses("v1.4", json!([replace("imageId", "https://example.org/a.png")]), "/imageId");
    });
    user.becomes("v1.3", json!([replace("memberCardId", a)]), json!({"memberCard": card(a, Value::Null)}));
    user.becomes(
        "v1.4",
        json!([replace("cardNumber", "1234567890")]),
        json!({"memberCard": card(a, json!("1234567890"))}),
    );
    user.becomes(
        "v1.1",
        json!([replace("memberCardId", b)]),
        json!({"memberCard": card(b, json!("1234567890"))}),
    );
    user.untouched(|| {
        user.refuses("v1.4", json!([remove("/memberCardId")]), "/cardNumber");
    });
    user.becomes(
        "v1.4",
        json!([remove("/memberCardId"), remove("/cardNumber"), remove("/imageId")]),
        json!({"memberCard": null, "image": null}),
    );
}

#[test]
fn a_name_is_one_text_here_and_two_elsewhere() {
    let server = demo();
    let user = User::of(&server, 0);
    let replay = server.callers().replay;
    let parts = || {
        let user = replay.get(format!("/api/user/{}", user.id)).expect(200).json();
        (user["firstName"].clone(), user["lastName"].clone())
    };
    for (name, first, last) in [
        ("Maria del Mar Ruiz", json!("Maria del Mar"), json!("Ruiz")),
        ("Cher", json!("Cher"), json!(null)),
        ("Ada  Byron", json!("Ada "), json!("Byron")),
    ] {
        user.becomes("v1", json!([replace("name", name)]), json!({"name": name}));
        let (given, family) = parts();
        assert_eq!(family, last, "{name}");
        assert_eq!(given.as_str().map(str::trim), first.as_str().map(str::trim), "{name}");
        user.quiet("v1.4", json!([replace("name", name)]));
        // An employment that has ended is a date and nothing more.
        let ended = json!([replace("employmentEndDate", "2001-01-01")]);
        assert_eq!(told(user.caller.patch(user.path("v1"), ended), 200)["data"]["status"], "Activated");
    }
}
