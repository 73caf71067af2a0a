-- What Replay has of companies and teams, and what it lists people by.

ALTER TABLE organization ADD COLUMN external_id TEXT;
ALTER TABLE organization ADD COLUMN url TEXT;
ALTER TABLE organization ADD COLUMN summary TEXT;
CREATE UNIQUE INDEX organization_external_id ON organization (tenant, parent, external_id)
    WHERE external_id IS NOT NULL AND deleted_at IS NULL;

ALTER TABLE team ADD COLUMN description TEXT;
ALTER TABLE team ADD COLUMN kind TEXT NOT NULL DEFAULT 'default';
ALTER TABLE team ADD COLUMN use_turn_connection INTEGER NOT NULL DEFAULT 0;
ALTER TABLE team ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
-- Those of before are as old as their tenant.
UPDATE team SET created_at = (SELECT t.created_at FROM tenant AS t WHERE t.tenant = team.tenant);

-- sqlite::lists fills the columns and makes the indexes over them.
ALTER TABLE person_listed ADD COLUMN by_invitation_expires_at BLOB NOT NULL DEFAULT x'00';
ALTER TABLE person_listed ADD COLUMN by_invited_or_created_at BLOB NOT NULL DEFAULT x'00';
