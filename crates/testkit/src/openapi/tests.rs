//! A small document, answers that it knows, and answers that it does not.

use super::*;
use crate::http::{Headers, Sent};

const DOCUMENT: &str = r##"
openapi: 3.1.0
info: {title: Small, version: "1"}
servers:
  - url: https://api.example/main
  - url: https://api.example
paths:
  /users/{userId}:
    get:
      operationId: getUser
      responses:
        200:
          description: The user.
          content:
            application/json:
              schema:
                type: object
                required: [data]
                additionalProperties: false
                properties:
                  data: {$ref: "#/components/schemas/User"}
        "404": {$ref: "#/components/responses/NotFound"}
        "429":
          description: Too many.
          headers:
            Retry-After: {required: true, schema: {type: integer}}
            X-Hint: {schema: {type: string}}
          content:
            application/json: {schema: {$ref: "#/components/schemas/Error"}}
    delete:
      operationId: deleteUser
      responses:
        "204": {description: Gone.}
        4XX: {$ref: "#/components/responses/Refused"}
        default: {description: A surprise., content: {"text/*": {}}}
    put:
      operationId: putUser
      requestBody: {$ref: "#/components/requestBodies/User"}
      responses:
        "204": {description: Done.}
        4XX: {$ref: "#/components/responses/Refused"}
  /users/me:
    get:
      operationId: getMe
      responses:
        "200": {description: Me., content: {application/json: {schema: {$ref: "#/components/schemas/User"}}}}
components:
  requestBodies:
    User:
      required: true
      content:
        application/json:
          schema: {$ref: "#/components/schemas/User"}
        application/any-case+json:
          x-names-in-any-case: true
          schema: {$ref: "#/components/schemas/User"}
        application/x-www-form-urlencoded:
          schema: {properties: {name: {maxLength: 5}}, required: [name]}
  responses:
    NotFound: {$ref: "#/components/responses/Refused"}
    Refused:
      description: Refused.
      content:
        application/problem+json: {schema: {$ref: "#/components/schemas/Error"}}
  schemas:
    User:
      type: object
      required: [id, name, country]
      properties:
        id: {type: string, format: uuid}
        name: {type: [string, "null"], maxLength: 5}
        country: {enum: [dk, no, on]}
        manager: {$ref: "#/components/schemas/User"}
      unevaluatedProperties: false
    Error:
      type: object
      required: [message]
      properties: {message: {type: string, minLength: 1}}
"##;

const ID: &str = "5d3d281b-8a4e-7c5d-9c3a-0123456789ab";

fn document() -> OpenApi {
    OpenApi::parse(DOCUMENT).unwrap()
}

fn answer(
    method: &str,
    target: &str,
    status: u16,
    headers: &[(&str, &str)],
    body: impl ToString,
) -> Response {
    Response {
        method: method.to_owned(),
        target: target.to_owned(),
        sent: Sent::default(),
        status,
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<Headers>(),
        body: body.to_string().into_bytes(),
    }
}

fn user(body: Value) -> Response {
    answer("GET", "/users/7", 200, &[("Content-Type", "application/json; charset=utf-8")], body)
}

#[track_caller]
fn assert_refused(answer: &Response, parts: &[&str]) {
    let fault = document().check("", answer).unwrap_err().to_string();
    for part in parts {
        assert!(fault.contains(part), "{part:?} is missing in {fault}");
    }
    assert!(fault.ends_with(&answer.to_string()), "{fault}");
}

#[test]
fn operations_are_listed_and_found() {
    let api = document();
    let listed: Vec<_> = api.operations().iter().map(|o| (&*o.method, &*o.path, &*o.id)).collect();
    assert_eq!(
        listed,
        [
            ("GET", "/users/me", "getMe"),
            ("GET", "/users/{userId}", "getUser"),
            ("PUT", "/users/{userId}", "putUser"),
            ("DELETE", "/users/{userId}", "deleteUser"),
        ]
    );
    let find = |method, target| api.operation(method, target).map(|operation| operation.id.as_str());
    assert_eq!(find("GET", "/users/me?x=1"), Some("getMe"));
    assert_eq!(find("GET", "/main/users/me"), Some("getMe"));
    assert_eq!(find("GET", "/users/7"), Some("getUser"));
    assert_eq!(find("DELETE", "/users/me"), Some("deleteUser"));
    assert_eq!(find("PATCH", "/users/7"), None);
    assert_eq!(find("GET", "/other/users/7"), None);
    assert_eq!(api.methods("/users/7"), ["DELETE", "GET", "PUT"]);
    assert_eq!(api.operations()[3].statuses().collect::<Vec<_>>(), ["204", "4XX", "default"]);
    api.check_document().unwrap();
}

