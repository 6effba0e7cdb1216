//! Signed modules: a manifest and a module under one Ed25519 signature, opened where they lie. Hosts with an operating
//! system, the C interface and firmware all come through [`open`], before anything of the module is decoded.
//!
//! ```text
//!   0  magic          4 bytes: MOS and the version of this format
//!   4  signature      64 bytes, of everything behind it
//!  68  context        20 bytes, always the same: a signature for something else is none for a module
//!  88  version        u32
//!  92  capabilities   u32: bytes of their names
//!  96  module         u32: bytes
//! 100  zero           u32
//! 104  memory         u64: bytes that the program may have at most; 0 where the manifest says nothing
//! 112  steps          u64, alike
//! 120  host calls     u64, alike
//! 128  name           32 bytes of UTF-8, zeros behind
//! 160  capabilities   the names of what the module imports, such as `log.write`, sorted, one a line; zeros up to a
//!                     multiple of 4
//!      module         as `mog build` writes it
//! ```
//! All numbers are little-endian. A module whose container lies on a multiple of 4 does so too.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "sign")]
extern crate alloc;

#[cfg(feature = "sign")]
mod sign;

use core::fmt;

use ed25519_dalek::{Signature, VerifyingKey};
use mog_core::{LoadError, Module};

#[cfg(feature = "sign")]
pub use sign::{SecretKey, Unsignable, sign};

/// What a signed module begins with.
pub const MAGIC: [u8; 4] = *b"MOS\x01";
/// What the signed part begins with.
const CONTEXT: [u8; 20] = *b"Mog module, signed 1";
/// Where the signed part begins.
const SIGNED: usize = 68;
/// Bytes before the names of the capabilities.
const HEADER_BYTES: usize = 160;
/// The longest name of a program, in bytes.
pub const MAX_NAME: usize = 32;

/// Why a module is not trusted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Refused {
    /// The bytes are no signed module, perhaps an unsigned one.
    Unsigned,
    /// They are shorter or longer than they say, or of another version of the format.
    Malformed,
    /// No trusted key signed exactly these bytes.
    Forged,
    /// A key is none: of another length, not on the curve, or one that signs anything.
    Key,
    /// The signature is good, but for a program of another name.
    Name,
    /// The signature is good, but the version is older than the host accepts.
    Old {
        /// The version of this one.
        version: u32,
        /// The oldest that is accepted.
        minimum: u32,
    },
    /// The manifest asks for more than the host allows.
    Limit(
        /// Of what: `memory`, `steps` or `host calls`.
        &'static str,
    ),
    /// The module calls something that its manifest does not name, or the other way round.
    Capabilities,
    /// Everything is as it was signed, and the module is none that this machine runs.
    Load(LoadError),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned => f.write_str("the module is not signed"),
            Self::Malformed => f.write_str("the signed module is cut short, too long, or of another version"),
            Self::Forged => f.write_str("the signature is not that of a trusted key over these bytes"),
            Self::Key => f.write_str("this is not a public key that signatures can be verified with"),
            Self::Name => f.write_str("the signed module is another program"),
            Self::Old { version, minimum } => {
                write!(f, "the signed module has version {version}; the oldest accepted one is {minimum}")
            }
            Self::Limit(what) => write!(f, "the manifest asks for more {what} than the host allows"),
            Self::Capabilities => f.write_str("the module calls other functions than its manifest names"),
            Self::Load(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for Refused {}

impl From<LoadError> for Refused {
    fn from(error: LoadError) -> Self {
        Self::Load(error)
    }
}

/// A key that signatures are verified with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// A key from its 32 bytes.
    ///
    /// # Errors
    /// [`Refused::Key`] if there are more or fewer, if they are no point of the curve as it is usually written, or one
    /// of the few for which signatures can be made without a secret. Zeros and erased flash are no key.
    pub fn new(bytes: &[u8]) -> Result<Self, Refused> {
        let bytes: &[u8; 32] = bytes.try_into().map_err(|_| Refused::Key)?;
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| Refused::Key)?;
        let is_usual = key.to_edwards().compress().as_bytes() == bytes;
        if key.is_weak() || !is_usual { Err(Refused::Key) } else { Ok(Self(key)) }
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

/// What a program may use at most. A limit that is `None` is not stated.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Limits {
    /// Bytes of memory.
    pub memory: Option<u64>,
    /// Steps of one run.
    pub steps: Option<u64>,
    /// Calls of host functions of one run.
    pub host_calls: Option<u64>,
}

impl Limits {
    /// That none of these exceeds that of the host.
    fn within(&self, host: &Self) -> Result<(), Refused> {
        let more = |asked: Option<u64>, allowed: Option<u64>| matches!((asked, allowed), (Some(asked), Some(allowed)) if asked > allowed);
        if more(self.memory, host.memory) {
            Err(Refused::Limit("memory"))
        } else if more(self.steps, host.steps) {
            Err(Refused::Limit("steps"))
        } else if more(self.host_calls, host.host_calls) {
            Err(Refused::Limit("host calls"))
        } else {
            Ok(())
        }
    }
}

/// What a signed module says about itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Manifest<'a> {
    /// Which program it is; at most [`MAX_NAME`] bytes.
    pub name: &'a str,
    /// Which version of it; later ones are higher.
    pub version: u32,
    /// What it may use, if the host allows it.
    pub limits: Limits,
    /// The host functions that it calls, one a line, sorted.
    capabilities: &'a str,
}

