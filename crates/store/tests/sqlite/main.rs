//! What is peculiar to the SQLite engine: its file, its copies, and what its check finds.

mod check;
mod decisions;
mod file;
mod house;
mod processes;
