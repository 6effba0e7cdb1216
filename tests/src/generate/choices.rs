//! Bytes as a sequence of choices.

/// The bytes that are left.
pub(super) struct Choices<'a>(std::slice::Iter<'a, u8>);

impl<'a> Choices<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes.iter())
    }

    /// A number below `count`; 0, the plainest, after the last byte.
    pub(super) fn below(&mut self, count: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % count.max(1)
    }

    /// One of these; the first is the plainest.
    pub(super) fn one_of<T: Copy + Default>(&mut self, of: &[T]) -> T {
        let position = self.below(of.len());
        of.get(position).copied().unwrap_or_default()
    }

    /// True once in so many times, never after the last byte.
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 1 % times && self.0.len() > 0
    }

    /// Whether there are bytes left.
    pub(super) fn more(&self) -> bool {
        self.0.len() > 0
    }
}
