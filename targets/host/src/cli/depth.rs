//! How much stack a module can need: the longest chain of calls, where there is one.
//!
//! A frame begins behind its caller's and the link word between them. Which closure is called is known by its type
//! only, so each closure of that type counts. Tasks run on top of the frame of the function that the host called.

use mog_core::Module;
use mog_core::isa::{Insn, Op};
use mog_core::module::{Function, TypeId, TypeKind};

/// The stack of a module in the worst case.
pub(crate) enum Stack {
    /// So many words, in these functions: each calls the next.
    AtMost(usize, Vec<u16>),
    /// None: this function can be called again before it returns.
    NoBound(u16),
}

/// Works it out. Takes the calls from those that call nothing towards their callers, so what is never reached takes part
/// in a circle, or calls one that does.
pub(crate) fn stack(module: &Module<'_>) -> Stack {
    let functions: Vec<Function> =
        (0..module.header.functions).map_while(|index| module.function(index)).collect();
    let mut calls: Vec<Vec<u16>> = Vec::with_capacity(functions.len());
    let mut tasks = Vec::new();
    for (index, function) in (0..).zip(&functions) {
        let code =
            module.code.get(function.start as usize..module.function_end(index) as usize).unwrap_or(&[]);
        let mut callees = Vec::new();
        for insn in code.iter().map(|&word| Insn(word)) {
            match insn.op() {
                Some(Op::Call) => callees.push(insn.b16()),
                Some(Op::CallClosure) => {
                    let ty = register_type(module, function, insn.b());
                    callees.extend((0..).zip(&functions).filter_map(|(number, function)| {
                        (function.captures != TypeId::UNIT && function.signature == ty).then_some(number)
                    }));
                }
                Some(Op::NewTask) => {
                    let task = module.types.record(TypeId(insn.b16()));
                    tasks.extend(task.filter(|task| task.kind == TypeKind::Task).map(|task| task.extra));
                }
                _ => {}
            }
        }
        callees.sort_unstable();
        callees.dedup();
        calls.push(callees);
    }
    let metadata = module.metadata();
    let entries: Vec<u16> = metadata.exports().map(|export| export.function).chain(metadata.init()).collect();
    let graph = Graph::new(&functions, &calls);
    let open = |function: &&u16| graph.open(**function);
    if let Some(&start) = entries.iter().chain(&tasks).find(open) {
        return Stack::NoBound(graph.in_circle(&calls, start));
    }
    let task = tasks.iter().copied().max_by_key(|&task| graph.words(task));
    let worst = entries.iter().map(|&entry| {
        let frame = functions.get(usize::from(entry)).map_or(0, |function| usize::from(function.frame));
        let with_task = task.map_or(0, |task| frame + 1 + graph.words(task));
        (graph.words(entry).max(with_task), entry, with_task > graph.words(entry))
    });
    match (worst.max_by_key(|(words, ..)| *words), task) {
        (Some((words, entry, true)), Some(task)) => {
            Stack::AtMost(1 + words, std::iter::once(entry).chain(graph.chain(task)).collect())
        }
        (Some((words, entry, _)), _) => Stack::AtMost(1 + words, graph.chain(entry)),
        (None, _) => Stack::AtMost(0, Vec::new()),
    }
}

fn register_type(module: &Module<'_>, function: &Function, register: u8) -> TypeId {
    let mut left = u16::from(register);
    for run in module.register_runs(function).chunks_exact(2) {
        let &[ty, len] = run else { continue };
        match left.checked_sub(len) {
            Some(rest) => left = rest,
            None => return TypeId(ty),
        }
    }
    TypeId::UNIT
}

/// For each function that has a bound: its words, and its deepest callee.
struct Graph(Vec<Option<(usize, Option<u16>)>>);

impl Graph {
    fn new(functions: &[Function], calls: &[Vec<u16>]) -> Self {
        let mut callers: Vec<Vec<u16>> = vec![Vec::new(); functions.len()];
        let mut left: Vec<usize> = calls.iter().map(Vec::len).collect();
        for (caller, callees) in (0..).zip(calls) {
            for &callee in callees {
                if let Some(list) = callers.get_mut(usize::from(callee)) {
                    list.push(caller);
                }
            }
        }
        let mut ready: Vec<u16> =
            (0..).zip(&left).filter_map(|(number, &left)| (left == 0).then_some(number)).collect();
        let mut known = Self(vec![None; functions.len()]);
        while let Some(number) = ready.pop() {
            let at = usize::from(number);
            let (Some(function), Some(callees)) = (functions.get(at), calls.get(at)) else { continue };
            let deepest = callees.iter().copied().max_by_key(|&callee| known.words(callee));
            let words = usize::from(function.frame) + deepest.map_or(0, |callee| 1 + known.words(callee));
            if let Some(slot) = known.0.get_mut(at) {
                *slot = Some((words, deepest));
            }
            for &caller in callers.get(at).map_or(&[][..], Vec::as_slice) {
                if let Some(left) = left.get_mut(usize::from(caller)) {
                    *left -= 1;
                    if *left == 0 {
                        ready.push(caller);
                    }
                }
            }
        }
        known
    }

    fn get(&self, function: u16) -> Option<(usize, Option<u16>)> {
        self.0.get(usize::from(function)).copied().flatten()
    }

    fn words(&self, function: u16) -> usize {
        self.get(function).map_or(0, |(words, _)| words)
    }

    fn open(&self, function: u16) -> bool {
        self.get(function).is_none()
    }

    /// The functions of the deepest chain from this one on.
    fn chain(&self, function: u16) -> Vec<u16> {
        std::iter::successors(Some(function), |&function| self.get(function)?.1).collect()
    }

    /// A function of a circle that can be reached from one without a bound: after as many steps as there are functions,
    /// any way along those is inside one.
    fn in_circle(&self, calls: &[Vec<u16>], start: u16) -> u16 {
        (0..calls.len()).fold(start, |at, _| {
            let callees = calls.get(usize::from(at)).map_or(&[][..], Vec::as_slice);
            callees.iter().copied().find(|&callee| self.open(callee)).unwrap_or(at)
        })
    }
}
