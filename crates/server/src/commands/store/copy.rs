//! `personae store copy`: a whole store, into another one.

use std::io::IsTerminal;
use std::time::Instant;

use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use serde_json::json;
use store::transfer::{self, Copied, CopiedTenant, Progress, Step};

use crate::commands::values::parse_text;
use crate::config::Flags;
use crate::error::Error;
use crate::open::Place;
use crate::output::{Shown, table, write_error};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Ids, numbers, versions, events, credentials, passwords, sessions and signing keys are kept: servers over the copy
go on where those over the source were. Stop whatever writes to the source; reading it does no harm. The target must be
empty. A copy that was interrupted goes on where it was when the same command is run again, and serves nobody until
then. In the end both sides are compared, tenant by tenant.

Examples:
  PGPASSWORD=... personae store copy --from sqlite:personae.db --to postgres://personae@db/personae
  personae store copy --from postgres://personae@db/personae --to sqlite:personae.db
  personae store copy --from sqlite:personae.db --to sqlite:/srv/personae.db --json"
)]
pub(crate) struct Copy {
    /// The store to copy
    #[arg(long, value_name = "STORE", value_parser = parse_text)]
    from: String,
    /// Where to; there must be no store yet
    #[arg(long, value_name = "STORE", value_parser = parse_text)]
    to: String,
}

impl Copy {
    pub(crate) async fn run(self, flags: &Flags, as_json: bool) -> Result<Shown, Error> {
        if flags.store.is_some() {
            return Err(Error::usage("copy is told both stores by --from and --to, and takes no --store"));
        }
        let (from, to) = (Place::parse(&self.from)?, Place::parse(&self.to)?);
        let begun = Instant::now();
        let source = from.source().await?;
        let mut target = to.target().await?;
        let mut showing = Showing::new(as_json);
        let copied =
            transfer::copy(source.as_ref(), target.as_mut(), &mut |progress| showing.show(progress)).await;
        showing.bar.finish_and_clear();
        let copied = copied.map_err(|failure| explain(&failure, &to))?;
        // Closed, a file stands alone.
        drop((source, target));
        let seconds = (begun.elapsed().as_secs_f64() * 10.0).round() / 10.0;
        Ok(Shown::new(
            text(&copied, &from, &to, seconds),
            json!({
                "from": from.to_string(),
                "to": to.to_string(),
                "tenants": copied.tenants.iter().map(tenant).collect::<Vec<_>>(),
                "rows": copied.rows,
                "rowsBefore": copied.rows_before,
                "seconds": seconds,
            }),
        ))
    }
}

fn tenant(it: &CopiedTenant) -> serde_json::Value {
    json!({
        "tenant": it.tenant.0,
        "people": it.people,
        "events": it.events,
        "sourceHash": it.source_hash,
        "targetHash": it.target_hash,
    })
}

fn text(copied: &Copied, from: &Place, to: &Place, seconds: f64) -> String {
    let rows = copied
        .tenants
        .iter()
        .map(|it| {
            [it.tenant.to_string(), it.people.to_string(), it.events.to_string(), it.target_hash.clone()]
        })
        .collect();
    let tenants =
        table(["TENANT", "PEOPLE", "EVENTS", "HASH ON BOTH SIDES"], rows, "There are no tenants.\n");
    let before = match copied.rows_before {
        0 => String::new(),
        rows => format!(", {} of them before", HumanCount(rows)),
    };
    format!(
        "{tenants}\nCopied {from} to {to}: {} rows{before}, in {seconds} seconds.\nServe it: personae serve --store {}",
        HumanCount(copied.rows),
        to.argument()
    )
}

/// What to do about it.
fn explain(failure: &transfer::Error, to: &Place) -> Error {
    let anew = match to {
        Place::Sqlite(path) => format!("remove {}", path.display()),
        Place::Postgres(_) => "make the database anew".to_owned(),
    };
    let hint = match failure {
        transfer::Error::NotEmpty => format!("copy to another place, or {anew} first"),
        transfer::Error::Another => {
            format!("finish that copy from its own source, or {anew} and run this again")
        }
        transfer::Error::Changed(_) => {
            format!("stop what writes to the source, {anew}, and run this again")
        }
        transfer::Error::Differs(_) => format!("{anew}, and run this again"),
        transfer::Error::Source(_) | transfer::Error::Target(_) => {
            "run the same command again when that is mended: it goes on where it was".to_owned()
        }
    };
    Error::new(failure.to_string()).hint(hint)
}

/// A bar for people; for a log, a line when something else begins.
struct Showing {
    bar: ProgressBar,
    writes_lines: bool,
    last: Option<(Step, &'static str)>,
}

impl Showing {
    fn new(as_json: bool) -> Self {
        let is_watched = std::io::stderr().is_terminal() && !as_json;
        let bar = match is_watched {
            true => ProgressBar::no_length().with_style(style()),
            false => ProgressBar::hidden(),
        };
        Self { bar, writes_lines: !is_watched, last: None }
    }

    fn show(&mut self, progress: Progress) {
        let Progress { step, tenant, table, rows, total } = progress;
        let what = match (step, tenant) {
            (Step::Copying, Some(tenant)) => format!("copying {table} of tenant {tenant}"),
            (Step::Copying, None) => format!("copying {table}"),
            (Step::Completing, _) => "making indexes".to_owned(),
            (Step::Comparing, _) => format!("comparing {table}"),
        };
        self.bar.set_length(total);
        self.bar.set_position(rows);
        self.bar.set_message(what.clone());
        if self.writes_lines && self.last.replace((step, table)) != Some((step, table)) {
            write_error(&format!("{what}, {rows} rows of {total}"));
        }
    }
}

fn style() -> ProgressStyle {
    let style = ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} rows, {eta} left, {msg}");
    style.unwrap_or_else(|_| ProgressStyle::default_bar())
}
