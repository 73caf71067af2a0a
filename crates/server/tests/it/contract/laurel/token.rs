//! The token endpoint, and what a token opens.

use serde_json::{Value, json};
use testkit::callers::{Caller, Dialect};
use testkit::http::Response;

use super::super::{CHILD, command, eventually, quiet};
use super::{Firm, NOBODY, firm, told};

const TOKEN: &str = "/api/v1/oauth/token";

/// The documented request, with other values for some of its members.
fn request(firm: &Firm, other: Value) -> Response {
    let client = &firm.tenant().laurel.client;
    let mut body = json!({
        "audience": "https://timeautomation.com",
        "grant_type": "client_credentials",
        "client_id": client.client_id,
        "client_secret": client.client_secret,
    });
    for (name, value) in other.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    Caller::nobody(&firm.server.client(), Dialect::Laurel).post(TOKEN, body)
}

fn bearer(firm: &Firm, token: &str) -> Caller {
    Caller::nobody(&firm.server.client(), Dialect::Laurel).with("authorization", format!("Bearer {token}"))
}

#[test]
fn a_token_is_good_for_a_day_and_one_customer() {
    let firm = firm();
    let answer = request(&firm, json!({"scope": "ignored"}));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("pragma"), Some("no-cache"));
    let body = told(answer, 200);
    assert_eq!((&body["expires_in"], &body["token_type"]), (&json!(86_400), &json!("Bearer")));
    assert_eq!(body.as_object().unwrap().len(), 3);
    let token = body["access_token"].as_str().unwrap();
    assert_eq!(token.split('.').count(), 3, "a JWT");
    let path = firm.user(&firm.person(0).laurel);
    told(bearer(&firm, token).get(&path), 200);
    let shouted = firm
        .users()
        .replace(&firm.tenant().laurel.customer_id, &firm.tenant().laurel.customer_id.to_uppercase());
    told(bearer(&firm, token).get(shouted), 200);

    let client = &firm.tenant().laurel.client;
    let upper = told(request(&firm, json!({"client_id": client.client_id.to_uppercase()})), 200);
    told(bearer(&firm, upper["access_token"].as_str().unwrap()).get(&path), 200);

    // The endpoint needs no token, and looks at none.
    let again = bearer(&firm, "x").post(
        TOKEN,
        json!({
            "audience": "https://timeautomation.com", "grant_type": "client_credentials",
            "client_id": client.client_id, "client_secret": client.client_secret,
        }),
    );
    told(again, 200);
}

#[test]
fn the_token_endpoint_refuses_in_the_words_of_oauth() {
    let firm = firm();
    let tenant = firm.tenant();
    let secret = &tenant.laurel.client.client_secret;
    quiet(&firm.server, || {
        for other in [
            json!({"client_secret": "wrong"}),
            json!({"client_secret": format!("{secret}x")}),
            json!({"client_secret": &secret[..40]}),
            json!({"client_secret": ""}),
            json!({"client_id": "nobody"}),
            json!({"client_id": ""}),
            json!({"client_id": tenant.relesys.client.client_id, "client_secret": tenant.relesys.client.client_secret}),
            json!({"client_id": firm.server.seed().stranger.laurel.client.client_id}),
        ] {
            let answer = request(&firm, other);
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            let error = told(answer, 401);
            assert_eq!(error, json!({"error": "access_denied", "error_description": "Unauthorized"}));
        }
        for (other, status, error) in [
            (json!({"grant_type": "password"}), 400, "unsupported_grant_type"),
            (json!({"grant_type": ""}), 400, "unsupported_grant_type"),
            (json!({"audience": "https://timeautomation.com/"}), 403, "access_denied"),
            (json!({"audience": ""}), 403, "access_denied"),
            (json!({"audience": null}), 400, "invalid_request"),
            (json!({"client_id": null}), 400, "invalid_request"),
            (json!({"client_secret": 7}), 400, "invalid_request"),
            (json!({"grant_type": ["client_credentials"]}), 400, "invalid_request"),
            (json!({"client_id": "x".repeat(257)}), 400, "invalid_request"),
        ] {
            let body = told(request(&firm, other.clone()), status);
            assert_eq!(body["error"], error, "{other}: {body}");
            assert!(!body["error_description"].as_str().unwrap().is_empty(), "{body}");
        }
        let nobody = Caller::nobody(&firm.server.client(), Dialect::Laurel);
        let bare = nobody.post(TOKEN, json!({}));
        let description = told(bare, 400)["error_description"].as_str().unwrap().to_owned();
        for name in ["audience", "grant_type", "client_id", "client_secret"] {
            assert!(description.contains(name), "{description}");
        }
        for body in ["", "{", "[]", "null", "\"x\""] {
            let request = nobody.raw("POST", TOKEN).header("content-type", "application/json");
            let error = told(request.body(body).send(), 400);
            assert_eq!(error["error"], "invalid_request");
            assert!(error["error_description"].as_str().unwrap().contains("as a JSON object"), "{error}");
        }
        let form = [("grant_type", "client_credentials")];
        let error = told(nobody.raw("POST", TOKEN).form(&form).send(), 415);
        assert_eq!(error["error"], "invalid_request");
        assert!(error["error_description"].as_str().unwrap().contains("as a JSON object"), "{error}");
        for answer in
            [nobody.get(TOKEN), nobody.put(TOKEN, json!({})), nobody.post("/api/v1/oauth/revoke", json!({}))]
        {
            crate::promised(Dialect::Laurel).check_schema("Error", &answer.expect(404).json()).unwrap();
        }
        // The connection ends with a body that is not read to its end, so this comes last.
        let large = json!({"audience": "x".repeat(1 << 20)});
        assert_eq!(told(nobody.post(TOKEN, large), 413)["error"], "invalid_request");
    });
}

