//! Interned names.

use std::hash::{BuildHasher, Hasher};
use std::sync::LazyLock;

use hashbrown::{DefaultHashBuilder, HashTable};

/// An interned string: equal symbols of one [`Interner`] have equal text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Symbol(pub(crate) u32);

impl Symbol {
    /// The position in the interner, from 0; useful for side tables.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Gives every distinct string a [`Symbol`]. A new one already holds [`sym`].
#[derive(Clone, Debug)]
pub struct Interner {
    text: String,
    ends: Vec<u32>,
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

static PREDEFINED: LazyLock<Interner> = LazyLock::new(|| {
    let mut interner = Interner {
        text: String::new(),
        ends: Vec::new(),
        table: HashTable::with_capacity(2 * sym::NAMES.len()),
        hasher: DefaultHashBuilder::default(),
    };
    for name in sym::NAMES {
        interner.intern(name);
    }
    interner
});

impl Interner {
    /// An interner that holds the predefined names.
    pub fn new() -> Self {
        const ROOM: usize = 128;
        let known: &Self = &PREDEFINED;
        let mut text = String::with_capacity(known.text.len() + 8 * ROOM);
        text.push_str(&known.text);
        let mut ends = Vec::with_capacity(known.ends.len() + ROOM);
        ends.extend_from_slice(&known.ends);
        Self { text, ends, table: known.table.clone(), hasher: known.hasher.clone() }
    }

    #[inline]
    fn hash(hasher: &DefaultHashBuilder, text: &str) -> u64 {
        let mut state = hasher.build_hasher();
        state.write(text.as_bytes());
        state.finish()
    }

    /// The symbol of a string.
    #[inline]
    pub fn intern(&mut self, text: &str) -> Symbol {
        let hash = Self::hash(&self.hasher, text);
        let (all, ends) = (&self.text, &self.ends);
        match self.table.find(hash, |&id| bytes(all, ends, id) == text.as_bytes()) {
            Some(&found) => Symbol(found),
            None => self.add(text, hash),
        }
    }

    fn add(&mut self, text: &str, hash: u64) -> Symbol {
        let id = self.ends.len() as u32;
        self.text.push_str(text);
        self.ends.push(self.text.len() as u32);
        let (all, ends, hasher) = (&self.text, &self.ends, &self.hasher);
        self.table.insert_unique(hash, id, |&id| Self::hash(hasher, slice(all, ends, id)));
        Symbol(id)
    }

    /// The symbol of a string, if it has one.
    pub fn find(&self, text: &str) -> Option<Symbol> {
        let hash = Self::hash(&self.hasher, text);
        self.table.find(hash, |&id| slice(&self.text, &self.ends, id) == text).copied().map(Symbol)
    }

    /// The string of a symbol; empty for a symbol of a larger interner.
    pub fn text(&self, symbol: Symbol) -> &str {
        slice(&self.text, &self.ends, symbol.0)
    }

    /// How many strings there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none: never, in fact.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

impl Default for Interner {
    fn default() -> Self {
        Self::new()
    }
}

#[inline]
fn range(ends: &[u32], id: u32) -> std::ops::Range<usize> {
    let id = id as usize;
    let start = if id == 0 { 0 } else { ends.get(id - 1).copied().unwrap_or(0) };
    let end = ends.get(id).copied().unwrap_or(start);
    start as usize..end as usize
}

#[inline]
fn bytes<'a>(text: &'a str, ends: &[u32], id: u32) -> &'a [u8] {
    text.as_bytes().get(range(ends, id)).unwrap_or(b"")
}

fn slice<'a>(text: &'a str, ends: &[u32], id: u32) -> &'a str {
    text.get(range(ends, id)).unwrap_or("")
}

macro_rules! symbols {
    ($($name:ident $text:literal,)*) => {
        /// Names known in advance: the same symbol in every interner.
        #[allow(missing_docs)] // each is its own text
        pub mod sym {
            use super::Symbol;

            #[allow(non_camel_case_types, clippy::upper_case_acronyms, unreachable_pub)]
            #[repr(u32)]
            enum Position { $($name,)* }

            $(pub const $name: Symbol = Symbol(Position::$name as u32);)*

            /// Whether it is a word by which another language means `none`, `true`, `some(…)` and so on.
            pub const fn is_foreign(symbol: Symbol) -> bool {
                symbol.0 >= NULL.0 && symbol.0 <= ERR_RUST.0
            }

            pub(super) const NAMES: &[&str] = &[$($text,)*];
        }
    };
}

