//! Two processes over one database: what one does holds for the other at once.

mod access;
mod events;
mod races;
mod sight;

use serde_json::Value;
use testkit::callers::Callers;
use testkit::demo::{Person, Tenant};
use testkit::process::{Cli, Server};
use testkit::store::{Engine, Store};

use crate::binary;

/// The root organization of tenant one.
const ROOT: &str = "Aurora";

/// Two processes, and the store that goes after them.
struct Pair {
    one: Server,
    two: Server,
    store: Store,
}

impl Pair {
    fn with_people(count: usize) -> Pair {
        let store = Store::new(Engine::Postgres);
        let one = Server::demo_on(binary(), &store, ["--people", &count.to_string()]);
        let two = Server::serve(binary(), store.url(), [] as [&str; 0]);
        Pair { one, two, store }
    }

    fn tenant(&self) -> &Tenant {
        &self.one.seed().tenant
    }

    fn person(&self, index: usize) -> &Person {
        &self.tenant().people[index]
    }

    fn servers(&self) -> [&Server; 2] {
        [&self.one, &self.two]
    }

    /// At each process those who signed in there.
    fn callers(&self) -> [Callers; 2] {
        self.servers().map(|server| Callers::of(&server.client(), self.tenant()))
    }

    /// Runs a command, which is a third process.
    #[track_caller]
    fn command(&self, args: &[&str]) -> Value {
        let place = ["--json", "--store", self.store.url()];
        Cli::new(binary()).run(args.iter().copied().chain(place)).ok().json()
    }
}
