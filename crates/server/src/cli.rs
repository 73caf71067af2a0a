//! The command line: a noun, then a verb.

use std::ffi::OsString;
use std::io::{Write, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};
use clap::{Parser, Subcommand};

use crate::commands::values::parse_text;
use crate::commands::{
    backup, check, credential, custom_field, demo, department, event, group, invitation, key, label,
    organization, outbox, person, role, serve, session, store, team, template,
};
use crate::config::{CONFIG_VARIABLE, Flags};
use crate::context::{Context, Purpose};
use crate::error::Error;
use crate::logging;
use crate::output::{Shown, unless_gone, write_error};
use crate::visible;

const EXAMPLES: &str = "\
Examples:
  personae demo                                  try it: a seeded server and four calls to paste
  personae organization add Aurora               begin a store: the root organization of a tenant
  personae credential add --dialect replay --organization Aurora
  personae serve --listen 127.0.0.1:8080 --store sqlite:personae.db
  personae person show ada@aurora.example        by any id, e-mail or external id of any API
  personae event list --person ada@aurora.example --limit 5

Every command takes --store, --config and --json, and works beside a running server.";

/// One directory of people, served through the user APIs of Relesys, Replay, Kare and Laurel
#[derive(Debug, Parser)]
#[command(name = "personae", version, after_help = EXAMPLES, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    noun: Noun,
}

