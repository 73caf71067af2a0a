//! The attributes that a person is added with or changed in.

use std::collections::BTreeMap;

use directory::change::Change;
use directory::custom_field::{CustomFieldKind, CustomValue};
use directory::email::Email;
use directory::identity::{Family, Identity, LaurelType, Source};
use directory::ids::{DepartmentId, Number, ObjectId, OrganizationId, TeamId};
use directory::membership::{KareScope, ReplayRole};
use directory::organization::{Label, Role, Team};
use directory::person::{Entry, Gender, Lang, Phone};
use directory::person_change::{NameChange, PersonChange};
use directory::store::ReferenceData;
use jiff::civil::DateTime;

use crate::commands::entity::named;
use crate::commands::values::{parse_date_time, parse_email, parse_phone, parse_text, parse_time_zone, word};
use crate::error::Error;

#[derive(Debug, Default, PartialEq, clap::Args)]
pub(crate) struct Attributes {
    /// The given name or names
    #[arg(long, value_name = "NAME", value_parser = parse_text)]
    given_name: Option<String>,
    /// The family name or names
    #[arg(long, value_name = "NAME", value_parser = parse_text)]
    family_name: Option<String>,
    /// The full name instead, which is split at its last blank
    #[arg(long, conflicts_with_all = ["given_name", "family_name"], value_parser = parse_text)]
    name: Option<String>,
    #[arg(long, value_parser = parse_text)]
    nickname: Option<String>,
    #[arg(long, value_parser = parse_text)]
    initials: Option<String>,
    /// Unique in the tenant
    #[arg(long, value_parser = parse_text)]
    user_name: Option<String>,
    /// Unique in the tenant
    #[arg(long, value_parser = parse_email)]
    email: Option<Email>,
    #[arg(long, value_parser = parse_email)]
    second_email: Option<Email>,
    /// A further address; several times for several
    #[arg(long = "alias", value_name = "EMAIL", value_parser = parse_email)]
    aliases: Vec<Email>,
    /// As in "+45 12345678" or +4512345678, or without a country
    #[arg(long, value_parser = parse_phone)]
    phone: Option<Phone>,
    /// The job title
    #[arg(long, value_parser = parse_text)]
    title: Option<String>,
    /// As in 1990-12-30, or with a time, in UTC unless it has an offset
    #[arg(long, value_name = "DATE", value_parser = parse_date_time)]
    birth_date: Option<DateTime>,
    /// female or male
    #[arg(long, value_parser = parse_gender)]
    gender: Option<Gender>,
    /// The first day, as in 2024-02-01
    #[arg(long, value_name = "DATE", value_parser = parse_date_time)]
    employed_from: Option<DateTime>,
    /// The last day
    #[arg(long, value_name = "DATE", value_parser = parse_date_time)]
    employed_until: Option<DateTime>,
    /// As in "Full-time employee"
    #[arg(long, value_name = "TEXT", value_parser = parse_text)]
    employment: Option<String>,
    /// The primary department, by name or id
    #[arg(long, value_parser = parse_text)]
    department: Option<String>,
    /// A group, by name or id; several times for several
    #[arg(long = "group", value_name = "GROUP", value_parser = parse_text)]
    groups: Vec<String>,
    /// The team, by name or id (Replay)
    #[arg(long, value_parser = parse_text)]
    team: Option<String>,
    /// The label that is the person's profession, by name or number (Kare)
    #[arg(long, value_name = "LABEL", value_parser = parse_text)]
    profession: Option<String>,
    /// user, manager or admin
    #[arg(long, value_parser = parse_replay_role)]
    replay_role: Option<ReplayRole>,
    /// user or admin
    #[arg(long, value_parser = parse_kare_scope)]
    kare_scope: Option<KareScope>,
    /// A role, by name or id; several times for several
    #[arg(long = "laurel-role", value_name = "ROLE", value_parser = parse_text)]
    laurel_roles: Vec<String>,
    /// What another system calls the person, as relesys:VALUE, replay:VALUE or a Laurel type and value, azure:VALUE
    #[arg(long = "external-id", value_name = "SOURCE:VALUE", value_parser = parse_text)]
    external_ids: Vec<String>,
    /// A custom field, as KEY=VALUE; a multi-select takes VALUE,VALUE
    #[arg(long = "custom-field", value_name = "KEY=VALUE", value_parser = parse_text)]
    custom_fields: Vec<String>,
    /// fr, en or de
    #[arg(long, value_parser = parse_lang)]
    lang: Option<Lang>,
    /// As in Europe/Paris; what Windows calls a zone is translated
    #[arg(long, value_parser = parse_time_zone)]
    time_zone: Option<String>,
}

fn parse_gender(text: &str) -> Result<Gender, String> {
    word(text, Gender::parse, ["female", "male"])
}

fn parse_replay_role(text: &str) -> Result<ReplayRole, String> {
    word(text, ReplayRole::parse, ReplayRole::ALL.map(ReplayRole::as_str))
}

