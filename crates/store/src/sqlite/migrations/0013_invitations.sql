-- What became of each invitation. Those that are open are part of their person as well, and those of before begin with them.
CREATE TABLE invitation (
    tenant INTEGER NOT NULL,
    id BLOB NOT NULL,
    dialect TEXT NOT NULL,
    -- The ids of an organization and of a person, who may be gone since.
    organization BLOB NOT NULL,
    person BLOB NOT NULL,
    email TEXT,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX invitation_person ON invitation (tenant, person);
INSERT INTO invitation (tenant, id, dialect, organization, person, email, state, created_at, expires_at)
SELECT tenant,
    unhex(replace(document ->> '$.invitation.id', '-', '')),
    'replay',
    unhex(replace(document ->> '$.invitation.organization', '-', '')),
    id,
    document ->> '$.email',
    'open',
    CAST(round(unixepoch(document ->> '$.invitation.created_at', 'subsec') * 1000) AS INTEGER) * 1000,
    CAST(round(unixepoch(document ->> '$.invitation.expires_at', 'subsec') * 1000) AS INTEGER) * 1000
FROM person
WHERE deleted_at IS NULL AND status = 'invited' AND document ->> '$.invitation.id' IS NOT NULL;
