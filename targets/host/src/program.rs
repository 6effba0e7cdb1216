//! Programs: compiled and verified, ready to be run any number of times, at once if need be.

use std::fmt;
use std::sync::Arc;

use mog_compiler::check::entry_name;
use mog_compiler::diagnostic::{Diagnostics, SourceFile};
use mog_compiler::{Optimization, Optimizations, Options, compile};
use mog_core::module::Sections;
use mog_core::{Callee, LoadError, Module, TypeId};

use crate::convert::ParamTypes;
use crate::{CapabilitySet, Error};

/// What a source is called where nobody said otherwise.
const UNNAMED: &str = "program.mog";

/// A compiled program: an immutable module, cheap to clone, to be shared between threads.
#[derive(Clone)]
pub struct Program {
    inner: Arc<Inner>,
}

/// The sections of a module, where they can be borrowed at each call.
type Kept = Sections<Box<[u32]>, Box<[u16]>, Box<[u8]>>;

struct Inner {
    sections: Kept,
    exports: Vec<Export>,
    init: Option<u16>,
    has_handles: bool,
    #[cfg(feature = "sign")]
    manifest: Option<crate::signed::Manifest>,
    warnings: Report,
}

/// A function that the host can call.
pub(crate) struct Export {
    name: String,
    pub(crate) callee: Callee,
    /// Types of its parameters.
    pub(crate) params: Vec<u16>,
    pub(crate) types: ParamTypes,
}

impl Inner {
    fn load(bytes: &[u8]) -> Result<Self, LoadError> {
        let (whole, rest) = bytes.as_chunks::<4>();
        let words: Vec<u32> = whole.iter().map(|&bytes| u32::from_le_bytes(bytes)).collect();
        match Self::from_words(&words, Report::default()) {
            // A module is a whole number of words.
            Ok(_) if !rest.is_empty() => Err(LoadError::TrailingBytes),
            other => other,
        }
    }

    fn from_words(words: &[u32], warnings: Report) -> Result<Self, LoadError> {
        let module = Module::load_words(words)?;
        let metadata = module.metadata();
        let export = |export: mog_core::module::Export<'_>| {
            let signature = module.function(export.function).map(|function| function.signature);
            let record = signature.and_then(|signature| module.types.record(signature));
            let params = record.and_then(|record| record.components.split_last());
            let params = params.map_or(Vec::new(), |(_, params)| params.to_vec());
            let (callee, types) = (module.callee(export.function)?, ParamTypes::new(&params));
            Some(Export { name: export.name.to_owned(), callee, params, types })
        };
        let exports = metadata.exports().filter_map(export).collect();
        let init = metadata.init();
        let has_handles = has_handles(&module);
        Ok(Self {
            sections: module.sections().map(Box::from, Box::from, Box::from),
            exports,
            init,
            has_handles,
            #[cfg(feature = "sign")]
            manifest: None,
            warnings,
        })
    }
}

impl Program {
    /// A precompiled program, verified.
    ///
    /// # Errors
    /// If the bytes are no module, or not one that this machine runs.
    pub fn load(bytes: &[u8]) -> Result<Self, LoadError> {
        Ok(Self { inner: Arc::new(Inner::load(bytes)?) })
    }

    /// A program that a trusted key signed, with its manifest. Who signed it and what it may use is looked at before
    /// anything of it is decoded. A [runtime](crate::RuntimeBuilder) refuses it too if it asks for more than that
    /// allows, and runs it within the limits of the manifest.
    ///
    /// ```
    /// # use mog::{Program, compile_mog_source, signed::{Limits, PublicKey, SecretKey, Trust, sign}};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let secret = SecretKey::new(&[7; 32]);
    /// # let module = compile_mog_source("fn main() { println(1) }")?.to_bytes();
    /// let limits = Limits { memory: Some(64 << 10), steps: Some(100_000), ..Limits::default() };
    /// let signed = sign(&secret, "counter", 3, limits, &module)?;
    ///
    /// let keys = [PublicKey::new(secret.public().as_bytes())?];
    /// let program = Program::load_signed(&signed, &Trust { minimum_version: 2, ..Trust::new(&keys) })?;
    /// assert_eq!(program.manifest().map(|manifest| manifest.name.as_str()), Some("counter"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Why it is not trusted, or no module that this machine runs.
    #[cfg(feature = "sign")]
    pub fn load_signed(
        bytes: &[u8],
        trust: &mog_signature::Trust<'_>,
    ) -> Result<Self, mog_signature::Refused> {
        Self::from_signed(&mog_signature::open(bytes, trust)?)
    }

    /// A program whose signature was verified.
    #[cfg(feature = "sign")]
    pub(crate) fn from_signed(signed: &mog_signature::Signed<'_>) -> Result<Self, mog_signature::Refused> {
        let mut inner = Inner::load(signed.module_bytes())?;
        signed.check(&inner.sections.module())?;
        inner.manifest = Some(crate::signed::Manifest::new(&signed.manifest));
        Ok(Self { inner: Arc::new(inner) })
    }

