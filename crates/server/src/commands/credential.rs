//! `personae credential`: clients, keys and passwords, each shown once.

use std::io::Read;

use directory::credential::{Credential, KeyHash, Scopes};
use directory::ids::{CredentialId, OrganizationId, TenantId};
use directory::record::Needs;
use directory::store::PersonKey;
use directory::throttle::{RateLimit, RateLimits};
use directory::{Dialect, Directory};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{one_of, parse_dialect, parse_name};
use crate::context::Context;
use crate::failure::Failure;
use crate::find::find;
use crate::json;
use crate::output::{Shown, fields, table};
use crate::password;
use crate::world::{Place, World};

/// The areas of the Relesys API that have scopes of their own.
const RELESYS_AREAS: [&str; 8] =
    ["users", "kpis", "training", "serviceform", "media", "datalists", "insights", "notifications"];

/// Bytes of a password read from standard input, line break and all. The longest allowed is 100 characters.
const PASSWORD_BYTES: u64 = 1_024;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Add a credential and show its secret, this once
    #[command(after_help = "Examples:
  personae credential add --dialect relesys --organization Aurora --scope relesys.api.users:read
  personae credential add --dialect relesys --organization Aurora --rate-limit none
  personae credential add --dialect replay --organization Aurora --name \"LMS connector\"
  personae credential add --dialect laurel --organization Aurora --scope read
  personae credential add --dialect kare --person ada@aurora.example
  echo \"$PASSWORD\" | personae credential add --dialect kare --person ada@aurora.example --password-stdin")]
    Add(Add),
    /// Change how many requests a minute a credential may make. It holds within a second
    #[command(after_help = "Examples:
  personae credential limit 018f0000-0000-7000-8000-000000000000 --rate-limit 250
  personae credential limit 018f0000-0000-7000-8000-000000000000 --rate-limit none
  personae credential limit 018f0000-0000-7000-8000-000000000000 --rate-limit default")]
    Limit {
        /// Its id, client id, or the part of its key before the dot
        credential: String,
        /// Requests a minute; none for any number; default for what the settings say for its API
        #[arg(long, visible_alias = "requests-per-minute", value_name = "N|none|default", value_parser = parse_rate_limit)]
        rate_limit: RateLimit,
    },
    /// List the credentials of organizations; people's passwords are not among them
    List(Place),
    /// Revoke a credential. It stops working within a second
    Revoke {
        /// Its id, client id, or the part of its key before the dot
        credential: String,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// The API it is for: relesys, replay, kare or laurel
    #[arg(long, value_parser = parse_dialect)]
    dialect: Dialect,
    #[command(flatten)]
    place: Place,
    /// What people call it
    #[arg(long, value_parser = parse_name, default_value = "command line")]
    name: String,
    /// What it may be used for; several times for several. Relesys: relesys.api unless given. Laurel: readwrite unless
    /// given, or read. Replay and Kare know none
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// Requests a minute; none for any number. Unless given it is the default, which the settings say for each API
    /// (requests_per_minute): 100 for Relesys, as documented, and none for the others
    #[arg(long, visible_alias = "requests-per-minute", value_name = "N|none|default", value_parser = parse_rate_limit)]
    rate_limit: Option<RateLimit>,
    /// When it ends, as in 2027-01-01T00:00:00Z. Laurel documents 90 days
    #[arg(long, value_name = "TIME")]
    expires: Option<Timestamp>,
    /// Kare: the person whose password to set, by any id, e-mail or external id
    #[arg(long)]
    person: Option<String>,
    /// Kare: take the password from standard input instead of making one
    #[arg(long, requires = "person")]
    password_stdin: bool,
}

fn parse_rate_limit(text: &str) -> Result<RateLimit, String> {
    match text {
        "default" => Ok(RateLimit::OfDialect),
        "none" => Ok(RateLimit::Unlimited),
        _ => text
            .parse()
            .map(RateLimit::PerMinute)
            .map_err(|_| "use a number of requests a minute, none or default".to_owned()),
    }
}

/// As people read it.
fn rate_limit(limit: RateLimit, dialect: Dialect, defaults: RateLimits) -> String {
    let in_effect = limit.or(defaults.of(dialect));
    let text = in_effect.map_or_else(|| "none".to_owned(), |limit| format!("{limit}/min"));
    match limit {
        RateLimit::OfDialect => format!("{text} (default)"),
        RateLimit::PerMinute(_) | RateLimit::Unlimited => text,
    }
}

