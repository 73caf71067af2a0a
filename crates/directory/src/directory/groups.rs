//! Groups of the tenant, and who of the organization's people is in them.

use std::collections::BTreeSet;

use super::TenantScope;
use crate::attribute::{Attribute, Property};
use crate::entity::{Entity, EntityKey, EntityKind};
use crate::entity_field::GroupField;
use crate::ids::{GroupId, ObjectId, PersonId};
use crate::members::{ChangeMembers, ChangedMembers, MembersChange};
use crate::organization::Group;
use crate::query::{Direction, Filter, Literal, Operator, Query};
use crate::refusal::Refusal;
use crate::store::PersonKey;

/// Groups that one statement asks for by their ids: somebody may be in thousands, and engines limit how long a condition may be.
const TOGETHER: usize = 500;

/// How often a group is looked for and made, where others make and delete it meanwhile.
const TRIES: usize = 3;

impl TenantScope<'_> {
    /// # Errors
    /// `NoSuchEntity`; `Unavailable`.
    pub async fn group_by_object_id(&self, id: ObjectId) -> Result<Group, Refusal> {
        self.group_where(GroupField::ObjectId, Literal::ObjectId(id)).await
    }

    /// # Errors
    /// `NoSuchEntity`; `Unavailable`.
    pub async fn group_by_external_id(&self, id: &str) -> Result<Group, Refusal> {
        self.group_where(GroupField::ExternalId, Literal::Text(id.to_owned())).await
    }

    async fn group_where(&self, field: GroupField, value: Literal) -> Result<Group, Refusal> {
        let query = Query::first(Filter::Compare(field, Operator::Equal, value), vec![], 1);
        self.list_groups(query).await?.items.pop().ok_or(Refusal::NoSuchEntity(EntityKind::Group))
    }

    /// All groups that match, by ascending object id. A tenant has but some hundreds of them.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn all_groups(&self, filter: Filter<GroupField>) -> Result<Vec<Group>, Refusal> {
        let by_object_id = vec![(GroupField::ObjectId, Direction::Ascending)];
        Ok(self.list_groups(Query::first(filter, by_object_id, u32::MAX)).await?.items)
    }

    /// Those of the groups that are there, each once, by ascending object id.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn groups_with_ids(&self, ids: impl Iterator<Item = GroupId>) -> Result<Vec<Group>, Refusal> {
        let ids: BTreeSet<GroupId> = ids.collect();
        let is = |id: &GroupId| Filter::Compare(GroupField::Id, Operator::Equal, Literal::Uuid(id.0));
        let filters: Vec<_> = ids.iter().map(is).collect();
        let mut groups = Vec::new();
        for some in filters.chunks(TOGETHER) {
            groups.extend(self.all_groups(Filter::Any(some.to_vec())).await?);
        }
        groups.sort_unstable_by_key(|group| group.object_id);
        Ok(groups)
    }

    /// Changes a group, as [`Self::change_entity`] does.
    ///
    /// # Errors
    /// Those of [`Self::change_entity`].
    pub async fn change_group<F>(&self, id: GroupId, change: F) -> Result<Group, Refusal>
    where
        F: Fn(&mut Group) + Send + 'static,
    {
        let decide = move |entity: &Entity| {
            let mut group = Group::try_from(entity.clone()).map_err(Refusal::NoSuchEntity)?;
            change(&mut group);
            Ok::<_, Refusal>(group.into())
        };
        let changed = self.change_entity(EntityKey::Group(id), decide).await?;
        Group::try_from(changed).map_err(Refusal::NoSuchEntity)
    }

    /// Changes the group that has the external id of this one, or creates this one. Of several who ask for one at once, one
    /// creates it, and the others change it.
    ///
    /// # Errors
    /// Those of [`Self::create_entity`] and [`Self::change_entity`].
    pub async fn put_group<F>(&self, new: Group, external_id: &str, change: F) -> Result<Group, Refusal>
    where
        F: Fn(&mut Group) + Clone + Send + 'static,
    {
        let taken = Refusal::Taken { attribute: Attribute::Of(Property::ExternalId) };
        let gone = Refusal::NoSuchEntity(EntityKind::Group);
        let mut last = gone.clone();
        for _ in 0..TRIES {
            let put = match self.group_by_external_id(external_id).await {
                Ok(group) => self.change_group(group.id, change.clone()).await,
                Err(refusal) if refusal == gone => {
                    let created = self.create_entity(new.clone()).await;
                    created.and_then(|entity| Group::try_from(entity).map_err(Refusal::NoSuchEntity))
                }
                Err(refusal) => Err(refusal),
            };
            match put {
                Err(refusal) if refusal == taken || refusal == gone => last = refusal,
                put => return put,
            }
        }
        Err(last)
    }

    /// Who of the organization's people each of the keys finds, in the order of the keys.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn resolve_people(&self, keys: Vec<PersonKey>) -> Result<Vec<Option<PersonId>>, Refusal> {
        let (tenant, organization) = (self.caller.tenant, self.organization);
        Ok(self.directory.store.resolve_people(tenant, organization, keys).await?)
    }

    /// Changes who of the organization's people is in a group.
    ///
    /// # Errors
    /// As [`crate::Store::change_members`] has them.
    pub async fn change_members(
        &self,
        group: GroupId,
        change: MembersChange,
    ) -> Result<ChangedMembers, Refusal> {
        let (tenant, organization) = (self.caller.tenant, self.organization);
        let change = ChangeMembers { tenant, organization, group, change, audit: self.audit() };
        self.directory.store.change_members(change).await
    }
}
