//! What targets share that run modules: a host that answers any call, and runs of one module that must agree.
//!
//! - [`agree`] runs a module on both dispatchers, in one go and in slices, and with collection forced. Whatever the
//!   module does, there is no panic, and steps, host calls and results are the same.
//! - [`CORPUS`] are programs that together use most of the machine, for targets that change valid modules.

use std::fmt::Write as _;
use std::sync::LazyLock;

use mog_core::heap::{Data, NULL, Value};
use mog_core::module::{Import, TypeRecord};
use mog_core::{
    Binding, Call, Config, Counters, Dispatch, Host, Instance, Module, Outcome, Reply, StartError, TrapCode,
    TypeId,
};

/// Steps of a run in one go.
const STEPS: u64 = 10_000;
/// Runs in slices that a program may need which ended in one go: each makes some progress.
const MOST_SLICES: usize = 100_000;
/// Values of one argument or result that are looked at.
const MOST_VALUES: usize = 100;

/// Grants everything, reads every argument, and answers by the import's number: with a result, a failure, a denial,
/// or later.
#[derive(Default)]
struct AnyHost {
    log: String,
    /// Tokens may be others than were given out: they come from a snapshot.
    any_token: bool,
}

impl AnyHost {
    fn answer(&mut self, function: u16, call: &mut Call<'_, '_>) -> Reply {
        for index in 0..call.len() {
            if let Some(argument) = call.arg(index) {
                describe(&argument, &mut self.log);
            }
        }
        if call.answer().is_none()
            && let Some((index, params)) = asks(call)
        {
            return call.call_back(index, 1, &[7; 8][..params]);
        }
        match (function % 4, call.result_type()) {
            (1, _) => call.fail("failed"),
            (2, _) => call.deny("denied"),
            (_, TypeId::STR) => call.return_str("a result"),
            (_, TypeId::FLOAT) => call.return_float(f64::from(function) / 3.0),
            _ => call.return_int(i64::from(function)),
        }
    }
}

/// The first argument that is a function of ints, and how many.
fn asks(call: &Call<'_, '_>) -> Option<(usize, usize)> {
    (0..call.len()).find_map(|index| {
        let (_, params) = call.callback_types(index)?.split_last()?;
        (params.len() <= 8 && params.iter().all(|&ty| ty == TypeId::INT.0)).then_some((index, params.len()))
    })
}

impl Host for AnyHost {
    fn bind(&mut self, import: &Import<'_>, signature: TypeRecord<'_>, _: &Module<'_>) -> Binding {
        match import.function.len() {
            0 => Binding::Refused,
            len => Binding::Granted((len + signature.components.len()) as u16),
        }
    }

    fn grants(&self, capability: &str) -> bool {
        capability.len() % 2 == 1
    }

    fn call(&mut self, function: u16, call: &mut Call<'_, '_>) -> Reply {
        if function % 4 == 3 { Reply::Pending(function.into()) } else { self.answer(function, call) }
    }

    fn resume(&mut self, function: u16, token: u32, call: &mut Call<'_, '_>) -> Reply {
        assert!(self.any_token || token == u32::from(function));
        self.answer(function, call)
    }
}

/// Writes what a value is, without recursion and only the beginning of it.
fn describe(value: &Value<'_>, text: &mut String) {
    let mut values = vec![value.clone()];
    for _ in 0..MOST_VALUES {
        let Some(value) = values.pop() else { break };
        match value.data() {
            Data::Some(value) | Data::Ok(value) => values.push(value),
            Data::Array(array) => values.extend(array.iter().take(MOST_VALUES)),
            Data::Map(map) => {
                values.extend(map.iter().take(MOST_VALUES).flat_map(|(key, value)| [key, value]))
            }
            Data::Struct(fields) => values.extend(fields.iter().map(|(_, value)| value)),
            Data::Enum(variant) => {
                text.push_str(variant.name());
                values.extend(variant.payload());
            }
            // Equal on both dispatchers, but not to be compared bit by bit if it is NaN, which prints alike.
            Data::Float(float) => write!(text, "{float} ").unwrap_or_default(),
            Data::Str(string) => write!(text, "{string:?} ").unwrap_or_default(),
            scalar => write!(text, "{scalar:?} ").unwrap_or_default(),
        }
    }
}

/// All that can be seen of a run.
#[derive(PartialEq, Debug)]
struct Seen {
    start: Option<StartError>,
    outcome: Outcome,
    counters: Counters,
    log: String,
}

