//! How refusals are told.

use axum::http::StatusCode;
use axum::response::IntoResponse;
use futures_util::FutureExt;
use http_body_util::BodyExt;

use super::*;

fn told(answer: impl IntoResponse) -> (StatusCode, Value) {
    let (parts, body) = answer.into_response().into_parts();
    assert_eq!(parts.headers["content-type"], "application/json");
    let bytes = body.collect().now_or_never().unwrap().unwrap().to_bytes();
    (parts.status, serde_json::from_slice(&bytes).unwrap())
}

#[test]
fn errors_have_the_vendors_form() {
    let body = |status: u16, message: Value, error: &str| {
        (
            StatusCode::from_u16(status).unwrap(),
            json!({"statusCode": status, "message": message, "error": error}),
        )
    };
    let many = Error::Invalid(
        (0..1_000)
            .map(|index| dialects::http::FieldError {
                path: format!("x.{index}"),
                message: "is wrong".into(),
            })
            .collect(),
    );
    let (status, told_of) = told(many);
    assert_eq!((status, told_of["message"].as_array().unwrap().len()), (StatusCode::BAD_REQUEST, 20));
    assert_eq!(told_of["message"][0], "x.0 is wrong");

    assert_eq!(
        told(Error::from(AccessError::Unauthenticated)),
        (StatusCode::UNAUTHORIZED, json!({"statusCode": 401, "message": "Unauthorized"}))
    );
    let taken = |attribute| Error::from(Refusal::Taken { attribute });
    for (error, expected) in [
        (Refusal::NoSuchPerson.into(), body(404, json!("User not found"), "Not Found")),
        (taken(Attribute::Email), body(409, json!("email already taken"), "Conflict")),
        (taken(Attribute::Identities), body(409, json!("identities already taken"), "Conflict")),
        (
            Refusal::Unknown { attribute: Attribute::LaurelRoles, value: "03".into() }.into(),
            body(400, json!(["roleIds must not name 03, which is unknown"]), "Bad Request"),
        ),
        (
            Refusal::invalid(Attribute::Delegators, "nobody delegates to themselves").into(),
            body(400, json!(["delegates: nobody delegates to themselves"]), "Bad Request"),
        ),
        (
            Error::from(Refusal::invalid(Attribute::Delegators, "nobody delegates to themselves")).in_v1(),
            body(400, json!(["delegateIds: nobody delegates to themselves"]), "Bad Request"),
        ),
        (
            Refusal::invalid(Attribute::WorkDepartment, "is too large").into(),
            body(400, json!(["department: is too large"]), "Bad Request"),
        ),
        (Error::OtherCustomer, body(403, json!("The token is not for this customer"), "Forbidden")),
        (Error::ReadOnly, body(403, json!("The client may only read"), "Forbidden")),
        (RequestError::NoRoute.into(), body(404, json!("No such operation"), "Not Found")),
        (RequestError::NoMethod.into(), body(404, json!("No such operation"), "Not Found")),
        (
            RequestError::TooLarge(1 << 20).into(),
            body(413, json!("The body is larger than 1 MiB"), "Payload Too Large"),
        ),
        (
            RequestError::MediaType.into(),
            body(415, json!("The content type must be application/json"), "Unsupported Media Type"),
        ),
        (RequestError::BadBody("why".into()).into(), body(400, json!("why"), "Bad Request")),
    ] {
        assert_eq!(told(error), expected);
    }
    let throttled =
        Error::from(AccessError::Throttled(Throttled { limit: 1, retry_after: 9 })).into_response();
    assert_eq!(throttled.headers()["retry-after"], "9");
    let (status, _) = told(throttled);
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
}

#[test]
fn a_token_request_is_json_with_four_texts() {
    let good =
        json!({"audience": "a", "grant_type": "g", "client_id": "c", "client_secret": "s3cret", "x": 1});
    let read = TokenRequest::read(sent(&good)).unwrap();
    assert_eq!((read.client_id.as_str(), read.client_secret.as_str()), ("c", "s3cret"));
    assert!(!format!("{read:?}").contains("s3cret"));
    for name in ["audience", "grant_type", "client_id", "client_secret"] {
        for wrong in [None, Some(json!(null)), Some(json!(1)), Some(json!("x".repeat(257)))] {
            let mut body = good.clone();
            match &wrong {
                Some(wrong) => body[name] = wrong.clone(),
                None => drop(body.as_object_mut().unwrap().remove(name)),
            }
            let (status, told) = told(TokenRequest::read(sent(&body)).unwrap_err());
            assert_eq!(
                (status, &told["error"]),
                (StatusCode::BAD_REQUEST, &json!("invalid_request")),
                "{wrong:?}"
            );
            assert!(told["error_description"].as_str().unwrap().starts_with(name), "{told}");
        }
    }
    assert!(TokenRequest::read(sent(&json!([]))).is_err());
}

#[test]
fn the_token_endpoint_errs_as_oauth_does() {
    for (error, status, name) in [
        (TokenError::from(AccessError::Unauthenticated), 401, "access_denied"),
        (TokenError::UnknownAudience, 403, "access_denied"),
        (TokenError::UnsupportedGrant, 400, "unsupported_grant_type"),
        (RequestError::BadBody("the body is empty".into()).into(), 400, "invalid_request"),
        (RequestError::MediaType.into(), 415, "invalid_request"),
        (RequestError::TooLarge(16 * 1024).into(), 413, "invalid_request"),
        (RequestError::Encoding.into(), 415, "invalid_request"),
        (RequestError::Busy.into(), 503, "temporarily_unavailable"),
        (AccessError::Unavailable.into(), 503, "temporarily_unavailable"),
    ] {
        let answer = error.into_response();
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let (given, told) = told(answer);
        assert_eq!((given.as_u16(), told["error"].as_str().unwrap()), (status, name));
        let members: Vec<_> = told.as_object().unwrap().keys().collect();
        assert_eq!(members, ["error", "error_description"]);
    }
    assert_eq!(told(TokenError::from(AccessError::Unauthenticated)).1["error_description"], "Unauthorized");
}
