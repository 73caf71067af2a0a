-- A directory: tenants, their vocabulary, their people, and what happened to them.
--
-- Every key of a tenant's things begins with the tenant, and nothing refers across tenants, so that the tables can be
-- distributed by it. Four small tables are looked up before a tenant is known, and are whole on every node of such a
-- cluster: tenant, credential, session, signing_key. Object ids are 12 bytes. Text is compared byte by byte, because it
-- was folded before it came here. References are checked by the engine, which can name the attribute.

CREATE TABLE tenant (
    tenant integer PRIMARY KEY,
    object_id bytea NOT NULL UNIQUE,
    region text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL
);

-- The numbers given out last in a tenant: of its people, events, organizations and labels; and how often its vocabulary
-- has changed. A row each, so that those who count different things do not wait for one another.
CREATE TABLE counter (
    tenant integer NOT NULL,
    name text COLLATE "C" NOT NULL,
    last bigint NOT NULL,
    PRIMARY KEY (tenant, name)
) WITH (fillfactor = 20);

CREATE TABLE organization (
    tenant integer NOT NULL,
    number bigint NOT NULL,
    id uuid NOT NULL,
    object_id bytea NOT NULL,
    parent bigint,
    name text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, number)
);
CREATE UNIQUE INDEX organization_id ON organization (tenant, id);
CREATE UNIQUE INDEX organization_name ON organization (tenant, name);

CREATE TABLE department (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, id)
);

CREATE TABLE "group" (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    object_id bytea NOT NULL,
    name text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX group_object_id ON "group" (tenant, object_id);

CREATE TABLE team (
    tenant integer NOT NULL,
    organization bigint NOT NULL,
    id uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, id)
);

CREATE TABLE label (
    tenant integer NOT NULL,
    number bigint NOT NULL,
    organization bigint NOT NULL,
    name text COLLATE "C" NOT NULL,
    color text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, number)
);
CREATE UNIQUE INDEX label_name ON label (tenant, organization, name);

CREATE TABLE role (
    tenant integer NOT NULL,
    object_id bytea NOT NULL,
    name text COLLATE "C" NOT NULL,
    is_default boolean NOT NULL,
    permissions json NOT NULL,
    PRIMARY KEY (tenant, object_id)
);
CREATE UNIQUE INDEX role_name ON role (tenant, name);

CREATE TABLE custom_field (
    tenant integer NOT NULL,
    key text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, key)
);
CREATE UNIQUE INDEX custom_field_id ON custom_field (tenant, id);

-- What changes is in no index, so that a change is written beside the old row and touches no index at all.
CREATE TABLE person (
    tenant integer NOT NULL,
    number bigint NOT NULL,
    id uuid NOT NULL,
    object_id bytea NOT NULL,
    status text COLLATE "C" NOT NULL,
    primary_department uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    version bigint NOT NULL,
    -- Everything else, as JSON without its absent members.
    document json NOT NULL,
    PRIMARY KEY (tenant, number)
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX person_id ON person (tenant, id);
CREATE UNIQUE INDEX person_object_id ON person (tenant, object_id);

CREATE TABLE person_department (
    tenant integer NOT NULL,
    person bigint NOT NULL,
    position integer NOT NULL,
    department uuid NOT NULL,
    data_source text COLLATE "C",
    PRIMARY KEY (tenant, person, position)
);

CREATE TABLE person_group (
    tenant integer NOT NULL,
    person bigint NOT NULL,
    position integer NOT NULL,
    "group" uuid NOT NULL,
    data_source text COLLATE "C",
    PRIMARY KEY (tenant, person, position)
);

-- What a living person is found by, and what no two of them share.
CREATE TABLE person_key (
    tenant integer NOT NULL,
    source text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    person bigint NOT NULL,
    PRIMARY KEY (tenant, source, value)
);

-- The identities of those who left, so that who comes back is the same person again.
CREATE TABLE former_key (
    tenant integer NOT NULL,
    source text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    person bigint NOT NULL,
    PRIMARY KEY (tenant, source, value)
);
CREATE INDEX former_key_person ON former_key (tenant, person);

CREATE TABLE membership (
    tenant integer NOT NULL,
    person bigint NOT NULL,
    organization bigint NOT NULL,
    -- The person's, for the order of lists.
    object_id bytea NOT NULL,
    replay_role text COLLATE "C" NOT NULL,
    replay_access text COLLATE "C" NOT NULL,
    team uuid,
    kare_scope text COLLATE "C" NOT NULL,
    -- An unsigned integer of 64 bits, kept as its two's complement.
    kare_group bigint NOT NULL,
    kare_read json,
    kare_manage json,
    profession bigint,
    laurel_roles json,
    -- NULL: no super delegate.
    super_delegate json,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    PRIMARY KEY (tenant, person, organization)
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX membership_order ON membership (tenant, organization, object_id) WHERE deleted_at IS NULL;

CREATE TABLE delegation (
    tenant integer NOT NULL,
    organization bigint NOT NULL,
    delegate bigint NOT NULL,
    delegator bigint NOT NULL,
    permissions json,
    PRIMARY KEY (tenant, organization, delegate, delegator)
);
CREATE UNIQUE INDEX delegation_delegator ON delegation (tenant, organization, delegator, delegate);

CREATE TABLE event (
    tenant integer NOT NULL,
    sequence bigint NOT NULL,
    person bigint NOT NULL,
    at timestamptz NOT NULL,
    action text COLLATE "C" NOT NULL,
    via text COLLATE "C" NOT NULL,
    organization bigint NOT NULL,
    credential uuid,
    actor uuid,
    forwarded json,
    request text COLLATE "C" NOT NULL,
    changes json NOT NULL,
    PRIMARY KEY (tenant, sequence)
);
CREATE INDEX event_person ON event (tenant, person, sequence);

CREATE TABLE credential (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    organization bigint NOT NULL,
    dialect text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    public_id text COLLATE "C" NOT NULL,
    -- [[hash in hexadecimal, time], ...]
    keys json NOT NULL,
    scopes json NOT NULL,
    rate_limit bigint,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX credential_id ON credential (id);
CREATE UNIQUE INDEX credential_public_id ON credential (public_id);

CREATE TABLE password (
    tenant integer NOT NULL,
    person bigint NOT NULL,
    hash text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, person)
);

CREATE TABLE session (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    organization bigint NOT NULL,
    person bigint NOT NULL,
    refresh bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX session_id ON session (id);
CREATE INDEX session_person ON session (tenant, person, organization);
CREATE INDEX session_end ON session (expires_at);

CREATE TABLE signing_key (
    id text COLLATE "C" PRIMARY KEY,
    algorithm text COLLATE "C" NOT NULL UNIQUE,
    secret bytea NOT NULL,
    created_at timestamptz NOT NULL
);

-- Each folded field of each living person that is not empty, in the order of directory::settle::search_fields, with its
-- tokens.
CREATE TABLE person_search (
    tenant integer NOT NULL,
    person bigint NOT NULL,
    field smallint NOT NULL,
    text text COLLATE "C" NOT NULL,
    tokens tsvector NOT NULL,
    PRIMARY KEY (tenant, person, field)
);
-- What is new waits in a list until it is merged into the index, and every search reads that list: it is kept short.
CREATE INDEX person_search_tokens ON person_search USING gin (tokens) WITH (gin_pending_list_limit = 1024);
