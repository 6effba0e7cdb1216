//! The module's bytes: code, tables, metadata, debug records.

use core::ops::Range;

use mog_core::TypeId;
use mog_core::isa::Sequence;
use mog_core::module::{
    Counts, Export, FUNCTION_WORDS, Function, HANDLER_WORDS, HEADER_WORDS, Handler, Header, Import,
    Requirement,
};

use super::code::{Code, Encoder, Position};
use crate::hir::Hir;
use crate::ir::{Allocator, Body, Layouts, Tidier, spill};
use crate::lower::{Lowered, lower};
use crate::optimizations::{Optimization, Optimizations};

/// How a module is written.
#[derive(Clone, Copy, Debug)]
pub struct EmitOptions<'a> {
    /// Registers of the target's window.
    pub window: usize,
    /// Leave out names and lines.
    pub strip: bool,
    /// Which improvements of the code are made.
    pub optimizations: Optimizations,
    /// The sources by number, for positions.
    pub files: &'a [Lines<'a>],
}

/// A source and its lines.
#[derive(Clone, Copy, Debug)]
pub struct Lines<'a> {
    /// What the source is called.
    pub file: &'a str,
    /// Where each line begins.
    pub starts: &'a [u32],
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
    /// Values of a type that a function names have more slots than the machine handles at once.
    TooWide {
        /// Where the function stands in the source.
        at: u32,
    },
    /// Something has more members than the format can number.
    TooMany(&'static str),
}

/// Lowers the functions, finishes each, and writes the module.
///
/// # Errors
/// If the program exceeds the format's limits.
pub fn emit(hir: &Hir, options: &EmitOptions<'_>) -> Result<Vec<u32>, EmitError> {
    let limit = options.window - 2;
    let mut code = Code::with_capacity(hir.exprs.len());
    let mut debug = DebugRecords::new(options, hir.funcs.len());
    let mut runs = Vec::with_capacity(8 * hir.funcs.len());
    let mut functions = Vec::with_capacity(hir.funcs.len());
    let mut tidier = Tidier::new(options.optimizations);
    let (mut allocator, mut encoder) = (Allocator::with_room(), Encoder::default());
    let mut lowered = lower(hir, options.optimizations, |body, layouts| {
        if layouts.is_too_wide() {
            return Err(EmitError::TooWide { at: begin(body) });
        }
        // What is read before loops keeps registers: not if there are too few.
        let plain = tidier.may_need_more(body, &layouts.classes, limit).then(|| body.clone());
        tidier.tidy(body);
        if let Some(mut plain) = plain
            && allocator.allocate(body, &layouts.classes, limit).is_err()
        {
            Tidier::new(options.optimizations.without(Optimization::Loads)).tidy(&mut plain);
            *body = plain;
        }
        find_registers(&mut allocator, body, layouts, limit)?;
        let registers = &allocator.allocation;
        let function = Function {
            start: number(code.words.len(), "instructions")?,
            params: registers.params,
            results: body.results,
            frame: registers.frame,
            first_ref: registers.first_ref,
            signature: TypeId(body.signature),
            captures: TypeId(body.captures),
            registers: number(runs.len(), "register types")?,
        };
        encoder
            .encode(body, registers, &mut code)
            .map_err(|_| EmitError::TooMany("instructions of a function"))?;
        functions.push(function);
        runs.push(u16::try_from(registers.runs.len()).unwrap_or(u16::MAX));
        runs.extend(registers.runs.iter().flat_map(|&(ty, count)| [ty, count]));
        debug.add(body, &code.positions)
    })?;
    if let Some(what) = lowered.exceeded {
        return Err(EmitError::TooMany(what));
    }
    let mut pool = core::mem::take(&mut lowered.imports);
    pool.reserve(runs.len() + 8 * lowered.layouts.len());
    let imports = small(pool.len(), "imports")?;
    let types = lowered.layouts.write(&mut pool).ok_or(EmitError::TooMany("types"))?;
    let first_run = number(pool.len(), "register types")?;
    pool.extend(runs);
    let mut records = Vec::with_capacity(functions.len() * FUNCTION_WORDS);
    for function in &mut functions {
        function.registers += first_run;
        records.extend(function.to_words());
    }
    let max_frame = functions.iter().map(|function| u16::from(function.frame)).max().unwrap_or(0);
    let (strings, bytes) = string_sections(&lowered)?;
    let metadata = metadata(hir, &lowered)?;
    let debug = debug.bytes;
    let header = Header {
        features: mog_core::verify::features_of_code(&code.words) | lowered.layouts.features(),
        max_frame,
        state_type: lowered.state_type,
        imports,
        code: number(code.words.len(), "instructions")?,
        bytes: number(bytes.len(), "bytes of strings")?,
        metadata: number(metadata.len(), "bytes of metadata")?,
        debug: number(debug.len(), "bytes of debug records")?,
        constants: small(lowered.constants.len(), "constants")?,
        types: small(lowered.layouts.len(), "types")?,
        functions: small(functions.len(), "functions")?,
        handlers: small(code.handlers.len(), "try blocks")?,
        strings: small(lowered.layouts.strings.len(), "strings")?,
        pool: small(pool.len(), "types and registers")?,
    };
    if options.optimizations.has(Optimization::Sequences) {
        Sequence::name_all(&mut code.words);
    }
    let mut words = Vec::with_capacity(
        HEADER_WORDS
            + code.words.len()
            + 2 * lowered.constants.len()
            + types.len()
            + records.len()
            + HANDLER_WORDS * code.handlers.len()
            + strings.len()
            + pool.len().div_ceil(2)
            + [&bytes, &metadata, &debug].map(|bytes| bytes.len().div_ceil(4)).iter().sum::<usize>(),
    );
    words.extend_from_slice(&header.to_words());
    words.extend_from_slice(&code.words);
    words.extend(lowered.constants.iter().flat_map(|&bits| [bits as u32, (bits >> 32) as u32]));
    words.extend_from_slice(&types);
    words.extend_from_slice(&records);
    words.extend(code.handlers.iter().flat_map(Handler::to_words));
    words.extend_from_slice(&strings);
    let (pairs, last) = pool.as_chunks();
    words.extend(pairs.iter().map(|&[low, high]| u32::from(low) | u32::from(high) << 16));
    words.extend(last.iter().map(|&low| u32::from(low)));
    for bytes in [&bytes, &metadata, &debug] {
        let (whole, rest) = bytes.as_chunks();
        words.extend(whole.iter().map(|&chunk| u32::from_le_bytes(chunk)));
        if !rest.is_empty() {
            let mut last = [0; 4];
            last[..rest.len()].copy_from_slice(rest);
            words.push(u32::from_le_bytes(last));
        }
    }
    Ok(words)
}

