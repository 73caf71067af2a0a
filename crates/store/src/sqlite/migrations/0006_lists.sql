-- What people are listed by: values to compare, and entries in the order of each field. Both are made for the people who are
-- there already by sqlite::lists.

-- A row for each living person, with the pk that they have in person. What stands there is not repeated here.
CREATE TABLE person_listed (
    pk INTEGER PRIMARY KEY,
    full_name TEXT,
    user_name TEXT,
    email_address TEXT,
    second_email TEXT,
    title TEXT,
    external_id TEXT,
    data_source TEXT,
    -- Tenths of a microsecond since 1970, in UTC.
    birth_date INTEGER,
    employment_start INTEGER,
    employment_end INTEGER
) STRICT;

-- One entry for each field of each live membership. The order of the bytes of its value is that of the field.
CREATE TABLE person_order (
    tenant INTEGER NOT NULL,
    organization INTEGER NOT NULL,
    field INTEGER NOT NULL,
    value BLOB NOT NULL,
    id BLOB NOT NULL,
    person INTEGER NOT NULL,
    PRIMARY KEY (tenant, organization, field, value, id)
) STRICT, WITHOUT ROWID;
