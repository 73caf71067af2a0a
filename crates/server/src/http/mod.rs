//! The HTTP side: accepting connections, what is done around every request, and stopping.

mod body;
mod connections;
mod front;
mod listen;
mod proxies;
mod request_id;
mod request_log;

pub(crate) use connections::{possible_connections, serve};
pub(crate) use front::Front;
pub(crate) use listen::{bind, url};
pub(crate) use proxies::Proxies;
pub(crate) use request_log::RequestLog;
