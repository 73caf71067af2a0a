//! A backup is a file, whatever engine it is of.

use crate::rooms::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_database_is_a_store_in_a_file() {
    let (old, new) = (Plot::furnished(Engine::Postgres).await, Plot::new(Engine::Sqlite));
    let store = old.open().await;
    store.backup(new.file()).await.unwrap();
    let at_the_time = sound(&old).await;
    change(store.as_ref(), TENANTS[0], 1, titled("later")).await;
    assert_eq!(sound(&new).await, at_the_time);
    let name = new.file();
    assert!(store.backup(name.clone()).await.is_err(), "it replaces nothing");
    assert!(store.backup(name.with_file_name("no/such/folder.db")).await.is_err());
    let left: Vec<_> = std::fs::read_dir(name.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_string_lossy().contains("partial"))
        .collect();
    assert_eq!(left, [""; 0]);
}
