//! What lists of entities are filtered and ordered by.

use std::convert::Infallible;

use crate::credential::Credential;
use crate::custom_field::CustomField;
use crate::organization::{Department, Group, Team};
use crate::query::{Field, FieldKind, Literal, Query};
use crate::template::Template;

/// Makes the fields of one kind of entity: what the values of each are, and how one is read from an entity.
macro_rules! fields {
    ($(#[$doc:meta])* $name:ident of $entity:ty { $($(#[$field_doc:meta])* $field:ident: $kind:ident = $of:expr,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$field_doc])* $field,)+
        }

        impl Field for $name {
            const ALL: &'static [Self] = &[$(Self::$field,)+];
            type List = Infallible;

            fn kind(self) -> FieldKind {
                match self {
                    $(Self::$field => FieldKind::$kind,)+
                }
            }
        }

        impl $name {
            /// What the entity has there.
            pub fn of(self, entity: &$entity) -> Option<Literal> {
                match self {
                    $(Self::$field => {
                        let of: fn(&$entity) -> Option<_> = $of;
                        of(entity).map(Literal::$kind)
                    })+
                }
            }
        }
    };
}

fields! {
    /// An attribute of a department that a list filters or sorts by.
    DepartmentField of Department {
        Id: Uuid = |it| Some(it.id.0),
        Name: Text = |it| Some(it.name.clone()),
        /// By [`crate::organization::DepartmentKind::rank`].
        Kind: Rank = |it| Some(it.kind.rank()),
        Parent: Uuid = |it| it.parent.map(|id| id.0),
        Manager: Uuid = |it| it.manager.map(|id| id.0),
        ExternalId: Text = |it| it.external_id.clone(),
        City: Text = |it| it.city.clone(),
        ZipCode: Text = |it| it.zip_code.clone(),
        Email: Text = |it| it.email.as_ref().map(|email| email.as_str().to_owned()),
        CreatedAt: Time = |it| Some(it.created_at),
        UpdatedAt: Time = |it| Some(it.updated_at),
    }
}

fields! {
    /// An attribute of a group that a list filters or sorts by.
    GroupField of Group {
        Id: Uuid = |it| Some(it.id.0),
        ObjectId: ObjectId = |it| Some(it.object_id),
        Name: Text = |it| Some(it.name.clone()),
        Description: Text = |it| it.description.clone(),
        ExternalId: Text = |it| it.external_id.clone(),
        CreatedAt: Time = |it| Some(it.created_at),
        UpdatedAt: Time = |it| Some(it.updated_at),
    }
}

fields! {
    /// An attribute of a team that a list filters or sorts by.
    TeamField of Team {
        Id: Uuid = |it| Some(it.id.0),
        Organization: Uuid = |it| Some(it.organization.0),
        Name: Text = |it| Some(it.name.clone()),
        CreatedAt: Time = |it| Some(it.created_at),
    }
}

fields! {
    /// An attribute of the definition of a custom field that a list filters or sorts by.
    CustomFieldField of CustomField {
        Id: Uuid = |it| Some(it.id.0),
        Key: Text = |it| Some(it.key.clone()),
        Name: Text = |it| Some(it.name.clone()),
        /// By [`crate::custom_field::CustomFieldKind::rank`].
        Kind: Rank = |it| Some(it.kind.rank()),
    }
}

fields! {
    /// An attribute of a message template that a list filters or sorts by.
    TemplateField of Template {
        Id: Uuid = |it| Some(it.id.0),
        Name: Text = |it| Some(it.name.clone()),
        CreatedAt: Time = |it| Some(it.created_at),
        UpdatedAt: Time = |it| it.updated_at,
    }
}

fields! {
    /// An attribute of a credential that a list filters or sorts by.
    CredentialField of Credential {
        Id: Uuid = |it| Some(it.id.0),
        Organization: Uuid = |it| Some(it.organization.0),
        Dialect: Text = |it| Some(it.dialect.as_str().to_owned()),
        PublicId: Text = |it| Some(it.public_id.clone()),
        CreatedAt: Time = |it| Some(it.created_at),
        RevokedAt: Time = |it| it.revoked_at,
    }
}

/// A query for entities of one kind.
#[derive(Debug, Clone, PartialEq)]
pub enum EntityQuery {
    Departments(Query<DepartmentField>),
    Groups(Query<GroupField>),
    Teams(Query<TeamField>),
    CustomFields(Query<CustomFieldField>),
    Templates(Query<TemplateField>),
}
