-- What Laurel keeps of an organization and other APIs know nothing of, and what it is found by there.
CREATE TABLE customer (
    tenant integer NOT NULL,
    organization bigint NOT NULL,
    updated_at timestamptz NOT NULL,
    document json NOT NULL,
    PRIMARY KEY (tenant, organization)
);
CREATE TABLE customer_key (
    tenant integer NOT NULL,
    source text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    organization bigint NOT NULL,
    PRIMARY KEY (tenant, source, value)
);
CREATE INDEX customer_key_organization ON customer_key (tenant, organization);
CREATE UNIQUE INDEX organization_object_id ON organization (tenant, object_id);
