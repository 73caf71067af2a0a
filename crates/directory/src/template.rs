//! Message templates: what is sent to people, in the words of each culture.

use jiff::Timestamp;

use crate::ids::TemplateId;

/// The culture of a text that was written without one.
pub const DEFAULT_CULTURE: &str = "en-GB";

/// A template for messages. Placeholders in its texts look like `#name#`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pub id: TemplateId,
    pub name: String,
    /// In the order given, each culture once.
    pub cultures: Vec<TemplateCulture>,
    pub created_at: Timestamp,
    /// None: it was never changed.
    pub updated_at: Option<Timestamp>,
}

/// What a template says in one culture, by each channel that it has a text for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateCulture {
    /// Such as `en-GB`.
    pub culture: String,
    /// The text of a short message.
    pub sms: Option<String>,
    pub email: Option<TemplateEmail>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateEmail {
    pub subject: String,
    /// HTML.
    pub body: String,
}

impl Template {
    /// A template with nothing but a name.
    pub fn new(id: TemplateId, name: impl Into<String>) -> Self {
        Self {
            id,
            name: name.into(),
            cultures: Vec::new(),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: None,
        }
    }

    /// What there is in the culture that suits best: the one that is asked for, another of its language, the default one,
    /// the first. Cultures that have nothing of the kind are passed over.
    pub fn in_culture<'a, T>(
        &'a self,
        culture: Option<&str>,
        of: impl Fn(&'a TemplateCulture) -> Option<T>,
    ) -> Option<T> {
        let language = |culture: &str| culture.split('-').next().unwrap_or_default().to_ascii_lowercase();
        let rank = |it: &TemplateCulture| {
            let is_asked = culture.is_some_and(|asked| asked.eq_ignore_ascii_case(&it.culture));
            let is_of_language = culture.is_some_and(|asked| language(asked) == language(&it.culture));
            (!is_asked, !is_of_language, !it.culture.eq_ignore_ascii_case(DEFAULT_CULTURE))
        };
        let found = self.cultures.iter().filter_map(|it| Some((rank(it), of(it)?)));
        found.min_by_key(|(rank, _)| *rank).map(|(_, found)| found)
    }
}

/// A text with the values of its placeholders, which are names between two `#`. What has no value stays as it is, and no
/// value is looked at for placeholders.
pub fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('#') {
        filled.push_str(before);
        let known = after.split_once('#').and_then(|(name, after)| Some((value(name)?, after)));
        let (value, after) = known.unwrap_or_else(|| ("#".to_owned(), after));
        filled.push_str(&value);
        rest = after;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(cultures: &[(&str, &str)]) -> Template {
        let culture = |(culture, sms): &(&str, &str)| TemplateCulture {
            culture: (*culture).to_owned(),
            sms: (!sms.is_empty()).then(|| (*sms).to_owned()),
            email: None,
        };
        let cultures = cultures.iter().map(culture).collect();
        Template { cultures, ..Template::new(TemplateId::NIL, "x") }
    }

    #[test]
    fn the_culture_that_suits_best_is_taken() {
        let all = template(&[
            ("de-AT", "servus"),
            ("en-GB", "hello"),
            ("da-DK", ""),
            ("da-GL", "hej"),
            ("de-DE", "hallo"),
        ]);
        for (asked, expected) in [
            (Some("de-de"), "hallo"),
            (Some("de-CH"), "servus"),
            (Some("da-DK"), "hej"),
            (Some("fr-FR"), "hello"),
            (Some(""), "hello"),
            (None, "hello"),
        ] {
            assert_eq!(all.in_culture(asked, |it| it.sms.as_deref()), Some(expected), "{asked:?}");
        }
        let foreign = template(&[("de-AT", ""), ("da-DK", "hej"), ("de-DE", "hallo")]);
        assert_eq!(foreign.in_culture(None, |it| it.sms.as_deref()), Some("hej"));
        assert_eq!(foreign.in_culture(None, |it| it.email.as_ref()), None);
    }

    #[test]
    fn placeholders_are_filled_once() {
        let value = |name: &str| match name {
            "name" => Some("#email# & Co".to_owned()),
            "email" => Some(String::new()),
            _ => None,
        };
        for (text, filled) in [
            ("Hello #name#", "Hello #email# & Co"),
            ("#email##name#", "#email# & Co"),
            ("##name#", "##email# & Co"),
            ("#other# #name #email#", "#other# #name "),
            ("# ## ###", "# ## ###"),
            ("", ""),
        ] {
            assert_eq!(fill(text, value), filled, "{text}");
        }
    }
}
