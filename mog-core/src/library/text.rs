//! Text of numbers and other scalars.

use core::fmt::{self, Write};

use crate::heap::Fresh;
use crate::heap::access::{CORRUPT, string_words};
use crate::machine::{Stop, Vm};
use crate::module::TypeId;

type Done = Result<(), Stop>;

/// Steps for the shortest text of a float. Some need arithmetic on numbers as long as their exponent is large.
pub(super) const fn float_text_steps(bits: u64) -> u64 {
    40 + ((bits >> 52) & 0x7ff).abs_diff(1023) / 2
}

/// More decimals are all zero.
const MAX_DECIMALS: usize = 1100;

/// The scientific form of a float, as `core` writes it: shortest digits.
struct Scientific {
    text: [u8; 40],
    len: usize,
}

impl Write for Scientific {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len + text.len();
        self.text.get_mut(self.len..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

/// Writes a number given in scientific form: with at least one decimal, or an exponent if it is large or small.
fn lay_out(scientific: &str, out: &mut dyn Write) -> fmt::Result {
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return out.write_str(scientific) };
    let Ok(exponent) = exponent.parse::<i32>() else { return out.write_str(scientific) };
    if !(-5..16).contains(&exponent) {
        return out.write_str(scientific);
    }
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    out.write_str(sign)?;
    let (first, rest) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    match usize::try_from(exponent) {
        Ok(whole) => {
            out.write_str(first)?;
            let (more, decimals) = rest.split_at_checked(whole).unwrap_or((rest, ""));
            out.write_str(more)?;
            (more.len()..whole).try_for_each(|_| out.write_str("0"))?;
            out.write_str(".")?;
            out.write_str(if decimals.is_empty() { "0" } else { decimals })
        }
        Err(_) => {
            out.write_str("0.")?;
            (exponent..-1).try_for_each(|_| out.write_str("0"))?;
            out.write_str(first)?;
            out.write_str(rest)
        }
    }
}

fn write_scientific(value: fmt::Arguments<'_>, out: &mut dyn Write) -> fmt::Result {
    let mut scientific = Scientific { text: [0; 40], len: 0 };
    scientific.write_fmt(value)?;
    let text = scientific.text.get(..scientific.len).and_then(|text| core::str::from_utf8(text).ok());
    lay_out(text.ok_or(fmt::Error)?, out)
}

fn write_special(value: f64, out: &mut dyn Write) -> Option<fmt::Result> {
    if value.is_nan() {
        Some(out.write_str("NaN"))
    } else if value.is_infinite() {
        Some(out.write_str(if value > 0.0 { "inf" } else { "-inf" }))
    } else {
        None
    }
}

/// Writes a float in the shortest form that reads back equal; `single` in single precision.
pub(super) fn write_float(value: f64, single: bool, out: &mut dyn Write) -> fmt::Result {
    if let Some(done) = write_special(value, out) {
        return done;
    }
    if single {
        write_scientific(format_args!("{:e}", value as f32), out)
    } else {
        write_scientific(format_args!("{value:e}"), out)
    }
}

/// Writes text in quotes with escapes: those of the language, or those of JSON.
pub(super) fn write_quoted(out: &mut Fresh<'_>, bytes: &[u8], json: bool) -> Done {
    out.put(b"\"")?;
    let mut from = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' && byte != 0x7f {
            continue;
        }
        out.put(bytes.get(from..at).ok_or(CORRUPT)?)?;
        from = at + 1;
        let simple: &[u8] = match byte {
            b'\n' => b"\\n",
            b'\t' => b"\\t",
            b'\r' => b"\\r",
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            0 if !json => b"\\0",
            _ => &[],
        };
        let digit = |value: u8| b"0123456789abcdef".get(usize::from(value)).copied().unwrap_or(b'0');
        let (high, low) = (digit(byte >> 4), digit(byte & 15));
        if !simple.is_empty() {
            out.put(simple)?;
        } else if json {
            out.put(&[b'\\', b'u', b'0', b'0', high, low])?;
        } else if byte < 0x10 {
            out.put(&[b'\\', b'u', b'{', low, b'}'])?;
        } else {
            out.put(&[b'\\', b'u', b'{', high, low, b'}'])?;
        }
    }
    out.put(bytes.get(from..).ok_or(CORRUPT)?)?;
    out.put(b"\"")
}

