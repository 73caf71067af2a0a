//! Generated people: what goes into their attributes, plausible and less so, and a runner that can repeat itself.
//!
//! Everything is a proptest strategy, so that a failing case shrinks to the smallest one that still fails.

use proptest::char;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngSeed, TestRunner};

/// The seed unless `PROPTEST_RNG_SEED` names another: with the same cases in every run, a failure is never a surprise
/// to someone else's change.
const SEED: u64 = 6902;

/// Runs `test` on `cases` generated inputs. A failed assertion in it, or a panic, is a failed case.
///
/// # Panics
/// With the smallest input found that fails, and the seed that leads to it.
#[track_caller]
pub fn check<S: Strategy>(cases: u32, strategy: S, test: impl Fn(S::Value)) {
    // The settings start from the environment, which is where proptest reads the seed, too.
    let mut config = Config { cases, failure_persistence: None, ..Config::default() };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(SEED);
    }
    let seed = config.rng_seed;
    let result = TestRunner::new(config).run(&strategy, |input| {
        test(input);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}\nto repeat this, set PROPTEST_RNG_SEED={seed}");
    }
}

/// A given or family name as people have them: up to three words, several scripts, hyphens, apostrophes, accents both
/// composed and combining.
pub fn name() -> impl Strategy<Value = String> {
    let word = select(vec![
        "Ada",
        "Bo",
        "Cher",
        "María",
        "Mari\u{301}a",
        "Zoë",
        "Łukasz",
        "Jean-Luc",
        "O'Brien",
        "D’Arcy",
        "van",
        "der",
        "Nguyễn",
        "Ğülşen",
        "İpek",
        "ırmak",
        "Straße",
        "Σωκράτης",
        "Дмитрий",
        "محمد",
        "שרה",
        "王",
        "小明",
        "김",
        "ﬁona",
    ]);
    prop_oneof![
        4 => vec(word, 1..=3).prop_map(|words| words.join(" ")),
        1 => "[A-Z][a-z]{0,30}",
    ]
}

/// Any text of up to `max` characters that a text field may hold, with what tends to break programs over-represented:
/// wildcards, quotes, markup, line breaks, combining and invisible characters, right-to-left, beyond the basic plane.
pub fn text(max: usize) -> impl Strategy<Value = String> {
    let character = prop_oneof![
        6 => char::range(' ', '~'),
        2 => select(vec!['%', '_', '\'', '"', '\\', '/', '~', '<', '&', '{', '\t', '\n', ' ']),
        2 => select(vec!['\u{301}', '\u{200d}', '\u{202e}', '\u{feff}', 'ﬁ', 'İ', 'ß', '＠', '👩', '\u{1f3fd}', '\u{10ffff}']),
        1 => any::<char>().prop_filter("control characters have a test of their own", |c| !c.is_control()),
    ];
    vec(character, 0..=max).prop_map(String::from_iter)
}

/// An address that every vendor's rules accept, in mixed case.
pub fn email() -> impl Strategy<Value = String> {
    "[A-Za-z0-9_]{1,12}([.+-][A-Za-z0-9_]{1,8}){0,2}@([a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?\\.){1,2}(example|test|Org)"
}

/// A telephone number in two parts: country code, and digits as people group them.
pub fn phone() -> impl Strategy<Value = (u16, String)> {
    (1..=999_u16, "[0-9]{2}([ -]?[0-9]{2,3}){1,3}")
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn names_and_texts_are_in_their_bounds() {
        check(300, (name(), text(20)), |(name, text)| {
            assert!(!name.is_empty() && name.trim() == name && name.chars().count() <= 250, "{name:?}");
            assert!(text.chars().count() <= 20, "{text:?}");
            assert!(text.chars().all(|c| !c.is_control() || "\t\n".contains(c)), "{text:?}");
        });
    }

    #[test]
    fn emails_obey_the_strictest_vendor() {
        check(300, email(), |email| {
            let (local, domain) = email.split_once('@').unwrap();
            let allowed = |extra: &'static str| move |c: char| c.is_ascii_alphanumeric() || extra.contains(c);
            assert!(local.chars().all(allowed("_'+-.")), "{email}");
            assert!(
                !local.starts_with('.') && !local.ends_with(['.', '\'']) && !email.contains(".."),
                "{email}"
            );
            let labels: Vec<&str> = domain.split('.').collect();
            assert!(labels.len() >= 2 && labels.iter().all(|label| !label.is_empty()), "{email}");
            assert!(
                labels.iter().all(|label| label.chars().all(allowed("-")) && !label.starts_with('-')),
                "{email}"
            );
            let top = labels[labels.len() - 1];
            assert!(top.len() >= 2 && top.chars().all(|c| c.is_ascii_alphabetic()), "{email}");
            assert!(email.len() <= 250, "{email}");
        });
    }

    #[test]
    fn phones_fit_everywhere() {
        check(300, phone(), |(code, number)| {
            assert!((1..=999).contains(&code));
            let whole = format!("+{code} {number}");
            assert!(
                whole.len() <= 20 && number.chars().all(|c| c.is_ascii_digit() || " -".contains(c)),
                "{whole}"
            );
        });
    }

    #[test]
    fn the_same_seed_gives_the_same_cases() {
        let run = || {
            let cases = RefCell::new(Vec::new());
            check(20, (name(), text(10)), |case| cases.borrow_mut().push(case));
            cases.into_inner()
        };
        let cases = run();
        assert_eq!(cases.len(), 20);
        assert_eq!(cases, run());
    }

    #[test]
    fn a_failure_shrinks_and_names_its_seed() {
        let tries = Cell::new(0);
        let panic = catch_unwind(AssertUnwindSafe(|| {
            check(200, text(40), |text| {
                tries.set(tries.get() + 1);
                assert!(text.chars().count() < 3);
            });
        }));
        let message = panic.unwrap_err().downcast_ref::<String>().unwrap().clone();
        let smallest = message.lines().find_map(|line| line.strip_prefix("minimal failing input: ")).unwrap();
        assert_eq!(smallest.trim_matches('"').chars().count(), 3, "{message}");
        assert!(message.contains("PROPTEST_RNG_SEED="), "{message}");
        assert!(tries.get() > 1);
    }
}
