//! The four documented update calls, ready to paste: with live credentials, and nothing but curl and sed.

use super::seed::Seeded;

/// One person, changed through each API.
pub(crate) fn calls(seeded: &Seeded, url: &str) -> String {
    let tenant = &seeded.tenant;
    let (person, other) = (&tenant.people[0], &tenant.people[tenant.people.len() - 1]);
    let token = |name: &str| format!(r#"sed 's/.*"{name}": *"\([^"]*\)".*/\1/'"#);
    let (relesys, laurel) = (&tenant.relesys, &tenant.laurel);
    let key = tenant.replay.api_key().unwrap_or_default();
    format!(
        r#"# Below, {name} of {organization} is changed through four APIs. Paste the calls one by one, or all of this at once.

# Relesys: a JSON Patch
curl -sS -X PATCH '{url}/api/v1/users/{id}' \
  -H "Authorization: Bearer $(curl -sS '{url}/login/oauth/authorize' -d grant_type=client_credentials -d scope=relesys.api \
    -d client_id={relesys_id} -d client_secret={relesys_secret} | {access_token})" \
  -H 'Content-Type: application/json-patch+json' \
  -d '[{{"value":"My patched name","path":"/name","op":"add"}},{{"value":{{"countryCode":45,"number":"11223344"}},"path":"/phoneNumber","op":"replace"}},{{"path":"/title","op":"remove"}},{{"value":{{"customfieldone":"Custom field 1","customfieldtwo":"Custom field 2"}},"path":"/customFields","op":"add"}}]'; echo

# Replay: a form of three fields
curl -sS -X PATCH '{url}/api/user/{id}' -H 'x-api-key: {key}' -H 'Content-Type: application/json' \
  -d '{{"firstName":"Augusta Ada","lastName":"King","role":"Manager"}}'; echo

# Kare: signing in as an admin gives two tokens
tokens=$(curl -sS '{url}/main/auth/v1/rs/login/credentials' -H 'Content-Type: application/json' \
  -d '{{"email":"{admin_email}","password":"{admin_password}"}}')
curl -sS -X PATCH '{url}/main/users-organizations/v1/rs/users/{number}' -H 'Content-Type: application/json' \
  -H "Authorization: Bearer $(echo "$tokens" | {kare_access})" -H "x-session-token: $(echo "$tokens" | {kare_session})" \
  -d '{{"firstName":"John","lastName":"Doe","professionId":{label},"scope":1}}'; echo

# Laurel: {other} then delegates to {name}
curl -sS -X PATCH '{url}/api/v1/customers/{customer}/users/{object_id}' \
  -H "Authorization: Bearer $(curl -sS '{url}/api/v1/oauth/token' -H 'Content-Type: application/json' \
    -d '{{"client_id":"{laurel_id}","client_secret":"{laurel_secret}","audience":"https://timeautomation.com","grant_type":"client_credentials"}}' \
    | {access_token})" \
  -H 'Content-Type: application/json' -d '{{"jobTitle":"Partner","nickname":"Ada","delegateIds":["{other_id}"]}}'; echo
"#,
        name = person.name,
        organization = tenant.name,
        id = person.id,
        number = person.number,
        object_id = person.object_id,
        relesys_id = relesys.credential.public_id,
        relesys_secret = relesys.secret,
        access_token = token("access_token"),
        admin_email = tenant.kare_admin.email,
        admin_password = tenant.kare_admin.password,
        kare_access = token("accessToken"),
        kare_session = token("sessionToken"),
        label = tenant.label,
        customer = tenant.root.object_id,
        laurel_id = laurel.credential.public_id,
        laurel_secret = laurel.secret,
        other = other.name,
        other_id = other.object_id,
    )
}
