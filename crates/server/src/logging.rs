//! The log: structured lines to standard error, written by a thread of their own.

use std::io::{BufWriter, IsTerminal, stderr};
use std::panic::PanicHookInfo;

use anstream::{AutoStream, ColorChoice};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{self, Log, LogFormat, LoggedRequests};
use crate::error::Error;
use crate::http::RequestLog;
use crate::visible::{Entries, Form};

/// Lines that may wait to be written; further ones are dropped, for no request ever waits for a log.
const WAITING: usize = 16_384;

/// The log of a server. Lines are written until it is dropped.
pub(crate) struct Logging {
    _guard: WorkerGuard,
    /// None where requests are not to be logged.
    pub requests: Option<RequestLog>,
}

/// Starts the log of a server.
pub(crate) fn start(settings: &Log) -> Result<Logging, Error> {
    let targets = targets(&settings.level)?;
    // The worker flushes whenever no line waits, so that under load many lines share one write.
    let (writer, guard) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(WAITING)
        .thread_name("log")
        .finish(BufWriter::with_capacity(64 * 1024, stderr()));
    let as_text = match settings.format {
        LogFormat::Json => false,
        LogFormat::Text => true,
        LogFormat::Auto => stderr().is_terminal(),
    };
    let logs_requests =
        settings.requests != LoggedRequests::None && targets.would_enable("personae", &tracing::Level::INFO);
    let only_failed = settings.requests == LoggedRequests::Failed;
    let requests =
        logs_requests.then(|| RequestLog { writer: writer.clone(), as_json: !as_text, only_failed });
    let form = if as_text { Form::Text } else { Form::Json };
    let layer = tracing_subscriber::fmt::layer().with_writer(move || Entries { inner: writer.clone(), form });
    let layer = match as_text {
        true => layer.with_ansi(has_colours()).with_target(false).boxed(),
        false => layer.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed(),
    };
    tracing_subscriber::registry().with(layer.with_filter(targets)).init();
    std::panic::set_hook(Box::new(log_panic));
    config::warn_of_misspellings();
    Ok(Logging { _guard: guard, requests })
}

/// The log of a command that ends by itself: what went wrong, to be read by a person.
pub(crate) fn start_for_command() {
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(|| Entries { inner: stderr(), form: Form::Text })
        .with_target(false)
        .without_time()
        // Where standard error cannot be written to, saying so there would end the command.
        .log_internal_errors(false)
        .with_ansi(has_colours());
    let targets = Targets::new().with_default(tracing::Level::WARN);
    tracing_subscriber::registry().with(layer.with_filter(targets)).init();
    config::warn_of_misspellings();
}

/// True where standard error is a terminal that shows colours, and the environment does not ask for none (NO_COLOR).
fn has_colours() -> bool {
    AutoStream::choice(&stderr()) != ColorChoice::Never
}

fn targets(level: &str) -> Result<Targets, Error> {
    // On its own, any word would be taken for the name of a part of the program, and everything else be silent.
    let plain = level.split(',').filter(|part| !part.contains('='));
    let words = plain.map(str::trim).all(|word| !word.is_empty() && word.parse::<LevelFilter>().is_ok());
    level.parse().ok().filter(|_| words).ok_or_else(|| {
        Error::new(format!("log.level is {level:?}, which is not a level"))
            .hint("use error, warn, info, debug or trace; for one part alone: warn,personae=debug")
    })
}

/// Says where. Of the message only what stands in the source, since values put into it may be anybody's data.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let message = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("(with values)");
    tracing::error!(place, message, "a bug: the program panicked");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_words_or_parts_with_words() {
        for good in ["info", "warn,personae=debug", "ERROR"] {
            assert!(targets(good).is_ok(), "{good}");
        }
        for bad in ["personae=loud", "loud", ""] {
            let failure = targets(bad).unwrap_err();
            assert!(failure.to_string().contains("is not a level"), "{failure}");
        }
    }
}
