//! Message templates.

use directory::ids::TemplateId;
use directory::template::{Template, TemplateCulture, TemplateEmail};
use serde::{Deserialize, Serialize};

use super::stored::{Listed, Stored};
use crate::codec;
use crate::sql::{Cell, Columns};

impl Listed for Template {
    const TABLE: &'static str = "template";
    const COLUMNS: &'static str = "o.id, o.name, o.cultures, o.created_at, o.updated_at";
}

impl Stored for Template {
    const GET: &'static str = "
        SELECT id, name, cultures, created_at, updated_at FROM template WHERE tenant = $1 AND id = $2";
    const LIST: &'static str = "
        SELECT id, name, cultures, created_at, updated_at FROM template WHERE tenant = $1 ORDER BY name, id";
    const INSERT: &'static str = "
        INSERT INTO template (tenant, id, name, cultures, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6)";
    const UPDATE: &'static str = "
        UPDATE template SET name = $3, cultures = $4, created_at = $5, updated_at = $6
        WHERE tenant = $1 AND id = $2";
    const DELETE: &'static str = "DELETE FROM template WHERE tenant = $1 AND id = $2";

    fn read(columns: &mut Columns) -> codec::Result<Self> {
        Ok(Self {
            id: TemplateId(columns.uuid()?),
            name: columns.text()?,
            cultures: columns.json::<Vec<CultureRow>>()?.into_iter().map(CultureRow::read).collect(),
            created_at: columns.time()?,
            updated_at: columns.optional_time()?,
        })
    }

    fn values(&self) -> codec::Result<Vec<Cell<'_>>> {
        let cultures: Vec<CultureRow> = self.cultures.iter().map(CultureRow::of).collect();
        Ok(vec![
            self.id.0.into(),
            self.name.as_str().into(),
            codec::json(&cultures)?.into(),
            self.created_at.into(),
            self.updated_at.into(),
        ])
    }
}

#[derive(Serialize, Deserialize)]
struct CultureRow {
    culture: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sms: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<EmailRow>,
}

#[derive(Serialize, Deserialize)]
struct EmailRow {
    subject: String,
    body: String,
}

impl CultureRow {
    fn of(it: &TemplateCulture) -> Self {
        let email = |it: &TemplateEmail| EmailRow { subject: it.subject.clone(), body: it.body.clone() };
        Self { culture: it.culture.clone(), sms: it.sms.clone(), email: it.email.as_ref().map(email) }
    }

    fn read(self) -> TemplateCulture {
        let email = self.email.map(|EmailRow { subject, body }| TemplateEmail { subject, body });
        TemplateCulture { culture: self.culture, sms: self.sms, email }
    }
}
