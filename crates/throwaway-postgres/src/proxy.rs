//! Stands between clients and a cluster, and breaks their connections at a chosen byte.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::Cluster;
use super::cluster::{USER, at_port, socket};

/// A socket that leads to the primary which a cluster had when this was made. Dropping it breaks every connection.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    path: PathBuf,
    lines: Arc<Mutex<Lines>>,
}

/// The connections through the proxy.
#[derive(Debug, Default)]
struct Lines {
    open: BTreeMap<u64, Line>,
    /// The number of the next one.
    next: u64,
    /// So many bytes of the clients pass before all connections are cut.
    budget: Option<u64>,
    /// So many bytes of the server.
    budget_of_answers: Option<u64>,
    /// How many connections were cut.
    cut: usize,
    closed: bool,
}

/// One connection, which has two ends here.
#[derive(Debug)]
struct Line {
    client: UnixStream,
    server: UnixStream,
}

impl Proxy {
    /// # Panics
    /// When its socket cannot be made.
    #[track_caller]
    pub fn before(cluster: &Cluster) -> Proxy {
        // Each has a port, which for a socket is no more than a name.
        static NEXT: AtomicU16 = AtomicU16::new(6000);
        let port = NEXT.fetch_add(1, Ordering::Relaxed);
        let (folder, server) = cluster.sockets();
        let path = folder.join(socket(port));
        let listener = UnixListener::bind(&path).expect("a socket can be made beside the cluster's");
        let lines = Arc::<Mutex<Lines>>::default();
        let accepted = Arc::clone(&lines);
        thread::spawn(move || accept(&listener, &server, &accepted));
        Proxy { url: at_port(&[folder], port, USER, USER), path, lines }
    }

    /// As [`Cluster::url`], through here.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Breaks every connection now. New ones are let through.
    pub fn cut(&self) {
        lock(&self.lines).cut_all();
    }

    /// Breaks every connection when the clients have sent so many bytes more, all of them together: in the middle of a
    /// message, wherever that is. New connections are let through after it.
    pub fn cut_after(&self, bytes: u64) {
        lock(&self.lines).budget = Some(bytes);
    }

    /// Breaks every connection when the server has sent so many bytes more, over all of them together: what the clients have
    /// asked for may be done, and they do not learn of it.
    pub fn cut_answers_after(&self, bytes: u64) {
        lock(&self.lines).budget_of_answers = Some(bytes);
    }

    /// How many connections were broken so far.
    pub fn cuts(&self) -> usize {
        lock(&self.lines).cut
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let mut lines = lock(&self.lines);
        lines.closed = true;
        lines.cut_all();
        drop(lines);
        // Wakes the thread that accepts, which then finds that it is over.
        UnixStream::connect(&self.path).ok();
        std::fs::remove_file(&self.path).ok();
    }
}

impl Lines {
    fn cut_all(&mut self) {
        self.budget = None;
        self.budget_of_answers = None;
        self.cut += self.open.len();
        for line in std::mem::take(&mut self.open).into_values() {
            line.close();
        }
    }

    /// Of a connection that has ended on one side.
    fn close(&mut self, number: u64) {
        if let Some(line) = self.open.remove(&number) {
            line.close();
        }
    }
}

/// How many of these bytes may pass, and whether that is the end.
fn allow(budget: &mut Option<u64>, length: usize) -> (usize, bool) {
    let Some(budget) = budget else { return (length, false) };
    let allowed = length.min(usize::try_from(*budget).unwrap_or(usize::MAX));
    *budget -= allowed as u64;
    (allowed, *budget == 0)
}

impl Line {
    fn to(server: &Path, client: UnixStream) -> io::Result<Line> {
        Ok(Line { client, server: UnixStream::connect(server)? })
    }

    fn try_clone(&self) -> io::Result<Line> {
        Ok(Line { client: self.client.try_clone()?, server: self.server.try_clone()? })
    }

    fn close(&self) {
        for end in [&self.client, &self.server] {
            // It may be closed already, which is what is wanted.
            end.shutdown(Shutdown::Both).ok();
        }
    }
}

fn accept(listener: &UnixListener, server: &Path, lines: &Arc<Mutex<Lines>>) {
    for client in listener.incoming() {
        let mut held = lock(lines);
        if held.closed {
            return;
        }
        // With the server away, the client sees its connection end at once.
        let Ok(line) = client.and_then(|client| Line::to(server, client)) else { continue };
        let (Ok(upwards), Ok(downwards)) = (line.try_clone(), line.try_clone()) else { continue };
        let number = held.next;
        held.next += 1;
        held.open.insert(number, line);
        drop(held);
        let lines_upwards = Arc::clone(lines);
        thread::spawn(move || {
            pass_on(&upwards, &lines_upwards);
            lock(&lines_upwards).close(number);
        });
        let lines_downwards = Arc::clone(lines);
        thread::spawn(move || {
            pass_back(&downwards, &lines_downwards);
            lock(&lines_downwards).close(number);
        });
    }
}

/// Passes on what a client sends, until it ends or is cut.
fn pass_on(line: &Line, lines: &Mutex<Lines>) {
    let mut chunk = [0; 8 * 1024];
    while let Ok(length @ 1..) = (&line.client).read(&mut chunk) {
        let mut held = lock(lines);
        let is_counted = held.budget.is_some();
        let (allowed, is_over) = allow(&mut held.budget, length);
        // Held while the bytes are passed on, so that what is counted for one client has passed before another's.
        let held = is_counted.then_some(held);
        let passed = (&line.server).write_all(&chunk[..allowed]);
        if let Some(mut held) = held
            && is_over
        {
            held.cut_all();
        }
        if passed.is_err() {
            return;
        }
    }
}

/// Passes back what the server sends.
fn pass_back(line: &Line, lines: &Mutex<Lines>) {
    let mut chunk = [0; 8 * 1024];
    while let Ok(length @ 1..) = (&line.server).read(&mut chunk) {
        let (allowed, is_over) = allow(&mut lock(lines).budget_of_answers, length);
        let passed = (&line.client).write_all(&chunk[..allowed]);
        if is_over {
            lock(lines).cut_all();
        }
        if passed.is_err() {
            return;
        }
    }
}

fn lock(lines: &Mutex<Lines>) -> MutexGuard<'_, Lines> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}
