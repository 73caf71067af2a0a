-- Departments and groups with all that Relesys has of them, message templates, and events about everything.

-- Its filters and orders have columns; the rest is JSON without its absent members.
ALTER TABLE department ADD COLUMN kind TEXT NOT NULL DEFAULT 'department';
ALTER TABLE department ADD COLUMN parent BLOB;
ALTER TABLE department ADD COLUMN external_id TEXT;
ALTER TABLE department ADD COLUMN zip_code TEXT;
ALTER TABLE department ADD COLUMN city TEXT;
-- The id of a living person.
ALTER TABLE department ADD COLUMN manager BLOB;
ALTER TABLE department ADD COLUMN email TEXT;
ALTER TABLE department ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE department ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE department ADD COLUMN document TEXT NOT NULL DEFAULT '{}';
CREATE UNIQUE INDEX department_external_id ON department (tenant, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX department_parent ON department (tenant, parent) WHERE parent IS NOT NULL;
CREATE INDEX department_manager ON department (tenant, manager) WHERE manager IS NOT NULL;

ALTER TABLE "group" ADD COLUMN description TEXT;
ALTER TABLE "group" ADD COLUMN external_id TEXT;
ALTER TABLE "group" ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "group" ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX group_external_id ON "group" (tenant, external_id) WHERE external_id IS NOT NULL;

-- Those of before are as old as their tenant.
UPDATE department SET created_at = (SELECT t.created_at FROM tenant AS t WHERE t.tenant = department.tenant);
UPDATE department SET updated_at = created_at;
UPDATE "group" SET created_at = (SELECT t.created_at FROM tenant AS t WHERE t.tenant = "group".tenant);
UPDATE "group" SET updated_at = created_at;

CREATE TABLE template (
    tenant INTEGER NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    -- [{"culture": .., "sms": .., "email": {"subject": .., "body": ..}}, ...]
    cultures TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

-- Who is in a department or a group, so that deleting it touches nobody else. None of these columns changes with what
-- people mostly write.
CREATE INDEX person_primary_department ON person (tenant, primary_department) WHERE primary_department IS NOT NULL;
CREATE INDEX person_department_department ON person_department (tenant, department);
CREATE INDEX person_group_group ON person_group (tenant, "group");

-- NULL: the event is about the person. Otherwise the person is the one with the number 0, who is nobody.
ALTER TABLE event ADD COLUMN subject_kind TEXT;
ALTER TABLE event ADD COLUMN subject_id TEXT;
CREATE INDEX event_subject ON event (tenant, subject_kind, subject_id) WHERE subject_kind IS NOT NULL;
