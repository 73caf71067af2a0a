-- Departments and groups with all that Relesys has of them, message templates, and events about everything.

-- Its filters and orders have columns; the rest is JSON without its absent members.
ALTER TABLE department
    ADD COLUMN kind text COLLATE "C" NOT NULL DEFAULT 'department',
    ADD COLUMN parent uuid,
    ADD COLUMN external_id text COLLATE "C",
    ADD COLUMN zip_code text COLLATE "C",
    ADD COLUMN city text COLLATE "C",
    -- The id of a living person.
    ADD COLUMN manager uuid,
    ADD COLUMN email text COLLATE "C",
    ADD COLUMN created_at timestamptz NOT NULL DEFAULT 'epoch',
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT 'epoch',
    ADD COLUMN document json NOT NULL DEFAULT '{}';
CREATE UNIQUE INDEX department_external_id ON department (tenant, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX department_parent ON department (tenant, parent) WHERE parent IS NOT NULL;
CREATE INDEX department_manager ON department (tenant, manager) WHERE manager IS NOT NULL;

ALTER TABLE "group"
    ADD COLUMN description text COLLATE "C",
    ADD COLUMN external_id text COLLATE "C",
    ADD COLUMN created_at timestamptz NOT NULL DEFAULT 'epoch',
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT 'epoch';
CREATE UNIQUE INDEX group_external_id ON "group" (tenant, external_id) WHERE external_id IS NOT NULL;

-- Those of before are as old as their tenant.
UPDATE department AS d SET created_at = t.created_at, updated_at = t.created_at
    FROM tenant AS t WHERE t.tenant = d.tenant;
UPDATE "group" AS g SET created_at = t.created_at, updated_at = t.created_at
    FROM tenant AS t WHERE t.tenant = g.tenant;

-- The defaults were for those alone.
ALTER TABLE department
    ALTER COLUMN kind DROP DEFAULT,
    ALTER COLUMN created_at DROP DEFAULT,
    ALTER COLUMN updated_at DROP DEFAULT,
    ALTER COLUMN document DROP DEFAULT;
ALTER TABLE "group"
    ALTER COLUMN created_at DROP DEFAULT,
    ALTER COLUMN updated_at DROP DEFAULT;

CREATE TABLE template (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    -- [{"culture": .., "sms": .., "email": {"subject": .., "body": ..}}, ...]
    cultures json NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz,
    PRIMARY KEY (tenant, id)
);

-- Who is in a department or a group, so that deleting it touches nobody else. None of these columns changes with what
-- people mostly write.
CREATE INDEX person_primary_department ON person (tenant, primary_department) WHERE primary_department IS NOT NULL;
CREATE INDEX person_department_department ON person_department (tenant, department);
CREATE INDEX person_group_group ON person_group (tenant, "group");

-- NULL: the event is about the person. Otherwise the person is the one with the number 0, who is nobody.
ALTER TABLE event
    ADD COLUMN subject_kind text COLLATE "C",
    ADD COLUMN subject_id text COLLATE "C";
CREATE INDEX event_subject ON event (tenant, subject_kind, subject_id, sequence) WHERE subject_kind IS NOT NULL;
