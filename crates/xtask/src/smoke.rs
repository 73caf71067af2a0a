//! The demo as a newcomer meets it: one line, four update calls, and each change seen through another API.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::json;
use tokio::time::timeout;

use crate::calls::{self, Dialect, Session};
use crate::http::Connection;
use crate::personae::{Demo, Personae};

/// For all of it. Starting a demo of 25 people takes a second or two.
const LIMIT: Duration = Duration::from_secs(60);
const START_LIMIT: Duration = Duration::from_secs(30);

/// Through which API a value is written, and through which it must be seen.
const JOURNEYS: [(Dialect, Dialect, &str); 4] = [
    (Dialect::Relesys, Dialect::Laurel, "Head of Analytical Engines"),
    (Dialect::Replay, Dialect::Kare, "Augusta"),
    (Dialect::Kare, Dialect::Replay, "Ada"),
    (Dialect::Laurel, Dialect::Relesys, "Countess of Lovelace"),
];

pub(crate) fn run(binary: &Path) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let run = timeout(LIMIT, demo(binary, folder.path())).await;
        run.with_context(|| format!("the demo did not get through within {} s", LIMIT.as_secs()))?
    })
}

async fn demo(binary: &Path, folder: &Path) -> anyhow::Result<()> {
    let (mut server, demo) = Personae::demo(binary, &[], folder, START_LIMIT).await?;
    update_calls(&mut server, &demo).await.map_err(|error| server.explain(&error))?;
    let status = server.stop().await?;
    if !status.success() {
        bail!("after SIGTERM the demo must end with 0, not {status}");
    }
    println!("stopped on SIGTERM with 0");
    Ok(())
}

async fn update_calls(server: &mut Personae, demo: &Demo) -> anyhow::Result<()> {
    let mut connection = server.ready().await?;
    println!("ready at {} with {} people", server.address(), demo.people.len());
    let person = demo.people.last().context("the demo has no people")?;
    for (through, seen, value) in JOURNEYS {
        let writer = Session::open(through, demo, &mut connection).await?;
        calls::expect(&mut connection, &writer.update(person, value), 200).await?;
        let reader = Session::open(seen, demo, &mut connection).await?;
        expect_value(&mut connection, &reader, &reader.read(person), value).await?;
        println!("updated through {}, seen through {}", through.name(), seen.name());
    }
    Ok(())
}

async fn expect_value(
    connection: &mut Connection,
    reader: &Session,
    request: &[u8],
    value: &str,
) -> anyhow::Result<()> {
    let answer = calls::expect(connection, request, 200).await?;
    let pointer = reader.title_or_first_name();
    if answer.pointer(pointer) != Some(&json!(value)) {
        bail!("{}: {pointer} should be {value:?} in {answer}", calls::request_line(request));
    }
    Ok(())
}