impl Verb {
    pub(crate) async fn run(self, context: &Context) -> Result<Shown, Failure> {
        match self {
            Self::Add(add) => add.run(context).await,
            Self::Limit { credential, rate_limit } => limit(context, &credential, rate_limit).await,
            Self::List(place) => list(context, &place).await,
            Self::Revoke { credential } => revoke(context, &credential).await,
        }
    }
}

impl Add {
    async fn run(self, context: &Context) -> Result<Shown, Failure> {
        let scopes = scopes(self.dialect, self.scopes.clone())?;
        if self.dialect == Dialect::Kare {
            return self.set_password(context).await;
        }
        if self.person.is_some() {
            return Err(Failure::usage("--person is for Kare, where people sign in themselves"));
        }
        let world = World::load(context).await?;
        let (tenant, organization) = world.organization(&self.place)?;
        let new = NewCredential {
            tenant,
            organization: organization.id,
            dialect: self.dialect,
            name: self.name,
            scopes,
            rate_limit: self.rate_limit.unwrap_or_default(),
            expires_at: self.expires,
        };
        let organization = organization.name.clone();
        let made = new.add(&context.directory).await?;
        let limits = context.directory.rate_limits();
        let text = format!(
            "{}\nThe secret is shown this once, and only its hash is kept.\n",
            fields(&[
                ("id", Some(made.credential.id.to_string())),
                ("dialect", Some(made.credential.dialect.to_string())),
                ("organization", Some(organization)),
                ("scopes", Some(made.credential.scopes.0.join(" ")).filter(|scopes| !scopes.is_empty())),
                ("rate limit", Some(rate_limit(made.credential.rate_limit, self.dialect, limits))),
                ("client id", made.api_key().is_none().then(|| made.credential.public_id.clone())),
                ("client secret", made.api_key().is_none().then(|| made.secret.clone())),
                ("api key", made.api_key()),
            ])
        );
        Ok(Shown::new(text, made.json(limits)))
    }

    async fn set_password(self, context: &Context) -> Result<Shown, Failure> {
        let Some(person) = &self.person else {
            return Err(Failure::usage("in Kare people sign in themselves, with a password").hint(
                "say whose to set: personae credential add --dialect kare --person ada@aurora.example",
            ));
        };
        if self.rate_limit.is_some() || self.expires.is_some() {
            return Err(Failure::usage("a password has neither a rate limit nor an end"));
        }
        let world = World::load(context).await?;
        let found = find(context, &world, person, &self.place).await?;
        let caller = context.caller(found.tenant, found.any_organization());
        let key = PersonKey::Id(found.person);
        let record = context.directory.at(&caller).person(key, Needs::default()).await?;
        let Some(email) = record.person.email.as_ref().map(ToString::to_string) else {
            return Err(Failure::new("the person has no e-mail address to sign in with"));
        };
        let (password, is_new) = match self.password_stdin {
            true => (read_password()?, false),
            false => (password::generate(context.directory.entropy()), true),
        };
        password::check(&password)?;
        let hash = context.directory.passwords().hash(password.clone()).await;
        context.store().set_password(found.tenant, found.person, hash).await?;

        let shown = is_new.then_some(password);
        let text = fields(&[
            ("person", Some(record.person.name.shown())),
            ("user id", Some(record.person.number.to_string())),
            ("email", Some(email.clone())),
            ("password", shown.clone()),
        ]);
        let after = match is_new {
            true => "The password is shown this once, and only its hash is kept.\n",
            false => "The password is set.\n",
        };
        let json = json!({
            "dialect": self.dialect.as_str(),
            "person": found.person.to_string(),
            "userId": record.person.number.get(),
            "email": email,
            "password": shown,
        });
        Ok(Shown::new(format!("{text}\n{after}"), json))
    }
}

