//! Runs as futures: several instances on one executor take turns, wait for what their host completes, and end as they do
//! when they are run in one go.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use mog_compiler::{Options, compile};
use mog_core::heap::Data;
use mog_core::module::{Import, TypeRecord};
use mog_core::{AsyncHost, Binding, Call, Config, Host, Instance, Module, Outcome, Reply};

type Test = Result<(), Box<dyn std::error::Error>>;

/// Time passes when somebody looks.
#[derive(Default)]
struct Clock {
    now: u64,
    asleep: BTreeMap<u32, u64>,
    tokens: u32,
    printed: String,
    /// Wakers are woken when nobody else has anything to do.
    waker: Option<Waker>,
}

impl Host for Clock {
    fn bind(&mut self, import: &Import<'_>, _: TypeRecord<'_>, _: &Module<'_>) -> Binding {
        match (import.capability, import.function) {
            ("out", "println") => Binding::Granted(0),
            ("time", "sleep") => Binding::Granted(1),
            _ => Binding::Refused,
        }
    }

    fn grants(&self, _: &str) -> bool {
        true
    }

    fn call(&mut self, function: u16, call: &mut Call<'_, '_>) -> Reply {
        if function == 0 {
            if let Some(Data::Str(text)) = call.arg(0).map(|value| value.data()) {
                self.printed.push_str(text);
                self.printed.push(';');
            }
            return Reply::Done;
        }
        self.tokens += 1;
        self.asleep.insert(self.tokens, self.now + call.int_arg(0).unsigned_abs());
        Reply::Pending(self.tokens)
    }

    fn resume(&mut self, _: u16, token: u32, _: &mut Call<'_, '_>) -> Reply {
        match self.asleep.get(&token) {
            Some(_) => Reply::Pending(token),
            None => Reply::Done,
        }
    }

    fn cancelled(&mut self, token: u32) {
        self.asleep.remove(&token);
    }
}

impl AsyncHost for Clock {
    fn poll_complete(&mut self, context: &mut Context<'_>) -> Poll<u32> {
        self.now += 1;
        let due = self
            .asleep
            .iter()
            .filter(|&(_, &wake)| wake <= self.now)
            .min_by_key(|&(&token, &wake)| (wake, token));
        match due.map(|(&token, _)| token) {
            Some(token) => {
                self.asleep.remove(&token);
                Poll::Ready(token)
            }
            None => {
                self.waker = Some(context.waker().clone());
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

const PROGRAM: &str = r#"
async fn work(name: string, ms: int) -> int {
    println(f"{name} begins")
    await time.sleep(ms)
    s := 0
    for i in 0..500 { s += i }
    println(f"{name} ends")
    s
}
async fn main() -> int {
    xs := await all([work("a", 30), work("b", 10), work("c", 20)])
    time.sleep(5)
    n := await race([work("slow", 500), work("fast", 3)])
    xs.sum() + n
}
"#;

/// Polls until the future is done; gives its output, and how often it gave way.
fn block_on<F: Future>(future: F) -> Result<(F::Output, usize), String> {
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    let mut future = pin!(future);
    for polls in 0..100_000 {
        let woken = count.0.load(Ordering::Relaxed);
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Ok((output, polls));
        }
        if count.0.load(Ordering::Relaxed) == woken {
            return Err("nobody would ever wake it".to_owned());
        }
    }
    Err("it does not end".to_owned())
}

fn main_of(module: &Module<'_>) -> Option<u16> {
    module.metadata().export("main")
}

#[test]
fn a_future_ends_as_a_run_does_whatever_the_slices() -> Test {
    let words =
        compile(PROGRAM, &Options::new("case.mog")).map_err(|e| format!("{:?}", e.diagnostics))?.module;
    let module = Module::load_words(&words)?;
    let mut seen: Option<(Outcome, String, u64)> = None;
    for slice in [1, 7, 100, 1_000_000] {
        let mut arena = vec![0; 4096];
        let mut clock = Clock::default();
        let mut instance =
            Instance::new(module, &mut arena, &mut clock, Config::default()).map_err(|e| format!("{e:?}"))?;
        instance
            .enter(main_of(&module).ok_or("no main")?, 0, |_, _| Some(()))
            .map_err(|e| format!("{e:?}"))?;
        let (outcome, polls) = block_on(instance.run_async(&mut clock, 1_000_000, slice))?;
        assert!(slice > 100 || polls > 20, "{polls}");
        let came = (outcome, clock.printed, instance.counters().steps);
        assert_eq!(outcome, Outcome::Returned);
        assert_eq!(*seen.get_or_insert_with(|| came.clone()), came, "slices of {slice}");
    }
    Ok(())
}

#[test]
fn a_future_keeps_to_its_steps_and_leaves_the_instance_paused() -> Test {
    let words = compile("fn main() { loop {} }", &Options::new("case.mog"))
        .map_err(|e| format!("{:?}", e.diagnostics))?
        .module;
    let module = Module::load_words(&words)?;
    let mut arena = vec![0; 1024];
    let mut clock = Clock::default();
    let mut instance =
        Instance::new(module, &mut arena, &mut clock, Config::default()).map_err(|e| format!("{e:?}"))?;
    instance.enter(main_of(&module).ok_or("no main")?, 0, |_, _| Some(())).map_err(|e| format!("{e:?}"))?;
    let (outcome, polls) = block_on(instance.run_async(&mut clock, 10_000, 100))?;
    assert_eq!(outcome, Outcome::Paused);
    assert!((90..=110).contains(&polls), "{polls}");
    assert!((9_900..=10_100).contains(&instance.counters().steps), "{:?}", instance.counters());
    let (outcome, _) = block_on(instance.run_async(&mut clock, 50, 100))?;
    assert_eq!(outcome, Outcome::Paused);
    Ok(())
}
