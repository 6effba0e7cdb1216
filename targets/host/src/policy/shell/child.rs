//! One command as a process: what it prints is read, and it is killed with all that it started when its time is up or
//! nobody waits for it any more.

use std::io::{PipeReader, pipe};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use close_fds::set_fds_cloexec_threadsafe;
use futures_channel::oneshot;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use crate::CallError;

/// Bytes of standard error, and of bubblewrap's report, that are kept.
const KEPT: usize = 4 << 10;
/// How long what a dead command printed may take to arrive: it does so at once, unless somebody outside of a sandbox
/// lives on and has its output open.
const GRACE: Duration = Duration::from_millis(200);

/// What a command may use up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) timeout: Duration,
    /// Bytes of its output that are kept.
    pub(super) output: usize,
    /// Bytes of address space of each process.
    pub(super) memory: u64,
    /// Processes and threads.
    pub(super) processes: u32,
    /// Bytes of a file that is written.
    pub(super) file: u64,
}

impl Limits {
    /// As options of prlimit. Processes are counted in a sandbox; outside, the user's others would count as well.
    pub(super) fn options(&self, in_sandbox: bool) -> impl Iterator<Item = String> + use<> {
        let seconds = self.timeout.as_secs().saturating_add(1);
        let mut options = vec![
            "--core=0".to_owned(),
            format!("--as={}", self.memory),
            format!("--fsize={}", self.file),
            // Of each process; the time of all is bounded from outside.
            format!("--cpu={seconds}"),
        ];
        if in_sandbox {
            options.push(format!("--nproc={}", self.processes));
        }
        options.into_iter()
    }
}

/// What came of a command.
#[derive(Debug)]
pub(super) struct Output {
    stdout: Kept,
    pub(super) stderr: String,
    /// What bubblewrap reported.
    pub(super) status: String,
    pub(super) timed_out: bool,
    exit: ExitStatus,
    timeout: Duration,
}

impl Output {
    /// What it printed, if it ended well.
    pub(super) fn into_result(self, command: &str) -> Result<String, CallError> {
        if self.timed_out {
            let seconds = self.timeout.as_secs_f64();
            return Err(CallError::failed(format_args!("Command '{command}' took more than {seconds} s")));
        }
        if self.exit.success() {
            return Ok(self.stdout.text());
        }
        // Bubblewrap ends with 128 and the signal, as shells do.
        let how = match (self.exit.code(), self.exit.signal()) {
            (Some(code), _) => format!("exit code {code}"),
            (None, signal) => format!("signal {}", signal.unwrap_or(0)),
        };
        let stderr = self.stderr.trim();
        let colon = if stderr.is_empty() { "" } else { ": " };
        Err(CallError::failed(format_args!("Command '{command}' failed with {how}{colon}{stderr}")))
    }
}

/// Runs a command on a thread of its own; when this future is dropped, it is killed.
pub(super) async fn run(
    command: Command,
    status: Option<OwnedFd>,
    limits: &Limits,
) -> Result<Output, CallError> {
    let (gone, here) = pipe().map_err(CallError::failed)?;
    let (sender, receiver) = oneshot::channel();
    let limits = *limits;
    let work = move || {
        // Nobody is left to tell if nobody waits.
        let _ = sender.send(watch(command, status, gone, limits));
    };
    // Bubblewrap lives as long as the thread that started it.
    thread::Builder::new().name("mog-shell".to_owned()).spawn(work).map_err(CallError::failed)?;
    let result = receiver.await;
    drop(here);
    result.unwrap_or_else(|_| Err(CallError::failed("the command's thread ended")))
}

/// Starts a command and sees it to its end.
fn watch(
    mut command: Command,
    status: Option<OwnedFd>,
    gone: PipeReader,
    limits: Limits,
) -> Result<Output, CallError> {
    let start = Instant::now();
    // What somebody handed down to the host is not for the command: a folder that is open is a way out of any sandbox.
    set_fds_cloexec_threadsafe(3, &[]);
    let mut child = command.process_group(0).spawn().map_err(CallError::failed)?;
    // The other ends of its pipes, which would keep them open.
    drop(command);
    let mut streams = [
        Stream::new(child.stdout.take().map(OwnedFd::from), limits.output),
        Stream::new(child.stderr.take().map(OwnedFd::from), KEPT),
        Stream::new(status, KEPT),
    ];
    let deadline = start.checked_add(limits.timeout);
    let ended = wait(&child, &mut streams, &gone, deadline);
    // With whatever it left behind.
    end(&mut child);
    let exit = child.wait().map_err(CallError::failed)?;
    let ended = ended?;
    if ended == Ended::Itself {
        drain(&mut streams)?;
    }
    let [stdout, stderr, status] = streams.map(|stream| stream.kept);
    Ok(Output {
        stdout,
        stderr: stderr.text(),
        status: status.text(),
        timed_out: ended == Ended::Late,
        exit,
        timeout: limits.timeout,
    })
}

/// How a wait for a command came to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ended {
    /// It has ended.
    Itself,
    /// Its time is up, or nobody waits for it.
    Late,
}

