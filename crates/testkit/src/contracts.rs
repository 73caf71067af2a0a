//! The contract of each dialect, as it stands in the dialect's folder.

use std::sync::LazyLock;

use crate::callers::Dialect;
use crate::openapi::OpenApi;

/// What the dialect's file promises.
pub fn of(dialect: Dialect) -> &'static OpenApi {
    macro_rules! contract {
        ($name:literal) => {{
            static CONTRACT: LazyLock<OpenApi> = LazyLock::new(|| {
                OpenApi::parse(include_str!(concat!("../../dialects/src/", $name, "/openapi.yaml")))
                    .expect("a readable openapi.yaml")
            });
            &CONTRACT
        }};
    }
    match dialect {
        Dialect::Relesys => contract!("relesys"),
        Dialect::Replay => contract!("replay"),
        Dialect::Kare => contract!("kare"),
        Dialect::Laurel => contract!("laurel"),
    }
}
