-- When a key of the credential that is not the newest opened last.
ALTER TABLE credential ADD COLUMN old_key_used_at INTEGER;
