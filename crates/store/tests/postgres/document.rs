//! What docs/scaling.md says, held to the code.

use store::postgres::Options;
use store::postgres::distribute::statements;

const DOCUMENT: &str = include_str!("../../../../docs/scaling.md");

#[test]
fn it_shows_the_statements_for_citus() {
    let block = format!("```sql\n{}\n```", statements().join("\n"));
    assert!(DOCUMENT.contains(&block), "put this into docs/scaling.md:\n{block}");
}

#[test]
fn it_counts_the_connections_of_a_process() {
    let Options { readers, writers, scanners, .. } = Options::default();
    // One more makes the trials of `/readyz`.
    let all = readers + writers + scanners + 1;
    let opens = format!(
        "A process opens up to {all}: {readers} for reads of single people, {writers} for writes and {scanners} for lists"
    );
    assert!(DOCUMENT.contains(&opens), "{opens}");
    assert!(DOCUMENT.contains(&format!("is {all} times the processes")));
}
