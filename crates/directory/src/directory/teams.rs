//! The teams of the organization that is asked about. Those of other organizations are none here.

use super::TenantScope;
use crate::entity::{Entity, EntityKey};
use crate::entity_field::{EntityQuery, TeamField};
use crate::ids::TeamId;
use crate::organization::Team;
use crate::query::{Filter, Literal, Operator, Page, Query};
use crate::refusal::Refusal;

impl TenantScope<'_> {
    /// A page of those that match, as [`crate::Store::list_entities`] promises.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`].
    pub async fn list_teams(&self, query: Query<TeamField>) -> Result<Page<Team>, Refusal> {
        let organization = Literal::Uuid(self.organization.0);
        let own = Filter::Compare(TeamField::Organization, Operator::Equal, organization);
        let filter = Filter::All(vec![own, query.filter]);
        self.list(EntityQuery::Teams(Query { filter, ..query })).await
    }

    /// Changes a team, as [`Self::change_entity`] does.
    ///
    /// # Errors
    /// Those of [`Self::change_entity`].
    pub async fn change_team<E, F>(&self, id: TeamId, mut decide: F) -> Result<Team, E>
    where
        E: From<Refusal> + Send + 'static,
        F: FnMut(&Team) -> Result<Team, E> + Send + 'static,
    {
        let organization = self.organization;
        let decide = move |entity: &Entity| match entity {
            Entity::Team(team) if team.organization == organization => decide(team).map(Entity::from),
            other => Err(Refusal::NoSuchEntity(other.kind()).into()),
        };
        let changed = self.change_entity(EntityKey::Team(id), decide).await?;
        Team::try_from(changed).map_err(|kind| Refusal::NoSuchEntity(kind).into())
    }
}
