//! What a program is granted: the set of functions, and the standard ones that come ready.

mod env;
mod kv;
pub(crate) mod log;
mod out;
mod random;
mod time;
mod trace;

use std::fmt;
use std::sync::Arc;

pub(crate) use random::Generator;

use crate::function::Args;
use crate::output::Output;
use crate::{CallError, Function, IntoAsyncFunction, IntoFunction, Type, Value};

/// A standard function: its state is that of the runtime that calls it.
pub(crate) type StandardBody = fn(&Args<'_, '_, '_>, &mut State) -> Result<Value, CallError>;

/// A row of a standard capability's table.
pub(crate) struct Standard {
    pub(crate) function: &'static str,
    pub(crate) params: &'static [Type],
    pub(crate) result: Type,
    pub(crate) body: StandardBody,
}

/// The standard capabilities, each with its functions. Their signatures are those of the compiler's
/// `declarations/*.mogdecl`.
const STANDARD: &[(&str, &[Standard])] = &[
    ("out", out::FUNCTIONS),
    ("log", log::FUNCTIONS),
    ("trace", trace::FUNCTIONS),
    ("kv", kv::FUNCTIONS),
    ("time", time::FUNCTIONS),
    ("env", env::FUNCTIONS),
    ("random", random::FUNCTIONS),
];

/// What the standard functions of one runtime keep between calls.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) output: Output,
    pub(crate) log: LogSink,
    pub(crate) store: kv::Store,
    pub(crate) random: Generator,
}

/// Where log lines go.
pub(crate) struct LogSink(pub(crate) Box<dyn std::io::Write + Send>);

impl fmt::Debug for LogSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogSink")
    }
}

impl Default for State {
    fn default() -> Self {
        Self {
            output: Output::new(Box::new(std::io::stdout())),
            log: LogSink(Box::new(std::io::stderr())),
            store: kv::Store::default(),
            random: Generator::default(),
        }
    }
}

/// How a granted function is carried out.
#[derive(Clone)]
pub(crate) enum Body {
    /// A closure of the host's.
    Host(Function),
    /// A standard function.
    Standard(&'static Standard),
    /// What it gave in another run.
    Recorded,
}

/// One granted function.
#[derive(Clone)]
pub(crate) struct Granted {
    pub(crate) capability: Arc<str>,
    pub(crate) function: Arc<str>,
    pub(crate) body: Body,
}

#[derive(Clone, Default)]
struct Inner {
    granted: Vec<Granted>,
    denied: Vec<String>,
    declarations: Vec<String>,
    types: Vec<Type>,
}

/// Functions that share a value and make up one capability. `#[mog::capability("name")]` on an `impl` block makes it.
pub trait Capability {
    /// The name by which programs call it, such as `log`.
    const NAME: &'static str;

    /// Its functions with their names, such as `write`. A host that wants only some of them, or all under another
    /// name, grants these one by one.
    fn functions(self) -> Vec<(&'static str, Function)>;
}

/// The functions that a program may call. A new set grants `out`, which the print family uses, and nothing else.
///
/// Cheap to clone: closures are shared between clones, but every runtime has its own store for `kv`, its own
/// chance and its own output.
///
/// ```
/// # use mog::CapabilitySet;
/// let mut capabilities = CapabilitySet::new();
/// capabilities.grant("log.write", |msg: String| println!("[LOG] {msg}"));
/// capabilities.grant("database.read", |query: String| -> Result<Vec<String>, std::io::Error> { Ok(vec![query]) });
/// ```
#[derive(Clone)]
pub struct CapabilitySet {
    inner: Arc<Inner>,
}

/// A name that no standard capability or function has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownCapability(pub String);

impl fmt::Display for UnknownCapability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this host has no capability `{}`; it has ", self.0)?;
        let group = self.0.split('.').next().unwrap_or_default();
        match STANDARD.iter().find(|(name, _)| *name == group) {
            Some((name, functions)) => {
                let names: Vec<_> = functions.iter().map(|row| format!("{name}.{}", row.function)).collect();
                f.write_str(&names.join(", "))
            }
            None => f.write_str(&STANDARD.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")),
        }
    }
}

impl std::error::Error for UnknownCapability {}

impl Default for CapabilitySet {
    fn default() -> Self {
        Self::new()
    }
}

impl CapabilitySet {
    /// A set that grants `out` alone: `print` and `println` write to the process's standard output.
    #[must_use]
    pub fn new() -> Self {
        let mut set = Self::empty();
        set.grant_rows("out", out::FUNCTIONS, |_| true);
        set
    }

