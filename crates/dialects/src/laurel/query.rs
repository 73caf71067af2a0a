//! What the queries of Laurel's operations ask for.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::RangeInclusive;

use axum::http::Uri;
use directory::caller::Principal;
use directory::identity::{Identity, LaurelType, Source};
use directory::ids::ObjectId;
use directory::limits;
use directory::organization::Region;
use directory::query::Window;
use directory::text::fold_for_search;

use super::auth::Settings;
use super::wire::groups::{MemberKind, Named, UNKNOWN_KIND};
use super::wire::users::Paged;
use super::wire::{TEXT, UNKNOWN_TYPE, object_id};
use crate::http::fields::characters;
use crate::http::{FieldError, query};

/// Ids that a query may name: as many as a batch look-up takes.
const IDS: usize = 500;

/// Users that are read by their ids in one call.
const BY_IDS: RangeInclusive<usize> = 1..=50;

/// Characters of a search in the second version.
const SEARCH: RangeInclusive<usize> = 2..=100;

/// Roles that a list may be filtered by, each way.
const ROLES: usize = 50;

const UNKNOWN_INTEGRATION: &str = "must be a known integration, such as cloud-assistant-zoom";

/// `GET .../users`.
#[derive(Debug, Clone, PartialEq)]
pub struct ListUsers {
    /// Folded for search; each must occur somewhere.
    pub words: Vec<String>,
    pub integration: Option<Integration>,
}

/// An integration, which knows users by some types of identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Integration {
    CloudAssistantCdr,
    CloudAssistantGoogle,
    CloudAssistantMicrosoftExchange,
    CloudAssistantMicrosoftTeams,
    CloudAssistantZoom,
}

impl Integration {
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "cloud-assistant-cdr" => Some(Self::CloudAssistantCdr),
            "cloud-assistant-google" => Some(Self::CloudAssistantGoogle),
            "cloud-assistant-microsoft-exchange" => Some(Self::CloudAssistantMicrosoftExchange),
            "cloud-assistant-microsoft-teams" => Some(Self::CloudAssistantMicrosoftTeams),
            "cloud-assistant-zoom" => Some(Self::CloudAssistantZoom),
            _ => None,
        }
    }

    /// The vendor does not say which these are (README, "Decisions").
    pub fn relevant(self) -> &'static [LaurelType] {
        use LaurelType::{
            Azure, CiscoCdr, Email, Exchange, Google, Phone, PhoneExtension, UserPrincipalName, Zoom,
        };
        match self {
            Self::CloudAssistantCdr => &[CiscoCdr, Phone, PhoneExtension],
            Self::CloudAssistantGoogle => &[Google, Email],
            Self::CloudAssistantMicrosoftExchange => &[Exchange, UserPrincipalName, Azure, Email],
            Self::CloudAssistantMicrosoftTeams => &[Azure, UserPrincipalName, Email],
            Self::CloudAssistantZoom => &[Zoom, Email],
        }
    }
}

impl ListUsers {
    pub fn read(uri: &Uri, settings: Settings) -> Result<Self, FieldError> {
        let read = Self::read_lite(uri)?;
        match read.integration {
            None if settings.require_integration => Err(wrong("integration", "must be given")),
            Some(_) | None => Ok(read),
        }
    }

    /// The same where no setting makes the integration required.
    pub fn read_lite(uri: &Uri) -> Result<Self, FieldError> {
        let integration = match one(uri, "integration")? {
            Some(name) => {
                Some(Integration::parse(&name).ok_or_else(|| wrong("integration", UNKNOWN_INTEGRATION))?)
            }
            None => None,
        };
        let words = words(&one(uri, "search")?.unwrap_or_default())?;
        Ok(Self { words, integration })
    }
}

/// The external identity that `GET .../users/lookup` is about.
pub fn lookup(uri: &Uri, customer: ObjectId) -> Result<Identity, FieldError> {
    let identity = identity(uri)?;
    if let Some(bound) = one(uri, "customerId")?
        && object_id("customerId", &bound)? != customer
    {
        return Err(wrong("customerId", "must be the customer of the path"));
    }
    Ok(identity)
}

