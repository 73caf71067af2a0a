//! What the layers of the settings come to, and what is refused.

use super::*;

fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("personae.toml");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn refusal(text: &str, environment: &[(&str, &str)]) -> String {
    let (_folder, path) = file(text);
    let flags = Flags { config: Some(path), ..Flags::default() };
    Config::layered(&flags, env(environment)).unwrap_err().to_string()
}

#[test]
fn defaults_are_complete_and_valid() {
    let config = Config::layered(&Flags::default(), []).unwrap();
    assert_eq!((config.listen.as_str(), config.store.as_str()), ("127.0.0.1:8080", "sqlite:personae.db"));
    assert!(Dialect::ALL.iter().all(|dialect| config.is_enabled(*dialect)));
}

#[test]
fn each_layer_goes_over_the_one_below() {
    let (_folder, path) = file(
        "listen = '1.1.1.1:1'\nstore = 'sqlite:file'\n[log]\nlevel = 'warn'\nformat = 'json'\n[kare]\nenabled = false",
    );
    let environment = env(&[
        ("PERSONAE_STORE", "sqlite:environment"),
        ("PERSONAE_LISTEN", "2.2.2.2:2"),
        ("PERSONAE_LOG__LEVEL", "error"),
        ("PERSONAE_LOG__REQUESTS", "ALL"),
        ("PERSONAE_LIMITS__BODY_SECONDS", "7"),
        ("PERSONAE_WAIT_FOR_STORE_SECONDS", "7"),
        ("PERSONAE_LAUREL__HOSTS", "a.example, b.example"),
        ("PERSONAE_REPLAY__ENABLED", "False"),
        ("PERSONAE_REPLAY__REQUESTS_PER_MINUTE", "250"),
        ("PERSONAE_SECRETS__KEY", "s3cret"),
        ("PERSONAE_TENANTS", "A.example=Aurora, b.example = 7"),
        ("PERSONAE_SERVICE_HOST", "10.0.0.1"),
        ("PERSONAE_CONFIG", "read elsewhere"),
        ("HOME", "/root"),
    ]);
    let flags = Flags {
        config: Some(path),
        listen: Some("3.3.3.3:3".into()),
        public_url: Some("https://people.example/".into()),
        log_format: Some(LogFormat::Text),
        wait_for_store: Some(9),
        ..Flags::default()
    };
    let config = Config::layered(&flags, environment).unwrap();
    assert_eq!(config.listen, "3.3.3.3:3");
    assert_eq!(config.store, "sqlite:environment");
    assert_eq!(config.public_url, "https://people.example");
    assert_eq!(
        config.log,
        Log { level: "error".into(), format: LogFormat::Text, requests: LoggedRequests::All }
    );
    assert_eq!((config.limits.body_seconds, config.wait_for_store()), (7, Duration::from_secs(9)));
    assert!(!config.kare.enabled && !config.replay.enabled && config.relesys.enabled);
    assert_eq!(config.laurel.hosts, ["a.example", "b.example"]);
    let tenants = config.tenants().unwrap();
    assert_eq!(tenants, [("a.example".to_owned(), "Aurora"), ("b.example".to_owned(), "7")]);
    let limits = config.rate_limits();
    assert_eq!((limits.relesys, limits.replay), (NonZeroU32::new(100), NonZeroU32::new(250)));
    assert_eq!((limits.kare, limits.laurel), (None, None));
    assert_eq!(config.secrets.key.reveal(), "s3cret");
    assert!(!format!("{config:?}").contains("s3cret"));
}

#[test]
fn a_variable_that_is_almost_a_setting_is_told_apart_from_those_of_others() {
    let meant = |name: &str| misspellings([name.to_owned()]).pop().map(|(_, meant)| meant);
    for (name, is_meant) in [
        ("PERSONAE_KARE_ENABLED", "PERSONAE_KARE__ENABLED"),
        ("PERSONAE_LIMITS_BODY_SECONDS", "PERSONAE_LIMITS__BODY_SECONDS"),
        ("PERSONAE_PUBLICURL", "PERSONAE_PUBLIC_URL"),
        ("PERSONAE__STORE", "PERSONAE_STORE"),
        ("PERSONAE_SOTRE", "PERSONAE_STORE"),
        ("PERSONAE_LISTENS", "PERSONAE_LISTEN"),
        ("PERSONAE_CONFG", "PERSONAE_CONFIG"),
        ("PERSONAE_LOG_LEVLE", "PERSONAE_LOG__LEVEL"),
    ] {
        assert_eq!(meant(name).as_deref(), Some(is_meant), "{name}");
    }
    for known in variables() {
        assert_eq!(meant(&known), None, "{known}");
        assert_eq!(meant(&known.to_ascii_lowercase().replace("personae_", PREFIX)), None, "{known}");
    }
    for of_others in [
        "PERSONAE_SERVICE_HOST",
        "PERSONAE_SERVICE_PORT",
        "PERSONAE_SERVICE_PORT_HTTP",
        "PERSONAE_PORT",
        "PERSONAE_PORT_8080_TCP",
        "PERSONAE_PORT_8080_TCP_PROTO",
        "PERSONAE_PORT_8080_TCP_PORT",
        "PERSONAE_PORT_8080_TCP_ADDR",
        "PERSONAE_KARE_SERVICE_HOST",
        "PERSONAE_KARE_PORT",
        "PERSONAE_KARE_PORT_80_TCP_ADDR",
        "PERSONAE_VERSION",
        "PERSONAE_IMAGE",
        "HOME",
    ] {
        assert_eq!(meant(of_others), None, "{of_others}");
    }
}

