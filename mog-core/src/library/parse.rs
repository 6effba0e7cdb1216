//! Numbers read from text.

use core::fmt::Write;

use crate::error::Failure;
use crate::heap::access::{View, float_bits};
use crate::heap::{Fresh, NULL};
use crate::library::text::write_quoted;
use crate::machine::{Stop, Vm};

type Done = Result<(), Stop>;

/// Why a text is not a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NotInt {
    /// It does not look like one.
    Malformed,
    /// More than 64 bits.
    OutOfRange,
}

/// The integer that a trimmed text is.
pub(super) fn parse_integer(text: &str) -> Result<i64, NotInt> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        all => (false, all),
    };
    let (radix, digits) = match digits {
        [b'0', b'x' | b'X', rest @ ..] => (16, rest),
        [b'0', b'b' | b'B', rest @ ..] => (2, rest),
        all => (10, all),
    };
    if digits.is_empty() {
        return Err(NotInt::Malformed);
    }
    let mut value = Some(0i64);
    for &byte in digits {
        let digit = char::from(byte).to_digit(radix).ok_or(NotInt::Malformed)?;
        let digit = if negative { -i64::from(digit) } else { i64::from(digit) };
        value = value.and_then(|value| value.checked_mul(i64::from(radix))?.checked_add(digit));
    }
    value.ok_or(NotInt::OutOfRange)
}

/// Writes the start of a text in quotes.
pub(super) fn write_excerpt(out: &mut Fresh<'_>, text: &str) -> Done {
    let short: usize = text.chars().take(40).map(char::len_utf8).sum();
    write_quoted(out, text.get(..short).unwrap_or("").as_bytes(), false)?;
    if short < text.len() { out.put("…".as_bytes()) } else { Ok(()) }
}

impl Vm<'_> {
    /// Makes a string of what is written.
    pub(super) fn compose(
        &mut self,
        write: impl Fn(View<'_>, &mut Fresh<'_>) -> Result<(), Stop>,
    ) -> Result<u64, Stop> {
        self.attempt(|view, fresh| {
            let written = write(view, fresh);
            fresh.cost += 6 + fresh.text_len() as u64 / 4;
            written?;
            fresh.finish_text()
        })
    }

    /// Gives a `Result` that failed, with the message that is written.
    pub(super) fn give_failure(
        &mut self,
        dst: usize,
        slots: usize,
        write: impl Fn(View<'_>, &mut Fresh<'_>) -> Result<(), Stop>,
    ) -> Done {
        let message = self.compose(write)?;
        self.give(dst, [Failure::Failed as u64])?;
        self.give_blank(dst + 1, slots)?;
        self.give(dst + 1 + slots, [message])
    }
}

pub(super) fn parse_int(vm: &mut Vm<'_>, dst: usize, text: usize) -> Done {
    vm.pay(4 + vm.bytes(text)?.len() as u64 / 2)?;
    match parse_integer(vm.str(text)?.trim()) {
        Ok(value) => vm.give(dst, [0, value.cast_unsigned(), NULL]),
        Err(why) => vm.give_failure(dst, 1, |view, out| {
            out.put(match why {
                NotInt::Malformed => b"not an int: ",
                NotInt::OutOfRange => b"int out of range: ",
            })?;
            write_excerpt(out, view.text(view.reg(text))?)
        }),
    }
}

pub(super) fn parse_float(vm: &mut Vm<'_>, dst: usize, text: usize) -> Done {
    vm.pay(float_steps(vm.bytes(text)?))?;
    match vm.str(text)?.trim().parse::<f64>() {
        Ok(value) => vm.give(dst, [0, float_bits(value), NULL]),
        Err(_) => vm.give_failure(dst, 1, |view, out| {
            out.put(b"not a float: ")?;
            write_excerpt(out, view.text(view.reg(text))?)
        }),
    }
}

/// Steps for reading a float: one with many digits may need exact arithmetic on them.
pub(super) fn float_steps(text: &[u8]) -> u64 {
    let len = text.len() as u64;
    if len <= 40 && text.iter().filter(|byte| byte.is_ascii_digit()).count() <= 22 {
        12 + len
    } else {
        2000 + 3 * len
    }
}

/// Writes formatted text.
pub(super) fn put_fmt(out: &mut Fresh<'_>, text: core::fmt::Arguments<'_>) -> Done {
    out.write_fmt(text).map_err(|_| Stop::OutOfMemory)
}
