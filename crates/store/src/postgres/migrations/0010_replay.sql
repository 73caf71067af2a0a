-- What Replay lists people by. postgres::lists fills the columns and makes the entries.
ALTER TABLE person_listed ADD COLUMN invitation_expires_at timestamptz;
ALTER TABLE person_listed ADD COLUMN invited_or_created_at timestamptz;
