-- The grants of a membership that no statement looks at become one document, in which what is as at the beginning is left out.

-- NULL: nothing but what a membership begins with.
ALTER TABLE membership ADD COLUMN grants json;
UPDATE membership SET grants = json_strip_nulls(json_build_object(
    'replay', CASE WHEN replay_role <> 'user' OR replay_access <> 'default' THEN json_build_object(
        'role', nullif(replay_role, 'user'), 'access', nullif(replay_access, 'default')) END,
    'kare', CASE WHEN kare_group <> 0 OR kare_read IS NOT NULL OR kare_manage IS NOT NULL THEN json_build_object(
        'group', CASE
            WHEN kare_group < 0 THEN kare_group::numeric + 18446744073709551616
            WHEN kare_group > 0 THEN kare_group END,
        'read', kare_read, 'manage', kare_manage) END,
    'laurel', CASE WHEN super_delegate IS NOT NULL THEN json_build_object('super_delegate', super_delegate) END))
WHERE replay_role <> 'user' OR replay_access <> 'default' OR kare_group <> 0 OR kare_read IS NOT NULL
    OR kare_manage IS NOT NULL OR super_delegate IS NOT NULL;
ALTER TABLE membership
    DROP COLUMN replay_role,
    DROP COLUMN replay_access,
    DROP COLUMN kare_group,
    DROP COLUMN kare_read,
    DROP COLUMN kare_manage,
    DROP COLUMN super_delegate;
