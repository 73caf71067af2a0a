//! Checks of Rust code, made on its tokens, so that comments and look-alikes in text do not count.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A token and where it stands.
struct Token {
    line: usize,
    in_attribute: bool,
    kind: Kind,
}

#[derive(PartialEq)]
enum Kind {
    Word(String),
    Mark(char),
    /// A literal as it is written, quotes included.
    Literal(String),
}

/// Lines with a macro that stands for missing code, or with a test that is not run.
pub(crate) fn unfinished(source: &str) -> Vec<String> {
    let tokens = tokens(source);
    let mut found = Vec::new();
    for (token, next) in tokens.iter().zip(tokens.iter().skip(1)) {
        let Kind::Word(word) = &token.kind else { continue };
        let is_macro = next.kind == Kind::Mark('!');
        let stands_for_code = matches!(word.as_str(), "todo" | "unimplemented" | "dbg");
        if is_macro && stands_for_code || token.in_attribute && word == "ignore" {
            found.push(format!("{} {word}", token.line));
        }
    }
    found
}

/// Lines that go through one of these modules: `crate::kare::..`, `kare::..`, `use super::{kare, ..}`.
pub(crate) fn paths_through(source: &str, modules: &[&str]) -> Vec<String> {
    let tokens = tokens(source);
    let mark = |position: Option<usize>, mark: char| {
        position.and_then(|position| tokens.get(position)).is_some_and(|token| token.kind == Kind::Mark(mark))
    };
    let mut found = Vec::new();
    let mut in_use = false;
    for (position, token) in tokens.iter().enumerate() {
        match &token.kind {
            // `use<'a>` in a type is no import.
            Kind::Word(word) if word == "use" => in_use = !mark(Some(position + 1), '<'),
            Kind::Mark(';') => in_use = false,
            Kind::Word(word) if modules.contains(&word.as_str()) => {
                let back = |steps| position.checked_sub(steps);
                let after = mark(back(1), ':') && mark(back(2), ':');
                let before = mark(Some(position + 1), ':') && mark(Some(position + 2), ':');
                if in_use || after || before {
                    found.push(format!("{} {word}", token.line));
                }
            }
            _ => {}
        }
    }
    found
}

/// Lines that have `serde_json` read a text or a value, tests at the end of the file aside.
pub(crate) fn reads_json(source: &str) -> Vec<String> {
    const READERS: [&str; 5] = ["from_slice", "from_str", "from_reader", "from_value", "Deserializer"];
    uses(source, |owner, name| owner == "serde_json" && READERS.contains(&name))
}

/// Lines that open a file, or a database, tests at the end of the file aside.
pub(crate) fn opens_files(source: &str) -> Vec<String> {
    uses(source, |owner, name| match owner {
        "File" | "OpenOptions" => true,
        "fs" => matches!(name, "read" | "read_to_string" | "write" | "copy"),
        "Connection" => name.starts_with("open"),
        _ => false,
    })
}

/// Lines with a path whose last two names are these, tests at the end of the file aside.
fn uses(source: &str, is_one: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let tokens = tokens(source.split("\n#[cfg(test)]").next().unwrap_or_default());
    let mut found = Vec::new();
    for window in tokens.windows(4) {
        if let [owner, one, two, name] = window
            && one.kind == Kind::Mark(':')
            && two.kind == Kind::Mark(':')
            && let (Kind::Word(owner), Kind::Word(word)) = (&owner.kind, &name.kind)
            && is_one(owner, word)
        {
            found.push(format!("{} {word}", name.line));
        }
    }
    found
}

/// Lines with a string that holds SQL. Keywords are written in capitals, here as everywhere.
pub(crate) fn sql(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for token in tokens(source).iter().filter(|token| !token.in_attribute) {
        if let Kind::Literal(text) = &token.kind
            && is_sql(text)
        {
            found.push(format!("{} {}", token.line, text.lines().next().unwrap_or_default()));
        }
    }
    found
}

fn is_sql(text: &str) -> bool {
    let words: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    let has = |word: &str| words.contains(&word);
    let pair = |first: &str, second: &str| {
        let start = words.iter().position(|word| *word == first);
        start.is_some_and(|start| words[start..].contains(&second))
    };
    has("SELECT")
        || has("PRAGMA")
        || pair("INSERT", "INTO")
        || pair("UPDATE", "SET")
        || pair("DELETE", "FROM")
        || ["CREATE", "DROP", "ALTER"].iter().any(|verb| pair(verb, "TABLE") || pair(verb, "INDEX"))
}

/// Whether a manifest leaves the lints of the workspace out.
pub(crate) fn lints_not_inherited(manifest: &str) -> Vec<String> {
    let manifest: toml::Table = manifest.parse().expect("Cargo reads this manifest");
    let inherited = manifest.get("lints").and_then(|lints| lints.get("workspace")?.as_bool());
    if inherited == Some(true) { vec![] } else { vec![" the lints are not inherited".to_owned()] }
}

