//! Tensors: their types, how they are made, their elements.

use smallvec::smallvec;

use super::Checker;
use super::assign::Assigned;
use super::infer::Want;
use crate::ast::{self, Arg, Name, Span, TypeExprId, TypeKind};
use crate::hir::{Asked, Builtin, ExprId, ExprKind, Exprs};
use crate::types::{Dtype, Ty, TyKind, Types};

/// Dimensions that a tensor may have; the machine says so too.
const MAX_DIMS: usize = 8;
/// What the element types of tensors are, for messages.
const ELEMENTS: &str = "a tensor's elements are f16, bf16, f32, f64 or integers, as in tensor<f32>";

/// What to do instead of computing with tensors.
pub(super) const NO_ARITHMETIC: &str =
    "tensors have no arithmetic: pass them to a capability of the host, or compute element by element";

/// The functions that make a tensor from a shape alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Maker {
    Zeros,
    Ones,
    Randn,
}

impl Maker {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "zeros" => Self::Zeros,
            "ones" => Self::Ones,
            "randn" => Self::Randn,
            _ => return None,
        })
    }
}

impl Checker<'_> {
    /// `tensor<T>` as a type.
    pub(super) fn tensor_type(&mut self, element: TypeExprId) -> Ty {
        match self.dtype(element) {
            Some(dtype) => self.hir.types.intern(TyKind::Tensor(dtype)),
            None => Types::ERROR,
        }
    }

    /// The element type between `<` and `>`; `None` after an error.
    pub(super) fn dtype(&mut self, element: TypeExprId) -> Option<Dtype> {
        if let TypeKind::Named(path) = self.ast[element].kind
            && let [name] = self.ast.list(path)
            && let Some(dtype) = half(self.text(name.symbol))
        {
            return Some(dtype);
        }
        let ty = self.resolve_type(element);
        if ty == Types::ERROR {
            return None;
        }
        let dtype = self.dtype_of(ty);
        if dtype.is_none() {
            let found = self.show(ty);
            let message = format!("`{found}` cannot be the element type of a tensor");
            self.error(self.ast[element].span, "bad-tensor-element", message).help(ELEMENTS);
        }
        dtype
    }

    fn dtype_of(&self, element: Ty) -> Option<Dtype> {
        Some(match *self.kind(element) {
            TyKind::Float => Dtype::F64,
            TyKind::F32 => Dtype::F32,
            TyKind::Int(kind) => Dtype::Int(kind),
            _ => return None,
        })
    }

    /// The type in which elements are read and written: floats of all widths as `float`.
    fn element_of_tensor(&mut self, dtype: Dtype) -> Ty {
        match dtype {
            Dtype::Int(kind) => self.hir.types.intern(TyKind::Int(kind)),
            _ => Types::FLOAT,
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn tensor_type_as_value(&mut self, element: TypeExprId, span: Span) -> ExprId {
        self.dtype(element);
        let text = self.source(span);
        self.error(span, "not-a-value", format!("`{text}` is a type, not a value"))
            .help(format!("make a value with {text}(shape, data) or {text}.zeros(shape)"));
        self.broken(span)
    }

    /// `tensor<T>.zeros(shape)` and its like.
    pub(super) fn call_on_tensor_type(
        &mut self,
        element: TypeExprId,
        name: Name,
        args: &[Arg],
        span: Span,
        want: Want,
    ) -> ExprId {
        let dtype = self.dtype(element);
        let text = self.text(name.symbol);
        let Some(maker) = Maker::named(text) else {
            self.error(name.span, "unknown-function", format!("a tensor type has no function `{text}`"))
                .help("it has: zeros(shape), ones(shape), randn(shape, seed)");
            return self.arguments_of_broken(args, span);
        };
        self.made_tensor(Some(dtype), maker, args, name.span, span, want)
    }

    /// The element type of a tensor whose place wants one.
    fn wanted_dtype(&self, want: Want) -> Option<Dtype> {
        match want.ty().map(|ty| self.kind(self.strip_options(ty))) {
            Some(&TyKind::Tensor(dtype)) => Some(dtype),
            _ => None,
        }
    }

    /// `zeros`, `ones`, `randn`. The element type is as written (`Some(None)` after an error), as wanted, or `f64`.
    pub(super) fn made_tensor(
        &mut self,
        written: Option<Option<Dtype>>,
        maker: Maker,
        args: &[Arg],
        at: Span,
        span: Span,
        want: Want,
    ) -> ExprId {
        let dtype = written.unwrap_or(Some(self.wanted_dtype(want).unwrap_or(Dtype::F64)));
        for arg in args {
            self.no_name(arg);
        }
        let (shape, seed) = match (args, maker) {
            ([shape], _) => (shape, None),
            ([shape, seed], Maker::Randn) => (shape, Some(seed)),
            _ => {
                let wanted = if maker == Maker::Randn { 2 } else { 1 };
                let message = format!("`{}` takes the shape as one array", self.source(at));
                let seed = if maker == Maker::Randn { ", and a seed" } else { "" };
                self.error(at, "wrong-argument-count", message).help(format!(
                    "for instance [2, 3]{seed}; here are {} arguments, not {wanted}",
                    args.len()
                ));
                return self.arguments_of_broken(args, span);
            }
        };
        let shape = self.expr(shape.value, Want::Type(Types::ARRAY_INT));
        let (builtin, number) = match (maker, seed) {
            (Maker::Randn, Some(seed)) => {
                (Builtin::TensorRandn, self.expr(seed.value, Want::Type(Types::INT)))
            }
            (Maker::Randn, None) => (Builtin::TensorRandn, self.emit(ExprKind::Int(0), Types::INT, span)),
            (Maker::Zeros, _) => (Builtin::TensorFill, self.emit(ExprKind::Int(0), Types::INT, span)),
            (Maker::Ones, _) => (Builtin::TensorFill, self.emit(ExprKind::Int(1), Types::INT, span)),
        };
        let Some(dtype) = dtype else { return self.broken(span) };
        if builtin == Builtin::TensorRandn && matches!(dtype, Dtype::Int(_)) {
            self.error(at, "not-a-float", "`randn` makes floats")
                .help("for instance tensor<f32>.randn([2, 3], seed)");
            return self.broken(span);
        }
        let ty = self.hir.types.intern(TyKind::Tensor(dtype));
        self.emit(ExprKind::Builtin(builtin, smallvec![shape, number], Asked::No), ty, span)
    }

    /// `tensor<T>(shape, data)`, `tensor<T>(data)`. Without `<T>` the place or the data say the element type.
    pub(super) fn tensor(
        &mut self,
        written: Option<Option<Dtype>>,
        args: &[Arg],
        at: Span,
        span: Span,
        want: Want,
    ) -> ExprId {
        for arg in args {
            self.no_name(arg);
        }
        let (shape, data) = match args {
            [data] => (None, data.value),
            [shape, data] => (Some(self.expr(shape.value, Want::Type(Types::ARRAY_INT))), data.value),
            _ => {
                self.error(at, "wrong-argument-count", "a tensor is made from a shape and its elements")
                    .help("for instance tensor<f32>([2, 2], [1.0, 2.0, 3.0, 4.0])");
                return self.arguments_of_broken(args, span);
            }
        };
        let known = match written {
            Some(None) => {
                self.expr(data, Want::Any);
                return self.broken(span);
            }
            Some(dtype) => dtype,
            None => self.wanted_dtype(want),
        };
        let nested = if shape.is_none() { self.nested_literal(data) } else { None };
        let (data, sizes) = match nested {
            Some((elements, sizes)) => (self.flat_data(&elements, known, self.ast[data].span), Some(sizes)),
            None => (self.tensor_data(data, known), None),
        };
        let element = match *self.kind(self.ty_of(data)) {
            TyKind::Array(element) => self.shallow(element),
            _ => return self.broken(span),
        };
        if known.is_none() && self.is_open(element) {
            self.unify(element, Types::FLOAT);
        }
        let Some(dtype) = known.or_else(|| self.dtype_of(element)) else {
            let found = self.show(element);
            let report = self.error(
                self.hir.expr(data).span,
                "bad-tensor-element",
                format!("elements of type `{found}` do not make a tensor"),
            );
            match found.starts_with('[') {
                true => report.help("give the shape, and the elements in one flat array"),
                false => report.help(ELEMENTS),
            };
            return self.broken(span);
        };
        let ty = self.hir.types.intern(TyKind::Tensor(dtype));
        if let Some(shape) = shape {
            return self.emit(
                ExprKind::Builtin(Builtin::TensorNew, smallvec![shape, data], Asked::No),
                ty,
                span,
            );
        }
        // The data alone: its nesting is the shape, or its length.
        let (before, data, sizes) = match sizes {
            Some(sizes) => {
                let sizes = sizes.into_iter();
                let sizes = sizes.map(|size| self.emit(ExprKind::Int(size as i64), Types::INT, span));
                (Exprs::new(), data, sizes.collect())
            }
            None => {
                let mut before = Exprs::new();
                let (data, again) = self.twice(data, true, &mut before);
                (before, data, smallvec![self.length(again, span)])
            }
        };
        let shape = self.emit(ExprKind::ArrayLit(sizes), Types::ARRAY_INT, span);
        let made =
            self.emit(ExprKind::Builtin(Builtin::TensorNew, smallvec![shape, data], Asked::No), ty, span);
        self.after(before, made)
    }

    /// The array of a tensor's elements. Floats may come as `float` or `f32`.
    fn tensor_data(&mut self, data: ast::ExprId, dtype: Option<Dtype>) -> ExprId {
        let Some(dtype) = dtype else { return self.expr(data, Want::Any) };
        let element = self.element_of_tensor(dtype);
        let span = self.ast[data].span;
        let wanted = self.array_of(element, span);
        let node = self.infer(data, Want::Type(wanted));
        if let &TyKind::Array(found) = self.kind(self.ty_of(node))
            && element == Types::FLOAT
            && self.shallow(found) == Types::F32
        {
            return node;
        }
        self.coerce(node, wanted)
    }

    /// The elements of nested array literals, and their counts from outside in; `None` if the literal is not nested
    /// or not of even lengths.
    fn nested_literal(&self, data: ast::ExprId) -> Option<(Vec<ast::ExprId>, Vec<usize>)> {
        let items = |id: ast::ExprId| match self.ast[self.ast.without_parens(id)].kind {
            ast::ExprKind::Array(list) => Some(self.ast.list(list)),
            _ => None,
        };
        let mut level = items(data)?.to_vec();
        let mut sizes = vec![level.len()];
        while let Some(first) = level.first().and_then(|&first| items(first)) {
            let count = first.len();
            let mut next = Vec::with_capacity(level.len().saturating_mul(count));
            for &id in &level {
                next.extend_from_slice(items(id).filter(|items| items.len() == count)?);
            }
            sizes.push(count);
            level = next;
        }
        (sizes.len() > 1).then_some((level, sizes))
    }

    /// The elements of nested literals as one array.
    fn flat_data(&mut self, elements: &[ast::ExprId], dtype: Option<Dtype>, span: Span) -> ExprId {
        let mut ty = dtype.map(|dtype| self.element_of_tensor(dtype));
        let mut nodes = Exprs::with_capacity(elements.len());
        for &id in elements {
            let node = self.expr(id, ty.map_or(Want::Any, Want::Type));
            ty.get_or_insert(self.ty_of(node));
            nodes.push(node);
        }
        let ty = self.array_of(ty.unwrap_or(Types::FLOAT), span);
        self.emit(ExprKind::ArrayLit(nodes), ty, span)
    }

    /// Tensor and indices as operands; `None` after an error.
    fn tensor_place(&mut self, node: ExprId, indices: &[ast::ExprId], span: Span) -> Option<(Exprs, Dtype)> {
        let TyKind::Tensor(dtype) = *self.kind(self.ty_of(node)) else { return None };
        let mut nodes: Exprs = smallvec![node];
        for &index in indices {
            nodes.push(self.expr(index, Want::Type(Types::INT)));
        }
        if indices.len() > MAX_DIMS {
            self.error(span, "too-many-indices", format!("a tensor has at most {MAX_DIMS} dimensions"));
            return None;
        }
        Some((nodes, dtype))
    }

    /// `t[i, j]`.
    pub(super) fn tensor_element(
        &mut self,
        node: ExprId,
        indices: &[ast::ExprId],
        span: Span,
        asked: Asked,
    ) -> ExprId {
        let Some((nodes, dtype)) = self.tensor_place(node, indices, span) else { return self.broken(span) };
        let element = self.element_of_tensor(dtype);
        let (ty, asked) = self.asked_option(element, asked, span);
        self.emit(ExprKind::Builtin(Builtin::TensorGet, nodes, asked), ty, span)
    }

    /// Whether an expression reads an element of a tensor.
    pub(super) fn is_tensor_element(&self, node: ExprId) -> bool {
        matches!(self.hir.expr(node).kind, ExprKind::Builtin(Builtin::TensorGet, ..))
    }

    /// An element of a `tensor<f32>` where an `f32` is wanted: it is exactly that.
    pub(super) fn as_single(&mut self, node: ExprId, want: Want) -> ExprId {
        let wants_single = want.ty().is_some_and(|ty| self.strip_options(ty) == Types::F32);
        let ExprKind::Builtin(Builtin::TensorGet, args, _) = &self.hir.expr(node).kind else { return node };
        let tensor = args.first().map(|&tensor| self.kind(self.ty_of(tensor)));
        if !wants_single || tensor != Some(&TyKind::Tensor(Dtype::F32)) {
            return node;
        }
        let span = self.hir.expr(node).span;
        let ty = if self.is_asked(node) { self.option_of(Types::F32, span) } else { Types::F32 };
        if let Some(expr) = self.hir.exprs.get_mut(node.0 as usize) {
            expr.ty = ty;
        }
        node
    }

    /// `t[i, j] = value`, `t[i, j] += value`.
    pub(super) fn assign_tensor_element(
        &mut self,
        node: ExprId,
        indices: &[ast::ExprId],
        assigned: Assigned,
    ) -> ExprId {
        let span = assigned.span;
        let Some((mut nodes, dtype)) = self.tensor_place(node, indices, span) else {
            return self.broken_value(assigned);
        };
        let element = self.element_of_tensor(dtype);
        let mut before = Exprs::new();
        let value = match assigned.op {
            None => {
                let value = self.infer(assigned.value, Want::Type(element));
                let single = element == Types::FLOAT && self.ty_of(value) == Types::F32;
                if single { value } else { self.coerce(value, element) }
            }
            Some(op) => {
                let quiet = self.is_quiet(assigned.value);
                let mut again = Exprs::with_capacity(nodes.len());
                for node in &mut nodes {
                    let (first, second) = self.twice(*node, quiet, &mut before);
                    *node = first;
                    again.push(second);
                }
                let current =
                    self.emit(ExprKind::Builtin(Builtin::TensorGet, again, Asked::No), element, span);
                self.combined(current, op, assigned)
            }
        };
        nodes.push(value);
        let set = self.emit(ExprKind::Builtin(Builtin::TensorSet, nodes, Asked::No), Types::UNIT, span);
        self.after_statements(before, set)
    }
}

/// The element types that are no types of values.
pub(super) fn half(name: &str) -> Option<Dtype> {
    match name {
        "f16" => Some(Dtype::F16),
        "bf16" => Some(Dtype::Bf16),
        _ => None,
    }
}