#[derive(Debug, clap::Args)]
struct Common {
    /// The store to work on, sqlite:PATH or postgres://USER@HOST/DATABASE [environment: PERSONAE_STORE; otherwise sqlite:personae.db]
    #[arg(long, global = true, value_name = "STORE", value_parser = parse_text)]
    store: Option<String>,
    /// A file of settings, over the built-in ones; `personae help serve` shows them all
    #[arg(long, global = true, value_name = "FILE", env = CONFIG_VARIABLE)]
    config: Option<PathBuf>,
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Noun {
    /// Serve the APIs over a store
    Serve(serve::Serve),
    /// Serve a seeded store to try things on, and print calls to paste
    Demo(demo::Demo),
    /// Organizations: the customers, companies and organizations of the four APIs
    #[command(subcommand)]
    Organization(organization::Verb),
    /// Credentials: clients, keys and passwords
    #[command(subcommand)]
    Credential(credential::Verb),
    /// Sessions of people who signed in (Kare)
    #[command(subcommand)]
    Session(session::Verb),
    /// Keys that tokens are signed with
    #[command(subcommand)]
    Key(key::Verb),
    /// People
    #[command(subcommand)]
    Person(person::Verb),
    /// Invitations: who was invited, and accepting without a browser (Replay)
    #[command(subcommand)]
    Invitation(invitation::Verb),
    /// Departments of a tenant (Relesys)
    #[command(subcommand)]
    Department(department::Verb),
    /// Groups of a tenant (Relesys and Laurel user groups)
    #[command(subcommand)]
    Group(group::Verb),
    /// Custom fields of a tenant (Relesys)
    #[command(subcommand)]
    CustomField(custom_field::Verb),
    /// Labels of an organization (Kare); people's professions are labels
    #[command(subcommand)]
    Label(label::Verb),
    /// Teams of an organization (Replay)
    #[command(subcommand)]
    Team(team::Verb),
    /// Roles of a tenant (Laurel)
    #[command(subcommand)]
    Role(role::Verb),
    /// Templates of a tenant: the texts of messages, in the words of each culture (Relesys)
    #[command(subcommand)]
    Template(template::Verb),
    /// The outbox: messages to people, which wait until something sends them; Personae itself sends nothing
    #[command(subcommand)]
    Outbox(outbox::Verb),
    /// Events: every change, by whom, and what it changed
    #[command(subcommand)]
    Event(event::Verb),
    /// Copy the whole store to a file, while others go on writing
    Backup(backup::Backup),
    /// A store as a whole
    #[command(subcommand)]
    Store(store::Verb),
    /// Check the integrity of the store; exits with 1 when something is wrong
    Check(check::Check),
}

/// Runs the command and says how it ended.
pub(crate) fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(print_instead(error, &arguments)),
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            write_error(&format!("error: the runtime cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(cli.run()) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            write_error(&failure.to_string());
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Prints the help or version that was asked for, or what is wrong with the arguments, and returns the exit code.
fn print_instead(mut error: clap::Error, arguments: &[OsString]) -> u8 {
    let is_safe =
        |argument: &OsString| visible::line(&argument.to_string_lossy()) == argument.to_string_lossy();
    if !arguments.iter().all(is_safe) {
        escape(&mut error);
    }
    if let Err(failure) = unless_gone(error.print().and_then(|()| stdout().flush())) {
        write_error(&failure.to_string());
        return failure.exit_code();
    }
    u8::try_from(error.exit_code()).unwrap_or(2)
}

/// Makes arguments that an error repeats safe for a terminal.
fn escape(error: &mut clap::Error) {
    let context: Vec<_> = error.context().map(|(kind, value)| (kind, value.clone())).collect();
    for (kind, value) in context {
        let value = match (kind, value) {
            // A tip repeats the argument within text that has escapes of its own, so it cannot be told from them.
            (ContextKind::Suggested, _) => ContextValue::None,
            (_, ContextValue::String(text)) => ContextValue::String(visible::line(&text).into_owned()),
            (_, ContextValue::Strings(texts)) => {
                ContextValue::Strings(texts.iter().map(|text| visible::line(text).into_owned()).collect())
            }
            (_, value) => value,
        };
        error.insert(kind, value);
    }
}

impl Cli {
    async fn run(self) -> Result<u8, Error> {
        let Common { store, config, json } = self.common;
        let flags = Flags { config, store, ..Flags::default() };
        let noun = match self.noun {
            Noun::Serve(serve) => return serve.run(flags, json).await.map(|()| 0),
            Noun::Demo(demo) => return demo.run(flags, json).await.map(|()| 0),
            noun => noun,
        };
        logging::start_for_command();
        let noun = match noun {
            Noun::Backup(backup) => return backup.run(&flags).await?.print(json),
            Noun::Key(verb) => return verb.run(&flags).await?.print(json),
            Noun::Store(verb) => return verb.run(&flags, json).await?.print(json),
            noun => noun,
        };
        let context = Context::open(&flags, noun.purpose()).await?;
        if let Noun::Event(verb) = noun {
            return verb.run(&context, json).await.map(|()| 0);
        }
        let shown = noun.run(&context).await?;
        shown.print_or_withdraw(json, &context).await
    }
}

impl Noun {
    fn purpose(&self) -> Purpose {
        match self {
            Self::Organization(organization::Verb::Add(_)) => Purpose::Make,
            Self::Check(_)
            | Self::Organization(organization::Verb::List(_) | organization::Verb::Show { .. })
            | Self::Credential(credential::Verb::List(_))
            | Self::Person(person::Verb::Show(_) | person::Verb::List(_))
            | Self::Template(template::Verb::List(_))
            | Self::Outbox(outbox::Verb::List(_) | outbox::Verb::Show { .. })
            | Self::Event(event::Verb::List(_)) => Purpose::Read,
            Self::Invitation(verb) if verb.reads() => Purpose::Read,
            Self::Department(verb) if verb.reads() => Purpose::Read,
            Self::Group(verb) if verb.reads() => Purpose::Read,
            Self::CustomField(verb) if verb.reads() => Purpose::Read,
            Self::Label(verb) if verb.reads() => Purpose::Read,
            Self::Team(verb) if verb.reads() => Purpose::Read,
            Self::Role(verb) if verb.reads() => Purpose::Read,
            _ => Purpose::Change,
        }
    }

    async fn run(self, context: &Context) -> Result<Shown, Error> {
        match self {
            // These open their store or print themselves, and are gone before this is called.
            Self::Serve(_)
            | Self::Demo(_)
            | Self::Backup(_)
            | Self::Key(_)
            | Self::Store(_)
            | Self::Event(_) => Err(Error::usage("this command runs by itself")),
            Self::Organization(verb) => verb.run(context).await,
            Self::Credential(verb) => verb.run(context).await,
            Self::Session(verb) => verb.run(context).await,
            Self::Person(verb) => verb.run(context).await,
            Self::Invitation(verb) => verb.run(context).await,
            Self::Department(verb) => verb.run(context).await,
            Self::Group(verb) => verb.run(context).await,
            Self::CustomField(verb) => verb.run(context).await,
            Self::Label(verb) => verb.run(context).await,
            Self::Team(verb) => verb.run(context).await,
            Self::Role(verb) => verb.run(context).await,
            Self::Template(verb) => verb.run(context).await,
            Self::Outbox(verb) => verb.run(context).await,
            Self::Check(check) => check.run(context).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use clap::error::ErrorKind;

    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_noun_and_a_verb_with_options_in_any_place() {
        for line in [
            "personae --json check",
            "personae check --json --store sqlite:a.db",
            "personae organization add Aurora --parent 018f0000-0000-7000-8000-000000000000",
            "personae organization list --json",
            "personae organization show Aurora --tenant 1",
            "personae organization change Aurora --name Borealis --json",
            "personae credential add --dialect relesys --scope relesys.api:read --rate-limit none --organization A",
            "personae credential add --dialect kare --person ada@a.example --password-stdin",
            "personae credential revoke 018f0000-0000-7000-8000-000000000000",
            "personae credential rotate 018f0000-0000-7000-8000-000000000000",
            "personae credential rotate abc --end-old --json",
            "personae session list --person ada --organization A --limit 5",
            "personae session revoke 018f0000-0000-7000-8000-000000000000",
            "personae session revoke --person ada --tenant 1 --json",
            "personae credential limit 018f0000-0000-7000-8000-000000000000 --rate-limit default",
            "personae credential limit abc --requests-per-minute 250 --json",
            "personae key list --json",
            "personae key rotate --algorithm rs256 --now",
            "personae key rotate --now --lost-key",
            "personae person add --given-name Ada --email ada@a.example --invite",
            "personae person disable ada --by login-blocked",
            "personae person delete relesys:NUA --tenant 1",
            "personae department add Engines",
            "personae department change Engines --clear parent --manager ada --tenant 1",
            "personae group list",
            "personae group delete Drivers --json",
            "personae custom-field add skills --kind multi-select",
            "personae label add Nurse --color #00AA88 --organization A",
            "personae team add North --organization A --type lead-gen --use-turn-connection",
            "personae role add billing-clerk --permission BillingRead",
            "personae event list --person ada --via laurel --action changed --since 2026-01-01 --limit 5",
            "personae event list --actor ada --credential lms --until 2026-01-01 --after 0 --before 9",
            "personae credential list --dialect kare --organization Aurora",
            "personae backup copy.db",
            "personae store distribute --store postgres://ada@db1,db2/people",
            "personae store distribute --print --json",
            "personae store copy --from sqlite:a.db --to postgres://ada@db/people --json",
            "personae serve --listen 127.0.0.1:0 --store sqlite:a.db --config a.toml --json",
            "personae demo --listen 127.0.0.1:0 --data dir --people 1000 --json",
        ] {
            assert!(parse(line).is_ok(), "{line}: {}", parse(line).unwrap_err());
        }
    }

    /// Every command that has none below it.
    fn leaves(command: &clap::Command) -> Vec<clap::Command> {
        match command.has_subcommands() {
            true => command.get_subcommands().flat_map(leaves).collect(),
            false => vec![command.clone()],
        }
    }

    #[test]
    fn no_option_takes_an_empty_value() {
        let mut command = Cli::command();
        command.build();
        for leaf in leaves(&command).into_iter().filter(|leaf| leaf.get_name() != "help") {
            for argument in leaf.get_arguments().filter(|argument| argument.get_action().takes_values()) {
                let line = match argument.get_long() {
                    Some(name) => format!("--{name}="),
                    None => String::new(),
                };
                let alone = leaf.clone().no_binary_name(true).mut_args(|argument| argument.required(false));
                let name = format!("{} {argument}", leaf.get_name());
                let error = alone.try_get_matches_from([line]).expect_err(&name);
                let is_refused = matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation);
                assert!(is_refused, "{name}: {error}");
            }
        }
    }

    #[test]
    fn a_line_that_makes_no_sense_is_a_usage_error() {
        for line in [
            "personae",
            "personae person",
            "personae person show",
            "personae person vanish ada",
            "personae credential add",
            "personae credential add --dialect scim",
            "personae credential add --dialect relesys --rate-limit 0",
            "personae credential add --dialect relesys --rate-limit some",
            "personae session revoke",
            "personae session revoke ada",
            "personae session revoke 018f0000-0000-7000-8000-000000000000 --person ada",
            "personae credential limit abc",
            "personae credential limit abc --rate-limit 0",
            "personae key",
            "personae key rotate --algorithm ES256",
            "personae key rotate --lost-key",
            "personae key rotate --now --lost-key --algorithm HS256",
            "personae custom-field add skills --kind poem",
            "personae custom-field change skills --kind text",
            "personae role change clerk --no-permission --permission A",
            "personae person disable ada --by nobody",
            "personae event list --since tomorrow",
            "personae event list --limit 0",
            "personae event list --after ada",
            "personae demo --people 1",
            "personae check --loud",
            "personae store",
            "personae store copy --from sqlite:a.db",
            "personae store copy sqlite:a.db sqlite:b.db",
            "personae serve --wait-for-store soon",
        ] {
            let error = parse(line).expect_err(line);
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }
}
