//! From the checked program to instructions over virtual registers.
//!
//! Every expression is lowered into a destination where one is wanted, so that most values are computed where
//! they are needed and never moved. A destination is written by the last instruction only: `x = f(x) + x` is
//! safe. Conditions are lowered to jumps, never to booleans that are tested afterwards.

mod builtin;
mod call;
mod callback;
mod condition;
mod control;
mod expr;
mod function;
mod numeric;
mod pattern;
mod place;
mod purity;
mod sign;
mod task;
mod tensor;

use mog_core::TypeId;
use mog_core::isa::{Flags, Lib, Op};
use smallvec::{SmallVec, smallvec};

use crate::hir::{ExprId, Func, FuncId, Group, Hir, ImportId, LocalId, StrId};
use crate::ir::{Arg, Body, Code, Ext, Inst, Label, Layouts, Slot, V};
use crate::optimizations::{Optimization, Optimizations};
use crate::types::Ty;

pub use function::lower;

/// What the functions of a program share.
#[derive(Debug)]
pub struct Lowered {
    /// Types, strings, register classes.
    pub layouts: Layouts,
    /// Constants, by their numbers.
    pub constants: Vec<u64>,
    /// The struct type of the module's state.
    pub state_type: u16,
    /// The function type of each import.
    pub imports: Vec<u16>,
    /// The numbers of the exported functions, in the order of the program's list.
    pub exports: Vec<u16>,
    /// The number of the initialiser.
    pub init: Option<u16>,
    /// What there is more of than an object can hold.
    pub exceeded: Option<&'static str>,
}

/// Operands: mostly few.
type List<T> = SmallVec<[T; 4]>;

/// What is shared by all functions of a program.
struct Unit<'h> {
    hir: &'h Hir,
    optimizations: Optimizations,
    layouts: Layouts,
    constants: Vec<u64>,
    constant_index: hashbrown::HashMap<u64, u16>,
    /// First state slot of each module variable.
    globals: Vec<u16>,
    purity: purity::Purity,
    /// Machine functions that were asked for, in the order of their numbers.
    wanted: Vec<Wanted>,
    /// By string constant of the program, its number in the module once it was asked.
    strings: Vec<Option<u16>>,
    numbers: hashbrown::HashMap<Wanted, u16>,
    captures: hashbrown::HashMap<FuncId, TypeId>,
    /// By function, once it was asked.
    inline_levels: Vec<Option<u32>>,
    /// A function that is finished, whose room the next one takes.
    finished: Body,
    /// The constants that the loops around load before they begin.
    hoisted: hashbrown::HashMap<u64, V>,
    exceeded: Option<&'static str>,
}

/// A machine function: only those that are reachable are made.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Wanted {
    /// A declared function.
    Function(FuncId),
    /// A closure's function, which takes the closure first.
    Closure(FuncId),
    /// A closure that calls a named function.
    Wrapper(FuncId),
    /// What the host calls for a function, in a program with tasks: it waits for them all.
    Entry(FuncId),
    /// The task of a capability call.
    ImportTask(ImportId),
    /// The task of `all` or `race`: the type of the array of futures, and that of their values together.
    GroupTask(Group, Ty, Ty),
}

impl Unit<'_> {
    /// The number of a machine function, which will be made if it was not asked for before.
    fn number(&mut self, wanted: Wanted) -> u16 {
        if let Some(&number) = self.numbers.get(&wanted) {
            return number;
        }
        let number = u16::try_from(self.wanted.len()).unwrap_or(u16::MAX);
        self.wanted.push(wanted);
        self.numbers.insert(wanted, number);
        number
    }

    fn inline_levels(&mut self, function: FuncId) -> u32 {
        let Some(known) = self.inline_levels.get_mut(function.0 as usize) else { return 0 };
        *known.get_or_insert_with(|| purity::inline_levels(self.hir, function))
    }

    fn constant(&mut self, bits: u64) -> u16 {
        if let Some(&index) = self.constant_index.get(&bits) {
            return index;
        }
        let index = u16::try_from(self.constants.len()).unwrap_or(u16::MAX);
        self.constants.push(bits);
        self.constant_index.insert(bits, index);
        index
    }
}

/// Some of the slots of a virtual register, as a value of a type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Val {
    slot: Slot,
    ty: Ty,
}

impl Val {
    const fn whole(v: V, ty: Ty) -> Self {
        Self { slot: Slot { v, sub: 0 }, ty }
    }

