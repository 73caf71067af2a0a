-- What Laurel keeps of an organization and other APIs know nothing of, and what it is found by there.
CREATE TABLE customer (
    tenant INTEGER NOT NULL,
    organization INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (tenant, organization)
) STRICT, WITHOUT ROWID;
CREATE TABLE customer_key (
    tenant INTEGER NOT NULL,
    source TEXT NOT NULL,
    value TEXT NOT NULL,
    organization INTEGER NOT NULL,
    PRIMARY KEY (tenant, source, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_key_organization ON customer_key (tenant, organization);
CREATE UNIQUE INDEX organization_object_id ON organization (tenant, object_id);