fn parse_kare_scope(text: &str) -> Result<KareScope, String> {
    word(text, KareScope::parse, KareScope::ALL.map(KareScope::as_str))
}

fn parse_lang(text: &str) -> Result<Lang, String> {
    word(text, Lang::parse, Lang::ALL.map(Lang::as_str))
}

impl Attributes {
    /// Whether any of them is of the membership, so that it matters in which organization it is changed.
    pub(super) fn are_of_membership(&self) -> bool {
        let Self { team, profession, replay_role, kare_scope, laurel_roles, external_ids, .. } = self;
        let is_of_replay = |id: &String| id.to_ascii_lowercase().starts_with("replay:");
        let names_any = team.is_some() || profession.is_some() || !laurel_roles.is_empty();
        names_any || replay_role.is_some() || kare_scope.is_some() || external_ids.iter().any(is_of_replay)
    }

    /// What they come to in that organization. What none of them names is kept.
    pub(super) fn change(
        &self,
        reference_data: &ReferenceData,
        here: OrganizationId,
    ) -> Result<PersonChange, Error> {
        let set = |value: &Option<String>| value.clone().map_or(Change::Keep, Change::Set);
        Ok(PersonChange {
            name: match &self.name {
                Some(full) => NameChange::Full(full.clone()),
                None => NameChange::Parts { given: set(&self.given_name), family: set(&self.family_name) },
            },
            nickname: set(&self.nickname),
            initials: set(&self.initials),
            user_name: set(&self.user_name),
            email: given(self.email.clone()),
            second_email: given(self.second_email.clone()),
            email_aliases: several(self.aliases.clone()),
            phone: given(self.phone.clone()),
            title: set(&self.title),
            birth_date: given(self.birth_date),
            gender: given(self.gender),
            employment_start: given(self.employed_from),
            employment_end: given(self.employed_until),
            employment_kind: set(&self.employment),
            primary_department: match &self.department {
                Some(text) => Change::Set(department(reference_data, text)?),
                None => Change::Keep,
            },
            groups: several(
                self.groups
                    .iter()
                    .map(|text| group(reference_data, text).map(|id| Entry { id, data_source: None }))
                    .collect::<Result<_, _>>()?,
            ),
            team: match &self.team {
                Some(text) => Change::Set(team(reference_data, text, here)?),
                None => Change::Keep,
            },
            profession: match &self.profession {
                Some(text) => Change::Set(label(reference_data, text, here)?),
                None => Change::Keep,
            },
            replay_role: given(self.replay_role),
            kare_scope: given(self.kare_scope),
            roles: several(
                self.laurel_roles.iter().map(|text| role(reference_data, text)).collect::<Result<_, _>>()?,
            ),
            identities: identities(&self.external_ids, here)?,
            custom_fields: custom_fields(&self.custom_fields, reference_data)?,
            lang: given(self.lang),
            time_zone: set(&self.time_zone),
            ..PersonChange::default()
        })
    }
}

fn given<T>(value: Option<T>) -> Change<T> {
    value.map_or(Change::Keep, Change::Set)
}

fn several<T>(values: Vec<T>) -> Change<Vec<T>> {
    if values.is_empty() { Change::Keep } else { Change::Set(values) }
}

fn department(reference_data: &ReferenceData, text: &str) -> Result<DepartmentId, Error> {
    let is_id = |it: &directory::organization::Department| text.parse() == Ok(it.id);
    named("department", text, &reference_data.departments, is_id, |it| &it.name).map(|it| it.id)
}

fn group(reference_data: &ReferenceData, text: &str) -> Result<directory::ids::GroupId, Error> {
    let is_id =
        |it: &directory::organization::Group| text.parse() == Ok(it.id) || text.parse() == Ok(it.object_id);
    named("group", text, &reference_data.groups, is_id, |it| &it.name).map(|it| it.id)
}

fn team(reference_data: &ReferenceData, text: &str, here: OrganizationId) -> Result<TeamId, Error> {
    let teams = reference_data.teams.iter().filter(|team| team.organization == here);
    named("team", text, teams, |it: &Team| text.parse() == Ok(it.id), |it| &it.name).map(|it| it.id)
}

fn label(reference_data: &ReferenceData, text: &str, here: OrganizationId) -> Result<Number, Error> {
    let labels = reference_data.labels.iter().filter(|label| label.organization == here);
    let is_id = |it: &Label| text == it.number.to_string();
    named("label", text, labels, is_id, |it| &it.name).map(|it| it.number)
}

fn role(reference_data: &ReferenceData, text: &str) -> Result<ObjectId, Error> {
    let is_id = |it: &Role| text.parse() == Ok(it.object_id);
    named("role", text, &reference_data.roles, is_id, |it| &it.name).map(|it| it.object_id)
}

