//! Functions that a host grants: closures of any arity, async ones too, and what they see of a call.

use std::cell::{Cell, OnceCell};
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use mog_core::heap::Data;
use mog_core::{Call, DirectCall};

use crate::callback::{AnyCallback, Channel};
use crate::direct::{Came, DirectArgs, DirectBody};
use crate::handle::Handles;
use crate::notes::Notes;
use crate::pending::CallFuture;
use crate::read::{MAX_BYTES, Reader};
use crate::{FromMog, Mismatch, ToMog, Type, Value};

/// Why a call of a host function gives no value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CallError {
    /// It did not work; the program sees this message.
    Failed(String),
    /// It is not allowed; the program sees this message, and ends as denied if it does not catch it.
    Denied(String),
    /// It is not done before that many milliseconds have passed.
    Sleep(u64),
    /// The program may not go on: it has printed more than it may.
    OutputLimit,
}

impl CallError {
    /// The call did not work, and why.
    pub fn failed(message: impl fmt::Display) -> Self {
        Self::Failed(message.to_string())
    }

    /// The call is not allowed, and why.
    pub fn denied(message: impl fmt::Display) -> Self {
        Self::Denied(message.to_string())
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(message) | Self::Denied(message) => f.write_str(message),
            Self::Sleep(ms) => write!(f, "the call takes {ms} ms"),
            Self::OutputLimit => f.write_str("the program has printed more than it may"),
        }
    }
}

impl std::error::Error for CallError {}

impl From<Mismatch> for CallError {
    fn from(mismatch: Mismatch) -> Self {
        Self::Failed(mismatch.to_string())
    }
}

/// The arguments of one call.
pub struct Args<'c, 'v, 'a> {
    call: &'c Call<'v, 'a>,
    reader: Reader,
    /// The types agree, and each argument is in one register.
    direct: bool,
    /// Whether the host function can call those among its arguments.
    calls: Cell<bool>,
    /// Where those are called through, once one was taken.
    channel: OnceCell<Arc<Channel>>,
    /// For a function that takes its time.
    notes: OnceCell<Notes>,
}

impl<'c, 'v, 'a> Args<'c, 'v, 'a> {
    pub(crate) const fn new(call: &'c Call<'v, 'a>, direct: bool, handles: Handles) -> Self {
        let reader = Reader::new(MAX_BYTES, handles);
        Self {
            call,
            reader,
            direct,
            calls: Cell::new(false),
            channel: OnceCell::new(),
            notes: OnceCell::new(),
        }
    }

    /// They are for a function that takes its time: it can call those among them, and take notes.
    pub(crate) fn let_call(&self, notes: &Notes) {
        self.calls.set(true);
        self.notes.get_or_init(|| notes.clone());
    }

    /// Where the functions that were taken among the arguments are called through.
    pub(crate) fn channel(&self) -> Option<Arc<Channel>> {
        self.channel.get().cloned()
    }

