-- The outbox: messages to people, which wait until they are sent.
CREATE TABLE message (
    tenant INTEGER NOT NULL,
    id BLOB NOT NULL,
    organization INTEGER NOT NULL,
    -- The id of a person, who may have left since.
    person BLOB NOT NULL,
    via TEXT NOT NULL,
    channel TEXT NOT NULL,
    recipient TEXT NOT NULL,
    -- NULL: a text message.
    subject TEXT,
    text TEXT NOT NULL,
    state TEXT NOT NULL,
    tries INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX message_state ON message (tenant, state, id);
CREATE INDEX message_person ON message (tenant, person, id);
