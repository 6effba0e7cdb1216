//! The command line: what can be asked, and who does it.

mod build;
mod check;
mod depth;
mod files;
mod fmt;
mod grants;
mod inspect;
mod lsp;
mod repl;
mod replay;
mod resume;
mod run;
mod sandbox;
mod sign;
mod spec;
mod watch;

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand, ValueEnum};
use mog::Value;
use mog::policy::{Size, Time};

/// Exit codes that are not those of a program; see `mog::Error::exit_code` for those.
pub(crate) mod exit {
    /// `fmt --check` found a file that is not formatted.
    pub(crate) const NOT_FORMATTED: u8 = 1;
    /// Bad usage.
    pub(crate) const USAGE: u8 = 64;
    /// Source or bytecode rejected.
    pub(crate) const REJECTED: u8 = 65;
    /// A file that cannot be read or written.
    pub(crate) const FILE: u8 = 66;
    /// The sandbox that was asked for cannot be had.
    pub(crate) const NO_SANDBOX: u8 = 77;
    /// A replayed run is not the one that the log tells of.
    pub(crate) const DIVERGED: u8 = 70;
}

/// Runs Mog programs, with nothing but what they are granted.
#[derive(Parser)]
#[command(name = "mog", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Compile a program if it is source, and run it
    Run(Box<RunArgs>),
    /// Run a program again whenever its file, or one beside it, changes. What `pub fn save_state()` of the old version
    /// returns goes to `pub fn load_state(state)` of the new one
    Watch(Box<RunArgs>),
    /// Go on with a program that was saved
    Resume(Box<ResumeArgs>),
    /// Run what is typed, entry by entry: declarations, statements, expressions, whose values are printed. Limits hold for
    /// each entry. Where standard input is no terminal, the exit code is that of the last entry: 0 if it ended well
    #[command(after_help = repl::HELP)]
    Repl(ReplArgs),
    /// Repeat a run from its audit log, without the host's functions; say where it first differs
    Replay(ReplayArgs),
    /// Compile without running, and show every error and warning
    Check(CheckArgs),
    /// Compile to bytecode
    Build(BuildArgs),
    /// Show what a compiled program wants and offers
    Inspect(InspectArgs),
    /// Bring sources into their canonical form
    Fmt(FmtArgs),
    /// Make a pair of keys to sign programs with
    Keygen(KeygenArgs),
    /// Sign a program, with what it may use
    Sign(SignArgs),
    /// Say whether a trusted key signed a program, and what
    Verify(VerifyArgs),
    /// Print the language reference, ready for a prompt
    Spec(SpecArgs),
    /// Serve an editor: errors, fixes, types, definitions, canonical form (Language Server Protocol, on standard input and
    /// output)
    Lsp(LspArgs),
    /// Grant an agent functions, for `mog run --agent`
    Grant(GrantAgentArgs),
    /// Deny an agent functions, whatever it is granted
    Deny(ChangeArgs),
    /// Take back denials
    Undeny(ChangeArgs),
    /// Show the agents, or what one of them is granted
    List(ListArgs),
    /// Inside of a sandbox: run a command with a proxy that passes everything on to a socket
    #[command(hide = true)]
    Forward(ForwardArgs),
}

/// What a program is granted.
#[derive(Args)]
pub(crate) struct GrantArgs {
    /// Grant functions (`log.write`) or groups (`log`); without it a program has its output alone
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) grant: Vec<String>,
    /// Deny functions or groups, whatever is granted
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) deny: Vec<String>,
    /// Grant what this file grants, as narrowly as it says; what --grant names is narrowed by it too
    #[arg(long, value_name = "FILE.toml", conflicts_with = "agent")]
    pub(crate) policy: Option<PathBuf>,
    /// Grant what this agent is granted, which is nothing unless `mog grant` granted it
    #[arg(long, value_name = "NAME", conflicts_with = "grant")]
    pub(crate) agent: Option<String>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// This is the one within the walls of --sandbox: it leaves to the other what only that can do
    #[arg(long, hide = true)]
    pub(crate) inside: bool,
}

