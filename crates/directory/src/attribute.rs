//! The attributes of a person by name: one closed set, in refusals, events and rules.

use std::fmt;

/// The table of all attributes, given to the macro `$use`: the name that events hold and print, the variant of
/// [`Attribute`], and for those that a change sets as they are its field, the field's type (imported where the table is
/// used) and the place in the person or the membership. A name that was released stays: the events of a store are full of it.
macro_rules! attributes {
    ($use:ident) => {
        $use! {
            person {
                "nickname" Nickname nickname: String = nickname;
                "initials" Initials initials: String = initials;
                "user_name" UserName user_name: String = user_name;
                "email" Email email: Email = email;
                "second_email" SecondEmail second_email: Email = second_email;
                "email_aliases" EmailAliases email_aliases: Vec<Email> = email_aliases;
                "phone" Phone phone: Phone = phone;
                "second_phone" SecondPhone second_phone: Phone = second_phone;
                "title" Title title: String = title;
                "birth_date" BirthDate birth_date: DateTime = birth_date;
                "gender" Gender gender: Gender = gender;
                "employment.start" EmploymentStart employment_start: DateTime = employment.start;
                "employment.end" EmploymentEnd employment_end: DateTime = employment.end;
                "employment.kind" EmploymentKind employment_kind: String = employment.kind;
                "employment.register_number" RegisterNumber register_number: String = employment.register_number;
                "employment.duty_plan_number" DutyPlanNumber duty_plan_number: String = employment.duty_plan_number;
                "work.department" WorkDepartment work_department: String = work.department;
                "work.subdepartment" WorkSubdepartment work_subdepartment: String = work.subdepartment;
                "work.office" Office office: String = work.office;
                "work.pod" Pod pod: String = work.pod;
                "work.seniority" Seniority seniority: String = work.seniority;
                "primary_department" PrimaryDepartment primary_department: DepartmentId = primary_department;
                "additional_departments" AdditionalDepartments additional_departments: Vec<Entry<DepartmentId>> = additional_departments;
                "groups" Groups groups: Vec<Entry<GroupId>> = groups;
                "data_source" DataSource data_source: String = data_source;
                "image" Image image: AssetId = image;
                "member_card" MemberCard member_card: AssetId = member_card;
                "card_number" CardNumber card_number: String = card_number;
                "lang" Lang lang: Lang = lang;
                "time_zone" TimeZone time_zone: String = time_zone;
                "status" Status status: Status = status;
                "invitation" Invitation invitation: Invitation = invitation;
                "activated_at" ActivatedAt activated_at: Timestamp = activated_at;
            }
            membership {
                "membership.replay.role" ReplayRole replay_role: ReplayRole = replay.role;
                "membership.replay.access" ReplayAccess replay_access: AccessType = replay.access;
                "membership.replay.team" ReplayTeam team: TeamId = replay.team;
                "membership.kare.scope" KareScope kare_scope: KareScope = kare.scope;
                "membership.kare.permissions.group" KareGroup kare_group: u64 = kare.permissions.group;
                "membership.kare.permissions.read" KareRead kare_read: Vec<i64> = kare.permissions.read;
                "membership.kare.permissions.manage" KareManage kare_manage: Vec<i64> = kare.permissions.manage;
                /// The number of a label of the organization.
                "membership.kare.profession" KareProfession profession: Number = kare.profession;
                /// Roles that are not default ones.
                "membership.laurel.roles" LaurelRoles roles: Vec<ObjectId> = laurel.roles;
                "membership.laurel.super_delegate" SuperDelegate super_delegate: Vec<Permission> = laurel.super_delegate;
            }
            others {
                "name.given" GivenName;
                "name.family" FamilyName;
                "name.full" FullName;
                /// The external id of Relesys, one of the identities.
                "external_id" ExternalId;
                "identities" Identities;
                /// When the person accepted an invitation, which follows from the status.
                "accepted_at" AcceptedAt;
                "delegators" Delegators;
                /// That there is a password, and never which. Only operators set one.
                "password" Password;
                /// That a person is a member at all.
                "membership" Membership;
            }
        }
    };
}
pub(crate) use attributes;