/// Kills a command's process group. A sandbox ends with bubblewrap, and everything in it.
fn end(child: &mut Child) {
    // It was not waited for, so that its number is its own.
    if let Ok(Some(pid)) = i32::try_from(child.id()).map(Pid::from_raw) {
        let _ = kill_process_group(pid, Signal::KILL);
    }
    let _ = child.kill();
}

/// Reads what a command prints until it ends. It is not reaped here.
fn wait(
    child: &Child,
    streams: &mut [Stream],
    gone: &PipeReader,
    deadline: Option<Instant>,
) -> Result<Ended, CallError> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| CallError::failed("a process without a number"))?;
    let process = pidfd_open(pid, PidfdFlags::empty()).map_err(CallError::failed)?;
    loop {
        let ready = ready(&[process.as_fd(), gone.as_fd()], streams, deadline)?;
        match ready.as_slice() {
            [_, true] | [] => return Ok(Ended::Late),
            [true, ..] => return Ok(Ended::Itself),
            _ => {}
        }
    }
}

/// What a command that has ended left in its pipes.
fn drain(streams: &mut [Stream]) -> Result<(), CallError> {
    let deadline = Instant::now().checked_add(GRACE);
    let late = || deadline.is_none_or(|time| Instant::now() >= time);
    while streams.iter().any(|stream| stream.pipe.is_some()) && !late() {
        ready(&[], streams, deadline)?;
    }
    Ok(())
}

/// Waits until something can be read, and reads that. Gives which of the others are ready, nothing if time is up.
fn ready(
    others: &[std::os::fd::BorrowedFd<'_>],
    streams: &mut [Stream],
    deadline: Option<Instant>,
) -> Result<Vec<bool>, CallError> {
    let left = deadline.map(|time| time.saturating_duration_since(Instant::now()));
    if left == Some(Duration::ZERO) {
        return Ok(Vec::new());
    }
    let timeout = left.and_then(|left| Timespec::try_from(left).ok());
    let open: Vec<&OwnedFd> = streams.iter().filter_map(|stream| stream.pipe.as_ref()).collect();
    let fds = others.iter().copied().chain(open.iter().map(|pipe| pipe.as_fd()));
    let mut polled: Vec<PollFd<'_>> = fds.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
    match poll(&mut polled, timeout.as_ref()) {
        Ok(0) | Err(Errno::INTR) => {}
        Ok(_) => {}
        Err(error) => return Err(CallError::failed(error)),
    }
    let mut ready = polled.iter().map(|fd| !fd.revents().is_empty());
    let first: Vec<bool> = ready.by_ref().take(others.len()).collect();
    let readable: Vec<bool> = ready.collect();
    drop(polled);
    let open = streams.iter_mut().filter(|stream| stream.pipe.is_some());
    for (stream, _) in open.zip(readable).filter(|(_, readable)| *readable) {
        stream.read();
    }
    Ok(first)
}

/// A pipe that a command writes to, and what is kept of that.
#[derive(Debug)]
struct Stream {
    pipe: Option<OwnedFd>,
    kept: Kept,
}

impl Stream {
    fn new(pipe: Option<OwnedFd>, limit: usize) -> Self {
        Self { pipe, kept: Kept { bytes: Vec::new(), limit, cut: false } }
    }

    /// Reads what is there.
    fn read(&mut self) {
        let mut chunk = [0; 16 << 10];
        let Some(pipe) = &self.pipe else { return };
        match rustix::io::read(pipe, &mut chunk) {
            Ok(0) => self.pipe = None,
            Ok(count) => self.kept.add(chunk.get(..count).unwrap_or_default()),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(_) => self.pipe = None,
        }
    }
}

/// The beginning of what was printed.
#[derive(Debug)]
struct Kept {
    bytes: Vec<u8>,
    limit: usize,
    cut: bool,
}

impl Kept {
    fn add(&mut self, chunk: &[u8]) {
        let room = self.limit.saturating_sub(self.bytes.len());
        self.cut |= chunk.len() > room;
        self.bytes.extend(chunk.iter().take(room));
    }

    /// As text of no more bytes than the limit: what is no UTF-8 is replaced, and no character is cut in two.
    fn text(self) -> String {
        let bytes = match self.bytes.utf8_chunks().last() {
            // A character that the limit cut in two.
            Some(last) if self.cut && last.invalid().len() < 4 => {
                self.bytes.get(..self.bytes.len() - last.invalid().len()).unwrap_or_default()
            }
            _ => &self.bytes,
        };
        let mut text = String::from_utf8_lossy(bytes).into_owned();
        text.truncate(text.floor_char_boundary(self.limit));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_is_cut() {
        let text = |bytes: &[u8], limit| {
            let mut kept = Kept { bytes: Vec::new(), limit, cut: false };
            bytes.chunks(3).for_each(|chunk| kept.add(chunk));
            kept.text()
        };
        let all = "a\u{e9}\u{20ac}\u{1f600}z";
        for limit in 0..20 {
            let kept = text(all.as_bytes(), limit);
            assert!(kept.len() <= limit && all.starts_with(&kept), "{limit}: {kept:?}");
        }
        assert_eq!(text(all.as_bytes(), 20), all);
        // Each of these is replaced by three bytes.
        assert_eq!(text(&[0xff; 9], 8), "\u{fffd}\u{fffd}");
        assert_eq!(text(b"ab\xc3", 5), "ab\u{fffd}");
    }
}
