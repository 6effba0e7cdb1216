//! Interned names.

use std::hash::{BuildHasher, Hasher};
use std::ops::Range;
use std::sync::LazyLock;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::pieces::nth;

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
#[derive(Clone, Debug, Default)]
pub struct Interner {
    /// The strings that are not predefined, and where each ends.
    text: String,
    ends: Vec<u32>,
    table: HashTable<u32>,
}

/// The predefined names: [`sym::NAMES`] by their hashes.
struct Predefined {
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

static PREDEFINED: LazyLock<Predefined> = LazyLock::new(|| {
    let hasher = DefaultHashBuilder::default();
    let mut table = HashTable::with_capacity(2 * sym::NAMES.len());
    for (id, name) in (0..).zip(sym::NAMES) {
        table.insert_unique(hash(&hasher, name), id, |&id: &u32| hash(&hasher, predefined(id).unwrap_or("")));
    }
    Predefined { table, hasher }
});

/// The number of the first symbol that is not predefined.
const FIRST: u32 = sym::NAMES.len() as u32;

#[inline]
fn predefined(id: u32) -> Option<&'static str> {
    sym::NAMES.get(id as usize).copied()
}

#[inline]
fn hash(hasher: &DefaultHashBuilder, text: &str) -> u64 {
    let mut state = hasher.build_hasher();
    state.write(text.as_bytes());
    state.finish()
}

impl Interner {
    /// An interner that holds the predefined names.
    pub fn new() -> Self {
        const ROOM: usize = 64;
        Self {
            text: String::with_capacity(8 * ROOM),
            ends: Vec::with_capacity(ROOM),
            table: HashTable::with_capacity(ROOM),
        }
    }

    /// The symbol of a string.
    #[inline]
    pub fn intern(&mut self, text: &str) -> Symbol {
        let known: &Predefined = &PREDEFINED;
        let hash = hash(&known.hasher, text);
        self.find_hashed(known, text, hash).unwrap_or_else(|| self.add(known, text, hash))
    }

    fn find_hashed(&self, known: &Predefined, text: &str, hash: u64) -> Option<Symbol> {
        let found = known.table.find(hash, |&id| predefined(id) == Some(text));
        let found = found.or_else(|| {
            self.table.find(hash, |&id| {
                self.text.as_bytes().get(range(&self.ends, id)).unwrap_or(b"") == text.as_bytes()
            })
        });
        found.copied().map(Symbol)
    }

    fn add(&mut self, known: &Predefined, text: &str, hashed: u64) -> Symbol {
        let id = FIRST + self.ends.len() as u32;
        self.text.push_str(text);
        self.ends.push(self.text.len() as u32);
        let (all, ends) = (&self.text, &self.ends);
        self.table.insert_unique(hashed, id, |&id| hash(&known.hasher, slice(all, ends, id)));
        Symbol(id)
    }

    /// The symbol of a string, if it has one.
    pub fn find(&self, text: &str) -> Option<Symbol> {
        self.find_hashed(&PREDEFINED, text, hash(&PREDEFINED.hasher, text))
    }

    /// The string of a symbol; empty for a symbol of a larger interner.
    pub fn text(&self, symbol: Symbol) -> &str {
        predefined(symbol.0).unwrap_or_else(|| slice(&self.text, &self.ends, symbol.0))
    }

    /// How many strings there are.
    pub fn len(&self) -> usize {
        sym::NAMES.len() + self.ends.len()
    }

    /// Whether there are none: never, in fact.
    pub fn is_empty(&self) -> bool {
        false
    }
}

/// The string of a symbol that is not predefined.
fn slice<'a>(text: &'a str, ends: &[u32], id: u32) -> &'a str {
    text.get(range(ends, id)).unwrap_or("")
}

/// Where the string of a symbol that is not predefined lies.
fn range(ends: &[u32], id: u32) -> Range<usize> {
    nth(ends, id.wrapping_sub(FIRST) as usize)
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

            pub(crate) const NAMES: &[&str] = &[$($text,)*];
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
