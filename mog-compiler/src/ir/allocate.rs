//! Machine registers for virtual ones: a linear scan over live ranges, a pool for each class, because every
//! machine register has one type for its whole function.
//!
//! A live range reaches from a register's first appearance to its last; one that begins before a loop and is
//! used within reaches to the loop's end. Code is structured, so that is enough, and it is linear.

use mog_core::module::TypeId;

use super::{Body, ClassId, Classes, Code, Slot, V, marked, visit_operands};

/// Where the virtual registers of a function went.
#[derive(Debug, Default)]
pub struct Allocation {
    /// The first machine register of each virtual one.
    pub registers: Vec<u8>,
    /// Registers in all.
    pub frame: u8,
    /// First register that is set to null on entry.
    pub first_ref: u8,
    /// Registers of the parameters.
    pub params: u8,
    /// Runs of slot types: type, count.
    pub runs: Vec<(u16, u16)>,
}

/// A function that needs more registers than there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooManyRegisters {
    /// How many it needs.
    pub needs: usize,
}

const NONE: u32 = u32::MAX;

/// A virtual register.
#[derive(Clone, Copy)]
struct Value {
    /// The positions where it appears first and where it is used last.
    first: u32,
    last: u32,
    /// The one after it, in a list of [`Allocator::ending`] and then in a list of a pool.
    next: u32,
    /// Once it has appeared.
    place: Option<Place>,
}

impl Value {
    const NEW: Self = Self { first: NONE, last: 0, next: NONE, place: None };
}

/// A place for a value of a class: a parameter's registers, or the nth of the class's own.
#[derive(Clone, Copy)]
enum Place {
    Param(u8),
    Nth(u32),
}

/// The places for values of a class.
#[derive(Clone, Copy)]
struct Pool {
    /// The first of the virtual registers whose places are free again; see [`Value::next`].
    free: u32,
    made: u32,
    /// The first of its machine registers, and how many of them a place has.
    base: usize,
    size: usize,
}

impl Pool {
    const EMPTY: Self = Self { free: NONE, made: 0, base: 0, size: 0 };
}

/// Allocates registers to functions, one after the other; keeps its tables in between.
#[derive(Default)]
pub struct Allocator {
    /// What came of the last function.
    pub allocation: Allocation,
    /// By virtual register.
    values: Vec<Value>,
    /// The registers that are no parameters, as they appear.
    order: Vec<u32>,
    /// By class.
    pools: Vec<Pool>,
    /// Classes with a place, for which `pools` is not as it was in the beginning.
    used: Vec<ClassId>,
    /// By position: the first of the registers that are last used there.
    ending: Vec<u32>,
    /// Positions of loops' ends, in the order of their beginnings.
    loop_ends: Vec<u32>,
    /// Begin and end of the loops around a position.
    loops: Vec<(u32, u32)>,
}

impl Allocator {
    /// One with room for functions of usual size.
    pub fn with_room() -> Self {
        Self {
            values: Vec::with_capacity(64),
            order: Vec::with_capacity(64),
            pools: Vec::with_capacity(16),
            used: Vec::with_capacity(16),
            ending: Vec::with_capacity(64),
            loop_ends: Vec::with_capacity(4),
            loops: Vec::with_capacity(4),
            allocation: Allocation {
                registers: Vec::with_capacity(64),
                runs: Vec::with_capacity(8),
                ..Allocation::default()
            },
        }
    }

    /// Gives every virtual register of a function its machine registers.
    ///
    /// # Errors
    /// If the frame would be larger than `limit` registers.
    pub fn allocate(&mut self, body: &Body, classes: &Classes, limit: usize) -> Result<(), TooManyRegisters> {
        self.find_ranges(body);
        let params = self.assign(body, classes);
        self.lay_out(body, classes, params, limit)
    }

    /// Finds the live ranges, and which of them end at each position.
    fn find_ranges(&mut self, body: &Body) {
        self.find_loops(body);
        self.values.clear();
        self.values.resize(body.classes.len(), Value::NEW);
        for &V(param) in &body.params {
            if let Some(value) = self.values.get_mut(param as usize) {
                value.first = 0;
            }
        }
        self.order.clear();
        self.order.reserve(body.classes.len());
        let (values, order, loops) = (&mut self.values, &mut self.order, &mut self.loops);
        let mut ends = self.loop_ends.iter();
        loops.clear();
        for (at, inst) in (1u32..).zip(&body.insts) {
            let mut seen = |slot: Slot, loops: &[(u32, u32)]| {
                let Some(value) = values.get_mut(slot.v.0 as usize) else { return };
                if value.first == NONE {
                    (value.first, value.last) = (at, at);
                    order.push(slot.v.0);
                } else if loops.last().is_none_or(|&(start, _)| start < value.first) {
                    value.last = value.last.max(at);
                } else {
                    // The outermost loop that began after the register did.
                    let outer = loops.partition_point(|&(start, _)| start < value.first);
                    let end = loops.get(outer).map_or(at, |&(_, end)| end);
                    value.last = value.last.max(end);
                }
            };
            match inst.code {
                Code::Op(op) => visit_operands(op, inst, &body.ext, |slot, _, _| seen(slot, loops)),
                Code::LoopStart => loops.push((at, ends.next().copied().unwrap_or(at))),
                // What is made before holds for all rounds.
                Code::LoopEntry => {
                    if let Some((start, _)) = loops.last_mut() {
                        *start = at;
                    }
                }
                Code::LoopEnd => drop(loops.pop()),
                _ => marked(inst).into_iter().for_each(|slot| seen(slot, loops)),
            }
        }
        self.ending.clear();
        self.ending.resize(body.insts.len() + 1, NONE);
        for (v, value) in self.values.iter_mut().enumerate().rev() {
            if value.first != NONE
                && let Some(head) = self.ending.get_mut(value.last as usize)
            {
                value.next = core::mem::replace(head, v as u32);
            }
        }
    }

