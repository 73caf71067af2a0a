//! `GET .../users`: everybody, searches, and what integrations see.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use testkit::process::Server;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::super::{CHILD, ROOT, command, encoded, quiet};
use super::{Firm, firm, ids, mistakes, told};

impl Firm {
    #[track_caller]
    fn search(&self, words: &str) -> Value {
        told(self.laurel.get(format!("{}?search={}", self.users(), encoded(words))), 200)
    }
}

#[test]
fn everybody_of_the_customer_by_ascending_id() {
    let firm = firm();
    let all = told(firm.laurel.get(firm.users()), 200);
    let listed = ids(&all);
    let mut sorted = listed.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(listed, sorted);
    let people = command(&firm.server, &["person", "list", "-o", ROOT, "--limit", "1000"]);
    let known: BTreeSet<&str> =
        people.as_array().unwrap().iter().map(|person| person["objectId"].as_str().unwrap()).collect();
    assert_eq!(listed, known.into_iter().collect::<Vec<_>>(), "invited and disabled people among them");
    assert_eq!(listed.len(), 29);
    let statuses: BTreeSet<&str> =
        all.as_array().unwrap().iter().map(|user| user["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, BTreeSet::from(["active", "adminDisabled"]));
    for user in all.as_array().unwrap() {
        assert_eq!(told(firm.laurel.get(firm.user(user["_id"].as_str().unwrap())), 200), *user);
    }
    assert_eq!(firm.search(""), all, "no words, no filter");
    assert_eq!(firm.search(" \t "), all);
    assert_eq!(told(firm.laurel.get(format!("{}?page=2&unknown=1", firm.users())), 200), all);
    let head = firm.laurel.raw("HEAD", firm.users()).send().expect(200);
    assert!(head.body.is_empty());
}

#[test]
fn a_long_list_is_one_whole_array() {
    let server = Server::demo(crate::binary(), ["--people", "350"]);
    let laurel = server.callers().laurel;
    let firm = Firm { server, laurel };
    // Four more are disabled, invited, invited until lately, and invited again.
    let all = told(firm.laurel.get(firm.users()), 200);
    let listed = ids(&all);
    assert_eq!(listed.len(), 354);
    assert!(listed.is_sorted());
    let short = told(firm.laurel.get(format!("{}?integration=cloud-assistant-zoom", firm.users())), 200);
    assert_eq!(ids(&short), listed);
    let dotted = firm.search("aurora.example");
    assert_eq!(dotted, all, "a word that everybody has");
}

/// Whom a search is to find, by its own rule and nothing else.
fn matching<'a>(all: &'a Value, words: &str) -> Vec<&'a str> {
    let words: Vec<String> = words.split_whitespace().map(plain).collect();
    let has = |user: &Value, word: &str| {
        let fields = ["firstName", "lastName", "nickname", "email"];
        fields.iter().any(|field| plain(user[field].as_str().unwrap()).contains(word))
    };
    let users = all.as_array().unwrap().iter();
    let found = users.filter(|user| words.iter().all(|word| has(user, word)));
    found.map(|user| user["_id"].as_str().unwrap()).collect()
}

/// Without case and accents, as far as the names here go.
fn plain(text: &str) -> String {
    let text: String = text.nfd().filter(|letter| !is_combining_mark(*letter)).collect();
    let text = text.to_lowercase().replace('\u{f8}', "o").replace('\u{142}', "l").replace('\u{131}', "i");
    text.replace('\u{df}', "ss").replace('\u{e6}', "ae").replace('\u{111}', "d")
}

