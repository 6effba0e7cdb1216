//! Functions as values.

use super::types::Ty;
use super::{Context, Generator};

impl Generator<'_> {
    /// Some type of functions.
    pub(super) fn function_type(&mut self) -> Ty {
        let params = (0..self.choices.below(3)).map(|_| self.some_type(1)).collect();
        let result = self.some_type(1);
        Ty::Fn(params, Box::new(result))
    }

    /// A closure with its types written, or the name of a function.
    pub(super) fn closure(&mut self, ty: &Ty, depth: u32) -> String {
        let Ty::Fn(params, result) = ty else { return String::new() };
        if self.choices.once_in(3) {
            let named =
                self.functions.iter().find(|f| f.params == *params && f.result == **result && !f.recursive);
            if let Some(function) = named {
                return function.name.clone();
            }
        }
        let outer = self.scope.len();
        let context = self.inside(Some(result.as_ref().clone()));
        let names: Vec<String> = params
            .iter()
            .enumerate()
            .map(|(number, ty)| {
                let name = format!("a{number}");
                self.scope.bind(&name, ty.clone(), !matches!(ty, Ty::Fn(..)));
                format!("{name}: {}", self.type_text(ty))
            })
            .collect();
        let body = if depth == 0 { String::new() } else { self.statements(2, 0) };
        let value = self.expression(result, depth, true).inside();
        self.scope.leave(outer);
        self.context = context;
        format!("fn({}) -> {} {{\n{body}{value}\n}}", names.join(", "), self.type_text(result))
    }

    /// `|x, y| …` over such parameters, for a call that gives the types.
    pub(super) fn lambda(&mut self, params: &[Ty], result: &Ty, depth: u32) -> String {
        let outer = self.scope.len();
        let context = self.inside(None);
        let names: Vec<String> = (0..params.len()).map(|number| format!("x{number}")).collect();
        for (name, ty) in names.iter().zip(params) {
            self.scope.bind(name, ty.clone(), false);
        }
        // A brace after the bars is a block.
        let value = self.expression(result, depth, false).inside();
        self.scope.leave(outer);
        self.context = context;
        let names = names.join(", ");
        format!("|{names}| {value}")
    }

    /// Something to sort by, without effects.
    pub(super) fn comparator(&mut self, element: &Ty) -> String {
        match element {
            Ty::Int => self
                .choices
                .one_of(&[
                    "|a, b| a / 4 - (b / 4)",
                    "|a, b| b < a",
                    "fn(a: int, b: int) -> int { b / 4 - (a / 4) }",
                ])
                .to_owned(),
            Ty::Str => self.choices.one_of(&["|a, b| a.len - b.len", "|a, b| a > b"]).to_owned(),
            Ty::Sized(_) => "|a, b| a > b".to_owned(),
            Ty::Array(_) => "|a, b| a.len - b.len".to_owned(),
            Ty::Bool => "|a, b| a and !b".to_owned(),
            _ => "|a, b| false".to_owned(),
        }
    }

    /// Enters a function; gives the context to go back to.
    fn inside(&mut self, result: Option<Ty>) -> Context {
        let context = self.context.clone();
        self.context = Context {
            result,
            in_loop: false,
            in_try: false,
            iterated: context.iterated.clone(),
            repetition: context.repetition + 1,
            nesting: context.nesting,
        };
        context
    }
}
