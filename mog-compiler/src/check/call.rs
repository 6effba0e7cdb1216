//! Calls: of declared functions, of values, of methods.

use super::infer::Want;
use super::items::DefaultValue;
use super::method::{self, ASKING};
use super::scope::Def;
use super::typename::built_in;
use super::{Checker, Parameter, Parameters, foreign, foreign_format};
use crate::ast::{self, Arg, List, Name, Span};
use crate::hir::{Asked, ExprId, ExprKind, Exprs, FuncId};
use crate::types::{EnumId, Ty, TyKind, Types};

impl<'a> Checker<'a> {
    /// `callee(args)`.
    #[inline(never)]
    pub(super) fn call(
        &mut self,
        callee: ast::ExprId,
        args: List<Arg>,
        span: Span,
        asked: Asked,
        want: Want,
    ) -> ExprId {
        let args = self.ast.list(args);
        let callee = self.ast.without_parens(callee);
        match self.ast[callee].kind {
            ast::ExprKind::Name(symbol) => {
                let name = Name { symbol, span: self.ast[callee].span };
                self.call_name(name, args, span, asked, want)
            }
            ast::ExprKind::Field { base, name } => self.call_field(base, name, args, span, asked, want),
            ast::ExprKind::TensorType(element) => {
                let dtype = self.dtype(element);
                self.tensor(Some(dtype), args, self.ast[callee].span, span, want)
            }
            _ => {
                let node = self.infer(callee, Want::Any);
                self.call_value(node, args, span)
            }
        }
    }

    fn call_name(&mut self, name: Name, args: &'a [Arg], span: Span, asked: Asked, want: Want) -> ExprId {
        match self.lookup(name) {
            Some(def) => self.call_def(def, name, args, span),
            None => self.call_builtin(name, args, span, asked, want),
        }
    }

    /// A call of what a name stands for.
    fn call_def(&mut self, def: Def, name: Name, args: &'a [Arg], span: Span) -> ExprId {
        match def {
            Def::Func(func) => self.call_func(func, name, args, span),
            Def::Struct(_) | Def::Enum(_) | Def::Alias(_) => self.call_of_type(name, args, span),
            _ => {
                let node = self.def_value(def, name.symbol, name.span);
                self.call_value(node, args, span)
            }
        }
    }

    /// Arguments of a call that is wrong anyway: for the errors inside them. What their closures take is not known, and
    /// not complained about.
    pub(super) fn arguments_of_broken(&mut self, args: &[Arg], span: Span) -> ExprId {
        for arg in args {
            self.expr(arg.value, Want::Type(Types::ERROR));
        }
        self.broken(span)
    }

    #[cold]
    #[inline(never)]
    fn call_of_type(&mut self, name: Name, args: &[Arg], span: Span) -> ExprId {
        let text = self.text(name.symbol);
        let help = match self.peek(name.symbol) {
            Some(Def::Enum(_)) => format!("a value is made from a variant: {text}.Variant(…)"),
            _ => format!("a value is made with {text} {{ field: value }}"),
        };
        let literal = self.literal_of(name, args);
        self.error(name.span, "not-a-function", format!("`{text}` is a type, not a function"))
            .help(help)
            .fix_with(span, literal);
        self.arguments_of_broken(args, span)
    }

    /// `Point(1, 2)` as a struct literal.
    fn literal_of(&self, name: Name, args: &[Arg]) -> Option<String> {
        let Some(Def::Struct(id)) = self.peek(name.symbol) else { return None };
        let fields = &self.hir.types.structs.get(id.0 as usize)?.fields;
        if fields.len() != args.len() || args.iter().any(|arg| arg.name.is_some()) {
            return None;
        }
        let values = args.iter().map(|arg| self.source(self.ast[arg.value].span));
        let parts: Vec<String> = fields.iter().zip(values).map(|((f, _), v)| format!("{f}: {v}")).collect();
        Some(format!("{} {{ {} }}", self.text(name.symbol), parts.join(", ")))
    }

    /// A call of a declared function, defaults filled in.
    #[inline(never)]
    fn call_func(&mut self, func: FuncId, name: Name, args: &'a [Arg], span: Span) -> ExprId {
        let Some(signature) = self.signatures.get(func.0 as usize) else { return self.broken(span) };
        let (params, ret) =
            (Parameters::from_slice(&signature.params), signature.future.unwrap_or(signature.ret));
        match self.arguments(&params, name, args, span) {
            Some((before, nodes)) => {
                let node = self.emit(ExprKind::Call(func, nodes), ret, span);
                self.after(before, node)
            }
            None => self.emit(ExprKind::Unit, ret, span),
        }
    }

