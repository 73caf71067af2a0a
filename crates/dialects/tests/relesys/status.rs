//! The status of a user, shown and set.

use dialects::relesys::lens::{change_status, read_status};

use crate::*;

fn read_text(body: &str) -> Result<Status, Error> {
    read_status(body::parse(body.as_bytes())?)
}

#[test]
fn each_status_is_set_as_it_is_shown_and_the_current_one_is_quiet() {
    for (text, set) in [
        ("Activated", Status::Active),
        ("Disabled", Status::DisabledByAdmin),
        ("LoginBlocked", Status::LoginBlocked),
        ("Pending", Status::Invited),
    ] {
        for body in [format!(r#"{{"status": "{text}", "id": 7}}"#), format!(r#"{{"STATUS": "{text}"}}"#)] {
            assert_eq!(read_text(&body), Ok(set), "{body}");
        }
        for before in Status::ALL {
            let mut record = ada();
            record.person_mut().status = before;
            let change = change_status(set, &record);
            if shown(V1, &record)["status"] == text {
                assert_eq!(change, PersonChange::default(), "{text} is {before:?} already");
            } else {
                assert_eq!(change.status, Change::Set(set));
                // An invitation is of invited people alone.
                assert_eq!(change.invitation.is_keep(), set == Status::Invited);
            }
        }
    }
}

#[tokio::test]
async fn anything_else_is_refused_by_name() {
    for body in [
        "{}",
        r#"{"status": null}"#,
        r#"{"status": "disabled"}"#,
        r#"{"status": "Active"}"#,
        r#"{"status": " Disabled"}"#,
        r#"{"status": ""}"#,
        r#"{"status": 1}"#,
        r#"{"status": ["Disabled"]}"#,
        r#"{"state": "Disabled"}"#,
        r#"{"status": "Disabled", "Status": null}"#,
    ] {
        let (status, told) = answer(read_text(body).unwrap_err()).await;
        let expected = json!({"status": ["Must be Activated, Disabled, LoginBlocked or Pending."]});
        assert_eq!((status, &told["errors"]), (400, &expected), "{body}");
    }
    for body in ["[]", r#""Disabled""#, "null"] {
        let (status, told) = answer(read_text(body).unwrap_err()).await;
        assert_eq!((status, told.get("errors")), (400, None), "{body}");
    }
}
