//! A plain interpreter over the syntax tree, written from the language's definition: what the compiler and the machine
//! are compared with. It shares the parser with them and nothing else.
//!
//! Values are dynamically typed; where the meaning depends on types that only a checker knows, on anything
//! asynchronous, on a capability or on memory, the outcome is [`Outcome::Unsupported`], never a guess.
//!
//! - [`evaluate`] runs a program; `state` declares and initialises, `block` runs statements, `expr` evaluates,
//!   `partial` holds what may have no value and how it is asked, `call` calls, `pattern` matches, `place` assigns;
//! - `methods`, `collections` and `builtins` are the built-in functions;
//! - `value`, `types`, `number`, `display` are the data.

mod block;
mod builtins;
mod call;
mod collections;
mod display;
mod expr;
mod methods;
mod number;
mod partial;
mod pattern;
mod place;
mod state;
mod types;
mod value;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::thread;

use mog_compiler::ast::{Ast, ExprId, FieldDecl, FnId, List, Symbol, TypeExprId, VariantDecl};
use mog_compiler::parser;

use types::Type;
use value::{Failure, Value};

/// Expressions evaluated before a program counts as endless.
const FUEL: u64 = 3_000_000;
/// Calls under way before a program counts as endless.
const DEEPEST_CALL: u32 = 1500;
/// Native stack of the interpreter's thread, in bytes; touched only as far as a program is deep.
const STACK: usize = 1 << 30;

/// How a program ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// By itself, with this exit code.
    Ended(u8),
    /// A trap; what the message must say.
    Trap(String),
    /// A failure that nothing caught; its message, where the definition says what it is.
    Failed(Option<String>),
    /// The evaluator does not know; why.
    Unsupported(String),
}

/// What came of a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// What it printed.
    pub output: String,
    /// How it ended.
    pub outcome: Outcome,
}

/// Runs a program that the compiler accepts.
#[must_use]
pub fn evaluate(source: &str) -> Run {
    evaluate_within(source, FUEL)
}

/// The same, evaluating at most so many expressions; a program that takes more is unsupported.
#[must_use]
pub fn evaluate_within(source: &str, fuel: u64) -> Run {
    let run = |source: &str| {
        let parsed = parser::parse(source);
        if parsed.diagnostics.has_errors() {
            return Run { output: String::new(), outcome: Outcome::Unsupported("a syntax error".to_owned()) };
        }
        let mut interpreter = Interpreter::new(&parsed.ast, fuel);
        let outcome = interpreter.run();
        Run { output: interpreter.output, outcome }
    };
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || run(source));
        match thread.map(thread::ScopedJoinHandle::join) {
            Ok(Ok(run)) => run,
            Ok(Err(_)) => Run {
                output: String::new(),
                outcome: Outcome::Unsupported("the evaluator panicked".to_owned()),
            },
            Err(e) => Run { output: String::new(), outcome: Outcome::Unsupported(e.to_string()) },
        }
    })
}

/// Why evaluation of something does not come to a value.
#[derive(Debug)]
enum Stop {
    Trap(String),
    Failed(Failure),
    Return(Value),
    Break,
    Continue,
    Unsupported(String),
}

impl Stop {
    fn trap(message: impl Into<String>) -> Self {
        Self::Trap(message.into())
    }

    fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported(what.into())
    }
}

type Res<T> = Result<T, Stop>;

/// The variables in scope, innermost first; a closure keeps those of its place.
type Env = Option<Rc<Variable>>;

struct Variable {
    name: Symbol,
    value: RefCell<Value>,
    /// What is expected of its values.
    ty: Type,
    /// Whether it is a constant, which patterns compare with.
    constant: bool,
    outer: Env,
}

/// A call under way.
struct Frame {
    /// What is expected of the result.
    result: Type,
    /// `try` blocks of this function under way.
    tries: u32,
}

struct Interpreter<'a> {
    ast: &'a Ast,
    functions: HashMap<Symbol, FnId>,
    structs: HashMap<Symbol, List<FieldDecl>>,
    enums: HashMap<Symbol, List<VariantDecl>>,
    aliases: HashMap<Symbol, TypeExprId>,
    constants: HashMap<Symbol, (Option<TypeExprId>, ExprId)>,
    state: HashMap<Symbol, Rc<Variable>>,
    /// Names that stand for two things of a kind, which the evaluator does not tell apart.
    ambiguous: bool,
    frames: Vec<Frame>,
    fuel: u64,
    output: String,
}

/// The environment with one more variable.
fn bind(env: &mut Env, name: Symbol, value: Value, ty: Type) {
    let outer = env.take();
    *env = Some(Rc::new(Variable { name, value: RefCell::new(value), ty, constant: false, outer }));
}
