//! People who come from elsewhere, perhaps with the id that they have there.

use super::TenantScope;
use crate::attribute::{Attribute, Property};
use crate::ids::{ObjectId, PersonId};
use crate::person_change::PersonChange;
use crate::ports;
use crate::record::Record;
use crate::refusal::Refusal;
use crate::store::NewPerson;

impl TenantScope<'_> {
    /// Makes a person with an object id that was chosen elsewhere. A leaver who is taken back keeps their own.
    ///
    /// # Errors
    /// `Taken` of [`Property::ObjectId`], also for one that a leaver had; those of [`Self::add_person`].
    pub async fn add_person_as(&self, object_id: ObjectId, change: PersonChange) -> Result<Record, Refusal> {
        if self.directory.store.has_object_id(self.caller.tenant, object_id).await? {
            return Err(Refusal::Taken { attribute: Attribute::Of(Property::ObjectId) });
        }
        let new = NewPerson { object_id, ..self.new_person(change) };
        let added = self.add_people(vec![new]).await;
        added.map_err(|(_, refusal)| refusal)?.pop().ok_or(Refusal::Unavailable)
    }

    /// A person to be added, with new ids.
    pub fn new_person(&self, change: PersonChange) -> NewPerson {
        let (now, entropy) = (self.directory.now(), self.directory.entropy());
        let id = PersonId(ports::uuid(now, entropy));
        NewPerson { id, object_id: ports::object_id(now, entropy), created_at: now, change }
    }
}