#[test]
fn every_word_is_somewhere_in_a_name_or_the_email() {
    let firm = firm();
    for (index, first, last, nickname, email) in [
        (0, "Quirin Zeno", "O'Qux-Wyz", "100% qq", "quirin_zeno@xq.example"),
        (1, "\u{c9}milie", "\u{d8}sterg\u{e5}rd", "_under_", "emilie@XQ.example"),
        (2, "A*b\"c'", "Back\\slash", "NEAR", "percent@xq.example"),
        (3, "\u{738b}\u{5c0f}\u{660e}", "\u{391}\u{3b8}\u{3b7}\u{3bd}\u{3ac}", "q", "wang@zz.example"),
        (4, "Quirin", "", "", "other@zz.example"),
    ] {
        let body = json!({"firstName": first, "lastName": last, "nickname": nickname, "email": email});
        told(firm.laurel.patch(firm.user(&firm.person(index).laurel), body), 200);
    }
    let all = told(firm.laurel.get(firm.users()), 200);
    let of = |indices: &[usize]| -> Vec<&str> {
        let mut people: Vec<_> = indices.iter().map(|index| firm.person(*index).laurel.as_str()).collect();
        people.sort_unstable();
        people
    };
    for (words, found) in [
        ("quirin", &[0, 4][..]),
        ("QUIRIN", &[0, 4]),
        ("uiri", &[0, 4]),
        ("quirin zeno", &[0]),
        ("zeno  quirin", &[0]),
        ("quirin zz.example", &[4]),
        ("quirin emilie", &[]),
        ("quirin_zeno@xq.example", &[0]),
        ("@XQ.EXAMPLE", &[0, 1, 2]),
        ("o'qux", &[0]),
        ("qux-w", &[0]),
        ("100%", &[0]),
        ("_under_", &[1]),
        ("a*b", &[2]),
        ("b\"c'", &[2]),
        ("\"", &[2]),
        ("back\\slash", &[2]),
        ("\\", &[2]),
        ("*", &[2]),
        ("NEAR", &[2]),
        ("near percent", &[2]),
        ("\u{e9}milie", &[1]),
        ("\u{c9}MILIE", &[1]),
        ("E\u{301}milie", &[1]),
        ("\u{f8}sterg\u{e5}rd", &[1]),
        ("osterg\u{e5}rd", &[1]),
        ("OSTERGARD", &[1]),
        ("O\u{308}stergard", &[1]),
        ("\u{e8}mili\u{e9}", &[1]),
        ("qu\u{ed}r\u{ed}n", &[0, 4]),
        ("\u{738b}\u{5c0f}\u{660e}", &[3]),
        ("\u{5c0f}", &[3]),
        ("\u{660e} q", &[3]),
        ("\u{391}\u{398}\u{397}", &[3]),
        ("quirin AND zeno", &[]),
        ("quirin OR emilie", &[]),
        ("quirin*", &[]),
        ("%quirin%", &[]),
        ("quirin'--", &[]),
        ("nickname:q", &[]),
    ] {
        assert_eq!(ids(&firm.search(words)), of(found), "{words:?}");
    }
    // Short words meet many people; the rule says whom.
    for words in [
        "q",
        "a",
        "e",
        "\u{e9}",
        "\u{c9}",
        "qq",
        "ar",
        "AR",
        "a e",
        "a q",
        "al",
        "%",
        "_",
        "\"",
        "'",
        "-",
        ".",
        "@",
        "n@",
        "0",
        "an en",
        "\u{15f}",
        "\u{130}",
        "\u{131}",
        "example aurora",
        "d l",
        "ada lovelace",
        "la la",
    ] {
        assert_eq!(ids(&firm.search(words)), matching(&all, words), "{words:?}");
    }
}

#[test]
fn people_elsewhere_are_never_found() {
    let firm = firm();
    let child = command(&firm.server, &["person", "list", "-o", CHILD])[0].clone();
    let stranger = &firm.server.seed().stranger.people[1];
    for words in [child["email"].as_str().unwrap(), &stranger.email, "borealis"] {
        assert_eq!(firm.search(words), json!([]), "{words}");
    }
    // The same name in both tenants finds one's own alone.
    let theirs = Firm { laurel: firm.server.strangers().laurel, server: firm.server };
    let customer = &theirs.server.seed().stranger.laurel.customer_id;
    let found = told(theirs.laurel.get(format!("/api/v1/customers/{customer}/users?search=lovelace")), 200);
    assert_eq!(ids(&found), [theirs.server.seed().stranger.people[0].laurel.as_str()]);
}

#[test]
fn a_change_is_found_at_once_whoever_made_it() {
    let firm = firm();
    let callers = firm.server.callers();
    let person = firm.person(2);
    let mut old = "firstwritten".to_owned();
    told(firm.laurel.patch(firm.user(&person.laurel), json!({"firstName": old})), 200);
    for round in 0..10 {
        let new = format!("rewritten{round}x");
        match round % 5 {
            0 => callers.replay.patch(format!("/api/user/{}", person.replay), json!({"firstName": new})),
            1 => callers.kare.patch(
                format!("/users-organizations/v1/rs/users/{}", person.kare),
                json!({"firstName": new}),
            ),
            2 => callers.relesys.patch(
                format!("/api/v1.4/users/{}", person.relesys),
                json!([{"op": "replace", "path": "/name", "value": format!("{new} Family")}]),
            ),
            3 => firm.laurel.patch(firm.user(&person.laurel), json!({"firstName": "Ann", "nickname": new})),
            _ => firm.laurel.patch(
                firm.user_v2(&person.laurel),
                json!({"nickname": "", "email": format!("{new}@aurora.example")}),
            ),
        }
        .expect(200);
        assert_eq!(ids(&firm.search(&new)), [person.laurel.as_str()], "round {round}");
        assert_eq!(firm.search(&old), json!([]), "round {round}");
        old = new;
        if round == 4 {
            let body = json!({"email": person.email, "firstName": "firstwritten"});
            told(firm.laurel.patch(firm.user(&person.laurel), body), 200);
            old = "firstwritten".to_owned();
        }
    }
}

