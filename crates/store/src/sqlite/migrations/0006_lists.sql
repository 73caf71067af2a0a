-- What living people are listed by: a column for each field, of bytes whose order is that of the field, and an index over each. A table of
-- its own, since the row of a person is many times longer, and is written and read as a whole. sqlite::lists fills it with those who
-- are there already, and makes the indexes.
CREATE TABLE person_listed (
    -- The person's, as are the tenant and the id.
    pk INTEGER PRIMARY KEY,
    tenant INTEGER NOT NULL,
    id BLOB NOT NULL,
    by_id BLOB NOT NULL,
    by_name BLOB NOT NULL,
    by_user_name BLOB NOT NULL,
    by_email BLOB NOT NULL,
    by_second_email BLOB NOT NULL,
    by_title BLOB NOT NULL,
    by_external_id BLOB NOT NULL,
    by_data_source BLOB NOT NULL,
    by_status BLOB NOT NULL,
    by_primary_department BLOB NOT NULL,
    by_birth_date BLOB NOT NULL,
    by_employment_start BLOB NOT NULL,
    by_employment_end BLOB NOT NULL,
    by_created_at BLOB NOT NULL,
    by_updated_at BLOB NOT NULL,
    by_object_id BLOB NOT NULL,
    by_exact_status BLOB NOT NULL
) STRICT;