impl<'a> Manifest<'a> {
    /// The host functions that the module calls, such as `log.write`.
    pub fn capabilities(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.capabilities.lines()
    }
}

/// Whom a host trusts, and with what.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'k> {
    /// A signature of one of these is enough. With none, nothing is trusted.
    pub keys: &'k [PublicKey],
    /// The name that the program must have; any if `None`.
    pub name: Option<&'k str>,
    /// The oldest version that is accepted. A host that has run a version passes at least that one, so that a program
    /// that was correctly signed long ago cannot take its place.
    pub minimum_version: u32,
    /// What the host allows.
    pub limits: Limits,
}

impl<'k> Trust<'k> {
    /// Trusts these keys with any program, version and limits.
    #[must_use]
    pub fn new(keys: &'k [PublicKey]) -> Self {
        Self { keys, name: None, minimum_version: 0, limits: Limits::default() }
    }
}

/// A module that a trusted key signed, not decoded yet.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// What was signed with it.
    pub manifest: Manifest<'a>,
    bytes: &'a [u8],
}

impl<'a> Signed<'a> {
    /// The bytes of the module, for those who [check](Self::check) it as well.
    #[must_use]
    pub const fn module_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Decodes and verifies the module where it lies.
    ///
    /// # Errors
    /// [`Refused::Load`] or [`Refused::Capabilities`].
    pub fn load(&self) -> Result<Module<'a>, Refused> {
        let module = Module::load(self.bytes)?;
        self.check(&module)?;
        Ok(module)
    }

    /// That the manifest names the imports of the module, which these bytes were decoded to, and nothing else.
    ///
    /// # Errors
    /// [`Refused::Capabilities`].
    pub fn check(&self, module: &Module<'_>) -> Result<(), Refused> {
        let imports = module.metadata().imports();
        let is = |name: &str, import: &mog_core::module::Import<'_>| {
            name.split_once('.') == Some((import.capability, import.function))
        };
        let named = imports.clone().all(|import| self.manifest.capabilities().any(|name| is(name, &import)));
        let used = self.manifest.capabilities().all(|name| imports.clone().any(|import| is(name, &import)));
        if named && used { Ok(()) } else { Err(Refused::Capabilities) }
    }
}

/// The fields of the header, unverified.
struct Fields<'a> {
    signature: &'a [u8; 64],
    /// What the signature covers.
    signed: &'a [u8],
    version: u32,
    limits: Limits,
    name: &'a [u8],
    capabilities: &'a [u8],
    module: &'a [u8],
}

impl<'a> Fields<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let signed = bytes.get(SIGNED..)?;
        let word = |at: usize| bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
        let long = |at: usize| bytes.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
        let limit = |at| long(at).map(|limit| Some(limit).filter(|&limit| limit > 0));
        let (names, size) = (usize::try_from(word(92)?).ok()?, usize::try_from(word(96)?).ok()?);
        let rest = bytes.get(HEADER_BYTES..)?;
        let (capabilities, module) = rest.split_at_checked(names.checked_next_multiple_of(4)?)?;
        let (capabilities, padding) = capabilities.split_at_checked(names)?;
        let is_whole = signed.starts_with(&CONTEXT)
            && word(100) == Some(0)
            && module.len() == size
            && padding.iter().all(|&byte| byte == 0);
        is_whole.then_some(Self {
            signature: bytes.get(MAGIC.len()..)?.first_chunk()?,
            signed,
            version: word(88)?,
            limits: Limits { memory: limit(104)?, steps: limit(112)?, host_calls: limit(120)? },
            name: bytes.get(128..HEADER_BYTES)?,
            capabilities,
            module,
        })
    }

    fn manifest(&self) -> Option<Manifest<'a>> {
        let end = self.name.iter().position(|&byte| byte == 0).unwrap_or(self.name.len());
        let (name, padding) = self.name.split_at_checked(end)?;
        let name = core::str::from_utf8(name).ok().filter(|_| padding.iter().all(|&byte| byte == 0))?;
        let capabilities = core::str::from_utf8(self.capabilities).ok()?;
        Some(Manifest { name, version: self.version, limits: self.limits, capabilities })
    }
}

/// Whether bytes begin as a signed module of any version does.
#[must_use]
pub fn is_signed(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC[..3]) && bytes.get(3).is_some_and(|byte| *byte < b' ')
}

/// Opens a signed module: its signature, its manifest and what the host allows are looked at in that order, and nothing
/// of the module. Takes no memory but some kilobytes of stack.
///
/// # Errors
/// Why it is not trusted.
pub fn open<'a>(bytes: &'a [u8], trust: &Trust<'_>) -> Result<Signed<'a>, Refused> {
    if !is_signed(bytes) {
        return Err(Refused::Unsigned);
    }
    if !bytes.starts_with(&MAGIC) {
        return Err(Refused::Malformed);
    }
    let fields = Fields::read(bytes).ok_or(Refused::Malformed)?;
    let signature = Signature::from_bytes(fields.signature);
    if !trust.keys.iter().any(|key| key.0.verify_strict(fields.signed, &signature).is_ok()) {
        return Err(Refused::Forged);
    }
    let manifest = fields.manifest().ok_or(Refused::Malformed)?;
    if trust.name.is_some_and(|name| name != manifest.name) {
        return Err(Refused::Name);
    }
    if manifest.version < trust.minimum_version {
        return Err(Refused::Old { version: manifest.version, minimum: trust.minimum_version });
    }
    manifest.limits.within(&trust.limits)?;
    Ok(Signed { manifest, bytes: fields.module })
}
