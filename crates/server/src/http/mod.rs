//! The HTTP side: accepting connections, what is done around every request, and stopping.

mod body;
mod front;
mod listen;
mod request_id;
mod request_log;

pub(crate) use front::Front;
pub(crate) use listen::{authority, bind, serve, url};
pub(crate) use request_log::RequestLog;
