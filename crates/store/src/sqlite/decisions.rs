//! Decisions that take long are made before the writer's turn, which then only compares the person with the one decided on.
//!
//! A decision is a plain function of the person, and the store may run it twice. A patch of a thousand operations on a
//! list of thousands takes as long as many other changes together, and on the writer all tenants would wait for it.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use directory::Record;
use directory::ids::TenantId;
use directory::store::Decide;
use tracing::error;

use crate::fair::Places;

/// What is worth a thread of its own and a second look at the person: some twenty times what a change usually takes.
const LONG: Duration = Duration::from_millis(2);

/// Long decisions at once, of which one tenant has two at most: they are pure computing, and requests want the cores too.
const AT_ONCE: usize = 3;

pub(super) struct Decisions {
    /// The tenants whose last decision took long.
    long: RwLock<HashSet<TenantId>>,
    places: Places,
}

impl Decisions {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { long: RwLock::default(), places: Places::new(AT_ONCE) })
    }

    /// Whether the tenant's decisions are to be made ahead.
    pub(super) fn are_long(&self, tenant: TenantId) -> bool {
        self.long.read().unwrap_or_else(PoisonError::into_inner).contains(&tenant)
    }

    /// The same decision, of which is noted whether it takes long.
    pub(super) fn timed(self: &Arc<Self>, tenant: TenantId, mut decide: Decide) -> Decide {
        let decisions = self.clone();
        Box::new(move |record| {
            let begun = Instant::now();
            let outcome = decide(record);
            decisions.note(tenant, begun.elapsed() >= LONG);
            outcome
        })
    }

    /// Decides now, on the person as last known, and again in the transaction if the person is another by then.
    /// None: the decision panicked.
    pub(super) async fn ahead(&self, tenant: TenantId, record: Record, mut decide: Decide) -> Option<Decide> {
        let _place = self.places.take(Some(tenant)).await?;
        let deciding = tokio::task::spawn_blocking(move || {
            let outcome = decide(&record);
            let mut known = Some((record, outcome));
            let again: Decide = Box::new(move |record| match known.take() {
                Some((seen, outcome)) if seen == *record => outcome,
                _ => decide(record),
            });
            again
        });
        match deciding.await {
            Ok(decide) => Some(decide),
            Err(panicked) => {
                error!(%panicked, "a decision failed");
                None
            }
        }
    }

    fn note(&self, tenant: TenantId, is_long: bool) {
        if self.are_long(tenant) != is_long {
            let mut long = self.long.write().unwrap_or_else(PoisonError::into_inner);
            if is_long {
                long.insert(tenant);
            } else {
                long.remove(&tenant);
            }
        }
    }
}
