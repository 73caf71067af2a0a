//! What no two living people of a tenant share.

use directory::identity::{Family, Identity, LaurelType, Source};
use directory::ids::Number;
use directory::store::PersonKey;
use directory::{Attribute, Change, PersonChange, Refusal};

use crate::stage::*;

fn aliases(texts: &[&str]) -> PersonChange {
    PersonChange {
        email_aliases: Change::Set(texts.iter().map(|text| email(text)).collect()),
        ..PersonChange::default()
    }
}

fn laurel(kind: LaurelType, value: &str) -> PersonChange {
    let identity = Identity { source: Source::Laurel(kind), value: value.to_owned() };
    PersonChange { identities: [(Family::Laurel, vec![identity])].into(), ..PersonChange::default() }
}

#[tokio::test]
async fn an_address_is_one_persons_however_it_is_written_and_wherever_it_stands() {
    let stage = Stage::open().await;
    let taken = Err(Refusal::Taken { attribute: Attribute::Email });
    for text in ["ada@example.com", "ADA@EXAMPLE.COM"] {
        assert_eq!(stage.change(GRACE, with_email(text)).await, taken);
        assert_eq!(stage.change(GRACE, aliases(&["own@x.org", text])).await, taken);
    }
    stage.change(ADA, aliases(&["Jos\u{e9}@x.org", "ada@example.com"])).await.unwrap();
    assert_eq!(stage.change(GRACE, with_email("JOSE\u{301}@x.org")).await, taken);
    assert!(stage.change(GRACE, with_email("jose@x.org")).await.is_ok());
    // The alias that was also the address keeps it; what nobody has is free.
    stage.change(ADA, with_email("other@x.org")).await.unwrap();
    assert_eq!(stage.change(GRACE, with_email("ada@example.com")).await, taken);
    stage.change(ADA, aliases(&[])).await.unwrap();
    assert!(stage.change(GRACE, with_email("ada@example.com")).await.is_ok());
    stage.end().await;
}

#[tokio::test]
async fn external_ids_are_unique_in_their_namespace_and_no_internal_ids() {
    let stage = Stage::open().await;
    let taken = Err(Refusal::Taken { attribute: Attribute::ExternalId });
    assert_eq!(stage.change(GRACE, with_external_id("e-1")).await, taken);
    // Compared exactly.
    assert!(stage.change(GRACE, with_external_id("E-1")).await.is_ok());
    // The same value in another namespace is another key.
    stage.change(GRACE, laurel(LaurelType::Azure, "e-1")).await.unwrap();
    let azure = PersonKey::Identity(Source::Laurel(LaurelType::Azure), "e-1".into());
    assert_eq!(stage.find(azure).await.unwrap().person.id, person_id(GRACE));
    assert_eq!(stage.find(by_external_id("e-1")).await.unwrap().person.id, person_id(ADA));
    let zoom = PersonKey::Identity(Source::Laurel(LaurelType::Zoom), "e-1".into());
    assert_eq!(stage.find(zoom).await, None);
    assert_eq!(
        stage.change(ADA, laurel(LaurelType::Azure, "e-1")).await,
        Err(Refusal::Taken { attribute: Attribute::Identities })
    );
    // An external id that looks like Ada's number finds whoever has it.
    let number = stage.person(ADA).await.person.number;
    stage.change(GRACE, with_external_id(&number.to_string())).await.unwrap();
    assert_eq!(stage.find(PersonKey::Number(number)).await.unwrap().person.id, person_id(ADA));
    // Addresses among them are folded.
    stage.change(ADA, laurel(LaurelType::UserPrincipalName, "Ada@Firm.com")).await.unwrap();
    assert!(stage.change(GRACE, laurel(LaurelType::UserPrincipalName, "ADA@firm.com")).await.is_err());
    stage.end().await;
}

#[tokio::test]
async fn a_user_name_is_unique_folded() {
    let stage = Stage::open().await;
    let named = |text: &str| PersonChange { user_name: Change::Set(text.into()), ..PersonChange::default() };
    assert_eq!(
        stage.change(GRACE, named("COUNTESS")).await,
        Err(Refusal::Taken { attribute: Attribute::UserName })
    );
    assert!(stage.change(ADA, named("COUNTESS")).await.is_ok());
    stage.end().await;
}

#[tokio::test]
async fn people_are_added_all_or_none() {
    let stage = Stage::open().await;
    let hash = stage.hash().await;
    let people = vec![
        new_person(10, with_email("ten@x.org")),
        new_person(11, with_email("eleven@x.org")),
        new_person(12, with_email("TEN@x.org")),
    ];
    assert_eq!(stage.add(people).await, Err((2, Refusal::Taken { attribute: Attribute::Email })));
    assert_eq!(stage.hash().await, hash);
    assert_eq!(stage.search(&["eleven"]).await, []);
    let unknown = PersonChange { groups: Change::Set(vec![in_group(9)]), ..PersonChange::default() };
    let refusal = stage.add(vec![new_person(10, unknown)]).await.unwrap_err();
    assert!(matches!(refusal, (0, Refusal::Unknown { attribute: Attribute::Groups, .. })), "{refusal:?}");
    assert_eq!(stage.hash().await, hash);

    let people = vec![new_person(10, with_email("ten@x.org")), new_person(11, PersonChange::default())];
    let numbers = stage.add(people).await.unwrap();
    assert_eq!(numbers, [Number::new(4).unwrap(), Number::new(5).unwrap()]);
    let found = stage.find(PersonKey::Number(numbers[1])).await.unwrap();
    assert_eq!((found.person.id, found.person.version), (person_id(11), 1));
    stage.end().await;
}
