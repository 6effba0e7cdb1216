//! JSON read into `any`. What writes it is in `display.rs`.
//!
//! Strings and finished arrays and maps are made at the front of the free words. Parts of those that are not
//! finished wait on a stack at their back.

use crate::heap::access::{CORRUPT, View, float_bits};
use crate::heap::{AnyTag, Fresh, NULL};
use crate::library::copy::ANY_STRIDE;
use crate::library::display::JSON_DEPTH;
use crate::library::entries::hash_bytes;
use crate::library::parse::{float_steps, parse_integer, put_fmt};
use crate::machine::{Stop, Vm};
use crate::module::TypeId;

type Done = Result<(), Stop>;

/// What stops a parser: the machine, or a fault in the text at a byte.
enum Halt {
    Stop(Stop),
    Fault(&'static str, usize),
}

impl From<Stop> for Halt {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

type Parsed<T> = Result<T, Halt>;

/// What the value that is read is part of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Around {
    Nothing,
    Array,
    Map,
}

struct Parser<'t, 'v, 'f> {
    view: View<'v>,
    text: &'v str,
    at: usize,
    out: &'t mut Fresh<'f>,
    seed: u64,
    around: Around,
    /// Elements or entries so far of what is around.
    count: usize,
    depth: usize,
    /// Keys that were compared: more than a few for each byte means that hashes were made to collide.
    probes: usize,
}

