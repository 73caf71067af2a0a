-- What people are listed by: columns to compare, and entries in the order of each field. Both are made for the people who are
-- there already by sqlite::lists.
ALTER TABLE person ADD COLUMN full_name TEXT;
ALTER TABLE person ADD COLUMN user_name TEXT;
ALTER TABLE person ADD COLUMN email_address TEXT;
ALTER TABLE person ADD COLUMN second_email TEXT;
ALTER TABLE person ADD COLUMN title TEXT;
ALTER TABLE person ADD COLUMN external_id TEXT;
ALTER TABLE person ADD COLUMN data_source TEXT;
-- Tenths of a microsecond since 1970, in UTC.
ALTER TABLE person ADD COLUMN birth_date INTEGER;
ALTER TABLE person ADD COLUMN employment_start INTEGER;
ALTER TABLE person ADD COLUMN employment_end INTEGER;

-- One entry for each field of each living person. The order of the bytes of its value is that of the field.
CREATE TABLE person_order (
    tenant INTEGER NOT NULL,
    field INTEGER NOT NULL,
    value BLOB NOT NULL,
    id BLOB NOT NULL,
    person INTEGER NOT NULL,
    PRIMARY KEY (tenant, field, value, id)
) STRICT, WITHOUT ROWID;
