//! Databases that are opened, made and refused.

use std::io::{Read, Write};
use std::net::TcpListener;

use store::postgres::{Address, OpenError, holds_a_store};
use testkit::postgres::database;

use crate::server::{PASSWORD, also, open, server, told};

/// Every version of the schema was applied, and none of them twice.
const EACH_ONCE: &str = "SELECT count(*) = max(version) AND min(version) = 1 FROM personae_schema";

#[tokio::test]
async fn an_empty_database_becomes_a_store_and_stays_one() {
    let database = database();
    let address = Address::parse(database.url()).unwrap();
    assert!(!holds_a_store(&address).await.unwrap());
    assert_eq!(database.sql(&["SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"]), "0");
    for _ in 0..2 {
        open(database.url()).await.unwrap();
        assert!(holds_a_store(&address).await.unwrap());
        assert_eq!(database.sql(&[EACH_ONCE]), "t");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_processes_may_start_at_once() {
    let database = database();
    let starting: Vec<_> = (0..16)
        .map(|_| {
            let url = database.url().to_owned();
            tokio::spawn(async move { open(&url).await })
        })
        .collect();
    for start in starting {
        start.await.unwrap().unwrap();
    }
    assert_eq!(database.sql(&[EACH_ONCE]), "t");
}

#[tokio::test]
async fn what_cannot_be_made_whole_is_not_made_at_all() {
    let database = database();
    // A table of that name would be a type of that name too.
    database.sql(&["CREATE TYPE membership AS ENUM ()"]);
    let told = told(open(database.url()).await);
    assert!(told.contains("cannot open the database: type \"membership\" already exists"), "{told}");
    assert_eq!(database.sql(&["SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"]), "0");
}

#[tokio::test]
async fn the_tables_of_another_program_are_left_alone() {
    let database = database();
    database.sql(&["CREATE TABLE invoice (n integer)"]);
    let told = told(open(database.url()).await);
    assert!(
        told.contains("the schema public holds the tables of another program, invoice for one"),
        "{told}"
    );
    assert_eq!(database.sql(&["SELECT tablename FROM pg_tables WHERE schemaname = 'public'"]), "invoice");

    // A schema of its own is as good as a database of its own.
    let url = also(database.url(), "options=-csearch_path%3Dpersonae");
    assert!(matches!(open(&url).await, Err(OpenError::NoSchema)));
    database.sql(&["CREATE SCHEMA personae"]);
    open(&url).await.unwrap();
    assert!(holds_a_store(&Address::parse(&url).unwrap()).await.unwrap());
    assert_eq!(database.sql(&["SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"]), "1");
    // And what is added later beside ours does no harm.
    database.sql(&["CREATE TABLE personae.report (n integer)"]);
    open(&url).await.unwrap();
}

#[tokio::test]
async fn what_an_extension_brings_is_nobodys() {
    let server = server();
    let name = server.database("personae");
    server
        .sql(&name, &["CREATE TABLE statistics (n integer)", "ALTER EXTENSION plpgsql ADD TABLE statistics"]);
    open(&server.local("personae", &name)).await.unwrap();
}

#[tokio::test]
async fn a_newer_schema_is_refused_with_both_numbers() {
    let database = database();
    open(database.url()).await.unwrap();
    let known: u32 = database.sql(&["SELECT max(version) FROM personae_schema"]).parse().unwrap();
    database.sql(&["INSERT INTO personae_schema VALUES (700, now())"]);
    let told = told(open(database.url()).await);
    let says = format!("its schema is 700, and this version knows schemas up to {known}");
    assert!(told.contains(&says), "{told}");
    let address = Address::parse(database.url()).unwrap();
    let refused = holds_a_store(&address).await;
    assert!(matches!(refused, Err(OpenError::Newer { found: 700, known: last }) if last == known));
}

#[tokio::test]
async fn who_may_make_no_tables_serves_those_that_there_are() {
    let server = server();
    let name = server.database("personae");
    let guest = server.local("guest", &name);
    let refused = told(open(&guest).await);
    assert!(refused.contains("the user guest may not make tables in the schema public"), "{refused}");
    assert!(
        refused.contains("hint: let it: GRANT USAGE, CREATE ON SCHEMA \"public\" TO \"guest\""),
        "{refused}"
    );

    open(&server.local("personae", &name)).await.unwrap();
    let refused = told(open(&guest).await);
    assert!(refused.contains("the user guest may not read the tables in the schema public"), "{refused}");
    server.sql(&name, &["GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO guest"]);
    open(&guest).await.unwrap();

    server.sql(&name, &[&format!("REVOKE CONNECT ON DATABASE {name} FROM PUBLIC")]);
    let refused = told(open(&guest).await);
    assert!(refused.contains("permission denied for database"), "{refused}");
    assert!(refused.contains("hint: let the user in: GRANT CONNECT"), "{refused}");
}

#[tokio::test]
async fn a_database_that_cannot_hold_every_name_is_refused() {
    let server = server();
    server.sql("postgres", &["CREATE DATABASE latin ENCODING LATIN1 TEMPLATE template0 OWNER personae"]);
    let told = told(open(&server.local("personae", "latin")).await);
    assert!(told.contains("encoded in LATIN1, and must be in UTF8"), "{told}");
}

#[tokio::test]
async fn who_is_not_let_in_reads_why_and_never_the_password() {
    let server = server();
    let name = server.database("ada");
    let at = format!("{}:5432", server.address);
    open(&format!("postgres://ada:{}@{at}/{name}", PASSWORD.replace(' ', "%20"))).await.unwrap();
    for (url, says) in [
        (
            format!("postgres://ada:guessed@{at}/{name}"),
            "says: password authentication failed for user \"ada\"\nhint: check",
        ),
        (
            format!("postgres://ada@{at}/{name}"),
            "asks for a password, and there is none\nhint: give it in PGPASSWORD",
        ),
        (
            format!("postgres://ada:s3cret%20of%20ada@{at}/none"),
            "database \"none\" does not exist\nhint: make it first",
        ),
        (format!("postgres://guest:guessed@{at}/{name}"), "no pg_hba.conf entry"),
        (
            server.local("nobody", &name),
            "role \"nobody\" does not exist\nhint: the server's pg_hba.conf and its roles",
        ),
    ] {
        let told = told(open(&url).await);
        assert!(told.contains(says), "{told}");
        assert!(!told.contains("guessed") && !told.contains(PASSWORD), "{told}");
    }
}

#[tokio::test]
async fn who_does_not_answer_as_postgresql_does_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let refusal = b"SFATAL\0C08P01\0Munsupported startup parameter: options\0\0";
    let refusal = [b"E\0\0\0".as_slice(), &[refusal.len() as u8 + 4], refusal].concat();
    let server = std::thread::spawn(move || {
        for last in [b"".as_slice(), b"HTTP/1.1 400 Bad Request\r\n\r\n", &refusal] {
            let (mut client, _) = listener.accept().unwrap();
            for answer in [b"N", last] {
                // First it asks for TLS, and then says who it is.
                let asked = client.read(&mut [0; 512]).unwrap();
                assert!(asked < 512);
                client.write_all(answer).unwrap();
            }
        }
    });
    let url = format!("postgres://ada@{at}/people");
    let refused = told(open(&format!("{url}?sslmode=require")).await);
    assert!(refused.contains("offers no TLS\nhint: let the server offer TLS"), "{refused}");
    let refused = told(open(&url).await);
    assert!(refused.contains("gave no answer that makes sense"), "{refused}");
    let refused = told(open(&url).await);
    assert!(
        refused.contains("says: unsupported startup parameter: options\nhint: a pooler that"),
        "{refused}"
    );
    server.join().unwrap();
    let refused = told(open(&url).await);
    assert!(
        refused.contains(&format!("{at} refuses connections\nhint: is PostgreSQL running there")),
        "{refused}"
    );
    let refused = told(open("postgres:///people?host=/nowhere/at/all").await);
    assert!(refused.contains("/nowhere/at/all:5432 has no socket there"), "{refused}");
}
