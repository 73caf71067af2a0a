-- Several signing keys of one algorithm: the current one, and those that it replaced until the tokens that they signed have
-- ended. The rate limit of a credential may be its dialect's.

CREATE TABLE signing_key_new (
    id TEXT NOT NULL PRIMARY KEY,
    algorithm TEXT NOT NULL,
    secret BLOB NOT NULL,
    -- The id of the key that the secret is encrypted with; NULL: it is not encrypted.
    encrypted_with TEXT,
    created_at INTEGER NOT NULL,
    -- When another key took its place; NULL: it is the current one.
    retired_at INTEGER,
    expires_at INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO signing_key_new (id, algorithm, secret, created_at)
    SELECT id, algorithm, secret, created_at FROM signing_key;
DROP TABLE signing_key;
ALTER TABLE signing_key_new RENAME TO signing_key;
CREATE UNIQUE INDEX signing_key_current ON signing_key (algorithm) WHERE retired_at IS NULL;

-- NULL meant no limit, and means that of the dialect from here on; 0 means no limit. What Relesys' credentials had unless
-- told otherwise becomes the limit of the dialect.
UPDATE credential SET rate_limit = CASE rate_limit WHEN 100 THEN NULL ELSE coalesce(rate_limit, 0) END
    WHERE dialect = 'relesys';
