//! Every documented operation of each fact sheet: status, headers, raw JSON, and the answer as its file promises.

mod relesys;
mod replay;