impl Parser<'_, '_, '_> {
    fn fault<T>(&self, expected: &'static str) -> Parsed<T> {
        Err(Halt::Fault(expected, self.at))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        self.skip_space();
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn run(&mut self) -> Parsed<[u64; 2]> {
        loop {
            self.out.cost += 3;
            self.skip_space();
            let mut value = match self.peek() {
                Some(b'[') => {
                    self.open(Around::Array)?;
                    if !self.take(b']') {
                        continue;
                    }
                    self.close()?
                }
                Some(b'{') => {
                    self.open(Around::Map)?;
                    if !self.take(b'}') {
                        self.key()?;
                        continue;
                    }
                    self.close()?
                }
                _ => self.scalar()?,
            };
            // The value may be the last of what is around, and that of what is around it, and so on.
            loop {
                let end = match self.around {
                    Around::Nothing => {
                        self.skip_space();
                        return if self.peek().is_none() {
                            Ok(value)
                        } else {
                            self.fault("expected the end")
                        };
                    }
                    Around::Array => b']',
                    Around::Map => b'}',
                };
                self.out.push(value)?;
                self.count += 1;
                if self.take(b',') {
                    if self.around == Around::Map {
                        self.key()?;
                    }
                    break;
                }
                if !self.take(end) {
                    return self.fault(if end == b']' {
                        "expected ',' or ']'"
                    } else {
                        "expected ',' or '}'"
                    });
                }
                value = self.close()?;
            }
        }
    }

    fn open(&mut self, around: Around) -> Parsed<()> {
        if self.depth >= JSON_DEPTH {
            return self.fault("nested too deeply");
        }
        self.depth += 1;
        self.at += 1;
        self.out.push([self.count as u64, self.around as u64])?;
        (self.around, self.count) = (around, 0);
        Ok(())
    }

    /// Makes the array or map whose parts are on the stack.
    fn close(&mut self) -> Parsed<[u64; 2]> {
        let count = core::mem::take(&mut self.count);
        let value = if self.around == Around::Array {
            let (array, data) = self.out.array(&self.view, TypeId::ARRAY_ANY, count)?;
            for number in 0..count {
                let [tag, payload] = self.out.nth(count - 1 - number).ok_or(CORRUPT)?;
                self.out.set(data + 2 * number, tag)?;
                self.out.set(data + 2 * number + 1, payload)?;
            }
            self.out.unstack(2 * count);
            [AnyTag::Array as u64, array]
        } else {
            let map = self.out.map(&self.view, TypeId::MAP_ANY, count)?;
            for number in 0..count {
                let [tag, payload, key] = self.out.nth(count - 1 - number).ok_or(CORRUPT)?;
                let place = self.entry(map, key)?;
                self.out.set(place, tag)?;
                self.out.set(place + 1, payload)?;
            }
            self.out.unstack(3 * count);
            [AnyTag::Map as u64, map]
        };
        let [count, around] = self.out.pop().ok_or(CORRUPT)?;
        self.count = usize::try_from(count).map_err(|_| CORRUPT)?;
        self.around = match around {
            0 => Around::Nothing,
            1 => Around::Array,
            _ => Around::Map,
        };
        self.depth = self.depth.saturating_sub(1);
        Ok(value)
    }

    /// The place of the value under a key: of the last of several equal ones.
    fn entry(&mut self, map: u64, key: u64) -> Parsed<usize> {
        let hash = hash_bytes(self.seed, self.out.string_at(key)?);
        let (found, probes) = self.out.map_find(map, ANY_STRIDE, hash, key)?;
        self.probes += probes;
        self.out.cost += 2 + probes as u64;
        if self.probes > 1000 + 16 * self.text.len() {
            return self.fault("too many similar keys");
        }
        Ok(match found {
            Some(place) => place,
            None => self.out.map_append(map, ANY_STRIDE, hash, key)?,
        })
    }

    /// Reads a key and its colon, and stacks the key.
    fn key(&mut self) -> Parsed<()> {
        self.skip_space();
        if self.peek() != Some(b'"') {
            return self.fault("expected a key in quotes");
        }
        let key = self.string()?;
        self.out.push([key])?;
        if self.take(b':') { Ok(()) } else { self.fault("expected ':'") }
    }

    fn scalar(&mut self) -> Parsed<[u64; 2]> {
        match self.peek() {
            Some(b'"') => Ok([AnyTag::Str as u64, self.string()?]),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => {
                let rest = self.text.get(self.at..).unwrap_or("");
                let words =
                    [("null", AnyTag::None, 0), ("true", AnyTag::Bool, 1), ("false", AnyTag::Bool, 0)];
                for (word, tag, payload) in words {
                    if rest.starts_with(word) {
                        self.at += word.len();
                        return Ok([tag as u64, payload]);
                    }
                }
                self.fault("expected a value")
            }
        }
    }

    fn digits(&mut self) -> Parsed<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { self.fault("expected a digit") }
    }

    fn number(&mut self) -> Parsed<[u64; 2]> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        let mut whole = true;
        if self.peek() == Some(b'.') {
            whole = false;
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            whole = false;
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        let text = self.text.get(start..self.at).unwrap_or("");
        if whole && let Ok(value) = parse_integer(text) {
            return Ok([AnyTag::Int as u64, value.cast_unsigned()]);
        }
        self.out.cost += float_steps(text.as_bytes());
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok([AnyTag::Float as u64, float_bits(value)]),
            _ => {
                self.at = start;
                self.fault("number out of range")
            }
        }
    }

    fn string(&mut self) -> Parsed<u64> {
        self.at += 1;
        let (start, mut from) = (self.at, self.at);
        loop {
            let run = |parser: &Self, from: usize| parser.text.as_bytes().get(from..parser.at).unwrap_or(&[]);
            match self.peek() {
                Some(b'"') if from == start => {
                    let string = self.out.string(run(self, from))?;
                    self.at += 1;
                    return Ok(string);
                }
                Some(b'"') => {
                    self.out.put(self.text.as_bytes().get(from..self.at).unwrap_or(&[]))?;
                    self.at += 1;
                    return Ok(self.out.finish_text()?);
                }
                Some(b'\\') => {
                    self.out.put(self.text.as_bytes().get(from..self.at).unwrap_or(&[]))?;
                    self.escape()?;
                    from = self.at;
                }
                Some(0x20..) => self.at += 1,
                _ => return self.fault("expected the end of the string"),
            }
        }
    }

    fn hex(&mut self) -> Parsed<u32> {
        let digits =
            self.text.get(self.at..self.at + 4).filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()));
        match digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
            Some(value) => {
                self.at += 4;
                Ok(value)
            }
            None => self.fault("expected four hexadecimal digits"),
        }
    }

    fn escape(&mut self) -> Parsed<()> {
        self.at += 1;
        let simple = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'u') => {
                self.at += 1;
                let mut code = self.hex()?;
                let low_follows = self.text.get(self.at..).is_some_and(|rest| rest.starts_with("\\u"));
                if (0xd800..0xdc00).contains(&code) && low_follows {
                    let back = self.at;
                    self.at += 2;
                    let low = self.hex()?;
                    if (0xdc00..0xe000).contains(&low) {
                        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                    } else {
                        self.at = back;
                    }
                }
                let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                return Ok(self.out.put(c.encode_utf8(&mut [0; 4]).as_bytes())?);
            }
            _ => return self.fault("expected an escape"),
        };
        self.at += 1;
        Ok(self.out.put(&[simple])?)
    }
}

pub(super) fn json_parse(vm: &mut Vm<'_>, dst: usize, text: usize) -> Done {
    vm.pay(4 + vm.bytes(text)?.len() as u64 / 2)?;
    let seed = vm.state.seed;
    let parsed = vm.attempt(|view, out| {
        let text = view.text(view.reg(text))?;
        let (around, at) = (Around::Nothing, 0);
        let mut parser = Parser { view, text, at, out, seed, around, count: 0, depth: 0, probes: 0 };
        let parsed = parser.run();
        out.cost += out.made() as u64 / 4;
        match parsed {
            Ok(value) => Ok(Ok(value)),
            Err(Halt::Stop(stop)) => Err(stop),
            Err(Halt::Fault(expected, at)) => {
                out.forget();
                Ok(Err((expected, at)))
            }
        }
    })?;
    match parsed {
        Ok([tag, payload]) => vm.give(dst, [0, tag, payload, NULL]),
        Err((expected, at)) => vm.give_failure(dst, 2, |_, out| {
            put_fmt(out, format_args!("invalid JSON at byte {at}: {expected}"))
        }),
    }
}
