//! `/api/v1/roles` and `/api/v1/permissions`.

use serde_json::{Value, json};
use testkit::callers::Caller;

use super::super::{ROOT, command};
use super::{NOBODY, firm, ids, told};
use crate::refused;

#[test]
fn roles_are_those_of_the_tenant() {
    let firm = firm();
    let args = [
        "role",
        "add",
        "night-clerk",
        "--permission",
        "time:entries:write:CustomerOwnUserAny",
        "--description",
        "At night",
        "-o",
        ROOT,
    ];
    let made = command(&firm.server, &args);
    let reader = Caller::laurel(&firm.server.client(), &firm.new_client("read"));
    let roles = told(reader.get("/api/v1/roles"), 200);
    let names: Vec<&str> =
        roles.as_array().unwrap().iter().map(|role| role["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        ["customer-admin", "night-clerk", "super-customer-admin", "super-delegate", "trainer", "user"]
    );
    let defaults: Vec<bool> =
        roles.as_array().unwrap().iter().map(|role| role["isDefault"] == true).collect();
    assert_eq!(defaults, [false, false, false, false, false, true]);
    for role in roles.as_array().unwrap() {
        let id = role["_id"].as_str().unwrap();
        assert_eq!(told(firm.laurel.get(format!("/api/v1/roles/{}", id.to_uppercase())), 200), *role);
        assert!(!role["permissions"].as_array().unwrap().is_empty() && role["description"] != "", "{role}");
    }
    let clerk = &roles[1];
    assert_eq!((&clerk["_id"], &clerk["description"]), (&made["objectId"], &json!("At night")));
    assert_eq!(clerk["createdAt"], clerk["updatedAt"]);
    // What a user is shown with is the same.
    let user = firm.seen(0);
    let of_user = user["roles"].as_array().unwrap().iter().find(|role| role["name"] == "user").unwrap();
    assert_eq!(of_user["permissions"], roles[5]["permissions"]);

    command(&firm.server, &["role", "change", "night-clerk", "--clear", "description", "-o", ROOT]);
    let changed = told(firm.laurel.get(format!("/api/v1/roles/{}", clerk["_id"].as_str().unwrap())), 200);
    assert_eq!((&changed["description"], &changed["permissions"]), (&json!(""), &clerk["permissions"]));
    refused(&firm.server, || {
        assert_eq!(
            told(firm.laurel.get(format!("/api/v1/roles/{NOBODY}")), 404)["message"],
            "Role not found"
        );
        told(firm.laurel.get("/api/v1/roles/x"), 400);
    });
}

#[test]
fn permissions_have_the_parts_of_their_claims() {
    let firm = firm();
    let own = ["time:entries:write:CustomerOwnUserAny", "BillingRead"];
    command(
        &firm.server,
        &["role", "add", "clerk", "--permission", own[0], "--permission", own[1], "-o", ROOT],
    );
    let permissions = told(firm.laurel.get("/api/v1/permissions"), 200);
    let all = permissions.as_array().unwrap();
    let seeded = &firm.tenant().laurel.permission_ids;
    assert!(seeded.len() >= 2 && seeded.iter().all(|id| ids(&permissions).contains(&id.as_str())));
    assert_eq!(all.len(), seeded.len() + 1, "a claim of another form is opaque");
    let written: Vec<&Value> =
        all.iter().filter(|one| one["namespace"] == "entries" && one["action"] == "write").collect();
    assert_eq!((written.len(), &written[0]["service"]), (1, &json!("time")));
    let roles = told(firm.laurel.get("/api/v1/roles"), 200);
    let admin = &roles.as_array().unwrap().iter().find(|role| role["name"] == "customer-admin").unwrap()["permissions"];
    for digest in admin.as_array().unwrap() {
        let id = digest["_id"].as_str().unwrap();
        let permission = told(firm.laurel.get(format!("/api/v1/permissions/{id}")), 200);
        let parts = ["service", "namespace", "action"].map(|part| permission[part].as_str().unwrap());
        assert!(digest["claim"].as_str().unwrap().starts_with(&parts.join(":")), "{digest} {permission}");
        assert_eq!(permission["description"], digest["description"]);
    }
    refused(&firm.server, || {
        let nobodys = told(firm.laurel.get(format!("/api/v1/permissions/{NOBODY}")), 404);
        assert_eq!(nobodys["message"], "Permission not found");
        told(firm.laurel.get("/api/v1/permissions/x"), 400);
    });
}
