//! `match`, as statement and expression.

use super::Generator;
use super::expressions::{ATOM, Expression, OPEN};
use super::types::Ty;

impl Generator<'_> {
    pub(super) fn match_statement(&mut self, depth: u32) -> String {
        let (head, ty) = self.matched(depth);
        let mut arms = String::new();
        for (pattern, bound) in self.patterns(&ty) {
            let outer = self.scope.len();
            for (name, ty) in bound {
                self.scope.bind(&name, ty, true);
            }
            let guard = if pattern != "_" && self.choices.once_in(6) { " if true" } else { "" };
            let body = self.statements(2, depth);
            self.scope.leave(outer);
            if !guard.is_empty() {
                // The same again without the guard keeps it exhaustive.
                arms += &format!("{pattern}{guard} => {{\n{body}}}\n");
            }
            arms += &format!("{pattern} => {{\n{body}}}\n");
        }
        format!("match {head} {{\n{arms}}}")
    }

    pub(super) fn match_expression(&mut self, ty: &Ty, depth: u32, typed: bool) -> Expression {
        let (head, matched) = self.matched(depth);
        let mut arms: Vec<String> = Vec::new();
        for (pattern, bound) in self.patterns(&matched) {
            let outer = self.scope.len();
            for (name, ty) in bound {
                self.scope.bind(&name, ty, true);
            }
            let guard = if self.choices.once_in(5) { Some(self.condition(1)) } else { None };
            // The first arm has a value: a match without any is of no type.
            let body = if arms.is_empty() {
                self.expression(ty, depth, typed).inside()
            } else {
                self.arm(ty, depth, typed)
            };
            if let Some(guard) = guard {
                arms.push(format!("{pattern} if {guard} => {}", self.arm(ty, depth, typed)));
            }
            self.scope.leave(outer);
            arms.push(format!("{pattern} => {body}"));
        }
        Expression::new(format!("match {head} {{ {} }}", arms.join(", ")), OPEN)
    }

    /// The value of an arm, or a way out.
    fn arm(&mut self, ty: &Ty, depth: u32, typed: bool) -> String {
        if self.choices.once_in(12) {
            match self.context.result.clone() {
                Some(Ty::Unit) => return "return".to_owned(),
                Some(result) => return format!("return {}", self.expression(&result, 1, true).text),
                None => {}
            }
        }
        self.expression(ty, depth, typed).inside()
    }

    /// What is matched, and its type.
    fn matched(&mut self, depth: u32) -> (String, Ty) {
        let ty = match self.choices.below(8) {
            0 => Ty::Int,
            1 => Ty::Str,
            2 => Ty::Bool,
            3 => Ty::Sized(self.sized()),
            4 if !self.enums.is_empty() => Ty::Enum(self.choices.below(self.enums.len())),
            5 if !self.structs.is_empty() => Ty::Struct(self.choices.below(self.structs.len())),
            6 => Ty::optional(Ty::Int),
            _ => Ty::result(Ty::Str),
        };
        let head = self.expression(&ty, depth, false);
        let head = if head.text.contains('{') { format!("({})", head.text) } else { head.at(ATOM) };
        (head, ty)
    }

    /// Patterns that together take every value, with what they bind.
    fn patterns(&mut self, ty: &Ty) -> Vec<(String, Vec<(String, Ty)>)> {
        let alone = |text: &str| (text.to_owned(), Vec::new());
        match ty {
            Ty::Int => {
                let first = self.choices.one_of(&["0", "1 | 2", "-1", "3..10", "0..=1", "int.MIN"]);
                let first = if first == "int.MIN" { "5" } else { first };
                let name = self.name();
                vec![alone(first), (name.clone(), vec![(name, Ty::Int)])]
            }
            Ty::Sized(_) => vec![alone(self.choices.one_of(&["0", "1", "2..100", "5..=50"])), alone("_")],
            Ty::Str => {
                let first = self.choices.one_of(&["\"a\"", "\"\"", "\"abc\" | \"é\""]);
                vec![alone(first), alone("_")]
            }
            Ty::Bool => vec![alone("true"), alone("false")],
            Ty::Optional(inner) => {
                let name = self.name();
                let mut patterns =
                    vec![(format!("some({name})"), vec![(name, inner.as_ref().clone())]), alone("none")];
                if **inner == Ty::Int && self.choices.once_in(2) {
                    patterns.insert(0, alone("some(1)"));
                }
                patterns
            }
            Ty::Result(inner) => {
                let good = self.name();
                let bad = if self.choices.once_in(4) {
                    let bad = self.name();
                    (format!("err({bad})"), vec![(bad, Ty::Str)])
                } else {
                    alone("err(_)")
                };
                vec![(format!("ok({good})"), vec![(good, inner.as_ref().clone())]), bad]
            }
            Ty::Enum(number) => {
                let Some(declared) = self.enums.get(*number) else { return vec![alone("_")] };
                let (name, members) = (declared.name.clone(), declared.members.clone());
                let mut patterns = Vec::new();
                for (variant, types) in members {
                    let bound: Vec<(String, Ty)> = types
                        .into_iter()
                        .enumerate()
                        .map(|(position, ty)| (format!("b{position}"), ty))
                        .collect();
                    let names: Vec<&str> = bound.iter().map(|(name, _)| name.as_str()).collect();
                    let payload =
                        if names.is_empty() { String::new() } else { format!("({})", names.join(", ")) };
                    patterns.push((format!("{name}.{variant}{payload}"), bound));
                }
                patterns
            }
            Ty::Struct(number) => {
                let Some(declared) = self.structs.get(*number) else { return vec![alone("_")] };
                let (name, members) = (declared.name.clone(), declared.members.clone());
                let mut patterns = Vec::new();
                let literals: Vec<String> = members
                    .iter()
                    .filter_map(|(field, types)| match types.first()? {
                        Ty::Int => Some(format!("{field}: 1")),
                        Ty::Bool => Some(format!("{field}: true")),
                        Ty::Str => Some(format!("{field}: \"a\"")),
                        Ty::Optional(_) => Some(format!("{field}: none")),
                        _ => None,
                    })
                    .collect();
                if !literals.is_empty() {
                    patterns.push(alone(&format!("{name} {{ {}, .. }}", literals.join(", "))));
                }
                let fields: Vec<String> = members.iter().map(|(field, _)| field.clone()).collect();
                let bound = members
                    .into_iter()
                    .filter_map(|(field, types)| Some((field, types.into_iter().next()?)))
                    .collect();
                patterns.push((format!("{name} {{ {} }}", fields.join(", ")), bound));
                patterns
            }
            _ => vec![alone("_")],
        }
    }
}
