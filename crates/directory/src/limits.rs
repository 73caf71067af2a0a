//! Every limit of the domain, with its reason. A vendor's own, narrower limits stand in that vendor's lens.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Characters of any one text. The widest vendor limit is 4,000 (Relesys custom fields).
pub const TEXT: usize = 4_000;

/// Characters of a value that is looked up (email, user name, external id): keys stay small enough to index.
pub const KEY: usize = 320;

/// Characters of a new password. Fewer are guessed; more are not taken where people sign in (Kare documents 100).
pub const PASSWORD: RangeInclusive<usize> = 8..=100;

/// Entries of any one list of a person (groups, departments, identities, permissions).
pub const LIST: usize = 10_000;

/// Custom field values of one person, and strings in one value.
pub const CUSTOM_FIELDS: usize = 1_000;

/// How long what is known of a credential or a session may be used before it is read again.
/// A revocation made by another process must hold within a second.
pub const CREDENTIAL_CACHE: Duration = Duration::from_millis(500);

/// Credentials and sessions cached at once, some 300 bytes each.
pub const CREDENTIALS_CACHED: usize = 10_000;

/// How long the longest-lived token of any dialect is good: a day, of Laurel's tokens and Kare's session tokens. A signing
/// key that was replaced is kept for so long.
pub const TOKEN_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// Words of one search. More cost an index walk each and never find more.
pub const SEARCH_WORDS: usize = 10;

/// Live clients that a customer makes for itself, and live credentials looked through to find them.
pub const CLIENTS: usize = 100;
pub const CLIENTS_LISTED: u32 = 1_000;

/// Organizations that may stand above one another in a tenant.
pub const DEPTH: usize = 16;

/// Departments that may stand above one another: deeper than any company, and few enough to be looked through for each
/// department that is put below another.
pub const DEPARTMENT_DEPTH: usize = 32;

/// Cultures of one department or template. There are some 800 in all.
pub const CULTURES: usize = 1_000;

/// Characters of the name of a culture. The longest that is registered has 35 (RFC 5646, section 4.4.1).
pub const CULTURE: usize = 35;

/// Characters of a text message: ten joined short messages of 153 characters each (GSM 03.40, 9.2.3.24.1).
pub const SMS_TEXT: usize = 1_530;

/// Characters of a text of a template: the HTML of an e-mail.
pub const TEMPLATE_TEXT: usize = 100_000;
