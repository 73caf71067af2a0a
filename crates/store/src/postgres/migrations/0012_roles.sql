-- What a role is for, and since when it is as it is. Those of before are as old as their tenant.
ALTER TABLE role
    ADD COLUMN description text COLLATE "C",
    ADD COLUMN created_at timestamptz,
    ADD COLUMN updated_at timestamptz;
UPDATE role SET created_at = (SELECT t.created_at FROM tenant AS t WHERE t.tenant = role.tenant);
UPDATE role SET updated_at = created_at, description = CASE name
    WHEN 'user' THEN 'What everybody may do'
    WHEN 'customer-admin' THEN 'Administers the users of a customer'
    WHEN 'super-customer-admin' THEN 'Administers customers'
    WHEN 'super-delegate' THEN 'Works on the time of many'
    WHEN 'trainer' THEN 'Shows others how it works'
END;
ALTER TABLE role ALTER COLUMN created_at SET NOT NULL, ALTER COLUMN updated_at SET NOT NULL;
