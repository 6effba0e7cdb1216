//! What stored programs are granted on a board: the functions that `mog run` grants, as far as a board has them. What
//! they give and charge is the same, so that steps can be compared.

use core::fmt;

use mog_core::heap::Data;
use mog_core::module::{Import, TypeId, TypeRecord};
use mog_core::{Binding, Builder, Call, Failure, Host, Module, Reply};

use crate::Case;

/// Where a board's text goes. What is written as such is the program's output.
pub trait Console: fmt::Write {
    /// A line of the host's.
    fn remark(&mut self, line: fmt::Arguments<'_>);
}

/// Entries of the store, and bytes of a key or value.
const ENTRIES: usize = 8;
const TEXT: usize = 16;
/// Calls that can be pending at once.
const PENDING: usize = 16;

type Text = heapless::String<TEXT>;

/// The functions, in the order of [`FUNCTIONS`].
#[derive(Clone, Copy)]
enum Function {
    Print,
    Println,
    LogWrite,
    Log(&'static str),
    Now,
    Sleep,
    EnvGet,
    KvGet,
    KvSet,
    KvDelete,
    KvList,
    RandomInt,
    RandomFloat,
    RandomBytes,
}

/// Capability, function, types of the parameters, and what it is.
const FUNCTIONS: &[(&str, &str, &[TypeId], Function)] = &[
    ("out", "print", &[TypeId::STR], Function::Print),
    ("out", "println", &[TypeId::STR], Function::Println),
    ("log", "write", &[TypeId::STR], Function::LogWrite),
    ("log", "debug", &[TypeId::STR], Function::Log("debug")),
    ("log", "info", &[TypeId::STR], Function::Log("info")),
    ("log", "warn", &[TypeId::STR], Function::Log("warn")),
    ("log", "error", &[TypeId::STR], Function::Log("error")),
    ("time", "now", &[], Function::Now),
    ("time", "sleep", &[TypeId::INT], Function::Sleep),
    ("env", "get", &[TypeId::STR], Function::EnvGet),
    ("kv", "get", &[TypeId::STR], Function::KvGet),
    ("kv", "set", &[TypeId::STR, TypeId::STR], Function::KvSet),
    ("kv", "delete", &[TypeId::STR], Function::KvDelete),
    ("kv", "list", &[TypeId::STR], Function::KvList),
    ("random", "int", &[TypeId::INT, TypeId::INT], Function::RandomInt),
    ("random", "float", &[], Function::RandomFloat),
    ("random", "bytes", &[TypeId::INT], Function::RandomBytes),
];

/// The host of one case.
pub(crate) struct Board<'c> {
    case: Case<'c>,
    console: &'c mut dyn Console,
    /// Milliseconds since the case began; it passes only while the program sleeps.
    clock: i64,
    /// What each pending call waits for, by token.
    pending: heapless::Vec<(u32, i64), PENDING>,
    next_token: u32,
    store: heapless::LinearMap<Text, Text, ENTRIES>,
    chance: u64,
}

impl<'c> Board<'c> {
    pub(crate) fn new(case: Case<'c>, console: &'c mut dyn Console) -> Self {
        Self {
            case,
            console,
            clock: 0,
            pending: heapless::Vec::new(),
            next_token: 0,
            store: heapless::LinearMap::new(),
            chance: 1,
        }
    }

    pub(crate) const fn case(&self) -> &Case<'c> {
        &self.case
    }

    pub(crate) fn remark(&mut self, line: fmt::Arguments<'_>) {
        self.console.remark(line);
    }

    /// Lets time pass until the first pending call is done, or this one; gives its token.
    pub(crate) fn pass_time(&mut self, token: Option<u32>) -> Option<u32> {
        let due = self.pending.iter().filter(|(t, _)| token.is_none_or(|token| token == *t));
        let &(token, wake) = due.min_by_key(|(token, wake)| (*wake, *token))?;
        self.clock = self.clock.max(wake);
        Some(token)
    }

    fn is_granted(&self, capability: &str, function: &str) -> bool {
        !names(self.case.deny, capability, function)
            && (capability == "out" || names(self.case.grant, capability, function))
    }

