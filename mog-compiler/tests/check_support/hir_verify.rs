//! An independent check of the checked program: every node's type against those of its parts. Lowering relies on it.
//!
//! Where the table of the language says that two types are the same, they must be so here: the checker has made all
//! conversions explicit. An expression of type `never` may stand anywhere.

use std::collections::HashSet;

use mog_compiler::hir::{Asked, Builtin, ExprId, ExprKind, FailTo, Func, Hir, LocalId, PatId, PatKind};
use mog_compiler::types::{Ty, TyKind, Types};

/// What is wrong with a program that was accepted; empty if nothing is.
pub fn problems(hir: &Hir) -> Vec<String> {
    let mut verifier = Verifier { hir, found: Vec::new(), seen: HashSet::new() };
    for func in &hir.funcs {
        verifier.func(func);
    }
    verifier.found
}

struct Verifier<'h> {
    hir: &'h Hir,
    found: Vec<String>,
    seen: HashSet<ExprId>,
}

impl Verifier<'_> {
    fn func(&mut self, func: &Func) {
        for (number, local) in func.locals.iter().enumerate() {
            self.known(local.ty, &format!("local {number}"));
        }
        self.known(func.ret, &func.name);
        let body = self.hir.expr(func.body).ty;
        if body != Types::NEVER && body != func.ret {
            self.say(
                func.body,
                format!("body of {} is {}, returns {}", func.name, self.show(body), self.show(func.ret)),
            );
        }
        self.expr(func.body, func);
    }

    fn known(&mut self, ty: Ty, what: &str) {
        if matches!(self.hir.types.kind(ty), TyKind::Var(_) | TyKind::Error) {
            self.found.push(format!("{what}: open type"));
        }
    }

    fn show(&self, ty: Ty) -> String {
        self.hir.types.display(ty)
    }

    fn say(&mut self, id: ExprId, what: String) {
        let expr = self.hir.expr(id);
        self.found.push(format!("{}..{}: {what}", expr.span.start, expr.span.end));
    }

    fn same(&mut self, id: ExprId, want: Ty, what: &str) {
        let found = self.hir.expr(id).ty;
        if found != want && found != Types::NEVER {
            self.say(id, format!("{what}: {} where {} is due", self.show(found), self.show(want)));
        }
    }

    fn local(&self, func: &Func, local: LocalId) -> Ty {
        func.locals.get(local.0 as usize).map_or(Types::ERROR, |local| local.ty)
    }

    /// What an operation gives, by whether it was asked.
    fn asked(&mut self, id: ExprId, plain: Ty, asked: Asked, option: bool) {
        let ty = self.hir.expr(id).ty;
        let fits = match (asked, self.hir.types.kind(ty)) {
            (Asked::No, _) => ty == plain,
            (Asked::Yes, TyKind::Option(inner)) => option && *inner == plain,
            (Asked::Yes, TyKind::Result(inner)) => !option && *inner == plain,
            _ => false,
        };
        if !fits {
            self.say(id, format!("{} from {} {asked:?}", self.show(ty), self.show(plain)));
        }
    }

    fn args(&mut self, args: &[ExprId], want: &[Ty], func: &Func, what: &str) {
        if args.len() != want.len() {
            self.found.push(format!("{what}: {} arguments for {}", args.len(), want.len()));
        }
        for (&arg, &ty) in args.iter().zip(want) {
            self.same(arg, ty, what);
        }
        args.iter().for_each(|&arg| self.expr(arg, func));
    }

    fn pat(&mut self, id: PatId, func: &Func) {
        let pat = self.hir.pat(id);
        self.known(pat.ty, "pattern");
        let kind = self.hir.types.kind(pat.ty).clone();
        let sub = |verifier: &mut Self, id: PatId, ty: Ty| {
            let found = verifier.hir.pat(id).ty;
            if found != ty {
                verifier.found.push(format!("pattern of {} in {}", verifier.show(found), verifier.show(ty)));
            }
            verifier.pat(id, func);
        };
        let fine = match (&pat.kind, kind) {
            (PatKind::Wild, _) => true,
            (PatKind::Bind(local), _) => self.local(func, *local) == pat.ty,
            (PatKind::Bool(_), TyKind::Bool)
            | (PatKind::Str(_), TyKind::Str)
            | (PatKind::None, TyKind::Option(_)) => true,
            (PatKind::Int(_) | PatKind::Range(..), TyKind::Int(_)) => true,
            (PatKind::Float(_), TyKind::Float | TyKind::F32) => true,
            (PatKind::Or(list), _) => {
                list.iter().for_each(|&p| sub(self, p, pat.ty));
                true
            }
            (PatKind::Some(p), TyKind::Option(inner)) | (PatKind::Ok(p), TyKind::Result(inner)) => {
                sub(self, *p, inner);
                true
            }
            (PatKind::Err(p), TyKind::Result(_)) => {
                sub(self, *p, Types::STR);
                true
            }
            (PatKind::Variant(id, number, parts), TyKind::Enum(of)) if *id == of => {
                let payload = self.hir.types.enums[of.0 as usize].variants[*number as usize].1.clone();
                parts.iter().zip(&payload).for_each(|(&p, &ty)| sub(self, p, ty));
                parts.len() == payload.len()
            }
            (PatKind::Struct(id, fields), TyKind::Struct(of)) if *id == of => {
                let types = self.hir.types.structs[of.0 as usize].fields.clone();
                fields.iter().for_each(|&(slot, p)| sub(self, p, types[slot as usize].1));
                true
            }
            _ => false,
        };
        if !fine {
            self.found.push(format!(
                "{}..{}: pattern {:?} for {}",
                pat.span.start,
                pat.span.end,
                pat.kind,
                self.show(pat.ty)
            ));
        }
    }

    #[allow(clippy::too_many_lines)]
    fn expr(&mut self, id: ExprId, func: &Func) {
        if !self.seen.insert(id) && !matches!(self.hir.expr(id).kind, ExprKind::Local(_)) {
            self.say(id, "used twice".to_owned());
            return;
        }
        let expr = self.hir.expr(id).clone();
        let ty = expr.ty;
        self.known(ty, &format!("{}..{}", expr.span.start, expr.span.end));
        let kind_of = |verifier: &Self, id: ExprId| verifier.hir.types.kind(verifier.hir.expr(id).ty).clone();
        let subs: Vec<ExprId> = match &expr.kind {
            ExprKind::Unit => {
                self.same(id, Types::UNIT, "unit");
                vec![]
            }
            ExprKind::Bool(_) | ExprKind::Available(_) => {
                self.same(id, Types::BOOL, "bool");
                vec![]
            }
            ExprKind::Int(_) => {
                if !matches!(kind_of(self, id), TyKind::Int(_)) {
                    self.say(id, "int literal".into());
                }
                vec![]
            }
            ExprKind::Float(_) => {
                if !matches!(kind_of(self, id), TyKind::Float | TyKind::F32) {
                    self.say(id, "float literal".into());
                }
                vec![]
            }
            ExprKind::Str(_) => {
                self.same(id, Types::STR, "string");
                vec![]
            }
            ExprKind::None => {
                if !matches!(kind_of(self, id), TyKind::Option(_) | TyKind::Any) {
                    self.say(id, "none".into());
                }
                vec![]
            }
            ExprKind::Local(local) => {
                let want = self.local(func, *local);
                self.same(id, want, "local");
                vec![]
            }
            ExprKind::Global(global) => {
                let want = self.hir.globals.get(global.0 as usize).map_or(Types::ERROR, |g| g.ty);
                self.same(id, want, "global");
                vec![]
            }
            ExprKind::FuncValue(f) | ExprKind::Closure(f) => {
                let target = &self.hir.funcs[f.0 as usize];
                let params: Vec<Ty> = target.params.iter().map(|p| target.locals[p.0 as usize].ty).collect();
                if kind_of(self, id) != TyKind::Fn(params, target.future.unwrap_or(target.ret)) {
                    self.say(id, format!("function value {}", target.name));
                }
                for capture in &target.captures {
                    let (outer, inner) =
                        (&func.locals[capture.outer.0 as usize], &target.locals[capture.inner.0 as usize]);
                    if (outer.ty, outer.boxed) != (inner.ty, inner.boxed) {
                        self.say(id, format!("capture of local {}", capture.outer.0));
                    }
                }
                vec![]
            }
            ExprKind::Block(stmts, tail) => {
                let ends = stmts.iter().all(|s| self.hir.expr(*s).ty != Types::NEVER);
                match tail {
                    _ if !ends => {
                        if ty != Types::NEVER {
                            self.say(id, "block that never ends".into());
                        }
                    }
                    Some(tail) => self.same(*tail, ty, "block value"),
                    None => self.same(id, Types::UNIT, "block"),
                }
                stmts.iter().copied().chain(*tail).collect()
            }
            ExprKind::Let(local, value) => {
                if let Some(value) = value {
                    let want = self.local(func, *local);
                    self.same(*value, want, "let");
                }
                value.iter().copied().collect()
            }
            ExprKind::SetLocal(local, value) => {
                let want = self.local(func, *local);
                self.same(*value, want, "set");
                vec![*value]
            }
            ExprKind::SetGlobal(global, value) => {
                let want = self.hir.globals.get(global.0 as usize).map_or(Types::ERROR, |g| g.ty);
                self.same(*value, want, "set global");
                vec![*value]
            }
            ExprKind::SetField(object, slot, value) => {
                if let TyKind::Struct(of) = kind_of(self, *object) {
                    let want = self.hir.types.structs[of.0 as usize].fields[*slot as usize].1;
                    self.same(*value, want, "set field");
                } else {
                    self.say(id, "set field of no struct".into());
                }
                vec![*object, *value]
            }
            ExprKind::SetIndex(base, index, value) => {
                match kind_of(self, *base) {
                    TyKind::Array(element) => {
                        self.same(*index, Types::INT, "index");
                        self.same(*value, element, "set element");
                    }
                    TyKind::Map(k, v) => {
                        self.same(*index, k, "key");
                        self.same(*value, v, "set value");
                    }
                    _ => self.say(id, "set index".into()),
                }
                vec![*base, *index, *value]
            }
            ExprKind::Unary(_, inner) => {
                self.same(*inner, ty, "unary");
                vec![*inner]
            }
            ExprKind::Arith(first, rest) => {
                if !matches!(kind_of(self, id), TyKind::Int(_) | TyKind::Float | TyKind::F32) {
                    self.say(id, format!("arithmetic on {}", self.show(ty)));
                }
                let all: Vec<ExprId> = std::iter::once(*first).chain(rest.iter().map(|r| r.1)).collect();
                all.iter().for_each(|&e| self.same(e, ty, "operand"));
                all
            }
            ExprKind::Concat(parts) => {
                parts.iter().for_each(|&p| self.same(p, Types::STR, "concat"));
                parts.to_vec()
            }
            ExprKind::Compare(_, a, b) => {
                let want = self.hir.expr(*a).ty;
                if want != Types::NEVER {
                    self.same(*b, want, "comparison");
                }
                vec![*a, *b]
            }
            ExprKind::Logic(first, rest) => {
                let all: Vec<ExprId> = std::iter::once(*first).chain(rest.iter().map(|r| r.1)).collect();
                all.iter().for_each(|&e| self.same(e, Types::BOOL, "logic"));
                all
            }
            ExprKind::Cast(inner) => {
                let numeric = |k: TyKind| matches!(k, TyKind::Int(_) | TyKind::Float | TyKind::F32);
                if !numeric(kind_of(self, id)) || !numeric(kind_of(self, *inner)) {
                    self.say(id, "cast".into());
                }
                vec![*inner]
            }
            ExprKind::ToAny(inner) => {
                self.same(id, Types::ANY, "to any");
                if self.hir.expr(*inner).ty == Types::ANY {
                    self.say(id, "any to any".into());
                }
                vec![*inner]
            }
            ExprKind::FromAny(inner) => {
                self.same(*inner, Types::ANY, "from any");
                vec![*inner]
            }
            ExprKind::Await(future) => {
                if kind_of(self, *future) != TyKind::Future(ty) {
                    self.say(id, "await".into());
                }
                vec![*future]
            }
            ExprKind::Spawn(future) => {
                self.same(*future, ty, "spawn");
                vec![*future]
            }
            ExprKind::Group(_, futures) => vec![*futures],
            ExprKind::StartImport(_, args) => args.to_vec(),
            ExprKind::If(c, a, b) => {
                self.same(*c, Types::BOOL, "condition");
                self.same(*a, if b.is_some() { ty } else { Types::UNIT }, "then");
                if let Some(b) = b {
                    self.same(*b, ty, "else");
                }
                [*c, *a].into_iter().chain(*b).collect()
            }
            ExprKind::Match(subject, arms) => {
                let of = self.hir.expr(*subject).ty;
                let mut all = vec![*subject];
                for arm in arms {
                    if self.hir.pat(arm.pat).ty != of && of != Types::NEVER {
                        self.say(id, "arm of another type".into());
                    }
                    self.pat(arm.pat, func);
                    if let Some(guard) = arm.guard {
                        self.same(guard, Types::BOOL, "guard");
                        all.push(guard);
                    }
                    self.same(arm.body, ty, "arm");
                    all.push(arm.body);
                }
                all
            }
            ExprKind::Is(value, pat) => {
                self.same(id, Types::BOOL, "is");
                if self.hir.pat(*pat).ty != self.hir.expr(*value).ty {
                    self.say(id, "is of another type".into());
                }
                self.pat(*pat, func);
                vec![*value]
            }
            ExprKind::While(c, body) => {
                self.same(*c, Types::BOOL, "while");
                self.same(*body, Types::UNIT, "body");
                vec![*c, *body]
            }
            ExprKind::ForRange(local, a, b, _, body) => {
                let want = self.local(func, *local);
                self.same(*a, want, "range");
                self.same(*b, want, "range");
                self.same(*body, Types::UNIT, "body");
                vec![*a, *b, *body]
            }
            ExprKind::ForArray(index, element, over, body) => {
                if !matches!(kind_of(self, *over), TyKind::Array(e) if e == self.local(func, *element)) {
                    self.say(id, "for over an array".into());
                }
                if index.is_some_and(|i| self.local(func, i) != Types::INT) {
                    self.say(id, "index".into());
                }
                self.same(*body, Types::UNIT, "body");
                vec![*over, *body]
            }
            ExprKind::ForMap(key, value, over, body) => {
                let value = value.map(|v| self.local(func, v));
                let key = self.local(func, *key);
                if !matches!(kind_of(self, *over), TyKind::Map(k, v) if k == key && value.is_none_or(|value| v == value))
                {
                    self.say(id, "for over a map".into());
                }
                self.same(*body, Types::UNIT, "body");
                vec![*over, *body]
            }
            ExprKind::ForStr(_, _, over, body) => {
                self.same(*over, Types::STR, "for over a string");
                self.same(*body, Types::UNIT, "body");
                vec![*over, *body]
            }
            ExprKind::ForAny(_, _, over, body) => {
                self.same(*over, Types::ANY, "for over any");
                self.same(*body, Types::UNIT, "body");
                vec![*over, *body]
            }
            ExprKind::Break | ExprKind::Continue => vec![],
            ExprKind::Return(value) => {
                match value {
                    Some(value) => self.same(*value, func.ret, "return"),
                    None if func.ret != Types::UNIT => self.say(id, "return without a value".into()),
                    None => {}
                }
                value.iter().copied().collect()
            }
            ExprKind::Call(f, args) => {
                let target = &self.hir.funcs[f.0 as usize];
                let params: Vec<Ty> = target.params.iter().map(|p| target.locals[p.0 as usize].ty).collect();
                self.same(id, target.ret, "call");
                let (args, name) = (args.clone(), target.name.clone());
                self.args(&args, &params, func, &name);
                return;
            }
            ExprKind::CallValue(callee, args) => {
                match kind_of(self, *callee) {
                    TyKind::Fn(params, ret) => {
                        self.same(id, ret, "call of a value");
                        self.args(&args.clone(), &params, func, "value");
                    }
                    _ => self.say(id, "call of no function".into()),
                }
                self.expr(*callee, func);
                return;
            }
            ExprKind::CallImport(import, args, asked) => {
                let import = &self.hir.imports[import.0 as usize];
                let params: Vec<Ty> = import.params.iter().map(|p| p.1).collect();
                self.asked(id, import.ret, *asked, false);
                self.args(&args.clone(), &params, func, "import");
                return;
            }
            ExprKind::Builtin(builtin, args, asked) => {
                self.builtin(id, *builtin, args, *asked);
                args.to_vec()
            }
            ExprKind::Index(base, index, asked) => {
                match kind_of(self, *base) {
                    TyKind::Array(element) => {
                        self.same(*index, Types::INT, "index");
                        self.asked(id, element, *asked, true);
                    }
                    TyKind::Str => {
                        self.same(*index, Types::INT, "index");
                        self.asked(id, Types::STR, *asked, true);
                    }
                    TyKind::Map(k, v) => {
                        self.same(*index, k, "key");
                        self.asked(id, v, *asked, true);
                    }
                    TyKind::Any => self.asked(id, Types::ANY, *asked, false),
                    _ => self.say(id, "index".into()),
                }
                vec![*base, *index]
            }
            ExprKind::Slice(base, a, b, asked) => {
                self.asked(id, self.hir.expr(*base).ty, *asked, true);
                let bounds: Vec<ExprId> = a.iter().chain(b).copied().collect();
                bounds.iter().for_each(|&b| self.same(b, Types::INT, "bound"));
                std::iter::once(*base).chain(bounds).collect()
            }
            ExprKind::Field(object, slot) => {
                match kind_of(self, *object) {
                    TyKind::Struct(of) => {
                        let want = self.hir.types.structs[of.0 as usize].fields[*slot as usize].1;
                        self.same(id, want, "field");
                    }
                    _ => self.say(id, "field".into()),
                }
                vec![*object]
            }
            ExprKind::AnyField(base, _, asked) => {
                self.same(*base, Types::ANY, "field of any");
                self.asked(id, Types::ANY, *asked, false);
                vec![*base]
            }
            ExprKind::Some(inner) => {
                if !matches!(kind_of(self, id), TyKind::Option(of) if of == self.hir.expr(*inner).ty || self.hir.expr(*inner).ty == Types::NEVER)
                {
                    self.say(id, format!("some of {}", self.show(self.hir.expr(*inner).ty)));
                }
                vec![*inner]
            }
            ExprKind::Ok(inner) => {
                if !matches!(kind_of(self, id), TyKind::Result(of) if of == self.hir.expr(*inner).ty || self.hir.expr(*inner).ty == Types::NEVER)
                {
                    self.say(id, "ok".into());
                }
                vec![*inner]
            }
            ExprKind::Err(message) => {
                self.same(*message, Types::STR, "err");
                vec![*message]
            }
            ExprKind::Try(inner, to) => {
                match kind_of(self, *inner) {
                    TyKind::Option(of) | TyKind::Result(of) => self.same(id, of, "try"),
                    _ => self.say(id, "try".into()),
                }
                let ret = self.hir.types.kind(func.ret);
                let fits = matches!(
                    (to, ret, kind_of(self, *inner)),
                    (FailTo::Raise, _, _)
                        | (FailTo::Return, TyKind::Result(_), _)
                        | (FailTo::Return, TyKind::Option(_), TyKind::Option(_))
                );
                if !fits {
                    self.say(id, "try returns".into());
                }
                vec![*inner]
            }
            ExprKind::UnwrapOr(inner, default) => {
                match kind_of(self, *inner) {
                    TyKind::Option(of) | TyKind::Result(of) => {
                        self.same(id, of, "unwrap_or");
                        self.same(*default, of, "default");
                    }
                    _ => self.say(id, "unwrap_or".into()),
                }
                vec![*inner, *default]
            }
            ExprKind::IsPresent(inner) => {
                if !matches!(kind_of(self, *inner), TyKind::Option(_) | TyKind::Result(_)) {
                    self.say(id, "is present".into());
                }
                vec![*inner]
            }
            ExprKind::TryCatch(body, message, kind, handler) => {
                if self.local(func, *message) != Types::STR || self.local(func, *kind) != Types::STR {
                    self.say(id, "try variables".into());
                }
                self.same(*body, ty, "try body");
                self.same(*handler, ty, "handler");
                vec![*body, *handler]
            }
            ExprKind::StructLit(of, fields) => {
                let want: Vec<Ty> =
                    self.hir.types.structs[of.0 as usize].fields.iter().map(|f| f.1).collect();
                self.args(&fields.clone(), &want, func, "struct");
                return;
            }
            ExprKind::EnumLit(of, number, payload) => {
                let want = self.hir.types.enums[of.0 as usize].variants[*number as usize].1.clone();
                self.args(&payload.clone(), &want, func, "enum");
                return;
            }
            ExprKind::ArrayLit(elements) => {
                if let TyKind::Array(of) = kind_of(self, id) {
                    elements.iter().for_each(|&e| self.same(e, of, "element"));
                } else {
                    self.say(id, "array".into());
                }
                elements.to_vec()
            }
            ExprKind::ArrayFill(value, count) => {
                self.same(*count, Types::INT, "count");
                if !matches!(kind_of(self, id), TyKind::Array(of) if of == self.hir.expr(*value).ty) {
                    self.say(id, "fill".into());
                }
                vec![*value, *count]
            }
            ExprKind::MapLit(entries) => {
                if let TyKind::Map(k, v) = kind_of(self, id) {
                    for &(key, value) in entries {
                        self.same(key, k, "key");
                        self.same(value, v, "value");
                    }
                } else {
                    self.say(id, "map".into());
                }
                entries.iter().flat_map(|&(k, v)| [k, v]).collect()
            }
            ExprKind::Display(inner) => {
                if self.hir.expr(*inner).ty == Types::UNIT {
                    self.say(id, "display of nothing".into());
                }
                vec![*inner]
            }
            ExprKind::Fixed(inner, _) => vec![*inner],
            ExprKind::Panic(message) => {
                self.same(*message, Types::STR, "panic");
                vec![*message]
            }
        };
        for sub in subs {
            self.expr(sub, func);
        }
    }

    /// The signatures that matter most to lowering: those with functions and element types.
    fn builtin(&mut self, id: ExprId, builtin: Builtin, args: &[ExprId], asked: Asked) {
        let ty = self.hir.expr(id).ty;
        let of = |verifier: &Self, at: usize| args.get(at).map_or(Types::ERROR, |&a| verifier.hir.expr(a).ty);
        let kind = |verifier: &Self, at: usize| verifier.hir.types.kind(of(verifier, at)).clone();
        let fine = match (builtin, kind(self, 0)) {
            (Builtin::ParseInt, TyKind::Str) => {
                self.asked(id, Types::INT, asked, false);
                true
            }
            (Builtin::ArrayPop | Builtin::ArrayFirst | Builtin::ArrayLast, TyKind::Array(e)) => {
                self.asked(id, e, asked, true);
                true
            }
            (Builtin::ArrayPush, TyKind::Array(e)) => of(self, 1) == e || of(self, 1) == Types::NEVER,
            (Builtin::ArrayMap, TyKind::Array(e)) => match (kind(self, 1), self.hir.types.kind(ty)) {
                (TyKind::Fn(params, ret), TyKind::Array(r)) => params == [e] && *r == ret,
                _ => false,
            },
            (Builtin::ArrayFilter, TyKind::Array(e)) => kind(self, 1) == TyKind::Fn(vec![e], Types::BOOL),
            (Builtin::ArrayForEach, TyKind::Array(e)) => kind(self, 1) == TyKind::Fn(vec![e], Types::UNIT),
            (Builtin::ArrayReduce, TyKind::Array(e)) => {
                of(self, 1) == ty && kind(self, 2) == TyKind::Fn(vec![ty, e], ty)
            }
            (Builtin::ArraySortBy, TyKind::Array(e)) => {
                matches!(kind(self, 1), TyKind::Fn(params, ret) if params == [e, e] && (ret == Types::INT || ret == Types::BOOL))
            }
            (Builtin::MapGet, TyKind::Map(k, v)) => {
                of(self, 1) == k && *self.hir.types.kind(ty) == TyKind::Option(v)
            }
            (Builtin::Min | Builtin::Max | Builtin::Pow | Builtin::PowInt, _) => {
                of(self, 0) == of(self, 1) && of(self, 0) == ty
            }
            _ => true,
        };
        if !fine {
            self.say(id, format!("{builtin:?}"));
        }
    }
}