fn identity(uri: &Uri) -> Result<Identity, FieldError> {
    let kind = one(uri, "type")?.ok_or_else(|| wrong("type", "must be given"))?;
    let kind = LaurelType::parse(&kind).ok_or_else(|| wrong("type", UNKNOWN_TYPE))?;
    let value = one(uri, "value")?.ok_or_else(|| wrong("value", "must be given"))?;
    if value.is_empty() {
        return Err(wrong("value", "must not be empty"));
    }
    Ok(Identity { source: Source::Laurel(kind), value: short("value", &value)?.to_owned() })
}

/// A page of the second version's lists of users.
#[derive(Debug, Clone, PartialEq)]
pub struct ListPage {
    pub page: u64,
    pub page_size: u32,
    /// Folded for search; each must occur somewhere.
    pub words: Vec<String>,
    /// Names or ids of roles, as they were sent.
    pub include_roles: Vec<String>,
    pub exclude_roles: Vec<String>,
}

impl ListPage {
    pub fn read(uri: &Uri) -> Result<Self, FieldError> {
        let search = one(uri, "search")?.unwrap_or_default();
        if !search.trim().is_empty() && !SEARCH.contains(&characters(&search)) {
            let message = format!("must have {} to {} characters", SEARCH.start(), SEARCH.end());
            return Err(wrong("search", message));
        }
        let roles = |name: &str| -> Result<Vec<String>, FieldError> {
            let roles: Vec<_> = query::pairs(uri).filter(|(given, _)| given == name).collect();
            if roles.len() > ROLES {
                return Err(wrong(name, format!("must not be more than {ROLES}")));
            }
            roles.into_iter().map(|(_, role)| Ok(short(name, &role)?.to_owned())).collect()
        };
        Ok(Self {
            page: number(uri, "page", 1..=u64::from(u32::MAX))?.unwrap_or(1),
            page_size: number(uri, "pageSize", 1..=150)?.map_or(50, |size| size as u32),
            words: words(&search)?,
            include_roles: roles("includeRoles")?,
            exclude_roles: roles("excludeRoles")?,
        })
    }

    pub fn window(&self) -> Window {
        Window::Offset((self.page - 1) * u64::from(self.page_size), self.page_size)
    }

    pub fn answer<T>(&self, items: Vec<T>, total: u64) -> Paged<T> {
        let total_pages = total.div_ceil(u64::from(self.page_size));
        let next_page = (self.page < total_pages).then(|| self.page + 1);
        Paged { items, total_pages, total_items: total, next_page }
    }
}

fn number(uri: &Uri, name: &str, range: RangeInclusive<u64>) -> Result<Option<u64>, FieldError> {
    let Some(text) = one(uri, name)? else { return Ok(None) };
    let number = text.parse().ok().filter(|number| range.contains(number));
    let message = || format!("must be a number from {} to {}", range.start(), range.end());
    number.map(Some).ok_or_else(|| wrong(name, message()))
}

/// The ids of `GET .../users/by-ids`, each once.
pub fn user_ids(uri: &Uri) -> Result<Vec<ObjectId>, FieldError> {
    let named = query::pairs(uri).filter(|(name, _)| name == "userIds");
    let mut ids = named.map(|(_, id)| object_id("userIds", &id)).collect::<Result<Vec<_>, _>>()?;
    if !BY_IDS.contains(&ids.len()) {
        let message = format!("must be given {} to {} times", BY_IDS.start(), BY_IDS.end());
        return Err(wrong("userIds", message));
    }
    let mut seen = HashSet::new();
    ids.retain(|id| seen.insert(*id));
    Ok(ids)
}

/// The alias of `DELETE .../users/{userId}/email-aliases`.
pub fn alias(uri: &Uri) -> Result<String, FieldError> {
    let email = one(uri, "email")?.filter(|email| !email.is_empty());
    let email = email.ok_or_else(|| wrong("email", "must be given"))?;
    Ok(short("email", &email)?.to_owned())
}

/// The region whose customers a list is of.
pub fn region(uri: &Uri) -> Result<Option<Region>, FieldError> {
    let Some(name) = one(uri, "tenantName")? else { return Ok(None) };
    Region::parse(&name).map(Some).ok_or_else(|| wrong("tenantName", "must be a known region, such as iad"))
}

/// The identity that `GET /api/v1/customers/lookup` is about, and the customer that it may be bound to.
pub fn customer_identity(uri: &Uri) -> Result<(Identity, Option<ObjectId>), FieldError> {
    let bound = one(uri, "customerId")?.map(|text| object_id("customerId", &text)).transpose()?;
    Ok((identity(uri)?, bound))
}

