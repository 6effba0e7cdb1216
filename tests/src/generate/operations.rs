//! What belongs to one type: operators, conversions, built-in functions and methods.

use super::Generator;
use super::expressions::{ARITHMETIC, ATOM, CAST, COMPARISON, Expression, LOGIC, OPEN, UNARY};
use super::types::Ty;

impl Generator<'_> {
    /// An operation that gives a value of this type.
    pub(super) fn operation(&mut self, ty: &Ty, depth: u32, typed: bool) -> Expression {
        match ty {
            Ty::Int => self.int_operation(depth),
            Ty::Sized(name) => self.sized_operation(ty, name, depth),
            Ty::Float => self.float_operation(depth),
            Ty::F32 => self.f32_operation(depth),
            Ty::Bool => self.bool_operation(depth),
            Ty::Str => self.string_operation(depth),
            Ty::Array(element) => self.array_operation(ty, element, depth, typed),
            Ty::Map(..) | Ty::Struct(_) | Ty::Enum(_) | Ty::Fn(..) | Ty::Unit => self.literal(ty, typed),
            Ty::Optional(inner) => self.optional_operation(ty, inner, depth, typed),
            Ty::Result(inner) => match (self.choices.below(3), inner.as_ref()) {
                (0, Ty::Int) if typed => {
                    Expression::atom(format!("parse_int({})", self.expression(&Ty::Str, depth, false).text))
                }
                (1, Ty::Int | Ty::Str | Ty::Bool) if typed => {
                    let other = self.choices.one_of(&[0, 1, 2]);
                    let from = [Ty::Int, Ty::Str, Ty::Bool].get(other).cloned().unwrap_or(Ty::Int);
                    let value = self.expression(&from, depth, false).at(CAST);
                    Expression::new(format!("{value} as any as {}", self.type_text(inner)), CAST)
                }
                _ => self.literal(ty, typed),
            },
        }
    }

    fn chain(&mut self, ty: &Ty, operators: &[&'static str], depth: u32) -> Expression {
        let mut text = self.expression(ty, depth, false).at(ARITHMETIC);
        for _ in 0..=self.choices.below(3) {
            let operator = self.choices.one_of(operators);
            let right = match operator {
                "<<" | ">>" => format!("({} as {})", self.choices.below(9), self.type_text(ty)),
                // Mostly not zero.
                "/" | "%" if ty.is_integer() && !self.choices.once_in(6) => {
                    let divisor = self.choices.below(9) + 1;
                    format!("({divisor} as {})", self.type_text(ty))
                }
                _ => self.expression(ty, depth, false).at(CAST),
            };
            text += &format!(" {operator} {right}");
        }
        Expression::new(text, ARITHMETIC)
    }

    fn int_operation(&mut self, depth: u32) -> Expression {
        let arrays = |this: &mut Self, depth| this.expression(&Ty::array(Ty::Int), depth, false).at(ATOM);
        match self.choices.below(20) {
            0..=4 => self.chain(&Ty::Int, &["+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>"], depth),
            5 => {
                let operator = self.choices.one_of(&["-", "~"]);
                Expression::new(
                    format!("{operator}{}", self.expression(&Ty::Int, depth, false).at(ATOM)),
                    UNARY,
                )
            }
            6 | 7 => {
                let from = match self.choices.below(3) {
                    0 => Ty::Float,
                    1 => Ty::F32,
                    _ => Ty::Sized(self.sized()),
                };
                Expression::new(format!("{} as int", self.expression(&from, depth, false).at(UNARY)), CAST)
            }
            8 => Expression::atom(format!("{}.len", self.expression(&Ty::Str, depth, false).at(ATOM))),
            9 => {
                let ty = Ty::array(self.some_type(1));
                Expression::atom(format!("{}.len()", self.expression(&ty, depth, false).at(ATOM)))
            }
            10 => Expression::atom(format!("{}.sum()", arrays(self, depth))),
            11 => {
                let callback = self.lambda(&[Ty::Int, Ty::Int], &Ty::Int, 1);
                Expression::atom(format!("{}.reduce(0, {callback})", arrays(self, depth)))
            }
            12 => {
                let item = self.expression(&Ty::Int, 1, false).text;
                Expression::atom(format!("{}.index_of({item})", arrays(self, depth)))
            }
            13 => {
                let part = self.expression(&Ty::Str, 1, false).text;
                Expression::atom(format!(
                    "{}.index_of({part})",
                    self.expression(&Ty::Str, depth, false).at(ATOM)
                ))
            }
            14 => {
                let function = self.choices.one_of(&["abs", "sign", "count_ones", "leading_zeros"]);
                Expression::atom(format!("{function}({})", self.expression(&Ty::Int, depth, false).text))
            }
            15 => self.two_of("min", "max", &Ty::Int, depth),
            16 => {
                Expression::atom(format!("clamp({}, -3, 300)", self.expression(&Ty::Int, depth, false).text))
            }
            17 => {
                let text = self.expression(&Ty::Str, depth, false).text;
                Expression::atom(format!("parse_int({text}).unwrap_or(-1)"))
            }
            18 => {
                let function = self.choices.one_of(&["checked_add", "checked_sub", "checked_mul"]);
                let args =
                    [self.expression(&Ty::Int, depth, false).text, self.expression(&Ty::Int, 1, false).text];
                Expression::atom(format!("{function}({}).unwrap_or(-2)", args.join(", ")))
            }
            _ => Expression::new(
                format!("{} as any as int", self.expression(&Ty::Int, depth, false).at(UNARY)),
                CAST,
            ),
        }
    }

    fn two_of(&mut self, one: &'static str, other: &'static str, ty: &Ty, depth: u32) -> Expression {
        let function = self.choices.one_of(&[one, other]);
        let args = [self.expression(ty, depth, false).text, self.expression(ty, 1, false).text];
        Expression::atom(format!("{function}({})", args.join(", ")))
    }

    fn sized_operation(&mut self, ty: &Ty, name: &str, depth: u32) -> Expression {
        match self.choices.below(9) {
            0..=3 => self.chain(ty, &["+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>"], depth),
            4 => {
                let operator = if name.starts_with('i') { self.choices.one_of(&["-", "~"]) } else { "~" };
                Expression::new(format!("{operator}{}", self.expression(ty, depth, false).at(ATOM)), UNARY)
            }
            5 => self.two_of("min", "max", ty, depth),
            6 => {
                let array = Ty::array(ty.clone());
                Expression::atom(format!("{}.sum()", self.expression(&array, depth, false).at(ATOM)))
            }
            choice => {
                let from = match choice {
                    7 => Ty::Int,
                    _ => [Ty::Float, Ty::Sized(self.sized()), Ty::F32]
                        .into_iter()
                        .nth(self.choices.below(3))
                        .unwrap_or(Ty::Int),
                };
                Expression::new(format!("{} as {name}", self.expression(&from, depth, false).at(UNARY)), CAST)
            }
        }
    }

    fn float_operation(&mut self, depth: u32) -> Expression {
        let value = |this: &mut Self| this.expression(&Ty::Float, depth, false);
        match self.choices.below(10) {
            0..=2 => self.chain(&Ty::Float, &["+", "-", "*", "/", "%"], depth),
            3 => Expression::new(format!("-{}", value(self).at(ATOM)), UNARY),
            4 => {
                let from = match self.choices.below(3) {
                    0 => Ty::Int,
                    1 => Ty::F32,
                    _ => Ty::Sized(self.sized()),
                };
                Expression::new(format!("{} as float", self.expression(&from, depth, false).at(UNARY)), CAST)
            }
            5 | 6 => {
                let functions =
                    ["floor", "sqrt", "ceil", "round", "trunc", "abs", "sin", "cos", "exp", "log", "atan"];
                let function = self.choices.one_of(&functions);
                Expression::atom(format!("{function}({})", value(self).text))
            }
            7 => self.two_of("pow", "atan2", &Ty::Float, depth),
            8 => {
                let array = Ty::array(Ty::Float);
                Expression::atom(format!("{}.sum()", self.expression(&array, depth, false).at(ATOM)))
            }
            _ => {
                let text = self.expression(&Ty::Str, depth, false).text;
                Expression::atom(format!("parse_float({text}).unwrap_or(0.25)"))
            }
        }
    }

    fn f32_operation(&mut self, depth: u32) -> Expression {
        match self.choices.below(5) {
            0..=2 => self.chain(&Ty::F32, &["+", "-", "*", "/"], depth),
            3 => Expression::new(format!("-{}", self.expression(&Ty::F32, depth, false).at(ATOM)), UNARY),
            _ => {
                let from = if self.choices.once_in(2) { Ty::Int } else { Ty::Float };
                Expression::new(format!("{} as f32", self.expression(&from, depth, false).at(UNARY)), CAST)
            }
        }
    }

    fn bool_operation(&mut self, depth: u32) -> Expression {
        match self.choices.below(12) {
            0..=2 => {
                let ty = match self.choices.below(5) {
                    0 | 1 => Ty::Int,
                    2 => Ty::Str,
                    3 => Ty::Float,
                    _ => Ty::Sized(self.sized()),
                };
                let operator = self.choices.one_of(&["<", "<=", ">", ">=", "==", "!="]);
                let (left, right) = (self.expression(&ty, depth, false), self.expression(&ty, depth, false));
                let text = format!("{} {operator} {}", left.at(ARITHMETIC), right.at(ARITHMETIC));
                Expression::new(text, COMPARISON)
            }
            3 => {
                let ty = self.some_type(2);
                let operator = self.choices.one_of(&["==", "!="]);
                let (left, right) = (self.expression(&ty, depth, false), self.expression(&ty, depth, false));
                Expression::new(
                    format!("{} {operator} {}", left.at(ARITHMETIC), right.at(ARITHMETIC)),
                    COMPARISON,
                )
            }
            4..=6 => {
                let mut text = self.expression(&Ty::Bool, depth, false).at(LOGIC);
                for _ in 0..=self.choices.below(2) {
                    let operator = self.choices.one_of(&["and", "or", "&&", "||"]);
                    text +=
                        &format!(" {operator} {}", self.expression(&Ty::Bool, depth, false).at(COMPARISON));
                }
                Expression::new(text, LOGIC)
            }
            7 => {
                let operator = self.choices.one_of(&["!", "not "]);
                Expression::new(
                    format!("{operator}{}", self.expression(&Ty::Bool, depth, false).at(ATOM)),
                    UNARY,
                )
            }
            8 => {
                let method = self.choices.one_of(&["contains", "starts_with", "ends_with"]);
                let part = self.expression(&Ty::Str, 1, false).text;
                Expression::atom(format!(
                    "{}.{method}({part})",
                    self.expression(&Ty::Str, depth, false).at(ATOM)
                ))
            }
            9 => {
                let element = self.some_type(0);
                let method = self.choices.one_of(&["any", "all"]);
                let callback = self.lambda(std::slice::from_ref(&element), &Ty::Bool, 1);
                let array = self.expression(&Ty::array(element), depth, false).at(ATOM);
                Expression::atom(format!("{array}.{method}({callback})"))
            }
            10 => {
                let inner = self.some_type(0);
                let (ty, patterns) = if self.choices.once_in(2) {
                    (Ty::result(inner), ["is ok(_)", "is err(_)"])
                } else {
                    (Ty::optional(inner), ["is some(_)", "is none"])
                };
                let value = self.expression(&ty, depth, false).at(ARITHMETIC);
                Expression::new(format!("{value} {}", self.choices.one_of(&patterns)), COMPARISON)
            }
            _ => {
                let Some(map) = self.pick(|variable| matches!(variable.ty, Ty::Map(..))) else {
                    return self.literal(&Ty::Bool, true);
                };
                let Ty::Map(key, _) = &map.ty else { return self.literal(&Ty::Bool, true) };
                Expression::atom(format!("{}.has({})", map.name, self.expression(key, 1, false).text))
            }
        }
    }

    fn string_operation(&mut self, depth: u32) -> Expression {
        let receiver = |this: &mut Self| this.expression(&Ty::Str, depth, false).at(ATOM);
        match self.choices.below(16) {
            0..=2 => {
                let left = self.expression(&Ty::Str, depth, false).at(ARITHMETIC);
                let right = self.expression(&Ty::Str, depth, false).at(CAST);
                Expression::new(format!("{left} + {right}"), ARITHMETIC)
            }
            3 => {
                let ty = self.some_type(2);
                Expression::atom(format!("str({})", self.expression(&ty, depth, false).text))
            }
            4 | 5 => self.f_string(depth),
            6 => {
                let method = self.choices.one_of(&["upper", "lower", "trim"]);
                Expression::atom(format!("{}.{method}()", receiver(self)))
            }
            7 => Expression::atom(format!("{}.repeat({})", receiver(self), self.choices.below(4))),
            8 => {
                let to = self.expression(&Ty::Str, 1, false).text;
                let from = self.choices.one_of(&["a", "l", "é", "bc"]);
                Expression::atom(format!("{}.replace(\"{from}\", {to})", receiver(self)))
            }
            9 => {
                let method = self.choices.one_of(&["pad_left", "pad_right"]);
                let width = self.choices.below(12);
                Expression::atom(format!("{}.{method}({width}, \"*\")", receiver(self)))
            }
            10 | 11 => {
                let index = self.expression(&Ty::Int, 1, false).text;
                Expression::atom(format!("{}[{index}].unwrap_or(\"?\")", receiver(self)))
            }
            12 => {
                let (start, end) = (self.choices.below(4), self.choices.below(6));
                let bounds = self.choices.one_of(&[":", ".."]);
                Expression::atom(format!("{}[{start}{bounds}{end}].unwrap_or(\"-\")", receiver(self)))
            }
            13 | 14 => {
                let element = if self.choices.once_in(3) { Ty::Int } else { Ty::Str };
                let array = self.expression(&Ty::array(element.clone()), depth, false).at(ATOM);
                let array = if element == Ty::Str { array } else { format!("{array}.map(|x| str(x))") };
                Expression::atom(format!("{array}.join(\", \")"))
            }
            _ => Expression::atom(format!("{}[0]", receiver(self))),
        }
    }

    fn f_string(&mut self, depth: u32) -> Expression {
        let mut text = "f\"".to_owned();
        for _ in 0..=self.choices.below(3) {
            if self.choices.once_in(5) {
                let value = self.expression(&Ty::Float, depth, false).text;
                let value = if value.starts_with('{') { format!("({value})") } else { value };
                text += &format!("<{{({value}):.{}}}>", self.choices.below(5));
            } else {
                let ty = self.some_type(1);
                text += &format!("{{({})}} ", self.expression(&ty, depth, false).text);
            }
        }
        Expression::atom(text + "\"")
    }

    fn array_operation(&mut self, ty: &Ty, element: &Ty, depth: u32, typed: bool) -> Expression {
        let receiver = |this: &mut Self| this.expression(ty, depth, false).at(ATOM);
        match (self.choices.below(11), element) {
            (0 | 1, _) => {
                let from = self.some_type(1);
                let callback = self.lambda(std::slice::from_ref(&from), element, 2);
                let array = self.expression(&Ty::array(from), depth, false).at(ATOM);
                Expression::atom(format!("{array}.map({callback})"))
            }
            (2, _) => {
                let callback = self.lambda(std::slice::from_ref(element), &Ty::Bool, 2);
                Expression::atom(format!("{}.filter({callback})", receiver(self)))
            }
            (3, _) => {
                let other = self.expression(ty, 1, true).text;
                Expression::atom(format!("{}.concat({other})", receiver(self)))
            }
            (4, _) => {
                let (start, end) = (self.choices.below(2), self.choices.below(4));
                let value = receiver(self);
                let default = self.expression(ty, 1, true).text;
                Expression::atom(format!("{value}[{start}:{end}].unwrap_or({default})"))
            }
            (5, _) => {
                let value = self.expression(element, 1, typed).text;
                Expression::atom(format!("[{value}; {}]", self.choices.below(5)))
            }
            (6 | 7, Ty::Str) => {
                let text = self.expression(&Ty::Str, depth, false).at(ATOM);
                let method = self.choices.one_of(&["chars()", "split(\",\")", "lines()", "split(\" \")"]);
                Expression::atom(format!("{text}.{method}"))
            }
            (6 | 7, Ty::Sized("u8")) => {
                Expression::atom(format!("{}.bytes()", self.expression(&Ty::Str, depth, false).at(ATOM)))
            }
            (8, _) => {
                let map = self.pick(|variable| match &variable.ty {
                    Ty::Map(key, value) => **key == *element || **value == *element,
                    _ => false,
                });
                match map {
                    Some(map) if matches!(&map.ty, Ty::Map(key, _) if **key == *element) => {
                        Expression::atom(format!("{}.keys()", map.name))
                    }
                    Some(map) => Expression::atom(format!("{}.values()", map.name)),
                    None => self.literal(ty, typed),
                }
            }
            (9, element) if element.is_ordered() => {
                Expression::atom(format!("{}.concat([]).sort()", receiver(self)))
            }
            (10, _) => Expression::atom(format!("{}.concat([]).reverse()", receiver(self))),
            _ => self.literal(ty, typed),
        }
    }

    fn optional_operation(&mut self, ty: &Ty, inner: &Ty, depth: u32, typed: bool) -> Expression {
        match self.choices.below(6) {
            0 => {
                let callback = self.lambda(std::slice::from_ref(inner), &Ty::Bool, 1);
                let array = self.expression(&Ty::array(inner.clone()), depth, false).at(ATOM);
                Expression::atom(format!("{array}.find({callback})"))
            }
            1 if typed => {
                let array = self.expression(&Ty::array(inner.clone()), depth, false).at(ATOM);
                let operation = self.choices.one_of(&["[0]", "[1]", ".first()", ".last()", ".pop()"]);
                let text = format!("{array}{operation}");
                if operation == ".pop()" && self.context.iterated.iter().any(|ty| matches!(ty, Ty::Array(_)))
                {
                    return self.literal(ty, typed);
                }
                Expression::atom(text)
            }
            2 => {
                let map =
                    self.pick(|variable| matches!(&variable.ty, Ty::Map(_, value) if **value == *inner));
                let Some(map) = map else { return self.literal(ty, typed) };
                let Ty::Map(key, _) = &map.ty else { return self.literal(ty, typed) };
                Expression::atom(format!("{}.get({})", map.name, self.expression(key, 1, false).text))
            }
            3 if *inner == Ty::Int => {
                let args =
                    [self.expression(&Ty::Int, depth, false).text, self.expression(&Ty::Int, 1, false).text];
                Expression::atom(format!("checked_mul({})", args.join(", ")))
            }
            4 if *inner == Ty::Str && typed => {
                Expression::atom(format!("{}[1]", self.expression(&Ty::Str, depth, false).at(ATOM)))
            }
            5 => {
                let value = self.expression(inner, depth, typed).text;
                if typed { Expression::atom(format!("some({value})")) } else { self.literal(ty, false) }
            }
            _ => {
                let literal = self.literal(ty, typed);
                Expression::new(literal.at(OPEN), OPEN)
            }
        }
    }
}
