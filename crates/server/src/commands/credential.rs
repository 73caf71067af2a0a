//! `personae credential`: clients, keys and passwords, each shown once.

mod list;

use std::io::Read;

use directory::credential::{Credential, KeyRotation, Scopes};
use directory::ids::{CredentialId, Number, PersonId, TenantId};
use directory::organization::Organization;
use directory::record::{Include, Record};
use directory::store::{PersonKey, Unavailable};
use directory::text::fold;
use directory::throttle::{RateLimit, RateLimits};
use directory::{Caller, Change, Dialect, Directory, NewCredential, PersonChange, Refusal};
use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) use self::list::{List, named};
use super::connection::{Connection, Example};
use super::values::{parse_dialect, parse_name, parse_text, parse_time};
use crate::context::Context;
use crate::error::Error;
use crate::find::{Found, find};
use crate::json;
use crate::output::{Shown, fields};
use crate::password;
use crate::tenant_index::{Place, TenantIndex};
use crate::visible;

/// The areas of the Relesys API that have scopes of their own.
const RELESYS_AREAS: [&str; 8] =
    ["users", "kpis", "training", "serviceform", "media", "datalists", "insights", "notifications"];

/// Bytes of a password read from standard input, line break and all. The longest allowed is 100 characters.
const PASSWORD_BYTES: u64 = 1_024;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Add a credential, and show once its secret and all else that a client must be given
    #[command(after_help = "Examples:
  personae credential add --dialect relesys --organization Aurora --scope relesys.api.users:read
  personae credential add --dialect relesys --organization Aurora --rate-limit none
  personae credential add --dialect replay --organization Aurora --name \"LMS connector\"
  personae credential add --dialect laurel --organization Aurora --scope read
  personae credential add --dialect laurel --person ada@aurora.example
  personae credential add --dialect kare --person ada@aurora.example
  echo \"$PASSWORD\" | personae credential add --dialect kare --person ada@aurora.example --password-stdin

It prints the address, the ids that paths hold, the headers, and a call to paste. With --json it prints one object. Its
members are those of `credential list` (but for a password), the secret as clientId and clientSecret, apiKey, or userId,
email and password, and for all APIs baseUrl, headers (by name) and curl; for Relesys tokenUrl; for Replay companyId; for
Laurel tokenUrl, audience and customerId; for Kare signInUrl and organizationId.

If the secret cannot be written to standard output it is withdrawn again, and the exit code is 1.")]
    Add(Add),
    /// Change how many requests a minute a credential may make. It holds within a second
    #[command(after_help = "Examples:
  personae credential limit 018f0000-0000-7000-8000-000000000000 --rate-limit 250
  personae credential limit 018f0000-0000-7000-8000-000000000000 --rate-limit none
  personae credential limit 018f0000-0000-7000-8000-000000000000 --rate-limit default")]
    Limit {
        /// Its id, client id, or the part of its key before the dot
        #[arg(value_parser = parse_text)]
        credential: String,
        /// Requests a minute; none for any number; default for what the settings say for its API
        #[arg(long, visible_alias = "requests-per-minute", value_name = "N|none|default", value_parser = parse_rate_limit)]
        rate_limit: RateLimit,
    },
    /// List the credentials of organizations; people's passwords are not among them
    List(List),
    /// Make a new key or secret that works beside the old one within a second, and show it once
    #[command(after_help = "Examples:
  personae credential rotate 018f0000-0000-7000-8000-000000000000
  personae credential rotate 018f0000-0000-7000-8000-000000000000 --end-old

First make a new one and give it to the clients; ids, addresses and scopes stay as they are. When `credential list` shows that the
old one is not used any more, end it with --end-old. There are never more than two: where the old one still works, the next
rotation ends it. It prints what `credential add` prints. If the secret cannot be written to standard output, all is as before,
and the exit code is 1.")]
    Rotate {
        /// Its id, client id, or the part of its key before the dot
        #[arg(value_parser = parse_text)]
        credential: String,
        /// Make none; end the older of the two. It stops working within a second
        #[arg(long)]
        end_old: bool,
    },
    /// Revoke a credential. It stops working within a second
    Revoke {
        /// Its id, client id, or the part of its key before the dot
        #[arg(value_parser = parse_text)]
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
    #[arg(long = "scope", value_name = "SCOPE", value_parser = parse_scope)]
    scopes: Vec<String>,
    /// Requests a minute; none for any number. Unless given it is the default, which the settings say for each API
    /// (requests_per_minute): 100 for Relesys, as documented, and none for the others
    #[arg(long, visible_alias = "requests-per-minute", value_name = "N|none|default", value_parser = parse_rate_limit)]
    rate_limit: Option<RateLimit>,
    /// When it ends, as in 2027-01-01 or 2027-01-01T08:00:00Z. Laurel documents 90 days
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    expires: Option<Timestamp>,
    /// Kare: the person whose password to set. Laurel: the person for whom the client acts. By any id, e-mail or external id
    #[arg(long, value_parser = parse_text)]
    person: Option<String>,
    /// Kare: take the password from standard input instead of making one
    #[arg(long, requires = "person")]
    password_stdin: bool,
}

