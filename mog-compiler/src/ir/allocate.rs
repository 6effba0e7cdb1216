//! Machine registers for virtual ones: a linear scan over live ranges, a pool for each class, because every
//! machine register has one type for its whole function.
//!
//! A live range reaches from a register's first appearance to its last; one that begins before a loop and is
//! used within reaches to the loop's end. Code is structured, so that is enough, and it is linear.

use mog_core::module::TypeId;

use super::{Body, ClassId, Classes, Code, V, visit};

/// Where the virtual registers of a function went.
#[derive(Debug)]
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

/// Live ranges: first and last position of each virtual register.
fn live_ranges(body: &Body) -> Vec<(u32, u32)> {
    let ends = loop_ends(body);
    let mut ranges = vec![(NONE, 0u32); body.classes.len()];
    for &V(param) in &body.params {
        if let Some(range) = ranges.get_mut(param as usize) {
            *range = (0, 0);
        }
    }
    let mut loops: Vec<(u32, u32)> = Vec::new();
    let mut next_loop = 0;
    for (at, inst) in (1u32..).zip(&body.insts) {
        match inst.code {
            Code::LoopStart => {
                loops.push((at, ends.get(next_loop).copied().unwrap_or(at)));
                next_loop += 1;
            }
            Code::LoopEnd => {
                loops.pop();
            }
            _ => {}
        }
        visit(inst, &body.ext, |slot, _, _| {
            let Some(range) = ranges.get_mut(slot.v.0 as usize) else { return };
            if range.0 == NONE {
                *range = (at, at);
                return;
            }
            // The outermost loop that began after the register did.
            let outer = loops.partition_point(|&(start, _)| start < range.0);
            let last = loops.get(outer).map_or(at, |&(_, end)| end);
            range.1 = range.1.max(last);
        });
    }
    ranges
}

/// The position of each loop's end, in the order of their beginnings.
fn loop_ends(body: &Body) -> Vec<u32> {
    let (mut ends, mut open) = (Vec::new(), Vec::new());
    for (at, inst) in (1u32..).zip(&body.insts) {
        match inst.code {
            Code::LoopStart => {
                open.push(ends.len());
                ends.push(at);
            }
            Code::LoopEnd => {
                if let Some(slot) = open.pop().and_then(|index: usize| ends.get_mut(index)) {
                    *slot = at;
                }
            }
            _ => {}
        }
    }
    ends
}

/// A place for a value of a class: a parameter's registers, or the nth of the class's own.
#[derive(Clone, Copy)]
enum Place {
    Param(u8),
    Nth(u32),
}

/// The registers of a class.
struct Pool {
    class: ClassId,
    free: Vec<Place>,
    made: u32,
    /// The first of them in the frame.
    base: usize,
}

/// A pool for each class that a function uses, by class: a program may have many more.
struct Pools(Vec<Pool>);

impl Pools {
    fn of(body: &Body) -> Self {
        let mut classes = body.classes.clone();
        classes.sort_unstable();
        classes.dedup();
        Self(classes.into_iter().map(|class| Pool { class, free: Vec::new(), made: 0, base: 0 }).collect())
    }

    fn get(&self, class: ClassId) -> Option<&Pool> {
        self.0.binary_search_by_key(&class, |pool| pool.class).ok().and_then(|at| self.0.get(at))
    }

    fn get_mut(&mut self, class: ClassId) -> Option<&mut Pool> {
        self.0.binary_search_by_key(&class, |pool| pool.class).ok().and_then(|at| self.0.get_mut(at))
    }
}

/// Gives every virtual register of a function its machine registers.
///
/// # Errors
/// If the frame would be larger than `limit` registers.
pub fn allocate(body: &Body, classes: &Classes, limit: usize) -> Result<Allocation, TooManyRegisters> {
    let ranges = live_ranges(body);
    let class_of = |v: usize| body.classes.get(v).copied().unwrap_or(ClassId(0));
    let mut pools = Pools::of(body);
    let mut places: Vec<Option<Place>> = vec![None; body.classes.len()];
    let mut params = 0usize;
    for &V(param) in &body.params {
        if let Some(place) = places.get_mut(param as usize) {
            *place = Some(Place::Param(params.min(255) as u8));
        }
        params += classes.slots(class_of(param as usize)).len();
    }
    // Which registers end at each position.
    let mut order: Vec<u32> =
        (0..).zip(&ranges).filter(|(_, range)| range.0 != NONE).map(|(v, _)| v).collect();
    order.sort_by_key(|&v| ranges.get(v as usize).map_or(0, |range| range.1));
    let mut ending = order.iter().copied().peekable();
    for (at, inst) in (1u32..).zip(&body.insts) {
        // What was last used by an instruction before is free again. Instructions with several results, or
        // that read operands after writing, keep theirs until they are over.
        while let Some(&v) = ending.peek() {
            if ranges.get(v as usize).is_none_or(|range| range.1 >= at) {
                break;
            }
            ending.next();
            if let (Some(pool), Some(Some(place))) =
                (pools.get_mut(class_of(v as usize)), places.get(v as usize))
            {
                pool.free.push(*place);
            }
        }
        visit(inst, &body.ext, |slot, _, _| {
            let v = slot.v.0 as usize;
            if let Some(place) = places.get_mut(v)
                && place.is_none()
                && let Some(pool) = pools.get_mut(class_of(v))
            {
                *place = Some(pool.free.pop().unwrap_or_else(|| {
                    pool.made += 1;
                    Place::Nth(pool.made - 1)
                }));
            }
        });
    }
    lay_out(body, classes, pools, &places, params, limit)
}

/// Parameters, then classes without references, then those with.
fn lay_out(
    body: &Body,
    classes: &Classes,
    mut pools: Pools,
    places: &[Option<Place>],
    params: usize,
    limit: usize,
) -> Result<Allocation, TooManyRegisters> {
    let is_plain = |class: ClassId| {
        classes.slots(class).iter().all(|&slot| slot == TypeId::INT.0 || slot == TypeId::FLOAT.0)
    };
    let mut runs: Vec<(u16, u16)> = Vec::new();
    let mut add = |slot: u16| match runs.last_mut() {
        Some((ty, count)) if *ty == slot => *count += 1,
        _ => runs.push((slot, 1)),
    };
    for &V(param) in &body.params {
        let class = body.classes.get(param as usize).copied().unwrap_or(ClassId(0));
        classes.slots(class).iter().for_each(|&slot| add(slot));
    }
    let mut frame = params;
    let mut first_ref = 0;
    for plain in [true, false] {
        if !plain {
            first_ref = frame;
        }
        for pool in pools.0.iter_mut().filter(|pool| is_plain(pool.class) == plain) {
            let slots = classes.slots(pool.class);
            pool.base = frame;
            for _ in 0..pool.made {
                slots.iter().for_each(|&slot| add(slot));
            }
            frame += pool.made as usize * slots.len();
        }
    }
    if frame > limit {
        return Err(TooManyRegisters { needs: frame });
    }
    let registers = places.iter().enumerate().map(|(v, place)| {
        let class = body.classes.get(v).copied().unwrap_or(ClassId(0));
        let register = match place {
            Some(Place::Param(register)) => usize::from(*register),
            Some(Place::Nth(nth)) => {
                pools.get(class).map_or(0, |pool| pool.base) + *nth as usize * classes.slots(class).len()
            }
            None => 0,
        };
        register.min(255) as u8
    });
    Ok(Allocation {
        registers: registers.collect(),
        frame: frame as u8,
        first_ref: first_ref as u8,
        params: params as u8,
        runs,
    })
}
