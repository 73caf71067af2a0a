//! Search: what is written is found at once, by any part of it.

use directory::query::{Filter, Literal, Operator};
use directory::status::Status;
use directory::{Change, PersonChange, PersonField};

use crate::stage::*;

#[tokio::test]
async fn every_word_occurs_somewhere_in_names_nickname_or_address() {
    let stage = Stage::open().await;
    for (words, expected) in [
        (&["ada"][..], &[ADA][..]),
        (&["BYRON"], &[ADA]),
        (&["chant"], &[ADA]),
        (&["da@exam"], &[ADA]),
        (&["ada", "byr", "enchantress", "@example"], &[ADA]),
        (&["ada", "hopper"], &[]),
        (&["dabyron"], &[]),
        (&["example.com"], &[ADA, GRACE, EDSGER]),
        (&["example.com", "r"], &[ADA, GRACE, EDSGER]),
        (&["a"], &[ADA, GRACE, EDSGER]),
        (&["ds"], &[EDSGER]),
        (&["om"], &[ADA, GRACE, EDSGER]),
        (&["p"], &[ADA, GRACE, EDSGER]),
        (&["pp"], &[GRACE]),
        (&["z"], &[]),
        (&["hopper", "g", "ac"], &[GRACE]),
        (&[""], &[ADA, GRACE, EDSGER]),
        (&["ada", ""], &[ADA]),
        (&["countess"], &[]),
    ] {
        let expected: Vec<_> = expected.iter().map(|n| person_id(*n)).collect();
        assert_eq!(stage.search(words).await, expected, "{words:?}");
    }
    stage.end().await;
}

#[tokio::test]
async fn characters_that_mean_something_to_an_engine_mean_themselves() {
    let stage = Stage::open().await;
    for text in [
        "\"",
        "\"\"",
        "*",
        "%",
        "_",
        "'",
        "a*",
        "ada*",
        "a%a",
        "_da",
        "\\",
        "AND",
        "ada OR grace",
        "^a",
        "(",
        "-ada",
        "NEAR(a b)",
        ":",
        "\u{1}",
        "ada\u{1}",
        "a\u{0}",
    ] {
        assert_eq!(stage.search(&[text]).await, [], "{text:?}");
    }
    let odd = "O'Brien \"x\" 100%_*\\(";
    stage.change(ADA, named(odd, "B-C:D")).await.unwrap();
    for text in ["'", "o'b", "\"x\"", "100%", "%_*", "*\\(", "b-c", ":d", " \"", "0%"] {
        assert_eq!(stage.search(&[text]).await, [person_id(ADA)], "{text:?}");
    }
    stage.end().await;
}

#[tokio::test]
async fn words_are_compared_folded_in_every_script() {
    let stage = Stage::open().await;
    stage.change(ADA, named("\u{c5}ngstr\u{f6}m", "\u{418}\u{432}\u{430}\u{43d}")).await.unwrap();
    stage.change(GRACE, named("\u{674e}\u{5c0f}\u{9f99}", "\u{1f600}")).await.unwrap();
    for (word, n) in [
        ("A\u{30a}NGSTRO\u{308}M", ADA),
        ("str\u{f6}m", ADA),
        ("\u{418}\u{412}\u{410}", ADA),
        ("\u{43d}", ADA),
        ("\u{674e}", GRACE),
        ("\u{5c0f}\u{9f99}", GRACE),
        ("\u{674e}\u{5c0f}\u{9f99}", GRACE),
        ("\u{1f600}", GRACE),
    ] {
        assert_eq!(stage.search(&[word]).await, [person_id(n)], "{word}");
    }
    assert_eq!(stage.search(&["angstrom"]).await, [person_id(ADA)]);
    stage.end().await;
}

