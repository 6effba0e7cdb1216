//! Pieces that stand one after the other in one place.

use core::ops::Range;

/// Where the nth piece lies, given where each of them ends; empty for one that there is not.
#[inline]
pub(crate) fn nth(ends: &[u32], n: usize) -> Range<usize> {
    let start = n.checked_sub(1).and_then(|before| ends.get(before)).map_or(0, |&start| start as usize);
    let end = ends.get(n).map_or(start, |&end| end as usize);
    start..end
}
