-- What became of each invitation. Those that are open are part of their person as well, and those of before begin with them.
CREATE TABLE invitation (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    dialect text COLLATE "C" NOT NULL,
    -- The ids of an organization and of a person, who may be gone since.
    organization uuid NOT NULL,
    person uuid NOT NULL,
    email text COLLATE "C",
    state text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX invitation_person ON invitation (tenant, person);
INSERT INTO invitation (tenant, id, dialect, organization, person, email, state, created_at, expires_at)
SELECT tenant,
    (document -> 'invitation' ->> 'id')::uuid,
    'replay',
    (document -> 'invitation' ->> 'organization')::uuid,
    id,
    document ->> 'email',
    'open',
    (document -> 'invitation' ->> 'created_at')::timestamptz,
    (document -> 'invitation' ->> 'expires_at')::timestamptz
FROM person
WHERE deleted_at IS NULL AND status = 'invited' AND document -> 'invitation' ->> 'id' IS NOT NULL;
