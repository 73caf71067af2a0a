//! How much of the database and of memory the engine uses.

/// How the engine uses the database.
#[derive(Debug, Clone)]
pub struct Options {
    /// Connections that serve reads of single people.
    pub readers: usize,
    /// Connections on which is written, each a transaction: batches of people, and what is written rarely.
    pub writers: usize,
    /// Connections that serve lists, searches and all else that reads, apart so that those never make a single read wait.
    /// Lists and searches leave one of them to look credentials up with, and those of one tenant leave another one.
    pub scanners: usize,
    /// Reads or writes that may wait to be sorted by their tenants; whoever comes then waits for a place.
    pub queue: usize,
    /// Writes of one tenant that may wait; more are refused.
    pub queue_of_a_tenant: usize,
    /// People kept in memory for those who change them, some 3 KB each.
    pub cached: usize,
    /// Reads that are made together, and writes that are committed together, at most.
    pub batch: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            readers: 2,
            writers: 6,
            scanners: 6,
            queue: 1_024,
            queue_of_a_tenant: 1_024,
            cached: 8_000,
            batch: 128,
        }
    }
}
