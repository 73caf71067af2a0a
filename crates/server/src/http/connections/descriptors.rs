//! How many connections the process's file descriptors allow.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Descriptors that are no connections': the store's files or its own connections, the log, the listener, and a few for the
/// runtime. A server at work has some thirty.
const KEPT: usize = 64;

/// Connections at once when the settings name no number. Many systems allow a million descriptors, and a connection costs
/// some ten to fifty kilobytes of memory.
const MOST_UNASKED: usize = 10_000;

/// Raises the process's limit of file descriptors as far as it may, and says how many connections there can be.
/// `configured`: 0 for as many as possible.
pub(crate) fn connections(configured: usize) -> usize {
    let descriptors = raise();
    let possible = possible(descriptors);
    if configured > possible {
        tracing::warn!(
            configured,
            possible,
            descriptors,
            "limits.connections is more than the file descriptors allow (ulimit -n), and is lowered"
        );
    }
    number(configured, possible)
}

fn possible(descriptors: usize) -> usize {
    (descriptors - KEPT.min(descriptors / 2)).max(1)
}

fn number(configured: usize, possible: usize) -> usize {
    if configured == 0 { possible.min(MOST_UNASKED) } else { configured.min(possible) }
}

/// The limit of descriptors, once the soft one is the hard one: nothing here uses `select`, for which it is kept low.
fn raise() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let soft = if limit.current == limit.maximum {
        limit.current
    } else {
        // Refused where a system has a limit below the hard one. What there was then stays.
        let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
        setrlimit(Resource::Nofile, raised).map_or(limit.current, |()| limit.maximum)
    };
    soft.and_then(|soft| usize::try_from(soft).ok()).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_descriptors_are_kept_for_others_than_connections() {
        assert_eq!(possible(1_024), 960);
        assert_eq!((possible(100), possible(1), possible(0)), (50, 1, 1));
        assert_eq!((number(0, 960), number(0, 1_000_000)), (960, MOST_UNASKED));
        assert_eq!((number(20_000, 1_000_000), number(20_000, 960)), (20_000, 960));
    }
}
