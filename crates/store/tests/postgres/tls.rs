//! Encryption, and whether the server is the one that was meant.

use crate::server::{PASSWORD, open, server, told};

#[tokio::test]
async fn encryption_is_had_where_it_is_asked_for() {
    let server = server();
    let name = server.database("encrypted");
    server.sql(&name, &["GRANT CREATE ON SCHEMA public TO plain"]);
    let url = |user: &str, mode: &str| format!("postgres://{user}@{}/{name}?{mode}", server.address);
    for mode in ["", "sslmode=prefer", "sslmode=require", "sslmode=require&channel_binding=prefer"] {
        open(&url("encrypted", mode)).await.unwrap();
        assert!(told(open(&url("plain", mode)).await).contains("no pg_hba.conf entry"), "{mode} encrypts");
    }
    let refused = told(open(&url("encrypted", "sslmode=disable")).await);
    assert!(refused.contains("no encryption") && refused.contains("sslmode=require"), "{refused}");
    // It comes in without, as far as to be told what it may not.
    let refused = told(open(&url("plain", "sslmode=disable")).await);
    assert!(refused.contains("the user plain may not read the tables"), "{refused}");
}

#[tokio::test]
async fn a_certificate_is_checked_as_far_as_it_is_asked_for() {
    let server = server();
    let name = server.database("encrypted");
    let right = server.file("authority.pem");
    let wrong = server.file("stranger.pem");
    let own = server.file("server.pem");
    let url = |host: &str, query: &str| {
        format!("postgres://encrypted@{host}/{name}?hostaddr={}&{query}", server.address)
    };
    let (named, addressed, other) = ("db.example", server.address.to_string(), "other.example");
    for good in [
        url(named, &format!("sslmode=verify-full&sslrootcert={right}")),
        url(&addressed, &format!("sslmode=verify-full&sslrootcert={right}")),
        url(named, &format!("sslrootcert={right}")),
        url(named, &format!("sslrootcert={own}")),
        url(other, &format!("sslmode=verify-ca&sslrootcert={right}")),
        url(other, &format!("sslmode=require&sslrootcert={right}")),
        url(other, "sslmode=require"),
    ] {
        open(&good).await.unwrap_or_else(|error| panic!("{good}: {error}"));
    }
    for (bad, says) in [
        (
            url(named, &format!("sslmode=verify-full&sslrootcert={wrong}")),
            "by an authority that is not trusted",
        ),
        (
            url(other, &format!("sslmode=verify-ca&sslrootcert={wrong}")),
            "by an authority that is not trusted",
        ),
        (url(other, &format!("sslmode=require&sslrootcert={wrong}")), "by an authority that is not trusted"),
        (url(other, &format!("sslmode=verify-full&sslrootcert={right}")), "is for another name"),
        (url(other, &format!("sslmode=verify-full&sslrootcert={own}")), "is for another name"),
    ] {
        let told = told(open(&bad).await);
        assert!(told.contains(says) && told.contains("sslrootcert=PATH"), "{bad}: {told}");
    }
}

#[tokio::test]
async fn a_password_is_bound_to_the_channel() {
    let server = server();
    let name = server.database("ada");
    let url = |query: &str| {
        let password = PASSWORD.replace(' ', "%20");
        format!("postgres://ada:{password}@{}/{name}?{query}", server.address)
    };
    open(&url("channel_binding=require")).await.unwrap();
    let refused = told(open(&url("channel_binding=require&sslmode=disable")).await);
    assert!(
        refused.contains("gave no answer that makes sense: server did not use channel binding"),
        "{refused}"
    );
}
