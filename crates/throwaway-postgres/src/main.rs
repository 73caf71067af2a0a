//! A PostgreSQL server to try things on: prints its address, and takes it away when its input ends or it is stopped.

use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let cluster = match throwaway_postgres::shared_cluster() {
        Ok(cluster) => cluster,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    // Whoever does not listen has an input to end all the same.
    writeln!(io::stdout(), "{}", cluster.url()).ok();
    io::copy(&mut io::stdin(), &mut io::sink()).ok();
    ExitCode::SUCCESS
}