#[test]
fn a_token_that_is_none_opens_nothing() {
    let firm = firm();
    let body = told(request(&firm, json!({})), 200);
    let token = body["access_token"].as_str().unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    let symmetric = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";
    let path = firm.user(&firm.person(0).laurel);
    quiet(&firm.server, || {
        for token in [
            "",
            "x",
            "..",
            &format!("{none}.{}.", parts[1]),
            &format!("{none}.{}.{}", parts[1], parts[2]),
            &format!("{symmetric}.{}.{}", parts[1], parts[2]),
            &format!("{}.{}", parts[0], parts[1]),
            &format!("{token}."),
            &firm.tenant().laurel.client.client_secret,
        ] {
            let caller = bearer(&firm, token);
            for answer in [
                caller.get(&path),
                caller.patch(&path, json!({"nickname": "No"})),
                caller.delete(&path),
                caller.get(firm.users()),
                caller.get(firm.users().replace(&firm.tenant().laurel.customer_id, NOBODY)),
            ] {
                assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
                assert_eq!(told(answer, 401), json!({"statusCode": 401, "message": "Unauthorized"}));
            }
        }
        let basic = firm.laurel.raw("GET", &path).header("authorization", format!("Basic {token}"));
        told(basic.send(), 401);
        told(firm.laurel.raw("GET", &path).without("authorization").send(), 401);
        let query = format!("{path}?access_token={token}");
        told(Caller::nobody(&firm.server.client(), Dialect::Laurel).get(query), 401);
    });
}

#[test]
fn a_client_that_may_read_changes_nothing() {
    let firm = firm();
    let reader = Caller::laurel(&firm.server.client(), &firm.new_client("read"));
    let identity = &firm.tenant().laurel.identity;
    quiet(&firm.server, || {
        let [path, second] = firm.both(0);
        told(reader.get(firm.users()), 200);
        told(reader.get(&path), 200);
        told(
            reader.get(format!("{}?type={}&value={}", firm.user("lookup"), identity.kind, identity.value)),
            200,
        );
        reader.raw("HEAD", &path).send().expect(200);
        for answer in [
            reader.patch(&path, json!({"nickname": "No"})),
            reader.patch(&second, json!({"nickname": "No"})),
            reader.patch(&path, json!({})),
            reader.delete(&path),
            reader.patch(firm.user(NOBODY), json!({})),
        ] {
            assert_eq!(told(answer, 403)["error"], "Forbidden");
        }
    });
    told(
        Caller::laurel(&firm.server.client(), &firm.new_client("readwrite"))
            .delete(firm.user(&firm.person(0).laurel)),
        200,
    );
}

#[test]
fn a_revoked_client_is_out_at_once() {
    let firm = firm();
    let client = firm.new_client("readwrite");
    let caller = Caller::laurel(&firm.server.client(), &client);
    told(caller.get(firm.users()), 200);
    command(&firm.server, &["credential", "revoke", &client.client_id]);
    eventually("the end of the token", || caller.get(firm.users()).status == 401);
    let error = told(
        request(&firm, json!({"client_id": client.client_id, "client_secret": client.client_secret})),
        401,
    );
    assert_eq!(error["error"], "access_denied");
    told(firm.laurel.get(firm.users()), 200);
}

#[test]
fn a_customer_is_the_tokens_own_or_closed() {
    let firm = firm();
    let child = command(&firm.server, &["organization", "list", "-o", CHILD])[0]["objectId"].clone();
    let stranger = &firm.server.seed().stranger;
    let person = &firm.person(0).laurel;
    quiet(&firm.server, || {
        let mut answers = Vec::new();
        for customer in [child.as_str().unwrap(), &stranger.laurel.customer_id, NOBODY] {
            let users = format!("/api/v1/customers/{customer}/users");
            for path in [
                users.clone(),
                format!("{users}/{person}"),
                format!("{users}/{}", stranger.people[0].laurel),
                format!("{users}/x"),
                format!("{users}/lookup"),
            ] {
                answers.push(told(firm.laurel.get(path), 403));
            }
            answers
                .push(told(firm.laurel.patch(format!("{users}/{person}"), json!({"nickname": "No"})), 403));
            answers.push(told(firm.laurel.delete(format!("{users}/{person}")), 403));
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "no way to probe for customers: {answers:?}");
        for customer in
            ["x", "64b7f0c2a1d3e4f5a6b7c8d", "64b7f0c2a1d3e4f5a6b7c8dg", "64b7f0c2a1d3e4f5a6b7c8d99"]
        {
            told(firm.laurel.get(format!("/api/v1/customers/{customer}/users/{person}")), 400);
            told(firm.laurel.get(format!("/api/v1/customers/{customer}/users")), 400);
        }
    });
}
