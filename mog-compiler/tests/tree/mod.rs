//! A syntax tree as text, for comparing.
//!
//! `a + b * c` is `(a + b * c)`, a parenthesised expression `(paren …)`, other nodes begin with what they are. A block
//! is `{stmt; stmt; value}`, with `{stmt;}` when it has no value.

#![allow(dead_code)] // each test file uses its part

use mog_compiler::ast::{
    Arg, Ast, BlockId, ExprId, ExprKind, FPart, FnId, ItemId, ItemKind, List, Name, PatId, PatKind, StmtId,
    StmtKind, Symbol, TypeExprId, TypeKind, UnaryOp,
};
use mog_compiler::diagnostic::{Diagnostics, FileId, SourceFile};
use mog_compiler::parser::{Parsed, parse, parse_declarations};

/// A source's tree; fails if there are errors.
pub(crate) fn tree(source: &str) -> String {
    clean(source, &parse(source))
}

/// The same for declarations.
pub(crate) fn declarations(source: &str) -> String {
    clean(source, &parse_declarations(source))
}

fn clean(source: &str, parsed: &Parsed) -> String {
    assert!(!parsed.diagnostics.has_errors(), "{source}\n{}", rendered(source, &parsed.diagnostics));
    dump(&parsed.ast)
}

/// All items, one a line.
pub(crate) fn dump(ast: &Ast) -> String {
    let mut printer = Printer { ast, depth: 0, height: 0 };
    let items: Vec<_> = ast.list(ast.root).iter().map(|&item| printer.item(item)).collect();
    items.join("\n")
}

/// The greatest number of nodes on a path from an item down.
pub(crate) fn height(ast: &Ast) -> usize {
    let mut printer = Printer { ast, depth: 0, height: 0 };
    for &item in ast.list(ast.root) {
        printer.item(item);
    }
    printer.height
}

/// The diagnostics as a terminal shows them.
pub(crate) fn rendered(source: &str, diagnostics: &Diagnostics) -> String {
    diagnostics.render(&[SourceFile::new("test.mog", source)], false)
}

/// `line:column code` of every diagnostic.
pub(crate) fn codes(source: &str) -> Vec<String> {
    let file = SourceFile::new("test.mog", source);
    let parsed = parse(source);
    let place = |at| file.position(at);
    parsed
        .diagnostics
        .iter()
        .map(|d| {
            assert_eq!(d.file, FileId(0));
            let (line, column) = place(d.span.start);
            format!("{line}:{column} {}", d.code)
        })
        .collect()
}

struct Printer<'a> {
    ast: &'a Ast,
    depth: usize,
    height: usize,
}

