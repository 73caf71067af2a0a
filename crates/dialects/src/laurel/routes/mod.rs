//! Laurel's table of routes; what is served together is in one file.

mod clients;
mod connections;
mod current;
mod customers;
mod groups;
mod health;
mod identities;
mod imports;
mod lookups;
mod resolve;
mod roles;
mod users;

use std::sync::Arc;

use directory::{Dialect, Directory};

use super::auth::{Api, Settings};
use super::error::Error;
use super::oauth;
use crate::compose::{Mount, is_version, segments};
use crate::http::{Route, route};

pub fn table() -> Vec<Route<Api>> {
    let mut routes = vec![Route::post("/api/v1/oauth/token", "create_token", oauth::create_token)];
    routes.extend(users::table());
    routes.extend(current::table());
    routes.extend(lookups::table());
    routes.extend(identities::table());
    routes.extend(imports::table());
    routes.extend(groups::table());
    routes.extend(roles::table());
    routes.extend(customers::table());
    routes.extend(connections::table());
    routes.extend(clients::table());
    routes.extend(health::table());
    routes
}

/// Laurel's API over a directory.
pub fn mount(directory: Arc<Directory>, settings: Settings, hosts: Vec<String>) -> Mount {
    Mount {
        dialect: Dialect::Laurel,
        prefix: "/laurel",
        owns,
        normalise: |_| None,
        router: route::router::<Api, Error>(table(), &[""]).with_state(Api::new(directory, settings)),
        fault: route::fault::<Error>,
        hosts,
    }
}

/// Users without a customer in the path are another vendor's at the root.
fn owns(path: &str) -> bool {
    let mut segments = segments(path);
    if segments.next() != Some("api") {
        return false;
    }
    match (segments.next(), segments.next()) {
        (
            Some(version),
            Some("oauth" | "customers" | "roles" | "permissions" | "user-groups" | "delegators"),
        ) => is_version(version),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_served() {
        let operations: Vec<_> = table().iter().map(|route| route.operation).collect();
        assert_eq!(
            operations,
            [
                "create_token",
                "list_users",
                "list_users_v2",
                "list_users_lite",
                "get_users",
                "get_user",
                "patch_user",
                "delete_user",
                "patch_user_v2",
                "set_status",
                "set_super_delegate",
                "get_own_user",
                "get_current_user",
                "patch_current_user",
                "list_delegators",
                "lookup_identity",
                "lookup_identity_by_email",
                "lookup_users",
                "lookup_user_v2",
                "translate_timekeeper_ids",
                "lookup_user",
                "list_identities",
                "add_identity",
                "replace_identity",
                "add_identities",
                "list_aliases",
                "add_aliases",
                "remove_alias",
                "create_user",
                "import_user_v2",
                "import_user",
                "import_users_v2",
                "import_users",
                "list_groups",
                "create_group",
                "get_group",
                "patch_group",
                "delete_group",
                "list_groups_of_user",
                "list_members",
                "add_members",
                "remove_members",
                "put_group",
                "delete_group_by_external_id",
                "sync_members",
                "list_roles",
                "get_role",
                "list_permissions",
                "get_permission",
                "create_customer",
                "list_customers",
                "lookup_customer",
                "get_customer",
                "patch_customer",
                "get_customer_tenant",
                "get_customer_region",
                "add_customer_identity",
                "add_connection",
                "patch_connection",
                "delete_connection",
                "set_scim",
                "put_domains",
                "list_clients",
                "create_client",
                "get_client",
                "delete_client",
                "list_managed_clients",
                "create_managed_client",
                "delete_managed_client",
                "check_health",
            ]
        );
        // Two routes of which neither wins would be a panic here.
        assert!(route::router::<Api, Error>(table(), &[""]).has_routes());
    }

    #[test]
    fn the_root_has_what_is_unmistakably_laurels() {
        for path in [
            "/api/v1/oauth/token",
            "/api/v1/oauth",
            "/api/v2/oauth/token",
            "/api/v1/customers/64/users",
            "/api/v2/customers",
            "/api/v1/roles/64",
            "/api/v1/permissions",
            "/api/v1/user-groups/64/users",
            "/api/v9/delegators",
        ] {
            assert!(owns(path), "{path}");
        }
        for path in [
            "/",
            "/api/v1/users",
            "/api/v1/users/64",
            "/api/v1/departments",
            "/api/v1/userGroups",
            "/api/oauth/token",
            "/api/customers",
            "/customers",
            "/v1/customers",
            "/api/v1/customersx",
            "/login/oauth",
        ] {
            assert!(!owns(path), "{path}");
        }
    }
}