symbols! {
    // Keywords, in the order of `T` in lexer.rs.
    FN "fn", LET "let", CONST "const", IF "if", ELSE "else", WHILE "while", FOR "for", IN "in", LOOP "loop",
    MATCH "match", RETURN "return", BREAK "break", CONTINUE "continue", STRUCT "struct", ENUM "enum",
    IMPORT "import", PUB "pub", ASYNC "async", AWAIT "await", SPAWN "spawn", TRY "try", CATCH "catch",
    TRUE "true", FALSE "false", NONE "none", AND "and", OR "or", NOT "not", AS "as",
    // Words that are keywords only in places.
    IS "is", TO "to", TYPE "type", REQUIRES "requires", OPTIONAL "optional", CAPABILITY "capability",
    SOA "soa", TENSOR "tensor", SOME "some", OK "ok", ERR "err", ALL "all", RACE "race", AVAILABLE "available",
    UNDERSCORE "_", EMPTY "", MAP "map", F "f",
    // Other languages' words; see `is_foreign`.
    NULL "null", NIL "nil", UNDEFINED "undefined", NONE_PYTHON "None", TRUE_PYTHON "True", FALSE_PYTHON "False",
    SOME_RUST "Some", OK_RUST "Ok", ERR_RUST "Err",
    // Types.
    INT "int", FLOAT "float", BOOL "bool", STRING "string", ANY "any", MAP_TYPE "Map", RESULT "Result",
    FUTURE "Future", I8 "i8", I16 "i16", I32 "i32", U8 "u8", U16 "u16", U32 "u32", U64 "u64", F32 "f32",
    F16 "f16", BF16 "bf16", I64 "i64", F64 "f64", STR "str",
    MAIN "main", LEN "len",
    // Other languages' words that get a message of their own.
    NEW "new", LAMBDA "lambda", MUT "mut", VAR "var", DEF "def", FUNC "func", FUNCTION "function", FUN "fun",
    PROC "proc", CLASS "class", INTERFACE "interface", TRAIT "trait", IMPL "impl", SWITCH "switch", CASE "case",
    DEFAULT "default", ELIF "elif", ELSIF "elsif", ELSEIF "elseif", UNLESS "unless", UNTIL "until", REPEAT "repeat",
    DO "do", THEN "then", END "end", BEGIN "begin", FOREACH "foreach", OF "of", THROW "throw", RAISE "raise",
    YIELD "yield", DEL "del", DELETE "delete", PASS "pass", ASSERT "assert", PRINT "print", PRINTLN "println",
    FROM "from", USING "using", USE "use", INCLUDE "include", PACKAGE "package", MODULE "module", MOD "mod",
    NAMESPACE "namespace", PUBLIC "public", PRIVATE "private", PROTECTED "protected", STATIC "static",
    EXPORT "export", FINAL "final", EXTERN "extern", LOCAL "local", GLOBAL "global", NONLOCAL "nonlocal",
    AUTO "auto", VAL "val", MY "my", VOID "void", DEFER "defer", GO "go", WITH "with", GOTO "goto", EXCEPT "except",
    FINALLY "finally", UNSAFE "unsafe", SELF "self", THIS "this", STEP "step", DOWNTO "downto", BY "by",
    RANGE "range", ARRAY "Array", VEC "Vec", LIST "List", LIST_PYTHON "list", HASH_MAP "HashMap", DICT "dict",
    DICT_TYPE "Dict", RECORD "Record", OPTION "Option", OPTIONAL_TYPE "Optional", PROMISE "Promise", BOX "Box",
    SET "Set", HASH_SET "HashSet", TUPLE "Tuple", VEC_LOWER "vec",
    GUARD "guard", WHEN "when", TYPEOF "typeof", SIZEOF "sizeof", PUTS "puts", ECHO "echo", PYTHON_NAME "__name__",
}