    /// What a signed program says about itself; `None` if it was not loaded as a signed one.
    #[cfg(feature = "sign")]
    #[must_use]
    pub fn manifest(&self) -> Option<&crate::signed::Manifest> {
        self.inner.manifest.as_ref()
    }

    /// The module, which was verified before.
    ///
    /// # Errors
    /// None that a loaded program has.
    pub fn module(&self) -> Result<Module<'_>, LoadError> {
        Ok(self.view())
    }

    /// The module, as quickly as can be.
    #[inline]
    pub(crate) fn view(&self) -> Module<'_> {
        self.inner.sections.module()
    }

    /// Whether both are the same, not only alike.
    #[inline]
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// The bytes of the module, as [`Program::load`] takes them.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.inner.sections.words().flat_map(u32::to_le_bytes).collect()
    }

    /// What the compiler warned of.
    #[must_use]
    pub fn warnings(&self) -> &Report {
        &self.inner.warnings
    }

    /// The functions that the host can call: `main` and those with `pub`.
    pub fn exports(&self) -> impl Iterator<Item = &str> {
        self.inner.exports.iter().map(|export| export.name.as_str())
    }

    /// The types of an exported function's parameters; none if there is no such function.
    #[must_use]
    pub fn parameters(&self, name: &str) -> Vec<TypeId> {
        let params = self.find_export(name).map_or(&[][..], |export| &export.params);
        params.iter().map(|&ty| TypeId(ty)).collect()
    }

    pub(crate) fn no_function(&self, name: &str) -> Error {
        Error::NoFunction { name: name.to_owned(), known: self.exports().map(str::to_owned).collect() }
    }

    pub(crate) fn find_export(&self, name: &str) -> Option<&Export> {
        self.inner.exports.iter().find(|export| export.name == name)
    }

    pub(crate) fn export(&self, name: &str) -> Option<u16> {
        self.find_export(name).map(|export| export.callee.number())
    }

    /// Whether it may have handles of the host's.
    pub(crate) fn has_handles(&self) -> bool {
        self.inner.has_handles
    }

    pub(crate) fn init(&self) -> Option<u16> {
        self.inner.init
    }
}