    /// A set that grants nothing, not even output.
    #[must_use]
    pub fn empty() -> Self {
        Self { inner: Arc::default() }
    }

    /// Grants a function under the name by which programs call it, such as `log.write`. A later grant of the same
    /// name takes the place of the earlier one. A name without a dot can never be called.
    ///
    /// Closures and functions of up to six parameters can be granted whose parameters are [`FromMog`](crate::FromMog)
    /// and whose result is [`ToMog`](crate::ToMog). A `Result` that is an `Err` makes the call fail with that text;
    /// a panic does so too, and neither reaches the host.
    pub fn grant<M>(&mut self, name: &str, function: impl IntoFunction<M>) -> &mut Self {
        let (capability, name) = name.split_once('.').unwrap_or((name, ""));
        self.insert(capability, name, Body::Host(function.into_function()));
        self
    }

    /// Grants a function that takes its time: a closure whose result is a future, as of an `async` block. In programs it is
    /// an `async fn`: the task that calls it waits, others go on, and several calls can be under way at once. The future
    /// of a call that the program cancels is dropped; a panic in it makes the call fail.
    ///
    /// The future is polled by whatever executor drives [`Runtime::execute_async`](crate::Runtime::execute_async) or
    /// [`Runtime::call_async`](crate::Runtime::call_async), for the first time within the call. Under
    /// [`Runtime::execute`](crate::Runtime::execute) the thread blocks while all tasks wait: what needs an executor of its
    /// own, such as tokio's sockets and timers, wants the async way.
    ///
    /// ```
    /// # use mog::CapabilitySet;
    /// # async fn fetch(url: String) -> Result<String, std::io::Error> { Ok(url) }
    /// let mut capabilities = CapabilitySet::new();
    /// capabilities.grant_async("http.get", |url: String| async move { fetch(url).await });
    /// ```
    pub fn grant_async<M>(&mut self, name: &str, function: impl IntoAsyncFunction<M>) -> &mut Self {
        self.grant(name, function.into_async_function())
    }

    /// Grants a function that calls functions which the program passes it: closures with [`Callback`](crate::Callback)s
    /// among their parameters, whose result is a future, as for [`CapabilitySet::grant_async`]. In programs it is a
    /// function like any other; the whole program waits while the future waits for something else than the program.
    /// Granted by [`CapabilitySet::grant_async`] the same closure is an `async fn`.
    ///
    /// ```
    /// # use mog::{Callback, CallError, CapabilitySet};
    /// let mut capabilities = CapabilitySet::new();
    /// capabilities.grant_calling("list.best", |items: Vec<String>, score: Callback<(String,), f64>| async move {
    ///     let mut best = (f64::MIN, String::new());
    ///     for item in items {
    ///         let points = score.call((item.clone(),)).await?;
    ///         if points > best.0 {
    ///             best = (points, item);
    ///         }
    ///     }
    ///     Ok::<_, CallError>(best.1)
    /// });
    /// ```
    pub fn grant_calling<M>(&mut self, name: &str, function: impl IntoAsyncFunction<M>) -> &mut Self {
        self.grant(name, function.into_async_function().blocking())
    }

    /// Grants all functions of a group. Each can be [denied](Self::deny) by its name like any other.
    pub fn grant_group<C: Capability>(&mut self, group: C) -> &mut Self {
        for (name, function) in group.functions() {
            self.insert(C::NAME, name, Body::Host(function));
        }
        self
    }

