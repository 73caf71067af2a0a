//! The file: opening it, sharing it, copying it.

use std::fs;
use std::process::Command;
use std::sync::Arc;

use directory::ports::Algorithm;
use directory::signing_key::SigningKey;
use directory::store::ChangeError;
use directory::{Change, PersonChange, Refusal, Store};
use store::sqlite::{OpenError, Options, Sqlite};

use crate::house::*;

#[tokio::test]
async fn what_was_written_is_there_when_it_is_opened_again() {
    let house = House::furnished().await;
    let store = house.open();
    let written = change(&store, 1, titled("kept")).await;
    let hash = report(&store).await.tenants;
    drop(store);
    let store = house.open();
    let read = find(&store, 1).await.unwrap();
    assert_eq!((&read.person, &read.membership), (&written.person, &written.membership));
    assert_eq!(report(&store).await.tenants, hash);
    drop(store);
    let log = house.path("directory.db-wal");
    assert!(!log.exists(), "closed cleanly, the file stands alone");
}

#[tokio::test]
async fn a_signing_key_that_was_rewritten_is_nowhere_in_the_file_as_it_was() {
    let house = House::furnished().await;
    let key = |id: &str, secret: u8| SigningKey {
        id: id.into(),
        algorithm: Algorithm::Rs256,
        secret: vec![secret; 1_200],
        encrypted_with: None,
        created_at: jiff::Timestamp::UNIX_EPOCH,
        retired_at: None,
        expires_at: None,
    };
    let holds = |secret: u8| {
        let file = fs::read(house.path("directory.db")).unwrap();
        file.windows(64).any(|window| window.iter().all(|byte| *byte == secret))
    };
    let store = house.open();
    store.add_signing_key(key("kid", 0xA7)).await.unwrap();
    drop(store);
    assert!(holds(0xA7));
    let store = house.open();
    store.rewrite_signing_keys(vec![key("kid", 0xB9)]).await.unwrap();
    drop(store);
    assert!(holds(0xB9) && !holds(0xA7));
}

#[test]
fn what_cannot_be_opened_is_told_plainly() {
    let house = House::new();
    let told = |path: &std::path::Path| match Sqlite::open(path, Options::default()) {
        Ok(_) => panic!("opened"),
        Err(error) => error.to_string(),
    };
    let text = house.path("notes.txt");
    fs::write(&text, "these are notes, and more than a hundred bytes of them: ".repeat(99)).unwrap();
    assert_eq!(told(&text), format!("{} is not a database", text.display()));
    assert_eq!(fs::read_to_string(&text).unwrap().len(), 56 * 99);

    let foreign = house.path("foreign.db");
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    assert_eq!(told(&foreign), format!("{} is the database of another program", foreign.display()));

    let nowhere = house.path("no/such/folder.db");
    assert!(told(&nowhere).starts_with(&format!("cannot open {}: ", nowhere.display())));
    assert!(told(&house.path("")).starts_with("cannot open "));

    drop(house.open());
    house.tamper("PRAGMA user_version = 99");
    match Sqlite::open(house.file(), Options::default()) {
        Err(OpenError::Newer { found: 99, known, .. }) => assert!(known < 99),
        other => panic!("{other:?}"),
    }
    let message = told(&house.file());
    assert!(message.contains("newer version of this program: its schema is 99"), "{message}");
}

