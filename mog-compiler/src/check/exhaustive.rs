//! Whether a `match` covers every value, and whether every arm can be reached.
//!
//! The classic question answers both: given rows of patterns, is there a value that a further row matches and none of
//! them does? For a row of wildcards the answer is a case that the match forgets; for an arm, the rows being those
//! before it, it says whether the arm is of any use. The search is bounded, because its worst case is not.

use super::Checker;
use crate::ast::Span;
use crate::diagnostic::Severity;
use crate::hir::{Arm, ExprId, ExprKind, PatId, PatKind, StrId};
use crate::types::{EnumId, IntKind, StructId, Ty, TyKind, Types};

/// How many rows one match may look at before the search gives up.
const BUDGET: usize = 50_000;

/// How many rows it may sort by what their first column is.
const NARROW_BUDGET: usize = 4_000_000;

/// How many columns deep the search goes.
const MAX_COLUMNS: usize = 150;

/// How many forgotten cases a message names.
const NAMED_CASES: usize = 5;

/// What the outermost part of a value is.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Shape {
    Bool(bool),
    /// Integers from the first to the last.
    Ints(i128, i128),
    Float(f64),
    Str(StrId),
    Some,
    None,
    Ok,
    Err,
    Variant(EnumId, u32),
    Struct(StructId),
    /// Anything that no pattern of the column names.
    Other,
}

/// A pattern in a row; `None` matches everything.
type Cell = Option<PatId>;
type Row = Vec<Cell>;

struct Search<'c, 'a> {
    checker: &'c Checker<'a>,
    left: usize,
    left_to_narrow: usize,
    /// Whether the search gave up.
    exhausted: bool,
}