/// Where the grants of agents are stored.
#[derive(Args)]
pub(crate) struct StoreArgs {
    /// The folder with the grants of agents, and the newest versions of signed programs; if not given, the one that
    /// MOG_STORE names, or `mog` in XDG_DATA_HOME or `~/.local/share`
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct ForwardArgs {
    /// The socket
    pub(crate) socket: PathBuf,
    /// The command and its arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    pub(crate) command: Vec<std::ffi::OsString>,
}

#[derive(Args)]
pub(crate) struct GrantAgentArgs {
    /// The agent's name
    pub(crate) agent: String,
    /// Functions (`log.write`) or groups (`log`)
    #[arg(value_delimiter = ',', required_unless_present = "policy")]
    pub(crate) names: Vec<String>,
    /// Give the agent what this file says, instead of what it had
    #[arg(long, value_name = "FILE.toml")]
    pub(crate) policy: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

#[derive(Args)]
pub(crate) struct ChangeArgs {
    /// The agent's name
    pub(crate) agent: String,
    /// Functions (`log.write`) or groups (`log`)
    #[arg(value_delimiter = ',', required = true)]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

#[derive(Args)]
pub(crate) struct ListArgs {
    /// The agent whose policy to show, as a file for --policy
    pub(crate) agent: Option<String>,
    /// Write it to this file
    #[arg(long, value_name = "FILE.toml", requires = "agent")]
    pub(crate) policy: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// What a program may use.
#[derive(Args)]
pub(crate) struct LimitArgs {
    /// The most steps that it may take
    #[arg(long, value_name = "N")]
    pub(crate) steps: Option<u64>,
    /// Its memory, such as `64K` or `1M`; 64M if not given
    #[arg(long, value_name = "SIZE")]
    pub(crate) memory: Option<Size>,
    /// The most calls of the host's functions that it may make, printing included
    #[arg(long, value_name = "N")]
    pub(crate) host_calls: Option<u64>,
    /// How much of its memory nested calls may take up, such as `16K`; all of it if not given
    #[arg(long, value_name = "SIZE")]
    pub(crate) stack: Option<Size>,
    /// The longest that it may take, such as `2s` or `300ms`
    #[arg(long, value_name = "TIME")]
    pub(crate) timeout: Option<Time>,
}

/// How a program is run.
#[derive(Args)]
pub(crate) struct RuntimeArgs {
    #[command(flatten)]
    pub(crate) grants: GrantArgs,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
    /// Save program and memory to this file when it ends or a limit ends it, for `mog resume`
    #[arg(long, value_name = "FILE")]
    pub(crate) snapshot_on_exit: Option<PathBuf>,
    /// Write every call of a granted or denied function to this file, as JSON lines
    #[arg(long, value_name = "FILE")]
    pub(crate) audit: Option<PathBuf>,
    /// Keep an argument out of that file: `kv.set:value`, or `kv.set` for all of them; may be repeated
    #[arg(long, value_name = "FUNCTION[:ARGUMENT]", value_delimiter = ',', requires = "audit")]
    pub(crate) redact: Vec<String>,
    /// Which interpreter runs
    #[arg(long, hide = true)]
    pub(crate) dispatch: Option<DispatchArg>,
    /// Collect at every allocation
    #[arg(long, hide = true)]
    pub(crate) gc_stress: bool,
    /// Say at the end how many steps each source line and each function took; makes the run slow
    #[arg(long)]
    pub(crate) profile: bool,
    /// Say at the end what the machine did: steps, calls of the host's functions, collections, and the most bytes of
    /// its memory that were in use at once
    #[arg(long)]
    pub(crate) stats: bool,
    /// The seed of hashing and chance
    #[arg(long, hide = true, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// The function to run, `main` if not given
    #[arg(long, value_name = "FN")]
    pub(crate) entry: Option<String>,
    /// An argument for it, as JSON; may be repeated
    #[arg(long = "arg", value_name = "JSON", allow_hyphen_values = true, value_parser = parse_json)]
    pub(crate) json: Vec<Value>,
    /// Arguments for the program's entry, as plain text
    #[arg(last = true)]
    pub(crate) args: Vec<String>,
}

#[derive(Args)]
pub(crate) struct RunArgs {
    /// Source (`.mog`), bytecode (`.mogb`), or `-` for standard input
    pub(crate) file: String,
    /// Treat warnings as errors
    #[arg(long)]
    pub(crate) deny_warnings: bool,
    /// Leave out optimizations, by name, or `all`: to find a mistake in one, or what it is worth
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) without: Vec<String>,
    /// Run nothing but what this public key signed: a file of `mog keygen`, or the key in hex or base64; may be repeated.
    /// With a store, by --store, MOG_STORE or --agent, no version that is older than one that ran
    #[arg(long, value_name = "KEY")]
    pub(crate) require_signature: Vec<String>,
    /// The name that the signed program must have
    #[arg(long, value_name = "NAME", requires = "require_signature")]
    pub(crate) program_name: Option<String>,
    /// The oldest version of the signed program that is run
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        hide_default_value = true,
        requires = "require_signature"
    )]
    pub(crate) minimum_version: u32,
    /// Run it, and what it runs in, inside bubblewrap too, without a network (Linux): `strict` can write no file, `standard`
    /// those in the working folder. Beside that folder it can read the files that are named here
    #[arg(long, value_enum, value_name = "WALLS")]
    pub(crate) sandbox: Option<SandboxArg>,
    #[command(flatten)]
    pub(crate) runtime: RuntimeArgs,
}

#[derive(Args)]
pub(crate) struct ReplArgs {
    #[command(flatten)]
    pub(crate) grants: GrantArgs,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

#[derive(Args)]
pub(crate) struct ResumeArgs {
    /// A file that `--snapshot-on-exit` wrote
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) runtime: RuntimeArgs,
}

#[derive(Args)]
pub(crate) struct ReplayArgs {
    /// What `mog run --audit` wrote
    pub(crate) log: PathBuf,
    /// The program: source, bytecode, or `-` for standard input
    pub(crate) file: String,
    /// The most steps that it may take, if not as many as then
    #[arg(long, value_name = "N")]
    pub(crate) steps: Option<u64>,
    /// Its memory, if not as much as then
    #[arg(long, value_name = "SIZE")]
    pub(crate) memory: Option<Size>,
    /// The longest that it may take, such as `2s`
    #[arg(long, value_name = "TIME")]
    pub(crate) timeout: Option<Time>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SandboxArg {
    Strict,
    Standard,
    None,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum DispatchArg {
    Match,
    Tail,
}

#[derive(Args)]
pub(crate) struct CheckArgs {
    /// Sources, or `-` for standard input
    #[arg(required = true)]
    pub(crate) files: Vec<String>,
    /// How to show errors and warnings: `json` is one object a line, on standard output
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
    /// Declarations of what the host offers (`capability led { fn set(pin: int, on: bool) }`); may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) declare: Vec<PathBuf>,
    /// Treat warnings as errors
    #[arg(long)]
    pub(crate) deny_warnings: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

#[derive(Args)]
pub(crate) struct BuildArgs {
    /// Source, or `-` for standard input
    pub(crate) file: String,
    /// The file to write; `-` for standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Declarations of what the host offers (`capability led { fn set(pin: int, on: bool) }`); may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) declare: Vec<PathBuf>,
    /// Leave out names and line tables
    #[arg(long)]
    pub(crate) strip: bool,
    /// Leave out optimizations, by name, or `all`: to find a mistake in one, or what it is worth
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) without: Vec<String>,
    /// Compile for a machine with so many registers in its window
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(8..=256))]
    pub(crate) window: Option<u16>,
    /// Write an aligned array for firmware instead
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    pub(crate) emit: Option<Emit>,
    /// Show sizes, imports, and what memory it needs
    #[arg(long)]
    pub(crate) report: bool,
    /// Warn if the program needs a part of the machine that the target leaves out; these are the parts that it has
    /// (see `needs` in the report)
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) target_features: Option<Vec<String>>,
    /// Treat warnings as errors
    #[arg(long)]
    pub(crate) deny_warnings: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Emit {
    C,
    Rust,
}

#[derive(Args)]
pub(crate) struct InspectArgs {
    /// Bytecode, or `-` for standard input
    pub(crate) file: String,
    /// Show the code too
    #[arg(long)]
    pub(crate) disasm: bool,
}

#[derive(Args)]
pub(crate) struct FmtArgs {
    /// Sources, rewritten in place; `-` is standard input, written to standard output
    #[arg(required = true)]
    pub(crate) files: Vec<String>,
    /// Write nothing; name the files that are not formatted, and exit with 1 if there are any
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Args)]
pub(crate) struct KeygenArgs {
    /// What the two files are called: NAME.key signs and is secret, NAME.pub verifies
    pub(crate) name: PathBuf,
}

