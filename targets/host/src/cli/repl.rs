//! `mog repl`.

use std::io::{self, BufRead, IsTerminal, StdinLock};

use mog::policy::Policy;
use mog::{CapabilitySet, Error, Interrupt, Runtime, Session};
use rustyline::config::Behavior;
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Config, Editor};

use super::files::{self, CompileOptions};
use super::{ReplArgs, color, exit, fail, run, say};

/// What can be typed.
pub(super) const HELP: &str = "\
An entry is a Mog declaration, statement or expression, and goes on in the next line while a bracket or comment is open.
A name may be declared again: what was declared before keeps the older one. `await` works as in an async fn. An entry that
is rejected or does not end well is forgotten; what it did outside of the program has happened.

  :help    this text
  :list    the entries so far
  :reset   forget all entries
  :quit    end, as Ctrl-D does; Ctrl-C ends an entry that runs, and drops one that is half typed
";

/// What the program is called where its files are kept.
const NAME: &str = "repl";

/// Reads and runs entries until there are no more, and gives the exit code.
pub(crate) fn repl(args: &ReplArgs) -> u8 {
    let (capabilities, policy) = match run::grants(&args.grants, NAME, None) {
        Ok(granted) => granted,
        Err(code) => return code,
    };
    let interrupt = Interrupt::default();
    let session = match session(args, capabilities, &policy, &interrupt) {
        Ok(session) => session,
        Err(code) => return code,
    };
    let mut prompt = Prompt { session, args, interrupt };
    if !io::stdin().is_terminal() {
        return prompt.read_all(&mut Plain(io::stdin().lock()));
    }
    match Terminal::open(&prompt.interrupt) {
        Ok(mut terminal) => {
            say("mog: :help says what can be typed\n");
            // Whoever typed has seen how each entry ended.
            prompt.read_all(&mut terminal);
            0
        }
        Err(message) => fail(exit::FILE, message),
    }
}

/// A session as the options want it. An error was shown.
fn session(
    args: &ReplArgs,
    capabilities: CapabilitySet,
    policy: &Policy,
    interrupt: &Interrupt,
) -> Result<Session, u8> {
    let builder = Runtime::builder()
        .policy(policy)
        .limits(&run::limits(&args.limits, &policy.limits))
        .line_buffered(io::stdout().is_terminal())
        .interrupt(interrupt);
    let compiler = files::compiler(NAME, CompileOptions::default())?;
    Session::new(compiler, builder, capabilities).map_err(|error| run::report(&error, &args.grants))
}

/// What comes of reading a line.
enum Line {
    Text(String),
    /// What is typed so far is not wanted.
    Dropped,
    End,
}

/// Where lines come from.
trait Lines {
    /// The next line; `first` if it begins an entry. An error is its text.
    fn next(&mut self, first: bool) -> Result<Line, String>;
    /// An entry is complete.
    fn remember(&mut self, _entry: &str) {}
}

/// Standard input that is no terminal.
struct Plain(StdinLock<'static>);

impl Lines for Plain {
    fn next(&mut self, _: bool) -> Result<Line, String> {
        let mut line = String::new();
        match self.0.read_line(&mut line) {
            Ok(0) => Ok(Line::End),
            Ok(_) => Ok(Line::Text(line.trim_end_matches(['\r', '\n']).to_owned())),
            Err(error) => Err(format!("standard input: {error}")),
        }
    }
}

/// A terminal with somebody at it.
struct Terminal(Editor<(), MemHistory>);

impl Terminal {
    /// Takes over Ctrl-C, which ends the entry that runs.
    fn open(interrupt: &Interrupt) -> Result<Self, String> {
        let interrupt = interrupt.clone();
        ctrlc::set_handler(move || interrupt.set()).map_err(|error| error.to_string())?;
        // Standard output is the program's.
        let config = Config::builder().behavior(Behavior::PreferTerm).auto_add_history(false).build();
        let editor = Editor::with_history(config, MemHistory::new()).map_err(|error| error.to_string())?;
        Ok(Self(editor))
    }
}

impl Lines for Terminal {
    fn next(&mut self, first: bool) -> Result<Line, String> {
        match self.0.readline(if first { "> " } else { ". " }) {
            Ok(line) => Ok(Line::Text(line)),
            Err(ReadlineError::Interrupted) => Ok(Line::Dropped),
            Err(ReadlineError::Eof) => Ok(Line::End),
            Err(error) => Err(error.to_string()),
        }
    }

    fn remember(&mut self, entry: &str) {
        // A history that is full is no reason to stop.
        let _ = self.0.add_history_entry(entry);
    }
}

/// A session and how it is shown.
struct Prompt<'p> {
    session: Session,
    args: &'p ReplArgs,
    interrupt: Interrupt,
}

impl Prompt<'_> {
    /// Runs entry after entry, and gives the exit code of the last.
    fn read_all(&mut self, lines: &mut impl Lines) -> u8 {
        let (mut entry, mut code) = (String::new(), 0);
        loop {
            match lines.next(entry.is_empty()) {
                Ok(Line::Text(line)) => {
                    entry.push_str(&line);
                    entry.push('\n');
                }
                Ok(Line::Dropped) => entry.clear(),
                Ok(Line::End) if entry.is_empty() => return code,
                // Says what is not closed.
                Ok(Line::End) => return self.enter(&entry),
                Err(message) => return fail(exit::FILE, message),
            }
            if entry.trim().is_empty() {
                entry.clear();
                continue;
            }
            let command = entry.trim().strip_prefix(':');
            if command.is_none() && Session::is_unfinished(&entry) {
                continue;
            }
            lines.remember(entry.trim_end());
            code = match command {
                Some("quit") => return code,
                Some(command) => self.obey(command),
                None => self.enter(&entry),
            };
            entry.clear();
        }
    }

    fn obey(&mut self, command: &str) -> u8 {
        match command {
            "help" => say(HELP),
            "reset" => self.session.reset(),
            "list" => {
                for (number, entry) in (1..).zip(self.session.entries()) {
                    say(&format!("// entry {number}\n{entry}"));
                }
            }
            _ => return fail(exit::USAGE, format_args!("there is no :{command}; :help lists what there is")),
        }
        0
    }

    /// Runs an entry, and shows what is wrong with it.
    fn enter(&mut self, entry: &str) -> u8 {
        self.interrupt.clear();
        match self.session.enter(entry) {
            Ok(warnings) => {
                if !warnings.is_empty() {
                    say(&warnings.render(color()));
                }
                0
            }
            Err(Error::Compile(rejected)) => {
                say(&rejected.report().render(color()));
                exit::REJECTED
            }
            Err(error @ Error::TimedOut { .. }) if self.interrupt.is_set() => {
                fail(error.exit_code(), "interrupted")
            }
            Err(error) => run::report(&error, &self.args.grants),
        }
    }
}
