//! `personae template`: the texts of messages.

use directory::ids::{OrganizationId, TemplateId, TenantId};
use directory::message::MessageChannel;
use directory::template::{DEFAULT_CULTURE, Template, TemplateCulture, TemplateEmail};
use directory::{Entity, EntityKey, EntityKind, Refusal, limits};

use super::values::{parse_name, word};
use crate::context::Context;
use crate::error::Error;
use crate::json;
use crate::output::{Shown, fields, table};
use crate::tenant_index::{Place, TenantIndex};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Add a text to the template of a name; the first text makes the template
    #[command(after_help = "Examples:
  personae template add --name welcome --subject Welcome --text \"Hello #name#\"
  personae template add --name welcome --channel sms --text \"Hello #name#\"
  personae template add --name welcome --subject Velkommen --text \"Hej #name#\" --culture da-DK")]
    Add(Add),
    /// List the templates of a tenant with their texts
    List(Place),
    /// Delete a template with all its texts
    Delete {
        /// The id, as `template list` shows it
        #[arg(value_name = "ID", value_parser = parse_id)]
        id: TemplateId,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    #[arg(long, value_parser = parse_name)]
    name: String,
    /// Of an e-mail; a text message has none
    #[arg(long, value_parser = parse_name)]
    subject: Option<String>,
    /// HTML in an e-mail, plain ASCII in a text message
    #[arg(long, value_parser = parse_body)]
    text: String,
    /// email or sms
    #[arg(long, value_parser = parse_channel, default_value = "email")]
    channel: MessageChannel,
    /// Such as da-DK
    #[arg(long, value_parser = parse_name, default_value = DEFAULT_CULTURE)]
    culture: String,
    #[command(flatten)]
    place: Place,
}

/// What is added to a template.
#[derive(Debug, Clone)]
enum Text {
    Email(TemplateEmail),
    Sms(String),
}

fn parse_channel(text: &str) -> Result<MessageChannel, String> {
    word(text, MessageChannel::parse, MessageChannel::ALL.map(MessageChannel::as_str))
}

fn parse_id(text: &str) -> Result<TemplateId, String> {
    text.parse().map_err(|_| "write an id as template list shows it".to_owned())
}

fn parse_body(text: &str) -> Result<String, String> {
    match text.chars().count() {
        _ if text.trim().is_empty() => Err("must not be blank".to_owned()),
        length if length > limits::TEMPLATE_TEXT => {
            Err(format!("must not be longer than {} characters", limits::TEMPLATE_TEXT))
        }
        _ => Ok(text.to_owned()),
    }
}

impl Verb {
    pub(crate) async fn run(self, context: &Context) -> Result<Shown, Error> {
        let tenants = TenantIndex::load(context).await?;
        match self {
            Self::Add(add) => {
                let root = tenants.root(&add.place)?;
                Ok(one(&add.run(context, root).await?))
            }
            Self::List(place) => {
                let (tenant, organization) = tenants.root(&place)?;
                let caller = context.caller(tenant, organization);
                Ok(list(&context.directory.scoped(&caller).reference_data().await?.templates))
            }
            Self::Delete { id, place } => {
                let (tenant, organization) = tenants.root(&place)?;
                let caller = context.caller(tenant, organization);
                let deleted =
                    context.directory.scoped(&caller).delete_entity(EntityKey::Template(id)).await?;
                Ok(one(&read(deleted)?))
            }
        }
    }
}

impl Add {
    /// A name stands for one template, so that a type of message finds its texts by it: what is there gets the text added.
    async fn run(self, context: &Context, root: (TenantId, OrganizationId)) -> Result<Template, Error> {
        let text = text_of(self.channel, self.subject, self.text)?;
        let caller = context.caller(root.0, root.1);
        let known = context.directory.scoped(&caller).reference_data().await?.templates;
        let Some(known) = known.into_iter().find(|it| it.name == self.name) else {
            let mut template = Template::new(TemplateId::NIL, self.name);
            put(&mut template, &self.culture, text)?;
            return context.create(&root, template).await;
        };
        let culture = self.culture;
        let decide = move |entity: &Entity| -> Result<Entity, Error> {
            let mut template = read(entity.clone())?;
            put(&mut template, &culture, text.clone())?;
            Ok(template.into())
        };
        let key = EntityKey::Template(known.id);
        read(context.directory.scoped(&caller).change_entity(key, decide).await?)
    }
}

fn text_of(channel: MessageChannel, subject: Option<String>, body: String) -> Result<Text, Error> {
    match (channel, subject) {
        (MessageChannel::Email, Some(subject)) => Ok(Text::Email(TemplateEmail { subject, body })),
        (MessageChannel::Email, None) => Err(Error::usage("an e-mail needs a --subject")),
        (MessageChannel::Sms, Some(_)) => Err(Error::usage("a text message has no --subject")),
        // The vendor documents the body of a text message as ASCII.
        (MessageChannel::Sms, None) if !body.is_ascii() => {
            Err(Error::usage("the --text of a text message must be ASCII"))
        }
        (MessageChannel::Sms, None) => Ok(Text::Sms(body)),
    }
}

/// Puts the text where nothing stands yet: a text that people rely on is not replaced unnoticed.
fn put(template: &mut Template, culture: &str, text: Text) -> Result<(), Error> {
    let at = template.cultures.iter().position(|it| it.culture.eq_ignore_ascii_case(culture));
    let at = at.unwrap_or_else(|| {
        template.cultures.push(TemplateCulture { culture: culture.to_owned(), sms: None, email: None });
        template.cultures.len() - 1
    });
    let it = &mut template.cultures[at];
    let is_taken = match text {
        Text::Email(email) => it.email.replace(email).is_some(),
        Text::Sms(body) => it.sms.replace(body).is_some(),
    };
    match is_taken {
        true => Err(Error::new("the template has such a text in that culture already")
            .hint("delete it with: personae template delete ID")),
        false => Ok(()),
    }
}

fn read(entity: Entity) -> Result<Template, Error> {
    entity.try_into().map_err(|_: EntityKind| Refusal::NoSuchEntity(EntityKind::Template).into())
}

fn one(it: &Template) -> Shown {
    let text = fields(&[
        ("id", Some(it.id.to_string())),
        ("name", Some(it.name.clone())),
        ("texts", Some(texts(it))),
    ]);
    Shown::new(text, json::template(it))
}

fn list(all: &[Template]) -> Shown {
    let row = |it: &Template| [it.id.to_string(), it.name.clone(), texts(it)];
    let text = table(["ID", "NAME", "TEXTS"], all.iter().map(row).collect(), "There are no templates.");
    Shown::new(text, all.iter().map(json::template).collect())
}

/// Which texts there are; the texts themselves may be long, and are in the JSON.
fn texts(template: &Template) -> String {
    let of = |it: &TemplateCulture| {
        let channels = [it.email.is_some().then_some("email"), it.sms.is_some().then_some("sms")];
        let channels: Vec<&str> = channels.into_iter().flatten().collect();
        format!("{} ({})", it.culture, channels.join(", "))
    };
    template.cultures.iter().map(of).collect::<Vec<_>>().join(", ")
}
