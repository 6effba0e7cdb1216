//! Declarations, and the file as a whole.

use crate::ast::{
    FieldDecl, FnId, Function, Import, Item, ItemId, ItemKind, List, Name, Span, Stmt, StmtId, StmtKind,
    TypeExprId, VariantDecl, sym,
};
use crate::diagnostic::Diagnostic;
use crate::lexer::T;

use super::{Context, Dialect, Parser};

impl Parser<'_> {
    /// Everything.
    pub(super) fn file(&mut self) {
        let mark = self.mark::<ItemId>();
        let outer = self.enter(1);
        loop {
            while self.eat(T::Semi) {}
            if self.at(T::Eof) {
                break;
            }
            let start = self.pos;
            if self.stray_closer() {
                continue;
            }
            let item = self.apart(Self::item);
            self.finish_respelling();
            let failed = self.panicking
                || matches!(self.ast[item].kind, ItemKind::Stmt(id) if matches!(self.ast[id].kind, StmtKind::Error));
            self.put(item);
            if self.panicking {
                self.recover(start);
            } else {
                self.statement_end(start);
            }
            if failed {
                self.lose_names(start);
            }
            if self.pos == start && !self.at(T::Eof) {
                self.bump();
            }
        }
        self.leave(1, outer);
        self.ast.root = self.list_since(mark);
    }

    fn stray_closer(&mut self) -> bool {
        let stray = matches!(self.tok.kind, T::RBrace | T::RParen | T::RBracket | T::FClose | T::FEnd);
        if stray {
            self.misbraced |= self.at(T::RBrace);
            let span = self.tok.span();
            let text = self.text(span).to_owned();
            self.report(
                Diagnostic::error("stray-bracket", span, format!("this `{text}` closes nothing"))
                    .help("remove it, or look for a bracket that is missing or closed too early above"),
            );
            self.bump();
        }
        stray
    }

    /// A declaration or a statement of the file.
    fn item(&mut self) -> ItemId {
        let start = self.tok.start;
        let public = self.eat(T::Pub);
        if public {
            self.foreign_pub_scope();
            while self.at(T::Pub) {
                let span = self.tok.span();
                self.report(Diagnostic::error("syntax", span, "one `pub` is enough").fix(span, ""));
                self.bump();
            }
        }
        let outer = self.enter(1);
        let kind = match self.declaration() {
            Some(kind) => kind,
            None => {
                if self.dialect == Dialect::Declarations && !self.panicking {
                    self.fail(self.unexpected("`capability`, `struct`, `enum` or `type`").help(
                        "a declaration file has no code: capability http { fn get(url: string) -> string }",
                    ));
                    ItemKind::Stmt(self.error_stmt(start))
                } else {
                    ItemKind::Stmt(self.statement())
                }
            }
        };
        self.leave(1, outer);
        let span = self.span_from(start);
        self.ast.add(Item { kind, public, span })
    }

    /// A declaration inside a block.
    pub(super) fn item_statement(&mut self, start: u32) -> StmtId {
        let at = self.tok.span();
        let item = self.item();
        let not_here = match self.ast[item].kind {
            ItemKind::Stmt(statement) => return statement,
            _ if self.ast[item].public => "`pub`",
            ItemKind::Import(_) => "`import`",
            ItemKind::Requires(_) => "`requires`",
            ItemKind::Optional(_) => "`optional`",
            ItemKind::Package(_) => "`package`",
            _ => return self.stmt_at(StmtKind::Item(item), start),
        };
        self.report(
            Diagnostic::error(
                "not-in-block",
                at,
                format!("{not_here} stands at the top of the file, not in a block"),
            )
            .label("move this out of the function"),
        );
        let span = self.span_from(start);
        self.ast.add(Stmt { kind: StmtKind::Error, span })
    }

    /// Whether a contextual keyword begins a declaration here; another word follows it on its line.
    pub(super) fn at_item_word(&self) -> bool {
        let known = matches!(
            self.tok.symbol,
            sym::TYPE | sym::REQUIRES | sym::OPTIONAL | sym::PACKAGE | sym::CAPABILITY
        );
        known && self.at(T::Ident) && self.peek(1).kind == T::Ident && !self.peek(1).line
    }

    fn declaration(&mut self) -> Option<ItemKind> {
        let kind = match self.tok.kind {
            T::Fn if self.peek(1).kind != T::LParen => ItemKind::Fn(self.function()),
            T::Async if self.peek(1).kind == T::Fn && self.peek(2).kind != T::LParen => {
                ItemKind::Fn(self.function())
            }
            T::Struct => self.struct_item(),
            T::Enum => self.enum_item(),
            T::Import => self.import_item(),
            T::Ident if self.at_item_word() => match self.tok.symbol {
                sym::TYPE => self.type_item(),
                sym::REQUIRES => {
                    self.bump();
                    ItemKind::Requires(self.capability_names())
                }
                sym::OPTIONAL => {
                    self.bump();
                    ItemKind::Optional(self.capability_names())
                }
                sym::PACKAGE => {
                    self.bump();
                    ItemKind::Package(self.name_or_missing("the package's name"))
                }
                _ => self.capability_item(),
            },
            _ => return self.foreign_item(),
        };
        Some(kind)
    }

    /// `requires fs, http`. A comma may end a line.
    fn capability_names(&mut self) -> List<Name> {
        let mark = self.mark::<Name>();
        loop {
            if matches!(self.tok.kind, T::Semi | T::Eof) && !self.put_since::<Name>(mark).is_empty() {
                break;
            }
            let Some(name) = self.name("a capability's name") else { break };
            if self.at(T::Dot) {
                let dot = self.tok.span();
                self.fail(
                    Diagnostic::error("capability-name", dot, "whole capabilities are declared here")
                        .label("expected `,` or the end of the line")
                        .help("the host grants single functions; name the group only"),
                );
            }
            self.put(name);
            if self.panicking || !self.eat(T::Comma) {
                break;
            }
        }
        self.list_since(mark)
    }

    /// `fn name(…) -> T { … }`, with or without `async`.
    pub(super) fn function(&mut self) -> FnId {
        let start = self.tok.start;
        let is_async = self.eat(T::Async);
        self.bump();
        self.function_from_name(start, is_async, true)
    }

    /// A function from its name on; in a capability's declaration it has no body.
    pub(super) fn function_from_name(&mut self, start: u32, is_async: bool, body: bool) -> FnId {
        let outer = self.enter(1);
        let name = self.name_or_missing("the function's name");
        self.foreign_type_params();
        let params = if !self.panicking && self.at(T::LParen) {
            self.params(true)
        } else {
            self.fail(self.unexpected("`(` and the parameters"));
            List::EMPTY
        };
        let result = if self.panicking { None } else { self.apart(Self::result_type) };
        let body = if body { Some(self.apart(|p| p.fn_body("fn"))) } else { None };
        self.leave(1, outer);
        let span = self.span_from(start);
        self.ast.add(Function { name: Some(name), params, result, body, is_async, bars: false, span })
    }

    /// Members in braces, separated by commas, semicolons or line ends.
    fn members(&mut self, what: &str, mut member: impl FnMut(&mut Self)) {
        if !self.at(T::LBrace) {
            if !self.panicking {
                self.fail(self.unexpected(what));
            }
            if !self.skip_to_body() {
                return;
            }
        }
        let open = self.pos;
        self.bump();
        self.in_context(Context::BLOCK, |p| {
            loop {
                while p.eat(T::Comma) || p.eat(T::Semi) {}
                if p.closes(open) {
                    return p.bump();
                }
                if matches!(p.tok.kind, T::Eof | T::RBrace | T::FClose | T::FEnd) || p.is_cut_short(open) {
                    return p.unclosed_block(open);
                }
                let start = p.pos;
                member(p);
                let next = matches!(p.tok.kind, T::Fn | T::Async | T::Struct | T::Enum);
                let ended = p.tok.line || next || matches!(p.tok.kind, T::Comma | T::Semi | T::RBrace);
                if !ended && !p.panicking {
                    if p.at(T::Error) {
                        p.panicking = true;
                    }
                    p.fail(p.unexpected("`,` or a line end"));
                }
                if p.panicking {
                    p.recover_entry(start);
                }
            }
        });
    }

    fn struct_item(&mut self) -> ItemKind {
        self.bump();
        let name = self.name_or_missing("the struct's name");
        self.foreign_type_params();
        ItemKind::Struct { name, fields: self.fields() }
    }

    fn fields(&mut self) -> List<FieldDecl> {
        let mark = self.mark::<FieldDecl>();
        self.members("`{` and the fields", |p| {
            p.eat(T::Pub);
            if p.foreign_method() {
                return;
            }
            if !p.tok.kind.is_word() {
                return p.fail(p.unexpected("a field's name"));
            }
            let name = p.name_here();
            p.bump();
            let ty = if p.type_without_colon(name) {
                p.type_after_name(name)
            } else if p.expect(T::Colon, "and a type after the field's name") {
                p.type_expr()
            } else {
                return;
            };
            if p.at(T::Assign) {
                p.fail(
                    Diagnostic::error("field-default", p.tok.span(), "fields have no default values")
                        .label("expected `,` or `}`")
                        .help("write a function that makes the struct with its usual values"),
                );
            }
            p.put(FieldDecl { name, ty });
        });
        self.list_since(mark)
    }

    fn enum_item(&mut self) -> ItemKind {
        self.bump();
        if matches!(self.tok.kind, T::Struct) || self.at_word(sym::CLASS) {
            let span = self.tok.span();
            self.report(
                Diagnostic::error("syntax", span, "an enum is declared by `enum` alone").fix(span, ""),
            );
            self.bump();
        }
        let name = self.name_or_missing("the enum's name");
        self.foreign_type_params();
        let mark = self.mark::<VariantDecl>();
        self.members("`{` and the variants", |p| {
            if p.foreign_method() {
                return;
            }
            let Some(name) = p.name("a variant's name") else { return };
            let payload = p.payload();
            p.put(VariantDecl { name, payload });
        });
        ItemKind::Enum { name, variants: self.list_since(mark) }
    }

    fn payload(&mut self) -> List<TypeExprId> {
        match self.tok.kind {
            T::LParen => self.bracketed(T::RParen, "types", |p| {
                if p.at(T::Ident) && p.peek(1).kind == T::Colon {
                    p.bump();
                    p.bump();
                }
                let ty = p.type_expr();
                p.put(ty);
            }),
            T::LBrace => {
                self.fail(
                    Diagnostic::error(
                        "enum-payload",
                        self.tok.span(),
                        "a variant's values have types, not names",
                    )
                    .label("expected `(`")
                    .help("write `Rect(float, float)`, or let the variant hold a struct"),
                );
                List::EMPTY
            }
            T::Assign => {
                self.fail(
                    Diagnostic::error("enum-value", self.tok.span(), "variants have no numbers")
                        .label("expected `,` or `}`")
                        .help("write a function with a `match` that gives each variant its number"),
                );
                List::EMPTY
            }
            _ => List::EMPTY,
        }
    }

    /// `type Name = T`, or in a declaration `type Name`.
    fn type_item(&mut self) -> ItemKind {
        let start = self.tok.start;
        self.bump();
        let name = self.name_or_missing("the type's name");
        self.foreign_type_params();
        let over = self.tok.line || !matches!(self.tok.kind, T::Assign | T::Struct | T::LBrace);
        if self.dialect == Dialect::Declarations && over && !self.at(T::Assign) {
            return ItemKind::Handle(name);
        }
        if self.at(T::Struct) {
            // `type Name struct {`, as Go writes it.
            let text = self.text(name.span).to_owned();
            let span = Span::new(start, self.tok.end);
            self.report(
                Diagnostic::error("type-struct", span, "a struct is declared as `struct Name { … }`")
                    .fix(span, format!("struct {text}")),
            );
            self.bump();
            return ItemKind::Struct { name, fields: self.fields() };
        }
        if !self.panicking && self.at(T::LBrace) {
            let word = Span::new(start, start + 4);
            self.report(
                Diagnostic::error("type-struct", word, "a struct is declared as `struct Name { … }`")
                    .fix(word, "struct"),
            );
            return ItemKind::Struct { name, fields: self.fields() };
        }
        if !self.panicking {
            self.expect(T::Assign, "and a type");
        }
        let ty = self.type_expr();
        ItemKind::Type { name, ty }
    }

    fn import_item(&mut self) -> ItemKind {
        self.bump();
        let mark = self.mark::<Import>();
        if self.at(T::LParen) {
            let open = self.pos;
            self.in_context(Context::BRACKET, |p| {
                p.bump();
                while !p.panicking && !p.at(T::RParen) {
                    p.import();
                    p.eat(T::Comma);
                    p.eat(T::Semi);
                }
            });
            if (!self.panicking || self.leave_bracket(open)) && !self.eat(T::RParen) {
                self.wrong_end(open, T::RParen);
            }
        } else {
            loop {
                self.import();
                if self.panicking || !self.eat(T::Comma) {
                    break;
                }
            }
        }
        if !self.panicking {
            self.foreign_import_from();
        }
        ItemKind::Import(self.list_since(mark))
    }

    fn import(&mut self) {
        let span = self.tok.span();
        let path = match self.tok.kind {
            T::Ident | T::Str => {
                let path = Name { symbol: self.tok.symbol, span };
                self.bump();
                path
            }
            _ => return self.foreign_import(),
        };
        if self.at(T::Dot) || self.at(T::Slash) || self.at_double_colon() {
            let from = path.span.start;
            while matches!(self.tok.kind, T::Dot | T::Slash | T::Colon | T::Ident) && !self.tok.line {
                self.bump();
            }
            let span = Span::new(from, self.prev_end);
            let fixed = self.text(span).replace("::", "/").replace('.', "/");
            return self.report(
                Diagnostic::error("import-path", span, "a path to a module is written as a string")
                    .fix(span, format!("\"{fixed}\"")),
            );
        }
        let text = self.ast.text(path.symbol).to_owned();
        let text = text.strip_suffix(".mog").unwrap_or(&text);
        let last = text.rsplit('/').next().unwrap_or(text);
        let path = Name { symbol: self.ast.names.intern(text), span };
        let mut name = Name { symbol: self.ast.names.intern(last), span };
        if self.eat(T::As) {
            name = self.name_or_missing("the name to use for it");
        } else if !is_name(last) {
            self.report(
                Diagnostic::error("import-path", span, "the last part of the path is not a name")
                    .label("expected letters, digits and `_` only")
                    .help("`import \"path\" as name` gives it one"),
            );
        }
        self.put(Import { path, name });
    }

    /// `capability http { async fn get(url: string) -> Response }`.
    fn capability_item(&mut self) -> ItemKind {
        let span = self.tok.span();
        if self.dialect == Dialect::Program {
            self.report(
                Diagnostic::error(
                    "capability-in-program",
                    span,
                    "a program does not declare what its host offers",
                )
                .label("this belongs in a `.mogdecl` file")
                .help("to say that the program needs it, write `requires name`"),
            );
        }
        self.bump();
        let name = self.name_or_missing("the capability's name");
        let mark = self.mark::<ItemId>();
        let outer = self.enter(1);
        self.members("`{` and the functions", |p| {
            let start = p.tok.start;
            let public = p.eat(T::Pub);
            let kind = match p.tok.kind {
                T::Fn | T::Async => {
                    let is_async = p.eat(T::Async);
                    if !p.expect(T::Fn, "and the function's name") {
                        return;
                    }
                    ItemKind::Fn(p.function_from_name(start, is_async, false))
                }
                T::Struct => p.struct_item(),
                T::Enum => p.enum_item(),
                T::Ident if p.at_word(sym::TYPE) && p.at_item_word() => p.type_item(),
                _ => return p.fail(p.unexpected("`fn`, `async fn`, `struct`, `enum` or `type`")),
            };
            let span = p.span_from(start);
            let item = p.ast.add(Item { kind, public, span });
            p.put(item);
        });
        self.leave(1, outer);
        ItemKind::Capability { name, members: self.list_since(mark) }
    }
}

fn is_name(text: &str) -> bool {
    !text.starts_with(|first: char| first.is_ascii_digit())
        && !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
