//! People whom a call names in any way.

use directory::ids::PersonId;
use directory::store::PersonKey;
use directory::{Refusal, TenantScope};

use crate::laurel::wire::groups::Named;

/// Who each of them is, by the first of their keys that is somebody's. However many they are, they are looked up together.
pub(super) async fn first_of_each(
    scope: TenantScope<'_>,
    named: &[Named],
) -> Result<Vec<Option<PersonId>>, Refusal> {
    let keys: Vec<PersonKey> = named.iter().flat_map(|one| one.keys.iter().cloned()).collect();
    let found = scope.resolve_people(keys).await?;
    let mut found = found.as_slice();
    let first = |one: &Named| {
        let (own, rest) = found.split_at(one.keys.len());
        found = rest;
        own.iter().flatten().next().copied()
    };
    Ok(named.iter().map(first).collect())
}
