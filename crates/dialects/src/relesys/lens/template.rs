//! The template of a message as Relesys sees it.

use directory::template::{Template, TemplateCulture};

use crate::http::time::ticks;
use crate::relesys::wire;

pub fn show(template: &Template) -> wire::Template<'_> {
    wire::Template {
        id: template.id.0,
        name: &template.name,
        communication_template_cultures: template.cultures.iter().map(culture).collect(),
        creation_date_time: ticks(template.created_at),
        last_modified_date_time: template.updated_at.map(ticks),
    }
}

fn culture(culture: &TemplateCulture) -> wire::TemplateCulture<'_> {
    wire::TemplateCulture {
        culture_code: &culture.culture,
        sms: culture.sms.as_deref().map(|body| wire::TemplateSms { body }),
        email: culture
            .email
            .as_ref()
            .map(|email| wire::TemplateEmail { subject: &email.subject, body: &email.body }),
    }
}