fn parse_rate_limit(text: &str) -> Result<RateLimit, String> {
    match text.to_ascii_lowercase().as_str() {
        "default" => Ok(RateLimit::OfDialect),
        "none" => Ok(RateLimit::Unlimited),
        // As the list prints it.
        number => number
            .strip_suffix("/min")
            .unwrap_or(number)
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

/// Scopes are written in lower case, whatever they are asked for in.
fn parse_scope(text: &str) -> Result<String, String> {
    parse_text(text).map(|scope| scope.to_ascii_lowercase())
}

impl Verb {
    pub(crate) async fn run(self, context: &Context) -> Result<Shown, Error> {
        match self {
            Self::Add(add) => add.run(context).await,
            Self::Limit { credential, rate_limit } => limit(context, &credential, rate_limit).await,
            Self::List(list) => list.run(context).await,
            Self::Rotate { credential, end_old: false } => rotate(context, &credential).await,
            Self::Rotate { credential, end_old: true } => end_old(context, &credential).await,
            Self::Revoke { credential } => revoke(context, &credential).await,
        }
    }
}

impl Add {
    async fn run(self, context: &Context) -> Result<Shown, Error> {
        let scopes = scopes(self.dialect, self.scopes.clone())?;
        if self.dialect == Dialect::Kare {
            return self.set_password(context).await;
        }
        if self.password_stdin {
            return Err(Error::usage("--password-stdin is for Kare, where people sign in with a password"));
        }
        let tenants = TenantIndex::load(context).await?;
        let (tenant, organization, person) = self.owner(context, &tenants).await?;
        let new = NewCredential {
            tenant,
            organization: organization.id,
            dialect: self.dialect,
            name: self.name,
            scopes,
            person,
            description: None,
            rate_limit: self.rate_limit.unwrap_or_default(),
            expires_at: self.expires,
        };
        // Whatever can fail comes before the secret, which must be shown once there is one.
        let example = Example::find(context, tenant, organization.id).await?;
        let made = Made::of(&context.directory, new).await?;
        let shown = made.shown(context, organization, example.as_ref(), "");
        Ok(Shown { secret: Some(Secret::Credential(made.credential.id)), ..shown })
    }

    /// The organization, or the person in it who acts by the credential.
    async fn owner<'t>(
        &self,
        context: &Context,
        tenants: &'t TenantIndex,
    ) -> Result<(TenantId, &'t Organization, Option<PersonId>), Error> {
        let Some(person) = &self.person else {
            let (tenant, organization) = tenants.organization(&self.place)?;
            return Ok((tenant, organization, None));
        };
        if self.dialect != Dialect::Laurel {
            return Err(Error::usage("--person is for Kare and Laurel, where people act for themselves"));
        }
        let found = find(context, tenants, person, &self.place).await?;
        let organization = found.only_organization(tenants)?;
        let organization = tenants.find(found.tenant, organization);
        let organization = organization.ok_or_else(|| Error::new("the organization is gone"))?;
        Ok((found.tenant, organization, Some(found.person)))
    }

    async fn set_password(self, context: &Context) -> Result<Shown, Error> {
        let Some(person) = &self.person else {
            return Err(Error::usage("in Kare people sign in themselves, with a password").hint(
                "say whose to set: personae credential add --dialect kare --person ada@aurora.example",
            ));
        };
        if self.rate_limit.is_some() || self.expires.is_some() {
            return Err(Error::usage("a password has neither a rate limit nor an end"));
        }
        let tenants = TenantIndex::load(context).await?;
        let found = find(context, &tenants, person, &self.place).await?;
        let caller = context.caller(found.tenant, found.any_organization());
        let key = PersonKey::Id(found.person);
        let record = context.directory.scoped(&caller).person(key.clone(), Include::default()).await?;
        let Some(email) = record.person.email.as_ref().map(ToString::to_string) else {
            return Err(Error::new("the person has no e-mail address to sign in with"));
        };
        let (password, is_new) = match self.password_stdin {
            true => (read_password()?, false),
            false => (password::generate(context.directory.entropy()), true),
        };
        password::check(&password)?;
        // Whatever can fail comes before the password, which must be shown once it is set.
        let organization = session_organization(context, &tenants, &found).await?;
        let before = password_of(context, &found, &email).await?;
        let directory = &context.directory;
        let hash = directory.new_password_hash(found.tenant, &record.person, password.clone()).await?;
        set_password_hash(context, &caller, key.clone(), Change::Set(hash)).await?;

        let secret = is_new.then_some(Secret::Password { caller: Box::new(caller), key, before });
        let shown = is_new.then_some(password);
        let connection = Connection::of_person(context, &email, shown.as_deref(), organization);
        let mut lines = vec![
            ("person", Some(record.person.name.shown())),
            ("user id", Some(record.person.number.to_string())),
            ("email", Some(email.clone())),
            ("password", shown.clone()),
        ];
        lines.extend(connection.fields());
        let text = fields(&lines);
        let after = match is_new {
            true => {
                "The password is shown this once, and only its hash is kept. All sessions of the person have ended."
            }
            false => "The password is set. All sessions of the person have ended.",
        };
        let mut json = json!({
            "dialect": self.dialect.as_str(),
            "person": found.person.to_string(),
            "userId": record.person.number.get(),
            "email": email,
            "password": shown,
        });
        connection.add_to(&mut json);
        let text = format!("{text}\n{after}\n\n{}", connection.try_it());
        Ok(Shown { secret, ..Shown::new(text, json) })
    }
}

/// The hash of the password that the person has, if there is one.
async fn password_of(context: &Context, found: &Found, email: &str) -> Result<Option<String>, Error> {
    let candidates = context.directory.operator().sign_in_candidates(fold(email)).await?;
    let theirs = candidates.into_iter().find(|it| (it.tenant, it.person) == (found.tenant, found.person));
    Ok(theirs.map(|it| it.password_hash))
}

async fn set_password_hash(
    context: &Context,
    caller: &Caller,
    key: PersonKey,
    hash: Change<String>,
) -> Result<(), Refusal> {
    let change = PersonChange { password_hash: hash, ..PersonChange::default() };
    let decide = move |_: &Record| Ok::<_, Refusal>(change.clone());
    context.directory.scoped(caller).change_person(key, Include::default(), decide).await?;
    Ok(())
}

/// The organization that a session in Kare is in: of the person's, the one with the lowest number.
async fn session_organization(
    context: &Context,
    tenants: &TenantIndex,
    found: &Found,
) -> Result<Option<Number>, Error> {
    let located = context.directory.operator().locate(vec![PersonKey::Id(found.person)]).await?;
    let theirs = located.iter().filter(|it| (it.tenant, it.person) == (found.tenant, found.person));
    let organizations = theirs.flat_map(|it| &it.organizations);
    Ok(organizations.filter_map(|id| tenants.find(found.tenant, *id)).map(|it| it.number).min())
}

/// What a command shows for the only time. If that fails it is of use to nobody, and must not stay in use.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Secret {
    Credential(CredentialId),
    Key {
        credential: CredentialId,
        undo: KeyRotation,
    },
    Password {
        caller: Box<Caller>,
        key: PersonKey,
        /// The hash of the one that was replaced.
        before: Option<String>,
    },
}

