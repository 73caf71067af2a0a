-- What a label is used for, who made it, and since when it is as it is. Those of before are as old as their tenant.
ALTER TABLE label
    ADD COLUMN kind text COLLATE "C",
    ADD COLUMN source text COLLATE "C",
    ADD COLUMN created_at timestamptz,
    ADD COLUMN updated_at timestamptz;
UPDATE label SET kind = 'company', source = 'own', created_at = (SELECT t.created_at FROM tenant AS t WHERE t.tenant = label.tenant);
UPDATE label SET updated_at = created_at;
ALTER TABLE label
    ALTER COLUMN kind SET NOT NULL,
    ALTER COLUMN source SET NOT NULL,
    ALTER COLUMN created_at SET NOT NULL,
    ALTER COLUMN updated_at SET NOT NULL;