    /// The arguments of a call in the order of the parameters, after what must be computed before. `None` if they are
    /// wrong, which has been reported.
    pub(super) fn arguments(
        &mut self,
        params: &[Parameter<'_>],
        name: Name,
        args: &[Arg],
        span: Span,
    ) -> Option<(Exprs, Exprs)> {
        if args.len() == params.len() && args.iter().all(|arg| arg.name.is_none()) {
            let nodes =
                args.iter().zip(params).map(|(arg, param)| self.expr(arg.value, Want::Type(param.ty)));
            return Some((Exprs::new(), nodes.collect()));
        }
        let mut given = vec![false; params.len()];
        let mut written = Vec::with_capacity(params.len());
        let mut named = false;
        for (at, arg) in args.iter().enumerate() {
            let slot = match arg.name {
                Some(name) => {
                    named = true;
                    let text = self.text(name.symbol);
                    params.iter().position(|param| param.name == text)
                }
                None if named => None,
                None => Some(at),
            };
            let free =
                |slot: &usize| given.get_mut(*slot).is_some_and(|given| !std::mem::replace(given, true));
            let Some((slot, param)) = slot.filter(free).and_then(|slot| Some((slot, params.get(slot)?)))
            else {
                self.wrong_argument(params, name, args, at);
                self.arguments_of_broken(args.get(at..).unwrap_or(&[]), span);
                return None;
            };
            if let Some(label) = arg.name {
                self.note_label(label, param);
            }
            let node = self.expr(arg.value, Want::Type(param.ty));
            written.push((slot, node));
        }
        for (slot, param) in params.iter().enumerate() {
            if given.get(slot).is_some_and(|given| !given) {
                let Some(node) = self.default_argument(param.default, span) else {
                    self.missing_argument(params, slot, name);
                    return None;
                };
                written.push((slot, node));
            }
        }
        Some(self.in_order(written, params.len(), span))
    }

    #[cold]
    #[inline(never)]
    fn wrong_argument(&mut self, params: &[Parameter<'_>], name: Name, args: &[Arg], at: usize) {
        let function = self.text(name.symbol);
        let Some(arg) = args.get(at) else { return };
        match arg.name {
            Some(given) => {
                let text = self.text(given.symbol);
                let known = params.iter().any(|param| param.name == text);
                let (message, near) = if known {
                    (format!("the argument `{text}` is given twice"), None)
                } else {
                    let near = self.nearest(text, params.iter().map(|param| param.name));
                    (format!("`{function}` has no parameter `{text}`"), near)
                };
                let report = self.error(given.span, "unknown-argument", message);
                match near {
                    Some(near) => report.help(format!("did you mean `{near}`?")).fix(given.span, near),
                    None => report.help(format!("its parameters are: {}", names_of(params))),
                };
            }
            None if at >= params.len() => self.wrong_count(name.span, function, params.len(), args.len()),
            None => {
                let span = self.ast[arg.value].span;
                self.error(span, "argument-order", "arguments without a name come before those with one");
            }
        }
    }

    fn default_argument(&mut self, default: DefaultValue, span: Span) -> Option<ExprId> {
        match default {
            DefaultValue::Required => None,
            DefaultValue::Pending => Some(self.broken(span)),
            DefaultValue::Constant(value, ty) => Some(self.constant(value, ty, span)),
            DefaultValue::EmptyArray(ty) => Some(self.emit(ExprKind::ArrayLit(Exprs::new()), ty, span)),
            DefaultValue::Computed(func) => {
                let ret = self.hir.funcs.get(func.0 as usize).map_or(Types::ERROR, |func| func.ret);
                Some(self.emit(ExprKind::Call(func, Exprs::new()), ret, span))
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn missing_argument(&mut self, params: &[Parameter<'_>], slot: usize, name: Name) {
        let Some(param) = params.get(slot) else { return };
        let function = self.text(name.symbol);
        let missing = format!("{}: {}", param.name, self.show(param.ty));
        let all = params.iter().map(|param| format!("{}: {}", param.name, self.show(param.ty)));
        let all = all.collect::<Vec<_>>().join(", ");
        self.error(name.span, "missing-argument", format!("`{function}` needs the argument `{missing}`"))
            .help(format!("it is declared as {function}({all})"));
    }

    /// A call of a function value.
    #[inline(never)]
    pub(super) fn call_value(&mut self, callee: ExprId, args: &[Arg], span: Span) -> ExprId {
        let ty = self.ty_of(callee);
        let (params, ret) = match self.kind(ty) {
            TyKind::Fn(params, ret) => (params.clone(), *ret),
            TyKind::Var(_) => return self.call_unknown(callee, args, span),
            TyKind::Never => {
                self.arguments_of_broken(args, span);
                return callee;
            }
            TyKind::Error => return self.arguments_of_broken(args, span),
            _ => return self.not_callable(callee, args, span),
        };
        if params.len() != args.len() {
            let at = self.hir.expr(callee).span;
            self.wrong_count(at, self.source(at), params.len(), args.len());
            self.arguments_of_broken(args, span);
            return self.emit(ExprKind::Unit, ret, span);
        }
        let mut nodes = Exprs::with_capacity(args.len());
        for (arg, param) in args.iter().zip(params) {
            self.no_name(arg);
            nodes.push(self.expr(arg.value, Want::Type(param)));
        }
        self.emit(ExprKind::CallValue(callee, nodes), ret, span)
    }

    /// A call of something whose type is not known yet: the arguments tell.
    fn call_unknown(&mut self, callee: ExprId, args: &[Arg], span: Span) -> ExprId {
        let nodes: Exprs = args.iter().map(|arg| self.expr(arg.value, Want::Any)).collect();
        let params = nodes.iter().map(|&node| self.ty_of(node)).collect();
        let ret = self.hir.types.fresh();
        let ty = self.make(TyKind::Fn(params, ret), span);
        if !self.unify(self.ty_of(callee), ty) {
            return self.broken(span);
        }
        self.emit(ExprKind::CallValue(callee, nodes), ret, span)
    }

    #[cold]
    #[inline(never)]
    fn not_callable(&mut self, callee: ExprId, args: &[Arg], span: Span) -> ExprId {
        let (found, at) = (self.show(self.ty_of(callee)), self.hir.expr(callee).span);
        let field = args.is_empty() && matches!(self.hir.expr(callee).kind, ExprKind::Field(..));
        let parens = (field && self.source(span).ends_with("()")).then(|| Span::new(span.end - 2, span.end));
        let help = if field { "a field is read without parentheses" } else { "only functions are called" };
        self.error(at, "not-a-function", format!("this is `{found}`, not a function"))
            .help(help)
            .fix_with(parens.unwrap_or(at), parens.map(|_| ""));
        self.arguments_of_broken(args, span)
    }

    /// `base.name(args)`.
    #[inline(never)]
    fn call_field(
        &mut self,
        base: ast::ExprId,
        name: Name,
        args: &'a [Arg],
        span: Span,
        asked: Asked,
        want: Want,
    ) -> ExprId {
        if let ast::ExprKind::TensorType(element) = self.ast[base].kind {
            return self.call_on_tensor_type(element, name, args, span, want);
        }
        match self.type_expr(base) {
            Some(Def::Enum(id)) => return self.variant_value(id, name, args, true, span),
            Some(_) => return self.call_on_type(base, name, args, span),
            None => {}
        }
        if let Some(of) = self.as_name(base) {
            match self.peek(of.symbol) {
                Some(Def::Module(unit)) => return self.call_module(unit, name, args, span),
                None if built_in(self.text(of.symbol)).is_none() => {
                    return self.call_capability(of, name, args, span, asked);
                }
                None => return self.call_on_type(base, name, args, span),
                Some(_) => {}
            }
        }
        let text = self.text(name.symbol);
        if ASKING.contains(&text) {
            return self.asking_method(base, name, args, span);
        }
        let node = self.infer(base, Want::Any);
        self.call_method(node, name, args, span, asked)
    }

    #[cold]
    #[inline(never)]
    fn call_on_type(&mut self, base: ast::ExprId, name: Name, args: &[Arg], span: Span) -> ExprId {
        let (of, text) = (self.source(self.ast[base].span), self.text(name.symbol));
        let help = match self.type_expr(base) {
            Some(Def::Struct(_)) => {
                format!("make a value with {of} {{ field: value }}; functions stand outside of types")
            }
            _ if text == "parse" => format!("write parse_{of}(s)"),
            _ => "functions stand outside of types".to_owned(),
        };
        self.error(name.span, "unknown-function", format!("`{of}` has no function `{text}`")).help(help);
        self.arguments_of_broken(args, span)
    }

    fn call_module(&mut self, unit: u32, name: Name, args: &'a [Arg], span: Span) -> ExprId {
        match self.module_member(unit, name) {
            Some(def) => self.call_def(def, name, args, span),
            None => {
                self.unknown_member(unit, name);
                self.arguments_of_broken(args, span)
            }
        }
    }

    /// `Shape.Circle(r)`, `Shape.Empty`.
    #[inline(never)]
    pub(super) fn variant_value(
        &mut self,
        id: EnumId,
        name: Name,
        args: &[Arg],
        called: bool,
        span: Span,
    ) -> ExprId {
        let ty = self.hir.types.intern(TyKind::Enum(id));
        let text = self.text(name.symbol);
        let Some((number, payload)) = self.variant_of(id, text) else {
            self.unknown_variant(id, name);
            self.arguments_of_broken(args, span);
            return self.emit(ExprKind::Unit, ty, span);
        };
        if payload.len() != args.len() {
            self.wrong_payload(text, &payload, args.len(), called, name.span);
            self.arguments_of_broken(args, span);
            return self.emit(ExprKind::Unit, ty, span);
        }
        let mut nodes = Exprs::with_capacity(args.len());
        for (arg, want) in args.iter().zip(payload) {
            self.no_name(arg);
            nodes.push(self.expr(arg.value, Want::Type(want)));
        }
        self.emit(ExprKind::EnumLit(id, number, nodes), ty, span)
    }

    /// A variant by name: its number and payload.
    pub(super) fn variant_of(&self, id: EnumId, name: &str) -> Option<(u32, Vec<Ty>)> {
        let def = self.hir.types.enums.get(id.0 as usize)?;
        let number = def.variants.find(name)?;
        def.variants.get(number).map(|(_, payload)| (number as u32, payload.clone()))
    }

    /// Reports a variant that an enum does not have.
    #[cold]
    #[inline(never)]
    pub(super) fn unknown_variant(&mut self, id: EnumId, name: Name) {
        let text = self.text(name.symbol);
        let Some(def) = self.hir.types.enums.get(id.0 as usize) else { return };
        let names: Vec<&str> = def.variants.iter().map(|(name, _)| name.as_str()).collect();
        let message = format!("`{}` has no variant `{text}`", def.name);
        let near = self.nearest(text, names.iter().copied()).map(str::to_owned);
        let all = names.join(", ");
        let report = self.error(name.span, "unknown-variant", message);
        match near {
            Some(near) => report.help(format!("did you mean `{near}`?")).fix(name.span, near),
            None => report.help(format!("its variants are: {all}")),
        };
    }

    /// Reports a variant with the wrong number of values.
    #[cold]
    #[inline(never)]
    pub(super) fn wrong_payload(
        &mut self,
        text: &str,
        payload: &[Ty],
        found: usize,
        called: bool,
        span: Span,
    ) {
        let types: Vec<String> = payload.iter().map(|&ty| self.show(ty)).collect();
        let shape = if types.is_empty() { text.to_owned() } else { format!("{text}({})", types.join(", ")) };
        let message = match (types.is_empty(), called) {
            (true, _) => format!("`{text}` carries no values"),
            (false, false) => format!("`{text}` carries values: {shape}"),
            (false, true) => format!("`{text}` carries {} values, not {found}: {shape}", types.len()),
        };
        self.error(span, "wrong-argument-count", message);
    }

    /// `value.name(args)`.
    #[inline(never)]
    fn call_method(&mut self, node: ExprId, name: Name, args: &'a [Arg], span: Span, asked: Asked) -> ExprId {
        let (ty, text) = (self.ty_of(node), self.text(name.symbol));
        if let Some(row) = method::method_of(self.kind(ty), text) {
            return self.apply_method(row, node, name, args, asked, span);
        }
        match *self.kind(ty) {
            TyKind::Str | TyKind::Array(_) if text == "slice" => {
                self.slice_method(node, name, args, span, asked)
            }
            TyKind::Array(element) if text == "get" => self.get_method(node, element, name, args, span),
            TyKind::Struct(_) if self.rows_of(ty).is_some() => {
                let value = self.field_of_soa(node, name, span);
                if args.is_empty() { value } else { self.arguments_of_broken(args, span) }
            }
            TyKind::Struct(id) => match self.field_of(id, text) {
                Some((slot, field)) => {
                    let callee = self.emit(ExprKind::Field(node, slot as u32), field, span);
                    self.call_value(callee, args, span)
                }
                None => self.unknown_method(node, name, args, span),
            },
            TyKind::Map(key, value) if matches!(self.kind(value), TyKind::Fn(..)) => {
                let index = self.field_key(key, name);
                let callee = self.emit(ExprKind::Index(node, index, Asked::No), value, span);
                self.call_value(callee, args, span)
            }
            // What never ends stays, its method is never called.
            TyKind::Never => {
                self.arguments_of_broken(args, span);
                node
            }
            TyKind::Error => self.arguments_of_broken(args, span),
            _ => self.unknown_method(node, name, args, span),
        }
    }

    /// `x.slice(a, b)`.
    fn slice_method(&mut self, node: ExprId, name: Name, args: &[Arg], span: Span, asked: Asked) -> ExprId {
        if args.is_empty() || args.len() > 2 {
            self.wrong_count(name.span, "slice", 2, args.len());
            return self.arguments_of_broken(args, span);
        }
        let mut bounds = args.iter();
        let start = bounds.next().map(|arg| self.expr(arg.value, Want::Type(Types::INT)));
        let end = bounds.next().map(|arg| self.expr(arg.value, Want::Type(Types::INT)));
        self.slice_of_value(node, start, end, span, asked)
    }

    /// `xs.get(i)`, which gives `?T`.
    fn get_method(&mut self, node: ExprId, element: Ty, name: Name, args: &[Arg], span: Span) -> ExprId {
        let [arg] = args else {
            self.wrong_count(name.span, "get", 1, args.len());
            return self.arguments_of_broken(args, span);
        };
        let index = self.expr(arg.value, Want::Type(Types::INT));
        let ty = self.option_of(element, span);
        self.emit(ExprKind::Index(node, index, Asked::Yes), ty, span)
    }

    #[cold]
    #[inline(never)]
    fn unknown_method(&mut self, node: ExprId, name: Name, args: &[Arg], span: Span) -> ExprId {
        let (ty, text) = (self.ty_of(node), self.text(name.symbol));
        // What JavaScript's promises do has no fix as short.
        if text != "then" && self.missing_await(node, true) {
            return self.arguments_of_broken(args, span);
        }
        let found = self.show(ty);
        let message = match self.kind(ty) {
            TyKind::Var(_) => format!("`{text}` is called on something whose type is not known here"),
            _ => format!("`{found}` has no method `{text}`"),
        };
        let receiver = self.operand_text(node);
        let inside: Vec<&str> = args.iter().map(|arg| self.source(self.ast[arg.value].span)).collect();
        if let Some(function) = foreign::method_as_function(text) {
            let write = format!("{function}({receiver})");
            self.error(span, "unknown-method", message).help(format!("write `{write}`")).fix(span, write);
        } else if let Some(Def::Func(_)) = self.peek(name.symbol) {
            let write = [&[receiver.as_str()], inside.as_slice()].concat().join(", ");
            self.error(span, "unknown-method", message)
                .help("functions are not methods")
                .fix(span, format!("{text}({write})"));
        } else if let Some(write) = self.method_elsewhere(node, name, &inside) {
            let help = foreign::method(text).map_or("values are put into an f-string", |ours| ours.help);
            self.error(name.span, "unknown-method", message).help(help).fix(span, write);
        } else {
            self.suggest_method(ty, name, message);
        }
        self.arguments_of_broken(args, span)
    }

    /// What to write instead of another language's method that is no method here.
    fn method_elsewhere(&self, node: ExprId, name: Name, args: &[&str]) -> Option<String> {
        let (text, receiver) = (self.text(name.symbol), self.operand_text(node));
        let ty = self.ty_of(node);
        match (text, self.kind(ty), args) {
            ("format", TyKind::Str, values) => foreign_format::interpolated(&receiver, values),
            ("join", TyKind::Str, [words]) => Some(format!("{words}.join({receiver})")),
            ("set" | "put" | "insert", kind, _) if !matches!(kind, TyKind::Map(..)) => None,
            ("unwrap" | "expect", TyKind::Option(_) | TyKind::Result(_), _) => None,
            // The value was there already: what is asked in vain traps or fails by itself.
            ("unwrap" | "expect", _, _) => Some(receiver),
            _ => foreign::method(text)?.rewrite(&[&[receiver.as_str()], args].concat()),
        }
    }

    fn suggest_method(&mut self, ty: Ty, name: Name, message: String) {
        let text = self.text(name.symbol);
        let help = self.receiver_help(ty, text);
        let names = method::tables(self.kind(ty)).iter().flat_map(|rows| rows.iter().map(|row| row.name));
        let near = self.nearest(text, names);
        let ours = foreign::method(text);
        let report = self.error(name.span, "unknown-method", message);
        match (ours, near) {
            (Some(ours), _) => {
                let report = report.help(ours.help);
                if let Some(write) = ours.write {
                    report.fix(name.span, write);
                }
            }
            (None, Some(near)) => {
                report.help(help).fix(name.span, near);
            }
            (None, None) => {
                report.help(help);
            }
        }
    }
}

fn names_of(params: &[Parameter<'_>]) -> String {
    let names: Vec<&str> = params.iter().map(|param| param.name).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