fn run(module: Module<'_>, function: u16, words: usize, slice: u64, config: Config) -> Seen {
    let mut arena = vec![0; words];
    let mut host = AnyHost::default();
    let mut seen =
        Seen { start: None, outcome: Outcome::Idle, counters: Counters::default(), log: String::new() };
    let mut instance = match Instance::new(module, &mut arena, &mut host, config) {
        Ok(instance) => instance,
        Err(error) => return Seen { start: Some(error), ..seen },
    };
    // For an integer this is a number like any other.
    let params = module.function(function).map_or(0, |function| usize::from(function.params));
    let entered = instance.enter(function, 0, |_, slots| slots.resize(params, NULL).ok());
    if let Err(error) = entered {
        return Seen { start: Some(error), ..seen };
    }
    let in_slices = slice < STEPS;
    for _ in 0..if in_slices { MOST_SLICES } else { 4 } {
        seen.outcome = instance.run(&mut host, slice);
        match seen.outcome {
            Outcome::Pending(_) => {}
            Outcome::Paused if in_slices => {}
            _ => break,
        }
    }
    let _ = instance.call_stack().take(MOST_VALUES).count();
    // The peak is taken at the end of a run, and so depends on where pauses fall.
    seen.counters = Counters { peak_words: 0, ..instance.counters() };
    seen.log = host.log;
    match seen.outcome {
        Outcome::Returned => {
            if let Some(result) = instance.result() {
                describe(&result, &mut seen.log);
            }
        }
        Outcome::Failed(_) | Outcome::Trap { code: TrapCode::Panic, .. } => {
            write!(seen.log, "{:?}", instance.failure()).unwrap_or_default();
        }
        _ => {}
    }
    seen
}

/// Runs a function of a verified module, by its number modulo how many there are, in so many words of memory: in
/// several ways that must agree.
pub(crate) fn agree(module: Module<'_>, function: u16, words: usize, slice: u64) {
    let function = function.checked_rem(module.header.functions).unwrap_or(0);
    let dispatch = |dispatch| Config { dispatch, ..Config::default() };
    let one = run(module, function, words, STEPS, dispatch(Dispatch::Match));
    let other = run(module, function, words, STEPS, dispatch(Dispatch::Tail));
    assert_eq!(one, other, "the dispatchers differ");
    if matches!(one.outcome, Outcome::Paused | Outcome::Pending(_)) {
        return;
    }
    let sliced = run(module, function, words, 1 + slice % STEPS, dispatch(Dispatch::Tail));
    assert_eq!(one, sliced, "pauses made a difference");
    let forced = run(module, function, words, STEPS, Config { collect_always: true, ..Config::default() });
    // Forced collections use up steps.
    if !matches!(forced.outcome, Outcome::Paused | Outcome::Pending(_)) {
        let unlike = Counters { collections: 0, collector_steps: 0, steps: 0, ..one.counters };
        let forced = Seen {
            counters: Counters { collections: 0, collector_steps: 0, steps: 0, ..forced.counters },
            ..forced
        };
        assert_eq!(Seen { counters: unlike, ..one }, forced, "collection made a difference");
    }
}

/// Runs a function for so many steps, and saves it.
pub(crate) fn snapshot(module: Module<'_>, function: u16, words: usize, steps: u64) -> Vec<u8> {
    let mut arena = vec![0; words];
    let mut host = AnyHost::default();
    let Ok(mut instance) = Instance::new(module, &mut arena, &mut host, Config::default()) else {
        return Vec::new();
    };
    let function = function.checked_rem(module.header.functions).unwrap_or(0);
    let params = module.function(function).map_or(0, |function| usize::from(function.params));
    if instance.enter(function, 0, |_, slots| slots.resize(params, NULL).ok()).is_ok() {
        instance.run(&mut host, steps);
    }
    let mut bytes = vec![0; instance.snapshot_len()];
    assert_eq!(instance.snapshot(&mut bytes), Ok(bytes.len()), "the snapshot has the length that it says");
    bytes
}

/// Restores a snapshot and runs on for a while, on both dispatchers alike. Whether it could be restored.
pub(crate) fn restore(module: Module<'_>, words: usize, snapshot: &[u8]) -> bool {
    let on = |dispatch| {
        let mut arena = vec![0; words * 65 / 64 + 1];
        let mut host = AnyHost { any_token: true, ..AnyHost::default() };
        let config = Config { dispatch, ..Config::default() };
        let mut instance = Instance::restore(module, &mut arena, &mut host, config, snapshot).ok()?;
        let outcome = instance.run(&mut host, STEPS);
        if let Some(result) = instance.result().filter(|_| outcome == Outcome::Returned) {
            describe(&result, &mut host.log);
        }
        Some((outcome, instance.counters(), host.log))
    };
    let one = on(Dispatch::Match);
    assert_eq!(one, on(Dispatch::Tail), "the dispatchers differ");
    one.is_some()
}

/// The bytes as words; those left over at the end are dropped.
pub(crate) fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks().0.iter().copied().map(u32::from_le_bytes).collect()
}

/// The modules of the programs in `programs/`.
pub(crate) static CORPUS: LazyLock<Vec<Vec<u32>>> = LazyLock::new(|| {
    let sources = [
        include_str!("programs/values.mog"),
        include_str!("programs/calls.mog"),
        include_str!("programs/control.mog"),
    ];
    let compile = |source| match mog::compile_mog_source(source) {
        Ok(program) => words(&program.to_bytes()),
        Err(error) => panic!("{error}"),
    };
    sources.map(compile).into()
});