#[test]
fn an_integration_sees_its_types_of_identity() {
    let firm = firm();
    let types = [
        "aderant",
        "auth0",
        "azure",
        "email",
        "external-billing-system",
        "elite",
        "intercom",
        "juris",
        "cisco-cdr",
        "mixpanel",
        "phone",
        "phone-extension",
        "salesforce",
        "segment",
        "vitally",
        "walls",
        "zendesk",
        "zoom",
        "exchange",
        "user-principal-name",
        "cisco-webex",
        "ringcentral",
        "google",
    ];
    let identities: Vec<Value> =
        types.iter().map(|kind| json!({"type": kind, "value": format!("{kind}-1")})).collect();
    let path = firm.user(&firm.person(0).laurel);
    let user = told(firm.laurel.patch(&path, json!({"identities": identities})), 200);
    assert_eq!(user["identities"].as_array().unwrap().len(), 23);
    // Kare can leave somebody without any name.
    let (nameless, kare) = (firm.person(1), firm.server.callers().kare);
    let body = json!({"firstName": "", "lastName": " "});
    kare.patch(format!("/users-organizations/v1/rs/users/{}", nameless.kare), body).expect(200);

    for (integration, relevant) in [
        ("cloud-assistant-cdr", &["cisco-cdr", "phone", "phone-extension"][..]),
        ("cloud-assistant-google", &["google", "email"]),
        ("cloud-assistant-microsoft-exchange", &["exchange", "user-principal-name", "azure", "email"]),
        ("cloud-assistant-microsoft-teams", &["azure", "user-principal-name", "email"]),
        ("cloud-assistant-zoom", &["zoom", "email"]),
    ] {
        let list = told(firm.laurel.get(format!("{}?integration={integration}", firm.users())), 200);
        assert_eq!(ids(&list).len(), 29);
        let by_id: BTreeMap<&str, &Value> = ids(&list).into_iter().zip(list.as_array().unwrap()).collect();
        let ada = by_id[firm.person(0).laurel.as_str()];
        let expected: BTreeSet<(String, String)> =
            relevant.iter().map(|kind| ((*kind).to_owned(), format!("{kind}-1"))).collect();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let shown = ada["relevantIdentities"].as_array().unwrap().iter();
        let shown: BTreeSet<_> = shown.map(|it| (text(&it["type"]), text(&it["value"]))).collect();
        assert_eq!(shown, expected, "{integration}");
        assert_eq!((&ada["name"], &ada["email"]), (&json!("Ada Lovelace"), &json!(firm.person(0).email)));
        assert_eq!(ada.as_object().unwrap().len(), 4, "the short shape");
        let nobody = by_id[nameless.laurel.as_str()];
        assert_eq!(nobody.get("name"), None);

        let found =
            told(firm.laurel.get(format!("{}?search=lovelace&integration={integration}", firm.users())), 200);
        assert_eq!(ids(&found), [firm.person(0).laurel.as_str()]);
    }
}

#[test]
fn queries_that_are_wrong() {
    let firm = firm();
    let ten = ["a"; 10].join("+");
    told(firm.laurel.get(format!("{}?search={ten}", firm.users())), 200);
    told(firm.laurel.get(format!("{}?search={}", firm.users(), "%C3%A9".repeat(256))), 200);
    quiet(&firm.server, || {
        for (query, field) in [
            ("integration=", "integration"),
            ("integration=zoom", "integration"),
            ("integration=Cloud-Assistant-Zoom", "integration"),
            ("integration=cloud-assistant-zoom&integration=cloud-assistant-cdr", "integration"),
            ("search=a&search=b", "search"),
            (&format!("search={ten}+a"), "search"),
            (&format!("search={}", "a".repeat(257)), "search"),
        ] {
            let answer = firm.laurel.get(format!("{}?{query}", firm.users()));
            assert_eq!(mistakes(answer), [field], "{query}");
        }
    });
}
