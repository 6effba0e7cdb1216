//! Makes signed modules.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use ed25519_dalek::{Signer, SigningKey};
use mog_core::{LoadError, Module};

use crate::{CONTEXT, Limits, MAGIC, MAX_NAME, PublicKey};

/// A key that signs.
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// A key from 32 bytes that nobody can guess.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(bytes))
    }

    /// What its signatures are verified with.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretKey").field("public", &self.public()).finish_non_exhaustive()
    }
}

/// Why a module cannot be signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unsignable {
    /// The name is empty, longer than [`MAX_NAME`] bytes, or has a zero in it.
    Name,
    /// A limit is 0, which no program can run under.
    Limit,
    /// The bytes are no module.
    Load(LoadError),
    /// It is larger than the format can say.
    TooLarge,
}

impl fmt::Display for Unsignable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => write!(f, "a program's name has 1 to {MAX_NAME} bytes, none of them zero"),
            Self::Limit => f.write_str("a limit of 0 lets no program run"),
            Self::Load(error) => error.fmt(f),
            Self::TooLarge => f.write_str("the module is too large to be signed"),
        }
    }
}

impl core::error::Error for Unsignable {}

/// A signed module. The capabilities of its manifest are what the module imports.
///
/// # Errors
/// Why these cannot be signed.
pub fn sign(
    key: &SecretKey,
    name: &str,
    version: u32,
    limits: Limits,
    module: &[u8],
) -> Result<Vec<u8>, Unsignable> {
    if name.is_empty() || name.len() > MAX_NAME || name.contains('\0') {
        return Err(Unsignable::Name);
    }
    let limits = [limits.memory, limits.steps, limits.host_calls];
    if limits.contains(&Some(0)) {
        return Err(Unsignable::Limit);
    }
    let size = |len: usize| u32::try_from(len).map_err(|_| Unsignable::TooLarge);
    let capabilities = capabilities(module)?;
    let mut signed = CONTEXT.to_vec();
    for word in [version, size(capabilities.len())?, size(module.len())?, 0] {
        signed.extend(word.to_le_bytes());
    }
    for limit in limits {
        signed.extend(limit.unwrap_or(0).to_le_bytes());
    }
    signed.extend(name.bytes().chain(core::iter::repeat(0)).take(MAX_NAME));
    signed.extend(capabilities.bytes());
    signed.resize(signed.len().next_multiple_of(4), 0);
    signed.extend(module);
    let signature = key.0.sign(&signed).to_bytes();
    Ok([&MAGIC[..], &signature, &signed].concat())
}

/// The names of what a module imports, sorted, one a line.
fn capabilities(module: &[u8]) -> Result<String, Unsignable> {
    // It may lie anywhere.
    let (words, rest) = module.as_chunks::<4>();
    let words: Vec<u32> = words.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
    let module = Module::load_words(&words).map_err(Unsignable::Load)?;
    if !rest.is_empty() {
        return Err(Unsignable::Load(LoadError::TrailingBytes));
    }
    let imports = module.metadata().imports();
    let mut names: Vec<_> =
        imports.map(|import| [import.capability, ".", import.function].concat()).collect();
    names.sort();
    names.dedup();
    Ok(names.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Refused, Trust, open};

    /// Any bytes as a module, with any manifest, signed.
    fn any(context: &[u8], version: u32, capabilities: &str, module: &[u8]) -> Vec<u8> {
        let mut signed = context.to_vec();
        for word in [version, capabilities.len() as u32, module.len() as u32, 0] {
            signed.extend(word.to_le_bytes());
        }
        signed.extend([0; 24]);
        signed.extend(b"any".iter().copied().chain(core::iter::repeat(0)).take(MAX_NAME));
        signed.extend(capabilities.bytes());
        signed.resize(signed.len().next_multiple_of(4), 0);
        signed.extend(module);
        let signature = SigningKey::from_bytes(&[5; 32]).sign(&signed).to_bytes();
        [&MAGIC[..], &signature, &signed].concat()
    }

    #[test]
    fn the_order_of_questions() {
        let keys = [SecretKey::new(&[5; 32]).public()];
        let trust = Trust { minimum_version: 2, ..Trust::new(&keys) };
        // What is no module is refused for what was looked at before it.
        let garbage = [0xff; 64];
        let refused = |bytes: &[u8]| open(bytes, &trust).and_then(|signed| signed.load()).err();
        assert_eq!(refused(&any(&CONTEXT, 1, "", &garbage)), Some(Refused::Old { version: 1, minimum: 2 }));
        assert!(matches!(refused(&any(&CONTEXT, 2, "", &garbage)), Some(Refused::Load(_))));
        // A signature that the key's owner made for something else.
        assert_eq!(refused(&any(b"Mog module, signed 2", 2, "", &garbage)), Some(Refused::Malformed));
        // The same signature in the other of the two ways that there are to write it: S plus the order of the group.
        let mut bytes = any(&CONTEXT, 2, "", &garbage);
        let order = [
            0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10u8,
        ];
        let mut carry = 0;
        for (byte, add) in bytes.iter_mut().skip(4 + 32).zip(order) {
            let sum = u16::from(*byte) + u16::from(add) + carry;
            (*byte, carry) = (sum as u8, sum >> 8);
        }
        assert_eq!(refused(&bytes), Some(Refused::Forged));
    }

    #[test]
    fn capabilities_are_those_of_the_module() {
        let source = "fn main() { log.write(\"a\")\n log.warn(\"b\") }";
        let compiled = mog_compiler::compile(source, &mog_compiler::Options::new("p.mog"));
        let words = compiled.map(|compiled| compiled.module).unwrap_or_default();
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let keys = [SecretKey::new(&[5; 32]).public()];
        let refused = |names: &str| {
            let bytes = any(&CONTEXT, 1, names, &bytes);
            let module = Module::load_words(&words).map_err(Refused::Load)?;
            open(&bytes, &Trust::new(&keys))?.check(&module)
        };
        assert_eq!(refused("log.warn\nlog.write"), Ok(()));
        for names in ["", "log.write", "log.warn\nlog.write\nshell.exec", "log.warn\nlog.writ", "log", "\n"] {
            assert_eq!(refused(names), Err(Refused::Capabilities), "{names}");
        }
    }
}
