//! Declarations, module state in its order, and the entry.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use mog_compiler::ast::{Ast, FieldDecl, ItemKind, StmtKind, Symbol, VariantDecl, sym};

use super::types::{Type, settle, type_of};
use super::value::Value;
use super::{Env, Frame, Interpreter, Outcome, Res, Stop, Variable};

impl<'a> Interpreter<'a> {
    pub(super) fn new(ast: &'a Ast, fuel: u64) -> Self {
        let mut interpreter = Self {
            ast,
            functions: HashMap::new(),
            structs: HashMap::new(),
            enums: HashMap::new(),
            aliases: HashMap::new(),
            constants: HashMap::new(),
            state: HashMap::new(),
            ambiguous: false,
            frames: Vec::new(),
            fuel,
            output: String::new(),
        };
        interpreter.declare();
        interpreter
    }

    /// Notes what is declared anywhere.
    fn declare(&mut self) {
        for item in &self.ast.items {
            let again = match item.kind {
                ItemKind::Fn(id) => match self.ast[id].name {
                    Some(name) => self.functions.insert(name.symbol, id).is_some(),
                    None => false,
                },
                ItemKind::Struct { name, fields } => self.structs.insert(name.symbol, fields).is_some(),
                ItemKind::Enum { name, variants } => self.enums.insert(name.symbol, variants).is_some(),
                ItemKind::Type { name, ty } => self.aliases.insert(name.symbol, ty).is_some(),
                _ => false,
            };
            self.ambiguous |= again;
        }
        for &item in self.ast.list(self.ast.root) {
            if let ItemKind::Stmt(id) = self.ast[item].kind
                && let StmtKind::Const { name, ty, value } = self.ast[id].kind
            {
                self.constants.insert(name.symbol, (ty, value));
            }
        }
    }

    /// Runs the program.
    pub(super) fn run(&mut self) -> Outcome {
        match self.run_entry() {
            Ok(Value::Int(_, code)) => Outcome::Ended(code.rem_euclid(64) as u8),
            Ok(Value::Result(_, Err(failure))) | Err(Stop::Failed(failure)) => {
                Outcome::Failed(failure.0.as_deref().map(str::to_owned))
            }
            Ok(_) => Outcome::Ended(0),
            Err(Stop::Trap(message)) => Outcome::Trap(message),
            Err(Stop::Unsupported(what)) => Outcome::Unsupported(what),
            Err(Stop::Return(_) | Stop::Break | Stop::Continue) => {
                Outcome::Unsupported("a jump out of the program".to_owned())
            }
        }
    }

    fn run_entry(&mut self) -> Res<Value> {
        if self.ambiguous {
            return Err(Stop::unsupported("two declarations of one name"));
        }
        self.frames.push(Frame { result: Type::Unknown, tries: 0 });
        let mut env = None;
        for &item in self.ast.list(self.ast.root) {
            match self.ast[item].kind {
                ItemKind::Stmt(id) => match self.ast[id].kind {
                    StmtKind::Const { .. } => {}
                    StmtKind::Let { name, ty, value } => {
                        let want = ty.map_or(Ok(Type::Unknown), |ty| self.resolve(ty))?;
                        let value = settle(self.eval(&env, value, &want)?)?;
                        let ty = want.or(&type_of(&value));
                        let variable = Variable {
                            name: name.symbol,
                            value: RefCell::new(value),
                            ty,
                            constant: false,
                            outer: None,
                        };
                        if self.state.insert(name.symbol, Rc::new(variable)).is_some() {
                            return Err(Stop::unsupported("module state bound twice"));
                        }
                    }
                    _ => self.statement(&mut env, id)?,
                },
                ItemKind::Import(_)
                | ItemKind::Requires(_)
                | ItemKind::Optional(_)
                | ItemKind::Capability { .. } => {
                    return Err(Stop::unsupported("modules and capabilities"));
                }
                _ => {}
            }
        }
        match self.functions.get(&sym::MAIN) {
            Some(&main) => self.call_function(main, &None, Vec::new(), &None),
            None => Ok(Value::Unit),
        }
    }

    pub(super) fn struct_fields(&self, name: Symbol) -> Res<&'a [FieldDecl]> {
        let fields = self.structs.get(&name).ok_or_else(|| Stop::unsupported("an unknown struct"))?;
        Ok(self.ast.list(*fields))
    }

    pub(super) fn field_index(&self, name: Symbol, field: Symbol) -> Res<usize> {
        let found = self.struct_fields(name)?.iter().position(|declared| declared.name.symbol == field);
        found.ok_or_else(|| Stop::unsupported("an unknown field"))
    }

    pub(super) fn variant(&self, name: Symbol, variant: Symbol) -> Option<&'a VariantDecl> {
        let variants = self.ast.list(*self.enums.get(&name)?);
        variants.iter().find(|declared| declared.name.symbol == variant)
    }

    /// The variable of that name, in scope or of the module.
    pub(super) fn variable(&self, env: &Env, name: Symbol) -> Option<Rc<Variable>> {
        let mut scope = env;
        while let Some(variable) = scope {
            if variable.name == name {
                return Some(variable.clone());
            }
            scope = &variable.outer;
        }
        self.state.get(&name).cloned()
    }

    /// The value of a top-level constant.
    pub(super) fn constant(&mut self, name: Symbol) -> Option<Res<Value>> {
        let &(ty, value) = self.constants.get(&name)?;
        let want = match ty.map_or(Ok(Type::Unknown), |ty| self.resolve(ty)) {
            Ok(want) => want,
            Err(stop) => return Some(Err(stop)),
        };
        let value = self.eval(&None, value, &want);
        // Without a type, an untyped literal's constant takes the type that is expected of its name.
        Some(value)
    }
}
