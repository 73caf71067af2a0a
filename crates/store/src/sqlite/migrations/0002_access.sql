-- Who administers an organization in Kare: a few of its members, looked for before one of them goes.
CREATE INDEX membership_admin ON membership (tenant, organization, person)
    WHERE kare_scope = 'admin' AND deleted_at IS NULL;

-- A person who leaves has no password any more. Those who left before this rule lose theirs here.
DELETE FROM password WHERE EXISTS (
    SELECT 1 FROM person AS p
    WHERE p.pk = password.person AND p.tenant = password.tenant AND p.deleted_at IS NOT NULL);
