//! Tests that documents name as the proof of what they say.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::repository::File;

/// Lines of a Markdown file that name, as `` `suite::module::test_name` ``, a test that is not among these.
pub(crate) fn without_test(markdown: &str, tests: &BTreeSet<String>) -> Vec<String> {
    let named = named(markdown).into_iter().filter(|(_, name)| !tests.contains(*name));
    named.map(|(line, name)| format!("{line} {name}")).collect()
}

/// Line and name of every path of Rust between backticks.
pub(crate) fn named(markdown: &str) -> Vec<(usize, &str)> {
    let is_path = |text: &&str| {
        let is_name = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        text.contains("::") && text.split("::").all(is_name)
    };
    markdown
        .lines()
        .enumerate()
        .flat_map(|(index, line)| line.split('`').skip(1).step_by(2).map(move |code| (index + 1, code)))
        .filter(|(_, code)| is_path(code))
        .collect()
}

/// The names of all tests in these files. A suite is called as its file or folder in `tests`, a crate as its folder.
pub(crate) fn tests(files: &[File]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in files {
        let Some(module) = module_of(&file.path) else { continue };
        let tokens: TokenStream = file.text.parse().expect("a source of the repository is Rust");
        collect(tokens, &module, &mut found);
    }
    found
}

/// `crates/store/src/fair/mod.rs` is `store::fair`, and `crates/server/tests/it/main.rs` is `it`.
fn module_of(path: &str) -> Option<String> {
    let (name, below) = path.strip_prefix("crates/")?.split_once('/')?;
    let (root, rest) = match below.split_once('/')? {
        ("src", rest) => (Some(name), rest),
        ("tests", rest) => (None, rest),
        _ => return None,
    };
    let inner = rest.strip_suffix(".rs")?.split('/').filter(|part| !matches!(*part, "main" | "lib" | "mod"));
    Some(root.into_iter().chain(inner).collect::<Vec<_>>().join("::"))
}

/// The functions below `module` that are tests, in modules within the file too.
fn collect(tokens: TokenStream, module: &str, found: &mut BTreeSet<String>) {
    let (mut is_test, mut word, mut name) = (false, String::new(), None);
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                let before = std::mem::replace(&mut word, ident.to_string());
                match before.as_str() {
                    "mod" => name = Some(word.clone()),
                    "fn" if std::mem::take(&mut is_test) => {
                        found.insert(format!("{module}::{word}"));
                    }
                    _ => {}
                }
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket && word.is_empty() => {
                is_test |= is_test_attribute(group.stream());
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                if let Some(inner) = name.take() {
                    collect(group.stream(), &format!("{module}::{inner}"), found);
                }
                word.clear();
            }
            // After `#` an attribute follows, and after `;` another item.
            TokenTree::Punct(mark) if matches!(mark.as_char(), '#' | ';') => {
                word.clear();
                name = None;
            }
            TokenTree::Group(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// `test`, `tokio::test`, `tokio::test(flavor = "multi_thread")`.
fn is_test_attribute(attribute: TokenStream) -> bool {
    let words = attribute.into_iter().filter_map(|token| match token {
        TokenTree::Ident(ident) => Some(ident.to_string()),
        TokenTree::Group(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => None,
    });
    words.last().is_some_and(|last| last == "test")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> BTreeSet<String> {
        let file = |path: &str, text: &str| File { path: path.into(), text: text.into() };
        let source = "//! x\nfn a() {}\n#[tokio::test(flavor = \"multi_thread\")]\nasync fn b() { fn c() {} }\n\
            #[cfg(test)]\nmod tests { use x; #[test] #[should_panic] fn d() {} fn e() {} }";
        super::tests(&[
            file("crates/store/src/fair/mod.rs", source),
            file("crates/server/tests/it/main.rs", "mod bodies;\n#[test]\nfn f() {}"),
            file("crates/server/tests/it/contract/kare.rs", "#[test]\nfn g() {}"),
            file("crates/dialects/tests/laws.rs", "#[test]\nfn h() {}"),
        ])
    }

    #[test]
    fn tests_are_called_by_suite_or_crate() {
        let expected =
            ["it::contract::kare::g", "it::f", "laws::h", "store::fair::b", "store::fair::tests::d"];
        assert_eq!(sources().iter().map(String::as_str).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn test_that_is_not_there_is_found() {
        let text =
            "| 1 | `it::f` and `laws::h` |\n| 2 | `it::gone`, `a b::c`, `sqlite:personae.db` |\n\nit::gone\n";
        assert_eq!(without_test(text, &sources()), ["2 it::gone"]);
    }
}
