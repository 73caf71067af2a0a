//! Everything that a store holds, as tables that every engine can read out and take in, whatever its own look like.
//!
//! Only what is not derived: an engine that takes people in makes its search index and its chains of events itself.

use Kind::{Boolean, Bytes, Integer, Json, Person, Text, Time, Uuid};
use Part::{Directory, Secret, Use};

/// A table: its rows are in the order of their key.
pub struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [(&'static str, Kind)],
    /// So many of the first columns.
    pub(crate) key: usize,
    part: Part,
    /// So many of the last columns say no more than how the row is used.
    used: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Integer,
    /// The number of a person of the same tenant.
    Person,
    Boolean,
    Text,
    /// The text as it was written.
    Json,
    Uuid,
    Bytes,
    /// Microseconds since 1970.
    Time,
}

/// What a column tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// What a request could change.
    Directory,
    /// What nobody is shown.
    Secret,
    /// Who was there: written also when people only read.
    Use,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Table {
    const fn new(name: &'static str, key: usize, columns: &'static [(&'static str, Kind)]) -> Self {
        Self { name, columns, key, part: Directory, used: 0 }
    }

    pub(crate) fn named(name: &str) -> &'static Self {
        TABLES.iter().find(|table| table.name == name).expect("the tables named in the code are there")
    }

    /// Its place among the tables.
    pub(crate) fn index(&self) -> usize {
        TABLES.iter().position(|table| table.name == self.name).expect("every table is one of them")
    }

    /// The parts that the row has.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (Part, std::ops::Range<usize>)> {
        let (all, own) = (self.columns.len(), self.columns.len() - self.used);
        [(self.part, 0..own), (Use, own..all)].into_iter().filter(|(_, columns)| !columns.is_empty())
    }

    /// Whether rows may differ from one look to the next, though nobody writes.
    pub(crate) fn is_restless(&self) -> bool {
        self.parts().any(|(part, _)| part == Use)
    }

    /// Whether its rows are a tenant's, which then is their first column.
    pub(crate) fn is_of_a_tenant(&self) -> bool {
        self.columns[0].0 == "tenant"
    }

    pub(crate) fn column(&self, name: &str) -> usize {
        self.columns
            .iter()
            .position(|(known, _)| *known == name)
            .expect("the columns named in the code are there")
    }
}

/// In the order in which a store is filled: events before people, who need to know their last one.
pub(crate) static TABLES: [Table; 25] = [
    Table::new(
        "tenant",
        1,
        &[
            ("tenant", Integer),
            ("object_id", Bytes),
            ("region", Text),
            ("created_at", Time),
            ("last_person", Integer),
            ("last_event", Integer),
            ("last_organization", Integer),
            ("last_label", Integer),
        ],
    ),
    Table::new(
        "organization",
        2,
        &[
            ("tenant", Integer),
            ("number", Integer),
            ("id", Uuid),
            ("object_id", Bytes),
            ("parent", Integer),
            ("name", Text),
            ("created_at", Time),
            ("deleted_at", Time),
            ("external_id", Text),
            ("url", Text),
            ("summary", Text),
        ],
    ),
    Table::new(
        "department",
        2,
        &[
            ("tenant", Integer),
            ("id", Uuid),
            ("name", Text),
            ("kind", Text),
            ("parent", Uuid),
            ("external_id", Text),
            ("zip_code", Text),
            ("city", Text),
            ("manager", Uuid),
            ("email", Text),
            ("created_at", Time),
            ("updated_at", Time),
            ("document", Json),
        ],
    ),
    Table::new(
        "group",
        2,
        &[
            ("tenant", Integer),
            ("id", Uuid),
            ("object_id", Bytes),
            ("name", Text),
            ("description", Text),
            ("external_id", Text),
            ("created_at", Time),
            ("updated_at", Time),
        ],
    ),
    Table::new(
        "team",
        2,
        &[
            ("tenant", Integer),
            ("id", Uuid),
            ("organization", Integer),
            ("name", Text),
            ("description", Text),
            ("kind", Text),
            ("use_turn_connection", Boolean),
            ("created_at", Time),
        ],
    ),
    Table::new(
        "label",
        2,
        &[
            ("tenant", Integer),
            ("number", Integer),
            ("organization", Integer),
            ("name", Text),
            ("color", Text),
            ("kind", Text),
            ("source", Text),
            ("created_at", Time),
            ("updated_at", Time),
        ],
    ),
    Table::new(
        "role",
        2,
        &[
            ("tenant", Integer),
            ("object_id", Bytes),
            ("name", Text),
            ("is_default", Boolean),
            ("permissions", Json),
            ("description", Text),
            ("created_at", Time),
            ("updated_at", Time),
        ],
    ),
    Table::new(
        "custom_field",
        2,
        &[("tenant", Integer), ("key", Text), ("id", Uuid), ("name", Text), ("kind", Text)],
    ),
    Table::new(
        "template",
        2,
        &[
            ("tenant", Integer),
            ("id", Uuid),
            ("name", Text),
            ("cultures", Json),
            ("created_at", Time),
            ("updated_at", Time),
        ],
    ),
    Table::new(
        "message",
        2,
        &[
            ("tenant", Integer),
            ("id", Uuid),
            ("organization", Integer),
            ("person", Uuid),
            ("via", Text),
            ("channel", Text),
            ("recipient", Text),
            ("subject", Text),
            ("text", Text),
            ("state", Text),
            ("tries", Integer),
            ("created_at", Time),
        ],
    ),
    Table::new(
        "customer",
        2,
        &[("tenant", Integer), ("organization", Integer), ("updated_at", Time), ("document", Json)],
    ),
    Table::new(
        "customer_key",
        3,
        &[("tenant", Integer), ("source", Text), ("value", Text), ("organization", Integer)],
    ),
    Table::new(
        "invitation",
        2,
        &[
            ("tenant", Integer),
            ("id", Uuid),
            ("dialect", Text),
            ("organization", Uuid),
            ("person", Uuid),
            ("email", Text),
            ("state", Text),
            ("created_at", Time),
            ("expires_at", Time),
            ("ended_at", Time),
        ],
    ),
    Table::new(
        "event",
        2,
        &[
            ("tenant", Integer),
            ("sequence", Integer),
            ("person", Person),
            ("at", Time),
            ("action", Text),
            ("via", Text),
            ("organization", Integer),
            ("credential", Uuid),
            ("actor", Uuid),
            ("forwarded", Json),
            ("request", Text),
            ("changes", Json),
            ("subject_kind", Text),
            ("subject_id", Text),
        ],
    ),
    Table::new(
        "person",
        2,
        &[
            ("tenant", Integer),
            ("number", Integer),
            ("id", Uuid),
            ("object_id", Bytes),
            ("status", Text),
            ("primary_department", Uuid),
            ("created_at", Time),
            ("updated_at", Time),
            ("deleted_at", Time),
            ("version", Integer),
            ("document", Json),
        ],
    ),
    Table::new(
        "person_department",
        3,
        &[
            ("tenant", Integer),
            ("person", Person),
            ("position", Integer),
            ("department", Uuid),
            ("data_source", Text),
        ],
    ),
    Table::new(
        "person_group",
        3,
        &[
            ("tenant", Integer),
            ("person", Person),
            ("position", Integer),
            ("group", Uuid),
            ("data_source", Text),
        ],
    ),
    Table::new(
        "person_key",
        3,
        &[("tenant", Integer), ("source", Text), ("value", Text), ("person", Person)],
    ),
    Table::new(
        "former_key",
        3,
        &[("tenant", Integer), ("source", Text), ("value", Text), ("person", Person)],
    ),
    Table::new(
        "membership",
        3,
        &[
            ("tenant", Integer),
            ("person", Person),
            ("organization", Integer),
            ("object_id", Bytes),
            ("team", Uuid),
            ("kare_scope", Text),
            ("profession", Integer),
            ("laurel_roles", Json),
            ("grants", Json),
            ("created_at", Time),
            ("updated_at", Time),
            ("deleted_at", Time),
        ],
    ),
    Table::new(
        "delegation",
        4,
        &[
            ("tenant", Integer),
            ("organization", Integer),
            ("delegate", Person),
            ("delegator", Person),
            ("permissions", Json),
        ],
    ),
    Table {
        used: 2,
        ..Table::new(
            "credential",
            2,
            &[
                ("tenant", Integer),
                ("id", Uuid),
                ("organization", Integer),
                ("dialect", Text),
                ("name", Text),
                ("public_id", Text),
                ("keys", Json),
                ("scopes", Json),
                ("rate_limit", Integer),
                ("created_at", Time),
                ("expires_at", Time),
                ("revoked_at", Time),
                ("person", Uuid),
                ("description", Text),
                ("last_used_at", Time),
                ("old_key_used_at", Time),
            ],
        )
    },
    Table {
        part: Secret,
        ..Table::new("password", 2, &[("tenant", Integer), ("person", Person), ("hash", Text)])
    },
    Table {
        part: Use,
        ..Table::new(
            "session",
            2,
            &[
                ("tenant", Integer),
                ("id", Uuid),
                ("organization", Integer),
                ("person", Person),
                ("refresh", Bytes),
                ("created_at", Time),
                ("expires_at", Time),
                ("revoked_at", Time),
            ],
        )
    },
    Table {
        part: Secret,
        ..Table::new(
            "signing_key",
            1,
            &[
                ("id", Text),
                ("algorithm", Text),
                ("secret", Bytes),
                ("encrypted_with", Text),
                ("created_at", Time),
                ("retired_at", Time),
                ("expires_at", Time),
            ],
        )
    },
];