    fn random(&mut self) -> u64 {
        // xorshift: never 0.
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        self.chance
    }

    fn invoke(&mut self, function: Function, call: &mut Call<'_, '_>) -> Reply {
        let written = match function {
            Function::Print => self.console.write_str(text(call, 0)),
            Function::Println | Function::LogWrite => {
                self.console.write_str(text(call, 0)).and_then(|()| self.console.write_str("\n"))
            }
            Function::Log(level) => {
                self.console.remark(format_args!("[{level}] {}", text(call, 0)));
                Ok(())
            }
            Function::Now => return call.return_int(self.clock),
            Function::Sleep => return self.sleep(call.int_arg(0)),
            Function::EnvGet => return give_optional(call, Some("from the environment")),
            Function::KvGet => {
                let key = Text::try_from(text(call, 0)).unwrap_or_default();
                return give_optional(call, self.store.get(&key).map(Text::as_str));
            }
            Function::KvSet => {
                let entry = Text::try_from(text(call, 0)).ok().zip(Text::try_from(text(call, 1)).ok());
                let stored = entry.map(|(key, value)| self.store.insert(key, value));
                return if let Some(Ok(_)) = stored {
                    Reply::Done
                } else {
                    call.fail("kv: the store is full")
                };
            }
            Function::KvDelete => {
                let key = Text::try_from(text(call, 0)).unwrap_or_default();
                return call.return_int(i64::from(self.store.remove(&key).is_some()));
            }
            Function::KvList => return self.list(call),
            Function::RandomInt => {
                let (low, high) = (call.int_arg(0), call.int_arg(1));
                if low > high {
                    return self.no_number(call, low, high);
                }
                let count = high.wrapping_sub(low).cast_unsigned().wrapping_add(1);
                let number = self.random();
                let number = number.checked_rem(count).unwrap_or(number);
                return call.return_int(low.wrapping_add(number.cast_signed()));
            }
            Function::RandomFloat => {
                let number = (self.random() >> 11) as f64 / (1u64 << 53) as f64;
                return call.return_float(number);
            }
            Function::RandomBytes => {
                let count = usize::try_from(call.int_arg(0)).unwrap_or(0);
                return self.bytes(call, count);
            }
        };
        if written.is_ok() { Reply::Done } else { call.fail("the console takes no more") }
    }

    fn sleep(&mut self, ms: i64) -> Reply {
        if ms <= 0 {
            return Reply::Done;
        }
        let token = self.next_token;
        self.next_token = token.wrapping_add(1);
        match self.pending.push((token, self.clock.saturating_add(ms))) {
            Ok(()) => Reply::Pending(token),
            Err(_) => Reply::Halt,
        }
    }

    fn no_number(&self, call: &mut Call<'_, '_>, low: i64, high: i64) -> Reply {
        let mut message = heapless::String::<80>::new();
        // Two numbers fit.
        let _ = fmt::write(&mut message, format_args!("random.int: no number from {low} to {high}"));
        call.fail(&message)
    }

    fn list(&self, call: &mut Call<'_, '_>) -> Reply {
        let prefix = Text::try_from(text(call, 0)).unwrap_or_default();
        let mut keys: heapless::Vec<&Text, ENTRIES> =
            self.store.keys().filter(|key| key.starts_with(prefix.as_str())).collect();
        keys.sort_unstable();
        let strings: usize = keys.iter().map(|key| Builder::string_words(key.len())).sum();
        let ty = call.result_type();
        give(call, Builder::array_words(keys.len(), 1) + strings, |builder| {
            let array = builder.array(ty, keys.len())?;
            for (index, key) in keys.iter().enumerate() {
                let text = builder.string(key)?;
                builder.set_element(array, index, &[text])?;
            }
            Some(array)
        })
    }

    fn bytes(&mut self, call: &mut Call<'_, '_>, count: usize) -> Reply {
        let ty = call.result_type();
        give(call, Builder::array_words(count, 1), |builder| {
            let array = builder.array(ty, count)?;
            for index in 0..count {
                let byte = self.random() & 0xff;
                builder.set_element(array, index, &[byte])?;
            }
            Some(array)
        })
    }
}

