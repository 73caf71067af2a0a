-- The outbox: messages to people, which wait until they are sent.
CREATE TABLE message (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    organization bigint NOT NULL,
    -- The id of a person, who may have left since.
    person uuid NOT NULL,
    via text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL,
    recipient text COLLATE "C" NOT NULL,
    -- NULL: a text message.
    subject text COLLATE "C",
    text text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    tries bigint NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX message_state ON message (tenant, state, id);
CREATE INDEX message_person ON message (tenant, person, id);