    /// The part that begins so many slots further on.
    const fn part(self, sub: u8, ty: Ty) -> Self {
        Self { slot: Slot { v: self.slot.v, sub: self.slot.sub + sub }, ty }
    }

    const fn arg(self) -> Arg {
        if self.slot.v.0 == NOWHERE.0 { Arg::None } else { Arg::Reg(self.slot) }
    }
}

/// Operands a, b, c, of which the last may be missing.
#[inline]
fn three(args: &[Arg]) -> [Arg; 3] {
    let arg = |n: usize| args.get(n).copied().unwrap_or(Arg::None);
    [arg(0), arg(1), arg(2)]
}

/// The register of a value that has no slots.
const NOWHERE: V = V(u32::MAX);

/// Where a `return` goes.
#[derive(Clone, Copy)]
enum Returns {
    /// Out of the machine's function.
    Frame,
    /// To the end of a closure's body that was inlined.
    Inline(Option<Val>, Label),
}

/// Jump targets of the innermost loop.
#[derive(Clone, Copy)]
struct Loop {
    on_break: Label,
    on_continue: Label,
}

/// A function of the source whose code is being made: the machine function's own, or an inlined closure.
struct Scope<'h> {
    function: Option<&'h Func>,
    locals: SmallVec<[Option<V>; 16]>,
    returns: Returns,
    loops: SmallVec<[Loop; 4]>,
    /// By variable: whether it is known never to hold a negative number.
    never_negative: SmallVec<[bool; 16]>,
}

/// One machine function under construction.
struct Lowering<'u, 'h> {
    unit: &'u mut Unit<'h>,
    /// The function of the source that it is, unless it only calls one.
    function: Option<FuncId>,
    body: Body,
    scope: Scope<'h>,
    /// How many loops are around.
    loop_depth: u32,
    /// How many calls around are replaced by bodies.
    inlined: u32,
    at: u32,
    /// Whether control can reach the next instruction. What it cannot reach is left out.
    reachable: bool,
}

