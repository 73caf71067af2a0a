//! Calls to paste into a shell: with live credentials, and nothing but curl and sed.

use serde_json::json;

/// What Laurel documents as the audience of every token.
pub(crate) const LAUREL_AUDIENCE: &str = "https://timeautomation.com";

/// One word for a shell, whatever it holds.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A filter that takes one text out of a JSON answer.
pub(crate) fn member(name: &str) -> String {
    format!(r#"sed 's/.*"{name}": *"\([^"]*\)".*/\1/'"#)
}

pub(crate) fn relesys_token_url(base_url: &str) -> String {
    format!("{base_url}/login/oauth/authorize")
}

/// Prints an access token.
pub(crate) fn relesys_token(base_url: &str, id: &str, secret: &str, scope: &str) -> String {
    format!(
        "curl -sS {} -d grant_type=client_credentials -d {} \\
    -d client_id={id} -d client_secret={secret} | {}",
        quoted(&relesys_token_url(base_url)),
        quoted(&format!("scope={}", scope.replace(' ', "+"))),
        member("access_token")
    )
}

pub(crate) fn laurel_token_url(base_url: &str) -> String {
    format!("{base_url}/api/v1/oauth/token")
}

/// Prints an access token.
pub(crate) fn laurel_token(base_url: &str, id: &str, secret: &str) -> String {
    let body = json!({
        "client_id": id,
        "client_secret": secret,
        "audience": LAUREL_AUDIENCE,
        "grant_type": "client_credentials",
    });
    format!(
        "curl -sS {} -H 'Content-Type: application/json' \\
    -d {} | {}",
        quoted(&laurel_token_url(base_url)),
        quoted(&body.to_string()),
        member("access_token")
    )
}

pub(crate) fn kare_sign_in_url(base_url: &str) -> String {
    format!("{base_url}/main/auth/v1/rs/login/credentials")
}

/// Signs in and keeps the answer in `$tokens`, for [`kare_headers`] to take.
pub(crate) fn kare_sign_in(base_url: &str, email: &str, password: &str) -> String {
    let body = json!({"email": email, "password": password});
    format!(
        "tokens=$(curl -sS {} -H 'Content-Type: application/json' \\
  -d {})",
        quoted(&kare_sign_in_url(base_url)),
        quoted(&body.to_string())
    )
}

/// The two headers of a call in Kare.
pub(crate) fn kare_headers() -> String {
    format!(
        r#"-H "Authorization: Bearer $(echo "$tokens" | {})" -H "x-session-token: $(echo "$tokens" | {})""#,
        member("accessToken"),
        member("sessionToken")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_ends_where_it_should() {
        assert_eq!(quoted("a b$(c)`d`\"e"), "'a b$(c)`d`\"e'");
        assert_eq!(quoted("o'brien"), r"'o'\''brien'");
        let call = kare_sign_in("http://127.0.0.1:1", "o'brien@a.example", "pass");
        assert!(call.contains(r#"-d '{"email":"o'\''brien@a.example","password":"pass"}')"#), "{call}");
    }
}
