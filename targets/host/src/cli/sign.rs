//! `mog keygen`, `mog sign`, `mog verify`, and keys as text.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};
use mog::Program;
use mog::signed::{self, Limits, PublicKey, Refused, SecretKey, Trust};

use super::files::{self, CompileOptions};
use super::{KeygenArgs, SignArgs, VerifyArgs, exit, fail, print};

/// What the text of a key begins with, so that no secret is taken for a public key or the other way round.
const SECRET: &str = "mog-secret-key:";
const PUBLIC: &str = "mog-public-key:";

/// Writes a new pair of keys, over no older one, and gives the exit code.
pub(crate) fn keygen(args: &KeygenArgs) -> u8 {
    let mut bytes = [0; 32];
    if let Err(error) = getrandom::fill(&mut bytes) {
        return fail(exit::FILE, format_args!("the system has no random numbers: {error}"));
    }
    let (secret, public) = (args.name.with_added_extension("key"), args.name.with_added_extension("pub"));
    let key = SecretKey::new(&bytes);
    let made = write_new(&secret, &format!("{SECRET}{}\n", HEXLOWER.encode(&bytes)), true).and_then(|()| {
        let text = format!("{PUBLIC}{}\n", HEXLOWER.encode(key.public().as_bytes()));
        write_new(&public, &text, false).inspect_err(|_| {
            // A secret without its other half is of no use. It was written just now.
            let _ = fs::remove_file(&secret);
        })
    });
    made.err().unwrap_or(0)
}

/// Writes a file that was not there. An error was shown; it is the exit code.
fn write_new(path: &Path, text: &str, secret: bool) -> Result<(), u8> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if secret { 0o600 } else { 0o644 });
    #[cfg(not(unix))]
    let _ = secret;
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| fail(exit::FILE, format_args!("{}: {error}", path.display())))
}

/// Signs a program, and gives the exit code.
pub(crate) fn sign(args: &SignArgs) -> u8 {
    let key = match secret_key(&args.key) {
        Ok(key) => key,
        Err(code) => return code,
    };
    let program = match files::program(&args.file, CompileOptions::default()) {
        Ok(program) => program,
        Err(code) => return code,
    };
    let stem = Path::new(&args.file).file_stem().and_then(|stem| stem.to_str());
    let name = args.name.as_deref().or(stem).unwrap_or_default();
    let limits =
        Limits { memory: args.memory.map(|size| size.0), steps: args.steps, host_calls: args.host_calls };
    match signed::sign(&key, name, args.version, limits, &program.to_bytes()) {
        Ok(bytes) => files::write(&args.output, &bytes).err().unwrap_or(0),
        Err(error) => fail(exit::REJECTED, format_args!("{}: {error}", args.file)),
    }
}

/// Says what a signed program is if a trusted key signed it, and gives the exit code.
pub(crate) fn verify(args: &VerifyArgs) -> u8 {
    let keys = match public_keys(&args.key) {
        Ok(keys) => keys,
        Err(code) => return code,
    };
    let trust = Trust { minimum_version: args.minimum_version, ..Trust::new(&keys) };
    match files::signed_program(&args.file, &trust, None) {
        Ok(program) => {
            print(&summary(&program));
            0
        }
        Err(code) => code,
    }
}

/// What was signed, a line each.
fn summary(program: &Program) -> String {
    let Some(manifest) = program.manifest() else { return String::new() };
    let limit = |limit: Option<u64>| limit.map_or("not stated".to_owned(), |limit| limit.to_string());
    let limits = manifest.limits;
    format!(
        "name: {:?}\nversion: {}\ncapabilities: {}\nmemory: {}\nsteps: {}\nhost calls: {}\n",
        manifest.name,
        manifest.version,
        manifest.capabilities.join(", "),
        limit(limits.memory),
        limit(limits.steps),
        limit(limits.host_calls)
    )
}

/// Keys to verify with, each a file or text. An error was shown; it is the exit code.
pub(super) fn public_keys(keys: &[String]) -> Result<Vec<PublicKey>, u8> {
    keys.iter().map(|key| public_key(key)).collect()
}

fn public_key(key: &str) -> Result<PublicKey, u8> {
    let file = fs::read_to_string(key);
    let text = file.as_deref().unwrap_or(key).trim();
    let bytes = bytes(text.strip_prefix(PUBLIC).unwrap_or(text));
    let error = match bytes.map(|bytes| PublicKey::new(&bytes)) {
        Some(Ok(key)) => return Ok(key),
        Some(Err(error)) => error,
        None => Refused::Key,
    };
    // It may be a secret one: it is not shown.
    Err(match file {
        Ok(_) => fail(exit::REJECTED, format_args!("{key}: {error}")),
        Err(_) => fail(exit::REJECTED, format_args!("the key is no file, and in itself: {error}")),
    })
}

fn secret_key(file: &Path) -> Result<SecretKey, u8> {
    let text = fs::read_to_string(file);
    let text = text.map_err(|error| fail(exit::FILE, format_args!("{}: {error}", file.display())))?;
    let key = text.trim().strip_prefix(SECRET).and_then(bytes).and_then(|bytes| bytes.try_into().ok());
    key.map(|bytes| SecretKey::new(&bytes)).ok_or_else(|| {
        fail(exit::REJECTED, format_args!("{}: not a secret key that mog keygen wrote", file.display()))
    })
}

/// Bytes in hex or base64.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let text = text.as_bytes();
    let decoded = HEXLOWER_PERMISSIVE.decode(text).or_else(|_| BASE64.decode(text));
    decoded.or_else(|_| BASE64_NOPAD.decode(text)).ok()
}
