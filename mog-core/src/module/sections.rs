//! A module in pieces.

use super::{Header, Module, TypeTable};

/// The sections of a module, each by itself: lists of words, of numbers of 16 bits, and of bytes. A host that keeps a
/// module for long has them so, since [`Sections::module`] only has to borrow them; to take a module's bytes apart costs more
/// than a short call of one of its functions.
///
/// ```
/// # use mog_core::module::Sections;
/// # fn keep(module: mog_core::Module<'_>) {
/// let kept: Sections<Box<[u32]>, Box<[u16]>, Box<[u8]>> = module.sections().map(Box::from, Box::from, Box::from);
/// assert_eq!(kept.module().code, module.code);
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Sections<W, H, B> {
    header: Header,
    code: W,
    constants: W,
    types: W,
    functions: W,
    handlers: W,
    strings: W,
    pool: H,
    bytes: B,
    metadata: B,
    debug: B,
}

impl<'a> Module<'a> {
    /// Its sections.
    #[must_use]
    pub const fn sections(&self) -> Sections<&'a [u32], &'a [u16], &'a [u8]> {
        Sections {
            header: self.header,
            code: self.code,
            constants: self.constants,
            types: self.types.records,
            functions: self.functions,
            handlers: self.handlers,
            strings: self.strings,
            pool: self.types.pool,
            bytes: self.bytes,
            metadata: self.metadata,
            debug: self.debug,
        }
    }
}

impl<W, H, B> Sections<W, H, B> {
    /// The same in other hands.
    #[must_use]
    pub fn map<W2, H2, B2>(
        self,
        words: impl Fn(W) -> W2,
        halves: impl Fn(H) -> H2,
        bytes: impl Fn(B) -> B2,
    ) -> Sections<W2, H2, B2> {
        Sections {
            header: self.header,
            code: words(self.code),
            constants: words(self.constants),
            types: words(self.types),
            functions: words(self.functions),
            handlers: words(self.handlers),
            strings: words(self.strings),
            pool: halves(self.pool),
            bytes: bytes(self.bytes),
            metadata: bytes(self.metadata),
            debug: bytes(self.debug),
        }
    }
}

impl<W: AsRef<[u32]>, H: AsRef<[u16]>, B: AsRef<[u8]>> Sections<W, H, B> {
    /// The module that they make up.
    #[must_use]
    #[inline]
    pub fn module(&self) -> Module<'_> {
        Module {
            header: self.header,
            code: self.code.as_ref(),
            types: TypeTable { records: self.types.as_ref(), pool: self.pool.as_ref() },
            constants: self.constants.as_ref(),
            functions: self.functions.as_ref(),
            handlers: self.handlers.as_ref(),
            strings: self.strings.as_ref(),
            bytes: self.bytes.as_ref(),
            metadata: self.metadata.as_ref(),
            debug: self.debug.as_ref(),
        }
    }

    /// The module's words, as [`Module::from_words`] takes them apart.
    pub fn words(&self) -> impl Iterator<Item = u32> + '_ {
        let Module { header, code, types, constants, functions, handlers, strings, bytes, metadata, debug } =
            self.module();
        let tables = [code, constants, types.records, functions, handlers, strings];
        let pool = types.pool.chunks(2).map(|pair| match *pair {
            [low, high] => u32::from(low) | u32::from(high) << 16,
            [low] => u32::from(low),
            _ => 0,
        });
        let bytes = [bytes, metadata, debug].into_iter().flat_map(|bytes| bytes.chunks(4)).map(|chunk| {
            let mut word = [0; 4];
            for (byte, &value) in word.iter_mut().zip(chunk) {
                *byte = value;
            }
            u32::from_le_bytes(word)
        });
        header.to_words().into_iter().chain(tables.into_iter().flatten().copied()).chain(pool).chain(bytes)
    }
}
