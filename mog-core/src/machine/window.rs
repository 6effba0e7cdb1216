//! The register window: as many registers as an instruction can name, seen as an array so that no access needs a
//! bounds check. A small target takes a smaller one, whose size is a power of two all the same.

/// Registers of the window, and so of the largest frame that this build can run, plus one.
pub const WINDOW: usize = if cfg!(feature = "window-32") {
    32
} else if cfg!(feature = "window-64") {
    64
} else {
    256
};