/// The scopes that a credential of this dialect gets.
fn scopes(dialect: Dialect, asked: Vec<String>) -> Result<Scopes, Failure> {
    let refuse = |scope: &str, hint: String| {
        Err(Failure::usage(format!("{scope:?} is no scope of {dialect}")).hint(hint))
    };
    let (default, is_known): (&[&str], fn(&str) -> bool) = match dialect {
        Dialect::Relesys => (&["relesys.api"], is_relesys_scope),
        Dialect::Laurel => (&["readwrite"], |scope| ["read", "readwrite"].contains(&scope)),
        Dialect::Replay | Dialect::Kare => (&[], |_| false),
    };
    if let Some(unknown) = asked.iter().find(|scope| !is_known(scope)) {
        return match dialect {
            Dialect::Relesys => {
                refuse(unknown, "use relesys.api or relesys.api.users, alone or with :read or :write".into())
            }
            Dialect::Laurel => refuse(unknown, one_of(["read", "readwrite"])),
            Dialect::Replay | Dialect::Kare => refuse(unknown, "it has none: leave --scope out".into()),
        };
    }
    Ok(Scopes(if asked.is_empty() { default.iter().map(|&scope| scope.to_owned()).collect() } else { asked }))
}

fn is_relesys_scope(scope: &str) -> bool {
    let base = scope.strip_suffix(":read").or_else(|| scope.strip_suffix(":write")).unwrap_or(scope);
    match base.strip_prefix("relesys.api") {
        Some("") => true,
        Some(area) => area.strip_prefix('.').is_some_and(|area| RELESYS_AREAS.contains(&area)),
        None => false,
    }
}

fn read_password() -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(PASSWORD_BYTES).read_to_string(&mut text);
    read.map_err(|error| Failure::new(format!("cannot read the password from standard input: {error}")))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

/// A credential of an organization, to be made.
#[derive(Debug, Clone)]
pub(crate) struct NewCredential {
    pub tenant: TenantId,
    pub organization: OrganizationId,
    pub dialect: Dialect,
    pub name: String,
    pub scopes: Scopes,
    pub rate_limit: RateLimit,
    pub expires_at: Option<Timestamp>,
}

/// A credential and its secret, which is nowhere else.
pub(crate) struct Made {
    pub credential: Credential,
    pub secret: String,
}

impl NewCredential {
    pub(crate) async fn add(self, directory: &Directory) -> Result<Made, Failure> {
        let now = directory.now();
        let id = directory::ports::uuid(now, directory.entropy());
        // What clients present is not the id under which events know the credential.
        let public = directory::ports::uuid(now, directory.entropy());
        let secret = directory.random_text();
        let credential = Credential {
            id: CredentialId(id),
            tenant: self.tenant,
            organization: self.organization,
            dialect: self.dialect,
            name: self.name,
            public_id: match self.dialect {
                Dialect::Replay => public.simple().to_string(),
                Dialect::Relesys | Dialect::Laurel | Dialect::Kare => public.to_string(),
            },
            keys: vec![KeyHash::new(&secret, now)],
            scopes: self.scopes,
            rate_limit: self.rate_limit,
            created_at: now,
            expires_at: self.expires_at,
            revoked_at: None,
            last_used_at: None,
        };
        directory.store().add_credential(credential.clone()).await?;
        Ok(Made { credential, secret })
    }
}

impl Made {
    /// The whole key, where the dialect has keys instead of clients.
    pub(crate) fn api_key(&self) -> Option<String> {
        let Credential { dialect, public_id, .. } = &self.credential;
        (*dialect == Dialect::Replay).then(|| format!("{public_id}.{}", self.secret))
    }

    fn json(&self, limits: RateLimits) -> Value {
        let mut json = json::credential(&self.credential, limits);
        match self.api_key() {
            Some(key) => json["apiKey"] = json!(key),
            None => {
                json["clientId"] = json!(self.credential.public_id);
                json["clientSecret"] = json!(self.secret);
            }
        }
        json
    }
}

async fn list(context: &Context, place: &Place) -> Result<Shown, Failure> {
    let world = World::load(context).await?;
    let places: Vec<_> = world.matching(place).into_iter().map(|(tenant, it)| (tenant, it.id)).collect();
    if places.is_empty() {
        world.tenant(place)?;
    }
    let mut credentials = context.store().credentials(None).await?;
    credentials.retain(|credential| places.contains(&(credential.tenant, credential.organization)));
    let limits = context.directory.rate_limits();
    let json: Value = credentials.iter().map(|it| json::credential(it, limits)).collect();
    let now = context.directory.now();
    let rows = credentials
        .iter()
        .map(|it| {
            let state = match it.revoked_at {
                Some(_) => "revoked",
                None if !it.is_live(now) => "expired",
                None => "live",
            };
            [
                it.id.to_string(),
                it.dialect.to_string(),
                world.name(it.tenant, it.organization),
                it.name.clone(),
                it.public_id.clone(),
                it.scopes.0.join(" "),
                rate_limit(it.rate_limit, it.dialect, limits),
                state.to_owned(),
                it.last_used_at.map_or_else(|| "never".to_owned(), |at| at.to_string()),
            ]
        })
        .collect();
    let titles =
        ["ID", "DIALECT", "ORGANIZATION", "NAME", "PUBLIC ID", "SCOPES", "RATE LIMIT", "STATE", "LAST USED"];
    Ok(Shown::new(table(titles, rows, "There are no credentials."), json))
}