/// An integer in decimal. What `core` has for it takes two kilobytes of flash.
struct Decimal {
    /// As long as the longest.
    text: [u8; 20],
    start: usize,
}

impl Decimal {
    /// The text of an integer of a type.
    fn new(value: u64, ty: TypeId) -> Self {
        let is_negative = ty != TypeId::U64 && value.cast_signed() < 0;
        let mut rest = if is_negative { value.wrapping_neg() } else { value };
        let mut decimal = Self { text: [b'0'; 20], start: 20 };
        loop {
            decimal.put(b'0' + (rest % 10) as u8);
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if is_negative {
            decimal.put(b'-');
        }
        decimal
    }

    /// Puts a character before the others.
    fn put(&mut self, character: u8) {
        self.start = self.start.saturating_sub(1);
        if let Some(place) = self.text.get_mut(self.start) {
            *place = character;
        }
    }

    fn bytes(&self) -> &[u8] {
        self.text.get(self.start..).unwrap_or_default()
    }
}

/// Writes an integer of a type.
pub(super) fn write_int(out: &mut Fresh<'_>, value: u64, ty: TypeId) -> Done {
    out.put(Decimal::new(value, ty).bytes())
}

/// A new string of these bytes, which are text.
fn give_text(vm: &mut Vm<'_>, dst: usize, text: &[u8]) -> Done {
    vm.reserve(string_words(text.len())?)?;
    let string = vm.alloc_string(text)?;
    vm.give(dst, [string])
}

/// Text of at most 64 bytes, on the native stack.
fn short(vm: &mut Vm<'_>, dst: usize, write: impl FnOnce(&mut dyn Write) -> fmt::Result) -> Done {
    let mut text = heapless::String::<64>::new();
    write(&mut text).map_err(|_| CORRUPT)?;
    give_text(vm, dst, text.as_bytes())
}

pub(super) fn int_text(vm: &mut Vm<'_>, dst: usize, value: usize) -> Done {
    vm.pay(6)?;
    let text = Decimal::new(vm.get(value), TypeId::INT);
    give_text(vm, dst, text.bytes())
}

pub(super) fn uint_text(vm: &mut Vm<'_>, dst: usize, value: usize) -> Done {
    vm.pay(6)?;
    let text = Decimal::new(vm.get(value), TypeId::U64);
    give_text(vm, dst, text.bytes())
}

pub(super) fn float_text(vm: &mut Vm<'_>, dst: usize, value: usize) -> Done {
    let value = vm.get(value);
    vm.pay(float_text_steps(value))?;
    let value = f64::from_bits(value);
    short(vm, dst, |out| write_float(value, false, out))
}

pub(super) fn f32_text(vm: &mut Vm<'_>, dst: usize, value: usize) -> Done {
    let value = vm.get(value);
    vm.pay(float_text_steps(value))?;
    let value = f64::from_bits(value);
    short(vm, dst, |out| write_float(value, true, out))
}

pub(super) fn float_fixed(vm: &mut Vm<'_>, dst: usize, value: usize, decimals: usize) -> Done {
    let number = f64::from_bits(vm.get(value));
    let decimals = usize::try_from(vm.int(decimals)).unwrap_or(0).min(MAX_DECIMALS);
    // Exact digits take arithmetic on numbers as long as the result.
    let digits = decimals as u64 + if number.abs() < 1e16 { 16 } else { 309 };
    vm.pay(if digits < 34 { 40 } else { digits * 12 })?;
    let string = vm.compose(|_, out| match write_special(number, out) {
        Some(done) => done.map_err(|_| Stop::OutOfMemory),
        None => write!(out, "{number:.decimals$}").map_err(|_| Stop::OutOfMemory),
    })?;
    vm.give(dst, [string])
}

pub(super) fn bool_text(vm: &mut Vm<'_>, dst: usize, value: usize) -> Done {
    vm.pay(3)?;
    let text: &[u8] = if vm.get(value) == 0 { b"false" } else { b"true" };
    give_text(vm, dst, text)
}
