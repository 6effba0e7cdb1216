//! The module's bytes: code, tables, metadata, debug records.

use mog_core::TypeId;
use mog_core::module::{Counts, Export, Function, FunctionDebug, Handler, Header, Import, Requirement};

use super::code::{Machine, encode};
use crate::hir::Hir;
use crate::ir::{Allocation, Body, Layouts, allocate, spill, tidy};
use crate::lower::Lowered;

/// How a module is written.
#[derive(Clone, Copy, Debug)]
pub struct EmitOptions<'a> {
    /// Registers of the target's window.
    pub window: usize,
    /// Leave out names and lines.
    pub strip: bool,
    /// The source's name for positions.
    pub file: &'a str,
    /// The source, from which lines and columns are counted.
    pub source: &'a str,
}

/// Why a program that is correct could not be made a module.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum EmitError {
    /// A function needs more registers than the target has.
    TooManyRegisters {
        /// The function's name.
        function: String,
        /// Where it stands in the source.
        at: u32,
        /// How many it needs.
        needs: usize,
        /// How many there are.
        limit: usize,
    },
    /// Something has more members than the format can number.
    TooMany(&'static str),
}

/// Finishes the functions and writes the module.
///
/// # Errors
/// If the program exceeds the format's limits.
pub fn emit(hir: &Hir, mut lowered: Lowered, options: &EmitOptions<'_>) -> Result<Vec<u32>, EmitError> {
    if let Some(what) = lowered.exceeded {
        return Err(EmitError::TooMany(what));
    }
    let limit = options.window - 2;
    let mut functions = Vec::with_capacity(lowered.bodies.len());
    for body in &mut lowered.bodies {
        tidy(body);
        let registers = registers(body, &mut lowered.layouts, limit)?;
        let machine =
            encode(body, &registers).map_err(|_| EmitError::TooMany("instructions of a function"))?;
        functions.push((registers, machine));
    }
    let mut pool = lowered.imports.clone();
    let types = lowered.layouts.write(&mut pool).ok_or(EmitError::TooMany("types"))?;
    let (mut code, mut records, mut handlers) = (Vec::new(), Vec::new(), Vec::new());
    let mut max_frame = 0;
    for (body, (registers, machine)) in lowered.bodies.iter().zip(&functions) {
        let start = number(code.len(), "instructions")?;
        let runs = number(pool.len(), "register types")?;
        pool.push(u16::try_from(registers.runs.len()).unwrap_or(u16::MAX));
        pool.extend(registers.runs.iter().flat_map(|&(ty, count)| [ty, count]));
        let record = Function {
            start,
            params: registers.params,
            results: body.results,
            frame: registers.frame,
            first_ref: registers.first_ref,
            signature: TypeId(body.signature),
            captures: TypeId(body.captures),
            registers: runs,
        };
        records.extend(record.to_words());
        max_frame = max_frame.max(u16::from(registers.frame));
        for &(from, to, target, register) in &machine.handlers {
            let handler = Handler { start: start + from, end: start + to, target: start + target, register };
            handlers.push(handler.to_words());
        }
        code.extend_from_slice(&machine.words);
    }
    let (strings, bytes) = string_sections(&lowered)?;
    let metadata = metadata(hir, &lowered)?;
    let debug = if options.strip { Vec::new() } else { debug_records(&lowered, &functions, options)? };
    let header = Header {
        features: mog_core::verify::features_of_code(&code),
        max_frame,
        state_type: lowered.state_type,
        imports: small(lowered.imports.len(), "imports")?,
        code: number(code.len(), "instructions")?,
        bytes: number(bytes.len(), "bytes of strings")?,
        metadata: number(metadata.len(), "bytes of metadata")?,
        debug: number(debug.len(), "bytes of debug records")?,
        constants: small(lowered.constants.len(), "constants")?,
        types: small(lowered.layouts.len(), "types")?,
        functions: small(lowered.bodies.len(), "functions")?,
        handlers: small(handlers.len(), "try blocks")?,
        strings: small(lowered.layouts.strings.len(), "strings")?,
        pool: small(pool.len(), "types and registers")?,
    };
    let mut words = header.to_words().to_vec();
    words.extend(code);
    words.extend(lowered.constants.iter().flat_map(|&bits| [bits as u32, (bits >> 32) as u32]));
    words.extend(types);
    words.extend(records);
    words.extend(handlers.iter().flatten());
    words.extend(strings);
    words.extend(pool.chunks(2).map(|pair| {
        let half = |n: usize| u32::from(pair.get(n).copied().unwrap_or(0));
        half(0) | half(1) << 16
    }));
    for bytes in [&bytes, &metadata, &debug] {
        words.extend(bytes.chunks(4).map(|chunk| {
            let mut word = [0; 4];
            for (slot, &byte) in word.iter_mut().zip(chunk) {
                *slot = byte;
            }
            u32::from_le_bytes(word)
        }));
    }
    Ok(words)
}