#[test]
fn documented_answers_are_accepted() {
    let api = document();
    let good = user(json!({"data": {"id": ID, "name": null, "country": "no"}}));
    assert_eq!(api.expect(&good).id, "getUser");
    let problem = [("content-type", "application/problem+json")];
    api.expect(&answer("GET", "/users/7", 404, &problem, json!({"message": "no such user"})));
    api.expect(&answer("DELETE", "/users/7", 204, &[], ""));
    api.expect(&answer("DELETE", "/users/7", 409, &problem, json!({"message": "no"})));
    api.expect(&answer("DELETE", "/users/7", 500, &[("content-type", "text/plain")], "oops"));

    let mounted = Response { target: "/small/main/users/7".to_owned(), ..good };
    assert_eq!(api.check("/small", &mounted).unwrap().id, "getUser");
    assert!(api.check("", &mounted).is_err());
    assert!(api.check("/other", &mounted).is_err());
}

#[test]
fn an_undocumented_request_or_status_is_refused_with_what_is_documented() {
    let text = [("content-type", "text/plain")];
    assert_refused(&answer("GET", "/nobody", 404, &text, ""), &["no operation is documented for /nobody"]);
    assert_refused(
        &answer("POST", "/users/7", 405, &text, ""),
        &["POST is not documented for /users/7, only DELETE, GET, PUT"],
    );
    assert_refused(
        &answer("GET", "/users/7", 500, &text, ""),
        &["500 is not a documented answer of getUser", "200, 404, 429"],
    );
}

#[test]
fn headers_and_content_types_are_part_of_the_answer() {
    let error = json!({"message": "wait"});
    let json = ("content-type", "application/json");
    assert_refused(&answer("GET", "/users/7", 429, &[json], &error), &["headers are missing: Retry-After"]);
    document().expect(&answer("GET", "/users/7", 429, &[json, ("retry-after", "3")], &error));
    assert_refused(
        &answer("GET", "/users/7", 404, &[json], &error),
        &["\"application/json\" is not documented", "application/problem+json"],
    );
    assert_refused(&answer("GET", "/users/7", 404, &[], &error), &["content type \"\" is not documented"]);
    assert_refused(&answer("DELETE", "/users/7", 204, &[json], &error), &["documented without a body"]);
    assert_refused(&answer("GET", "/users/me", 200, &[json], ""), &["said to be JSON, but is not"]);
}

#[test]
fn a_body_is_held_to_its_schema_through_references() {
    let good = json!({"id": ID, "name": "Ada", "country": "on"});
    let with = |member: &str, value: Value| {
        let mut user = good.clone();
        user[member] = value;
        json!({"data": user})
    };
    document().expect(&user(with("manager", good.clone())));
    assert_refused(&user(json!({})), &["at \"\"", "\"data\" is a required property"]);
    assert_refused(&user(json!({"data": good, "more": 1})), &["'more' was unexpected"]);
    assert_refused(&user(with("id", json!("7"))), &["at \"/data/id\"", "\"uuid\""]);
    assert_refused(&user(with("name", json!("Ada Lovelace"))), &["at \"/data/name\"", "longer than 5"]);
    assert_refused(&user(with("country", json!(false))), &["at \"/data/country\""]);
    assert_refused(&user(with("secret", json!("x"))), &["'secret' was unexpected"]);
    assert_refused(
        &user(with("manager", json!({"id": ID}))),
        &["at \"/data/manager\"", "\"name\" is a required", "\"country\" is a required"],
    );
    let long = user(with("name", json!("x".repeat(10_000))));
    assert!(document().check("", &long).unwrap_err().to_string().len() < 6_000);
}

/// The answer to a request with this body.
fn put(status: u16, content_type: &str, body: impl ToString) -> Response {
    let sent = Sent {
        content_type: content_type.to_owned(),
        is_encoded: false,
        body: body.to_string().into_bytes(),
    };
    let (headers, told): (&[_], _) = match status {
        204 => (&[], String::new()),
        _ => (&[("content-type", "application/problem+json")], json!({"message": "no"}).to_string()),
    };
    Response { sent, ..answer("PUT", "/users/7", status, headers, told) }
}

