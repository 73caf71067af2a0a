//! The session's organization, in both versions.

use serde_json::json;

use super::super::{ROOT, command};
use super::{cast, data, mistakes, told};
use crate::refused;

const V1: &str = "/organizations/my";
const V2: &str = "/organizations/v2/rs/my";

#[test]
fn an_organization_is_read_and_changed() {
    let cast = cast();
    let id = cast.server.seed().tenant.kare.organization_id;
    let before = data(cast.user.get(V2));
    for (field, value) in [
        ("id", json!(id)),
        ("name", json!(ROOT)),
        ("language", json!(1)),
        ("timezone", json!("Europe/Paris")),
        ("uploadSizeUsed", json!(0)),
        ("uploadSizeLimit", json!(5120)),
    ] {
        assert_eq!(before[field], value, "{field}");
    }
    assert!(before.get("actions").is_none() && before.get("updatableFields").is_none());
    let extended = format!("{V2}?extend=logo,updatable-fields&extend=actions-info");
    for (caller, may) in [(&cast.admin, true), (&cast.user, false)] {
        let shown = data(caller.get(&extended));
        assert_eq!(shown["updatableFields"], json!({"name": may, "language": may, "timezone": may}));
        assert_eq!(shown["actions"], json!({"canBeUpdated": may, "canBeDeleted": false}));
    }

    let whole = data(cast.admin.patch(V2, json!({"language": 3, "timezone": "europe/berlin"})));
    for (field, value) in [
        ("id", json!(id)),
        ("name", json!(ROOT)),
        ("language", json!(3)),
        ("timezone", json!("Europe/Berlin")),
        ("createdAt", before["createdAt"].clone()),
        ("settings", json!({"anomalyRiskFormat": "letter"})),
        ("deletedAt", json!(null)),
    ] {
        assert_eq!(whole[field], value, "{field}");
    }
    assert!(whole["updatedAt"].as_str() > before["createdAt"].as_str());
    assert_eq!(data(cast.admin.patch(V2, json!({}))), whole);
    let again = json!({"name": ROOT, "language": 3, "timezone": "Europe/Berlin", "comment": "ignored"});
    assert_eq!(data(cast.admin.patch(V2, again)), whole, "no difference moves no time");
    assert_eq!(data(cast.user.get(V2))["timezone"], "Europe/Berlin");

    let v1 = data(cast.user.get(format!("{V1}?extend=all-sites-ids,updatable-fields,actions-info")));
    assert_eq!((&v1["id"], &v1["name"], &v1["siteIds"]), (&json!(id), &json!(ROOT), &json!([])));
    assert_eq!(v1["updatableFields"]["name"], false);
    assert!(data(cast.user.get(V1)).get("siteIds").is_none());
    assert_eq!(data(cast.admin.put(V1, json!({"name": "Aurora Care"}))), json!({"name": "Aurora Care"}));
    assert_eq!(data(cast.user.get(V1))["name"], "Aurora Care");
    let shown = command(&cast.server, &["organization", "show", "Aurora Care"]);
    assert_eq!(shown["number"], id);
    assert_eq!(data(cast.admin.patch(V2, json!({"name": ROOT})))["name"], ROOT);
}

#[test]
fn what_is_wrong_with_an_organization_is_told_and_changes_nothing() {
    let cast = cast();
    refused(&cast.server, || {
        for (body, wrong) in [
            (json!({"name": ""}), &["name"][..]),
            (json!({"name": " "}), &["name"]),
            (json!({"name": "x".repeat(101)}), &["name"]),
            (json!({"language": 4, "timezone": "Europe/Atlantis"}), &["language", "timezone"]),
            (json!({"name": null, "language": "fr", "timezone": 1}), &["name", "language", "timezone"]),
        ] {
            assert_eq!(mistakes(cast.admin.patch(V2, &body)), wrong, "{body}");
        }
        assert_eq!(mistakes(cast.admin.put(V1, json!({}))), ["name"]);
        told(cast.admin.put(V1, json!({"name": "Aurora North"})), 409);
        told(cast.user.put(V1, json!({"name": "Mine"})), 403);
        told(cast.user.patch(V2, json!({"language": 2})), 403);
        assert_eq!(mistakes(cast.user.get(format!("{V1}?extend=logo"))), ["extend"]);
        assert_eq!(mistakes(cast.user.get(format!("{V2}?extend=all-sites-ids"))), ["extend"]);
    });
    assert_eq!(cast.admin.delete(V2).expect(405).header("allow"), Some("GET,HEAD,PATCH"));
}