impl<'h> Lowering<'_, 'h> {
    fn hir(&self) -> &'h Hir {
        self.unit.hir
    }

    fn makes(&self, optimization: Optimization) -> bool {
        self.unit.optimizations.has(optimization)
    }

    fn ty(&self, id: ExprId) -> Ty {
        self.unit.hir.types.shallow(self.unit.hir.expr(id).ty)
    }

    fn fresh(&mut self, ty: Ty) -> Val {
        let class = self.unit.layouts.class(self.unit.hir, ty);
        Val::whole(self.body.fresh(class), ty)
    }

    /// A register of one slot of a type that the language has no name for.
    fn fresh_slot(&mut self, slot: TypeId, ty: Ty) -> Val {
        let class = self.unit.layouts.classes.intern(&[slot.0]);
        Val::whole(self.body.fresh(class), ty)
    }

    fn fresh_slots(&mut self, slots: &[u16], ty: Ty) -> Val {
        let class = self.unit.layouts.classes.intern(slots);
        Val::whole(self.body.fresh(class), ty)
    }

    fn target(&mut self, dst: Option<Val>, ty: Ty) -> Val {
        match dst {
            Some(dst) => dst,
            None => self.fresh(ty),
        }
    }

    #[inline]
    fn size(&mut self, ty: Ty) -> u8 {
        u8::try_from(self.unit.layouts.size(self.unit.hir, ty)).unwrap_or(u8::MAX)
    }

    fn type_id(&mut self, ty: Ty) -> TypeId {
        self.unit.layouts.id(self.unit.hir, ty)
    }

    // Instructions.

    /// Something that is no instruction of the machine.
    fn push(&mut self, code: Code, args: [Arg; 3]) {
        self.body.insts.push(Inst { code, args, ext: (0, 0), at: self.at });
    }

    #[inline]
    fn op(&mut self, op: Op, args: &[Arg]) {
        self.instruction(op, three(args), (0, 0));
    }

    fn instruction(&mut self, op: Op, args: [Arg; 3], ext: (u32, u32)) {
        if !self.reachable {
            return;
        }
        for arg in args {
            if let Arg::To(label) = arg {
                self.body.want(label);
            }
        }
        self.body.insts.push(Inst { code: Code::Op(op), args, ext, at: self.at });
        self.reachable = !op.info().flags.has(Flags::ENDS);
    }

    #[inline]
    fn op_ext(&mut self, op: Op, args: &[Arg], ext: &[Ext]) {
        let start = self.body.ext.len() as u32;
        self.body.ext.extend_from_slice(ext);
        self.op_since(op, args, start);
    }

    /// An instruction whose ext operands have just been added to the body's, from `start` on.
    #[inline]
    fn op_since(&mut self, op: Op, args: &[Arg], start: u32) {
        let end = self.body.ext.len() as u32;
        self.instruction(op, three(args), (start, end));
    }

    /// Adds the slots of values to the ext operands. Where they begin.
    fn ext_slots(&mut self, first: Option<Ext>, values: &[Val]) -> u32 {
        let start = self.body.ext.len() as u32;
        self.body.ext.extend(first);
        for &value in values {
            let Slot { v, sub } = value.slot;
            let size = self.size(value.ty);
            self.body.ext.extend((sub..sub + size).map(|sub| Ext::Reg(Slot { v, sub })));
        }
        start
    }

    fn label(&mut self) -> Label {
        self.body.label()
    }

    /// Places a label that only jumps before it refer to.
    fn place(&mut self, label: Label) {
        if !self.body.is_wanted(label) {
            return;
        }
        // Jumps to what comes next anyway.
        while let Some(last) = self.body.insts.iter().rposition(|inst| inst.code != Code::Label)
            && self.body.insts[last].code == Code::Op(Op::Jump)
            && self.body.insts[last].args[0] == Arg::To(label)
        {
            self.body.insts.remove(last);
        }
        self.reachable = true;
        self.push(Code::Label, three(&[Arg::To(label)]));
    }

    /// Places a label that jumps after it may refer to: where rounds of a loop begin.
    fn place_ahead(&mut self, label: Label) {
        if self.reachable && !self.body.is_wanted(label) {
            self.push(Code::Label, three(&[Arg::To(label)]));
        } else {
            self.place(label);
        }
    }

    /// Marks a place that no jump refers to.
    fn mark(&mut self, label: Label) {
        self.body.want(label);
        self.push(Code::Label, three(&[Arg::To(label)]));
    }

    fn jump(&mut self, label: Label) {
        self.op(Op::Jump, &[Arg::To(label)]);
    }

    fn lib(&mut self, lib: Lib, dst: Val, operands: &[Ext]) {
        self.op_ext(Op::Lib, &[dst.arg(), Arg::Num(lib as i32)], operands);
    }

    fn trap(&mut self, code: mog_core::TrapCode) {
        self.op(Op::Trap, &[Arg::Num(code as i32)]);
    }

    /// Copies a value; nothing for a value without slots.
    fn copy(&mut self, dst: Val, src: Val) {
        if dst.slot == src.slot {
            return;
        }
        match self.size(src.ty) {
            0 => {}
            1 => self.op(Op::Move, &[dst.arg(), src.arg()]),
            n => self.op(Op::MoveN, &[dst.arg(), src.arg(), Arg::Num(i32::from(n))]),
        }
    }

    /// Copies one slot.
    fn copy_slot(&mut self, dst: Val, src: Val) {
        if dst.slot != src.slot {
            self.op(Op::Move, &[dst.arg(), src.arg()]);
        }
    }

    // Constants.

    fn int(&mut self, value: i64, dst: Option<Val>) -> Val {
        use crate::types::Types;
        if let Some(dst) = dst {
            self.load_bits(value.cast_unsigned(), true, dst);
            return dst;
        }
        self.constant(value.cast_unsigned(), Types::INT)
    }

    fn float(&mut self, value: f64, dst: Option<Val>) -> Val {
        use crate::types::Types;
        if let Some(dst) = dst {
            self.load_bits(value.to_bits(), false, dst);
            return dst;
        }
        self.constant(value.to_bits(), Types::FLOAT)
    }

    fn load_bits(&mut self, bits: u64, is_int: bool, dst: Val) {
        let (op, number) = self.load(bits, is_int);
        self.op(op, &[dst.arg(), number]);
    }

    /// The instruction that loads a constant, and its operand.
    fn load(&mut self, bits: u64, is_int: bool) -> (Op, Arg) {
        match i16::try_from(bits.cast_signed()) {
            Ok(small) if is_int => (Op::LoadInt, Arg::Num(i32::from(small))),
            _ => (Op::LoadK, Arg::Num(i32::from(self.unit.constant(bits)))),
        }
    }

    /// A constant in a register of its own; within a loop, loaded once before the outermost one.
    fn constant(&mut self, bits: u64, ty: Ty) -> Val {
        let is_int = ty != crate::types::Types::FLOAT;
        if self.loop_depth == 0 || !self.makes(Optimization::LoopConstants) {
            let dst = self.fresh(ty);
            self.load_bits(bits, is_int, dst);
            return dst;
        }
        // An int and a float of the same bits live in different registers.
        let key = if is_int { bits } else { bits ^ 0x5555_5555_5555_5555 };
        if let Some(&v) = self.unit.hoisted.get(&key) {
            let val = Val::whole(v, ty);
            if self.body.classes.get(v.0 as usize).copied()
                == Some(self.unit.layouts.class(self.unit.hir, ty))
            {
                return val;
            }
        }
        let dst = self.fresh(ty);
        let (op, number) = self.load(bits, is_int);
        let args = [dst.arg(), number, Arg::None];
        self.body.preheaders.push(Inst { code: Code::Op(op), args, ext: (0, 0), at: self.at });
        if let Some(end) = self.body.loops.last_mut() {
            *end = self.body.preheaders.len() as u32;
        }
        self.unit.hoisted.insert(key, dst.slot.v);
        dst
    }

    fn string(&mut self, text: &str, dst: Option<Val>) -> Val {
        let index = self.unit.layouts.string(text);
        self.load_string(index, dst)
    }

    /// A string constant of the program.
    fn string_constant(&mut self, id: StrId, dst: Option<Val>) -> Val {
        let known = self.unit.strings.get(id.0 as usize).copied().flatten();
        let index = known.unwrap_or_else(|| {
            let index = self.unit.layouts.string(self.text(id));
            if let Some(known) = self.unit.strings.get_mut(id.0 as usize) {
                *known = Some(index);
            }
            index
        });
        self.load_string(index, dst)
    }

    fn load_string(&mut self, index: u16, dst: Option<Val>) -> Val {
        let dst = self.target(dst, crate::types::Types::STR);
        self.op(Op::LoadStr, &[dst.arg(), Arg::Num(i32::from(index))]);
        dst
    }

    // Loops.

    fn enter_loop(&mut self, on_break: Label, on_continue: Label) {
        if self.loop_depth == 0 {
            let number = if self.reachable { Arg::Num(self.body.loops.len() as i32) } else { Arg::None };
            self.body.loops.push(self.body.preheaders.len() as u32);
            self.push(Code::LoopStart, three(&[number]));
        } else {
            self.push(Code::LoopStart, [Arg::None; 3]);
        }
        self.loop_depth += 1;
        self.scope.loops.push(Loop { on_break, on_continue });
    }

    /// Behind the test whether a loop has any round.
    fn has_round(&mut self) {
        self.push(Code::LoopEntry, [Arg::None; 3]);
    }

    fn leave_loop(&mut self) {
        self.scope.loops.pop();
        self.push(Code::LoopEnd, [Arg::None; 3]);
        self.loop_depth -= 1;
        if self.loop_depth == 0 {
            self.unit.hoisted.clear();
        }
    }

    // Locals.

    #[inline]
    fn local(&mut self, id: LocalId) -> V {
        match self.scope.locals.get(id.0 as usize) {
            Some(Some(v)) => *v,
            _ => self.new_local(id),
        }
    }

    fn new_local(&mut self, id: LocalId) -> V {
        let local = self.local_info(id);
        let v = if local.1 {
            let cell = self.unit.layouts.cell(self.unit.hir, local.0);
            self.fresh_slot(cell, local.0).slot.v
        } else {
            self.fresh(local.0).slot.v
        };
        self.bind_local(id, v);
        v
    }

    fn bind_local(&mut self, id: LocalId, v: V) {
        let index = id.0 as usize;
        if self.scope.locals.len() <= index {
            self.scope.locals.resize(index + 1, None);
        }
        if let Some(slot) = self.scope.locals.get_mut(index) {
            *slot = Some(v);
        }
    }

    /// Type of a local, and whether it lives in a cell.
    #[inline]
    fn local_info(&self, id: LocalId) -> (Ty, bool) {
        match self.scope.function.and_then(|function| function.locals.get(id.0 as usize)) {
            Some(local) => (self.unit.hir.types.shallow(local.ty), local.boxed),
            None => (crate::types::Types::UNIT, false),
        }
    }
}
