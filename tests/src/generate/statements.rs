//! Statements.

use super::expressions::{ARITHMETIC, ATOM};
use super::scope::Variable;
use super::types::Ty;
use super::{DEEPEST, Generator};

impl Generator<'_> {
    /// Up to so many statements, nested at most so deep.
    pub(super) fn statements(&mut self, count: usize, depth: u32) -> String {
        let mut text = String::new();
        self.context.nesting += 1;
        for _ in 0..=self.choices.below(count + 1) + count / 2 {
            if self.room == 0 || !self.choices.more() || self.context.nesting > DEEPEST {
                break;
            }
            self.room -= 1;
            text += &self.statement(depth);
            text.push('\n');
        }
        self.context.nesting -= 1;
        text
    }

    /// A block of statements, in a scope of its own.
    pub(super) fn block(&mut self, count: usize, depth: u32) -> String {
        let outer = self.scope.len();
        let text = self.statements(count, depth);
        self.scope.leave(outer);
        text
    }

    fn statement(&mut self, depth: u32) -> String {
        match self.choices.below(if depth == 0 { 15 } else { 26 }) {
            0..=2 => self.binding(),
            3 | 4 => self.print(),
            5..=8 => self.assignment(),
            9..=11 => self.change(),
            12 => self.call_statement(),
            13 => self.early_exit(),
            14 => self.closure_binding(),
            15..=17 => self.if_statement(depth - 1),
            18..=20 => self.loop_statement(depth - 1),
            21 | 22 => self.match_statement(depth - 1),
            23 | 24 => self.try_statement(depth - 1),
            _ => format!("{{\n{}}}", self.block(3, depth - 1)),
        }
    }

    /// A name for a new variable; one in use already is hidden by it.
    pub(super) fn name(&mut self) -> String {
        format!("v{}", self.choices.below(14))
    }

    /// How deep an expression may be nested: seldom deep, so that there is room for statements.
    fn nesting(&mut self) -> u32 {
        self.choices.one_of(&[1, 2, 1, 2, 3])
    }

    fn binding(&mut self) -> String {
        let ty = self.some_type(2);
        let name = self.name();
        let nesting = self.nesting();
        let text = if self.choices.once_in(2) {
            let value = self.expression(&ty, nesting, true).text;
            format!("{name}: {} = {value}", self.type_text(&ty))
        } else {
            let value = self.expression(&ty, nesting, false).text;
            format!("{name} := {value}")
        };
        self.scope.bind(&name, ty, true);
        text
    }

    fn closure_binding(&mut self) -> String {
        let ty = self.function_type();
        let name = self.name();
        let value = self.closure(&ty, 2);
        self.scope.bind(&name, ty, false);
        format!("{name} := {value}")
    }

    fn print(&mut self) -> String {
        let mut args = Vec::new();
        for _ in 0..=self.choices.below(3) {
            let ty = self.some_type(1);
            let nesting = self.nesting();
            args.push(self.expression(&ty, nesting, false).text);
        }
        format!("println({})", args.join(", "))
    }

    fn assignment(&mut self) -> String {
        let Some(variable) = self.pick(|variable| variable.assignable && variable.ty.is_data()) else {
            return self.binding();
        };
        let place = self.place(&variable, 2);
        let (place, ty) = place;
        if (ty.is_number() || ty == Ty::Str) && self.choices.once_in(2) {
            let operators: &[&str] = match &ty {
                Ty::Str => &["+="],
                Ty::Float | Ty::F32 => &["+=", "-=", "*=", "/="],
                _ => &["+=", "-=", "*="],
            };
            let operator = self.choices.one_of(operators);
            let value = self.expression(&ty, 2, false).text;
            return format!("{place} {operator} {value}");
        }
        let value = self.expression(&ty, 2, true).text;
        format!("{place} = {value}")
    }

    /// The variable or something in it, to assign to.
    fn place(&mut self, variable: &Variable, depth: u32) -> (String, Ty) {
        let mut place = (variable.name.clone(), variable.ty.clone());
        for _ in 0..depth {
            if self.choices.once_in(3) {
                break;
            }
            place = match place {
                (text, Ty::Struct(number)) => {
                    let fields = self.structs.get(number).map(|declared| declared.members.clone());
                    let fields = fields.unwrap_or_default();
                    let position = self.choices.below(fields.len());
                    match fields.get(position).and_then(|(name, types)| Some((name, types.first()?))) {
                        Some((name, ty)) => (format!("{text}.{name}"), ty.clone()),
                        None => (text, Ty::Struct(number)),
                    }
                }
                (text, Ty::Array(element)) if self.choices.once_in(2) => {
                    let index = self.choices.below(2);
                    (format!("{text}[{index}]"), *element)
                }
                (text, Ty::Map(key, value))
                    if !self.context.iterated.contains(&Ty::Map(key.clone(), value.clone())) =>
                {
                    let index = self.plain_value(&key);
                    (format!("{text}[{index}]"), *value)
                }
                other => other,
            };
        }
        place
    }

    /// A method that changes a collection.
    fn change(&mut self) -> String {
        let iterated = self.context.iterated.clone();
        let found = self.pick(|variable| {
            matches!(variable.ty, Ty::Array(_) | Ty::Map(..)) && !iterated.contains(&variable.ty)
        });
        let Some(Variable { name, ty, .. }) = found else { return self.assignment() };
        match ty {
            Ty::Array(element) => match self.choices.below(9) {
                0..=2 => format!("{name}.push({})", self.expression(&element, 2, true).text),
                3 => format!("{name}.insert(0, {})", self.expression(&element, 2, true).text),
                4 if !matches!(*element, Ty::Result(_)) => {
                    format!("if {name}.len > 1 {{ {name}.remove(1) }}")
                }
                5 => format!("{name}.reverse()"),
                6 if element.is_ordered() => format!("{name}.sort()"),
                7 => {
                    let compare = self.comparator(&element);
                    format!("{name}.sort({compare})")
                }
                8 if !element.is_wrapper() => {
                    let body = self.print();
                    format!("if {name}.pop() is some(popped) {{ println(popped)\n{body} }}")
                }
                _ => format!("{name}.clear()"),
            },
            Ty::Map(key, value) => match self.choices.below(5) {
                0..=2 => {
                    let index = self.expression(&key, 1, false).text;
                    format!("{name}[{index}] = {}", self.expression(&value, 2, true).text)
                }
                3 => format!("{name}.delete({})", self.expression(&key, 1, false).text),
                _ => format!("{name}.clear()"),
            },
            _ => String::new(),
        }
    }

    fn call_statement(&mut self) -> String {
        match self.call_of(None) {
            Some((call, Ty::Unit)) => call,
            Some((call, ty)) => {
                let name = self.name();
                self.scope.bind(&name, ty, true);
                format!("{name} := {call}")
            }
            None => self.print(),
        }
    }

    fn early_exit(&mut self) -> String {
        let exit = match self.choices.below(3) {
            1 if self.context.in_loop => "break".to_owned(),
            2 if self.context.in_loop => "continue".to_owned(),
            _ => match self.context.result.clone() {
                Some(Ty::Unit) => "return".to_owned(),
                Some(ty) => format!("return {}", self.expression(&ty, 2, true).text),
                None => return self.print(),
            },
        };
        format!("if {} {{ {exit} }}", self.condition(2))
    }

    /// A condition as the head of a statement.
    pub(super) fn condition(&mut self, depth: u32) -> String {
        let condition = self.expression(&Ty::Bool, depth, false);
        if condition.text.contains('{') { format!("({})", condition.text) } else { condition.text }
    }

    fn if_statement(&mut self, depth: u32) -> String {
        if self.choices.once_in(4) {
            return self.if_is(depth);
        }
        let mut text = format!("if {} {{\n{}}}", self.condition(3), self.block(3, depth));
        if self.choices.once_in(3) {
            text += &format!(" else if {} {{\n{}}}", self.condition(2), self.block(2, depth));
        }
        if self.choices.once_in(2) {
            text += &format!(" else {{\n{}}}", self.block(3, depth));
        }
        text
    }

    /// `if e is some(x)`.
    fn if_is(&mut self, depth: u32) -> String {
        let inner = self.some_type(1);
        let inner = if inner.is_wrapper() { Ty::Int } else { inner };
        let optional = self.choices.once_in(2);
        let ty = if optional { Ty::optional(inner.clone()) } else { Ty::result(inner.clone()) };
        let value = self.expression(&ty, 2, false).at(ATOM);
        let value = if value.contains('{') { format!("({value})") } else { value };
        let name = self.name();
        let outer = self.scope.len();
        self.scope.bind(&name, inner, true);
        let body = self.statements(3, depth);
        self.scope.leave(outer);
        let otherwise = self.block(2, depth);
        let pattern = if optional { "some" } else { "ok" };
        format!("if {value} is {pattern}({name}) {{\n{body}}} else {{\n{otherwise}}}")
    }

    fn loop_statement(&mut self, depth: u32) -> String {
        if self.context.repetition >= 3 {
            return self.if_statement(depth);
        }
        let context = self.context.clone();
        self.context.in_loop = true;
        self.context.repetition += 1;
        let text = match self.choices.below(7) {
            0 | 1 => self.counted_loop(depth),
            2 => self.while_loop(depth),
            3 => {
                let text = self.expression(&Ty::Str, 1, false);
                let text = if text.text.contains('{') { format!("({})", text.text) } else { text.text };
                self.for_over(&text, &[(Ty::Str, true)], depth)
            }
            choice => self.for_collection(choice, depth),
        };
        self.context = context;
        text
    }

    fn for_over(&mut self, head: &str, variables: &[(Ty, bool)], depth: u32) -> String {
        let outer = self.scope.len();
        let mut names: Vec<String> = Vec::new();
        for (ty, assignable) in variables {
            let mut name = self.name();
            while names.contains(&name) {
                name += "x";
            }
            self.scope.bind(&name, ty.clone(), *assignable);
            names.push(name);
        }
        let body = self.statements(4, depth);
        self.scope.leave(outer);
        format!("for {} in {head} {{\n{body}}}", names.join(", "))
    }

    fn counted_loop(&mut self, depth: u32) -> String {
        let start = self.choices.below(3);
        let end = start + self.choices.below(4);
        match self.choices.below(4) {
            0 | 1 => self.for_over(&format!("{start}..{end}"), &[(Ty::Int, true)], depth),
            2 => self.for_over(&format!("{start}..={end}"), &[(Ty::Int, true)], depth),
            _ => {
                let sized = self.sized();
                let head = format!("({start} as {sized})..({end} as {sized})");
                self.for_over(&head, &[(Ty::Sized(sized), true)], depth)
            }
        }
    }

    fn while_loop(&mut self, depth: u32) -> String {
        let counter = format!("w{}", self.context.repetition);
        let turns = self.choices.below(4) + 1;
        let outer = self.scope.len();
        self.scope.bind(&counter, Ty::Int, false);
        let head = match self.choices.below(3) {
            0 => format!("while {counter} < {turns}"),
            1 => format!("while {counter} < {turns} and {}", self.condition(1)),
            _ => "loop".to_owned(),
        };
        let leave = format!("if {counter} > {turns} {{ break }}\n");
        let body = self.statements(4, depth);
        self.scope.leave(outer);
        format!("{counter} := 0\n{head} {{\n{counter} += 1\n{leave}{body}}}")
    }

    fn for_collection(&mut self, choice: usize, depth: u32) -> String {
        let ty = match choice {
            4 => Ty::Map(Box::new(self.key_type()), Box::new(self.some_type(1))),
            _ => Ty::array(self.some_type(1)),
        };
        let head =
            match self.pick(|variable| std::mem::discriminant(&variable.ty) == std::mem::discriminant(&ty)) {
                Some(variable) if self.choices.once_in(2) => (variable.name, variable.ty),
                _ => {
                    let value = self.expression(&ty, 2, false).at(ARITHMETIC);
                    (if value.contains('{') { format!("({value})") } else { value }, ty)
                }
            };
        let (head, ty) = head;
        self.context.iterated.push(ty.clone());
        match ty {
            Ty::Map(key, value) => self.for_over(&head, &[(*key, true), (*value, true)], depth),
            Ty::Array(element) if choice == 5 => {
                self.for_over(&head, &[(Ty::Int, true), (*element, true)], depth)
            }
            Ty::Array(element) => self.for_over(&head, &[(*element, true)], depth),
            _ => String::new(),
        }
    }

    fn try_statement(&mut self, depth: u32) -> String {
        let context = self.context.clone();
        self.context.in_try = true;
        let body = self.block(4, depth);
        self.context = context;
        let handler = self.block(2, depth);
        format!("try {{\n{body}}} catch(e) {{\nprintln(\"caught\")\n{handler}}}")
    }
}
