//! A person's name: given and family are the truth, the full name is what they join to.

/// A name. `full` is kept only where joining the parts would not give the text back that was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Name {
    /// Empty when unknown.
    pub given: String,
    /// Empty when unknown.
    pub family: String,
    pub full: Option<String>,
}

impl Name {
    pub fn new(given: impl Into<String>, family: impl Into<String>) -> Self {
        Self { given: given.into(), family: family.into(), full: None }
    }

    /// Splits a full name at its last blank; a single word is the given name.
    pub fn split(full: &str) -> Self {
        let (given, family) = full.rsplit_once(' ').unwrap_or((full, ""));
        let mut name = Self::new(given, family);
        if name.join() != full {
            name.full = Some(full.to_owned());
        }
        name
    }

    /// The full name as it is shown.
    pub fn shown(&self) -> String {
        self.full.clone().unwrap_or_else(|| self.join())
    }

    fn join(&self) -> String {
        match (self.given.as_str(), self.family.as_str()) {
            (given, "") => given.to_owned(),
            ("", family) => family.to_owned(),
            (given, family) => format!("{given} {family}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn what_was_written_is_what_is_shown() {
        for full in ["Cher", "Maria del Mar Ruiz", "Ada  Byron", " Cher", "Cher ", " ", "  ", "", "a b "] {
            assert_eq!(Name::split(full).shown(), full, "{full:?}");
        }
    }

    #[test]
    fn the_last_blank_divides() {
        assert_eq!(Name::split("Maria del Mar Ruiz"), Name::new("Maria del Mar", "Ruiz"));
        assert_eq!(Name::split("Cher"), Name::new("Cher", ""));
        assert_eq!(Name::split("Cher ").full.as_deref(), Some("Cher "));
    }
}
