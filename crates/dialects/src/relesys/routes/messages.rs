//! Relesys' routes that send messages to users, which wait in the outbox.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use directory::message::Content;
use directory::person::Person;
use directory::query::{Direction, Filter, Literal, Operator, Query, Window};
use directory::template::{Template, TemplateEmail};
use directory::{Attribute, EntityKey, EntityKind, Include, Property, Refusal, TemplateField, TenantScope};

use super::entity::Addressed;
use super::{address, read};
use crate::http::{Params, answer, body};
use crate::relesys::auth::{Api, Caller, Write};
use crate::relesys::error::{Error, sentence};
use crate::relesys::lens::{Delivery, MessageSource, SendMessage, Texts, reachable, read_reset, read_sms};

/// The template of the message that asks for a new password, where the tenant has one.
const RESET: &str = "forgottenpassword";

pub(super) async fn send_sms(
    State(api): State<Api>,
    caller: Caller<Write>,
    Params((version, user), _): Params<(String, String), Error>,
    request: Request,
) -> Result<Response, Error> {
    let (_, key) = address(&version, &user)?;
    let text = read_sms(read(request, body::JSON).await?)?;
    let scope = api.scoped(&caller);
    let person = scope.person(key, Include::default()).await?.person;
    let texts = Texts { sms: Some(text), email: None };
    let contents = texts.contents(&person, Delivery { email: false, sms: true }, "message")?;
    send(scope, &person, contents, "message").await
}

pub(super) async fn send_message(
    State(api): State<Api>,
    caller: Caller<Write>,
    Params((version, user), _): Params<(String, String), Error>,
    request: Request,
) -> Result<Response, Error> {
    let (_, key) = address(&version, &user)?;
    let SendMessage { delivery, source } = SendMessage::read(read(request, body::JSON).await?)?;
    let scope = api.scoped(&caller);
    let person = scope.person(key, Include::default()).await?.person;
    let named = source.name();
    let template = match source {
        MessageSource::Body(texts) => {
            return send(scope, &person, texts.contents(&person, delivery, named)?, named).await;
        }
        MessageSource::Template(id) => match scope.entity(EntityKey::Template(id)).await {
            Ok(entity) => Some(Template::of(entity)?),
            Err(Refusal::NoSuchEntity(EntityKind::Template)) => None,
            Err(refusal) => return Err(refusal.into()),
        },
        MessageSource::Type(name) => template_named(scope, name).await?,
    };
    let template = template.ok_or_else(|| Error::at(named, "There is no such template."))?;
    let texts = Texts::of(&template, culture(scope, &person).await?.as_deref(), &person);
    send(scope, &person, texts.contents(&person, delivery, named)?, named).await
}

pub(super) async fn send_password_reset_link(
    State(api): State<Api>,
    caller: Caller<Write>,
    Params((version, user), _): Params<(String, String), Error>,
    request: Request,
) -> Result<Response, Error> {
    let (_, key) = address(&version, &user)?;
    let delivery = read_reset(read(request, body::JSON).await?)?;
    let scope = api.scoped(&caller);
    let person = scope.person(key, Include::default()).await?.person;
    let delivery = match delivery {
        Some(delivery) => delivery,
        None => reachable(&person)?,
    };
    let texts = match template_named(scope, RESET).await? {
        Some(template) => Texts::of(&template, culture(scope, &person).await?.as_deref(), &person),
        None => reset_texts(),
    };
    send(scope, &person, texts.contents(&person, delivery, "deliveryMethod")?, "deliveryMethod").await
}

/// What is said where the tenant has no template for it.
fn reset_texts() -> Texts {
    let email = TemplateEmail {
        subject: "A new password".to_owned(),
        body: "<p>You were asked to choose a new password.</p>".to_owned(),
    };
    Texts { email: Some(email), sms: Some("You were asked to choose a new password.".to_owned()) }
}

/// Puts the messages into the outbox. `source` is what the request named for the texts.
async fn send(
    scope: TenantScope<'_>,
    person: &Person,
    contents: Vec<Content>,
    source: &str,
) -> Result<Response, Error> {
    scope.send(person.id, contents).await.map_err(|refusal| match refusal {
        Refusal::Invalid { attribute: Attribute::Of(Property::Text | Property::Subject), reason } => {
            Error::at(source, sentence(&reason))
        }
        refusal => Error::NotCreated(refusal),
    })?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

/// The oldest template of that name.
async fn template_named(scope: TenantScope<'_>, name: &str) -> Result<Option<Template>, Refusal> {
    let query = Query {
        filter: Filter::Compare(TemplateField::Name, Operator::Equal, Literal::Text(name.to_owned())),
        sort: vec![(TemplateField::CreatedAt, Direction::Ascending)],
        window: Window::Offset(0, 1),
        count: false,
    };
    Ok(scope.list_templates(query).await?.items.pop())
}

/// The culture that is written in where the person works.
async fn culture(scope: TenantScope<'_>, person: &Person) -> Result<Option<String>, Refusal> {
    let Some(department) = person.primary_department else { return Ok(None) };
    match scope.entity(EntityKey::Department(department)).await {
        Ok(directory::Entity::Department(department)) => Ok(department.content_culture),
        // It was deleted in this moment.
        Ok(_) | Err(Refusal::NoSuchEntity(_)) => Ok(None),
        Err(refusal) => Err(refusal),
    }
}
