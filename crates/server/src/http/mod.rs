//! The HTTP side: accepting connections, what is done around every request, and stopping.

mod body;
mod connections;
mod cors;
mod front;
mod head;
mod listen;
mod proxies;
mod refusals;
mod request_id;
mod request_log;

pub(crate) use connections::{possible_connections, serve};
pub(crate) use cors::Cors;
pub(crate) use front::{Front, Settings};
pub(crate) use listen::{authority, bind, url};
pub(crate) use proxies::Proxies;
pub(crate) use request_log::RequestLog;