/// How often values are moved out of registers before a function counts as too large.
const SPILLS: usize = 8;

/// The registers of a function; what does not fit moves to an object.
fn registers(body: &mut Body, layouts: &mut Layouts, limit: usize) -> Result<Allocation, EmitError> {
    let mut attempts = 0;
    loop {
        let needs = match allocate(body, &layouts.classes, limit) {
            Ok(allocation) => return Ok(allocation),
            Err(error) => error.needs,
        };
        attempts += 1;
        if attempts > SPILLS || !spill(body, layouts, needs - limit) {
            let at = body.insts.first().map_or(0, |inst| inst.at);
            return Err(EmitError::TooManyRegisters { function: body.name.clone(), at, needs, limit });
        }
    }
}

fn number(count: usize, what: &'static str) -> Result<u32, EmitError> {
    // Handler ranges and return addresses have 24 bits.
    u32::try_from(count).ok().filter(|&count| count < 1 << 24).ok_or(EmitError::TooMany(what))
}

fn small(count: usize, what: &'static str) -> Result<u16, EmitError> {
    u16::try_from(count).ok().filter(|&count| count < u16::MAX).ok_or(EmitError::TooMany(what))
}

fn string_sections(lowered: &Lowered) -> Result<(Vec<u32>, Vec<u8>), EmitError> {
    let (mut records, mut bytes) = (Vec::new(), Vec::new());
    for text in &lowered.layouts.strings {
        records.push(number(bytes.len(), "bytes of strings")?);
        records.push(number(text.len(), "bytes of strings")?);
        bytes.extend_from_slice(text.as_bytes());
    }
    Ok((records, bytes))
}

fn put<T: serde::Serialize>(bytes: &mut Vec<u8>, record: &T) -> Result<(), EmitError> {
    bytes.extend(postcard::to_allocvec(record).map_err(|_| EmitError::TooMany("bytes of metadata"))?);
    Ok(())
}

fn metadata(hir: &Hir, lowered: &Lowered) -> Result<Vec<u8>, EmitError> {
    let mut bytes = Vec::new();
    let requirements: Vec<Requirement<'_>> = hir
        .requires
        .iter()
        .map(|name| Requirement { capability: name, required: true })
        .chain(hir.optional.iter().map(|name| Requirement { capability: name, required: false }))
        .collect();
    put(
        &mut bytes,
        &Counts {
            exports: small(hir.exports.len(), "exports")?,
            requirements: small(requirements.len(), "requirements")?,
            init: lowered.init,
        },
    )?;
    for import in &hir.imports {
        let names: Vec<&str> = import.params.iter().map(|(name, _)| name.as_str()).collect();
        let params = names.join(",");
        put(
            &mut bytes,
            &Import {
                capability: &import.capability,
                function: &import.function,
                declared: import.declared,
                params: &params,
            },
        )?;
    }
    for ((name, _), &function) in hir.exports.iter().zip(&lowered.exports) {
        put(&mut bytes, &Export { name, function })?;
    }
    for requirement in &requirements {
        put(&mut bytes, requirement)?;
    }
    Ok(bytes)
}

fn varint(bytes: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn debug_records(
    lowered: &Lowered,
    functions: &[(Allocation, Machine)],
    options: &EmitOptions<'_>,
) -> Result<Vec<u8>, EmitError> {
    let starts: Vec<u32> = core::iter::once(0)
        .chain(options.source.bytes().zip(1..).filter(|&(byte, _)| byte == b'\n').map(|(_, next)| next))
        .collect();
    let mut bytes = Vec::new();
    let mut file = options.file;
    for (body, (_, machine)) in lowered.bodies.iter().zip(functions) {
        let mut lines = Vec::new();
        let (mut last_word, mut last_line) = (0, 0u32);
        let mut last = (0, 0);
        for &(word, at) in &machine.positions {
            let line = starts.partition_point(|&start| start <= at).max(1) as u32;
            let start = starts.get(line as usize - 1).copied().unwrap_or(0);
            let column = at.saturating_sub(start) + 1;
            if (line, column) == last {
                continue;
            }
            last = (line, column);
            varint(&mut lines, word - last_word);
            let delta = line.wrapping_sub(last_line).cast_signed();
            varint(&mut lines, (delta << 1 ^ delta >> 31).cast_unsigned());
            varint(&mut lines, column);
            (last_word, last_line) = (word, line);
        }
        put(&mut bytes, &FunctionDebug { name: &body.name, file, lines: &lines })?;
        file = "";
    }
    Ok(bytes)
}