#[derive(Args)]
pub(crate) struct SignArgs {
    /// Bytecode, or source that is compiled first
    pub(crate) file: String,
    /// The secret key: a file that `mog keygen` wrote
    #[arg(short, long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// The file to write, usually `.mogs`
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Which program it is; the name of the file if not given
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Which version of the program; a host can refuse those before one that it has seen
    #[arg(long, value_name = "N")]
    pub(crate) version: u32,
    /// The memory that it may have
    #[arg(long, value_name = "SIZE")]
    pub(crate) memory: Option<Size>,
    /// The most steps of one run
    #[arg(long, value_name = "N")]
    pub(crate) steps: Option<u64>,
    /// The most calls of the host's functions of one run
    #[arg(long, value_name = "N")]
    pub(crate) host_calls: Option<u64>,
}

#[derive(Args)]
pub(crate) struct VerifyArgs {
    /// A signed program
    pub(crate) file: String,
    /// The public key: a file of `mog keygen`, or the key in hex or base64; may be repeated
    #[arg(short, long, value_name = "KEY", required = true)]
    pub(crate) key: Vec<String>,
    /// The oldest version that is accepted
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(crate) minimum_version: u32,
}

#[derive(Args)]
pub(crate) struct SpecArgs {
    /// Add the declarations of what is granted; without --grant, of all the standard capabilities
    #[arg(long)]
    pub(crate) capabilities: bool,
    #[command(flatten)]
    pub(crate) grants: GrantArgs,
}

