//! A game loop: a thousand entities, each with a script, memory and a share of every frame of its own. Scripts that take
//! longer than their share go on in the next frame; those that fail are retired; neither holds up the others.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use mog::{CapabilitySet, Compiler, Program, Runtime};

/// What a script may take of a frame.
const STEPS_PER_FRAME: u64 = 2_000;
/// What it may keep, in bytes.
const MEMORY: usize = 2 << 10;

/// What scripts see of the game.
const DECLARATIONS: &str = "capability body {
    fn x() -> int
    fn step(by: int)
}";

const SCRIPTS: [(&str, &str); 4] = [
    ("wander.mog", include_str!("../scripts/wander.mog")),
    ("plan.mog", include_str!("../scripts/plan.mog")),
    ("endless.mog", include_str!("../scripts/endless.mog")),
    ("crash.mog", include_str!("../scripts/crash.mog")),
];

struct Entity {
    x: Arc<AtomicI64>,
    /// None once it has failed.
    script: Option<Runtime>,
}

impl Entity {
    fn new(program: Program) -> Result<Self, mog::Error> {
        let x = Arc::new(AtomicI64::new(0));
        let (read, moved) = (Arc::clone(&x), Arc::clone(&x));
        let mut capabilities = CapabilitySet::new();
        capabilities.grant("body.x", move || read.load(Relaxed));
        capabilities.grant("body.step", move |by: i64| {
            moved.fetch_add(by, Relaxed);
        });
        let script = Runtime::builder().memory(MEMORY).steps(STEPS_PER_FRAME).build(program, capabilities)?;
        Ok(Self { x, script: Some(script) })
    }
}

/// How a game went.
#[derive(Default)]
struct Summary {
    entities: usize,
    frames: usize,
    /// Turns that scripts finished.
    turns: usize,
    /// Turns that went on in the next frame.
    pauses: usize,
    /// What the first script that failed said, and how many did.
    failed: Option<(String, usize)>,
    /// The sum of all places, by which two games can be compared.
    places: i64,
    slowest_frame: Duration,
}

fn play(entities: usize, frames: usize) -> Result<Summary, Box<dyn Error>> {
    let compile = |(file, source)| Compiler::new().file(file).declare(DECLARATIONS).compile(source);
    let programs = SCRIPTS.into_iter().map(compile).collect::<Result<Vec<_>, _>>()?;
    // Many wander, some plan, and a few are a danger.
    let program = |number: usize| match number % 100 {
        0 => programs.get(2),
        1 => programs.get(3),
        2..30 => programs.get(1),
        _ => programs.first(),
    };
    let mut crowd = (0..entities)
        .filter_map(program)
        .map(|program| Entity::new(program.clone()))
        .collect::<Result<Vec<_>, _>>()?;

    let mut summary = Summary { entities: crowd.len(), frames, ..Summary::default() };
    for _ in 0..frames {
        let start = Instant::now();
        for entity in &mut crowd {
            let Some(script) = &mut entity.script else { continue };
            let turn = if script.is_paused() { script.resume() } else { script.call("think", ()) };
            match turn {
                Ok(_) => summary.turns += 1,
                Err(mog::Error::OutOfSteps { .. }) => summary.pauses += 1,
                Err(error) => {
                    entity.script = None;
                    summary.failed.get_or_insert_with(|| (error.to_string(), 0)).1 += 1;
                }
            }
        }
        summary.slowest_frame = summary.slowest_frame.max(start.elapsed());
    }
    summary.places = crowd.iter().map(|entity| entity.x.load(Relaxed)).sum();
    Ok(summary)
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entities, frames, turns, pauses, places, .. } = self;
        writeln!(
            f,
            "{entities} entities, {frames} frames: {turns} turns finished, {pauses} paused; places {places}"
        )?;
        match &self.failed {
            Some((message, count)) => writeln!(f, "{count} scripts retired; the first one: {message}"),
            None => Ok(()),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let summary = play(1_000, 60)?;
    #[allow(clippy::print_stdout, reason = "what an example is for")]
    {
        print!("{summary}");
        println!("slowest frame: {:?}", summary.slowest_frame);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_holds_up_the_others() -> Result<(), Box<dyn Error>> {
        let (summary, again) = (play(1_000, 20)?, play(1_000, 20)?);
        let (message, failed) = summary.failed.as_ref().expect("ten scripts that fail");
        assert_eq!(*failed, 10);
        assert!(message.contains("index out of range: index 3, length 3"), "{message}");
        assert!(message.contains("crash.mog:6"), "{message}");
        // Those that wander finish every turn, those that never end none; the planners get there in several frames.
        assert!(summary.turns > 700 * 20 + 10 * 3, "{summary}");
        assert!(summary.pauses > 10 * 20, "{summary}");
        assert_eq!(
            (summary.turns, summary.pauses, summary.places),
            (again.turns, again.pauses, again.places)
        );
        Ok(())
    }
}
