//! The binary `personae`: composition, configuration, commands.

// What is printed goes through `output`, which makes it safe for a terminal and knows whether it was written.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod adapters;
mod app;
mod cli;
mod commands;
mod config;
mod context;
mod curl;
mod demo;
mod error;
mod find;
mod http;
mod json;
mod logging;
mod open;
mod output;
mod password;
mod serving;
mod tenant_index;
mod visible;

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Requests are many small allocations on a few threads, which this allocator serves in half the time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    cli::run(std::env::args_os())
}
