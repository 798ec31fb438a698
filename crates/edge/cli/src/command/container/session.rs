//! A session in the foreground: streams, terminal, signals.
//!
//! ```text
//! run:  create ─► attach ─► wait (its answer has begun) ─► start ─► streams … ─► exit status
//!                 the output is joined and the exit awaited before anything can happen
//! ```

use super::each::path;
use crate::exit::Exit;
use crate::stream::attach::{Attachment, End};
use crate::stream::signals::Signals;
use crate::stream::terminal::{self, Raw};
use api::container::{WaitCondition, WaitResponse};
use client::{Body, Client, Query, Request};
use std::future::Future;

/// Refuses a terminal for a container when the input is none.
pub fn check_tty(attach_stdin: bool, tty: bool) -> Result<(), Exit> {
    if tty && attach_stdin && !terminal::stdin_is_terminal() {
        return Err(Exit::failure("the input device is not a TTY"));
    }
    Ok(())
}

/// What has a terminal that can be resized.
#[derive(Clone, Debug)]
pub enum Target {
    /// A container.
    Container(String),
    /// An exec.
    Exec(String),
}

impl Target {
    fn resize_path(&self) -> String {
        match self {
            Target::Container(id) => path(id, "/resize"),
            Target::Exec(id) => format!("/exec/{}/resize", Query::segment(id)),
        }
    }

    /// Tells the terminal's size. That it fails is no reason to stop: the process may have ended.
    pub async fn resize(&self, client: &Client) {
        self.resize_by(client, 0).await;
    }

    /// Tells another size first: a program that is joined again draws anew only when its terminal changes.
    pub async fn redraw(&self, client: &Client) {
        self.resize_by(client, 1).await;
        self.resize_by(client, 0).await;
    }

    async fn resize_by(&self, client: &Client, more: u32) {
        let Some((rows, columns)) = terminal::size() else { return };
        let (rows, columns) = (u32::from(rows) + more, u32::from(columns) + more);
        let query = Query::new().set("h", rows.to_string()).set("w", columns.to_string());
        let _ = client.send_quietly(Request::post(self.resize_path()).query(query)).await;
    }
}

/// How a session goes on beside its streams.
pub struct Session<'a> {
    /// The daemon.
    pub client: &'a Client,
    /// What it belongs to.
    pub target: Target,
    /// It has a terminal.
    pub tty: bool,
    /// Input is sent, so that the terminal must be raw.
    pub input: bool,
    /// Signals to pass on; none for an exec.
    pub signals: Signals,
    /// The program has drawn already, and must draw again.
    pub redraw: bool,
}

impl Session<'_> {
    /// Joins the streams, then waits for `outcome`; signals and sizes are passed on all the while. `None` when the
    /// user left.
    pub async fn run<T>(
        mut self,
        attachment: Attachment,
        outcome: impl Future<Output = Result<T, Exit>>,
    ) -> Result<Option<T>, Exit> {
        let raw = if self.tty && self.input { Raw::enter() } else { None };
        // A terminal in raw mode must be restored before the process ends.
        let mut ending = if raw.is_some() { Signals::ending() } else { Signals::none() };
        let mut resized = if self.tty && terminal::stdout_is_terminal() { Signals::resized() } else { Signals::none() };
        if self.tty && terminal::stdout_is_terminal() {
            match self.redraw {
                true => self.target.redraw(self.client).await,
                false => self.target.resize(self.client).await,
            }
        }
        let main = async {
            match attachment.run().await? {
                End::Detached => Ok(None),
                End::Closed => outcome.await.map(Some),
            }
        };
        tokio::pin!(main);
        loop {
            tokio::select! {
                result = &mut main => return result,
                (number, _) = ending.next() => return Err(Exit::code(128 + number)),
                _ = resized.next() => self.target.resize(self.client).await,
                (_, name) = self.signals.next() => forward(self.client, &self.target, name).await,
            }
        }
    }
}

/// Passes a signal on. A container that has ended needs none.
async fn forward(client: &Client, target: &Target, name: &str) {
    if let Target::Container(id) = target {
        let query = Query::new().set("signal", name);
        let _ = client.send_quietly(Request::post(path(id, "/kill")).query(query)).await;
    }
}

/// Begins to wait for a container's end: when this returns, the daemon waits, and no end can be missed.
pub async fn begin_wait(client: &Client, id: &str, condition: WaitCondition) -> Result<Body, Exit> {
    let query = Query::new().set("condition", condition.as_str());
    Ok(client.send(Request::post(path(id, "/wait")).query(query)).await?)
}

/// The exit code that a wait came to; 125 when waiting failed.
pub async fn finish_wait(body: Body) -> Result<i64, Exit> {
    let failed = |why: String| Exit { code: 125, message: format!("error waiting for container: {why}") };
    let answer: WaitResponse = body.json().await.map_err(|error| failed(error.to_string()))?;
    match answer.error.filter(|error| !error.message.is_empty()) {
        Some(error) => Err(failed(error.message)),
        None => Ok(answer.status_code),
    }
}

/// A container's exit code as this process's.
pub fn status(code: i64) -> Result<(), Exit> {
    if code == 0 { Ok(()) } else { Err(Exit::code(code as i32)) }
}
