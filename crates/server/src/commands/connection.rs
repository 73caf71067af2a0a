//! What a client is given to reach an API, beside the credential itself: addresses, ids, headers, and a call to paste.

use directory::Dialect;
use directory::PersonField;
use directory::ids::{Number, ObjectId, OrganizationId, PersonId, TenantId};
use directory::organization::Organization;
use directory::query::{Direction, Filter, Literal, Operator, Query};
use directory::record::Include;
use directory::status::Status;
use serde_json::{Map, Value, json};

use super::credential::Made;
use crate::context::Context;
use crate::curl::{
    LAUREL_AUDIENCE, kare_headers, kare_sign_in, kare_sign_in_url, laurel_token, laurel_token_url, quoted,
    relesys_token, relesys_token_url,
};
use crate::error::Error;

/// What is printed of it for people and in JSON.
pub(super) struct Connection {
    /// Name in JSON, name for people, value.
    values: Vec<(&'static str, &'static str, Value)>,
    headers: Vec<(&'static str, String)>,
    curl: String,
    /// What the call needs that is not known here.
    to_fill_in: Option<&'static str>,
    /// True if only clients on this machine reach the address.
    is_local: bool,
}

/// Somebody to read, so that the call answers with something.
pub(super) struct Example {
    id: PersonId,
    object_id: ObjectId,
}

impl Example {
    /// An active person of the organization, if there is one.
    pub(super) async fn find(
        context: &Context,
        tenant: TenantId,
        organization: OrganizationId,
    ) -> Result<Option<Self>, Error> {
        let caller = context.caller(tenant, organization);
        let at = context.directory.scoped(&caller);
        let active = Literal::Text(Status::Active.as_str().to_owned());
        let active = Filter::Compare(PersonField::ExactStatus, Operator::Equal, active);
        let order = vec![(PersonField::ObjectId, Direction::Ascending)];
        let page = at.list_people(Query::first(active, order, 1), Include::default()).await?;
        Ok(page.items.first().map(|record| Self { id: record.person.id, object_id: record.person.object_id }))
    }
}

impl Connection {
    /// For a client or a key that was just made for an organization.
    pub(super) fn of_client(
        context: &Context,
        made: &Made,
        organization: &Organization,
        example: Option<&Example>,
    ) -> Self {
        let dialect = made.credential.dialect;
        let base = context.config.base_url(dialect);
        let (id, object_id) = match example {
            Some(example) => (example.id.to_string(), example.object_id.to_string()),
            None => ("USER_ID".to_owned(), "USER_ID".to_owned()),
        };
        let (public_id, secret) = (&made.credential.public_id, &made.secret);
        let bearer = |token: &str| format!("-H \"Authorization: Bearer $({token})\"");
        let (values, headers, path, authentication) = match dialect {
            Dialect::Relesys => {
                let scope = made.credential.scopes.0.join(" ");
                (
                    vec![("tokenUrl", "token URL", json!(relesys_token_url(&base)))],
                    vec![("Authorization", "Bearer ACCESS_TOKEN".to_owned())],
                    format!("/api/v1.4/users/{id}"),
                    bearer(&relesys_token(&base, public_id, secret, &scope)),
                )
            }
            Dialect::Replay => {
                let key = made.api_key().unwrap_or_default();
                (
                    vec![("companyId", "company id", json!(organization.id.to_string()))],
                    vec![("x-api-key", key.clone())],
                    format!("/api/user/{id}"),
                    format!("-H {}", quoted(&format!("x-api-key: {key}"))),
                )
            }
            Dialect::Laurel => {
                let customer = organization.object_id.to_string();
                let path = format!("/api/v1/customers/{customer}/users/{object_id}");
                (
                    vec![
                        ("tokenUrl", "token URL", json!(laurel_token_url(&base))),
                        ("audience", "audience", json!(LAUREL_AUDIENCE)),
                        ("customerId", "customer id", json!(customer)),
                    ],
                    vec![("Authorization", "Bearer ACCESS_TOKEN".to_owned())],
                    path,
                    bearer(&laurel_token(&base, public_id, secret)),
                )
            }
            Dialect::Kare => {
                unreachable!("a credential of Kare is a person's password, which no client is made for")
            }
        };
        let curl = format!("curl -sS {} \\\n  {authentication}; echo", quoted(&format!("{base}{path}")));
        let to_fill_in = example.is_none().then_some("USER_ID: this organization has no user yet");
        Self::new(context, base, values, headers, curl, to_fill_in)
    }

    /// For a person who signs in to Kare; the organization is the one that the session will be in.
    pub(super) fn of_person(
        context: &Context,
        email: &str,
        password: Option<&str>,
        organization: Option<Number>,
    ) -> Self {
        let base = context.config.base_url(Dialect::Kare);
        let curl = format!(
            "{}\ncurl -sS {} \\\n  {}; echo",
            kare_sign_in(&base, email, password.unwrap_or("PASSWORD")),
            quoted(&format!("{base}/main/users/v1/rs/me")),
            kare_headers()
        );
        let values = vec![
            ("signInUrl", "sign-in URL", json!(kare_sign_in_url(&base))),
            ("organizationId", "organization id", json!(organization.map(Number::get))),
        ];
        let headers = vec![
            ("Authorization", "Bearer ACCESS_TOKEN".to_owned()),
            ("x-session-token", "SESSION_TOKEN".to_owned()),
        ];
        let to_fill_in = password.is_none().then_some("PASSWORD: the one that was set");
        Self::new(context, base, values, headers, curl, to_fill_in)
    }

    fn new(
        context: &Context,
        base: String,
        mut values: Vec<(&'static str, &'static str, Value)>,
        headers: Vec<(&'static str, String)>,
        curl: String,
        to_fill_in: Option<&'static str>,
    ) -> Self {
        values.insert(0, ("baseUrl", "base URL", json!(base)));
        Self { values, headers, curl, to_fill_in, is_local: context.config.public_url.is_empty() }
    }

    /// Lines for [`crate::output::fields`].
    pub(super) fn fields(&self) -> Vec<(&'static str, Option<String>)> {
        let values = self.values.iter().map(|(_, name, value)| {
            let text = value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|it| it.to_string()));
            (*name, text)
        });
        values
            .chain(self.headers.iter().map(|(name, value)| ("header", Some(format!("{name}: {value}")))))
            .collect()
    }

    /// The call, and what to know of it.
    pub(super) fn try_it(&self) -> String {
        let mut text = "Try it:\n".to_owned();
        if self.is_local {
            text.push_str("# The address is for clients on this machine. Set public_url to be told the one for all others.\n");
        }
        if let Some(what) = self.to_fill_in {
            text.push_str(&format!("# Fill in {what}.\n"));
        }
        text.push_str(&self.curl);
        text.push('\n');
        text
    }

    /// Adds the members `baseUrl`, `headers`, `curl` and those that the API has beside.
    pub(super) fn add_to(&self, json: &mut Value) {
        for (name, _, value) in &self.values {
            json[*name] = value.clone();
        }
        let headers: Map<String, Value> =
            self.headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        json["headers"] = headers.into();
        json["curl"] = json!(self.curl);
    }
}
