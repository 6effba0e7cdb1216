//! The typed intermediate form: the machine's own instructions over any number of virtual registers. What an
//! operand is (written, read, number, jump) comes from the machine's instruction table, so this form needs no
//! second list of operations.

mod allocate;
mod fuse;
mod hoist;
mod layout;
mod loads;
mod spill;
mod tidy;

use core::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};
use mog_core::isa::{Op, Operand};

use crate::pieces::nth;

pub use allocate::{Allocation, Allocator, TooManyRegisters};
pub use layout::{Layouts, dtype_id};
pub use spill::spill;
pub use tidy::Tidier;

/// A virtual register: a value of one or more slots that will get consecutive machine registers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct V(pub u32);

/// One slot of a virtual register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slot {
    /// The register.
    pub v: V,
    /// Which of its slots.
    pub sub: u8,
}

/// A jump target.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Label(pub u32);

/// An operand of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arg {
    /// Not used.
    None,
    /// A register; the first of several where the instruction says so.
    Reg(Slot),
    /// A number, as the instruction's operand kind says.
    Num(i32),
    /// Where to jump.
    To(Label),
}

/// Ext operand bytes of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ext {
    /// A register that is read.
    Reg(Slot),
    /// A register that is read and written.
    Mod(Slot),
    /// A byte.
    Byte(u8),
    /// A byte that the register allocator knows: the frame's size plus one.
    FrameEnd,
}

/// What an instruction is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)] // a tag of its own is quicker to ask than values that no opcode has
pub enum Code {
    /// A machine instruction.
    Op(Op),
    /// A place to jump to; argument a.
    Label,
    /// A place where failures go; argument a is the place, argument b the register pair that they fill.
    Handler,
    /// The beginning of a loop; argument a, if it has one, is the loop's number in [`Body::loops`].
    LoopStart,
    /// Where a loop is entered, behind the test whether there is any round. Without one that is where it begins.
    LoopEntry,
    /// The end of a loop.
    LoopEnd,
    /// A variable that is assigned later comes into being; argument a. So its live range begins here.
    Declare,
    /// Nothing any more.
    Nothing,
}

/// An instruction over virtual registers.
#[derive(Clone, Copy, Debug)]
pub struct Inst {
    /// What it is.
    pub code: Code,
    /// Operands a, b, c. A result of several slots and their number of registers come from the table.
    pub args: [Arg; 3],
    /// Range of ext operands in [`Body::ext`].
    pub ext: (u32, u32),
    /// Byte offset in the source.
    pub at: u32,
}

/// A range of code whose failures go to a handler.
#[derive(Clone, Copy, Debug)]
pub struct Protected {
    /// Where it begins.
    pub start: Label,
    /// Where it ends.
    pub end: Label,
    /// Where its failures go.
    pub handler: Label,
    /// Kind and message.
    pub error: V,
}

/// A class of virtual registers: those with the same slot types.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ClassId(pub u32);

/// A function's code.
#[derive(Clone, Debug, Default)]
pub struct Body {
    /// The name for call stacks.
    pub name: String,
    /// The number of the file that its positions are in.
    pub file: u32,
    /// Instructions in order.
    pub insts: Vec<Inst>,
    /// Ext operands of all instructions.
    pub ext: Vec<Ext>,
    /// The class of each virtual register.
    pub classes: Vec<ClassId>,
    /// The parameters, which get the first machine registers in order.
    pub params: Vec<V>,
    /// By label: whether anything refers to it.
    pub labels: Vec<bool>,
    /// What loads the constants of loops before they begin.
    pub preheaders: Vec<Inst>,
    /// By loop that is in no other: where its part of `preheaders` ends.
    pub loops: Vec<u32>,
    /// Code with handlers, inner ranges first.
    pub protected: Vec<Protected>,
    /// The type number of its function type, of its captures (0: none), and slots of parameters and result.
    pub signature: u16,
    /// See `signature`.
    pub captures: u16,
    /// See `signature`.
    pub results: u8,
}

impl Body {
    /// Room for a function of usual size.
    #[must_use]
    pub fn with_room() -> Self {
        Self {
            insts: Vec::with_capacity(64),
            ext: Vec::with_capacity(32),
            classes: Vec::with_capacity(64),
            labels: Vec::with_capacity(16),
            preheaders: Vec::with_capacity(8),
            ..Self::default()
        }
    }

    /// What loads the constants of a loop before it begins, by the loop's number.
    pub(crate) fn preheader(&self, number: usize) -> &[Inst] {
        self.preheaders.get(nth(&self.loops, number)).unwrap_or(&[])
    }

    /// An empty function of this name, in the room of an earlier one.
    #[must_use]
    pub fn renew(mut self, name: &str) -> Self {
        self.name.clear();
        self.name.push_str(name);
        self.insts.clear();
        self.ext.clear();
        self.classes.clear();
        self.params.clear();
        self.labels.clear();
        self.preheaders.clear();
        self.loops.clear();
        self.protected.clear();
        Self { signature: 0, captures: 0, results: 0, ..self }
    }

    /// A fresh virtual register.
    pub fn fresh(&mut self, class: ClassId) -> V {
        let v = V(u32::try_from(self.classes.len()).unwrap_or(u32::MAX));
        self.classes.push(class);
        v
    }

    /// A fresh label.
    pub fn label(&mut self) -> Label {
        let label = Label(u32::try_from(self.labels.len()).unwrap_or(u32::MAX));
        self.labels.push(false);
        label
    }