/// How often values are moved out of registers before a function counts as too large.
const SPILLS: usize = 8;

/// Finds the registers of a function; what does not fit moves to an object.
fn find_registers(
    allocator: &mut Allocator,
    body: &mut Body,
    layouts: &mut Layouts,
    limit: usize,
) -> Result<(), EmitError> {
    let mut attempts = 0;
    loop {
        let needs = match allocator.allocate(body, &layouts.classes, limit) {
            Ok(()) => return Ok(()),
            Err(error) => error.needs,
        };
        attempts += 1;
        if attempts > SPILLS || !spill(body, layouts, needs - limit) {
            return Err(EmitError::TooManyRegisters {
                function: body.name.clone(),
                at: begin(body),
                needs,
                limit,
            });
        }
    }
}

/// Where a function's code begins in the source.
fn begin(body: &Body) -> u32 {
    body.insts.first().map_or(0, |inst| inst.at)
}

fn number(count: usize, what: &'static str) -> Result<u32, EmitError> {
    // Handler ranges and return addresses have 24 bits.
    u32::try_from(count).ok().filter(|&count| count < 1 << 24).ok_or(EmitError::TooMany(what))
}

fn small(count: usize, what: &'static str) -> Result<u16, EmitError> {
    u16::try_from(count).ok().filter(|&count| count < u16::MAX).ok_or(EmitError::TooMany(what))
}