#[tokio::test]
async fn accents_do_not_matter_in_the_word_nor_in_the_field() {
    let stage = Stage::open().await;
    stage.change(ADA, named("Jos\u{e9}", "Stra\u{df}e")).await.unwrap();
    stage.change(GRACE, named("Jose\u{301}phine", "\u{141}\u{f3}d\u{17a}")).await.unwrap();
    stage.change(EDSGER, named("JOSE", "S\u{f8}rensen")).await.unwrap();
    stage.change(EDSGER, with_email("r\u{e9}sum\u{e9}@example.com")).await.unwrap();
    for (words, expected) in [
        (&["jose"][..], &[ADA, GRACE, EDSGER][..]),
        (&["JOS\u{c9}"], &[ADA, GRACE, EDSGER]),
        (&["jose\u{301}"], &[ADA, GRACE, EDSGER]),
        (&["jose\u{301}p"], &[GRACE]),
        (&["strasse"], &[ADA]),
        (&["STRA\u{1e9e}E"], &[ADA]),
        (&["tra\u{df}"], &[ADA]),
        (&["lodz"], &[GRACE]),
        (&["\u{142}o", "dz"], &[GRACE]),
        (&["sorensen", "resume@"], &[EDSGER]),
        (&["\u{f6}rensen"], &[EDSGER]),
    ] {
        let expected: Vec<_> = expected.iter().map(|n| person_id(*n)).collect();
        assert_eq!(stage.search(words).await, expected, "{words:?}");
    }
    // What people are told apart by is as strict as before.
    stage.change(ADA, with_email("jose@x.org")).await.unwrap();
    stage.change(GRACE, with_email("jos\u{e9}@x.org")).await.unwrap();
    assert_eq!(stage.search(&["jose@x.org"]).await, [person_id(ADA), person_id(GRACE)]);
    sound(stage.store.as_ref()).await;
    stage.end().await;
}

#[tokio::test]
async fn a_change_is_found_at_once_and_what_it_replaced_is_not() {
    let stage = Stage::open().await;
    for n in 0..40 {
        let given = format!("Name{n}x");
        stage.change(ADA, named(&given, "Byron")).await.unwrap();
        assert_eq!(stage.search(&[&given]).await, [person_id(ADA)]);
        if n > 0 {
            assert_eq!(stage.search(&[&format!("name{}x", n - 1)]).await, []);
        }
    }
    stage.change(ADA, PersonChange { nickname: Change::Clear, ..PersonChange::default() }).await.unwrap();
    assert_eq!(stage.search(&["enchantress"]).await, []);
    stage.change(ADA, with_email("new@place.org")).await.unwrap();
    assert_eq!(stage.search(&["ace.or"]).await, [person_id(ADA)]);
    assert_eq!(stage.search(&["ada@"]).await, []);
    stage.add(vec![new_person(NEWCOMER, named("Quincy", "Q"))]).await.unwrap();
    assert_eq!(stage.search(&["qu", "q"]).await, [person_id(NEWCOMER)]);
    stage.end().await;
}

#[tokio::test]
async fn a_search_stays_in_its_organization_and_may_be_narrowed() {
    let stage = Stage::open().await;
    stage.add_in(stage.here.child, vec![new_person(20, named("Ada", "Child"))]).await.unwrap();
    assert_eq!(stage.search(&["ada"]).await, [person_id(ADA)]);
    let disabled = PersonChange { status: Change::Set(Status::LoginBlocked), ..PersonChange::default() };
    stage.change(GRACE, disabled).await.unwrap();
    let query = |words: &[&str], status: Option<Status>, limit| {
        let words = Filter::Words(words.iter().map(|word| (*word).to_owned()).collect());
        let status = status.map(|status| {
            let named = Literal::Text(status.as_str().to_owned());
            Filter::Compare(PersonField::ExactStatus, Operator::Equal, named)
        });
        by_object_id(Filter::All([words].into_iter().chain(status).collect()), limit)
    };
    for words in [&["example"][..], &["e"], &[]] {
        let blocked = stage.list(query(words, Some(Status::LoginBlocked), 100)).await;
        assert_eq!(blocked, [person_id(GRACE)], "{words:?}");
        let first = stage.list(query(words, None, 2)).await;
        assert_eq!(first, [person_id(ADA), person_id(GRACE)], "{words:?}");
        let active = stage.list(query(words, Some(Status::Active), 9)).await;
        assert_eq!(active, [person_id(ADA), person_id(EDSGER)], "{words:?}");
    }
    stage.end().await;
}