/// The credential that is meant, live or not.
async fn named(context: &Context, text: &str) -> Result<Credential, Failure> {
    // A whole key may have been pasted; nothing of its secret is repeated.
    let public_id = text.split('.').next().unwrap_or_default();
    let all = context.store().credentials(None).await?;
    let found = all.into_iter().find(|it| it.public_id == public_id || Ok(it.id) == public_id.parse());
    found.ok_or_else(nothing)
}

fn nothing() -> Failure {
    Failure::new("there is no such live credential").hint("see them all with: personae credential list")
}

async fn limit(context: &Context, text: &str, limit: RateLimit) -> Result<Shown, Failure> {
    let mut credential = named(context, text).await?;
    if !context.store().limit_credential(credential.id, limit, context.directory.now()).await? {
        return Err(nothing());
    }
    credential.rate_limit = limit;
    let limits = context.directory.rate_limits();
    let text = format!(
        "The rate limit of {} ({}, {}) is {}.",
        credential.id,
        credential.dialect,
        credential.name,
        rate_limit(limit, credential.dialect, limits)
    );
    Ok(Shown::new(text, json::credential(&credential, limits)))
}

async fn revoke(context: &Context, text: &str) -> Result<Shown, Failure> {
    let credential = named(context, text).await?;
    if !context.store().revoke_credential(credential.id, context.directory.now()).await? {
        return Err(nothing());
    }
    let text = format!("Revoked {} ({}, {}).", credential.id, credential.dialect, credential.name);
    Ok(Shown::new(text, json!({"revoked": credential.id.to_string()})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_those_of_the_dialect() {
        let ok = |dialect, asked: &[&str]| {
            scopes(dialect, asked.iter().map(|&scope| scope.to_owned()).collect()).map(|scopes| scopes.0)
        };
        assert_eq!(ok(Dialect::Relesys, &[]).unwrap(), ["relesys.api"]);
        assert_eq!(ok(Dialect::Laurel, &[]).unwrap(), ["readwrite"]);
        assert_eq!(ok(Dialect::Replay, &[]).unwrap(), [""; 0]);
        let both = ["relesys.api.users:read", "relesys.api:write"];
        assert_eq!(ok(Dialect::Relesys, &both).unwrap(), both);
        for (dialect, scope) in [
            (Dialect::Relesys, "relesys.api.poems"),
            (Dialect::Relesys, "relesys.api.users:delete"),
            (Dialect::Relesys, "relesys.apiusers"),
            (Dialect::Relesys, ""),
            (Dialect::Laurel, "write"),
            (Dialect::Replay, "read"),
            (Dialect::Kare, "admin"),
        ] {
            assert_eq!(ok(dialect, &[scope]).unwrap_err().exit_code(), 2, "{dialect} {scope}");
        }
    }

    #[test]
    fn a_rate_limit_is_a_number_none_or_the_default() {
        let own = RateLimit::PerMinute(250.try_into().unwrap());
        assert_eq!(parse_rate_limit("250"), Ok(own));
        assert_eq!(parse_rate_limit("none"), Ok(RateLimit::Unlimited));
        assert_eq!(parse_rate_limit("default"), Ok(RateLimit::OfDialect));
        let defaults = RateLimits { relesys: 100.try_into().ok(), ..RateLimits::default() };
        let shown = |limit, dialect| rate_limit(limit, dialect, defaults);
        assert_eq!(shown(RateLimit::OfDialect, Dialect::Relesys), "100/min (default)");
        assert_eq!(shown(RateLimit::OfDialect, Dialect::Replay), "none (default)");
        assert_eq!(shown(own, Dialect::Relesys), "250/min");
        assert_eq!(shown(RateLimit::Unlimited, Dialect::Relesys), "none");
        for bad in ["0", "-1", "", "many", "4294967296"] {
            assert!(parse_rate_limit(bad).is_err(), "{bad}");
        }
    }
}
