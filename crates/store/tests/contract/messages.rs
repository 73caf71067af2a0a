//! The outbox: messages to members, each with its event.

use directory::event::{Action, Subject};
use directory::ids::MessageId;
use directory::message::{Content, Message, MessageQuery, MessageState};
use directory::store::ChangeError;
use directory::{Attribute, Channel, Command, Dialect, Property, Refusal, limits};
use uuid::Uuid;

use crate::stage::*;

fn message(stage: &Stage, id: u128, person: u64, content: Content) -> Message {
    Message {
        id: MessageId(Uuid::from_u128(id)),
        organization: stage.here.root,
        person: person_id(person),
        via: Channel::Dialect(Dialect::Relesys),
        content,
        state: MessageState::Waiting,
        tries: 0,
        created_at: at(100),
    }
}

fn sms(text: &str) -> Content {
    Content::Sms { to: "+4512345678".into(), text: text.into() }
}

fn mail(subject: &str) -> Content {
    Content::Email { to: "ada@example.com".into(), subject: subject.into(), text: "<p>secret</p>".into() }
}

async fn send(stage: &Stage, messages: &[Message]) -> Result<(), (usize, Refusal)> {
    let commands = messages.iter().cloned().map(Command::Send).collect();
    let sent = stage.store.execute(stage.here.tenant, commands, stage.audit()).await;
    sent.map(|entities| assert_eq!(entities, [])).map_err(|(index, stop)| match stop {
        ChangeError::Refused(refusal) => (index, refusal),
        ChangeError::Decided => panic!("nothing decides"),
    })
}

async fn found(stage: &Stage, query: MessageQuery) -> Vec<Message> {
    stage.store.messages(stage.here.tenant, MessageQuery { limit: 10, ..query }).await.unwrap()
}

#[tokio::test]
async fn a_message_waits_and_its_event_does_not_tell_what_it_says() {
    let stage = Stage::open().await;
    let hash = stage.hash().await;
    let sent = message(&stage, 1, ADA, mail("Hello"));
    send(&stage, std::slice::from_ref(&sent)).await.unwrap();

    assert_eq!(stage.store.message(stage.here.tenant, sent.id).await.unwrap(), Some(sent.clone()));
    assert_ne!(stage.hash().await, hash, "messages are in the hash");
    let event = stage.newest_event().await;
    assert_eq!((event.subject, event.action), (Subject::Message(sent.id), Action::Created));
    let told: Vec<_> = event.changes.iter().map(|change| change.attribute.clone()).collect();
    assert_eq!(told, [Attribute::Of(Property::Channel), Attribute::Of(Property::Recipient)]);
    assert!(!format!("{event:?}").contains("secret"));
    stage.end().await;
}

#[tokio::test]
async fn messages_are_listed_by_pages_the_oldest_first() {
    let stage = Stage::open().await;
    let all = [
        message(&stage, 1, ADA, mail("Hello")),
        message(&stage, 2, GRACE, sms("a")),
        message(&stage, 3, ADA, sms("b")),
    ];
    send(&stage, &all).await.unwrap();

    assert_eq!(found(&stage, MessageQuery::default()).await, all);
    let first = MessageQuery { limit: 2, ..MessageQuery::default() };
    assert_eq!(stage.store.messages(stage.here.tenant, first).await.unwrap(), all[..2]);
    let after = MessageQuery { after: Some(all[1].id), ..MessageQuery::default() };
    assert_eq!(found(&stage, after).await, all[2..]);
    let of_ada = MessageQuery {
        person: Some(person_id(ADA)),
        state: Some(MessageState::Waiting),
        ..MessageQuery::default()
    };
    assert_eq!(found(&stage, of_ada).await, [all[0].clone(), all[2].clone()]);
    let sent = MessageQuery { state: Some(MessageState::Sent), ..MessageQuery::default() };
    assert_eq!(found(&stage, sent).await, []);
    stage.end().await;
}

#[tokio::test]
async fn messages_are_sent_all_or_none_and_to_members_alone() {
    let stage = Stage::open().await;
    let (hash, event) = (stage.hash().await, stage.newest_event().await.sequence);
    let good = message(&stage, 1, ADA, sms("a"));
    let nobody = message(&stage, 2, NEWCOMER, sms("a"));
    assert_eq!(send(&stage, &[good.clone(), nobody]).await, Err((1, Refusal::NoSuchPerson)));
    for (content, property) in [
        (sms(" "), Property::Text),
        (sms("a\0"), Property::Text),
        (sms(&"a".repeat(limits::SMS_TEXT + 1)), Property::Text),
        (mail(""), Property::Subject),
        (mail(&"a".repeat(limits::TEXT + 1)), Property::Subject),
        (Content::Sms { to: String::new(), text: "a".into() }, Property::Recipient),
    ] {
        match send(&stage, &[good.clone(), message(&stage, 2, ADA, content)]).await {
            Err((1, Refusal::Invalid { attribute, .. })) => assert_eq!(attribute, Attribute::Of(property)),
            other => panic!("{property:?}: {other:?}"),
        }
    }
    assert_eq!(found(&stage, MessageQuery::default()).await, []);
    assert_eq!((stage.hash().await, stage.newest_event().await.sequence), (hash, event));
    stage.end().await;
}