    /// Steps for what was copied so far.
    pub(crate) const fn steps(&self) -> u64 {
        self.reader.steps()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.call.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An argument, copied; `Null` beyond the last.
    ///
    /// # Errors
    /// If it nests too deeply, is too large, or is nothing that can be copied.
    pub fn value(&self, index: usize) -> Result<Value, CallError> {
        let Some(value) = self.call.arg(index) else { return Ok(Value::Null) };
        let read = self.reader.read(&value);
        read.or_else(|mismatch| self.callback(index).unwrap_or_else(|| Err(argument(index, &mismatch))))
    }

    /// An argument that is a function; none if it is something else.
    fn callback(&self, index: usize) -> Option<Result<Value, CallError>> {
        self.call.callback_types(index)?;
        if !self.calls.get() {
            let number = index + 1;
            return Some(Err(CallError::failed(format_args!(
                "argument {number} is a function: the host has to grant what calls it by `grant_calling` or `grant_async`"
            ))));
        }
        let channel = Arc::clone(self.channel.get_or_init(Arc::default));
        Some(Ok(Value::Function(AnyCallback::new(index, channel))))
    }

    /// An argument as a type of the host's.
    ///
    /// # Errors
    /// As for [`Args::value`], or if it is of another type.
    #[inline]
    pub fn get<T: FromMog>(&self, index: usize) -> Result<T, CallError> {
        if self.direct {
            if let Some(value) = T::from_register(self.call.int_arg(index)) {
                return Ok(value);
            }
            if let Some(copy) = T::from_text() {
                return self.text(index).map(copy);
            }
        }
        T::from_mog(self.value(index)?).map_err(|mismatch| argument(index, &mismatch))
    }

    /// A string argument, where it lies.
    ///
    /// # Errors
    /// If it is no string.
    pub fn text(&self, index: usize) -> Result<&'c str, CallError> {
        let text = if self.direct {
            self.call.memory().string(self.call.int_arg(index).cast_unsigned())
        } else {
            match self.call.arg(index).map(|value| value.data()) {
                Some(Data::Str(text)) => Some(text),
                _ => None,
            }
        };
        if let Some(text) = text {
            self.reader.take(text.len())?;
            return Ok(text);
        }
        let value = self.value(index)?;
        Err(argument(index, &Mismatch::new("string", &value)))
    }

    /// All arguments, copied.
    ///
    /// # Errors
    /// As for [`Args::value`].
    pub fn values(&self) -> Result<Vec<Value>, CallError> {
        (0..self.len()).map(|index| self.value(index)).collect()
    }

    /// Steps that the program has taken so far.
    #[must_use]
    pub fn step(&self) -> u64 {
        self.call.step()
    }

    fn expect(&self, count: usize) -> Result<(), CallError> {
        if self.direct || self.len() == count {
            return Ok(());
        }
        let plural = if count == 1 { "" } else { "s" };
        Err(CallError::Failed(format!("expected {count} argument{plural}, found {}", self.len())))
    }
}

impl fmt::Debug for Args<'_, '_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Args").field("len", &self.len()).finish_non_exhaustive()
    }
}

fn argument(index: usize, mismatch: &Mismatch) -> CallError {
    CallError::Failed(format!("argument {}: {mismatch}", index + 1))
}

