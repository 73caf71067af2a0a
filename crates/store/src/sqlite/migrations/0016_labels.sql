-- What a label is used for, who made it, and since when it is as it is. Those of before are as old as their tenant.
ALTER TABLE label ADD COLUMN kind TEXT NOT NULL DEFAULT 'company';
ALTER TABLE label ADD COLUMN source TEXT NOT NULL DEFAULT 'own';
ALTER TABLE label ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE label ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
UPDATE label SET created_at = (SELECT t.created_at FROM tenant AS t WHERE t.tenant = label.tenant);
UPDATE label SET updated_at = created_at;
