//! Checks of documents and of text in general: links, and paths that exist on one machine only.

use std::path::Path;

use crate::repository::{File, root};

/// Folders that every machine has: documents may speak of them.
const SYSTEM: [&str; 13] =
    ["bin", "dev", "etc", "lib", "opt", "proc", "run", "sbin", "srv", "sys", "tmp", "usr", "var"];

/// Lines of a Markdown file with a link to a file that is not there.
pub(crate) fn dead_links(file: &File) -> Vec<String> {
    let path = root().join(&file.path);
    let folder = path.parent().unwrap_or(&path);
    let dead = links(&file.text).into_iter().filter(|(_, target)| !leads_somewhere(folder, target));
    dead.map(|(line, target)| format!("{line} {target}")).collect()
}

/// A link to a heading or to the web leads elsewhere, which is not looked at.
fn leads_somewhere(folder: &Path, target: &str) -> bool {
    let is_web = ["http://", "https://", "mailto:"].iter().any(|scheme| target.starts_with(scheme));
    let file = target.split('#').next().unwrap_or_default();
    is_web || file.is_empty() || !file.starts_with('/') && folder.join(file).exists()
}

/// Line and target of every link outside code: `[text](target)` and `[name]: target`.
fn links(markdown: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut in_fence = false;
    for (number, line) in markdown.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_fence = !in_fence;
        }
        if in_fence {
            continue;
        }
        let prose = without_code(line);
        let inline = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let definition =
            prose.strip_prefix('[').and_then(|rest| rest.split_once("]: ")).map(|(_, target)| target);
        for target in inline.chain(definition) {
            let target = target.split_whitespace().next().unwrap_or_default();
            found.push((number + 1, target.trim_matches(['<', '>']).to_owned()));
        }
    }
    found
}

/// A line without what stands between backticks.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("")
}

/// Lines that name an absolute path of somebody's machine: a home, or a neighbour of this checkout.
pub(crate) fn machine_paths(text: &str) -> Vec<String> {
    let checkout = root();
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for path in absolute_paths(line) {
            if is_of_one_machine(path, &checkout) {
                found.push(format!("{} {path}", number + 1));
            }
        }
    }
    found
}

/// Every `/a/b..` in a line that begins there, and is not the middle of a longer word or address.
fn absolute_paths(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (start, _) in line.match_indices('/') {
        let before = line[..start].chars().next_back();
        let continues = |c: char| c.is_alphanumeric() || "/.~_-{}$<>)*".contains(c);
        if before.is_some_and(continues) {
            continue;
        }
        let rest = &line[start..];
        let end = rest.find(|c: char| !(c.is_alphanumeric() || "/._-".contains(c))).unwrap_or(rest.len());
        if rest[1..end].contains('/') && !rest.starts_with("//") {
            found.push(&rest[..end]);
        }
    }
    found
}

fn is_of_one_machine(path: &str, checkout: &Path) -> bool {
    let top = |path: &str| path.split('/').nth(1).unwrap_or_default().to_owned();
    let checkout_text = checkout.to_string_lossy();
    let below = path.split('/').nth(2).unwrap_or_default();
    let home = matches!(top(path).as_str(), "home" | "root") && !below.is_empty();
    let neighbour = top(path) == top(&checkout_text)
        && !SYSTEM.contains(&top(path).as_str())
        && !below.is_empty()
        && Path::new("/").join(top(path)).join(below).exists();
    home || neighbour || path.starts_with(&*checkout_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_link_is_found() {
        let text = "[here](Cargo.toml) and [gone](no/such.md#part)\n```\n[code](no/such.md)\n```\n\
            `[code](no/such.md)` [web](https://example.com/x) [part](#part)\n[a]: no/such.md\n";
        let file = File { path: "README.md".into(), text: text.into() };
        assert_eq!(dead_links(&file), ["1 no/such.md#part", "6 no/such.md"]);
        let deeper = File { path: "crates/xtask/README.md".into(), text: "[up](../../Cargo.toml)".into() };
        assert!(dead_links(&deeper).is_empty());
    }

    #[test]
    fn absolute_paths_are_told_from_addresses() {
        let line = "see /a/b, 'sqlite:/c/d.db', https://host/e/f, ../g/h, {x}/i/j, and/or, /api";
        assert_eq!(absolute_paths(line), ["/a/b", "/c/d.db"]);
    }

    #[test]
    fn path_of_one_machine_is_found() {
        // Put together here, so that this file does not breach the rule itself.
        let home = ["", "home", "ada", "notes"].join("/");
        let own = root().join("Cargo.toml").display().to_string();
        assert_eq!(machine_paths(&format!("cat {home}")), [format!("1 {home}")]);
        assert_eq!(machine_paths(&format!("first\n({own})")), [format!("2 {own}")]);
        assert!(machine_paths("open /etc/personae/personae.toml, PATCH /phoneNumber/countryCode").is_empty());
    }

    #[test]
    fn neighbour_of_the_checkout_is_of_one_machine() {
        // The folder this checkout is in exists, whatever the machine calls it. Seen from another checkout beside it,
        // it is a neighbour, unless it lies in a folder that every machine has.
        let path = root().display().to_string();
        let names: Vec<&str> = path.split('/').skip(1).collect();
        let [top, below, ..] = names.as_slice() else { return };
        let checkout = Path::new("/").join(top).join("another-checkout");
        assert_eq!(is_of_one_machine(&format!("/{top}/{below}"), &checkout), !SYSTEM.contains(top));
        assert!(
            !is_of_one_machine(&format!("/{top}/no-such-folder"), &checkout)
                || ["home", "root"].contains(top)
        );
    }
}