type Body<T> = dyn Fn(&Args<'_, '_, '_>) -> Result<T, CallError> + Send + Sync;

/// How a host function is carried out.
#[derive(Clone)]
pub(crate) enum Work {
    /// At once.
    Now {
        body: Arc<Body<Value>>,
        /// The same for arguments of one slot each, and a result that is an int, a float, a bool or `()`.
        direct: Option<Arc<DirectBody>>,
    },
    /// By a future, while the task that made the call waits.
    Later(Arc<Body<CallFuture>>),
}

/// A host function of any kind, ready to be granted: types and body.
#[derive(Clone)]
pub struct Function {
    /// Types of the parameters; `None` takes any number of any type.
    pub(crate) params: Option<Vec<Type>>,
    /// Their names, for declarations; empty if nobody gave any.
    names: Vec<String>,
    pub(crate) result: Type,
    pub(crate) work: Work,
    /// Whether programs see an `async fn`.
    is_async: bool,
}

impl Function {
    /// A function that looks at its arguments itself, whatever their number and types.
    ///
    /// ```
    /// # use mog::{CapabilitySet, Function, Value};
    /// let mut capabilities = CapabilitySet::new();
    /// capabilities.grant("debug.count", Function::dynamic(|args| Ok(Value::from(args.len() as i64))));
    /// ```
    pub fn dynamic(
        body: impl Fn(&Args<'_, '_, '_>) -> Result<Value, CallError> + Send + Sync + 'static,
    ) -> Self {
        let work = Work::Now { body: Arc::new(body), direct: None };
        Self { params: None, names: Vec::new(), result: Type::Any, work, is_async: false }
    }

    /// The same with a future, as for [`CapabilitySet::grant_async`](crate::CapabilitySet::grant_async).
    pub fn dynamic_async<F>(body: impl Fn(Vec<Value>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Value, CallError>> + Send + 'static,
    {
        let work =
            move |args: &Args<'_, '_, '_>| args.values().map(|args| Box::pin(body(args)) as CallFuture);
        let work = Work::Later(Arc::new(work));
        Self { params: None, names: Vec::new(), result: Type::Any, work, is_async: true }
    }

    /// The same with a future that can take [`Notes`].
    pub fn dynamic_async_noting<F>(body: impl Fn(Vec<Value>, Notes) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Value, CallError>> + Send + 'static,
    {
        let work = move |args: &Args<'_, '_, '_>| {
            let notes = args.notes.get().cloned().unwrap_or_default();
            args.values().map(|values| Box::pin(body(values, notes)) as CallFuture)
        };
        Self { work: Work::Later(Arc::new(work)), ..Self::dynamic_async(|_| async { Ok(Value::Null) }) }
    }

    /// For programs a function like any other, without `await`: all of them wait until it is done.
    pub(crate) fn blocking(self) -> Self {
        Self { is_async: false, ..self }
    }

    /// Names the parameters, for declarations, for named arguments, and for
    /// [`AuditLog::redact`](crate::AuditLog::redact). They are as the language writes names.
    #[must_use]
    pub fn named<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.names = names.into_iter().map(Into::into).collect();
        self
    }

    /// How a declaration of this function reads, if its types are known.
    pub(crate) fn declaration(&self, name: &str) -> Option<String> {
        let params = self.params.as_ref()?;
        let names = self.names.iter().cloned().chain(('a'..='z').skip(self.names.len()).map(String::from));
        let params = names.zip(params).map(|(name, ty)| format!("{name}: {ty}"));
        let params = params.collect::<Vec<_>>().join(", ");
        let keyword = if self.is_async { "async fn" } else { "fn" };
        Some(match self.result.delivered() {
            Type::Unit => format!("{keyword} {name}({params})"),
            result => format!("{keyword} {name}({params}) -> {result}"),
        })
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function")
            .field("params", &self.params)
            .field("result", &self.result)
            .finish_non_exhaustive()
    }
}

/// What [`CapabilitySet::grant`](crate::CapabilitySet::grant) takes: closures and functions of up to six parameters whose types are
/// [`FromMog`] (or, among the first three, `&str`) and whose result is [`ToMog`], and [`Function`]s. `M` only tells
/// these apart.
pub trait IntoFunction<M> {
    /// The function, ready to be granted.
    fn into_function(self) -> Function;
}

impl IntoFunction<()> for Function {
    fn into_function(self) -> Function {
        self
    }
}

/// Marks a parameter that is a `&str`.
#[derive(Debug)]
pub struct Text;

macro_rules! parameter {
    (type text $name:ident) => {
        &str
    };
    (type own $name:ident) => {
        $name
    };
    (mark text $name:ident) => {
        Text
    };
    (mark own $name:ident) => {
        $name
    };
    (mog text $name:ident) => {
        Type::Str
    };
    (mog own $name:ident) => {
        <$name as FromMog>::mog_type()
    };
    (get text $name:ident $args:ident $index:literal) => {
        $args.text($index)?
    };
    (get own $name:ident $args:ident $index:literal) => {
        $args.get::<$name>($index)?
    };
}

/// Whether a result is one slot that needs no room in the arena, or none.
fn has_slot(result: &Type) -> bool {
    matches!(result.delivered(), Type::Unit | Type::Int | Type::Float | Type::Bool)
}

macro_rules! closures {
    ($([$($own:ident)*] $count:literal ($($kind:ident $name:ident $index:literal),*);)*) => {
        $(
            impl<F, R: ToMog, $($own: FromMog),*> IntoFunction<(R, $(parameter!(mark $kind $name),)*)> for F
            where
                F: Fn($(parameter!(type $kind $name)),*) -> R + Send + Sync + 'static,
            {
                fn into_function(self) -> Function {
                    let result = R::mog_type();
                    let function = Arc::new(self);
                    let direct = has_slot(&result).then(|| {
                        let function = Arc::clone(&function);
                        let body = move |call: DirectCall<'_, '_>| {
                            let args = DirectArgs::new(call);
                            // One without parameters looks at none.
                            let _ = &args;
                            let call = || Some(function($(parameter!(get $kind $name args $index)),*).into_slot());
                            call().map_or(Came::Left, Came::from)
                        };
                        DirectBody::new(body)
                    });
                    let body = move |args: &Args<'_, '_, '_>| {
                        args.expect($count)?;
                        let result = function($(parameter!(get $kind $name args $index)),*);
                        result.into_result().map_err(CallError::Failed)
                    };
                    Function {
                        params: Some(vec![$(parameter!(mog $kind $name)),*]),
                        names: Vec::new(),
                        result,
                        work: Work::Now { body: Arc::new(body), direct },
                        is_async: false,
                    }
                }
            }
        )*
    };
}

closures! {
    [] 0 ();
    [A] 1 (own A 0);
    [A B] 2 (own A 0, own B 1);
    [A B C] 3 (own A 0, own B 1, own C 2);
    [A B C D] 4 (own A 0, own B 1, own C 2, own D 3);
    [A B C D E] 5 (own A 0, own B 1, own C 2, own D 3, own E 4);
    [A B C D E G] 6 (own A 0, own B 1, own C 2, own D 3, own E 4, own G 5);
    [] 1 (text A 0);
    [B] 2 (text A 0, own B 1);
    [A] 2 (own A 0, text B 1);
    [] 2 (text A 0, text B 1);
    [B C] 3 (text A 0, own B 1, own C 2);
    [A C] 3 (own A 0, text B 1, own C 2);
    [A B] 3 (own A 0, own B 1, text C 2);
    [C] 3 (text A 0, text B 1, own C 2);
    [B] 3 (text A 0, own B 1, text C 2);
    [A] 3 (own A 0, text B 1, text C 2);
    [] 3 (text A 0, text B 1, text C 2);
}

/// What [`CapabilitySet::grant_async`](crate::CapabilitySet::grant_async) takes: closures and functions of up to six
/// [`FromMog`] parameters that give a future, whose output is [`ToMog`]. `M` only tells these apart.
pub trait IntoAsyncFunction<M> {
    /// The function, ready to be granted.
    fn into_async_function(self) -> Function;
}

macro_rules! async_closures {
    ($($count:literal ($($name:ident $index:literal),*);)*) => {
        $(
            impl<C, F, R: ToMog, $($name: FromMog),*> IntoAsyncFunction<(R, $($name,)*)> for C
            where
                C: Fn($($name),*) -> F + Send + Sync + 'static,
                F: Future<Output = R> + Send + 'static,
            {
                fn into_async_function(self) -> Function {
                    Function {
                        params: Some(vec![$($name::mog_type()),*]),
                        names: Vec::new(),
                        result: R::mog_type(),
                        work: Work::Later(Arc::new(move |args| {
                            args.expect($count)?;
                            let future = self($(args.get::<$name>($index)?),*);
                            let future = async { future.await.into_result().map_err(CallError::Failed) };
                            Ok(Box::pin(future) as CallFuture)
                        })),
                        is_async: true,
                    }
                }
            }
        )*
    };
}

async_closures! {
    0 ();
    1 (A 0);
    2 (A 0, B 1);
    3 (A 0, B 1, D 2);
    4 (A 0, B 1, D 2, E 3);
    5 (A 0, B 1, D 2, E 3, G 4);
    6 (A 0, B 1, D 2, E 3, G 4, H 5);
}