#[test]
fn a_body_that_is_accepted_is_held_to_its_schema() {
    const ANY_CASE: &str = "application/any-case+json";
    const FORM: &str = "application/x-www-form-urlencoded";
    let good = json!({"id": ID, "name": "Ada", "country": "on"});
    let odd = json!({"ID": ID, "Name": "Ada", "country": "on", "MANAGER": good});
    let json = "application/json; charset=utf-8";
    for accepted in [
        put(204, json, &good),
        put(204, json, format!("\u{feff}{good}")),
        put(204, ANY_CASE, &odd),
        put(204, FORM, "x=%26&name=A+d%61"),
        // What is refused may be anything.
        put(400, json, "{"),
        put(415, "text/plain", "x"),
    ] {
        document().expect(&accepted);
    }
    assert_refused(
        &put(204, json, &odd),
        &["the request was accepted, but", "\"id\" is a required property"],
    );
    let nameless = json!({"id": ID, "country": "on"});
    assert_refused(&put(204, ANY_CASE, nameless), &["\"name\" is a required property", "It was {"]);
    assert_refused(&put(204, FORM, "name=Lovelace"), &["at \"/name\"", "longer than 5"]);
    assert_refused(&put(204, json, "{"), &["is not JSON"]);
    assert_refused(&put(204, json, ""), &["without the body that is required"]);
    assert_refused(&put(204, "text/plain", &good), &["the content type \"text/plain\" is not documented"]);
    let mut compressed = put(204, json, "not to be read");
    compressed.sent.is_encoded = true;
    document().expect(&compressed);
}

#[test]
fn a_schema_can_be_used_by_its_name() {
    let api = document();
    api.check_schema("Error", &json!({"message": "no"})).unwrap();
    assert!(api.check_schema("Error", &json!({"message": ""})).unwrap_err().to_string().contains("/message"));
    assert!(
        api.check_schema("Nothing", &json!({})).unwrap_err().to_string().contains("no schema \"Nothing\"")
    );
}

#[test]
fn schemas_are_compiled_once() {
    let api = document();
    for message in ["a", "b"] {
        api.check_schema("Error", &json!({ "message": message })).unwrap();
    }
    assert_eq!(api.compiled.lock().unwrap().len(), 1);
}

#[test]
#[should_panic(expected = "500 is not a documented answer of getMe")]
fn the_convenience_panics() {
    document().expect(&answer("GET", "/users/me", 500, &[], ""));
}

#[test]
fn a_document_that_cannot_be_relied_on_is_refused() {
    let refused = |from: &str, to: &str| {
        assert!(DOCUMENT.contains(from), "{from}");
        OpenApi::parse(&DOCUMENT.replace(from, to)).unwrap_err().to_string()
    };
    assert!(refused("paths:", "paths: [").contains("is not YAML"));
    assert!(
        refused("openapi: 3.1.0", "openapi: 3.0.3")
            .contains("expected OpenAPI 3.1, but the document says \"3.0.3\"")
    );
    assert!(refused("operationId: getMe", "summary: Me").contains("GET /users/me has no operationId"));
    assert!(refused("getMe", "getUser").contains("have the same operationId getUser"));
    assert!(
        refused("\"#/components/responses/NotFound\"", "\"#/components/responses/Lost\"")
            .contains("Lost leads nowhere")
    );
    assert!(
        refused(
            "NotFound: {$ref: \"#/components/responses/Refused\"}",
            "NotFound: {$ref: \"#/components/responses/NotFound\"}"
        )
        .contains("in a circle")
    );
    assert!(
        refused("/users/{userId}", "/users/{userId}.json").contains("neither a literal nor one parameter")
    );

    let dangling = OpenApi::parse(&DOCUMENT.replace(
        "manager: {$ref: \"#/components/schemas/User\"}",
        "manager: {$ref: \"#/components/schemas/Boss\"}",
    ));
    let fault = dangling.unwrap().check_document().unwrap_err().to_string();
    assert!(
        fault.contains("User: this schema cannot be used")
            && fault.contains("getUser 200 application/json: "),
        "{fault}"
    );
    assert!(
        OpenApi::load(Path::new("/nowhere/openapi.yaml"))
            .unwrap_err()
            .to_string()
            .starts_with("/nowhere/openapi.yaml: ")
    );
}
