//! `mog spec`.

use super::{SpecArgs, exit, fail, print, run};

/// Prints the reference, with declarations of capabilities if those are asked for, and gives the exit code.
pub(crate) fn spec(args: &SpecArgs) -> u8 {
    let granted =
        !args.grants.grant.is_empty() || args.grants.policy.is_some() || args.grants.agent.is_some();
    let denied = !args.grants.deny.is_empty();
    if !args.capabilities && (granted || denied) {
        return fail(exit::USAGE, "--grant, --deny and --policy go with --capabilities");
    }
    if denied && !granted {
        return fail(exit::USAGE, "--deny goes with --grant or --policy");
    }
    let (heading, declarations) = if granted {
        match run::grants(&args.grants, "-", None) {
            Ok((capabilities, _)) => ("What this host grants", capabilities.reference()),
            Err(code) => return code,
        }
    } else {
        let standard = mog_compiler::standard_declarations().map(|(_, text)| text);
        ("Capabilities that a host may grant", standard.collect())
    };
    print(mog_compiler::REFERENCE);
    if args.capabilities {
        print(&format!("\n## {heading}\n\n```mogdecl\n{declarations}```\n"));
    }
    0
}
