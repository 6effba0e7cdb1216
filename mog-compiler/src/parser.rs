//! Tokens to syntax tree, by recursive descent.
//!
//! - **All errors in one go, no cascades.** A parse function never fails: it reports, sets `panicking`, and returns an
//!   error node. While panicking nothing further is reported. The nearest list or statement that can tell where it goes
//!   on clears the flag (`recover`); which bracket closes which is found by one pass over the tokens, made when the
//!   first error needs it.
//! - **Bounded depth.** [`MAX_NESTING`] bounds the height of the tree, counted in nodes, and with it the recursion of
//!   this parser and of every pass over the tree. Chains of binary operators, lists and `else if` are flat and do not
//!   count by their length.
//! - **Linear time.** The parser never goes back; lookahead is bounded by a constant.

mod bodies;
mod closures;
mod exprs;
mod foreign_exprs;
mod foreign_operands;
mod foreign_signs;
mod foreign_stmts;
mod foreign_types;
mod foreign_words;
mod items;
mod literals;
mod numbers;
mod params;
mod patterns;
mod postfix;
mod recover;
mod respell;
mod stmts;
mod types;

use crate::ast::{
    Ast, Expr, ExprId, ExprKind, Interner, List, Listed, Name, Pools, Span, Symbol, UnaryOp, sym,
};
use crate::diagnostic::{Diagnostic, Diagnostics, FileId};
use crate::lexer::{T, Token, lex};

/// The greatest height of a syntax tree, counted in nodes from an item of the file down. What is nested deeper is an
/// error with a position, and then the tree has no items at all; so a pass may recurse over any tree that it is given.
pub const MAX_NESTING: u32 = 160;

/// The longest source in bytes: offsets fit a `u32`, and so does everything that is counted.
const MAX_LENGTH: usize = 1 << 30;

/// What parsing gives. The tree is whole also after errors.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The tree.
    pub ast: Ast,
    /// Errors and warnings in source order.
    pub diagnostics: Diagnostics,
}

/// What kind of source it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// A program or module (`.mog`).
    #[default]
    Program,
    /// Declarations of capabilities (`.mogdecl`).
    Declarations,
}

/// Parses a program or module.
pub fn parse(source: &str) -> Parsed {
    parse_file(source, FileId::default(), Dialect::Program, Interner::new())
}

/// Parses declarations of capabilities.
pub fn parse_declarations(source: &str) -> Parsed {
    parse_file(source, FileId::default(), Dialect::Declarations, Interner::new())
}

/// Parses one of several files. Symbols of trees that are handed on from one to the next with their interner
/// ([`Ast::names`]) agree with each other.
pub fn parse_file(source: &str, file: FileId, dialect: Dialect, names: Interner) -> Parsed {
    if source.len() > MAX_LENGTH {
        let start = Span::new(0, 0);
        let mut diagnostics = Diagnostics::new(file);
        diagnostics.push(Diagnostic::error("too-long", start, "a source must not be longer than 1 GiB"));
        return Parsed { ast: Ast::with_capacity(0, names), diagnostics };
    }
    let (parsed, misbraced) = run(source, file, dialect, names, false);
    if !misbraced {
        return parsed;
    }
    // A brace is missing or too much somewhere. Indentation may tell where.
    let (guided, _) = run(source, file, dialect, parsed.ast.names.clone(), true);
    if guided.diagnostics.errors() <= parsed.diagnostics.errors() { guided } else { parsed }
}

