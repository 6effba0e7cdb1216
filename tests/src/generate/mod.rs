//! Well-typed programs out of bytes: each byte decides between what could stand at a place, and after the last one
//! the plainest choice is made everywhere. So fewer and smaller bytes give a smaller program, which is how a failure
//! shrinks, and a fuzz target can use the same bytes.
//!
//! Programs end (loops are counted, recursion has a depth), print much of what they compute, and at the end all that
//! is in scope. They may trap or fail.
//!
//! - `items` makes the declarations, `statements` and `expressions` the bodies; `operations` what belongs to one type,
//!   `matching` patterns, `closures` functions as values;
//! - `types` are types and their names, `scope` what is in scope, `choices` the bytes.

mod choices;
mod closures;
mod expressions;
mod items;
mod matching;
mod operations;
mod scope;
mod statements;
mod types;

use choices::Choices;
use scope::Scope;
use types::Ty;

/// Blocks and literals within others: far below what the parser bounds.
const DEEPEST: u32 = 7;
/// Expressions within expressions, also where each may begin anew, as in a closure.
const DEEPEST_EXPRESSION: u32 = 20;

/// The source of a program.
#[must_use]
pub fn program(bytes: &[u8]) -> String {
    let mut generator = Generator {
        choices: Choices::new(bytes),
        structs: Vec::new(),
        enums: Vec::new(),
        functions: Vec::new(),
        makers: Vec::new(),
        scope: Scope::default(),
        context: Context::default(),
        room: 500,
        nested: 0,
    };
    generator.program()
}

/// A declared struct or enum: a name for each field or variant, with its types.
struct Declared {
    name: String,
    members: Vec<(String, Vec<Ty>)>,
}

/// A function that may be called.
struct Signature {
    name: String,
    params: Vec<Ty>,
    /// Parameters at the end that have a default.
    defaults: usize,
    result: Ty,
    /// Whether the first parameter is how deep it may go.
    recursive: bool,
}

/// Where code stands.
#[derive(Clone, Default)]
struct Context {
    /// The result of the function; nothing where `return` and `?` must not stand.
    result: Option<Ty>,
    in_loop: bool,
    in_try: bool,
    /// Types of the collections that are being iterated over, which must not change.
    iterated: Vec<Ty>,
    /// Loops and calls around: how much deeper repetition may go.
    repetition: u32,
    /// Blocks and literals around.
    nesting: u32,
}

struct Generator<'a> {
    choices: Choices<'a>,
    structs: Vec<Declared>,
    enums: Vec<Declared>,
    functions: Vec<Signature>,
    /// Functions that make a plain value of a type, for places that do not say which type is meant.
    makers: Vec<Ty>,
    scope: Scope,
    context: Context,
    /// How much more may be generated.
    room: u32,
    /// Expressions around.
    nested: u32,
}