    /// Grants a standard function such as `kv.get`, or all those of a group such as `kv`: `out`, `log`, `trace`,
    /// `kv` (in memory), `time`, `env`, `random`.
    ///
    /// # Errors
    /// If there is no standard function or group of that name.
    pub fn grant_standard(&mut self, name: &str) -> Result<&mut Self, UnknownCapability> {
        let (group, function) = match name.split_once('.') {
            Some((group, function)) => (group, Some(function)),
            None => (name, None),
        };
        let rows = STANDARD.iter().find(|(known, _)| *known == group);
        let wanted = |row: &Standard| function.is_none_or(|function| row.function == function);
        match rows {
            Some((capability, rows)) if rows.iter().any(wanted) => {
                self.grant_rows(capability, rows, wanted);
                Ok(self)
            }
            _ => Err(UnknownCapability(name.to_owned())),
        }
    }

    fn grant_rows(
        &mut self,
        capability: &str,
        rows: &'static [Standard],
        wanted: impl Fn(&Standard) -> bool,
    ) {
        for row in rows.iter().filter(|row| wanted(row)) {
            self.insert(capability, row.function, Body::Standard(row));
        }
    }

    /// A set of functions whose results come from a log.
    pub(crate) fn recorded(granted: &[String], denied: &[String]) -> Self {
        let mut set = Self::empty();
        for name in granted {
            let (capability, function) = name.split_once('.').unwrap_or((name, ""));
            set.insert(capability, function, Body::Recorded);
        }
        denied.iter().for_each(|name| {
            set.deny(name);
        });
        set
    }

    /// The names of all granted functions, those denied later among them.
    pub(crate) fn names(&self) -> Vec<String> {
        let name = |known: &Granted| format!("{}.{}", known.capability, known.function);
        self.inner.granted.iter().map(name).collect()
    }

    /// What is denied by name.
    pub(crate) fn denied(&self) -> Vec<String> {
        self.inner.denied.clone()
    }

    fn insert(&mut self, capability: &str, function: &str, body: Body) {
        let granted = &mut Arc::make_mut(&mut self.inner).granted;
        let same = |known: &&mut Granted| &*known.capability == capability && &*known.function == function;
        match granted.iter_mut().find(same) {
            Some(known) => known.body = body,
            None => granted.push(Granted { capability: capability.into(), function: function.into(), body }),
        }
    }

    /// Denies a function such as `kv.set` or a group such as `kv`, whatever is granted before or after.
    pub fn deny(&mut self, name: &str) -> &mut Self {
        Arc::make_mut(&mut self.inner).denied.push(name.to_owned());
        self
    }

    /// States the types of granted functions as a declaration, in the language:
    /// `capability shop { struct Product { name: string, price: float }  fn products() -> [Product] }`. Programs
    /// compiled by [`Compiler::with`](crate::Compiler::with) see these types instead of those of the closures.
    pub fn declare(&mut self, declaration: impl Into<String>) -> &mut Self {
        Arc::make_mut(&mut self.inner).declarations.push(declaration.into());
        self
    }

    /// States a type that no granted function has, such as that of an event which the host passes to the program:
    /// `capabilities.declare_type(<Event as ToMog>::mog_type())`. Only structs and enums need that.
    pub fn declare_type(&mut self, ty: Type) -> &mut Self {
        Arc::make_mut(&mut self.inner).types.push(ty);
        self
    }

    /// The number of a granted function that is not denied.
    pub(crate) fn find(&self, capability: &str, function: &str) -> Option<usize> {
        if self.denies(capability, function) {
            return None;
        }
        let same = |known: &Granted| &*known.capability == capability && &*known.function == function;
        self.inner.granted.iter().position(same)
    }

    pub(crate) fn granted(&self, number: usize) -> Option<&Granted> {
        self.inner.granted.get(number)
    }

    /// Whether a function is denied by name.
    pub(crate) fn denies(&self, capability: &str, function: &str) -> bool {
        let names = |denied: &String| match denied.split_once('.') {
            Some((group, name)) => group == capability && name == function,
            None => denied == capability,
        };
        self.inner.denied.iter().any(names)
    }

