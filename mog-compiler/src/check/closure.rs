//! Closures.

use super::Checker;
use super::infer::Want;
use super::scope::Frame;
use crate::ast::{FnId, Span};
use crate::hir::{ExprId, ExprKind, Params};
use crate::types::{Ty, TyKind, Types};

impl Checker<'_> {
    /// `fn(x) { … }`, `|x| …`.
    #[inline(never)]
    pub(super) fn closure(&mut self, id: FnId, span: Span, want: Want) -> ExprId {
        self.closure_named(id, span, want, None)
    }

    /// A closure whose own name is a variable of this type, so that it can call itself.
    pub(super) fn closure_named(&mut self, id: FnId, span: Span, want: Want, itself: Option<Ty>) -> ExprId {
        let (types, ret, inferred) = self.closure_signature(id, span, want);
        let ty = self.make(TyKind::Fn(types.clone(), ret), span);
        if let Some(itself) = itself {
            self.unify(itself, ty);
        }
        let function = self.ast[id];
        let outer = self.frames.last();
        let name = outer
            .and_then(|frame| self.hir.funcs.get(frame.func.0 as usize))
            .map_or("", |func| func.name.as_str());
        let name = if name.ends_with("{closure}") { name.to_owned() } else { format!("{name}{{closure}}") };
        let floor = outer.map_or(0, |frame| frame.floor);
        let func = self.new_func(name, ret, span);
        let mark = self.mark();
        self.enter(Frame::new(func, ret, floor));
        let written = self.ast.list(function.params);
        for extra in written.iter().skip(types.len()) {
            self.declare_parameter(extra.name, Types::ERROR, mark);
        }
        let params = written.iter().zip(types);
        let params: Params = params.map(|(param, ty)| self.declare_parameter(param.name, ty, mark)).collect();
        let body = match function.body {
            Some(body) => self.function_body(body, ret),
            None => self.broken(span),
        };
        if inferred && self.ty_of(body) == Types::NEVER && self.is_open(ret) {
            self.unify(ret, Types::UNIT);
        }
        self.leave(mark);
        self.finish_frame(params, body);
        self.emit(ExprKind::Closure(func), ty, span)
    }

    /// The types of a closure's parameters and result: written, wanted, or open. The last says whether the result is
    /// this closure's own to find.
    #[inline(never)]
    fn closure_signature(&mut self, id: FnId, span: Span, want: Want) -> (Vec<Ty>, Ty, bool) {
        let function = self.ast[id];
        let params = self.ast.list(function.params);
        let wanted = want.ty().map(|ty| self.strip_options(ty));
        let (wanted_params, wanted_ret) = match wanted.map(|ty| self.kind(ty)) {
            Some(TyKind::Fn(params, ret)) => (params.clone(), Some(*ret)),
            _ => (Vec::new(), None),
        };
        if function.is_async {
            self.error(span, "async-closure", "a closure cannot be async");
        }
        if wanted_ret.is_some() && wanted_params.len() != params.len() {
            let (wants, has) = (wanted_params.len(), params.len());
            let s = if wants == 1 { "" } else { "s" };
            self.error(
                span,
                "wrong-argument-count",
                format!("this function must take {wants} parameter{s}, not {has}"),
            );
        }
        let unknown = wanted == Some(Types::ERROR);
        let mut types = Vec::with_capacity(params.len());
        for (at, param) in params.iter().enumerate() {
            if let Some(default) = param.default {
                let span = self.ast[default].span;
                self.error(span, "closure-default", "only declared functions have default values");
            }
            types.push(match (param.ty, wanted_params.get(at)) {
                (Some(ty), _) => self.resolve_type(ty),
                (None, Some(&wanted)) => wanted,
                (None, None) if unknown => Types::ERROR,
                (None, None) => self.hir.types.fresh(),
            });
        }
        if wanted_ret.is_some() {
            // A wrong count was reported; the rest of the place should not complain about it again.
            types.truncate(wanted_params.len());
            types.extend(wanted_params.iter().skip(params.len()));
        }
        match (function.result, wanted_ret) {
            (Some(ty), _) => (types, self.resolve_type(ty), false),
            (None, Some(ret)) => (types, ret, false),
            (None, None) => (types, self.hir.types.fresh(), true),
        }
    }
}
