//! Errors: statuses, headers and bodies, all of them held to the contract.

use std::sync::LazyLock;

use axum::http::HeaderMap;
use axum::response::Response;
use dialects::http::RequestError;
use dialects::relesys::error::TokenError;
use dialects::relesys::scope::Scope;
use directory::AccessError;
use directory::throttle::Throttled;
use testkit::openapi::OpenApi;

use crate::*;

static CONTRACT: LazyLock<OpenApi> =
    LazyLock::new(|| OpenApi::parse(include_str!("../../src/relesys/openapi.yaml")).unwrap());

async fn said(schema: &str, answer: Response) -> (u16, HeaderMap, Value) {
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    let body = serde_json::from_slice(&body).unwrap();
    CONTRACT.check_schema(schema, &body).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(headers["content-type"], "application/json");
    (status, headers, body)
}

#[tokio::test]
async fn a_full_quota_is_told_as_documented() {
    let throttled = Throttled { limit: 100, retry_after: 24 };
    let error = Error::AccessError(AccessError::Throttled(throttled));
    let (status, headers, body) = said("Error", error.into_response()).await;
    assert_eq!((status, &headers["retry-after"]), (429, &"24".parse().unwrap()));
    assert_eq!(
        body.to_string(),
        r#"{"errorCode":"429","message":"Request quota exceeded. A maximum of 100 requests are allowed per minute"}"#
    );
    let error = Error::AccessError(AccessError::Throttled(Throttled { limit: 7, retry_after: 1 }));
    let (_, _, body) = said("Error", error.into_response()).await;
    assert_eq!(body["message"], "Request quota exceeded. A maximum of 7 requests are allowed per minute");
}

#[tokio::test]
async fn who_is_unknown_is_asked_for_a_token() {
    for error in [Error::AccessError(AccessError::Unauthenticated), Error::Refused(Refusal::CallerGone)] {
        let (status, headers, body) = said("Error", error.into_response()).await;
        assert_eq!((status, &body["errorCode"]), (401, &json!("401")));
        assert_eq!(headers["www-authenticate"], "Bearer");
    }
}

#[tokio::test]
async fn a_missing_scope_is_told_with_those_that_would_do() {
    let (status, _, body) = said("ScopeError", Error::Scope(Scope::WRITE_USERS).into_response()).await;
    let accepted =
        json!(["relesys.api", "relesys.api:write", "relesys.api.users", "relesys.api.users:write"]);
    assert_eq!((status, &body["acceptedScopes"]), (403, &accepted));
}

#[tokio::test]
async fn faults_of_http_have_the_same_shape() {
    for (fault, status) in [
        (RequestError::NoRoute, 404),
        (RequestError::NoMethod, 405),
        (RequestError::BadPath, 400),
        (RequestError::MediaType, 415),
        (RequestError::TooLarge(16 * 1024), 413),
        (RequestError::BadHost, 400),
        (RequestError::Headers, 431),
        (RequestError::Encoding, 415),
        (RequestError::Busy, 503),
        (RequestError::BadBody("the body could not be read to its end".into()), 400),
    ] {
        let (given, _, body) = said("Error", Error::Request(fault).into_response()).await;
        assert_eq!((given, &body["errorCode"]), (status, &json!(status.to_string())));
    }
    let (status, headers, _) =
        said("Error", Error::AccessError(AccessError::Unavailable).into_response()).await;
    assert_eq!((status, &headers["retry-after"]), (503, &"1".parse().unwrap()));
}

#[tokio::test]
async fn the_token_endpoint_speaks_the_standard() {
    for (error, status, code) in [
        (TokenError::InvalidRequest("Send it so.".into()), 400, "invalid_request"),
        (TokenError::InvalidClient { in_header: false }, 400, "invalid_client"),
        (TokenError::InvalidClient { in_header: true }, 401, "invalid_client"),
        (TokenError::UnsupportedGrantType, 400, "unsupported_grant_type"),
        (TokenError::InvalidScope, 400, "invalid_scope"),
        (TokenError::TooManyScopes, 400, "invalid_scope"),
    ] {
        let (given, headers, body) = said("TokenError", Error::Token(error).into_response()).await;
        assert_eq!((given, &body["error"]), (status, &json!(code)));
        // The characters that RFC 6749, section 5.2, has for it.
        let description = body["error_description"].as_str().unwrap();
        assert!(description.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)));
        assert_eq!(
            (&headers["cache-control"], &headers["pragma"]),
            (&"no-store".parse().unwrap(), &"no-cache".parse().unwrap())
        );
        assert_eq!(headers.contains_key("www-authenticate"), status == 401);
    }
}

#[test]
fn what_is_shown_is_what_the_contract_documents() {
    let mut sparse = ada();
    sparse.person_mut().primary_department = None;
    sparse.person_mut().phone = Some(Phone { country_code: None, number: "+33 6".into() });
    let mut rich = ada();
    rich.person_mut().member_card = CARD.parse().ok();
    rich.person_mut().image = CARD.parse().ok();
    for record in [ada(), sparse, rich] {
        for (version, schema) in [
            (V1, "UserAnswerV1"),
            (V1_1, "UserAnswerV1_1"),
            (Version::V1_2, "UserAnswerV1_1"),
            (V1_3, "UserAnswerV1_1"),
            (V1_4, "UserAnswerV1_4"),
        ] {
            let answer = json!({"data": shown(version, &record)});
            CONTRACT.check_schema(schema, &answer).unwrap_or_else(|error| panic!("{version:?}: {error}"));
        }
    }
}
