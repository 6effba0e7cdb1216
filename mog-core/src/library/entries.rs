//! The entries of a map, and the index over them once they are more than a few.
//!
//! The index is a table of buckets; entries of the same bucket are chained through their first words. So building
//! an index is linear whatever the keys hash to, and only looking for a key can be slow, which is charged. A
//! deleted entry stays in its chain, not [`LIVE`], until the entries are written anew.

use crate::heap::access::{CORRUPT, MAX_LEN, RAW_HEADER, TOO_LARGE, View, index};
use crate::heap::{Fresh, LIVE, MAX_WORDS, NULL, ObjectHeader, halves, join};
use crate::machine::Stop;
use crate::module::{TypeId, TypeKind};

/// Most entries without an index.
pub(super) const SMALL: usize = 8;
/// The chain link above the hash and the live bit of an entry's first word.
pub(super) const NEXT_SHIFT: u32 = 33;
/// A map, seen through a [`View`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Map {
    /// Its type.
    pub(super) ty: TypeId,
    /// The type of its keys.
    pub(super) key: TypeId,
    /// The type of its values.
    pub(super) value: TypeId,
    /// Words of an entry.
    pub(super) stride: usize,
    /// How many entries are not deleted.
    pub(super) live: usize,
    /// How many entries there are.
    pub(super) used: usize,
    /// Word of the heap of its header.
    pub(super) at: usize,
    /// Word of the heap of the first entry.
    pub(super) entries: usize,
    /// Entries that its buffer can hold.
    pub(super) capacity: usize,
    /// Word of the heap of the first bucket.
    pub(super) index: usize,
    /// Buckets of the index: a power of two, or 0 without one.
    pub(super) buckets: usize,
}

/// The first entry of a bucket, plus one, from the word that holds two of them.
pub(super) const fn head(word: u64, bucket: usize) -> u32 {
    if bucket & 1 == 0 { word as u32 } else { (word >> 32) as u32 }
}

/// The word with the first entry of a bucket changed.
pub(super) const fn with_head(word: u64, bucket: usize, first: u32) -> u64 {
    let (low, high) = halves(word);
    if bucket & 1 == 0 { join(first, high) } else { join(low, first) }
}

const fn mix(value: u64) -> u64 {
    let value = value.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (value ^ value >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93)
}

/// The hash of a key that is no string.
pub(super) const fn hash_word(seed: u64, word: u64) -> u32 {
    (mix(word ^ seed) >> 32) as u32
}

/// The hash of a string; never 0.
pub(super) fn hash_bytes(seed: u64, bytes: &[u8]) -> u32 {
    let mut hash = seed ^ bytes.len() as u64;
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let word = chunk.first_chunk().map_or(0, |chunk| u64::from_le_bytes(*chunk));
        hash = (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash ^= hash >> 29;
    }
    let rest = chunks.remainder().iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
    ((mix(hash ^ rest) >> 32) as u32).max(1)
}

impl Map {
    /// The map behind a reference.
    pub(super) fn of(view: &View<'_>, reference: u64) -> Result<Self, Stop> {
        let (header, rest) = view.object(reference)?;
        let record = view.module.types.record(header.ty()).ok_or(CORRUPT)?;
        let (&[key, value], &[counts, buffers, ..]) = (record.components, rest) else { return Err(CORRUPT) };
        if record.kind != TypeKind::Map {
            return Err(CORRUPT);
        }
        let ((live, used), (entries, table)) = (halves(counts), halves(buffers));
        let size = |data: u32| {
            let at = index(u64::from(data)).checked_sub(1).and_then(|at| view.heap().get(at)).copied();
            at.and_then(|size| usize::try_from(size).ok()).unwrap_or(0)
        };
        let stride = 1 + record.slots.len();
        let map = Self {
            ty: header.ty(),
            key: TypeId(key),
            value: TypeId(value),
            stride,
            live: live as usize,
            used: used as usize,
            at: index(reference),
            entries: index(u64::from(entries)),
            capacity: size(entries) / stride,
            index: index(u64::from(table)),
            buckets: if size(table) > MAX_WORDS { 0 } else { size(table) * 2 },
        };
        let sound = map.used <= map.capacity && (map.buckets == 0 || map.buckets.is_power_of_two());
        if sound { Ok(map) } else { Err(CORRUPT) }
    }

    /// The word of the heap where an entry begins.
    pub(super) const fn entry_at(&self, number: usize) -> usize {
        self.entries.saturating_add(number.saturating_mul(self.stride))
    }

    /// The first word of an entry.
    pub(super) fn entry_word(&self, view: &View<'_>, number: usize) -> Result<u64, Stop> {
        view.heap().get(self.entry_at(number)).copied().ok_or(CORRUPT)
    }

    /// Slots of a value.
    pub(super) const fn value_slots(&self) -> usize {
        self.stride.saturating_sub(2)
    }

    /// Whether an entry with this hash has this key.
    fn has_key(&self, view: &View<'_>, word: u64, number: usize, hash: u32, key: u64) -> Result<bool, Stop> {
        if word as u32 != hash || word & LIVE == 0 {
            return Ok(false);
        }
        let other = *view.heap().get(self.entry_at(number).saturating_add(1)).ok_or(CORRUPT)?;
        Ok(other == key || self.key == TypeId::STR && view.string(other)? == view.string(key)?)
    }