#[cfg(unix)]
#[test]
fn a_new_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;

    let house = House::new();
    let store = house.open();
    for name in ["directory.db", "directory.db-wal", "directory.db-shm"] {
        let mode = fs::metadata(house.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    drop(store);
}

#[test]
fn several_may_start_on_one_new_file() {
    let house = Arc::new(House::new());
    let starting: Vec<_> = (0..6)
        .map(|_| {
            let house = house.clone();
            std::thread::spawn(move || drop(house.open()))
        })
        .collect();
    for started in starting {
        started.join().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_write_to_one_file() {
    let house = House::furnished().await;
    let (one, other) = (Arc::new(house.open()), Arc::new(house.open()));
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..100 {
        let store = if n % 2 == 0 { one.clone() } else { other.clone() };
        tasks.spawn(async move { change(&store, 1, titled(&format!("t{n}"))).await.person.version });
    }
    let mut versions = tasks.join_all().await;
    versions.sort_unstable();
    assert_eq!(versions, (3..103).collect::<Vec<_>>());
    assert_eq!(find(&one, 1).await, find(&other, 1).await);
    assert_eq!(report(&one).await.problems, [""; 0]);
}

/// What one handle keeps in memory is of no use any more as soon as the other has written, whoever wrote or read before.
#[tokio::test]
async fn what_another_process_wrote_is_read_at_once() {
    let house = House::furnished().await;
    let (one, other) = (house.open(), house.open());
    let title = async |store: &Sqlite| find(store, 1).await.unwrap().person.title.clone().unwrap_or_default();
    for round in 0..40 {
        // The reader has read, or written to the person or to somebody else, or all of it, or nothing since.
        if round % 2 == 0 {
            title(&one).await;
        }
        if round % 3 == 0 {
            change(&one, 2, titled(&format!("else {round}"))).await;
        }
        if round % 5 == 0 {
            change(&one, 1, titled(&format!("own {round}"))).await;
        }
        let written = format!("foreign {round}");
        change(&other, 1, titled(&written)).await;
        assert_eq!(title(&one).await, written);
        assert_eq!(title(&one).await, written, "and again, from what was just read");
        let own = format!("answer {round}");
        change(&one, 1, titled(&own)).await;
        assert_eq!((title(&one).await, title(&other).await), (own.clone(), own));
    }
}

/// Readers that never stop never see the person go back in time, whichever handle writes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_read_never_goes_back() {
    let house = House::furnished().await;
    let stores = [Arc::new(house.open()), Arc::new(house.open())];
    let is_over = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let mut readers = tokio::task::JoinSet::new();
    for store in stores.clone() {
        let is_over = is_over.clone();
        readers.spawn(async move {
            let mut last = 0;
            while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                let version = find(&store, 1).await.unwrap().person.version;
                assert!(version >= last, "{version} after {last}");
                last = version;
                tokio::task::yield_now().await;
            }
        });
    }
    for round in 0..200 {
        let written = change(&stores[round % 2], 1, titled(&format!("t{round}"))).await.person.version;
        for store in &stores {
            assert_eq!(find(store, 1).await.unwrap().person.version, written);
        }
    }
    is_over.store(true, std::sync::atomic::Ordering::Relaxed);
    readers.join_all().await;
}

#[tokio::test]
async fn a_backup_is_the_whole_store_and_replaces_nothing() {
    let house = House::furnished().await;
    let store = house.open();
    change(&store, 1, titled("copied")).await;
    let copy = house.path("copy.db");
    store.backup(copy.clone()).await.unwrap();
    let at_the_time = report(&store).await;
    change(&store, 1, titled("later")).await;
    let copied = open(&copy);
    assert_eq!(report(&copied).await, at_the_time);
    assert_eq!(find(&copied, 1).await.unwrap().person.title.as_deref(), Some("copied"));
    drop(copied);
    let bytes = fs::read(&copy).unwrap();
    assert!(store.backup(copy.clone()).await.is_err());
    assert_eq!(fs::read(&copy).unwrap(), bytes);
    assert!(store.backup(house.path("no/such/folder.db")).await.is_err());
    let left: Vec<_> = fs::read_dir(house.path(""))
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|kind| kind == "partial"))
        .collect();
    assert!(left.is_empty());
}

/// Nothing is written through what others put there, and nothing is left behind.
#[tokio::test]
async fn a_backup_follows_no_link_and_is_its_owners_alone() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let house = House::furnished().await;
    let store = house.open();
    let (copy, victim) = (house.path("copy.db"), house.path("victim"));
    fs::write(&victim, "").unwrap();
    // Where an earlier version wrote what was not finished.
    symlink(&victim, house.path(&format!("copy.db.{}.partial", std::process::id()))).unwrap();
    store.backup(copy.clone()).await.unwrap();
    assert_eq!(fs::metadata(&victim).unwrap().len(), 0);
    assert_eq!(fs::symlink_metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);

    let link = house.path("link.db");
    symlink(house.path("elsewhere.db"), &link).unwrap();
    assert!(store.backup(link).await.is_err());
    // Of a file that is gone; SQLite would take it for the copy's.
    fs::write(house.path("other.db-wal"), "").unwrap();
    assert!(store.backup(house.path("other.db")).await.is_err());
    for name in ["elsewhere.db", "other.db"] {
        assert!(!house.path(name).exists(), "{name}");
    }
    let left = fs::read_dir(house.path("")).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.filter(|name| name.to_string_lossy().contains(".personae-")).count(), 0);
}