impl Checker<'_> {
    /// Reports what a match forgets, and arms that are never reached.
    pub(super) fn check_match(&mut self, node: ExprId) {
        let expr = self.hir.expr(node);
        let ExprKind::Match(subject, arms) = &expr.kind else { return };
        let (span, ty) = (expr.span, self.ty_of(*subject));
        if ty == Types::ERROR || ty == Types::NEVER {
            return;
        }
        if self.diagnostics.has_errors()
            && arms.iter().any(|arm| self.has_error_in(self.hir.pat(arm.pat).span))
        {
            return;
        }
        let (useless, missing, exhausted) = self.judge(arms, ty);
        let useless: Vec<Span> =
            useless.into_iter().filter_map(|at| arms.get(at)).map(|arm| self.hir.pat(arm.pat).span).collect();
        for place in useless {
            self.warning(
                place,
                "unreachable-arm",
                "this arm is never reached: those before it match everything that it does",
            )
            .help("move it up, or remove it");
        }
        if exhausted {
            self.error(span, "not-exhaustive", "this match has too many combinations to check")
                .help("end it with `_ => …`");
        } else if !missing.is_empty() {
            self.not_exhaustive(span, &missing);
        }
    }

    #[cold]
    #[inline(never)]
    fn not_exhaustive(&mut self, span: Span, missing: &[String]) {
        let head = Span::new(span.start, span.start + 5);
        let named =
            missing.iter().take(NAMED_CASES).map(|case| format!("`{case}`")).collect::<Vec<_>>().join(", ");
        let more = if missing.len() > NAMED_CASES { " and more" } else { "" };
        match missing.first().map_or("_", String::as_str) {
            "_" => self
                .error(head, "not-exhaustive", "this match does not cover all values")
                .help("end it with `_ => …`"),
            arm => self
                .error(head, "not-exhaustive", format!("this match does not cover {named}{more}"))
                .help(format!("add `{arm} => …`, or `_ => …` for all the rest")),
        };
    }

    /// Whether an error was reported within a place.
    pub(super) fn has_error_in(&self, span: Span) -> bool {
        let inside = |at: Span| span.start <= at.start && at.end <= span.end;
        self.diagnostics.iter().any(|known| known.severity == Severity::Error && inside(known.span))
    }

    fn judge(&self, arms: &[Arm], ty: Ty) -> (Vec<usize>, Vec<String>, bool) {
        if self.is_partition(arms, ty) {
            return (Vec::new(), Vec::new(), false);
        }
        if let Some(answer) = self.judge_flat(arms) {
            return answer;
        }
        let mut search = Search::new(self);
        let mut rows: Vec<Row> = Vec::with_capacity(arms.len());
        let mut useless = Vec::new();
        for (at, arm) in arms.iter().enumerate() {
            let row = vec![Some(arm.pat)];
            if search.useful(&rows, &row, &[ty], 0).is_none() && !search.exhausted {
                useless.push(at);
            }
            if arm.guard.is_none() {
                rows.push(row);
            }
        }
        // Reaching the bound while looking for useless arms only costs their warnings.
        let mut search = Search::new(self);
        let missing = search.missing(&rows, ty);
        (useless, missing, search.exhausted)
    }

    /// The commonest case in linear time: each arm is one of the type's few shapes, all different and without
    /// conditions inside, and together they are all, or the last arm takes the rest.
    fn is_partition(&self, arms: &[Arm], ty: Ty) -> bool {
        let all = match self.kind(ty) {
            TyKind::Bool | TyKind::Option(_) | TyKind::Result(_) => 2,
            TyKind::Enum(id) => self.hir.types.enums.get(id.0 as usize).map_or(0, |def| def.variants.len()),
            _ => return false,
        };
        let open = |pat: PatId| matches!(self.hir.pat(pat).kind, PatKind::Wild | PatKind::Bind(_));
        let (mut seen, mut count) = (vec![false; all], 0);
        for (at, arm) in arms.iter().enumerate() {
            if arm.guard.is_some() {
                return false;
            }
            let number = match &self.hir.pat(arm.pat).kind {
                PatKind::Bool(value) => u32::from(*value),
                PatKind::Some(inner) | PatKind::Ok(inner) if open(*inner) => 0,
                PatKind::Err(inner) if open(*inner) => 1,
                PatKind::None => 1,
                PatKind::Variant(_, number, parts) if parts.iter().all(|&part| open(part)) => *number,
                PatKind::Wild | PatKind::Bind(_) => return at + 1 == arms.len() && count < all,
                _ => return false,
            };
            match seen.get_mut(number as usize) {
                Some(seen) if !*seen => *seen = true,
                _ => return false,
            }
            count += 1;
        }
        count == all
    }

    /// The common case in linear time: every arm is a literal, a range of its own or a wildcard. `None` if it is not.
    fn judge_flat(&self, arms: &[Arm]) -> Option<(Vec<usize>, Vec<String>, bool)> {
        let mut seen = hashbrown::HashSet::with_capacity(arms.len());
        let mut useless = Vec::new();
        let mut covered = false;
        for (at, arm) in arms.iter().enumerate() {
            let pats = match &self.hir.pat(arm.pat).kind {
                PatKind::Or(pats) => pats.as_slice(),
                _ => std::slice::from_ref(&arm.pat),
            };
            let mut useful = false;
            for &pat in pats {
                let key = match self.hir.pat(pat).kind {
                    PatKind::Wild | PatKind::Bind(_) => {
                        useful |= !covered;
                        covered |= arm.guard.is_none();
                        continue;
                    }
                    PatKind::Int(value) => value,
                    PatKind::Str(id) => i64::from(id.0),
                    _ => return None,
                };
                let new = if arm.guard.is_none() { seen.insert(key) } else { !seen.contains(&key) };
                useful |= new && !covered;
            }
            if !useful {
                useless.push(at);
            }
        }
        // Without a wildcard, small integer types may still be covered: let the search tell.
        covered.then_some((useless, Vec::new(), false))
    }
}

impl<'c, 'a> Search<'c, 'a> {
    const fn new(checker: &'c Checker<'a>) -> Self {
        Self { checker, left: BUDGET, left_to_narrow: NARROW_BUDGET, exhausted: false }
    }

    /// The cases of a type that no row covers, the outermost variants one by one.
    fn missing(&mut self, rows: &[Row], ty: Ty) -> Vec<String> {
        let mut cases = Vec::new();
        for shape in self.signature(ty).unwrap_or_default() {
            if cases.len() > NAMED_CASES || self.exhausted {
                return cases;
            }
            let (narrowed, types) = (self.narrow(rows, shape), self.parts(shape, ty));
            if let Some(parts) = self.useful(&narrowed, &vec![None; types.len()], &types, 1) {
                cases.push(self.write(shape, &parts));
            }
        }
        if self.signature(ty).is_none()
            && let Some(parts) = self.useful(rows, &[None], &[ty], 0)
        {
            cases.extend(parts);
        }
        cases
    }