fn tokens(source: &str) -> Vec<Token> {
    let stream: TokenStream = source.parse().expect("the compiler reads this file");
    let mut tokens = Vec::new();
    flatten(stream, false, &mut tokens);
    tokens
}

fn flatten(stream: TokenStream, in_attribute: bool, tokens: &mut Vec<Token>) {
    let mut opens_attribute = false;
    for tree in stream {
        let line = tree.span().start().line;
        let was_opened = std::mem::take(&mut opens_attribute);
        let kind = match tree {
            TokenTree::Group(group) => {
                let attribute = was_opened && group.delimiter() == Delimiter::Bracket;
                flatten(group.stream(), in_attribute || attribute, tokens);
                continue;
            }
            TokenTree::Ident(word) => Kind::Word(word.to_string()),
            TokenTree::Punct(mark) => {
                // `#[..]` and `#![..]`; a doc comment arrives as the former.
                opens_attribute = mark.as_char() == '#' || was_opened && mark.as_char() == '!';
                Kind::Mark(mark.as_char())
            }
            TokenTree::Literal(literal) => Kind::Literal(literal.to_string()),
        };
        tokens.push(Token { line, in_attribute, kind });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unfinished_code_is_found() {
        let bad = "fn a() {\n    todo!()\n}\n#[test]\n#[ignore = \"slow\"]\nfn b() { dbg!(1); }\n";
        assert_eq!(unfinished(bad), ["2 todo", "5 ignore", "6 dbg"]);
        assert_eq!(unfinished("#[cfg_attr(windows, ignore)]\nfn a() {}"), ["1 ignore"]);
        let good = "/// todo!() is not code here, nor is ignore.\nfn ignore() { let todo = \"dbg!\"; }";
        assert!(unfinished(good).is_empty());
    }

    #[test]
    fn reading_json_past_the_limits_is_found() {
        let bad =
            "fn a() {\n    serde_json::from_slice::<Value>(b\"1\");\n}\nuse serde_json::Deserializer;\n";
        assert_eq!(reads_json(bad), ["2 from_slice", "4 Deserializer"]);
        let good = "use serde_json::Number;\n// serde_json::from_str\nfn a() { text.from_str(); serde_json::to_vec(&a); }";
        assert!(reads_json(good).is_empty());
        assert!(
            reads_json("fn a() {}\n#[cfg(test)]\nmod tests { fn b() { serde_json::from_str(\"\"); } }")
                .is_empty()
        );
    }

    #[test]
    fn opened_files_are_found() {
        let bad = "use std::fs::{self, File};\nfn a() { File::open(p); fs::copy(p, q);\n\
            std::fs::OpenOptions::new(); rusqlite::Connection::open_with_flags(p, f); }";
        let found = opens_files(bad);
        assert_eq!(found, ["2 open", "2 copy", "3 new", "3 open_with_flags"]);
        let good = "use std::fs::File;\n// File::open\nfn a() { fs::metadata(p); OpenConnection::open(p, p, f); \"fs::read\" }";
        assert_eq!(opens_files(good), [""; 0]);
        assert_eq!(opens_files("fn a() {}\n#[cfg(test)]\nmod tests { fn b() { File::open(p); } }"), [""; 0]);
    }

    #[test]
    fn path_through_a_sibling_is_found() {
        let siblings = ["relesys", "replay"];
        for bad in [
            "use crate::relesys::wire;",
            "use super::super::{error, replay};",
            "fn a() { crate::relesys::show() }",
            "fn a() { replay::show() }",
        ] {
            assert_eq!(paths_through(bad, &siblings).len(), 1, "{bad}");
        }
        let good = "// crate::relesys\nuse crate::kare::wire;\n\
            fn a(x: X) -> impl I + use<'_> { x.replay.or(\"crate::relesys\") }";
        assert!(paths_through(good, &siblings).is_empty());
    }

    #[test]
    fn sql_is_found_in_strings_only() {
        for bad in [
            "const A: &str = \"SELECT id FROM person\";",
            "fn a() { f(r#\"INSERT INTO person (id) VALUES (?1)\"#) }",
            "fn a() { f(\"UPDATE person\\n   SET name = ?1\", \"PRAGMA user_version\") }",
            "fn a() { f(\"DELETE FROM person\") }",
            "fn a() { f(\"CREATE UNIQUE INDEX a ON b (c)\") }",
        ] {
            assert!(!sql(bad).is_empty(), "{bad}");
        }
        let good = "/// SELECT id FROM person\nfn a() { f(\"DELETE\", \"Update the person, set a name\") } // PRAGMA x";
        assert!(sql(good).is_empty());
    }

    #[test]
    fn lints_must_be_inherited() {
        assert!(lints_not_inherited("[lints]\nworkspace = true\n").is_empty());
        assert!(!lints_not_inherited("[package]\nname = \"a\"\n").is_empty());
        assert!(!lints_not_inherited("[lints.rust]\nunsafe_code = \"forbid\"\n").is_empty());
    }
}
