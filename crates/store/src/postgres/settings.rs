//! What connections are told when they begin, and how long they may take.

use std::time::Duration;

/// Of every connection. Nobody waits for a lock for long, and a process that hangs in a transaction is cut off.
macro_rules! settings {
    ($seconds:literal, $more:literal) => {
        concat!(
            "-c jit=off -c default_transaction_isolation=read\\ committed -c lock_timeout=2s",
            " -c idle_in_transaction_session_timeout=60s -c statement_timeout=",
            $seconds,
            $more
        )
    };
}

/// Statements of the request path are planned once and for all, along the indexes that they were written for: a plan
/// made while the tables were small must do when they are large.
pub(super) const REQUESTS: &str = settings!(
    "10s",
    " -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off \
     -c enable_bitmapscan=off"
);

/// Citus plans by the tenant that is asked for, so never once and for all.
pub(super) const REQUESTS_ON_CITUS: &str = settings!("10s", "");

/// Lists have one shape each, too; to plan one anew costs several times what a page costs. Nobody is met twice in a list, so
/// nothing is memoized.
pub(super) const SCANS: &str =
    settings!("60s", " -c plan_cache_mode=force_generic_plan -c enable_memoize=off");

pub(super) const SCANS_ON_CITUS: &str = settings!("60s", "");

/// How long a connection may take for something: longer than the server itself allows.
pub(super) const AT_ONCE: Duration = Duration::from_secs(15);
pub(super) const A_WHILE: Duration = Duration::from_secs(75);

/// For what takes as long as it takes. Who takes no settings at all is found out at once.
pub(super) const AT_LENGTH: &str = "-c jit=off";
