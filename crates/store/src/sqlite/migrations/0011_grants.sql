-- The grants of a membership that no statement looks at become one document, in which what is as at the beginning is left out.

CREATE TABLE granted (
    tenant INTEGER NOT NULL,
    person INTEGER NOT NULL,
    organization INTEGER NOT NULL,
    -- The person's, for the order of lists.
    object_id BLOB NOT NULL,
    team BLOB,
    kare_scope TEXT NOT NULL,
    profession INTEGER,
    laurel_roles TEXT,
    -- NULL: nothing but what a membership begins with.
    grants TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    PRIMARY KEY (tenant, person, organization)
) STRICT, WITHOUT ROWID;

-- A merge patch leaves out what is null.
INSERT INTO granted
SELECT tenant, person, organization, object_id, team, kare_scope, profession, laurel_roles,
    CASE WHEN replay_role <> 'user' OR replay_access <> 'default' OR kare_group <> 0 OR kare_read IS NOT NULL
            OR kare_manage IS NOT NULL OR super_delegate IS NOT NULL
        THEN json_patch('{}', json_object(
            'replay', CASE WHEN replay_role <> 'user' OR replay_access <> 'default' THEN json_object(
                'role', nullif(replay_role, 'user'), 'access', nullif(replay_access, 'default')) END,
            'kare', CASE WHEN kare_group <> 0 OR kare_read IS NOT NULL OR kare_manage IS NOT NULL THEN json_object(
                'group', CASE WHEN kare_group <> 0 THEN json(printf('%llu', kare_group)) END,
                'read', json(kare_read), 'manage', json(kare_manage)) END,
            'laurel', CASE WHEN super_delegate IS NOT NULL THEN
                json_object('super_delegate', json(super_delegate)) END))
    END,
    created_at, updated_at, deleted_at
FROM membership ORDER BY tenant, person, organization;

DROP TABLE membership;
ALTER TABLE granted RENAME TO membership;
CREATE UNIQUE INDEX membership_order ON membership (tenant, organization, object_id) WHERE deleted_at IS NULL;
CREATE INDEX membership_admin ON membership (tenant, organization, person)
    WHERE kare_scope = 'admin' AND deleted_at IS NULL;
