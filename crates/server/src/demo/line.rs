//! The one line that `demo --json` prints. Scripts rely on its members.

use directory::permission::{Permission, STANDARD};
use serde_json::{Value, json};

use super::seed::{Login, Seeded, SeededTenant};
use crate::commands::credential::Made;

pub(crate) fn line(seeded: &Seeded, url: &str, store: &str) -> Value {
    let mut line = tenant(&seeded.tenant);
    line["url"] = json!(url);
    line["store"] = json!(store);
    line["stranger"] = tenant(&seeded.stranger);
    line
}

fn tenant(tenant: &SeededTenant) -> Value {
    let people: Vec<Value> = tenant
        .people
        .iter()
        .map(|person| {
            let id = person.id.to_string();
            json!({
                "relesys": id,
                "replay": id,
                "kare": person.number.get(),
                "laurel": person.object_id.to_string(),
                "email": person.email,
            })
        })
        .collect();
    let mut relesys = client(&tenant.relesys);
    relesys["readOnly"] = client(&tenant.relesys_read_only);
    if let Some(limited) = &tenant.relesys_limited {
        relesys["limited"] = client(limited);
    }
    relesys["departmentIds"] = texts(&tenant.departments);
    relesys["userGroupIds"] = texts(&tenant.groups);
    relesys["customFields"] = json!(["customfieldone", "customfieldtwo"]);

    let mut laurel = client(&tenant.laurel);
    laurel["customerId"] = json!(tenant.root.object_id.to_string());
    laurel["roleIds"] = texts(&tenant.roles);
    let standard = STANDARD.iter().map(|(claim, _)| Permission { claim: (*claim).to_owned() }.object_id());
    laurel["permissionIds"] = texts(&standard.collect::<Vec<_>>());
    let (kind, value, user) = &tenant.identity;
    laurel["identity"] = json!({"type": kind.as_str(), "value": value, "userId": user.to_string()});

    json!({
        "people": people,
        "relesys": relesys,
        "replay": {
            "apiKey": tenant.replay.api_key(),
            "childCompanyId": tenant.child.to_string(),
            "childUserId": tenant.child_user.to_string(),
            "childApiKey": tenant.replay_child.api_key(),
            "grandchildCompanyId": tenant.grandchild.to_string(),
            "invitedId": tenant.invited.to_string(),
            "expiredId": tenant.expired.to_string(),
            "disabledId": tenant.disabled.to_string(),
            "teamIds": texts(&tenant.teams),
        },
        "kare": {
            "organizationId": tenant.root.number.get(),
            "labelId": tenant.label.get(),
            "admin": login(&tenant.kare_admin),
            "user": login(&tenant.kare_user),
        },
        "laurel": laurel,
    })
}

fn client(made: &Made) -> Value {
    json!({"clientId": made.credential.public_id, "clientSecret": made.secret})
}

fn login(login: &Login) -> Value {
    json!({"email": login.email, "password": login.password, "userId": login.number.get()})
}

fn texts<T: ToString>(ids: &[T]) -> Value {
    ids.iter().map(ToString::to_string).collect()
}
