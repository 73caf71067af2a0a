-- A directory: tenants, their vocabulary, their people, and what happened to them.
--
-- Every table of a tenant's things begins with the tenant. Rows that grow into the millions have an integer `pk`,
-- (tenant << 40) | number, so that a tenant's rows lie side by side. Times are microseconds since 1970, UUIDs 16 bytes,
-- object ids 12 bytes, lists JSON arrays. References are checked by the engine, which can name the attribute.

CREATE TABLE tenant (
    tenant INTEGER PRIMARY KEY,
    object_id BLOB NOT NULL UNIQUE,
    region TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- The numbers given out last.
    last_person INTEGER NOT NULL DEFAULT 0,
    last_event INTEGER NOT NULL DEFAULT 0,
    last_organization INTEGER NOT NULL DEFAULT 0,
    last_label INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE organization (
    tenant INTEGER NOT NULL,
    number INTEGER NOT NULL,
    id BLOB NOT NULL,
    object_id BLOB NOT NULL,
    parent INTEGER,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX organization_id ON organization (tenant, id);
CREATE UNIQUE INDEX organization_name ON organization (tenant, name);

CREATE TABLE department (
    tenant INTEGER NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE "group" (
    tenant INTEGER NOT NULL,
    id BLOB NOT NULL,
    object_id BLOB NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX group_object_id ON "group" (tenant, object_id);

CREATE TABLE team (
    tenant INTEGER NOT NULL,
    organization INTEGER NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (tenant, organization, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX team_id ON team (tenant, id);

CREATE TABLE label (
    tenant INTEGER NOT NULL,
    number INTEGER NOT NULL,
    organization INTEGER NOT NULL,
    name TEXT NOT NULL,
    color TEXT NOT NULL,
    PRIMARY KEY (tenant, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX label_name ON label (tenant, organization, name);

CREATE TABLE role (
    tenant INTEGER NOT NULL,
    object_id BLOB NOT NULL,
    name TEXT NOT NULL,
    is_default INTEGER NOT NULL,
    permissions TEXT NOT NULL,
    PRIMARY KEY (tenant, object_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX role_name ON role (tenant, name);

CREATE TABLE custom_field (
    tenant INTEGER NOT NULL,
    key TEXT NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (tenant, key)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX custom_field_id ON custom_field (tenant, id);

CREATE TABLE person (
    pk INTEGER PRIMARY KEY,
    tenant INTEGER NOT NULL,
    id BLOB NOT NULL,
    object_id BLOB NOT NULL,
    -- What a search looks through, folded; empty when absent.
    given TEXT NOT NULL,
    family TEXT NOT NULL,
    nickname TEXT NOT NULL,
    email TEXT NOT NULL,
    status TEXT NOT NULL,
    primary_department BLOB,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    version INTEGER NOT NULL,
    -- The pk of the last event about this person, from which the others follow by event.previous. An index would be one
    -- more page for each change.
    last_event INTEGER,
    -- Everything else, as JSON without its absent members.
    document TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX person_id ON person (tenant, id);
CREATE UNIQUE INDEX person_object_id ON person (tenant, object_id);

CREATE TABLE person_department (
    tenant INTEGER NOT NULL,
    person INTEGER NOT NULL,
    position INTEGER NOT NULL,
    department BLOB NOT NULL,
    data_source TEXT,
    PRIMARY KEY (tenant, person, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE person_group (
    tenant INTEGER NOT NULL,
    person INTEGER NOT NULL,
    position INTEGER NOT NULL,
    "group" BLOB NOT NULL,
    data_source TEXT,
    PRIMARY KEY (tenant, person, position)
) STRICT, WITHOUT ROWID;

-- What a living person is found by, and what no two of them share.
CREATE TABLE person_key (
    tenant INTEGER NOT NULL,
    source TEXT NOT NULL,
    value TEXT NOT NULL,
    person INTEGER NOT NULL,
    PRIMARY KEY (tenant, source, value)
) STRICT, WITHOUT ROWID;

-- The identities of those who left, so that who comes back is the same person again.
CREATE TABLE former_key (
    tenant INTEGER NOT NULL,
    source TEXT NOT NULL,
    value TEXT NOT NULL,
    person INTEGER NOT NULL,
    PRIMARY KEY (tenant, source, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX former_key_person ON former_key (tenant, person);

CREATE TABLE membership (
    tenant INTEGER NOT NULL,
    person INTEGER NOT NULL,
    organization INTEGER NOT NULL,
    -- The person's, for the order of lists.
    object_id BLOB NOT NULL,
    replay_role TEXT NOT NULL,
    replay_access TEXT NOT NULL,
    team BLOB,
    kare_scope TEXT NOT NULL,
    -- An unsigned integer of 64 bits, kept as its two's complement.
    kare_group INTEGER NOT NULL,
    kare_read TEXT,
    kare_manage TEXT,
    profession INTEGER,
    laurel_roles TEXT,
    -- NULL: no super delegate.
    super_delegate TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    PRIMARY KEY (tenant, person, organization)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX membership_order ON membership (tenant, organization, object_id) WHERE deleted_at IS NULL;

CREATE TABLE delegation (
    tenant INTEGER NOT NULL,
    organization INTEGER NOT NULL,
    delegate INTEGER NOT NULL,
    delegator INTEGER NOT NULL,
    permissions TEXT,
    PRIMARY KEY (tenant, organization, delegate, delegator)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX delegation_delegator ON delegation (tenant, organization, delegator, delegate);

-- The pk is (tenant << 40) | sequence.
CREATE TABLE event (
    pk INTEGER PRIMARY KEY,
    tenant INTEGER NOT NULL,
    person INTEGER NOT NULL,
    at INTEGER NOT NULL,
    action TEXT NOT NULL,
    via TEXT NOT NULL,
    organization INTEGER NOT NULL,
    credential BLOB,
    actor BLOB,
    forwarded TEXT,
    request TEXT NOT NULL,
    -- The pk of the event about the same person before this one.
    previous INTEGER,
    changes TEXT NOT NULL
) STRICT;

CREATE TABLE credential (
    tenant INTEGER NOT NULL,
    id BLOB NOT NULL,
    organization INTEGER NOT NULL,
    dialect TEXT NOT NULL,
    name TEXT NOT NULL,
    public_id TEXT NOT NULL,
    -- [[hash in hexadecimal, time], ...]
    keys TEXT NOT NULL,
    scopes TEXT NOT NULL,
    rate_limit INTEGER,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    last_used_at INTEGER,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
-- Both are looked up before the tenant is known.
CREATE UNIQUE INDEX credential_id ON credential (id);
CREATE UNIQUE INDEX credential_public_id ON credential (public_id);

CREATE TABLE password (
    tenant INTEGER NOT NULL,
    person INTEGER NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (tenant, person)
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    tenant INTEGER NOT NULL,
    id BLOB NOT NULL,
    organization INTEGER NOT NULL,
    person INTEGER NOT NULL,
    refresh BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX session_id ON session (id);
CREATE INDEX session_person ON session (tenant, person, organization);
CREATE INDEX session_end ON session (expires_at);

CREATE TABLE signing_key (
    id TEXT NOT NULL PRIMARY KEY,
    algorithm TEXT NOT NULL UNIQUE,
    secret BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The trigrams of each folded field of each living person; the rowid is (person << 2) | field. The text is not kept:
-- it can be made again from the person.
CREATE VIRTUAL TABLE person_search USING fts5 (
    trigrams, content = '', columnsize = 0, detail = none, tokenize = "ascii"
);