    /// A value that `row` matches and none of `rows` does, written as a pattern; `None` if there is none.
    fn useful(&mut self, rows: &[Row], row: &[Cell], types: &[Ty], depth: usize) -> Option<Vec<String>> {
        self.left = self.left.saturating_sub(1 + rows.len());
        if self.left == 0 || depth > MAX_COLUMNS {
            self.exhausted = true;
            return None;
        }
        // Columns that nobody looks into make no difference.
        let skip = (0..row.len())
            .take_while(|&at| self.is_open(row, at) && rows.iter().all(|r| self.is_open(r, at)));
        let skip = skip.count();
        let (Some(&ty), Some(&cell)) = (types.get(skip), row.get(skip)) else {
            return rows.is_empty().then(|| vec!["_".to_owned(); skip]);
        };
        let rest = |row: &[Cell]| row.get(skip..).unwrap_or(&[]).to_vec();
        let rows: Vec<Row> = rows.iter().map(|row| rest(row)).collect();
        let (row, types) = (rest(row), types.get(skip..).unwrap_or(&[]));
        let mut found = match cell.map(|pat| &self.checker.hir.pat(pat).kind) {
            Some(PatKind::Or(alternatives)) => alternatives.iter().find_map(|&alternative| {
                let mut row = row.clone();
                if let Some(first) = row.first_mut() {
                    *first = Some(alternative);
                }
                self.useful(&rows, &row, types, depth + 1)
            }),
            _ => {
                let shapes = self.shapes(&rows, cell, ty);
                shapes.into_iter().find_map(|shape| self.useful_as(shape, &rows, &row, ty, types, depth))
            }
        }?;
        let mut parts = vec!["_".to_owned(); skip];
        parts.append(&mut found);
        Some(parts)
    }

    /// The same for values whose first column has a certain shape.
    fn useful_as(
        &mut self,
        shape: Shape,
        rows: &[Row],
        row: &Row,
        ty: Ty,
        types: &[Ty],
        depth: usize,
    ) -> Option<Vec<String>> {
        let narrowed = self.narrow(rows, shape);
        let row = self.narrow(std::slice::from_ref(row), shape).pop()?;
        let mut inner = self.parts(shape, ty);
        let count = inner.len();
        inner.extend(types.iter().skip(1));
        let parts = self.useful(&narrowed, &row, &inner, depth + 1)?;
        let (inside, after) = parts.split_at_checked(count)?;
        let mut found = vec![self.write(shape, inside)];
        found.extend_from_slice(after);
        Some(found)
    }

    /// Whether a cell matches everything.
    fn is_open(&self, row: &[Cell], at: usize) -> bool {
        match row.get(at).copied().flatten() {
            Some(pat) => matches!(self.checker.hir.pat(pat).kind, PatKind::Wild | PatKind::Bind(_)),
            None => true,
        }
    }

    /// The shapes to try for a column: those of the row's own pattern, or all that the type has.
    fn shapes(&self, rows: &[Row], cell: Cell, ty: Ty) -> Vec<Shape> {
        let own = cell.and_then(|pat| self.shape(pat));
        if let Some(kind) = self.int_kind(ty) {
            let (low, high) = match own {
                Some(Shape::Ints(low, high)) => (low, high),
                _ => kind.range(),
            };
            return self.int_pieces(rows, low, high);
        }
        match own {
            Some(shape) => vec![shape],
            None => match self.signature(ty) {
                Some(all) => all,
                None => vec![Shape::Other],
            },
        }
    }

    fn int_kind(&self, ty: Ty) -> Option<IntKind> {
        match *self.checker.kind(ty) {
            TyKind::Int(kind) => Some(kind),
            _ => None,
        }
    }

