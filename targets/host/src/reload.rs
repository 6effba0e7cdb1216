//! Replacing a program by a newer version of it, with what it remembers.

use crate::{Error, Runtime};

/// The function that gives what a newer version is to know.
const SAVE: &str = "save_state";
/// The function that takes it.
const LOAD: &str = "load_state";

impl Runtime {
    /// Hands over what an older version of the program remembers: calls its `pub fn save_state()`, and with what that
    /// returns the `pub fn load_state(state)` of this one. A run of the older version that was paused is over then. False
    /// if one of them has no such function, and nothing was called.
    ///
    /// ```
    /// # use mog::{CapabilitySet, Runtime, compile_mog_source};
    /// # fn main() -> Result<(), mog::Error> {
    /// let source = "n := 0
    ///     pub fn count() -> int { n += 1\n n }
    ///     pub fn save_state() -> int { n }
    ///     pub fn load_state(saved: int) { n = saved }";
    /// let mut old = Runtime::new(compile_mog_source(source)?, CapabilitySet::new())?;
    /// old.call("count", ())?;
    /// let mut new = Runtime::new(compile_mog_source(source.replace("+= 1", "+= 10"))?, CapabilitySet::new())?;
    /// assert!(new.take_over(&mut old)?);
    /// assert_eq!(new.call("count", ())?, 11i64.into());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`Runtime::call`] of either function. Both runtimes can still be used.
    pub fn take_over(&mut self, old: &mut Self) -> Result<bool, Error> {
        if old.program.export(SAVE).is_none() || self.program.export(LOAD).is_none() {
            return Ok(false);
        }
        let state = old.call(SAVE, ())?;
        self.call(LOAD, vec![state])?;
        Ok(true)
    }
}
