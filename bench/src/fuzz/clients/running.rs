//! A primary's process, as its clients have it.

use std::io::{BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::PATIENCE;
use super::process::Start;
use super::wire::{self, Kind};

/// How long a message is waited for before the clock is looked at.
const LOOK: Duration = Duration::from_millis(1);

/// A message.
type Message = (Kind, Vec<u64>);

/// A running process. It is killed when this is dropped.
pub(super) struct Running {
    child: Child,
    input: Option<ChildStdin>,
    /// From a thread that reads all the while, so that the process never waits for the pipe.
    messages: Receiver<Result<Message, String>>,
    last_heard: Instant,
}

impl Running {
    pub(super) fn start(program: &Path, folder: &Path, how: Start) -> Result<Self, String> {
        let mut command = Command::new(program);
        command.arg("clients-child").arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        for (flag, is_set) in [("--batch", how.batch), ("--executed", how.executed)] {
            command.args(is_set.then_some(flag));
        }
        if let Some(sequence) = how.after_sequence {
            let [sequence, ordinal] = [sequence.to_string(), how.after_ordinal.to_string()];
            command.args(["--after-sequence", &sequence, "--after-ordinal", &ordinal]);
        }
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let (said, messages) = channel();
        let running = Self { child, input, messages, last_heard: Instant::now() };
        let mut from = BufReader::new(output.ok_or("no pipe")?);
        thread::spawn(move || {
            while let Some(message) = wire::read(&mut from).map_err(|error| error.to_string()).transpose() {
                let is_error = message.is_err();
                if said.send(message).is_err() || is_error {
                    break;
                }
            }
        });
        Ok(running)
    }

    /// The next message; none for a while.
    pub(super) fn heard(&mut self) -> Result<Option<Message>, String> {
        match self.messages.recv_timeout(LOOK) {
            Ok(message) => {
                self.last_heard = Instant::now();
                message.map(Some)
            }
            Err(RecvTimeoutError::Timeout) if self.last_heard.elapsed() < PATIENCE => Ok(None),
            Err(RecvTimeoutError::Timeout) => Err(format!("the primary's process has said nothing for {PATIENCE:?}")),
            Err(RecvTimeoutError::Disconnected) => Err(self.ended_by_itself()),
        }
    }

    /// Sends messages.
    pub(super) fn say(&mut self, messages: &[u8]) -> Result<(), String> {
        let sent = self.input.as_mut().map_or(Ok(()), |input| input.write_all(messages));
        sent.map_err(|_| self.ended_by_itself())
    }

    /// Kills it, and returns what it had said.
    pub(super) fn kill(mut self) -> Result<Vec<Message>, String> {
        self.child.kill().and_then(|()| self.child.wait()).map_err(|error| error.to_string())?;
        self.rest()
    }

    /// Closes the pipe to it, which ends it, and returns what it says until then.
    pub(super) fn leave(mut self) -> Result<Vec<Message>, String> {
        self.input = None;
        let rest = self.rest()?;
        let status = self.child.wait().map_err(|error| error.to_string())?;
        if status.success() { Ok(rest) } else { Err(format!("the primary did not stop in order: {status}")) }
    }

    fn rest(&mut self) -> Result<Vec<Message>, String> {
        let mut rest = Vec::new();
        loop {
            match self.messages.recv_timeout(PATIENCE) {
                Ok(message) => rest.push(message?),
                Err(RecvTimeoutError::Disconnected) => return Ok(rest),
                Err(RecvTimeoutError::Timeout) => return Err(format!("the primary does not stop for {PATIENCE:?}")),
            }
        }
    }

    fn ended_by_itself(&mut self) -> String {
        self.child
            .wait()
            .map_or_else(|error| error.to_string(), |status| format!("the primary's process ended: {status}"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may be gone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