/// Parses; also gives whether braces do not match.
fn run(source: &str, file: FileId, dialect: Dialect, names: Interner, guided: bool) -> (Parsed, bool) {
    let mut diagnostics = Diagnostics::new(file);
    let mut ast = Ast::with_capacity(source.len(), names);
    let lexed = lex(source, &mut ast.names, &mut diagnostics);
    (ast.comments, ast.lines) = (lexed.comments, lexed.lines);
    let Some(&first) = lexed.tokens.first() else {
        return (Parsed { ast, diagnostics }, false);
    };
    let mut parser = Parser {
        source,
        tokens: lexed.tokens,
        pos: 0,
        tok: first,
        prev_end: 0,
        ast,
        scratch: Pools::with_room(16),
        prefixes: Vec::new(),
        diagnostics,
        context: Context::BLOCK,
        panicking: false,
        depth: 0,
        height: 0,
        too_deep: false,
        guided,
        misbraced: false,
        brackets: None,
        declared_foreign: Vec::new(),
        foreign_function: false,
        quiet_words: false,
        respelling: respell::Respelling::default(),
        dialect,
    };
    if guided {
        let partners = recover::match_by_indentation(&parser.tokens, |offset| parser.indentation(offset));
        parser.brackets = Some(partners);
    }
    if lexed.foreign {
        parser.find_declared_foreign();
    }
    parser.file();
    let Parser { mut ast, mut diagnostics, too_deep, misbraced, .. } = parser;
    if too_deep {
        ast.root = List::EMPTY;
    }
    diagnostics.sort();
    (Parsed { ast, diagnostics }, misbraced)
}

/// What surrounds the place that is being parsed, up to the innermost bracket.
#[derive(Clone, Copy)]
struct Context {
    /// Line ends count.
    lines: bool,
    /// The head of `if`, `while`, `for`, `match`: `{` opens the body.
    head: bool,
    /// A guard, which `=>` ends.
    guard: bool,
    /// Between the bars of a closure's parameters.
    bars: bool,
}

impl Context {
    const BLOCK: Self = Self { lines: true, head: false, guard: false, bars: false };
    const BRACKET: Self = Self { lines: false, head: false, guard: false, bars: false };
}

struct Parser<'a> {
    source: &'a str,
    tokens: Vec<Token>,
    pos: usize,
    /// The current token, `tokens[pos]`.
    tok: Token,
    /// Where the token before it ends.
    prev_end: u32,
    ast: Ast,
    /// Lists under construction, as stacks.
    scratch: Pools,
    /// Prefix operators under construction, as a stack.
    prefixes: Vec<(Prefix, u32)>,
    diagnostics: Diagnostics,
    context: Context,
    panicking: bool,
    /// Nodes between the file and the place that is being parsed, at least.
    depth: u32,
    /// The height of the tree parsed since it was last reset, see [`Parser::apart`].
    height: u32,
    too_deep: bool,
    /// A second attempt, after a brace was found missing at the end: indentation tells which.
    guided: bool,
    /// A block was still open at the end of the file, or a `}` closed nothing.
    misbraced: bool,
    /// For every opening bracket the token that closes it.
    brackets: Option<Vec<u32>>,
    /// Other languages' words for `none`, `true` and so on that this file uses as names of its own.
    declared_foreign: Vec<Symbol>,
    /// In a function that was begun with another language's keyword: once reported is enough.
    foreign_function: bool,
    /// Other languages' words for `some`, `none` and so on are not reported.
    quiet_words: bool,
    /// What bodies without braces need to get some.
    respelling: respell::Respelling,
    dialect: Dialect,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Prefix {
    Unary(UnaryOp),
    Await,
    Spawn,
}

/// The cursor.
impl<'a> Parser<'a> {
    #[inline]
    fn at(&self, kind: T) -> bool {
        self.tok.kind == kind
    }

    /// At a contextual keyword.
    #[inline]
    fn at_word(&self, word: Symbol) -> bool {
        self.tok.kind == T::Ident && self.tok.symbol == word
    }

    #[inline]
    fn bump(&mut self) {
        self.prev_end = self.tok.end;
        if let Some(&next) = self.tokens.get(self.pos + 1) {
            self.pos += 1;
            self.tok = next;
        }
    }

    #[inline]
    fn eat(&mut self, kind: T) -> bool {
        let found = self.at(kind);
        if found {
            self.bump();
        }
        found
    }

    /// The token so far ahead; the last one beyond the end.
    #[inline]
    fn peek(&self, ahead: usize) -> Token {
        self.tokens.get(self.pos + ahead).or(self.tokens.last()).copied().unwrap_or(self.tok)
    }