    /// Whether any function of a capability may be called.
    #[must_use]
    pub fn grants(&self, capability: &str) -> bool {
        let of = |known: &&Granted| &*known.capability == capability;
        self.inner.granted.iter().filter(of).any(|known| !self.denies(capability, &known.function))
    }

    /// The declarations that programs are compiled with: those that the host gave, and for its other closures
    /// what their Rust types say.
    #[must_use]
    pub fn declarations(&self) -> Vec<String> {
        self.declared(|_| true)
    }

    /// Declarations of everything that a program may call, for whoever writes programs: `mog spec --capabilities`.
    /// `out` is left out, which programs reach through `print`.
    #[must_use]
    pub fn reference(&self) -> String {
        let may_call = |known: &Granted| !self.denies(&known.capability, &known.function);
        let mut text = self.declared(may_call).join("\n");
        let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
        for known in self.inner.granted.iter().filter(|known| may_call(known)) {
            // What declares itself stands there already.
            if let Body::Host(host) = &known.body
                && (host.params.is_some() || self.declares(&known.capability))
            {
                continue;
            }
            match groups.iter_mut().find(|(name, _)| **name == *known.capability) {
                Some((_, functions)) => functions.push(&known.function),
                None => groups.push((&known.capability, vec![&known.function])),
            }
        }
        for (group, functions) in groups {
            let lines = standard_declaration(group).unwrap_or_default().split_inclusive('\n');
            // These files hold one function a line.
            text.extend(
                lines.filter(|line| function_name(line).is_none_or(|name| functions.contains(&name))),
            );
        }
        text
    }

    /// Whether the host declares a capability itself.
    fn declares(&self, capability: &str) -> bool {
        self.inner.declarations.iter().any(|text| declares(text, capability))
    }

    /// What the host declares, and what the types of those of its closures say that are wanted.
    fn declared(&self, wanted: impl Fn(&Granted) -> bool) -> Vec<String> {
        let mut all = self.inner.declarations.clone();
        let mut types = Vec::new();
        self.inner.types.iter().for_each(|ty| ty.declare_named(&mut types));
        let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
        for Granted { capability, function, body } in self.inner.granted.iter().filter(|known| wanted(known))
        {
            let Body::Host(host) = body else { continue };
            // What the host declares itself, it declares for the whole group.
            if self.declares(capability) {
                continue;
            }
            let Some(declaration) = host.declaration(function) else { continue };
            host.params.iter().flatten().chain([&host.result]).for_each(|ty| ty.declare_named(&mut types));
            match groups.iter_mut().find(|(name, _)| **name == **capability) {
                Some((_, functions)) => functions.push(declaration),
                None => groups.push((capability, vec![declaration])),
            }
        }
        if !types.is_empty() {
            all.push(types.iter().map(|text| format!("{text}\n")).collect());
        }
        all.extend(groups.iter().map(|(name, list)| {
            let functions: String = list.iter().map(|function| format!("    {function}\n")).collect();
            format!("capability {name} {{\n{functions}}}\n")
        }));
        all
    }
}

/// The declaration of a standard capability, whether or not the crate carries it out.
fn standard_declaration(capability: &str) -> Option<&'static str> {
    mog_compiler::standard_declarations().find(|(name, _)| *name == capability).map(|(_, text)| text)
}

/// The functions of a standard capability.
#[cfg(feature = "policy")]
pub(crate) fn standard_functions(capability: &str) -> Option<Vec<&'static str>> {
    standard_declaration(capability).map(|text| text.lines().filter_map(function_name).collect())
}

/// The function that a line of a declaration declares.
fn function_name(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let (name, _) = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ")?.split_once('(')?;
    Some(name)
}

/// Whether a text of declarations has one of that capability.
fn declares(text: &str, capability: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    let mut after = false;
    words.any(|word| {
        let found = after && word == capability;
        after = word == "capability";
        found
    })
}

impl fmt::Debug for CapabilitySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.inner.granted.iter().map(|known| format!("{}.{}", known.capability, known.function));
        f.debug_struct("CapabilitySet")
            .field("granted", &names.collect::<Vec<_>>())
            .field("denied", &self.inner.denied)
            .finish()
    }
}
