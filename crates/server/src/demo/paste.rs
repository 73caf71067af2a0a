//! The four documented update calls, ready to paste.

use super::seed::Seeded;
use crate::curl::{kare_headers, kare_sign_in, laurel_token, relesys_token};

/// One person, changed through each API.
pub(crate) fn calls(seeded: &Seeded, url: &str) -> String {
    let tenant = &seeded.tenant;
    let (person, other) = (&tenant.people[0], &tenant.people[tenant.people.len() - 1]);
    let (relesys, laurel) = (&tenant.relesys, &tenant.laurel);
    format!(
        r#"# Below, {name} of {organization} is changed through four APIs. Paste the calls one by one, or all of this at once.

# Relesys: a JSON Patch
curl -sS -X PATCH '{url}/api/v1/users/{id}' \
  -H "Authorization: Bearer $({relesys_token})" \
  -H 'Content-Type: application/json-patch+json' \
  -d '[{{"value":"My patched name","path":"/name","op":"add"}},{{"value":{{"countryCode":45,"number":"11223344"}},"path":"/phoneNumber","op":"replace"}},{{"path":"/title","op":"remove"}},{{"value":{{"customfieldone":"Custom field 1","customfieldtwo":"Custom field 2"}},"path":"/customFields","op":"add"}}]'; echo

# Replay: a form of three fields
curl -sS -X PATCH '{url}/api/user/{id}' -H 'x-api-key: {key}' -H 'Content-Type: application/json' \
  -d '{{"firstName":"Augusta Ada","lastName":"King","role":"Manager"}}'; echo

# Kare: signing in as an admin gives two tokens
{sign_in}
curl -sS -X PATCH '{url}/main/users-organizations/v1/rs/users/{number}' -H 'Content-Type: application/json' \
  {kare_headers} \
  -d '{{"firstName":"John","lastName":"Doe","professionId":{label},"scope":1}}'; echo

# Laurel: {other} then delegates to {name}
curl -sS -X PATCH '{url}/api/v1/customers/{customer}/users/{object_id}' \
  -H "Authorization: Bearer $({laurel_token})" \
  -H 'Content-Type: application/json' -d '{{"jobTitle":"Partner","nickname":"Ada","delegateIds":["{other_id}"]}}'; echo
"#,
        name = person.name,
        organization = tenant.name,
        id = person.id,
        number = person.number,
        object_id = person.object_id,
        relesys_token = relesys_token(url, &relesys.credential.public_id, &relesys.secret, "relesys.api"),
        key = tenant.replay.api_key().unwrap_or_default(),
        sign_in = kare_sign_in(url, &tenant.kare_admin.email, &tenant.kare_admin.password),
        kare_headers = kare_headers(),
        label = tenant.label,
        customer = tenant.root.object_id,
        laurel_token = laurel_token(url, &laurel.credential.public_id, &laurel.secret),
        other = other.name,
        other_id = other.object_id,
    )
}