/// What is said of one thing more than there may be.
pub fn too_many(name: &str, most: usize) -> FieldError {
    wrong(name, format!("must not be more than {most}"))
}

/// The customer that a query may name.
pub fn customer_or(uri: &Uri, own: ObjectId) -> Result<ObjectId, FieldError> {
    one(uri, "customerId")?.map_or(Ok(own), |text| object_id("customerId", &text))
}

/// The customer that a call is about whose path names none.
pub fn customer(uri: &Uri) -> Result<ObjectId, FieldError> {
    let text = one(uri, "customerId")?.ok_or_else(|| wrong("customerId", "must be given"))?;
    object_id("customerId", &text)
}

/// Whose groups `GET /api/v1/user-groups` lists: everybody's, where no ids are given.
pub fn members(uri: &Uri) -> Result<Option<Vec<Named>>, FieldError> {
    let kind = one(uri, "kind")?.ok_or_else(|| wrong("kind", "must be given"))?;
    let kind = MemberKind::parse(&kind).ok_or_else(|| wrong("kind", UNKNOWN_KIND))?;
    let ids: Vec<_> = query::pairs(uri).filter(|(name, _)| name == "ids").map(|(_, id)| id).collect();
    if ids.len() > IDS {
        return Err(wrong("ids", format!("must not be more than {IDS}")));
    }
    let named = |id: &Cow<'_, str>| kind.named(id).map_err(|message| wrong("ids", message));
    let members = ids.iter().map(named).collect::<Result<Vec<_>, _>>()?;
    Ok((!members.is_empty()).then_some(members))
}

/// Whom `DELETE .../users/{userId}` was forwarded for. Without `isForwarded=true` the other three say nothing.
pub fn forwarded(uri: &Uri) -> Result<Option<Principal>, FieldError> {
    match one(uri, "isForwarded")?.as_deref() {
        Some("true") => {}
        Some("false" | "") | None => return Ok(None),
        Some(_) => return Err(wrong("isForwarded", "must be true or false")),
    }
    let named = |name| -> Result<Option<String>, FieldError> {
        let value = one(uri, name)?.unwrap_or_default();
        let value = short(name, &value)?;
        Ok((!value.is_empty()).then(|| value.to_owned()))
    };
    Ok(Some(Principal {
        client: named("originalPrincipalClientId")?,
        customer: named("originalPrincipalCustomerId")?,
        user: named("originalPrincipalUserId")?,
    }))
}

fn words(search: &str) -> Result<Vec<String>, FieldError> {
    let words: Vec<_> = short("search", search)?.split_whitespace().map(fold_for_search).collect();
    match words.len() > limits::SEARCH_WORDS {
        true => Err(wrong("search", format!("must not have more than {} words", limits::SEARCH_WORDS))),
        false => Ok(words),
    }
}

fn one<'a>(uri: &'a Uri, name: &str) -> Result<Option<Cow<'a, str>>, FieldError> {
    query::one(uri, name).map_err(|_| wrong(name, "must be given once"))
}

fn short<'a>(name: &str, text: &'a str) -> Result<&'a str, FieldError> {
    if characters(text) > TEXT {
        return Err(wrong(name, format!("must not be longer than {TEXT} characters")));
    }
    Ok(text)
}

