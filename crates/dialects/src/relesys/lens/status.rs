//! The status of a user: how it is shown, and what `PUT /users/{userId}/status` makes of it.

use directory::status::Status;
use directory::{PersonChange, Record};

use super::create::members;
use crate::http::json;
use crate::relesys::error::Error;

const STATUS: &str = "status";

pub(super) fn show(status: Status) -> &'static str {
    match status {
        Status::Invited => "Pending",
        Status::Active => "Activated",
        Status::DisabledByAdmin | Status::DisabledByOrganization => "Disabled",
        Status::LoginBlocked => "LoginBlocked",
    }
}

/// The body of `PUT /users/{userId}/status`. Of the two that are shown as `Disabled` it means the administrator's.
///
/// # Errors
/// A body that is not an object; a status that is missing, or is not one of the four to the letter.
pub fn read_status(body: json::Value) -> Result<Status, Error> {
    let sent = members(body, &[STATUS])?;
    let text = sent.get(STATUS).and_then(|value| value.as_str());
    let status = text.and_then(|text| Status::ALL.into_iter().find(|status| show(*status) == text));
    status.ok_or_else(|| Error::at(STATUS, "Must be Activated, Disabled, LoginBlocked or Pending."))
}

/// What a status asks of the person as it is: nothing where it is shown already.
pub fn change_status(status: Status, record: &Record) -> PersonChange {
    if show(record.person.status) == show(status) {
        PersonChange::default()
    } else {
        PersonChange::to_status(status)
    }
}