/// Whether some type of a module's has handles in it, or something that looks the same.
fn has_handles(module: &Module<'_>) -> bool {
    let own = (TypeId::FIRST_OWN.0..=u16::MAX).take(module.types.len());
    own.filter_map(|ty| module.types.record(TypeId(ty)))
        .any(|record| record.components.contains(&TypeId::HANDLE.0))
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("bytes", &self.to_bytes().len())
            .field("exports", &self.exports().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// What the compiler has to say about a source, with the sources to show it in.
#[derive(Clone, Debug, Default)]
pub struct Report {
    diagnostics: Diagnostics,
    /// Names and texts of the file and the modules that it imports.
    files: Vec<(String, String)>,
}

impl Report {
    /// The errors and warnings.
    #[must_use]
    pub fn diagnostics(&self) -> &Diagnostics {
        &self.diagnostics
    }

    /// Whether there is nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.diagnostics.is_empty()
    }

    /// The text for a terminal.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        self.diagnostics.render(&self.sources(), color)
    }

    /// One JSON object a line, for tools.
    #[must_use]
    pub fn to_json_lines(&self) -> String {
        self.diagnostics.to_json_lines(&self.sources())
    }

    fn sources(&self) -> Vec<SourceFile<'_>> {
        self.files.iter().map(|(name, text)| SourceFile::new(name, text)).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

/// Why a source is not accepted.
#[derive(Clone, Debug)]
pub struct CompileError(Box<Report>);

impl CompileError {
    fn new(diagnostics: Diagnostics, files: Vec<(String, String)>) -> Self {
        Self(Box::new(Report { diagnostics, files }))
    }

    /// The errors, and the warnings beside them.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.0
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for CompileError {}

type Imports<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Compiles sources.
///
/// ```
/// # use mog::{CapabilitySet, Compiler};
/// let mut capabilities = CapabilitySet::new();
/// capabilities.grant("shop.discount", |price: f64| price * 0.9);
/// let program = Compiler::with(&capabilities).file("rule.mog").compile("fn main() { println(shop.discount(10.0)) }");
/// assert!(program.is_ok());
/// ```
pub struct Compiler<'a> {
    file: String,
    declarations: Vec<String>,
    imports: Box<Imports<'a>>,
    window: Option<usize>,
    strip: bool,
    optimizations: Optimizations,
    deny_warnings: bool,
}

impl Default for Compiler<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a> Compiler<'a> {
    /// A compiler that knows the standard capabilities and finds no modules to import.
    #[must_use]
    pub fn new() -> Self {
        Self {
            file: UNNAMED.to_owned(),
            declarations: Vec::new(),
            imports: Box::new(|_| None),
            window: None,
            strip: false,
            optimizations: Optimizations::ALL,
            deny_warnings: false,
        }
    }

    /// The same, with the types of the functions that a set grants.
    #[must_use]
    pub fn with(capabilities: &CapabilitySet) -> Self {
        Self { declarations: capabilities.declarations(), ..Self::new() }
    }

    /// Adds declarations of what the host offers, such as `capability led { fn set(pin: int, on: bool) }`.
    #[must_use]
    pub fn declare(mut self, declarations: impl Into<String>) -> Self {
        self.declarations.push(declarations.into());
        self
    }

    /// What to call the source in messages and call stacks.
    #[must_use]
    pub fn file(mut self, name: impl Into<String>) -> Self {
        self.file = name.into();
        self
    }

    /// Where the source of an imported module comes from, by its name such as `geometry` or `lib/geometry`.
    #[must_use]
    pub fn imports(mut self, source: impl Fn(&str) -> Option<String> + 'a) -> Self {
        self.imports = Box::new(source);
        self
    }

    /// Compiles for a machine with so many registers in its window.
    #[must_use]
    pub fn window(mut self, registers: usize) -> Self {
        self.window = Some(registers);
        self
    }

    /// Leaves out names and line tables.
    #[must_use]
    pub fn strip(mut self, strip: bool) -> Self {
        self.strip = strip;
        self
    }

    /// Which improvements of the code are made; all of them at first. The program does the same without, in other steps.
    #[must_use]
    pub fn optimizations(mut self, optimizations: Optimizations) -> Self {
        self.optimizations = optimizations;
        self
    }

    /// Rejects sources that there are warnings about.
    #[must_use]
    pub fn deny_warnings(mut self, deny: bool) -> Self {
        self.deny_warnings = deny;
        self
    }

    /// Compiles a source.
    ///
    /// # Errors
    /// What is wrong with it, all in one go.
    pub fn compile(&self, source: &str) -> Result<Program, CompileError> {
        self.compile_after(None, source)
    }

    /// Compiles an entry of a session with those before it.
    pub(crate) fn compile_entry(&self, earlier: &[&str], source: &str) -> Result<Program, CompileError> {
        self.compile_after(Some(earlier), source)
    }

    fn compile_after(&self, session: Option<&[&str]>, source: &str) -> Result<Program, CompileError> {
        let declarations: Vec<_> = self.declarations.iter().map(|text| ("the host", text.as_str())).collect();
        let number = session.map(|earlier| u32::try_from(earlier.len() + 1).unwrap_or(u32::MAX));
        let file = number.map_or_else(|| self.file.clone(), entry_name);
        let mut options = Options::new(&file);
        options.session = session;
        options.declarations = &declarations;
        options.imports = &self.imports;
        options.strip = self.strip;
        options.optimizations = match session {
            None => self.optimizations,
            // An error in what an earlier entry declares is shown there.
            Some(_) => self.optimizations.without(Optimization::Inline),
        };
        if let Some(window) = self.window {
            options.window = window;
        }
        match compile(source, &options) {
            Err(mut rejected) => {
                if self.deny_warnings {
                    rejected.diagnostics.deny_warnings();
                }
                Err(CompileError::new(rejected.diagnostics, rejected.sources))
            }
            Ok(mut compiled) if self.deny_warnings && !compiled.warnings.is_empty() => {
                compiled.warnings.deny_warnings();
                Err(CompileError::new(compiled.warnings, compiled.sources))
            }
            Ok(compiled) => {
                let warnings = Report { diagnostics: compiled.warnings, files: compiled.sources };
                let inner = Inner::from_words(&compiled.module, warnings);
                inner.map(|inner| Program { inner: Arc::new(inner) }).map_err(|error| {
                    CompileError::new(unsound(error), vec![(file.clone(), source.to_owned())])
                })
            }
        }
    }
}

/// The compiler made a module that the verifier rejects: its mistake, not the program's.
fn unsound(error: LoadError) -> Diagnostics {
    use mog_compiler::ast::Span;
    use mog_compiler::diagnostic::{Diagnostic, FileId};
    let mut diagnostics = Diagnostics::new(FileId(0));
    let message = format!("the compiler made a module that does not verify: {error}");
    diagnostics.push(
        Diagnostic::error("internal-error", Span::default(), message)
            .help("this is a mistake in Mog; please report it"),
    );
    diagnostics
}

impl fmt::Debug for Compiler<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compiler").field("file", &self.file).finish_non_exhaustive()
    }
}

/// Compiles a source with the standard declarations. [`Compiler`] can do more.
///
/// # Errors
/// What is wrong with the source, all in one go.
pub fn compile_mog_source(source: impl AsRef<str>) -> Result<Program, CompileError> {
    Compiler::new().compile(source.as_ref())
}