/// A file that is open can be written to when it is no longer at its path, and everything is lost with it.
#[tokio::test]
async fn no_change_is_acknowledged_once_the_file_is_elsewhere() {
    type Happens = fn(&House);
    let elsewhere: [(&str, Happens); 5] = [
        ("removed", |house| fs::remove_file(house.file()).unwrap()),
        ("renamed", |house| fs::rename(house.file(), house.path("old.db")).unwrap()),
        ("replaced by a backup", |house| {
            fs::copy(house.path("backup.db"), house.path("new.db")).unwrap();
            fs::rename(house.path("new.db"), house.file()).unwrap();
        }),
        ("without its log", |house| fs::remove_file(house.path("directory.db-wal")).unwrap()),
        ("in a folder that was renamed", House::move_away),
    ];
    for (how, happen) in elsewhere {
        let house = House::furnished().await;
        let store = house.open();
        store.backup(house.path("backup.db")).await.unwrap();
        assert!(store.is_ready().await, "{how}");
        change(&store, 1, titled("acknowledged")).await;
        happen(&house);
        assert!(!store.is_ready().await, "{how}");
        let unavailable = Err(ChangeError::Refused(Refusal::Unavailable));
        assert_eq!(store.change_person(changing(1, titled("lost"))).await, unavailable, "{how}");
        assert!(find(&store, 1).await.is_some(), "{how}: reads go on");
        // It stays like that when there is a file again, which may be another.
        if house.path("").exists() && !house.file().exists() {
            drop(house.open());
        }
        assert!(!store.is_ready().await, "{how}");
        assert_eq!(store.change_person(changing(1, titled("lost"))).await, unavailable, "{how}");
    }
}

/// Takes back what the versions after search folded accents added to the schema.
const WITHOUT_ENTITIES: &str = r#"
    DROP INDEX organization_name;
    DROP INDEX organization_external_id;
    ALTER TABLE organization DROP COLUMN deleted_at;
    ALTER TABLE organization DROP COLUMN external_id;
    ALTER TABLE organization DROP COLUMN url;
    ALTER TABLE organization DROP COLUMN summary;
    CREATE UNIQUE INDEX organization_name ON organization (tenant, name);
    ALTER TABLE membership ADD COLUMN replay_role TEXT NOT NULL DEFAULT 'user';
    ALTER TABLE membership ADD COLUMN replay_access TEXT NOT NULL DEFAULT 'default';
    ALTER TABLE membership ADD COLUMN kare_group INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE membership ADD COLUMN kare_read TEXT;
    ALTER TABLE membership ADD COLUMN kare_manage TEXT;
    ALTER TABLE membership ADD COLUMN super_delegate TEXT;
    UPDATE membership SET replay_role = 'manager', kare_group = -1, kare_read = '[7,-7]',
        super_delegate = '["time:read"]' WHERE grants IS NOT NULL;
    ALTER TABLE membership DROP COLUMN grants;
    ALTER TABLE credential DROP COLUMN old_key_used_at;
    ALTER TABLE credential DROP COLUMN person;
    ALTER TABLE credential DROP COLUMN description;
    DROP TABLE message;
    DROP TABLE invitation;
    ALTER TABLE label DROP COLUMN kind;
    ALTER TABLE label DROP COLUMN source;
    ALTER TABLE label DROP COLUMN created_at;
    ALTER TABLE label DROP COLUMN updated_at;
    DROP TABLE customer;
    DROP TABLE customer_key;
    DROP INDEX organization_object_id;
    CREATE TABLE subjects AS SELECT pk, subject_kind, subject_id FROM event;
    DROP TABLE template;
    DROP TABLE person_listed;
    ALTER TABLE team DROP COLUMN description;
    ALTER TABLE team DROP COLUMN kind;
    ALTER TABLE team DROP COLUMN use_turn_connection;
    ALTER TABLE team DROP COLUMN created_at;
    DROP INDEX department_external_id;
    DROP INDEX department_parent;
    DROP INDEX department_manager;
    DROP INDEX group_external_id;
    DROP INDEX person_primary_department;
    DROP INDEX person_department_department;
    DROP INDEX person_group_group;
    DROP INDEX event_subject;
    ALTER TABLE department DROP COLUMN kind;
    ALTER TABLE department DROP COLUMN parent;
    ALTER TABLE department DROP COLUMN external_id;
    ALTER TABLE department DROP COLUMN zip_code;
    ALTER TABLE department DROP COLUMN city;
    ALTER TABLE department DROP COLUMN manager;
    ALTER TABLE department DROP COLUMN email;
    ALTER TABLE department DROP COLUMN created_at;
    ALTER TABLE department DROP COLUMN updated_at;
    ALTER TABLE department DROP COLUMN document;
    ALTER TABLE "group" DROP COLUMN description;
    ALTER TABLE "group" DROP COLUMN external_id;
    ALTER TABLE "group" DROP COLUMN created_at;
    ALTER TABLE "group" DROP COLUMN updated_at;
    ALTER TABLE role DROP COLUMN description;
    ALTER TABLE role DROP COLUMN created_at;
    ALTER TABLE role DROP COLUMN updated_at;
    ALTER TABLE event DROP COLUMN subject_kind;
    ALTER TABLE event DROP COLUMN subject_id;"#;

