//! The PostgreSQL engine: any number of processes over one database, each committing in groups.

mod check;
mod connect;
mod failure;
mod house;
mod migrate;

pub use connect::{Address, ConnectError, OpenError};
pub use house::House;

/// Whether a store was begun in this database. Nothing is changed there.
pub async fn holds_a_store(address: &Address) -> Result<bool, OpenError> {
    let client = address.connect("").await?;
    migrate::is_done(&client).await
}

/// Brings the schema up to date, and makes it where there is none.
pub async fn migrate(address: &Address) -> Result<(), OpenError> {
    let mut client = address.connect("").await?;
    migrate::run(&mut client).await
}
