-- What Replay lists people by. sqlite::lists fills the columns and makes the indexes over them.
ALTER TABLE person_listed ADD COLUMN by_invitation_expires_at BLOB NOT NULL DEFAULT x'00';
ALTER TABLE person_listed ADD COLUMN by_invited_or_created_at BLOB NOT NULL DEFAULT x'00';
