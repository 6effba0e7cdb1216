//! Where a program's steps go: per source line and per function.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

use mog_core::{Instance, Outcome};

use crate::Frame;
use crate::gate::Gate;
use crate::run::Running;
use crate::source_map::SourceMap;

/// Rows of a table that are shown.
const SHOWN: usize = 40;

/// Steps by instruction, while a program runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Profiler {
    steps: Vec<u64>,
}

impl Profiler {
    /// Carries out one instruction, and adds its steps.
    pub(crate) fn step(&mut self, instance: &mut Running<'_>, gate: &mut Gate, steps: u64) -> Outcome {
        let place = instance.call_stack().next();
        let before = instance.counters().steps;
        let outcome = instance.step(gate, steps);
        self.add(place.map_or(0, |(_, pc)| pc), instance.counters().steps - before);
        outcome
    }

    /// Adds steps that were taken at an instruction.
    fn add(&mut self, pc: usize, steps: u64) {
        if self.steps.len() <= pc {
            self.steps.resize(pc + 1, 0);
        }
        if let Some(sum) = self.steps.get_mut(pc) {
            *sum += steps;
        }
    }

    /// The steps by source line and by function.
    pub(crate) fn profile(&self, instance: &Instance<'_>) -> Profile {
        let module = instance.module();
        let source_map = SourceMap::new(module);
        let mut lines: BTreeMap<(String, Option<u32>), LineSteps> = BTreeMap::new();
        let mut functions: BTreeMap<String, u64> = BTreeMap::new();
        for (pc, &steps) in self.steps.iter().enumerate().filter(|(_, steps)| **steps > 0) {
            let Some(number) = module.function_at(pc) else { continue };
            let Frame { function: name, file, position } = source_map.frame(number, pc);
            let line = position.map(|(line, _)| line);
            *functions.entry(name.clone()).or_default() += steps;
            // Without lines, functions are all that there is to tell apart.
            let key = (if line.is_some() { file.clone() } else { name.clone() }, line);
            lines.entry(key).or_insert(LineSteps { file, line, function: name, steps: 0 }).steps += steps;
        }
        let mut lines: Vec<LineSteps> = lines.into_values().collect();
        lines.sort_by_key(|line| Reverse(line.steps));
        let mut functions: Vec<(String, u64)> = functions.into_iter().collect();
        functions.sort_by_key(|(_, steps)| Reverse(*steps));
        Profile { lines, functions, collection: instance.counters().collector_steps }
    }
}

/// Steps of one source line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LineSteps {
    /// The source file; empty if the module was stripped.
    pub file: String,
    /// The line, from 1, if the module has lines.
    pub line: Option<u32>,
    /// The function that the line belongs to; the first, if several do.
    pub function: String,
    /// Steps that were taken there, without those of functions that it calls.
    pub steps: u64,
}

/// Where the steps of a program went; see [`RuntimeBuilder::profile`](crate::RuntimeBuilder::profile).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Profile {
    lines: Vec<LineSteps>,
    functions: Vec<(String, u64)>,
    collection: u64,
}

impl Profile {
    /// The lines at which steps were taken, those with most first.
    #[must_use]
    pub fn lines(&self) -> &[LineSteps] {
        &self.lines
    }

    /// The functions and the steps that were taken in each itself, those with most first.
    #[must_use]
    pub fn functions(&self) -> &[(String, u64)] {
        &self.functions
    }

    /// All steps of the program: the sum over all lines, and over all functions.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.lines.iter().map(|line| line.steps).sum()
    }

    /// Steps of collections, which no line has.
    #[must_use]
    pub const fn collection(&self) -> u64 {
        self.collection
    }
}

/// Two tables, of lines and of functions.
impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.steps();
        let lines = self.lines.iter().map(|line| {
            let place = match line.line {
                Some(number) => format!("{}:{number}  {}", line.file, line.function),
                None => line.function.clone(),
            };
            (place, line.steps)
        });
        table(f, "line", total, lines)?;
        writeln!(f)?;
        table(f, "function", total, self.functions.iter().cloned())?;
        writeln!(f, "{total:>14}         in all, and {} for collections", self.collection)
    }
}

fn table(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    total: u64,
    mut rows: impl ExactSizeIterator<Item = (String, u64)>,
) -> fmt::Result {
    writeln!(f, "{:>14} {:>6}  {what}", "steps", "%")?;
    let mut row = |name: &str, steps: u64| {
        writeln!(f, "{steps:>14} {:>6.1}  {name}", 100.0 * steps as f64 / total.max(1) as f64)
    };
    rows.by_ref().take(SHOWN).try_for_each(|(name, steps)| row(&name, steps))?;
    let (left, rest) = (rows.len(), rows.map(|(_, steps)| steps).sum());
    if left > 0 { row(&format!("… {left} more"), rest) } else { Ok(()) }
}