impl Secret {
    /// Takes the secret out of use, and adds to the failure what became of it.
    pub(crate) async fn withdraw(&self, context: &Context, failure: Error) -> Error {
        match self {
            Self::Credential(id) => match context.directory.operator().revoke_credential(*id).await {
                Ok(_) => {
                    failure.hint("its secret was not shown, so the credential was revoked; add another one")
                }
                Err(Unavailable) => failure.hint(format!(
                    "its secret was not shown, but it stays in use; run: personae credential revoke {id}"
                )),
            },
            Self::Key { credential, undo } => {
                let undone = context.directory.operator().rotate_credential(*credential, undo.clone()).await;
                match undone {
                    Ok(_) => failure.hint("the new secret was not shown, so those before are as they were"),
                    Err(Unavailable) => {
                        failure.hint("the new secret was not shown, but it is in use; rotate once more")
                    }
                }
            }
            Self::Password { caller, key, before } => {
                let (change, state) = match before {
                    Some(hash) => (Change::Set(hash.clone()), "the one before is valid again"),
                    None => (Change::Clear, "the person has none"),
                };
                match set_password_hash(context, caller, key.clone(), change).await {
                    Ok(()) => {
                        failure.hint(format!("the new password was not shown, so {state}; set another one"))
                    }
                    Err(_) => failure.hint("the new password was not shown, but it is set; set another one"),
                }
            }
        }
    }
}