fn wrong(name: &str, message: impl Into<String>) -> FieldError {
    FieldError { path: name.to_owned(), message: message.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUSTOMER: ObjectId = ObjectId([0x64; 12]);

    fn uri(query: &str) -> Uri {
        format!("/users?{query}").parse().unwrap()
    }

    fn list(query: &str) -> Result<ListUsers, FieldError> {
        ListUsers::read(&uri(query), Settings::default())
    }

    #[test]
    fn a_search_is_folded_words() {
        for (query, words) in [
            ("", &[][..]),
            ("search=", &[]),
            ("search=%20%20", &[]),
            ("search=+Ada++BYRON+", &["ada", "byron"]),
            ("search=JOS%C3%89", &["jose"]),
            ("search=a%25b_c%22&unknown=1", &["a%b_c\""]),
            ("search=a%09b%C2%A0c", &["a", "b", "c"]),
        ] {
            assert_eq!(list(query).unwrap().words, words, "{query}");
        }
    }

    #[test]
    fn a_search_has_limits() {
        let ten = ["a"; 10].join("+");
        assert_eq!(list(&format!("search={ten}")).unwrap().words.len(), 10);
        assert_eq!(list(&format!("search={ten}+a")).unwrap_err().path, "search");
        assert!(list(&format!("search={}", "%C3%A9".repeat(256))).is_ok());
        assert_eq!(list(&format!("search={}", "a".repeat(257))).unwrap_err().path, "search");
        assert_eq!(list("search=a&search=b").unwrap_err().path, "search");
    }

    #[test]
    fn an_integration_is_optional_unless_set_otherwise_and_known() {
        assert_eq!(list("").unwrap().integration, None);
        let strict = Settings { require_integration: true };
        assert_eq!(ListUsers::read(&uri(""), strict).unwrap_err().path, "integration");
        assert!(ListUsers::read(&uri("integration=cloud-assistant-cdr"), strict).is_ok());
        for name in ["", "cdr", "Cloud-Assistant-Cdr"] {
            assert_eq!(list(&format!("integration={name}")).unwrap_err().path, "integration", "{name:?}");
        }
    }

    #[test]
    fn each_integration_has_its_types_of_identity() {
        for (name, types) in [
            ("cloud-assistant-cdr", "cisco-cdr phone phone-extension"),
            ("cloud-assistant-google", "google email"),
            ("cloud-assistant-microsoft-exchange", "exchange user-principal-name azure email"),
            ("cloud-assistant-microsoft-teams", "azure user-principal-name email"),
            ("cloud-assistant-zoom", "zoom email"),
        ] {
            let integration = list(&format!("integration={name}")).unwrap().integration.unwrap();
            let relevant: Vec<_> = integration.relevant().iter().map(|kind| kind.as_str()).collect();
            assert_eq!(relevant.join(" "), types, "{name}");
        }
    }

    #[test]
    fn a_look_up_needs_a_known_type_and_a_value() {
        let customer = CUSTOMER.to_string().to_uppercase();
        let found = lookup(&uri(&format!("type=aderant&value=10%2042&customerId={customer}")), CUSTOMER);
        let identity = Identity { source: Source::Laurel(LaurelType::Aderant), value: "10 42".into() };
        assert_eq!(found, Ok(identity));
        assert!(lookup(&uri(&format!("type=zoom&value={}", "a".repeat(256))), CUSTOMER).is_ok());
        for (query, path) in [
            ("", "type"),
            ("value=1042", "type"),
            ("type=aderant", "value"),
            ("type=aderant&value=", "value"),
            ("type=Aderant&value=1", "type"),
            ("type=&value=1", "type"),
            ("type=aderant&value=1&value=2", "value"),
            ("type=aderant&value=1&customerId=", "customerId"),
            ("type=aderant&value=1&customerId=646464646464646464646465", "customerId"),
        ] {
            assert_eq!(lookup(&uri(query), CUSTOMER).unwrap_err().path, path, "{query}");
        }
        let long = format!("type=zoom&value={}", "a".repeat(257));
        assert_eq!(lookup(&uri(&long), CUSTOMER).unwrap_err().path, "value");
    }

    #[test]
    fn the_original_principal_counts_only_when_forwarded() {
        let three =
            "originalPrincipalClientId=c&originalPrincipalCustomerId=f&originalPrincipalUserId=not+an+id";
        for start in ["", "isForwarded=false&", "isForwarded=&"] {
            assert_eq!(forwarded(&uri(&format!("{start}{three}"))), Ok(None), "{start}");
        }
        assert_eq!(
            forwarded(&uri(&format!("isForwarded=true&{three}"))),
            Ok(Some(Principal {
                client: Some("c".into()),
                customer: Some("f".into()),
                user: Some("not an id".into()),
            }))
        );
        let subset = forwarded(&uri("isForwarded=true&originalPrincipalUserId=u&originalPrincipalClientId="));
        assert_eq!(subset, Ok(Some(Principal { user: Some("u".into()), ..Principal::default() })));
        for value in ["yes", "True", "1"] {
            assert_eq!(forwarded(&uri(&format!("isForwarded={value}"))).unwrap_err().path, "isForwarded");
        }
        let long = format!("isForwarded=true&originalPrincipalUserId={}", "a".repeat(257));
        assert_eq!(forwarded(&uri(&long)).unwrap_err().path, "originalPrincipalUserId");
    }
}
