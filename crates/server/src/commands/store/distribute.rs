//! `personae store distribute`: a store over the nodes of a Citus cluster.

use serde_json::json;
use store::postgres::distribute::{DistributeError, distribute, statements};

use crate::config::{Config, Flags};
use crate::error::Error;
use crate::open::Place;
use crate::output::Shown;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Tables that are distributed already are left as they are, and tables are made where there are none. Stop the
servers of a store that is in use. docs/scaling.md says what a distributed store costs.

Examples:
  PGPASSWORD=... personae store distribute --store postgres://personae@coordinator/personae
  personae store distribute --print"
)]
pub(crate) struct Distribute {
    /// Print the statements as SQL, and do nothing
    #[arg(long)]
    print: bool,
}

impl Distribute {
    pub(crate) async fn run(self, flags: &Flags) -> Result<Shown, Error> {
        if self.print {
            let statements = statements();
            return Ok(Shown::new(statements.join("\n"), json!({"statements": statements})));
        }
        let Place::Postgres(address) = Place::parse(&Config::load(flags)?.store)? else {
            return Err(Error::new("only a store in PostgreSQL can be distributed").hint(
                "name it: --store postgres://USER@HOST/DATABASE; to move one there: personae store copy",
            ));
        };
        let changed = distribute(&address).await.map_err(|error| failure(&error))?;
        let text = match changed.len() {
            0 => "All tables were distributed already.".to_owned(),
            count => format!("{count} tables are distributed now: {}.", changed.join(", ")),
        };
        Ok(Shown::new(text, json!({"changed": changed})))
    }
}

fn failure(error: &DistributeError) -> Error {
    let failure = Error::new(error.to_string());
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