    fn seek(&mut self, pos: usize) {
        if let Some(&token) = self.tokens.get(pos) {
            self.prev_end =
                pos.checked_sub(1).and_then(|before| self.tokens.get(before)).map_or(0, |t| t.end);
            self.pos = pos;
            self.tok = token;
        }
    }

    /// Whether a line end that counts stands before the current token.
    #[inline]
    fn line_break(&self) -> bool {
        self.tok.line && self.context.lines
    }

    /// Whether the current token directly follows the one before it.
    fn adjacent(&self) -> bool {
        self.tok.start == self.prev_end
    }

    /// From an offset to the end of the last token.
    #[inline]
    fn span_from(&self, start: u32) -> Span {
        Span::new(start, self.prev_end.max(start))
    }

    fn text(&self, span: Span) -> &'a str {
        span.text(self.source)
    }

    fn name_here(&self) -> Name {
        Name { symbol: self.tok.symbol, span: self.tok.span() }
    }

    #[inline]
    fn in_context<R>(&mut self, context: Context, parse: impl FnOnce(&mut Self) -> R) -> R {
        let outer = std::mem::replace(&mut self.context, context);
        let result = parse(self);
        self.context = outer;
        result
    }
}

/// Lists and nodes.
impl Parser<'_> {
    #[inline]
    fn mark<X: Listed>(&mut self) -> usize {
        X::pool_mut(&mut self.scratch).len()
    }

    #[inline]
    fn put<X: Listed>(&mut self, element: X) {
        X::pool_mut(&mut self.scratch).push(element);
    }

    /// What was put since the mark.
    fn put_since<X: Listed>(&self, mark: usize) -> &[X] {
        X::pool(&self.scratch).get(mark..).unwrap_or(&[])
    }

    /// Makes a list of what was put since the mark.
    #[inline]
    fn list_since<X: Listed>(&mut self, mark: usize) -> List<X> {
        let stack = X::pool_mut(&mut self.scratch);
        let list = self.ast.add_list(stack.get(mark..).unwrap_or(&[]));
        stack.truncate(mark);
        list
    }

    #[inline]
    fn expr_at(&mut self, kind: ExprKind, span: Span) -> ExprId {
        self.ast.add(Expr { kind, span })
    }

    #[cold]
    #[inline(never)]
    fn error_expr(&mut self) -> ExprId {
        let span = self.tok.span().before();
        self.expr_at(ExprKind::Error, span)
    }

    /// An empty block where one is missing.
    fn no_block(&mut self) -> crate::ast::BlockId {
        let span = Span::new(self.prev_end, self.prev_end);
        self.ast.add(crate::ast::Block { stmts: List::EMPTY, tail: None, span, braced: false })
    }
}

/// Depth. Every node that is not flat adds one, either by [`Parser::enter`] and [`Parser::leave`] around its children
/// or by [`Parser::grow`] when its first child is parsed already.
impl Parser<'_> {
    /// Goes down into a construct of so many nodes; gives what [`Parser::leave`] needs.
    #[inline]
    fn enter(&mut self, nodes: u32) -> u32 {
        self.depth += nodes;
        if self.depth > MAX_NESTING {
            self.nested_too_deeply();
        }
        std::mem::take(&mut self.height)
    }

    #[inline]
    fn leave(&mut self, nodes: u32, outer_height: u32) {
        self.depth -= nodes;
        self.height += nodes;
        if self.depth + self.height > MAX_NESTING {
            self.nested_too_deeply();
        }
        self.height = self.height.max(outer_height);
    }

    /// The tree parsed last gets a node on top.
    #[inline]
    fn grow(&mut self) {
        self.height += 1;
        if self.depth + self.height > MAX_NESTING {
            self.nested_too_deeply();
        }
    }

    /// Parses something whose height does not add to that of what stands beside it.
    #[inline]
    fn apart<R>(&mut self, parse: impl FnOnce(&mut Self) -> R) -> R {
        let beside = std::mem::take(&mut self.height);
        let result = parse(self);
        self.height = self.height.max(beside);
        result
    }

    #[cold]
    fn nested_too_deeply(&mut self) {
        if !self.too_deep {
            self.too_deep = true;
            self.panicking = false;
            let span =
                if self.at(T::Eof) { Span::new(self.prev_end, self.prev_end) } else { self.tok.span() };
            self.report(
                Diagnostic::error("nested-too-deeply", span, "this is nested too deeply")
                    .label(format!("more than {MAX_NESTING} levels"))
                    .help("move a part into a variable or a function of its own"),
            );
        }
        self.abort();
    }
}