    /// Notes that something refers to a label.
    #[inline]
    pub fn want(&mut self, label: Label) {
        if let Some(wanted) = self.labels.get_mut(label.0 as usize) {
            *wanted = true;
        }
    }

    /// Whether anything refers to a label.
    #[must_use]
    pub fn is_wanted(&self, label: Label) -> bool {
        self.labels.get(label.0 as usize).copied().unwrap_or(false)
    }
}

/// Which of an instruction's operands a, b, c it writes and reads, a bit for each.
#[derive(Clone, Copy)]
struct Access {
    writes: u8,
    reads: u8,
}

/// By opcode.
const ACCESS: [Access; Op::ALL.len()] = {
    let mut all = [Access { writes: 0, reads: 0 }; Op::ALL.len()];
    let mut number = 0;
    while number < all.len() {
        let op = Op::ALL[number];
        let operands = op.info().operands.as_slice();
        let mut n = 0;
        while n < operands.len() {
            let (writes, reads) = match operands[n] {
                Operand::Def(_) | Operand::DefN | Operand::Result => (true, false),
                Operand::Use(_) | Operand::UseN => (false, true),
                Operand::Mod(_) => (true, true),
                // An element of several slots is read by the store and written by the load.
                Operand::ElemN => (matches!(op, Op::AGetN), matches!(op, Op::ASetN)),
                _ => (false, false),
            };
            all[number].writes |= (writes as u8) << n;
            all[number].reads |= (reads as u8) << n;
            n += 1;
        }
        number += 1;
    }
    all
};

/// Calls the function for each virtual register of an instruction: the register, whether it is written, whether
/// it is read.
#[inline]
pub fn visit(inst: &Inst, ext: &[Ext], mut each: impl FnMut(Slot, bool, bool)) {
    // Most are operations, so those are asked for first.
    match inst.code {
        Code::Op(op) => visit_operands(op, inst, ext, each),
        _ => {
            if let Some(slot) = marked(inst) {
                each(slot, true, false);
            }
        }
    }
}

/// The virtual register that something writes which is no operation.
fn marked(inst: &Inst) -> Option<Slot> {
    let written = match inst.code {
        Code::Declare => inst.args[0],
        Code::Handler => inst.args[1],
        _ => return None,
    };
    if let Arg::Reg(slot) = written { Some(slot) } else { None }
}

/// [`visit`] for an instruction that is this operation.
#[inline]
fn visit_operands(op: Op, inst: &Inst, ext: &[Ext], mut each: impl FnMut(Slot, bool, bool)) {
    let Access { writes, reads } = ACCESS[op as usize];
    let mut operand = |n: usize| {
        if let Arg::Reg(slot) = inst.args[n] {
            each(slot, writes >> n & 1 != 0, reads >> n & 1 != 0);
        }
    };
    operand(0);
    operand(1);
    operand(2);
    if inst.ext.0 == inst.ext.1 {
        return;
    }
    for ext in ext.get(inst.ext.0 as usize..inst.ext.1 as usize).unwrap_or(&[]) {
        match ext {
            Ext::Reg(slot) => each(*slot, false, true),
            Ext::Mod(slot) => each(*slot, true, true),
            Ext::Byte(_) | Ext::FrameEnd => {}
        }
    }
}

/// Calls the function for each virtual register that an instruction writes.
#[inline]
pub fn visit_writes(inst: &Inst, ext: &[Ext], mut each: impl FnMut(V)) {
    // Few instructions write anything but their first operand.
    let writes = if let Code::Op(op) = inst.code {
        ACCESS[op as usize].writes
    } else {
        match inst.code {
            Code::Declare => 1,
            Code::Handler => 2,
            _ => return,
        }
    };
    let mut operand = |n: usize| {
        if writes >> n & 1 != 0
            && let Arg::Reg(slot) = inst.args[n]
        {
            each(slot.v);
        }
    };
    operand(0);
    if writes > 1 {
        operand(1);
        operand(2);
    }
    if inst.ext.0 != inst.ext.1 {
        for ext in ext.get(inst.ext.0 as usize..inst.ext.1 as usize).unwrap_or(&[]) {
            if let Ext::Mod(slot) = ext {
                each(slot.v);
            }
        }
    }
}

/// Classes of virtual registers: lists of slot types, each once.
#[derive(Debug, Default)]
pub struct Classes {
    /// The slot types of all classes, one after the other, and where each class ends.
    slots: Vec<u16>,
    ends: Vec<u32>,
    index: HashTable<ClassId>,
    hasher: DefaultHashBuilder,
}

impl Classes {
    /// The class of registers with these slots.
    pub fn intern(&mut self, slots: &[u16]) -> ClassId {
        let hash = self.hasher.hash_one(slots);
        if let Some(&id) = self.index.find(hash, |&id| self.slots(id) == slots) {
            return id;
        }
        let id = ClassId(u32::try_from(self.ends.len()).unwrap_or(u32::MAX));
        self.slots.extend_from_slice(slots);
        self.ends.push(self.slots.len() as u32);
        let (all, ends, hasher) = (&self.slots, &self.ends, &self.hasher);
        self.index.insert_unique(hash, id, |&id| hasher.hash_one(slots_of(all, ends, id)));
        id
    }

    /// The slot types of a class.
    #[must_use]
    #[inline]
    pub fn slots(&self, class: ClassId) -> &[u16] {
        slots_of(&self.slots, &self.ends, class)
    }

    /// How many classes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

#[inline]
fn slots_of<'a>(all: &'a [u16], ends: &[u32], class: ClassId) -> &'a [u16] {
    all.get(nth(ends, class.0 as usize)).unwrap_or(&[])
}
