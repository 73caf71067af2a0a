-- What people are listed by: a column for each field, of bytes whose order is that of the field, and an index over each. NULL where
-- somebody has left. The columns of those who are there already are filled by sqlite::lists, which also makes the indexes.
ALTER TABLE person ADD COLUMN by_id BLOB;
ALTER TABLE person ADD COLUMN by_name BLOB;
ALTER TABLE person ADD COLUMN by_user_name BLOB;
ALTER TABLE person ADD COLUMN by_email BLOB;
ALTER TABLE person ADD COLUMN by_second_email BLOB;
ALTER TABLE person ADD COLUMN by_title BLOB;
ALTER TABLE person ADD COLUMN by_external_id BLOB;
ALTER TABLE person ADD COLUMN by_data_source BLOB;
ALTER TABLE person ADD COLUMN by_status BLOB;
ALTER TABLE person ADD COLUMN by_primary_department BLOB;
ALTER TABLE person ADD COLUMN by_birth_date BLOB;
ALTER TABLE person ADD COLUMN by_employment_start BLOB;
ALTER TABLE person ADD COLUMN by_employment_end BLOB;
ALTER TABLE person ADD COLUMN by_created_at BLOB;
ALTER TABLE person ADD COLUMN by_updated_at BLOB;
ALTER TABLE person ADD COLUMN by_object_id BLOB;
ALTER TABLE person ADD COLUMN by_exact_status BLOB;
