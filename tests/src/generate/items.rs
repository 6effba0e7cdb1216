//! Declarations and the whole program.

use super::types::Ty;
use super::{Context, Declared, Generator, Signature};

/// The deepest that a recursive function goes.
const DEPTH: usize = 4;

impl Generator<'_> {
    pub(super) fn program(&mut self) -> String {
        let mut items = Vec::new();
        for _ in 0..self.choices.below(3) {
            items.push(self.enumeration());
        }
        for _ in 0..self.choices.below(4) {
            items.push(self.structure());
        }
        for number in 0..self.choices.below(3) {
            let ty = self.some_type(2);
            let text = self.type_text(&ty);
            let value = self.expression(&ty, 1, true).text;
            items.push(format!("g{number}: {text} = {value}\n"));
            self.scope.bind(&format!("g{number}"), ty, true);
        }
        for number in 0..self.choices.below(5) {
            items.push(self.function(number));
        }
        self.room = self.room.max(150);
        items.push(self.main());
        // Makers may need others.
        let mut made = 0;
        while let Some(ty) = self.makers.get(made).cloned() {
            let value = self.plain_value(&ty);
            items.push(format!("fn make{made}() -> {} {{ return {value} }}\n", self.type_text(&ty)));
            made += 1;
        }
        items.join("\n")
    }

    fn enumeration(&mut self) -> String {
        let name = format!("E{}", self.enums.len());
        let mut members = Vec::new();
        for number in 0..=self.choices.below(4) {
            let payload = (0..self.choices.below(3)).map(|_| self.some_type(1)).collect();
            members.push((format!("V{number}"), payload));
        }
        let variants: Vec<String> = members
            .iter()
            .map(|(name, payload): &(String, Vec<Ty>)| {
                let types: Vec<String> = payload.iter().map(|ty| self.type_text(ty)).collect();
                if types.is_empty() { name.clone() } else { format!("{name}({})", types.join(", ")) }
            })
            .collect();
        let text = format!("enum {name} {{ {} }}\n", variants.join(", "));
        self.enums.push(Declared { name, members });
        text
    }

    fn structure(&mut self) -> String {
        let name = format!("S{}", self.structs.len());
        let mut members: Vec<(String, Vec<Ty>)> = Vec::new();
        for number in 0..=self.choices.below(4) {
            members.push((format!("f{number}"), vec![self.some_type(2)]));
        }
        if self.choices.once_in(3) {
            members.push(("next".to_owned(), vec![Ty::optional(Ty::Struct(self.structs.len()))]));
        }
        self.structs.push(Declared { name: name.clone(), members });
        let members = self.structs.last().map_or(&[][..], |declared| &declared.members);
        let fields: Vec<String> = members
            .iter()
            .flat_map(|(name, types)| types.iter().map(move |ty| (name, ty)))
            .map(|(name, ty)| format!("{name}: {}", self.type_text(ty)))
            .collect();
        format!("struct {name} {{ {} }}\n", fields.join(", "))
    }

    fn function(&mut self, number: usize) -> String {
        let name = format!("fun{number}");
        let recursive = self.choices.once_in(3);
        let mut params = Vec::new();
        if recursive {
            params.push(Ty::Int);
        }
        let many = if self.choices.once_in(12) { 9 } else { 4 };
        for _ in 0..self.choices.below(many) {
            params.push(if self.choices.once_in(8) { self.function_type() } else { self.some_type(2) });
        }
        let result = match self.choices.below(6) {
            0 => Ty::Unit,
            1 => Ty::optional(Ty::Int),
            2 => Ty::result(self.some_type(0)),
            _ => self.some_type(2),
        };
        let mut defaults = 0;
        if params.last().is_some_and(|ty| matches!(ty, Ty::Int | Ty::Str)) && params.len() > 1 {
            defaults = self.choices.below(2);
        }
        let globals = self.scope.len();
        let mut texts = Vec::new();
        for (position, ty) in params.iter().enumerate() {
            let depth = recursive && position == 0;
            let param = if depth { "depth".to_owned() } else { format!("p{position}") };
            let mut text = format!("{param}: {}", self.type_text(ty));
            if position + defaults >= params.len() {
                text += &format!(" = {}", self.plain_value(ty));
            }
            texts.push(text);
            self.scope.bind(&param, ty.clone(), !depth && !matches!(ty, Ty::Fn(..)));
        }
        self.context = Context { result: Some(result.clone()), repetition: 1, ..Context::default() };
        let signature = Signature { name: name.clone(), params, defaults, result: result.clone(), recursive };
        let mut body = String::new();
        if recursive {
            body += &self.recursion(&signature);
        }
        let (many, kept) = self.many_variables();
        body += &many;
        body += &self.statements(3, 2);
        body += &kept;
        body += &self.tail(&result);
        self.scope.leave(globals);
        self.functions.push(signature);
        let arrow =
            if result == Ty::Unit { String::new() } else { format!(" -> {}", self.type_text(&result)) };
        format!("fn {name}({}){arrow} {{\n{body}}}\n", texts.join(", "))
    }

    /// Now and then more variables than the machine has registers, all used again at the end.
    fn many_variables(&mut self) -> (String, String) {
        if !self.choices.once_in(10) {
            return (String::new(), String::new());
        }
        let types = [Ty::Int, Ty::Float, Ty::Str, Ty::optional(Ty::Int), Ty::array(Ty::Int), Ty::Sized("u8")];
        let mut texts = (String::new(), String::new());
        for number in 0..self.choices.below(256) {
            let ty = types.get(self.choices.below(types.len())).cloned().unwrap_or(Ty::Int);
            let value = self.literal(&ty, true).text;
            let name = format!("k{number}");
            texts.0 += &format!("{name}: {} = {value}\n", self.type_text(&ty));
            texts.1 += &format!("print({name}, \"\")\n");
            self.scope.bind(&name, ty, true);
        }
        texts
    }

    /// The call of a function by itself, one less deep.
    fn recursion(&mut self, signature: &Signature) -> String {
        let mut args = vec!["depth - 1".to_owned()];
        for ty in signature.params.iter().skip(1) {
            args.push(self.expression(ty, 1, true).text);
        }
        let call = format!("{}({})", signature.name, args.join(", "));
        let inner = match &signature.result {
            Ty::Unit => call,
            ty => {
                let print = if ty.is_data() { "println(\"inner\", inner)\n" } else { "" };
                format!("inner: {} = {call}\n{print}", self.type_text(ty))
            }
        };
        format!("if depth > 0 {{\n{inner}\n}}\n")
    }

    /// The value at the end of a function's body.
    fn tail(&mut self, result: &Ty) -> String {
        if *result == Ty::Unit {
            return String::new();
        }
        let value = self.expression(result, 3, true).inside();
        if self.choices.once_in(3) { format!("return {value};\n") } else { format!("{value}\n") }
    }

    fn main(&mut self) -> String {
        self.context = Context { result: Some(Ty::Unit), ..Context::default() };
        let (mut body, _) = self.many_variables();
        body += &self.statements(12, 3);
        for variable in self.scope.visible() {
            if variable.ty.is_data() {
                body += &format!("println({:?}, {})\n", variable.name, variable.name);
            }
        }
        format!("fn main() {{\n{body}}}\n")
    }

    /// How deep a recursive function may go when it is called.
    pub(super) fn depth(&mut self) -> usize {
        self.choices.below(DEPTH)
    }
}
