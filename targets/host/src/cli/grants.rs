//! `mog grant`, `deny`, `undeny` and `list`: what each agent may do.

use std::env;
use std::path::{Path, PathBuf};

use mog::policy::{Grants, Policy, PolicyError, Versions};

use super::{ChangeArgs, GrantAgentArgs, GrantArgs, ListArgs, StoreArgs, exit, fail, files, print, say};

/// What a variable of the environment names.
fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// The folder of the store, if the option or the environment names it.
fn named_folder(args: &StoreArgs) -> Option<PathBuf> {
    args.store.clone().or_else(|| variable("MOG_STORE"))
}

/// The folder of the store: the one that is named, or where the user's data is.
pub(super) fn folder(args: &StoreArgs) -> Result<PathBuf, PolicyError> {
    let data = || variable("XDG_DATA_HOME").or_else(|| Some(variable("HOME")?.join(".local/share")));
    named_folder(args)
        .or_else(|| Some(data()?.join("mog")))
        .ok_or_else(|| PolicyError::Grant("say where the store is with --store DIR or MOG_STORE".to_owned()))
}

/// Grants an agent functions, or all that a file grants, and gives the exit code.
pub(crate) fn grant(args: &GrantAgentArgs) -> u8 {
    change(&args.store, &args.agent, |policy| {
        if let Some(file) = &args.policy {
            *policy = Policy::read(file)?;
        }
        add(&mut policy.grant, &args.names);
        Ok(())
    })
}

/// Denies an agent functions, and gives the exit code.
pub(crate) fn deny(args: &ChangeArgs) -> u8 {
    change(&args.store, &args.agent, |policy| {
        add(&mut policy.deny, &args.names);
        Ok(())
    })
}

/// Takes denials back, and gives the exit code.
pub(crate) fn undeny(args: &ChangeArgs) -> u8 {
    change(&args.store, &args.agent, |policy| {
        for name in &args.names {
            if !policy.deny.contains(name) {
                let denied = policy.deny.join(", ");
                let message = format!("`{name}` is not denied to {}; denied: {denied}", args.agent);
                return Err(PolicyError::Grant(message));
            }
            policy.deny.retain(|denied| denied != name);
        }
        Ok(())
    })
}

fn add(names: &mut Vec<String>, more: &[String]) {
    for name in more {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
}

fn change(store: &StoreArgs, agent: &str, change: impl FnOnce(&mut Policy) -> Result<(), PolicyError>) -> u8 {
    let changed = folder(store)
        .and_then(|folder| Grants::open_or_make(&folder))
        .and_then(|grants| grants.change(agent, change).and_then(|()| grants.agent(agent)));
    match changed {
        Ok(policy) => {
            let or_nothing = |names: &[String]| {
                if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
            };
            say(&format!(
                "{agent}: granted {}; denied {}\n",
                or_nothing(&policy.grant),
                or_nothing(&policy.deny)
            ));
            0
        }
        Err(error) => fail(exit::USAGE, error),
    }
}

/// Shows the agents, or an agent's policy as a file that can be read again, and gives the exit code.
pub(crate) fn list(args: &ListArgs) -> u8 {
    let text =
        folder(&args.store).and_then(|folder| Grants::open(&folder)).and_then(|grants| match &args.agent {
            Some(agent) => grants.agent(agent)?.to_toml(),
            None => Ok(grants.agents()?.iter().map(|agent| format!("{agent}\n")).collect()),
        });
    match (text, &args.policy) {
        (Ok(text), Some(file)) => files::write(file, text.as_bytes()).err().unwrap_or(0),
        (Ok(text), None) => {
            print(&text);
            0
        }
        (Err(error), _) => fail(exit::USAGE, error),
    }
}

/// An agent's policy.
pub(super) fn policy(store: &StoreArgs, agent: &str) -> Result<Policy, PolicyError> {
    Grants::open(&folder(store)?)?.agent(agent)
}

/// Whether versions of signed programs are remembered: in the store that is named, or that an agent's grants come from.
pub(super) fn remembers(args: &GrantArgs) -> bool {
    args.agent.is_some() || named_folder(&args.store).is_some()
}

/// Where versions of signed programs are remembered, if they are. An error was shown; it is the exit code.
pub(super) fn versions(args: &GrantArgs) -> Result<Option<Versions>, u8> {
    if !remembers(args) {
        return Ok(None);
    }
    let versions = folder(&args.store).and_then(|folder| Versions::open(&folder));
    versions.map(Some).map_err(|error| fail(exit::USAGE, error))
}

/// How a program that no agent runs is told from others: by its file.
pub(super) fn name_of(file: &str) -> String {
    match Path::new(file).canonicalize() {
        Ok(path) if file != "-" => format!("file {}", path.display()),
        _ => String::new(),
    }
}