/// Whether a list of groups and functions, with commas between, has this function in it.
fn names(list: &str, capability: &str, function: &str) -> bool {
    list.split(',').any(|name| match name.split_once('.') {
        Some((group, one)) => group == capability && one == function,
        None => name == capability,
    })
}

/// A string argument, where it lies.
fn text<'t>(call: &'t Call<'_, '_>, index: usize) -> &'t str {
    call.memory().string(call.int_arg(index).cast_unsigned()).unwrap_or_default()
}

/// Gives an object that takes so many words.
fn give(
    call: &mut Call<'_, '_>,
    words: usize,
    make: impl FnOnce(&mut Builder<'_, '_>) -> Option<u64>,
) -> Reply {
    call.charge(words as u64);
    let made = match call.build(words) {
        Ok(mut builder) => make(&mut builder),
        Err(reply) => return reply,
    };
    match made {
        Some(made) => {
            call.set_result(&[made]);
            Reply::Done
        }
        None => Reply::OutOfMemory,
    }
}

/// Gives a `?string`.
fn give_optional(call: &mut Call<'_, '_>, text: Option<&str>) -> Reply {
    let Some(text) = text else {
        call.set_result(&[0, mog_core::heap::NULL]);
        return Reply::Done;
    };
    let words = Builder::string_words(text.len());
    call.charge(words as u64);
    let made = match call.build(words) {
        Ok(mut builder) => builder.string(text),
        Err(reply) => return reply,
    };
    match made {
        Some(made) => {
            call.set_result(&[1, made]);
            Reply::Done
        }
        None => Reply::OutOfMemory,
    }
}

/// Steps for the texts that a function reads: one for eight bytes of them all.
fn reading_steps(call: &Call<'_, '_>) -> u64 {
    let texts = (0..call.len()).filter_map(|index| match call.arg(index)?.data() {
        Data::Str(text) => Some(text.len() as u64),
        _ => None,
    });
    texts.sum::<u64>() / 8
}

impl Host for Board<'_> {
    fn bind(&mut self, import: &Import<'_>, signature: TypeRecord<'_>, _: &Module<'_>) -> Binding {
        let known =
            |row: &&(&str, &str, &[TypeId], Function)| row.0 == import.capability && row.1 == import.function;
        let found = (0u16..).zip(FUNCTIONS).find(|(_, row)| known(row));
        let Some((number, (_, _, params, _))) = found else { return Binding::Refused };
        if !self.is_granted(import.capability, import.function) {
            return Binding::Refused;
        }
        let declared = signature.components.split_last().map_or(&[][..], |(_, declared)| declared);
        // A result of another type would only take what fits it of the one that is given.
        let fits = declared.iter().copied().eq(params.iter().map(|ty| ty.0));
        if fits { Binding::Granted(number) } else { Binding::Mismatch }
    }

    fn grants(&self, capability: &str) -> bool {
        FUNCTIONS.iter().any(|row| row.0 == capability && self.is_granted(capability, row.1))
    }

    fn denies(&self, capability: &str, function: &str) -> bool {
        names(self.case.deny, capability, function)
    }

    fn call(&mut self, function: u16, call: &mut Call<'_, '_>) -> Reply {
        let Some(&(_, _, _, function)) = FUNCTIONS.get(usize::from(function)) else { return Reply::Denied };
        let steps = reading_steps(call);
        call.charge(steps);
        self.invoke(function, call)
    }

    fn resume(&mut self, _: u16, token: u32, _: &mut Call<'_, '_>) -> Reply {
        let clock = self.clock;
        if self.pending.iter().any(|&(waiting, wake)| waiting == token && wake > clock) {
            return Reply::Pending(token);
        }
        self.cancelled(token);
        Reply::Done
    }

    fn cancelled(&mut self, token: u32) {
        self.pending.retain(|&(waiting, _)| waiting != token);
    }

    fn spawn_failed(&mut self, failure: Failure, message: &str) {
        self.console.remark(format_args!("[error] a spawned task failed: {failure:?}: {message}"));
    }
}
