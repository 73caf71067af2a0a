//! Queries that find nothing in a sound store. Each answers with a tenant and what to look for there.

pub(super) const FAULTS: [(&str, &str); 23] = [
    (
        "an organization under one that is not there",
        "SELECT o.tenant, o.name
         FROM organization AS o
         LEFT JOIN tenant AS t ON t.tenant = o.tenant
         LEFT JOIN organization AS parent ON parent.tenant = o.tenant AND parent.number = o.parent
         LEFT JOIN counter AS c ON c.tenant = o.tenant AND c.name = 'organization'
         WHERE t.tenant IS NULL OR (o.parent IS NOT NULL AND parent.number IS NULL)
             OR (o.deleted_at IS NULL AND parent.deleted_at IS NOT NULL)
             OR o.number > coalesce(c.last, 0)",
    ),
    (
        "a team of an organization that is not there",
        "SELECT t.tenant, t.name
         FROM team AS t
         LEFT JOIN organization AS o ON o.tenant = t.tenant AND o.number = t.organization
         WHERE o.number IS NULL OR o.deleted_at IS NOT NULL",
    ),
    (
        "a label of an organization that is not there",
        "SELECT l.tenant, l.name
         FROM label AS l
         LEFT JOIN organization AS o ON o.tenant = l.tenant AND o.number = l.organization
         LEFT JOIN counter AS c ON c.tenant = l.tenant AND c.name = 'label'
         WHERE o.number IS NULL OR o.deleted_at IS NOT NULL OR l.number > coalesce(c.last, 0)",
    ),
    (
        "a credential of an organization that is not there",
        "SELECT c.tenant, c.public_id
         FROM credential AS c
         LEFT JOIN organization AS o ON o.tenant = c.tenant AND o.number = c.organization
         WHERE o.number IS NULL OR (c.revoked_at IS NULL
             AND (c.expires_at IS NULL OR c.expires_at > o.deleted_at) AND o.deleted_at IS NOT NULL)",
    ),
    (
        "a person whose row is not in its tenant",
        "SELECT p.tenant, 'number ' || p.number
         FROM person AS p
         LEFT JOIN tenant AS t ON t.tenant = p.tenant
         LEFT JOIN counter AS c ON c.tenant = p.tenant AND c.name = 'person'
         WHERE t.tenant IS NULL OR p.number > coalesce(c.last, 0)",
    ),
    (
        "a key of nobody living",
        "SELECT k.tenant, k.source || ' ' || k.value
         FROM person_key AS k
         LEFT JOIN person AS p ON p.tenant = k.tenant AND p.number = k.person
         WHERE p.number IS NULL OR p.deleted_at IS NOT NULL",
    ),
    (
        "a former key of nobody who left",
        "SELECT k.tenant, k.source || ' ' || k.value
         FROM former_key AS k
         LEFT JOIN person AS p ON p.tenant = k.tenant AND p.number = k.person
         WHERE p.number IS NULL OR p.deleted_at IS NULL",
    ),
    (
        "a membership of nobody, or in no organization",
        "SELECT m.tenant, 'number ' || m.person
         FROM membership AS m
         LEFT JOIN person AS p ON p.tenant = m.tenant AND p.number = m.person
         LEFT JOIN organization AS o ON o.tenant = m.tenant AND o.number = m.organization
         WHERE p.number IS NULL OR o.number IS NULL OR p.object_id <> m.object_id
             OR (m.deleted_at IS NULL AND (p.deleted_at IS NOT NULL OR o.deleted_at IS NOT NULL))",
    ),
    (
        "a living person in no organization",
        "SELECT p.tenant, 'number ' || p.number
         FROM person AS p
         WHERE p.deleted_at IS NULL AND NOT EXISTS (
             SELECT 1 FROM membership AS m
             WHERE m.tenant = p.tenant AND m.person = p.number AND m.deleted_at IS NULL)",
    ),
    (
        "a primary department that is not there",
        "SELECT p.tenant, 'number ' || p.number
         FROM person AS p
         LEFT JOIN department AS d ON d.tenant = p.tenant AND d.id = p.primary_department
         WHERE p.primary_department IS NOT NULL AND d.id IS NULL AND p.deleted_at IS NULL",
    ),
    (
        "an additional department of nobody, or one that is not there",
        "SELECT e.tenant, 'number ' || e.person
         FROM person_department AS e
         LEFT JOIN person AS p ON p.tenant = e.tenant AND p.number = e.person
         LEFT JOIN department AS d ON d.tenant = e.tenant AND d.id = e.department
         WHERE p.number IS NULL OR d.id IS NULL",
    ),
    (
        "a group of nobody, or one that is not there",
        r#"SELECT e.tenant, 'number ' || e.person
         FROM person_group AS e
         LEFT JOIN person AS p ON p.tenant = e.tenant AND p.number = e.person
         LEFT JOIN "group" AS g ON g.tenant = e.tenant AND g.id = e."group"
         WHERE p.number IS NULL OR g.id IS NULL"#,
    ),
    (
        "a team that is not the organization's",
        "SELECT m.tenant, 'number ' || m.person
         FROM membership AS m
         LEFT JOIN team AS t ON t.tenant = m.tenant AND t.id = m.team AND t.organization = m.organization
         WHERE m.team IS NOT NULL AND t.id IS NULL AND m.deleted_at IS NULL",
    ),
    (
        "a profession that is not a label of the organization",
        "SELECT m.tenant, 'number ' || m.person
         FROM membership AS m
         LEFT JOIN label AS l
             ON l.tenant = m.tenant AND l.number = m.profession AND l.organization = m.organization
         WHERE m.profession IS NOT NULL AND l.number IS NULL AND m.deleted_at IS NULL",
    ),
    (
        "a role that is not there",
        "SELECT m.tenant, 'number ' || m.person
         FROM membership AS m
         CROSS JOIN json_array_elements_text(m.laurel_roles) AS granted (role)
         LEFT JOIN role AS r ON r.tenant = m.tenant AND encode(r.object_id, 'hex') = granted.role
         WHERE m.laurel_roles IS NOT NULL AND r.object_id IS NULL AND m.deleted_at IS NULL",
    ),
    (
        "a delegation whose ends are not both members",
        "SELECT d.tenant, 'number ' || d.delegate
         FROM delegation AS d
         LEFT JOIN membership AS a ON a.tenant = d.tenant AND a.person = d.delegate
             AND a.organization = d.organization AND a.deleted_at IS NULL
         LEFT JOIN membership AS b ON b.tenant = d.tenant AND b.person = d.delegator
             AND b.organization = d.organization AND b.deleted_at IS NULL
         WHERE a.person IS NULL OR b.person IS NULL OR d.delegate = d.delegator",
    ),
    (
        "an event of nobody",
        "SELECT e.tenant, 'number ' || e.sequence
         FROM event AS e
         LEFT JOIN person AS p ON p.tenant = e.tenant AND p.number = e.person
         LEFT JOIN organization AS o ON o.tenant = e.tenant AND o.number = e.organization
         WHERE (e.subject_kind IS NULL) <> (p.number IS NOT NULL) OR o.number IS NULL",
    ),
    (
        "a department under one that is not there",
        "SELECT d.tenant, d.name
         FROM department AS d
         LEFT JOIN department AS parent ON parent.tenant = d.tenant AND parent.id = d.parent
         WHERE d.parent IS NOT NULL AND parent.id IS NULL",
    ),
    (
        "a department that nobody living manages",
        "SELECT d.tenant, d.name
         FROM department AS d
         LEFT JOIN person AS p ON p.tenant = d.tenant AND p.id = d.manager AND p.deleted_at IS NULL
         WHERE d.manager IS NOT NULL AND p.number IS NULL",
    ),
    (
        "a message to nobody, or from no organization",
        "SELECT m.tenant, m.recipient
         FROM message AS m
         LEFT JOIN person AS p ON p.tenant = m.tenant AND p.id = m.person
         LEFT JOIN organization AS o ON o.tenant = m.tenant AND o.number = m.organization
         WHERE p.number IS NULL OR o.number IS NULL",
    ),
    (
        // Also who comes into a group or goes out of it has another version, and the event is the group's.
        "a person whose version is less than the number of their events",
        "SELECT p.tenant, 'number ' || p.number
         FROM person AS p
         LEFT JOIN (SELECT tenant, person, count(*) AS events FROM event GROUP BY tenant, person) AS e
             ON e.tenant = p.tenant AND e.person = p.number
         WHERE p.version < coalesce(e.events, 0)",
    ),
    (
        "a tenant with events that follow from no person",
        "SELECT t.tenant, 'number ' || t.tenant
         FROM tenant AS t
         LEFT JOIN (
             SELECT tenant, sum(
                 CASE WHEN subject_kind IS NULL THEN 1
                     WHEN subject_kind = 'group' THEN coalesce(json_array_length(changes -> 'members' -> 0), 0)
                         + coalesce(json_array_length(changes -> 'members' -> 1), 0)
                     ELSE 0 END) AS events
             FROM event GROUP BY tenant) AS e ON e.tenant = t.tenant
         LEFT JOIN (SELECT tenant, sum(version) AS versions FROM person GROUP BY tenant) AS p
             ON p.tenant = t.tenant
         WHERE coalesce(e.events, 0) <> coalesce(p.versions, 0)",
    ),
    (
        "words of a tenant that is not there",
        "SELECT s.tenant, 'number ' || s.person
         FROM person_search AS s
         LEFT JOIN tenant AS t ON t.tenant = s.tenant
         WHERE t.tenant IS NULL",
    ),
];