    /// The integers from `low` to `high`, cut where a pattern of the column begins or ends. If some of them meet no
    /// pattern at all, one such piece stands for all: whatever the wildcards cover, they cover everywhere.
    fn int_pieces(&self, rows: &[Row], low: i128, high: i128) -> Vec<Shape> {
        let mut ranges = Vec::new();
        for row in rows {
            self.collect_ranges(row.first().copied().flatten(), &mut ranges);
        }
        ranges.retain(|&(from, to)| from <= to && to >= low && from <= high);
        let mut cuts: Vec<i128> = vec![low];
        cuts.extend(
            ranges.iter().flat_map(|&(from, to)| [from, to + 1]).filter(|&cut| cut > low && cut <= high),
        );
        cuts.sort_unstable();
        cuts.dedup();
        ranges.sort_unstable();
        let mut pieces = Vec::with_capacity(cuts.len());
        let (mut next, mut reach) = (0, i128::MIN);
        for (at, &from) in cuts.iter().enumerate() {
            let to = cuts.get(at + 1).map_or(high, |&next| next - 1);
            while let Some(&(_, end)) = ranges.get(next).filter(|&&(start, _)| start <= from) {
                reach = reach.max(end);
                next += 1;
            }
            if reach < from {
                return vec![Shape::Ints(from, to)];
            }
            pieces.push(Shape::Ints(from, to));
        }
        pieces
    }

    fn collect_ranges(&self, cell: Cell, ranges: &mut Vec<(i128, i128)>) {
        let Some(pat) = cell else { return };
        if let PatKind::Or(alternatives) = &self.checker.hir.pat(pat).kind {
            alternatives.iter().for_each(|&pat| self.collect_ranges(Some(pat), ranges));
        } else if let Some(Shape::Ints(from, to)) = self.shape(pat) {
            ranges.push((from, to));
        }
    }

    /// The shape that a pattern asks for; `None` for wildcards and alternatives.
    fn shape(&self, pat: PatId) -> Option<Shape> {
        let pat = self.checker.hir.pat(pat);
        let int = |value: i64| match self.int_kind(pat.ty) {
            Some(IntKind::U64) => i128::from(value as u64),
            _ => i128::from(value),
        };
        Some(match pat.kind {
            PatKind::Wild | PatKind::Bind(_) | PatKind::Or(_) => return None,
            PatKind::Bool(value) => Shape::Bool(value),
            PatKind::Int(value) => Shape::Ints(int(value), int(value)),
            PatKind::Range(first, last) => Shape::Ints(int(first), int(last)),
            PatKind::Float(value) => Shape::Float(value),
            PatKind::Str(id) => Shape::Str(id),
            PatKind::Some(_) => Shape::Some,
            PatKind::None => Shape::None,
            PatKind::Ok(_) => Shape::Ok,
            PatKind::Err(_) => Shape::Err,
            PatKind::Variant(id, number, _) => Shape::Variant(id, number),
            PatKind::Struct(id, _) => Shape::Struct(id),
        })
    }

    /// All shapes of a type, where they can be listed.
    fn signature(&self, ty: Ty) -> Option<Vec<Shape>> {
        Some(match *self.checker.kind(ty) {
            TyKind::Bool => vec![Shape::Bool(true), Shape::Bool(false)],
            TyKind::Option(_) => vec![Shape::Some, Shape::None],
            TyKind::Result(_) => vec![Shape::Ok, Shape::Err],
            TyKind::Struct(id) => vec![Shape::Struct(id)],
            TyKind::Enum(id) => {
                let count =
                    self.checker.hir.types.enums.get(id.0 as usize).map_or(0, |def| def.variants.len());
                (0..count as u32).map(|number| Shape::Variant(id, number)).collect()
            }
            _ => return None,
        })
    }

    /// The types of the parts of a value of some shape.
    fn parts(&self, shape: Shape, ty: Ty) -> Vec<Ty> {
        let types = &self.checker.hir.types;
        match (shape, self.checker.kind(ty)) {
            (Shape::Some, TyKind::Option(inner)) | (Shape::Ok, TyKind::Result(inner)) => vec![*inner],
            (Shape::Err, _) => vec![Types::STR],
            (Shape::Variant(id, number), _) => {
                let variant =
                    types.enums.get(id.0 as usize).and_then(|def| def.variants.get(number as usize));
                variant.map_or_else(Vec::new, |(_, payload)| payload.clone())
            }
            (Shape::Struct(id), _) => {
                let def = types.structs.get(id.0 as usize);
                def.map_or_else(Vec::new, |def| def.fields.iter().map(|(_, ty)| *ty).collect())
            }
            _ => Vec::new(),
        }
    }