fn string_sections(lowered: &Lowered) -> Result<(Vec<u32>, Vec<u8>), EmitError> {
    let strings = &lowered.layouts.strings;
    let mut records = Vec::with_capacity(2 * strings.len());
    let mut bytes = Vec::with_capacity(strings.iter().map(String::len).sum());
    for text in strings {
        records.push(number(bytes.len(), "bytes of strings")?);
        records.push(number(text.len(), "bytes of strings")?);
        bytes.extend_from_slice(text.as_bytes());
    }
    Ok((records, bytes))
}

fn put<T: serde::Serialize>(bytes: &mut Vec<u8>, record: &T) -> Result<(), EmitError> {
    let all = postcard::to_extend(record, core::mem::take(bytes));
    *bytes = all.map_err(|_| EmitError::TooMany("bytes of metadata"))?;
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

/// Names and lines of the functions so far.
struct DebugRecords<'o> {
    bytes: Vec<u8>,
    /// The sources; none if there are to be no records.
    sources: Vec<(&'o str, LineIndex<'o>)>,
    /// The number of the source whose name was written last.
    file: Option<u32>,
    /// The lines of a function.
    lines: Vec<u8>,
}

impl<'o> DebugRecords<'o> {
    /// With room for about so many functions.
    fn new(options: &EmitOptions<'o>, functions: usize) -> Self {
        let files = if options.strip { &[] } else { options.files };
        let lines: usize = files.iter().map(|lines| lines.starts.len()).sum();
        let room = if files.is_empty() { 0 } else { 4 * lines + 16 * functions };
        let sources = files.iter().map(|lines| (lines.file, LineIndex::new(lines.starts))).collect();
        Self { bytes: Vec::with_capacity(room), sources, file: None, lines: Vec::with_capacity(64) }
    }

    fn add(&mut self, body: &Body, positions: &[Position]) -> Result<(), EmitError> {
        let Some((file, source)) = self.sources.get_mut(body.file as usize) else { return Ok(()) };
        let lines = &mut self.lines;
        lines.clear();
        let (mut last_word, mut last_line) = (0, 0u32);
        for &Position { word, at } in positions {
            let (line, column) = source.find(at);
            let delta = line.wrapping_sub(last_line).cast_signed();
            let record = [word - last_word, (delta << 1 ^ delta >> 31).cast_unsigned(), column];
            if record[0] | record[1] | record[2] < 0x80 {
                lines.extend_from_slice(&record.map(|number| number as u8));
            } else {
                record.into_iter().for_each(|number| varint(lines, number));
            }
            (last_word, last_line) = (word, line);
        }
        // A name is not written twice in a row.
        let file = if self.file.replace(body.file) == Some(body.file) { "" } else { *file };
        // As postcard writes a `FunctionDebug`.
        for field in [body.name.as_bytes(), file.as_bytes(), &*lines] {
            varint(&mut self.bytes, number(field.len(), "bytes of debug records")?);
            self.bytes.extend_from_slice(field);
        }
        Ok(())
    }
}

/// Where the lines of a source are.
struct LineIndex<'s> {
    /// Where each line begins.
    starts: &'s [u32],
    /// The line that was found last, from 1, and where it begins and ends.
    line: u32,
    range: Range<u32>,
}

impl<'s> LineIndex<'s> {
    fn new(starts: &'s [u32]) -> Self {
        Self { starts: if starts.is_empty() { &[0] } else { starts }, line: 0, range: 0..0 }
    }

    /// Line and column of an offset, from 1. Quick if it is in the same line as the one before.
    #[inline]
    fn find(&mut self, at: u32) -> (u32, u32) {
        if !self.range.contains(&at) {
            self.seek(at);
        }
        (self.line, at - self.range.start + 1)
    }

    /// Finds the line of an offset; mostly it is the next one.
    fn seek(&mut self, at: u32) {
        let start = |line: u32| self.starts.get(line as usize).copied().unwrap_or(u32::MAX);
        let mut ahead = self.line + 1..self.line + 4;
        self.line = match ahead.find(|&line| at < start(line)) {
            Some(line) if self.range.end <= at => line,
            _ => self.starts.partition_point(|&start| start <= at) as u32,
        };
        self.range = start(self.line - 1)..start(self.line);
    }
}
