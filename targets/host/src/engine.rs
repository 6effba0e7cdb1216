//! Compiled programs, shared between threads.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{CapabilitySet, CompileError, Compiler, Error, Program, Runtime};

/// How many programs an engine keeps, where the host did not say.
const DEFAULT_CAPACITY: usize = 256;

/// Compiles each source once, against one set of grants, for all threads of a host. What was not used for longest makes
/// room for what is new.
///
/// A clone is the same engine. Hosts that keep their [`Program`]s themselves need none: those are as cheap to clone.
///
/// ```
/// # use mog::{CapabilitySet, Engine};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut capabilities = CapabilitySet::new();
/// capabilities.grant("shop.discount", |price: f64| price * 0.9);
/// let engine = Engine::new(capabilities);
///
/// let worker = engine.clone();
/// let thread = std::thread::spawn(move || {
///     worker.runtime("pub fn price() -> float { shop.discount(10.0) }")?.call("price", ())
/// });
/// assert_eq!(thread.join().map_err(|_| "a panic")??, 9.0.into());
/// assert_eq!(engine.len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Engine {
    capabilities: CapabilitySet,
    cache: Arc<Mutex<Cache>>,
}

struct Cache {
    capacity: usize,
    programs: HashMap<Box<str>, Kept>,
    /// Counts uses.
    clock: u64,
}

struct Kept {
    program: Program,
    used: u64,
}

impl Engine {
    /// An engine whose programs are compiled against, and granted, this set.
    #[must_use]
    pub fn new(capabilities: CapabilitySet) -> Self {
        let cache = Cache { capacity: DEFAULT_CAPACITY, programs: HashMap::new(), clock: 0 };
        Self { capabilities, cache: Arc::new(Mutex::new(cache)) }
    }

    /// Keeps so many programs at most; 256 by default.
    #[must_use]
    pub fn capacity(self, programs: usize) -> Self {
        let mut cache = self.lock();
        cache.capacity = programs;
        while cache.programs.len() > programs {
            cache.forget_oldest();
        }
        drop(cache);
        self
    }

    /// The program of a source, compiled if it is not there yet. Threads that ask for a new one at the same time may
    /// all compile it, and get the same.
    ///
    /// # Errors
    /// What is wrong with the source; that is not kept.
    pub fn compile(&self, source: &str) -> Result<Program, CompileError> {
        if let Some(program) = self.lock().find(source) {
            return Ok(program);
        }
        // Others may use the engine meanwhile.
        let program = Compiler::with(&self.capabilities).compile(source)?;
        Ok(self.lock().keep(source, program))
    }

    /// A runtime for a source, with the default limits; [`RuntimeBuilder::build`](crate::RuntimeBuilder::build) takes
    /// [`Engine::compile`] and [`Engine::capabilities`] for others.
    ///
    /// # Errors
    /// As for [`Engine::compile`] and [`Runtime::new`].
    pub fn runtime(&self, source: &str) -> Result<Runtime, Error> {
        Runtime::new(self.compile(source)?, self.capabilities.clone())
    }

    /// What its programs are granted.
    #[must_use]
    pub const fn capabilities(&self) -> &CapabilitySet {
        &self.capabilities
    }

    /// How many programs it keeps now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().programs.len()
    }

    /// Whether it keeps none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cache {
    fn find(&mut self, source: &str) -> Option<Program> {
        self.clock += 1;
        let kept = self.programs.get_mut(source)?;
        kept.used = self.clock;
        Some(kept.program.clone())
    }

    /// Keeps a program, unless there is one by now; gives the one that is there.
    fn keep(&mut self, source: &str, program: Program) -> Program {
        if let Some(known) = self.find(source) {
            return known;
        }
        if self.capacity > 0 {
            while self.programs.len() >= self.capacity {
                self.forget_oldest();
            }
            self.programs.insert(source.into(), Kept { program: program.clone(), used: self.clock });
        }
        program
    }

    fn forget_oldest(&mut self) {
        let oldest = self.programs.iter().min_by_key(|(_, kept)| kept.used).map(|(source, _)| source.clone());
        if let Some(source) = oldest {
            self.programs.remove(&source);
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Engine");
        debug.field("capabilities", &self.capabilities).field("programs", &self.len()).finish()
    }
}