fn identities(texts: &[String], here: OrganizationId) -> Result<BTreeMap<Family, Vec<Identity>>, Error> {
    let mut identities: BTreeMap<Family, Vec<Identity>> = BTreeMap::new();
    for text in texts {
        let identity = parse_identity(text, here).ok_or_else(|| {
            Error::usage(format!("{text:?} is not an external id"))
                .hint("write relesys:VALUE, replay:VALUE, or a Laurel type and value, as in azure:VALUE")
        })?;
        let family = identities.entry(identity.source.family()).or_default();
        let single = !matches!(identity.source, Source::Laurel(_));
        if single && !family.is_empty() {
            return Err(Error::usage(format!("{} knows one external id of a person", identity.source)));
        }
        family.push(identity);
    }
    Ok(identities)
}

fn parse_identity(text: &str, here: OrganizationId) -> Option<Identity> {
    let after_colon = |text: &str| {
        let (source, value) = text.split_once(':').filter(|(_, value)| !value.is_empty())?;
        Some((source.to_ascii_lowercase(), value.to_owned()))
    };
    let (mut source, mut value) = after_colon(text)?;
    if source == "laurel" {
        (source, value) = after_colon(&value)?;
    }
    let source = match source.as_str() {
        "relesys" => Source::Relesys,
        "replay" => {
            // As `person show` prints it, with the organization.
            let organization = format!("{here}:");
            value = value.strip_prefix(&organization).map(str::to_owned).unwrap_or(value);
            Source::Replay(here)
        }
        kind => Source::Laurel(LaurelType::parse(kind)?),
    };
    Some(Identity { source, value }).filter(|identity| !identity.value.is_empty())
}

fn custom_fields(
    texts: &[String],
    reference_data: &ReferenceData,
) -> Result<BTreeMap<String, Change<CustomValue>>, Error> {
    let mut fields = BTreeMap::new();
    for text in texts {
        let Some((key, value)) =
            text.split_once('=').filter(|(key, value)| !key.is_empty() && !value.is_empty())
        else {
            return Err(Error::usage(format!("{text:?} is not KEY=VALUE"))
                .hint("write a key and a value, as in skills=welding; leave the option out to say nothing"));
        };
        let field = reference_data.custom_fields.iter().find(|field| field.key == key).ok_or_else(|| {
            Error::new(format!("there is no custom field {key:?}"))
                .hint("see them all with: personae custom-field list")
        })?;
        let value = match field.kind {
            CustomFieldKind::MultiSelect => {
                CustomValue::List(value.split(',').map(|item| item.trim().to_owned()).collect())
            }
            CustomFieldKind::Text
            | CustomFieldKind::MultilineText
            | CustomFieldKind::Number
            | CustomFieldKind::Date => CustomValue::Text(value.to_owned()),
        };
        fields.insert(key.to_owned(), Change::Set(value));
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn here() -> OrganizationId {
        OrganizationId(Uuid::from_u128(7))
    }

    #[test]
    fn external_ids_keep_to_their_source() {
        let texts = ["Relesys:NUA", "replay:R:1", "AZURE:a", "laurel:zoom:z"].map(str::to_owned);
        let identities = identities(&texts, here()).unwrap();
        assert_eq!(identities[&Family::Relesys][0].value, "NUA");
        assert_eq!(identities[&Family::Replay(here())][0].value, "R:1");
        assert_eq!(identities[&Family::Laurel].len(), 2);
        let printed = Identity { source: Source::Replay(here()), value: "R:1".into() };
        let printed = parse_identity(&format!("{}:{}", printed.source, printed.value), here());
        assert_eq!(printed.unwrap().value, "R:1");
        for bad in [&["NUA"][..], &["scim:1"], &["relesys:"], &["laurel:"], &["relesys:1", "relesys:2"]] {
            let bad: Vec<String> = bad.iter().map(|text| (*text).to_owned()).collect();
            assert_eq!(super::identities(&bad, here()).unwrap_err().exit_code(), 2, "{bad:?}");
        }
    }

    #[test]
    fn a_thing_is_named_or_the_failure_says_where_to_look() {
        let id = |n| DepartmentId(Uuid::from_u128(n));
        let of = |n, name: &str| {
            directory::organization::Department::new(
                id(n),
                name,
                directory::organization::DepartmentKind::default(),
            )
        };
        let departments = vec![of(1, "Engines"), of(2, "Looms"), of(3, "looms")];
        let reference_data = ReferenceData { departments, ..ReferenceData::default() };
        assert_eq!(department(&reference_data, "engines").unwrap(), id(1));
        assert_eq!(department(&reference_data, &id(3).to_string()).unwrap(), id(3));
        let failure = department(&reference_data, "Looms").unwrap_err().to_string();
        assert!(failure.contains("more than one department"), "{failure}");
        let failure = department(&reference_data, "Sails").unwrap_err().to_string();
        assert!(failure.contains("hint: see them all with: personae department list"), "{failure}");
    }
}
