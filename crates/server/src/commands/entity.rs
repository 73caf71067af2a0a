//! What the commands of every entity share: adding, listing, showing, changing and deleting one.

use std::fmt::Debug;
use std::future::Future;

use directory::ids::{OrganizationId, TenantId};
use directory::query::{Direction, Field, Filter, Page, Query, Window};
use directory::text::fold;
use directory::{Entity, EntityKey, EntityKind, Refusal, TenantScope};
use serde_json::Value;

use super::values::parse_text;
use crate::context::Context;
use crate::error::Error;
use crate::output::{Shown, fields};
use crate::tenant_index::{Place, TenantIndex};

/// Entities fetched at once.
const CHUNK: u32 = 500;

/// A change of an entity as the options ask for it. The engine may ask twice.
pub(crate) type Edit<N> = Box<dyn Fn(&mut N) + Send>;

/// An entity as commands work on it.
pub(crate) trait Noun: Debug + Clone + Send + Sync + Into<Entity> + TryFrom<Entity> + 'static {
    type Add: clap::Args + Debug;
    type Change: clap::Args + Debug + Default + PartialEq;

    const KIND: EntityKind;

    /// All of the tenant, in the order of the list.
    fn all(at: TenantScope<'_>) -> impl Future<Output = Result<Vec<Self>, Refusal>> + Send;
    /// The entity that the options ask for.
    fn add(add: Self::Add, scope: &Scope<'_>) -> impl Future<Output = Result<Self, Error>>;
    /// The change that the options ask for.
    fn change(change: Self::Change, scope: &Scope<'_>) -> impl Future<Output = Result<Edit<Self>, Error>>;

    /// None: it is the whole tenant's.
    fn organization(&self) -> Option<OrganizationId> {
        None
    }
    fn name(&self) -> &str;
    /// Whether this is a further id of it, beside the one in [`EntityKey`].
    fn is_known_as(&self, _id: &str) -> bool {
        false
    }
    fn table(all: &[Self], scope: &Scope<'_>) -> String;
    fn fields(&self, scope: &Scope<'_>) -> Vec<(&'static str, Option<String>)>;
    fn json(&self) -> Value;
}

/// The tenant that a command works in, and the organizations that it looks in.
pub(crate) struct Scope<'a> {
    pub context: &'a Context,
    pub tenants: &'a TenantIndex,
    pub tenant: TenantId,
    /// Where new things are added: the organization, or the root of the tenant.
    pub organization: OrganizationId,
    here: Vec<OrganizationId>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Which {
    /// Its id in any API, or its name
    #[arg(value_name = "ID|NAME", value_parser = parse_text)]
    which: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, clap::Args)]
pub(crate) struct New<N: Noun> {
    #[command(flatten)]
    add: N::Add,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Changed<N: Noun> {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    change: N::Change,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb<N: Noun> {
    /// Add one
    Add(New<N>),
    /// List those of a tenant; of organizations' own those of one organization, or of all
    List(Place),
    /// Show one
    Show(Which),
    /// Change one; what no option names stays as it is
    Change(Changed<N>),
    /// Delete one. Refused while something refers to it that has to be changed first
    Delete(Which),
}

impl<N: Noun> Verb<N> {
    /// Whether the store need not be writable.
    pub(crate) fn reads(&self) -> bool {
        match self {
            Self::List(_) | Self::Show(_) => true,
            Self::Add(_) | Self::Change(_) | Self::Delete(_) => false,
        }
    }

    pub(crate) async fn run(self, context: &Context) -> Result<Shown, Error> {
        let tenants = &TenantIndex::load(context).await?;
        match self {
            Self::Add(New { add, place }) => {
                add_one::<N>(add, &Scope::to_add::<N>(context, tenants, &place)?).await
            }
            Self::List(place) => list::<N>(&Scope::of(context, tenants, &place)?).await,
            Self::Show(Which { which, place }) => {
                let scope = Scope::of(context, tenants, &place)?;
                Ok(show(&scope.find::<N>(&which).await?, &scope))
            }
            Self::Change(Changed { which: Which { which, place }, change }) => {
                if change == N::Change::default() {
                    return Err(nothing_to_change(N::KIND.as_str()));
                }
                change_one::<N>(&which, change, &Scope::of(context, tenants, &place)?).await
            }
            Self::Delete(Which { which, place }) => {
                delete::<N>(&which, &Scope::of(context, tenants, &place)?).await
            }
        }
    }
}

/// The failure of a change without any option.
pub(crate) fn nothing_to_change(noun: &str) -> Error {
    Error::usage("there is nothing to change")
        .hint(format!("say what, with the options that this shows: personae {noun} change --help"))
}

async fn add_one<N: Noun>(add: N::Add, scope: &Scope<'_>) -> Result<Shown, Error> {
    let new = N::add(add, scope).await?;
    let added: N = scope.context.create(&(scope.tenant, scope.organization), new).await?;
    Ok(show(&added, scope))
}

async fn list<N: Noun>(scope: &Scope<'_>) -> Result<Shown, Error> {
    let all = scope.all::<N>().await?;
    Ok(Shown::new(N::table(&all, scope), all.iter().map(N::json).collect()))
}

fn show<N: Noun>(entity: &N, scope: &Scope<'_>) -> Shown {
    Shown::new(fields(&entity.fields(scope)), entity.json())
}

async fn change_one<N: Noun>(which: &str, change: N::Change, scope: &Scope<'_>) -> Result<Shown, Error> {
    let edit = N::change(change, scope).await?;
    let found: N = scope.find(which).await?;
    let kind = N::KIND;
    let decide = move |entity: &Entity| {
        let mut entity = N::try_from(entity.clone()).map_err(|_| Refusal::NoSuchEntity(kind))?;
        edit(&mut entity);
        Ok::<Entity, Refusal>(entity.into())
    };
    let caller = scope.caller(found.organization());
    let changed = scope.context.directory.scoped(&caller).change_entity(key(&found), decide).await?;
    let changed = N::try_from(changed).map_err(|_| Error::new("the store changed something else"))?;
    Ok(show(&changed, scope))
}

async fn delete<N: Noun>(which: &str, scope: &Scope<'_>) -> Result<Shown, Error> {
    let found: N = scope.find(which).await?;
    let caller = scope.caller(found.organization());
    scope.context.directory.scoped(&caller).delete_entity(key(&found)).await?;
    let text = format!("Deleted the {} {:?} ({}).", N::KIND, found.name(), key(&found));
    Ok(Shown::new(text, found.json()))
}

fn key<N: Noun>(entity: &N) -> EntityKey {
    let entity: Entity = entity.clone().into();
    entity.key()
}

impl<'a> Scope<'a> {
    pub(crate) fn of(context: &'a Context, tenants: &'a TenantIndex, place: &Place) -> Result<Self, Error> {
        let (tenant, organization) = tenants.root(place)?;
        let matching = tenants.matching(place).into_iter();
        let here = matching.filter(|(of, _)| *of == tenant).map(|(_, it)| it.id).collect();
        Ok(Self { context, tenants, tenant, organization, here })
    }

    /// What belongs to one organization needs one to be added to.
    fn to_add<N: Noun>(context: &'a Context, tenants: &'a TenantIndex, place: &Place) -> Result<Self, Error> {
        let scope = Self::of(context, tenants, place);
        match N::KIND {
            EntityKind::Team | EntityKind::Label => {
                let organization = tenants.organization(place)?.1.id;
                scope.map(|scope| Self { organization, ..scope })
            }
            EntityKind::Department
            | EntityKind::Group
            | EntityKind::Role
            | EntityKind::CustomField
            | EntityKind::Template => scope,
        }
    }

    /// The same tenant, for people who are looked up by an option.
    pub(crate) fn tenant_place(&self) -> Place {
        Place { organization: None, tenant: Some(self.tenant.0) }
    }

    fn caller(&self, organization: Option<OrganizationId>) -> directory::Caller {
        self.context.caller(self.tenant, organization.unwrap_or(self.organization))
    }

    async fn all<N: Noun>(&self) -> Result<Vec<N>, Error> {
        let caller = self.caller(None);
        let mut all = N::all(self.context.directory.scoped(&caller)).await?;
        all.retain(|it| it.organization().is_none_or(|organization| self.here.contains(&organization)));
        Ok(all)
    }

    /// The one entity of this id or name.
    pub(crate) async fn find<N: Noun>(&self, text: &str) -> Result<N, Error> {
        let all = self.all::<N>().await?;
        let id = EntityKey::parse(N::KIND, text);
        let is_id = |it: &N| Some(key(it)) == id || it.is_known_as(text);
        named(N::KIND.as_str(), text, &all, is_id, N::name).cloned()
    }
}

/// The one thing of this name or id, or a sentence that says what there is.
pub(super) fn named<'a, T>(
    what: &str,
    text: &str,
    things: impl IntoIterator<Item = &'a T>,
    is_id: impl Fn(&T) -> bool,
    name: impl Fn(&T) -> &str,
) -> Result<&'a T, Error> {
    let things: Vec<&T> = things.into_iter().collect();
    if let Some(thing) = things.iter().find(|thing| is_id(thing)) {
        return Ok(thing);
    }
    let wanted = fold(text);
    let found: Vec<&T> = things.iter().copied().filter(|thing| fold(name(thing)) == wanted).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(Error::new(format!("there is no {what} {text:?}"))
            .hint(format!("see them all with: personae {what} list"))),
        _ => Err(Error::new(format!("there is more than one {what} {text:?}"))
            .hint(format!("take its id from: personae {what} list"))),
    }
}

/// Everything, page by page, in the order of one field.
pub(super) async fn pages<T, F: Field, P>(
    order: F,
    mut page: impl FnMut(Query<F>) -> P,
) -> Result<Vec<T>, Refusal>
where
    P: Future<Output = Result<Page<T>, Refusal>>,
{
    let (mut all, mut window) = (Vec::new(), Window::Offset(0, CHUNK));
    loop {
        let sort = vec![(order, Direction::Ascending)];
        let query = Query { filter: Filter::All(Vec::new()), sort, window, count: false };
        let found = page(query).await?;
        all.extend(found.items);
        match found.bounds {
            Some((_, end)) if found.has_next => window = Window::After(end, CHUNK),
            Some(_) | None => return Ok(all),
        }
    }
}

/// Sets what an option gives.
pub(super) fn set<T>(target: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *target = value;
    }
}

/// Sets what an option gives, of an attribute that may be absent.
pub(super) fn set_some<T>(target: &mut Option<T>, value: Option<T>) {
    if value.is_some() {
        *target = value;
    }
}
