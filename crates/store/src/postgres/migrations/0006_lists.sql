-- What people are listed by: values to compare, and entries in the order of each field. Both are made for the people who are
-- there already by postgres::lists.

-- A row for each living person. What stands in person is not repeated here. These columns are not in person, because a wider row
-- makes the planner believe that an empty table holds fewer of them, and then one index looks as good to it as another.
CREATE TABLE person_listed (
    tenant integer NOT NULL,
    person bigint NOT NULL,
    full_name text COLLATE "C",
    user_name text COLLATE "C",
    email_address text COLLATE "C",
    second_email text COLLATE "C",
    title text COLLATE "C",
    external_id text COLLATE "C",
    data_source text COLLATE "C",
    -- Tenths of a microsecond since 1970, in UTC.
    birth_date bigint,
    employment_start bigint,
    employment_end bigint,
    PRIMARY KEY (tenant, person)
) WITH (fillfactor = 80);

-- One entry for each field of each living person. The order of the bytes of its value is that of the field.
CREATE TABLE person_order (
    tenant integer NOT NULL,
    field smallint NOT NULL,
    value bytea NOT NULL,
    id uuid NOT NULL,
    person bigint NOT NULL,
    PRIMARY KEY (tenant, field, value, id)
);