/// The scopes that a credential of this dialect gets.
fn scopes(dialect: Dialect, asked: Vec<String>) -> Result<Scopes, Error> {
    let refuse = |scope: &str, hint: String| {
        Err(Error::usage(format!("{scope:?} is no scope of {dialect}")).hint(hint))
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
            Dialect::Laurel => refuse(unknown, "use one of: read, readwrite".into()),
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

fn read_password() -> Result<String, Error> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(PASSWORD_BYTES).read_to_string(&mut text);
    read.map_err(|error| Error::new(format!("cannot read the password from standard input: {error}")))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

/// A credential and its secret, which is nowhere else.
pub(crate) struct Made {
    pub credential: Credential,
    pub secret: String,
}

impl Made {
    pub(crate) async fn of(directory: &Directory, new: NewCredential) -> Result<Self, Error> {
        let (credential, secret) = directory.operator().add_credential(new).await?;
        Ok(Self { credential, secret })
    }

    /// The whole key, where the dialect has keys instead of clients.
    pub(crate) fn api_key(&self) -> Option<String> {
        let Credential { dialect, public_id, .. } = &self.credential;
        (*dialect == Dialect::Replay).then(|| format!("{public_id}.{}", self.secret))
    }

    /// All that a client must be given. `note` is a further sentence about the secret.
    fn shown(
        &self,
        context: &Context,
        organization: &Organization,
        example: Option<&Example>,
        note: &str,
    ) -> Shown {
        let Credential { id, dialect, public_id, scopes, .. } = &self.credential;
        let limits = context.directory.rate_limits();
        let connection = Connection::of_client(context, self, organization, example);
        let mut lines = vec![
            ("id", Some(id.to_string())),
            ("dialect", Some(dialect.to_string())),
            ("organization", Some(organization.name.clone())),
            ("scopes", Some(scopes.0.join(" ")).filter(|scopes| !scopes.is_empty())),
            ("rate limit", Some(rate_limit(self.credential.rate_limit, *dialect, limits))),
            ("client id", self.api_key().is_none().then(|| public_id.clone())),
            ("client secret", self.api_key().is_none().then(|| self.secret.clone())),
            ("api key", self.api_key()),
        ];
        lines.extend(connection.fields());
        let text = format!(
            "{}\nThe secret is shown this once, and only its hash is kept.{note}\n\n{}",
            fields(&lines),
            connection.try_it()
        );
        let mut json = self.json(limits);
        connection.add_to(&mut json);
        Shown::new(text, json)
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

fn nothing() -> Error {
    Error::new("there is no such live credential").hint("see them all with: personae credential list")
}

async fn limit(context: &Context, text: &str, limit: RateLimit) -> Result<Shown, Error> {
    let mut credential = named(context, text).await?;
    if !context.directory.operator().limit_credential(credential.id, limit).await? {
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

async fn rotate(context: &Context, text: &str) -> Result<Shown, Error> {
    let credential = named(context, text).await?;
    let tenants = TenantIndex::load(context).await?;
    let organization = tenants.find(credential.tenant, credential.organization).ok_or_else(nothing)?;
    // Whatever can fail comes before the secret, which must be shown once there is one.
    let example = Example::find(context, credential.tenant, organization.id).await?;
    let added = context.directory.operator().add_key(credential.id).await?;
    let (secret, undo) = added.ok_or_else(nothing)?;
    let id = credential.id;
    let credential = named(context, &id.to_string()).await?;
    let note = format!(
        " A running server takes it within a second. The one before works too.\nWhen nobody uses it any more, end it with: personae credential rotate {id} --end-old"
    );
    let shown = Made { credential, secret }.shown(context, organization, example.as_ref(), &note);
    Ok(Shown { secret: Some(Secret::Key { credential: id, undo }), ..shown })
}

async fn end_old(context: &Context, text: &str) -> Result<Shown, Error> {
    let credential = named(context, text).await?;
    let rotated = context.directory.operator().rotate_credential(credential.id, KeyRotation::DropOld).await?;
    let [before, after] = rotated.ok_or_else(nothing)?;
    let name = visible::line(&credential.name);
    let said = match before.len() > after.len() {
        true => "Ended the old key of",
        false => "There was no old key of",
    };
    let text = format!("{said} {} ({}, {name}).", credential.id, credential.dialect);
    let limits = context.directory.rate_limits();
    Ok(Shown::new(text, json::credential(&Credential { keys: after, ..credential }, limits)))
}

async fn revoke(context: &Context, text: &str) -> Result<Shown, Error> {
    let credential = named(context, text).await?;
    if !context.directory.operator().revoke_credential(credential.id).await? {
        return Err(nothing());
    }
    let name = visible::line(&credential.name);
    let text = format!("Revoked {} ({}, {name}).", credential.id, credential.dialect);
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
        assert_eq!(parse_rate_limit("250/min"), Ok(own));
        assert_eq!(parse_rate_limit("None"), Ok(RateLimit::Unlimited));
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
