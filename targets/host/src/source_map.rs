//! Where instructions stand in the source, as far as the module has names and lines.

use mog_core::Module;
use mog_core::module::FunctionDebug;

use crate::Frame;

/// Names, files and lines of a module's functions.
pub(crate) struct SourceMap<'a> {
    module: &'a Module<'a>,
    /// By number, each with its file; none if the module was stripped.
    functions: Vec<(FunctionDebug<'a>, &'a str)>,
}

impl<'a> SourceMap<'a> {
    pub(crate) fn new(module: &'a Module<'a>) -> Self {
        // A record without a file has that of the one before.
        let mut file = "";
        let with_file = |function: FunctionDebug<'a>| {
            file = if function.file.is_empty() { file } else { function.file };
            (function, file)
        };
        Self { module, functions: module.debug().map(with_file).collect() }
    }

    /// The place of an instruction in a function.
    pub(crate) fn frame(&self, number: u16, pc: usize) -> Frame {
        let start = self.module.function(number).map_or(0, |function| function.start as usize);
        let offset = u32::try_from(pc.saturating_sub(start)).unwrap_or(u32::MAX);
        match self.functions.get(usize::from(number)) {
            Some((function, file)) => Frame {
                function: function.name.to_owned(),
                file: (*file).to_owned(),
                position: function.position(offset),
            },
            None => Frame { function: format!("function {number}"), file: String::new(), position: None },
        }
    }
}
