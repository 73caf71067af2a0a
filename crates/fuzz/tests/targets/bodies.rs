//! The readers of bodies, of every dialect.

use std::fmt::Debug;

use axum::response::IntoResponse;
use dialects::http::json::{self, Value};
use dialects::http::{Basic, FieldError};
use dialects::relesys::error::Error;
use dialects::relesys::lens::CreateUser;
use dialects::relesys::version::Version;
use dialects::{kare, laurel, relesys, replay};
use directory::ids::ObjectId;
use directory::person_change::NameChange;
use directory::{Change, limits};

/// A member that no reader knows.
const UNKNOWN: &str = "unknown to everyone";

/// The same object with another member, which is ignored, at each end.
fn with_unknown(body: &Value) -> Option<Value> {
    let Value::Object(members) = body else { return None };
    let unknown = || (UNKNOWN.into(), Value::Array([Value::Null].into()));
    let mut more = vec![unknown()];
    more.extend(members.iter().cloned());
    more.push(unknown());
    Some(Value::Object(more.into()))
}

/// Reads a body, twice if it is an object: members that are not known make no difference. A refusal is the client's fault.
fn read<T: Debug, E: Debug + IntoResponse>(body: &Value, read: impl Fn(Value) -> Result<T, E>) -> Option<T> {
    let outcome = read(body.clone());
    if let Some(body) = with_unknown(body) {
        assert_eq!(
            format!("{:?}", read(body)),
            format!("{outcome:?}"),
            "an unknown member made a difference"
        );
    }
    match outcome {
        Ok(read) => Some(read),
        Err(error) => {
            let status = error.into_response().status();
            assert!(status.is_client_error(), "{status}");
            None
        }
    }
}

fn is_storable(text: Option<&str>) -> bool {
    text.is_none_or(|text| !text.contains('\0'))
}

fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

#[test]
fn kare_reads_what_is_within_its_ranges() {
    fuzz::check!(|bytes: &[u8]| {
        let Ok(body) = json::parse(bytes) else { return };
        if let Some(patch) = read(&body, kare::wire::PatchUser::read) {
            assert!(is_storable(patch.first_name.as_deref()) && is_storable(patch.last_name.as_deref()));
            let lists = [&patch.permissions.read, &patch.permissions.manage];
            assert!(lists.into_iter().flatten().all(|list| list.len() <= limits::LIST));
            assert!(patch.permissions.group.is_none_or(|group| group < 1 << 53));
            let names_fit =
                [&patch.first_name, &patch.last_name].into_iter().flatten().all(|name| length(name) <= 250);
            assert_eq!(patch.check_names().is_ok(), names_fit);
        }
        if let Some(read) = read(&body, kare::wire::Credentials::read) {
            assert!(length(&read.email) <= 250 && read.email.contains('@'), "{}", read.email);
            assert!((6..=100).contains(&length(&read.password.0)));
        }
        if let Some(read) = read(&body, kare::wire::Refresh::read) {
            assert!(length(&read.refresh_token.0) <= 4_096);
        }
    });
}

#[test]
fn relesys_reads_what_is_within_its_ranges() {
    fuzz::check!(|bytes: &[u8]| {
        let Ok(body) = json::parse(bytes) else { return };
        read(&body, relesys::lens::read_status);
        for version in Version::ALL {
            let create = |body| CreateUser::read(version, body).map_err(Error::from)?.change(&[]);
            let Some((change, password)) = read(&body, create) else { continue };
            assert!(matches!(&change.name, NameChange::Full(name) if is_storable(Some(name))), "{change:?}");
            assert!(matches!(change.primary_department, Change::Set(_)), "{change:?}");
            assert!(matches!(&change.groups, Change::Set(groups) if groups.len() <= limits::LIST));
            assert!(change.custom_fields.is_empty(), "no field is defined");
            let fits = |password: &str| is_storable(Some(password)) && length(password) <= 100;
            assert!(password.is_none_or(|password| fits(&password.0)));
        }
    });
}