impl Printer<'_> {
    fn down(&mut self, print: impl FnOnce(&mut Self) -> String) -> String {
        self.depth += 1;
        self.height = self.height.max(self.depth);
        let text = print(self);
        self.depth -= 1;
        text
    }

    fn symbol(&self, symbol: Symbol) -> String {
        self.ast.text(symbol).to_owned()
    }

    fn path(&self, path: List<Name>) -> String {
        let names: Vec<_> = self.ast.list(path).iter().map(|name| self.symbol(name.symbol)).collect();
        names.join(".")
    }

    fn exprs(&mut self, list: List<ExprId>) -> String {
        let texts: Vec<_> = self.ast.list(list).iter().map(|&id| self.expr(id)).collect();
        texts.join(" ")
    }

    fn expr(&mut self, id: ExprId) -> String {
        self.down(|p| p.expr_kind(p.ast[id].kind))
    }

    fn option(&mut self, id: Option<ExprId>) -> String {
        id.map_or_else(|| "_".to_owned(), |id| self.expr(id))
    }

    fn expr_kind(&mut self, kind: ExprKind) -> String {
        match kind {
            ExprKind::Error => "ERROR".to_owned(),
            ExprKind::Unit => "()".to_owned(),
            ExprKind::None => "none".to_owned(),
            ExprKind::Bool(value) => value.to_string(),
            ExprKind::Int(value) => value.to_string(),
            ExprKind::Float(value) => format!("{value:?}"),
            ExprKind::Str(text) => format!("{:?}", self.symbol(text)),
            ExprKind::Name(name) => self.symbol(name),
            ExprKind::Break => "break".to_owned(),
            ExprKind::Continue => "continue".to_owned(),
            ExprKind::Paren(inner) => format!("(paren {})", self.expr(inner)),
            ExprKind::Question(inner) => format!("(? {})", self.expr(inner)),
            ExprKind::Await(inner) => format!("(await {})", self.expr(inner)),
            ExprKind::Spawn(inner) => format!("(spawn {})", self.expr(inner)),
            ExprKind::Return(None) => "return".to_owned(),
            ExprKind::Return(Some(value)) => format!("(return {})", self.expr(value)),
            ExprKind::Array(elements) => format!("[{}]", self.exprs(elements)),
            ExprKind::Repeat { value, count } => format!("[{}; {}]", self.expr(value), self.expr(count)),
            ExprKind::Map(entries) => {
                let entries = self.ast.list(entries).iter();
                let texts: Vec<_> =
                    entries.map(|e| format!("{}: {}", self.expr(e.key), self.expr(e.value))).collect();
                format!("{{{}}}", texts.join(", "))
            }
            ExprKind::FString(parts) => {
                let mut text = "f".to_owned();
                for &part in self.ast.list(parts) {
                    text.push_str(&match part {
                        FPart::Text(text) => format!(" {:?}", self.symbol(text)),
                        FPart::Value { value, decimals: None } => format!(" {}", self.expr(value)),
                        FPart::Value { value, decimals: Some(n) } => format!(" {}:.{n}", self.expr(value)),
                    });
                }
                format!("({text})")
            }
            ExprKind::Struct { path, fields } => {
                let fields = self.ast.list(fields).iter();
                let texts: Vec<_> = fields
                    .map(|field| match field.short {
                        true => self.symbol(field.name.symbol),
                        false => format!("{}: {}", self.symbol(field.name.symbol), self.expr(field.value)),
                    })
                    .collect();
                format!("({} {{{}}})", self.path(path), texts.join(", "))
            }
            ExprKind::Chain { first, rest, .. } => {
                let mut text = self.expr(first);
                for term in self.ast.list(rest) {
                    text.push_str(&format!(" {} {}", term.op.text(), self.expr(term.operand)));
                }
                format!("({text})")
            }
            ExprKind::Unary { op, operand } => {
                let op = match op {
                    UnaryOp::Neg => "-",
                    UnaryOp::Not => "not",
                    UnaryOp::BitNot => "~",
                };
                format!("({op} {})", self.expr(operand))
            }
            ExprKind::Cast { value, ty } => format!("({} as {})", self.expr(value), self.ty(ty)),
            ExprKind::Is { value, pattern } => format!("({} is {})", self.expr(value), self.pat(pattern)),
            ExprKind::Range { start, end, inclusive } => {
                format!("({} {} {})", self.expr(start), if inclusive { "..=" } else { ".." }, self.expr(end))
            }
            ExprKind::Call { callee, args } => {
                let mut text = self.expr(callee);
                for &Arg { name, value } in self.ast.list(args) {
                    let name =
                        name.map_or_else(String::new, |name| format!("{}: ", self.symbol(name.symbol)));
                    text.push_str(&format!(" {name}{}", self.expr(value)));
                }
                format!("(call {text})")
            }
            ExprKind::Field { base, name } => format!("{}.{}", self.expr(base), self.symbol(name.symbol)),
            ExprKind::Index { base, indices } => format!("(at {} {})", self.expr(base), self.exprs(indices)),
            ExprKind::Slice { base, start, end, inclusive } => {
                let dots = if inclusive { "..=" } else { ".." };
                format!("(slice {} {} {dots} {})", self.expr(base), self.option(start), self.option(end))
            }
            ExprKind::If { arms, otherwise } => {
                let arms = self.ast.list(arms).iter();
                let mut texts: Vec<_> = arms
                    .map(|arm| format!("if {} {}", self.expr(arm.condition), self.block(arm.body)))
                    .collect();
                texts.extend(otherwise.map(|block| self.block(block)));
                format!("({})", texts.join(" else "))
            }
            ExprKind::Match { value, arms } => {
                let mut text = self.expr(value);
                for arm in self.ast.list(arms) {
                    let guard =
                        arm.guard.map_or_else(String::new, |guard| format!(" if {}", self.expr(guard)));
                    text.push_str(&format!(", {}{guard} => {}", self.pat(arm.pattern), self.expr(arm.body)));
                }
                format!("(match {text})")
            }
            ExprKind::Block(block) => self.block(block),
            ExprKind::Try { body, name, handler } => {
                let name = name.map_or_else(|| "_".to_owned(), |name| self.symbol(name.symbol));
                format!("(try {} catch {name} {})", self.block(body), self.block(handler))
            }
            ExprKind::Closure(function) => self.function(function),
            ExprKind::TensorType(element) => format!("tensor<{}>", self.ty(element)),
            ExprKind::Soa { path, count } => format!("(soa {} {})", self.path(path), self.expr(count)),
        }
    }

    fn block(&mut self, id: BlockId) -> String {
        self.down(|p| {
            let block = p.ast[id];
            let mut text = String::new();
            for &stmt in p.ast.list(block.stmts) {
                text.push_str(&p.stmt(stmt));
                text.push_str("; ");
            }
            match block.tail {
                Some(tail) => text.push_str(&p.expr(tail)),
                None => text.truncate(text.trim_end().len()),
            }
            if block.braced { format!("{{{text}}}") } else { format!("<{text}>") }
        })
    }

    fn typed(&mut self, ty: Option<TypeExprId>) -> String {
        ty.map_or_else(String::new, |ty| format!(": {}", self.ty(ty)))
    }

    fn stmt(&mut self, id: StmtId) -> String {
        self.down(|p| match p.ast[id].kind {
            StmtKind::Error => "ERROR".to_owned(),
            StmtKind::Let { name, ty, value } => {
                format!("let {}{} = {}", p.symbol(name.symbol), p.typed(ty), p.expr(value))
            }
            StmtKind::Const { name, ty, value } => {
                format!("const {}{} = {}", p.symbol(name.symbol), p.typed(ty), p.expr(value))
            }
            StmtKind::Assign { target, op, value } => {
                format!("{} {}= {}", p.expr(target), op.map_or("", |op| op.text()), p.expr(value))
            }
            StmtKind::Expr(value) => p.expr(value),
            StmtKind::While { condition, body } => format!("while {} {}", p.expr(condition), p.block(body)),
            StmtKind::Loop(body) => format!("loop {}", p.block(body)),
            StmtKind::For { first, second, iterable, body } => {
                let second = second.map_or_else(String::new, |name| format!(", {}", p.symbol(name.symbol)));
                let names = format!("{}{second}", p.symbol(first.symbol));
                format!("for {names} in {} {}", p.expr(iterable), p.block(body))
            }
            StmtKind::Item(item) => p.item(item),
        })
    }

    fn pats(&mut self, list: List<PatId>, between: &str) -> String {
        let texts: Vec<_> = self.ast.list(list).iter().map(|&id| self.pat(id)).collect();
        texts.join(between)
    }

    fn pat(&mut self, id: PatId) -> String {
        self.down(|p| match p.ast[id].kind {
            PatKind::Error => "ERROR".to_owned(),
            PatKind::Wildcard => "_".to_owned(),
            PatKind::Name(name) => p.symbol(name),
            PatKind::Literal(value) => p.expr(value),
            PatKind::Range { start, end, inclusive } => {
                format!("({} {} {})", p.expr(start), if inclusive { "..=" } else { ".." }, p.expr(end))
            }
            PatKind::Or(alternatives) => format!("({})", p.pats(alternatives, " | ")),
            PatKind::None => "none!".to_owned(),
            PatKind::Some(inner) => format!("some!({})", p.pat(inner)),
            PatKind::Ok(inner) => format!("ok!({})", p.pat(inner)),
            PatKind::Err(inner) => format!("err!({})", p.pat(inner)),
            PatKind::Variant { path, args, parens } => match parens {
                true => format!("{}({})", p.path(path), p.pats(args, ", ")),
                false => p.path(path),
            },
            PatKind::Struct { path, fields, open } => {
                let fields = p.ast.list(fields).iter();
                let mut texts: Vec<_> = fields
                    .map(|field| match field.short {
                        true => p.symbol(field.name.symbol),
                        false => format!("{}: {}", p.symbol(field.name.symbol), p.pat(field.pattern)),
                    })
                    .collect();
                texts.extend(open.then(|| "..".to_owned()));
                format!("{} {{{}}}", p.path(path), texts.join(", "))
            }
        })
    }

    fn types(&mut self, list: List<TypeExprId>) -> String {
        let texts: Vec<_> = self.ast.list(list).iter().map(|&id| self.ty(id)).collect();
        texts.join(", ")
    }

    fn ty(&mut self, id: TypeExprId) -> String {
        self.down(|p| match p.ast[id].kind {
            TypeKind::Error => "ERROR".to_owned(),
            TypeKind::Named(path) => p.path(path),
            TypeKind::Array(element) => format!("[{}]", p.ty(element)),
            TypeKind::Map { key, value } => format!("{{{}: {}}}", p.ty(key), p.ty(value)),
            TypeKind::Optional(inner) => format!("?{}", p.ty(inner)),
            TypeKind::Result(inner) => format!("Result<{}>", p.ty(inner)),
            TypeKind::Future(inner) => format!("Future<{}>", p.ty(inner)),
            TypeKind::Tensor(element) => format!("tensor<{}>", p.ty(element)),
            TypeKind::Soa(path) => format!("soa {}", p.path(path)),
            TypeKind::Fn { params, result } => {
                let result = result.map_or_else(String::new, |result| format!(" -> {}", p.ty(result)));
                format!("fn({}){result}", p.types(params))
            }
            TypeKind::Unit => "()".to_owned(),
        })
    }

    fn function(&mut self, id: FnId) -> String {
        self.down(|p| {
            let function = p.ast[id];
            let mut params = Vec::new();
            for param in p.ast.list(function.params) {
                let default = param.default.map_or_else(String::new, |value| format!(" = {}", p.expr(value)));
                params.push(format!("{}{}{default}", p.symbol(param.name.symbol), p.typed(param.ty)));
            }
            let name = function.name.map_or_else(String::new, |name| format!(" {}", p.symbol(name.symbol)));
            let result = function.result.map_or_else(String::new, |ty| format!(" -> {}", p.ty(ty)));
            let body = function.body.map_or_else(String::new, |body| format!(" {}", p.block(body)));
            let keyword = if function.is_async { "async fn" } else { "fn" };
            format!("({keyword}{name}({}){result}{body})", params.join(", "))
        })
    }

    fn names(&self, list: List<Name>) -> String {
        self.path(list).replace('.', ", ")
    }

    fn item(&mut self, id: ItemId) -> String {
        let item = self.ast[id];
        let text = self.down(|p| match item.kind {
            ItemKind::Fn(function) => p.function(function),
            ItemKind::Struct { name, fields } => {
                let fields = p.ast.list(fields).iter();
                let texts: Vec<_> = fields
                    .map(|field| format!("{}: {}", p.symbol(field.name.symbol), p.ty(field.ty)))
                    .collect();
                format!("struct {} {{{}}}", p.symbol(name.symbol), texts.join(", "))
            }
            ItemKind::Enum { name, variants } => {
                let variants = p.ast.list(variants).iter();
                let texts: Vec<_> = variants
                    .map(|variant| match variant.payload.is_empty() {
                        true => p.symbol(variant.name.symbol),
                        false => format!("{}({})", p.symbol(variant.name.symbol), p.types(variant.payload)),
                    })
                    .collect();
                format!("enum {} {{{}}}", p.symbol(name.symbol), texts.join(", "))
            }
            ItemKind::Package(name) => format!("package {}", p.symbol(name.symbol)),
            ItemKind::Type { name, ty } => format!("type {} = {}", p.symbol(name.symbol), p.ty(ty)),
            ItemKind::Handle(name) => format!("type {}", p.symbol(name.symbol)),
            ItemKind::Import(imports) => {
                let imports = p.ast.list(imports).iter();
                let texts: Vec<_> = imports
                    .map(|import| {
                        format!("{:?} as {}", p.symbol(import.path.symbol), p.symbol(import.name.symbol))
                    })
                    .collect();
                format!("import {}", texts.join(", "))
            }
            ItemKind::Requires(names) => format!("requires {}", p.names(names)),
            ItemKind::Optional(names) => format!("optional {}", p.names(names)),
            ItemKind::Capability { name, members } => {
                let members: Vec<_> = p.ast.list(members).iter().map(|&member| p.item(member)).collect();
                format!("capability {} {{{}}}", p.symbol(name.symbol), members.join("; "))
            }
            ItemKind::Stmt(stmt) => p.stmt(stmt),
        });
        if item.public { format!("pub {text}") } else { text }
    }
}