macro_rules! attribute {
    (
        person { $($(#[$person_doc:meta])* $person_name:literal $person:ident
            $person_field:ident: $person_type:ty = $($person_path:ident).+;)* }
        membership { $($(#[$grant_doc:meta])* $grant_name:literal $grant:ident
            $grant_field:ident: $grant_type:ty = $($grant_path:ident).+;)* }
        others { $($(#[$other_doc:meta])* $other_name:literal $other:ident;)* }
    ) => {
        /// What a refusal, an event or a rule is about. Each dialect says which of its fields that is, if it has one,
        /// and matches without `_`.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum Attribute {
            $($person,)*
            $($(#[$grant_doc])* $grant,)*
            $($(#[$other_doc])* $other,)*
            /// A custom field, by its key.
            CustomField(String),
            /// Not of a person.
            Of(Property),
        }

        impl Attribute {
            /// Every attribute of a person but the custom fields, whose keys each tenant chooses.
            pub const FIXED: &[Self] = &[$(Self::$person,)* $(Self::$grant,)* $(Self::$other,)*];

            /// Reads the name that an event about a person holds.
            pub fn parse(name: &str) -> Option<Self> {
                match name {
                    $($person_name => Some(Self::$person),)*
                    $($grant_name => Some(Self::$grant),)*
                    $($other_name => Some(Self::$other),)*
                    _ => name.strip_prefix(CUSTOM_FIELDS).map(|key| Self::CustomField(key.to_owned())),
                }
            }
        }

        /// The name that events hold and commands print. No dialect's client ever sees it.
        impl fmt::Display for Attribute {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$person => $person_name,)*
                    $(Self::$grant => $grant_name,)*
                    $(Self::$other => $other_name,)*
                    Self::CustomField(key) => return write!(f, "{CUSTOM_FIELDS}{key}"),
                    Self::Of(property) => property.as_str(),
                })
            }
        }
    };
}

attributes!(attribute);

/// What the names of custom fields begin with.
const CUSTOM_FIELDS: &str = "custom_fields.";

macro_rules! properties {
    ($($(#[$doc:meta])* $name:literal $variant:ident;)*) => {
        /// A property of anything that is no person: an entity, an organization, a credential. The same word is the same
        /// property, whatever it is a property of.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Property {
            $($(#[$doc])* $variant,)*
        }

        impl Property {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name that events hold and commands print. No dialect's client ever sees it. A name that was released
            /// stays.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|property| property.as_str() == name)
            }
        }
    };
}

properties! {
    "id" Id;
    "object_id" ObjectId;
    "key" Key;
    "name" Name;
    "organization" Organization;
    "parent" Parent;
    "public_id" PublicId;
    "tenant" Tenant;
    /// What a department, a team or a custom field is.
    "kind" Kind;
    "external_id" ExternalId;
    "description" Description;
    "address_line" AddressLine;
    "address_line_2" AddressLine2;
    "zip_code" ZipCode;
    "city" City;
    "default_phone_country_code" DefaultPhoneCountryCode;
    "phone" Phone;
    /// The person who manages a department.
    "manager" Manager;
    "email" Email;
    "content_culture" ContentCulture;
    "ui_culture" UiCulture;
    "time_zone" TimeZone;
    "selected_cultures" SelectedCultures;
    "locales" Locales;
    "show_in_contacts" ShowInContacts;
    "show_in_highscores" ShowInHighscores;
    "show_in_activity_statistics" ShowInActivityStatistics;
    "user_language_enabled" UserLanguageEnabled;
    "show_manager_public" ShowManagerPublic;
    "show_employee_list" ShowEmployeeList;
    "show_users_in_public_contacts" ShowUsersInPublicContacts;
    "show_in_tagging_overview" ShowInTaggingOverview;
    "show_users_in_tagging_overview" ShowUsersInTaggingOverview;
    "show_contact_list" ShowContactList;
    "color" Color;
    "source" Source;
    "lang" Lang;
    "use_turn_connection" UseTurnConnection;
    "url" Url;
    "summary" Summary;
    "is_default" IsDefault;
    "permissions" Permissions;
    /// Who went out of a group, and who came into it.
    "members" Members;
    /// What a template says in each culture.
    "cultures" Cultures;
    /// How a message goes: by e-mail or as a text message.
    "channel" Channel;
    /// The address or the number that a message goes to.
    "recipient" Recipient;
    "subject" Subject;
    "text" Text;
    "number" Number;
    "dialect" Dialect;
    "scopes" Scopes;
    "rate_limit" RateLimit;
    "expires_at" ExpiresAt;
    "revoked_at" RevokedAt;
    /// The secret of a credential, of which nothing is recorded but that there is one.
    "secret" Secret;
    /// Whose session or credential it is.
    "person" Person;
    /// What only customers have (Laurel).
    "code" Code;
    "slug" Slug;
    "segment" Segment;
    "vertical" Vertical;
    "pms_vendor" PmsVendor;
    "salesforce_account_id" SalesforceAccountId;
    "customer_identities" Identities;
    "connections" Connections;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written() {
        let custom = Attribute::CustomField("shoe.size".into());
        for attribute in Attribute::FIXED.iter().chain([&custom]) {
            assert_eq!(Attribute::parse(&attribute.to_string()).as_ref(), Some(attribute));
        }
        assert_eq!(custom.to_string(), "custom_fields.shoe.size");
        assert_eq!(Attribute::KareRead.to_string(), "membership.kare.permissions.read");
        for unknown in ["", "custom_fields", "Name.given", "parent"] {
            assert_eq!(Attribute::parse(unknown), None, "{unknown}");
        }
        for property in Property::ALL {
            assert_eq!(Property::parse(property.as_str()), Some(*property));
        }
        assert_eq!(Property::parse("nickname"), None);
    }
}