#[test]
fn clients_are_told_the_address_that_the_settings_say() {
    let of = |pairs: &[(&str, &str)]| {
        Config::layered(&Flags::default(), env(pairs)).unwrap().base_url(Dialect::Kare)
    };
    assert_eq!(of(&[]), "http://127.0.0.1:8080");
    assert_eq!(of(&[("PERSONAE_LISTEN", "0.0.0.0:80")]), "http://127.0.0.1:80");
    assert_eq!(of(&[("PERSONAE_LISTEN", "localhost:81")]), "http://localhost:81");
    assert_eq!(of(&[("PERSONAE_PUBLIC_URL", "https://people.example/")]), "https://people.example");
    let host = ("PERSONAE_KARE__HOSTS", "Kare.example,other.example");
    assert_eq!(of(&[host]), "http://kare.example:8080");
    assert_eq!(of(&[host, ("PERSONAE_PUBLIC_URL", "https://people.example")]), "https://kare.example");
}

#[test]
fn what_is_not_a_setting_is_refused_by_name() {
    assert!(refusal("lissten = ''", &[]).contains("sets lissten, which is not a setting"));
    assert!(refusal("[log]\nlvl = ''", &[]).contains("sets log.lvl, which is not a setting"));
    assert!(refusal("[scim]\nenabled = true", &[]).contains("sets scim,"));
    assert!(refusal("", &[("PERSONAE_LOG__LVL", "x")]).contains("PERSONAE_LOG__LVL sets log.lvl"));
    assert!(refusal("", &[("PERSONAE_SCIM__ENABLED", "x")]).contains("scim.enabled"));
}

#[test]
fn origins_are_written_as_browsers_send_them() {
    let with =
        |origins: &str| Config::layered(&Flags::default(), env(&[("PERSONAE_CORS__ORIGINS", origins)]));
    for good in ["", "*", "https://people.example", "http://localhost:5173, https://[::1]:8443"] {
        assert!(with(good).is_ok(), "{good}");
    }
    for bad in [
        "people.example",
        "https://people.example/",
        "https://people.example/app",
        "https://People.example",
        "https://people.example:443",
        "https://user@people.example",
        "https://",
        "null",
        "https://*.example",
        "*, https://people.example",
    ] {
        assert!(with(bad).unwrap_err().to_string().contains("cors.origins"), "{bad}");
    }
}

#[test]
fn what_a_setting_cannot_be_is_refused() {
    assert!(refusal("listen = 8080", &[]).contains("listen in"));
    assert!(refusal("listen", &[]).contains("is not valid TOML"));
    assert!(refusal("[log]\nformat = 'xml'", &[]).contains("xml"));
    assert!(refusal("[limits]\nheader_bytes = 100", &[]).contains("must be 8192 or more"));
    for url in ["people.example", "https://bücher.example", "https://people.example/a b", "http://a\u{7f}"] {
        assert!(refusal("", &[("PERSONAE_PUBLIC_URL", url)]).contains("public_url"), "{url}");
    }
    assert!(refusal("[limits]\nbody_bytes_in_flight = 1", &[]).contains("must be 8388608 or more"));
    assert!(
        refusal("", &[("PERSONAE_KARE__ENABLED", "yes")])
            .contains("must be a boolean\nhint: by default it is true")
    );
    let word = refusal("", &[("PERSONAE_LOG__FORMAT", "xml")]);
    assert!(word.contains("\"xml\" is none of json, text, auto"), "{word}");
    let both = [("PERSONAE_KARE__HOSTS", "a.example"), ("PERSONAE_REPLAY__HOSTS", "A.example")];
    assert!(refusal("", &both).contains("claimed by replay and by kare"));
    assert!(refusal("", &[("PERSONAE_KARE__HOSTS", "https://a")]).contains("not a host name"));
    for text in ["Aurora", "=Aurora", "a.example=", "https://a.example=Aurora", "a.example:80=Aurora"] {
        assert!(refusal("", &[("PERSONAE_TENANTS", text)]).contains("not HOST=ORGANIZATION"), "{text}");
    }
    assert!(refusal("", &[("PERSONAE_TENANTS", "a.example=1,A.example=2")]).contains("twice"));
    assert!(refusal("proxies = ['10.0.0.0/33']", &[]).contains("\"10.0.0.0/33\""));
    assert!(refusal("", &[("PERSONAE_PROXIES", "10.0.0.1, proxy.example")]).contains("\"proxy.example\""));
    assert!(refusal("[limits]\nwrite_seconds = 0", &[]).contains("must be 1 or more"));
    let two = refusal("[secrets]\nkey_file = 'a'", &[("PERSONAE_SECRETS__KEY", "s3cret")]);
    assert!(two.contains("secrets.key_file and secrets.key are both set") && !two.contains("s3cret"));
    assert!(refusal("[relesys]\nrequests_per_minute = 'many'", &[]).contains("must be a integer"));
    let missing = Flags { config: Some("/nowhere/at/all.toml".into()), ..Flags::default() };
    let failure = Config::layered(&missing, []).unwrap_err();
    assert!(failure.to_string().contains("cannot read the settings in /nowhere/at/all.toml"));
}