#[derive(Args)]
pub(crate) struct LspArgs {
    /// Declarations of what the host offers (`capability led { fn set(pin: int, on: bool) }`); may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) declare: Vec<PathBuf>,
    /// Editors name the way to talk; there is no other
    #[arg(long, hide = true)]
    pub(crate) stdio: bool,
}

/// Does what the command line asks.
pub(crate) fn main() -> ExitCode {
    let code = match Cli::try_parse() {
        Ok(Cli { command }) => match command {
            Command::Run(args) => run::run(*args),
            Command::Watch(args) => watch::watch(&args),
            Command::Resume(args) => resume::resume(*args),
            Command::Repl(args) => repl::repl(&args),
            Command::Replay(args) => replay::replay(&args),
            Command::Check(args) => check::check(&args),
            Command::Build(args) => build::build(&args),
            Command::Inspect(args) => inspect::inspect(&args),
            Command::Fmt(args) => fmt::fmt(&args),
            Command::Keygen(args) => sign::keygen(&args),
            Command::Sign(args) => sign::sign(&args),
            Command::Verify(args) => sign::verify(&args),
            Command::Spec(args) => spec::spec(&args),
            Command::Lsp(args) => lsp::lsp(&args),
            Command::Grant(args) => grants::grant(&args),
            Command::Deny(args) => grants::deny(&args),
            Command::Undeny(args) => grants::undeny(&args),
            Command::List(args) => grants::list(&args),
            Command::Forward(args) => sandbox::forward(args),
        },
        Err(error) => {
            // Nobody is left to tell if this does not work.
            let _ = error.print();
            match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => 0,
                _ => exit::USAGE,
            }
        }
    };
    ExitCode::from(code)
}

/// Says something on standard error. That it cannot be said changes nothing.
pub(crate) fn say(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Says what is wrong, and gives the exit code.
pub(crate) fn fail(code: u8, message: impl std::fmt::Display) -> u8 {
    say(&format!("error: {message}\n"));
    code
}

/// Writes a result to standard output. A reader that has gone away has seen enough.
pub(crate) fn print(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}

/// Whether messages may be coloured.
pub(crate) fn color() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

fn parse_json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
