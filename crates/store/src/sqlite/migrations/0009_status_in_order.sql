-- The status beside the orders that lists mostly come in: a list of some status finds its people in the index, and reads the rows of
-- no others.
DROP INDEX person_by_created_at;
DROP INDEX person_by_name;
DROP INDEX person_by_updated_at;
CREATE INDEX person_by_created_at ON person (tenant, by_created_at, id, by_status) WHERE by_created_at IS NOT NULL;
CREATE INDEX person_by_name ON person (tenant, by_name, id, by_status) WHERE by_name IS NOT NULL;
CREATE INDEX person_by_updated_at ON person (tenant, by_updated_at, id, by_status) WHERE by_updated_at IS NOT NULL;
