-- Several signing keys of one algorithm: the current one, and those that it replaced until the tokens that they signed have
-- ended. The rate limit of a credential may be its dialect's.

ALTER TABLE signing_key
    -- The id of the key that the secret is encrypted with; NULL: it is not encrypted.
    ADD COLUMN encrypted_with text COLLATE "C",
    -- When another key took its place; NULL: it is the current one.
    ADD COLUMN retired_at timestamptz,
    ADD COLUMN expires_at timestamptz;
ALTER TABLE signing_key DROP CONSTRAINT signing_key_algorithm_key;
CREATE UNIQUE INDEX signing_key_current ON signing_key (algorithm) WHERE retired_at IS NULL;

-- NULL meant no limit, and means that of the dialect from here on; 0 means no limit. What Relesys' credentials had unless
-- told otherwise becomes the limit of the dialect.
UPDATE credential SET rate_limit = CASE rate_limit WHEN 100 THEN NULL ELSE coalesce(rate_limit, 0) END
    WHERE dialect = 'relesys';
