//! The HTTP side: accepting connections, what is done around every request, and stopping.

mod body;
mod cors;
mod front;
mod head;
mod listen;
mod request_id;
mod request_log;

pub(crate) use cors::Cors;
pub(crate) use front::{Front, Settings};
pub(crate) use listen::{authority, bind, serve, url};
pub(crate) use request_log::RequestLog;