#[test]
fn replay_reads_what_is_within_its_ranges() {
    fuzz::check!(|bytes: &[u8]| {
        let Ok(body) = json::parse(bytes) else { return };
        let Some(patch) = read(&body, replay::wire::PatchUser::read) else { return };
        for name in [patch.first_name, patch.last_name].into_iter().flatten() {
            assert!((1..=255).contains(&name.chars().count()) && is_storable(Some(&name)), "{name:?}");
        }
    });
}

#[test]
fn laurel_reads_what_is_within_its_ranges() {
    fuzz::check!(|bytes: &[u8]| {
        let Ok(body) = json::parse(bytes) else { return };
        let customer: ObjectId = "64b7f0c2a1d3e4f5a6b7c801".parse().expect("an object id");
        let first = read(&body, |body| laurel::wire::PatchUser::read_v1(body, customer));
        let second = read(&body, |body| laurel::wire::PatchUser::read_v2(body, customer));
        for patch in [first, second].into_iter().flatten() {
            let texts = [&patch.email, &patch.first_name, &patch.last_name, &patch.nickname, &patch.office];
            assert!(texts.into_iter().all(|text| is_storable(text.as_deref())));
            assert!(patch.role_ids.is_none_or(|ids| ids.len() <= limits::LIST));
            assert!(patch.delegators.is_none_or(|delegators| delegators.len() <= limits::LIST));
            for identity in patch.identities.iter().flatten() {
                assert!(is_storable(Some(&identity.value)), "{identity:?}");
            }
        }
        if let Some(request) = read(&body, laurel::wire::TokenRequest::read) {
            let texts = [&request.audience, &request.grant_type, &request.client_id, &request.client_secret];
            assert!(texts.into_iter().all(|text| text.chars().count() <= 256 && is_storable(Some(text))));
        }
    });
}

#[test]
fn mistakes_are_told_of_fields_that_were_sent_or_are_required() {
    fuzz::check!(|bytes: &[u8]| {
        let Ok(body) = json::parse(bytes) else { return };
        let Err(kare::error::Error::Invalid(errors)) = kare::wire::PatchUser::read(body.clone()) else {
            return;
        };
        let Value::Object(members) = &body else { panic!("a body that is no object has no fields") };
        for FieldError { path, message } in errors {
            let first = path.split('.').next().unwrap_or_default();
            assert!(members.iter().any(|(name, _)| **name == *first), "{path}");
            assert!(!message.is_empty());
        }
    });
}

#[test]
fn a_relesys_token_request_reads_the_form_that_it_is_written_as() {
    fuzz::check!(|form: &[u8]| {
        use relesys::wire::TokenRequest;

        let Ok(request) = TokenRequest::read(form, None) else {
            let error = TokenRequest::read(form, None).expect_err("reading is repeatable");
            let status = relesys::error::Error::Token(error).into_response().status();
            assert!(status.is_client_error(), "{status}");
            return;
        };
        let (id, secret) = (&request.client_id, &request.client_secret.0);
        let written = |with_client: bool| {
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.append_pair("grant_type", "client_credentials").append_pair("scope", &request.scope);
            if with_client {
                form.append_pair("client_id", id).append_pair("client_secret", secret);
            }
            form.finish()
        };
        let basic = || Basic { client_id: id.clone(), client_secret: secret.clone() };
        for (form, header) in [(written(true), None), (written(false), Some(basic()))] {
            let is_in_header = header.is_some();
            let again = TokenRequest::read(form.as_bytes(), header).expect("the same request");
            assert_eq!(
                (&again.client_id, &again.client_secret.0, &again.scope),
                (id, secret, &request.scope)
            );
            assert_eq!(again.is_in_header, is_in_header);
        }
        assert!(TokenRequest::read(form, Some(basic())).is_err(), "a secret in both places is refused");
    });
}
