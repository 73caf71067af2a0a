//! `GET /users/v1/rs/{userId}`.

use serde_json::json;

use super::super::{ROOT, command, quiet};
use super::{cast, data, mistakes, told, user};

const RIGHTS: [&str; 4] =
    ["updatableFields", "actions", "userOrganizationActions", "userOrganizationUpdatableFields"];

#[test]
fn a_user_is_shown_with_everything_documented() {
    let cast = cast();
    let seed = &cast.server.seed().tenant;
    let person = &seed.people[0];
    let shown = data(cast.admin.get(user(person.kare)));
    let command = command(&cast.server, &["person", "show", &person.relesys]);
    let kare = &command["memberships"][0]["kare"];
    let mut expected = json!({
        "id": person.kare,
        "key": person.relesys,
        "firstName": "Ada",
        "lastName": "Lovelace",
        "email": person.email,
        "phone": "+44 89927144",
        "type": 1,
        "lang": command["lang"],
        "activatedAt": null,
        "updatedAt": shown["updatedAt"],
        "createdAt": shown["createdAt"],
        "permissions": kare["permissions"],
        "scope": 2,
        "profession": {"id": kare["profession"]["number"], "name": kare["profession"]["name"]},
    });
    let phone = &command["phone"];
    expected["phone"] = json!(format!("+{} {}", phone["countryCode"], phone["number"].as_str().unwrap()));
    for name in RIGHTS {
        expected[name] = shown[name].clone();
    }
    assert_eq!(shown, expected);
    assert_eq!(data(cast.admin.get(format!("/main{}", user(person.kare)))), shown);
    assert_eq!(
        data(cast.user.get(user(person.kare)))["email"],
        person.email.as_str(),
        "users read as admins do"
    );

    for (caller, id) in [(&cast.admin, cast.admin_id()), (&cast.user, cast.user_id())] {
        let me = data(caller.get(user("me")));
        assert_eq!((&me["id"], &me), (&json!(id), &data(caller.get(user(id)))));
    }
    let head = cast.admin.raw("HEAD", user("me")).send().expect(200);
    assert!(head.body.is_empty());
    // A content type on a GET is nobody's business.
    told(cast.admin.raw("GET", user("me")).header("content-type", "text/plain").send(), 200);
    told(cast.admin.raw("GET", user("me")).header("x-sites", "['1', '2']").send(), 200);
}

#[test]
fn who_has_little_is_shown_with_little() {
    let cast = cast();
    let bare = command(&cast.server, &["person", "add", "--given-name", "Cher", "-o", ROOT]);
    let shown = data(cast.admin.get(user(&bare["number"])));
    for name in ["email", "phone", "activatedAt", "profession"] {
        assert_eq!(shown[name], json!(null), "{name}");
    }
    assert_eq!((&shown["lastName"], &shown["lang"]), (&json!(""), &bare["lang"]));

    let add = |phone: &str| {
        let args = ["person", "add", "--given-name", "Phi", "--phone", phone, "-o", ROOT];
        data(cast.admin.get(user(&command(&cast.server, &args)["number"])))["phone"].clone()
    };
    assert_eq!(add("0123456789"), "0123456789");
    assert_eq!(add("+999 123-456-789-012"), "+999 123-456-789-012");
    assert_eq!(add("+999 123-456-789-0-12"), json!(null), "21 characters cannot be shown");
}

#[test]
fn extend_asks_for_the_rights_or_for_nothing() {
    let cast = cast();
    let ask = |query: &str| cast.admin.get(format!("{}?{query}", user("me")));
    let has_rights = |query: &str| {
        let shown = data(ask(query));
        let all = RIGHTS.map(|name| shown.get(name).is_some());
        assert!(all == [true; 4] || all == [false; 4], "{query}: {shown}");
        assert!(shown.get("presignedUrl").is_none());
        all[0]
    };
    for query in [
        "",
        "extend=",
        "extend=updatable-fields",
        "extend=actions-info",
        "extend=user-organization-actions-info",
        "extend=user-organization-updatable-fields",
        "extend=image&extend=actions-info",
        "extend=image,actions-info",
        "extend=%5B%22image%22%2C%22actions-info%22%5D",
        "unknown=1&page=x",
    ] {
        assert!(has_rights(query), "{query}");
    }
    for query in ["extend=image", "extend=image,organization,diplomas", "extend=stats&extend=user-rule"] {
        assert!(!has_rights(query), "{query}");
    }
    quiet(&cast.server, || {
        for query in
            ["extend=none", "extend=Image", "extend=image,", "extend=image&extend=x", "extend=%5B1%5D"]
        {
            assert_eq!(mistakes(ask(query)), ["extend"], "{query}");
        }
    });
}
