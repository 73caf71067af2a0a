//! Who may change whom, and what a user's rights objects say of it.

use std::thread;

use serde_json::{Value, json};
use testkit::callers::Caller;
use testkit::demo::KareLogin;

use super::super::{command, quiet};
use super::{cast, data, member, mistakes, told, user};

fn rights(of: &Value) -> Value {
    json!([
        of["updatableFields"],
        of["actions"],
        of["userOrganizationActions"],
        of["userOrganizationUpdatableFields"],
    ])
}

fn expected(names: bool, can_be_deleted: bool, is_me: bool, profession: bool, grants: bool) -> Value {
    json!([
        {"firstName": names, "lastName": names, "email": false, "phone": false, "lang": false},
        {"canBeUpdated": names, "canBeDeleted": can_be_deleted},
        {"canBeUpdated": names, "canBeDeleted": can_be_deleted, "isMe": is_me},
        {
            "firstName": names, "lastName": names, "professionId": profession,
            "scope": grants, "permissions": grants,
        },
    ])
}

#[test]
fn the_rights_shown_are_the_callers() {
    let cast = cast();
    let (admin, own) = (cast.admin_id(), cast.user_id());
    for (caller, of, expected) in [
        (&cast.admin, "me".to_owned(), expected(true, false, true, true, false)),
        (&cast.admin, admin.to_string(), expected(true, false, true, true, false)),
        (&cast.admin, own.to_string(), expected(true, true, false, true, true)),
        (&cast.user, "me".to_owned(), expected(true, false, true, false, false)),
        (&cast.user, own.to_string(), expected(true, false, true, false, false)),
        (&cast.user, admin.to_string(), expected(false, false, false, false, false)),
    ] {
        assert_eq!(rights(&data(caller.get(user(&of)))), expected, "{of}");
    }
}

#[test]
fn a_user_changes_the_own_names_and_nothing_else() {
    let cast = cast();
    for path in [member("me"), member(cast.user_id())] {
        told(cast.user.patch(&path, json!({"firstName": "Eve", "lastName": path})), 200);
        assert_eq!(data(cast.user.get(user("me")))["lastName"], path);
    }
    told(cast.admin.patch(member(cast.user_id()), json!({"professionId": 1})), 200);
    quiet(&cast.server, || {
        for body in [
            json!({"scope": 1}),
            json!({"professionId": 2}),
            json!({"professionId": 999}),
            json!({"permissions": {"group": 9}}),
            json!({"permissions": {"read": [9]}}),
            json!({"permissions": {"manage": [9]}}),
        ] {
            for path in [member("me"), member(cast.user_id()), member(cast.admin_id())] {
                let error = told(cast.user.patch(&path, &body), 403);
                assert_eq!(error, json!({"message": "Forbidden"}), "{path} {body}");
            }
        }
        for body in [json!({"firstName": "X"}), json!({})] {
            told(cast.user.patch(member(cast.admin_id()), body), 403);
        }
        assert_eq!(data(cast.user.get(user("me")))["scope"], 2);
    });
}

#[test]
fn an_admin_changes_everybody_but_not_the_own_grants() {
    let cast = cast();
    quiet(&cast.server, || {
        for body in [
            json!({"scope": 2}),
            json!({"permissions": {"group": 9}}),
            json!({"permissions": {"read": [9]}}),
            json!({"permissions": {"manage": [9]}}),
        ] {
            for path in [member("me"), member(cast.admin_id())] {
                told(cast.admin.patch(&path, &body), 403);
            }
        }
    });
    // Invited and disabled people are members like all others.
    let replay = &cast.server.seed().tenant.replay;
    for id in [&replay.invited_id, &replay.disabled_id] {
        let number = command(&cast.server, &["person", "show", id])["number"].clone();
        told(cast.admin.patch(member(&number), json!({"lastName": "Seen", "professionId": 2})), 200);
        assert_eq!(data(cast.admin.get(user(&number)))["lastName"], "Seen");
    }
    told(cast.admin.patch(member("me"), json!({"firstName": "Own", "professionId": 2})), 200);
    assert_eq!(data(cast.admin.get(user("me")))["profession"]["id"], 2);
}

#[test]
fn a_right_holds_from_the_next_call_on() {
    let cast = cast();
    told(cast.admin.patch(member(cast.user_id()), json!({"scope": 1})), 200);
    told(cast.user.patch(member(cast.admin_id()), json!({"scope": 2})), 200);
    told(cast.admin.patch(member(cast.user_id()), json!({"firstName": "X"})), 403);
    assert_eq!(mistakes(cast.user.patch(member(cast.admin_id()), json!({"scope": 3}))), ["scope"]);
    assert_eq!(rights(&data(cast.admin.get(user("me")))), expected(true, false, true, false, false));
}

#[test]
fn two_admins_who_demote_each_other_leave_one() {
    let cast = cast();
    let third = &cast.server.seed().tenant.people[0];
    let made = command(
        &cast.server,
        &["credential", "add", "--dialect", "kare", "--person", &third.email, "-o", super::super::ROOT],
    );
    let login = KareLogin {
        email: third.email.clone(),
        password: made["password"].as_str().unwrap().to_owned(),
        user_id: third.kare,
    };
    let third = Caller::kare(&cast.server.client(), &login);
    let (left, right) = (cast.user_id(), login.user_id);
    for _ in 0..20 {
        for id in [left, right] {
            told(cast.admin.patch(member(id), json!({"scope": 1})), 200);
        }
        let statuses = thread::scope(|scope| {
            let demote = |caller: &Caller, whom| {
                let caller = caller.clone();
                scope.spawn(move || caller.patch(member(whom), json!({"scope": 2})).status)
            };
            let both = [demote(&cast.user, right), demote(&third, left)];
            let mut statuses = both.map(|one| one.join().unwrap());
            statuses.sort_unstable();
            statuses
        });
        assert_eq!(statuses, [200, 403]);
    }
}