    fn find_loops(&mut self, body: &Body) {
        let (ends, open) = (&mut self.loop_ends, &mut self.loops);
        ends.clear();
        open.clear();
        if body.loops.is_empty() {
            return; // no loops
        }
        for (at, inst) in (1u32..).zip(&body.insts) {
            if matches!(inst.code, Code::Op(_)) {
                continue;
            }
            match inst.code {
                Code::LoopStart => {
                    open.push((ends.len() as u32, 0));
                    ends.push(at);
                }
                Code::LoopEnd => {
                    if let Some(end) = open.pop().and_then(|(index, _)| ends.get_mut(index as usize)) {
                        *end = at;
                    }
                }
                _ => {}
            }
        }
    }

    /// Gives the registers their places. How many machine registers the parameters take.
    fn assign(&mut self, body: &Body, classes: &Classes) -> usize {
        for ClassId(class) in self.used.drain(..) {
            self.pools[class as usize] = Pool::EMPTY;
        }
        self.pools.resize(classes.len(), Pool::EMPTY);
        let mut params = 0usize;
        for &V(param) in &body.params {
            if let Some(value) = self.values.get_mut(param as usize) {
                value.place = Some(Place::Param(params.min(255) as u8));
            }
            params += classes.slots(class_of(body, param)).len();
        }
        let mut over = 0;
        for &v in &self.order {
            let first = self.values[v as usize].first;
            // What was last used by an instruction before is free again. Instructions with several results, or
            // that read operands after writing, keep theirs until they are over.
            for &list in self.ending.get(over as usize..first as usize).unwrap_or(&[]) {
                let mut free = list;
                while free != NONE {
                    let pool = pool(&mut self.pools, &mut self.used, class_of(body, free));
                    let next = core::mem::replace(&mut self.values[free as usize].next, pool.free);
                    pool.free = free;
                    free = next;
                }
            }
            over = first;
            let pool = pool(&mut self.pools, &mut self.used, class_of(body, v));
            self.values[v as usize].place = if pool.free == NONE {
                pool.made += 1;
                Some(Place::Nth(pool.made - 1))
            } else {
                let free = self.values[pool.free as usize];
                pool.free = free.next;
                free.place
            };
        }
        params
    }

    /// Parameters, then classes without references, then those with.
    fn lay_out(
        &mut self,
        body: &Body,
        classes: &Classes,
        params: usize,
        limit: usize,
    ) -> Result<(), TooManyRegisters> {
        let allocation = &mut self.allocation;
        let runs = &mut allocation.runs;
        runs.clear();
        let mut add = |slot: u16| match runs.last_mut() {
            Some((ty, count)) if *ty == slot => *count += 1,
            _ => runs.push((slot, 1)),
        };
        for &V(param) in &body.params {
            classes.slots(class_of(body, param)).iter().for_each(|&slot| add(slot));
        }
        self.used.sort_unstable_by_key(|class| class.0);
        self.used.dedup();
        let mut frame = params;
        let mut first_ref = 0;
        for plain in [true, false] {
            if !plain {
                first_ref = frame;
            }
            for &class in &self.used {
                let slots = classes.slots(class);
                if is_plain(slots) != plain {
                    continue;
                }
                let pool = &mut self.pools[class.0 as usize];
                (pool.base, pool.size) = (frame, slots.len());
                for _ in 0..pool.made {
                    slots.iter().for_each(|&slot| add(slot));
                }
                frame += pool.made as usize * slots.len();
            }
        }
        if frame > limit {
            return Err(TooManyRegisters { needs: frame });
        }
        allocation.registers.clear();
        allocation.registers.extend((0..).zip(&self.values).map(|(v, value)| {
            let register = match value.place {
                Some(Place::Param(register)) => usize::from(register),
                Some(Place::Nth(nth)) => {
                    let pool = &self.pools[class_of(body, v).0 as usize];
                    pool.base + nth as usize * pool.size
                }
                None => 0,
            };
            register.min(255) as u8
        }));
        allocation.frame = frame as u8;
        allocation.first_ref = first_ref as u8;
        allocation.params = params as u8;
        Ok(())
    }
}

fn class_of(body: &Body, v: u32) -> ClassId {
    body.classes.get(v as usize).copied().unwrap_or(ClassId(0))
}

/// The pool of a class, which is noted as used.
fn pool<'p>(pools: &'p mut [Pool], used: &mut Vec<ClassId>, class: ClassId) -> &'p mut Pool {
    let pool = &mut pools[class.0 as usize];
    if pool.made == 0 && pool.free == NONE {
        used.push(class);
    }
    pool
}

/// Whether a value of these slots has no references.
fn is_plain(slots: &[u16]) -> bool {
    slots.iter().all(|&slot| slot == TypeId::INT.0 || slot == TypeId::FLOAT.0)
}