/// Reports.
impl Parser<'_> {
    /// Reports and goes on.
    #[cold]
    #[inline(never)]
    fn report(&mut self, diagnostic: Diagnostic) {
        if !self.panicking {
            self.diagnostics.push(diagnostic);
            if self.diagnostics.is_full() {
                self.abort();
            }
        }
    }

    /// Reports, then keeps silent until the next place where parsing can go on.
    #[cold]
    #[inline(never)]
    fn fail(&mut self, diagnostic: Diagnostic) {
        self.report(diagnostic);
        self.panicking = true;
    }

    /// Goes to the end of the file.
    fn abort(&mut self) {
        self.seek(self.tokens.len() - 1);
        self.panicking = true;
    }

    /// The current token for a message.
    fn found(&self) -> String {
        if self.line_break() && !self.at(T::Eof) {
            return "the end of the line".to_owned();
        }
        match self.tok.kind {
            T::Eof | T::FEnd => self.tok.kind.text().to_owned(),
            T::Str | T::FStart => "a string".to_owned(),
            _ => {
                let text: String = self.text(self.tok.span()).chars().take(30).collect();
                format!("`{text}`")
            }
        }
    }

    /// Where a message about the current token points: at the line end, if that is what was found.
    fn found_span(&self) -> Span {
        if self.at(T::Eof) || self.line_break() {
            Span::new(self.prev_end, self.prev_end)
        } else {
            self.tok.span()
        }
    }

    /// An error that something else was expected here.
    #[cold]
    #[inline(never)]
    fn unexpected(&self, expected: &str) -> Diagnostic {
        let message = format!("expected {expected}, found {}", self.found());
        Diagnostic::error("syntax", self.found_span(), message).label(format!("expected {expected}"))
    }

    /// Takes a token that must be there.
    fn expect(&mut self, kind: T, purpose: &str) -> bool {
        if self.eat(kind) {
            return true;
        }
        if self.at(T::Error) {
            self.panicking = true;
        }
        self.fail(self.unexpected(&format!("`{}` {purpose}", kind.text())));
        false
    }

    /// Takes the name of something.
    #[inline]
    fn name(&mut self, what: &str) -> Option<Name> {
        if self.at(T::Ident) {
            let name = self.name_here();
            self.bump();
            return Some(name);
        }
        self.no_name(what)
    }

    #[inline(never)]
    fn no_name(&mut self, what: &str) -> Option<Name> {
        if self.at(T::Error) {
            self.panicking = true;
        }
        let span = self.tok.span();
        let error = if self.tok.kind.is_word() && !self.line_break() {
            let word = self.text(span);
            Diagnostic::error("keyword-as-name", span, format!("`{word}` is a keyword and cannot be {what}"))
                .fix(span, format!("{word}_"))
        } else {
            self.unexpected(what)
        };
        let keyword = self.tok.kind.is_word() && !self.line_break();
        if !keyword {
            self.fail(error);
            return None;
        }
        self.report(error);
        let name = self.name_here();
        self.bump();
        Some(name)
    }

    /// A name that must be there, or one that stands for it.
    fn name_or_missing(&mut self, what: &str) -> Name {
        let missing = Name { symbol: sym::UNDERSCORE, span: Span::new(self.prev_end, self.prev_end) };
        self.name(what).unwrap_or(missing)
    }
}
