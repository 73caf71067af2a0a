//! Sharing what there is only one of, or little of, between tenants.

mod places;
mod queue;

pub(crate) use places::Places;
pub(crate) use queue::{Batch, Limits, Queue};
