-- What Replay has of companies and teams, and what it lists people by.

ALTER TABLE organization
    ADD COLUMN external_id text COLLATE "C",
    ADD COLUMN url text COLLATE "C",
    ADD COLUMN summary text COLLATE "C";
CREATE UNIQUE INDEX organization_external_id ON organization (tenant, parent, external_id)
    WHERE external_id IS NOT NULL AND deleted_at IS NULL;

ALTER TABLE team
    ADD COLUMN description text COLLATE "C",
    ADD COLUMN kind text COLLATE "C" NOT NULL DEFAULT 'default',
    ADD COLUMN use_turn_connection boolean NOT NULL DEFAULT false,
    ADD COLUMN created_at timestamptz NOT NULL DEFAULT 'epoch';
-- Those of before are as old as their tenant.
UPDATE team AS d SET created_at = t.created_at FROM tenant AS t WHERE t.tenant = d.tenant;
-- The defaults were for those alone.
ALTER TABLE team
    ALTER COLUMN kind DROP DEFAULT,
    ALTER COLUMN use_turn_connection DROP DEFAULT,
    ALTER COLUMN created_at DROP DEFAULT;

-- postgres::lists fills the columns and makes the entries.
ALTER TABLE person_listed ADD COLUMN invitation_expires_at timestamptz;
ALTER TABLE person_listed ADD COLUMN invited_or_created_at timestamptz;
