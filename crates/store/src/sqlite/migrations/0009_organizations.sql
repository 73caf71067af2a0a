-- A deleted organization keeps its row: events, ended memberships and revoked credentials name it. Its name is free again.
ALTER TABLE organization ADD COLUMN deleted_at INTEGER;
DROP INDEX organization_name;
CREATE UNIQUE INDEX organization_name ON organization (tenant, name) WHERE deleted_at IS NULL;
