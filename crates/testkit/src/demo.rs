//! The one line that `personae demo --json` prints: where it listens, whom it holds and how to call it.
//!
//! Its members are a promise to scripts, so reading it is strict about what is there and indifferent to what is more.

use serde::Deserialize;

/// The whole line.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Demo {
    pub url: String,
    /// As `--store` takes it: `sqlite:PATH`.
    pub store: String,
    /// Tenant one.
    #[serde(flatten)]
    pub tenant: Tenant,
    /// Tenant two, which must never see or touch anything of tenant one.
    pub stranger: Tenant,
}

/// One seeded tenant: its people and a set of credentials for each dialect.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Tenant {
    /// The first thousand active people of the root organization, at most.
    pub people: Vec<Person>,
    pub relesys: Relesys,
    pub replay: Replay,
    pub kare: Kare,
    pub laurel: Laurel,
}

/// A person's id in each API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Person {
    pub relesys: String,
    pub replay: String,
    pub kare: u64,
    pub laurel: String,
    pub email: String,
}

/// A client id and its secret.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientCredentials {
    pub client_id: String,
    pub client_secret: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Relesys {
    #[serde(flatten)]
    pub client: ClientCredentials,
    /// May ask for the reading scopes only.
    pub read_only: ClientCredentials,
    /// Has the documented rate limit, which the others have not. In tenant one.
    pub limited: Option<ClientCredentials>,
    pub department_ids: Vec<String>,
    pub user_group_ids: Vec<String>,
    pub custom_fields: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Replay {
    pub api_key: String,
    pub child_company_id: String,
    pub child_user_id: String,
    pub child_api_key: String,
    pub grandchild_company_id: String,
    pub invited_id: String,
    pub expired_id: String,
    pub disabled_id: String,
    pub team_ids: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kare {
    pub organization_id: u64,
    pub label_id: u64,
    pub admin: KareLogin,
    pub user: KareLogin,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KareLogin {
    pub email: String,
    pub password: String,
    pub user_id: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Laurel {
    #[serde(flatten)]
    pub client: ClientCredentials,
    pub customer_id: String,
    pub role_ids: Vec<String>,
    pub permission_ids: Vec<String>,
    pub identity: LaurelIdentity,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LaurelIdentity {
    #[serde(rename = "type")]
    pub kind: String,
    pub value: String,
    pub user_id: String,
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A line with every member, for the tests of this crate.
    pub(crate) fn line(url: &str) -> Value {
        let mut line = tenant("one");
        line["url"] = json!(url);
        line["store"] = json!("sqlite:/tmp/demo/personae.db");
        line["relesys"]["limited"] = json!({"clientId": "one-limited", "clientSecret": "s3"});
        line["stranger"] = tenant("two");
        line
    }

    fn tenant(name: &str) -> Value {
        json!({
            "people": [{
                "relesys": "5d3d281b-0000-7000-8000-000000000001", "replay": "5d3d281b-0000-7000-8000-000000000001",
                "kare": 1, "laurel": "65f000000000000000000001", "email": format!("ada@{name}.example"),
            }],
            "relesys": {
                "clientId": format!("{name}-relesys"), "clientSecret": "s1",
                "readOnly": {"clientId": format!("{name}-reader"), "clientSecret": "s2"},
                "departmentIds": ["d1", "d2", "d3"], "userGroupIds": ["g1", "g2", "g3"],
                "customFields": ["customfieldone", "customfieldtwo"],
            },
            "replay": {
                "apiKey": format!("{name}-key"), "childCompanyId": "c1", "childUserId": "u1",
                "childApiKey": format!("{name}-child-key"), "grandchildCompanyId": "c2", "invitedId": "u2", "expiredId": "u4",
                "disabledId": "u3", "teamIds": ["t1", "t2"],
            },
            "kare": {
                "organizationId": 7, "labelId": 8,
                "admin": {"email": format!("ada@{name}.example"), "password": "password 1", "userId": 1},
                "user": {"email": format!("ben@{name}.example"), "password": "password 2", "userId": 2},
            },
            "laurel": {
                "clientId": format!("{name}-laurel"), "clientSecret": "s4", "customerId": "cu1",
                "roleIds": ["r1", "r2"],
                "permissionIds": ["p1"],
                "identity": {"type": "ntlogin", "value": "ada", "userId": "65f000000000000000000001"},
            },
        })
    }

    #[test]
    fn every_member_is_read() {
        let demo: Demo = serde_json::from_value(line("http://127.0.0.1:1")).unwrap();
        assert_eq!(demo.store, "sqlite:/tmp/demo/personae.db");
        assert_eq!(demo.tenant.people[0].kare, 1);
        assert_eq!(demo.tenant.relesys.client.client_id, "one-relesys");
        assert_eq!(demo.tenant.relesys.limited.unwrap().client_id, "one-limited");
        assert_eq!(demo.tenant.laurel.identity.kind, "ntlogin");
        assert_eq!(demo.stranger.replay.api_key, "two-key");
        assert_eq!(demo.stranger.relesys.limited, None);
    }

    #[test]
    fn a_line_that_lacks_a_member_is_refused_by_the_name_of_the_member() {
        let mut line = line("http://127.0.0.1:1");
        line["stranger"]["kare"].as_object_mut().unwrap().remove("labelId");
        let error = serde_json::from_value::<Demo>(line).unwrap_err();
        assert!(error.to_string().contains("labelId"), "{error}");
    }
}
