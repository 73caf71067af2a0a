//! The HTTP side: accepting connections, what is done around every request, and stopping.

mod body;
mod connections;
mod cors;
mod head;
mod listen;
mod middleware;
mod proxies;
mod refusals;
mod request_id;
mod request_log;

pub(crate) use connections::{possible_connections, serve};
pub(crate) use cors::Cors;
pub(crate) use listen::{authority, bind, url};
pub(crate) use middleware::{Middleware, Settings};
pub(crate) use proxies::Proxies;
pub(crate) use request_log::RequestLog;