    /// The rows that can match a value of some shape, the parts of the value in place of its column.
    fn narrow(&mut self, rows: &[Row], shape: Shape) -> Vec<Row> {
        self.left_to_narrow = self.left_to_narrow.saturating_sub(rows.len());
        if self.left_to_narrow == 0 {
            self.exhausted = true;
            return Vec::new();
        }
        let mut narrowed = Vec::with_capacity(rows.len());
        for row in rows {
            let (first, rest) = match row.split_first() {
                Some((first, rest)) => (*first, rest),
                None => (None, &[][..]),
            };
            self.narrow_row(first, rest, shape, &mut narrowed);
        }
        narrowed
    }

    fn narrow_row(&self, first: Cell, rest: &[Cell], shape: Shape, to: &mut Vec<Row>) {
        let count = match shape {
            Shape::Some | Shape::Ok | Shape::Err => 1,
            Shape::Variant(..) | Shape::Struct(_) => self.parts(shape, Types::ERROR).len(),
            _ => 0,
        };
        let mut row = vec![None; count];
        if let Some(pat) = first {
            match &self.checker.hir.pat(pat).kind {
                PatKind::Wild | PatKind::Bind(_) => {}
                PatKind::Or(alternatives) => {
                    for &alternative in alternatives {
                        self.narrow_row(Some(alternative), rest, shape, to);
                    }
                    return;
                }
                kind => {
                    if !self.shape(pat).is_some_and(|own| covers(own, shape)) {
                        return;
                    }
                    fill(kind, &mut row);
                }
            }
        }
        row.extend_from_slice(rest);
        to.push(row);
    }

    /// A case as a pattern that the author can write.
    fn write(&self, shape: Shape, parts: &[String]) -> String {
        let types = &self.checker.hir.types;
        match shape {
            Shape::Bool(value) => value.to_string(),
            Shape::Ints(low, high) if low == high => low.to_string(),
            Shape::Some => format!("some({})", parts.join(", ")),
            Shape::None => "none".to_owned(),
            Shape::Ok => format!("ok({})", parts.join(", ")),
            Shape::Err => format!("err({})", parts.join(", ")),
            Shape::Variant(id, number) => {
                let Some(def) = types.enums.get(id.0 as usize) else { return String::new() };
                let name = def.variants.get(number as usize).map_or("", |(name, _)| name.as_str());
                let values = if parts.is_empty() { String::new() } else { format!("({})", parts.join(", ")) };
                format!("{}.{name}{values}", def.name)
            }
            Shape::Struct(id) if parts.iter().any(|part| part != "_") => {
                let Some(def) = types.structs.get(id.0 as usize) else { return String::new() };
                let named = def.fields.iter().zip(parts).filter(|(_, part)| *part != "_");
                let named: Vec<String> = named.map(|((name, _), part)| format!("{name}: {part}")).collect();
                format!("{} {{ {} }}", def.name, named.join(", "))
            }
            _ => "_".to_owned(),
        }
    }
}

/// Whether a pattern of one shape matches all values of another, which lies within it or beside it.
fn covers(own: Shape, shape: Shape) -> bool {
    match (own, shape) {
        (Shape::Ints(low, high), Shape::Ints(from, to)) => low <= from && to <= high,
        (own, shape) => own == shape,
    }
}

/// The parts of a pattern, in their places.
fn fill(kind: &PatKind, row: &mut [Cell]) {
    let mut put = |at: usize, pat: PatId| {
        if let Some(cell) = row.get_mut(at) {
            *cell = Some(pat);
        }
    };
    match kind {
        PatKind::Some(inner) | PatKind::Ok(inner) | PatKind::Err(inner) => put(0, *inner),
        PatKind::Variant(_, _, parts) => parts.iter().enumerate().for_each(|(at, &pat)| put(at, pat)),
        PatKind::Struct(_, fields) => fields.iter().for_each(|&(at, pat)| put(at as usize, pat)),
        _ => {}
    }
}