/// A store of the version before search folded accents.
#[tokio::test]
async fn an_older_store_is_searched_as_a_new_one_is_once_it_was_opened() {
    use directory::membership::ReplayRole;
    use directory::organization::Permission;
    use directory::query::{Filter, Query};

    let house = House::furnished().await;
    let store = house.open();
    // The grants are some that stood in columns of their own.
    let jose = PersonChange {
        nickname: Change::Set("Jos\u{e9}".into()),
        replay_role: Change::Set(ReplayRole::Manager),
        kare_group: Change::Set(u64::MAX),
        kare_read: Change::Set(vec![7, -7]),
        super_delegate: Change::Set(vec![Permission { claim: "time:read".to_owned() }]),
        ..PersonChange::default()
    };
    change(&store, 1, jose).await;
    let hash = report(&store).await.tenants;
    drop(store);
    let token = |text: &str| {
        let chars: Vec<char> = text.chars().chain(['\u{81}', '\u{81}']).collect();
        let tokens: Vec<String> =
            chars.windows(3).map(|three| format!("1\u{b7}{}", three.iter().collect::<String>())).collect();
        tokens.join(" ")
    };
    let row = "(SELECT pk << 2 | 2 FROM person WHERE nickname = 'jose')";
    house.tamper(&format!(
        "{WITHOUT_ENTITIES} PRAGMA user_version = 3;
         INSERT INTO person_search (person_search, rowid, trigrams) VALUES ('delete', {row}, '{}');
         INSERT INTO person_search (rowid, trigrams) VALUES ({row}, '{}');
         UPDATE person SET nickname = 'jos\u{e9}' WHERE nickname = 'jose'",
        token("jose"),
        token("jos\u{e9}"),
    ));
    let store = house.open();
    for (word, count) in [("jose", 1), ("ose", 1), ("se", 1), ("jos\u{e9}", 0)] {
        let query = Query::first(Filter::Words(vec![word.to_owned()]), vec![], 100);
        assert_eq!(store.list_person_ids(TENANT, ROOT, query).await.unwrap().items.len(), count, "{word}");
    }
    drop(store);
    // No store of that version had events that are not about people; this one had.
    house.tamper(
        "UPDATE event SET (subject_kind, subject_id) =
             (SELECT s.subject_kind, s.subject_id FROM subjects AS s WHERE s.pk = event.pk);
         DROP TABLE subjects",
    );
    let after = report(&house.open()).await;
    assert_eq!((after.problems, after.tenants), (vec![], hash));
}

/// As after a power failure: the file and its log as they are at that moment, without anybody having closed them.
#[tokio::test]
async fn what_was_acknowledged_is_in_the_files_at_once() {
    let house = House::furnished().await;
    let store = house.open();
    let crashed = House::new();
    for n in 0..20 {
        change(&store, 1, titled(&format!("t{n}"))).await;
        for name in ["directory.db", "directory.db-wal"] {
            // By another process: a copy made by this one would close a descriptor, and drop the locks of the store.
            let copied = Command::new("cp").args([house.path(name), crashed.path(name)]).status().unwrap();
            assert!(copied.success(), "{name}");
        }
        let recovered = crashed.open();
        assert_eq!(find(&recovered, 1).await.unwrap().person.title, Some(format!("t{n}")));
        assert_eq!(report(&recovered).await, report(&store).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_begins_anew_under_steady_writing() {
    let house = House::furnished().await;
    let options = Options { checkpoint_pages: 20, checkpoint_hard_pages: 60, ..Options::default() };
    let store = Arc::new(Sqlite::open(house.file(), options).unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..4 {
        let store = store.clone();
        tasks.spawn(async move {
            for n in 0..200 {
                change(&store, 1 + writer % 2, titled(&format!("{writer} {n}"))).await;
            }
        });
    }
    tasks.join_all().await;
    let log = fs::metadata(house.path("directory.db-wal")).unwrap().len();
    assert!(log < 1_000 * 4_096, "{log} bytes");
    assert_eq!(report(&store).await.problems, [""; 0]);
}