    /// The entry with a key whose hash is known, and how many others were looked at.
    pub(super) fn find(&self, view: &View<'_>, hash: u32, key: u64) -> Result<(Option<usize>, u64), Stop> {
        let mut probes = 0;
        if self.buckets == 0 {
            for number in 0..self.used {
                if self.has_key(view, self.entry_word(view, number)?, number, hash, key)? {
                    return Ok((Some(number), number as u64 / 4));
                }
            }
            return Ok((None, self.used as u64 / 4));
        }
        let bucket = hash as usize & (self.buckets - 1);
        let word = *view.heap().get(self.index.saturating_add(bucket / 2)).ok_or(CORRUPT)?;
        let mut next = head(word, bucket) as usize;
        // A chain that never ends is not longer than all entries.
        while let Some(number) = next.checked_sub(1)
            && probes <= self.used as u64
        {
            let word = self.entry_word(view, number)?;
            if self.has_key(view, word, number, hash, key)? {
                return Ok((Some(number), probes));
            }
            next = (word >> NEXT_SHIFT) as usize;
            probes += 1;
        }
        Ok((None, probes))
    }
}

/// Entries to make room for when so many are needed.
pub(super) const fn capacity_for(entries: usize) -> usize {
    if entries <= 4 { 4 } else { entries.next_power_of_two() }
}

/// Words of the index over that many entries.
pub(super) const fn index_words(capacity: usize) -> usize {
    if capacity <= SMALL { 0 } else { capacity.next_power_of_two() / 2 }
}

/// Words that the buffers of a map take.
pub(super) fn buffer_words(stride: usize, capacity: usize) -> Result<usize, Stop> {
    if capacity > MAX_LEN / 2 {
        return Err(TOO_LARGE);
    }
    let entries = capacity.checked_mul(stride).filter(|&words| words <= MAX_WORDS).ok_or(TOO_LARGE)?;
    let index = index_words(capacity);
    Ok(2 + entries + if index == 0 { 0 } else { 2 + index })
}

impl Fresh<'_> {
    /// An empty map with room for that many entries; gives its reference.
    pub(super) fn map(&mut self, view: &View<'_>, ty: TypeId, capacity: usize) -> Result<u64, Stop> {
        let stride = 1 + view.module.types.record(ty).ok_or(CORRUPT)?.slots.len();
        let at = self.alloc(3)?;
        let (mut entries, mut table) = (NULL as usize, NULL as usize);
        if capacity > 0 {
            buffer_words(stride, capacity)?;
            entries = self.buffer(ObjectHeader::new(ty, ObjectHeader::ENTRIES).0, capacity * stride)?;
            if capacity > SMALL {
                table = self.buffer(RAW_HEADER, index_words(capacity))?;
            }
        }
        let words = [ObjectHeader::new(ty, 0).0, 0, join(entries as u32, table as u32)];
        self.range_mut(at, 3)?.copy_from_slice(&words);
        Ok(at as u64)
    }

    /// Appends an entry that is not yet there to a map made here; gives the place of its first value slot.
    pub(super) fn map_append(&mut self, map: u64, stride: usize, hash: u32, key: u64) -> Result<usize, Stop> {
        let at = index(map);
        let ((live, used), (entries, table)) = (halves(self.get(at + 1)?), halves(self.get(at + 2)?));
        let entry = entries as usize + used as usize * stride;
        let mut next = 0;
        if u64::from(table) != NULL {
            let buckets = usize::try_from(self.get(table as usize - 1)?).map_err(|_| CORRUPT)? * 2;
            let bucket = hash as usize & buckets.saturating_sub(1);
            let place = table as usize + bucket / 2;
            let word = self.get(place)?;
            next = head(word, bucket);
            self.set(place, with_head(word, bucket, used + 1))?;
        }
        self.set(entry, u64::from(hash) | LIVE | u64::from(next) << NEXT_SHIFT)?;
        self.set(entry + 1, key)?;
        self.set(at + 1, join(live + 1, used + 1))?;
        Ok(entry + 2)
    }
}

impl Fresh<'_> {
    /// Looks for a string key, made here, in a map made here: the place of its first value slot, and how many
    /// entries were looked at.
    pub(super) fn map_find(
        &self,
        map: u64,
        stride: usize,
        hash: u32,
        key: u64,
    ) -> Result<(Option<usize>, usize), Stop> {
        let at = index(map);
        let ((_, used), (entries, table)) = (halves(self.get(at + 1)?), halves(self.get(at + 2)?));
        let indexed = u64::from(table) != NULL;
        let mut next = used;
        if indexed {
            let buckets = usize::try_from(self.get(table as usize - 1)?).map_err(|_| CORRUPT)? * 2;
            let bucket = hash as usize & buckets.saturating_sub(1);
            next = head(self.get(table as usize + bucket / 2)?, bucket);
        }
        let mut probes = 0;
        while let Some(number) = next.checked_sub(1) {
            let entry = entries as usize + number as usize * stride;
            let word = self.get(entry)?;
            if word as u32 == hash && self.string_at(self.get(entry + 1)?)? == self.string_at(key)? {
                return Ok((Some(entry + 2), probes));
            }
            next = if indexed { (word >> NEXT_SHIFT) as u32 } else { number };
            probes += 1;
        }
        Ok((None, probes))
    }
}
