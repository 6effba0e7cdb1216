//! The entries of a map, and the index over them once they are more than a few.
//!
//! The index is a table of buckets; entries of the same bucket are chained through their first words. So building
//! an index is linear whatever the keys hash to, and only looking for a key can be slow, which is charged. A
//! deleted entry stays in its chain, not [`LIVE`], until the entries are written anew.
//!
//! A bucket is half a word: in as many bits as it takes to number the buckets, which are at least twice as many as entries, the
//! number of its first entry, plus one; in each bit above, whether the chain has hashes that fall on it. So most keys that are
//! not there are missed without a look at any entry, which in a large map is far away.

use crate::heap::access::{CORRUPT, MAX_LEN, RAW_HEADER, TOO_LARGE, View, index};
use crate::heap::{Fresh, LIVE, MAX_WORDS, NULL, ObjectHeader, halves, join};
use crate::machine::Stop;
use crate::module::{TypeId, TypeKind, TypeTable};

/// Most entries without an index.
pub(super) const SMALL: usize = 8;
/// The chain link above the hash and the live bit of an entry's first word.
pub(super) const NEXT_SHIFT: u32 = 33;

/// Steps of looking for a key, besides one for every eight bytes of a string and one for each entry looked at in vain.
pub(crate) const LOOKUP_STEPS: u64 = 8;
/// Steps of storing an entry that was not there, besides.
pub(crate) const APPEND_STEPS: u64 = 6;

/// A map, seen through a [`View`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Map {
    /// Its type.
    pub(super) ty: TypeId,
    /// The type of its keys.
    pub(crate) key: TypeId,
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
    /// Words of the buffer of its entries.
    pub(super) room: usize,
    /// Word of the heap of the first bucket.
    pub(super) index: usize,
    /// Buckets of the index: a power of two, or 0 without one.
    pub(super) buckets: usize,
}

/// The bucket for a hash.
#[derive(Clone, Copy)]
pub(super) struct Bucket {
    number: usize,
    /// The bits for an entry's number.
    mask: u32,
    /// The bit for the hash.
    mark: u32,
}

impl Bucket {
    /// Among so many buckets: a power of two, of less than 32 bits.
    #[inline(always)]
    pub(super) const fn of(hash: u32, buckets: usize) -> Self {
        let bits = buckets.trailing_zeros();
        let (rest, marks) = (hash.wrapping_shr(bits) as u64, 32_u32.wrapping_sub(bits));
        let mark = (rest * marks as u64).wrapping_shr(marks) as u32;
        let mask = buckets.wrapping_sub(1);
        Self { number: hash as usize & mask, mask: mask as u32, mark: 1_u32.wrapping_shl(bits + mark) }
    }

    /// The word of the index with this bucket.
    #[inline(always)]
    pub(super) const fn word(self) -> usize {
        self.number / 2
    }

    const fn half(self, word: u64) -> u32 {
        if self.number & 1 == 0 { word as u32 } else { (word >> 32) as u32 }
    }

    const fn with_half(self, word: u64, half: u32) -> u64 {
        let (low, high) = halves(word);
        if self.number & 1 == 0 { join(half, high) } else { join(low, half) }
    }

    /// The first entry, plus one.
    #[inline(always)]
    pub(super) const fn first(self, word: u64) -> u32 {
        self.half(word) & self.mask
    }

    /// Where to begin to look for the hash: the first entry, plus one, or 0 if no entry has it.
    #[inline(always)]
    pub(super) const fn candidate(self, word: u64) -> u32 {
        let half = self.half(word);
        if half & self.mark == 0 { 0 } else { half & self.mask }
    }

    /// The word with another first entry, given plus one, which has the hash.
    #[inline(always)]
    pub(super) const fn linked(self, word: u64, first: u32) -> u64 {
        self.with_half(word, self.half(word) & !self.mask | self.mark | first)
    }

    /// The word without the first entry; then comes this one, plus one.
    pub(super) const fn unlinked(self, word: u64, next: u32) -> u64 {
        self.with_half(word, self.half(word) & !self.mask | next)
    }
}

const fn mix(value: u64) -> u64 {
    let value = value.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (value ^ value >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93)
}

/// The hash of a key that is no string.
pub(crate) const fn hash_word(seed: u64, word: u64) -> u32 {
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
        Self::read(&view.module.types, view.heap(), reference).ok_or(CORRUPT)
    }

    /// The map behind a reference, if that is what is there.
    #[inline(always)]
    pub(crate) fn read(types: &TypeTable<'_>, heap: &[u64], reference: u64) -> Option<Self> {
        let &[header, counts, buffers] = heap.get(index(reference)..)?.first_chunk()?;
        let ty = ObjectHeader(header).ty();
        let record = if ty.is_own() { types.own_record(ty) } else { types.record(ty) }?;
        let &[key, value] = record.components else { return None };
        let ((live, used), (entries, table)) = (halves(counts), halves(buffers));
        let size = |data: u32| {
            let at = index(u64::from(data)).wrapping_sub(1);
            heap.get(at).map_or(0, |&size| usize::try_from(size).unwrap_or(0))
        };
        let (room, index_size) = (size(entries), size(table));
        let map = Self {
            ty,
            key: TypeId(key),
            value: TypeId(value),
            stride: 1 + record.slots.len(),
            live: live as usize,
            used: used as usize,
            at: index(reference),
            entries: index(u64::from(entries)),
            room,
            index: index(u64::from(table)),
            buckets: if index_size > MAX_WORDS { 0 } else { index_size * 2 },
        };
        let sound = record.kind == TypeKind::Map
            && map.used.checked_mul(map.stride)? <= room
            && map.buckets & map.buckets.wrapping_sub(1) == 0;
        sound.then_some(map)
    }

    /// Entries that its buffer can hold.
    pub(super) const fn capacity(&self) -> usize {
        // A stride is never 0.
        match self.room.checked_div(self.stride) {
            Some(capacity) => capacity,
            None => 0,
        }
    }

    /// Whether its buffer holds as many entries as it can.
    #[inline(always)]
    pub(crate) const fn is_full(&self) -> bool {
        (self.used + 1).wrapping_mul(self.stride) > self.room
    }

    /// The word of the heap where an entry begins; anything for entries that there are not.
    #[inline(always)]
    pub(super) const fn entry_at(&self, number: usize) -> usize {
        self.entries.wrapping_add(number.wrapping_mul(self.stride))
    }

    /// The word of the heap where the value of an entry begins.
    #[inline(always)]
    pub(crate) const fn value_at(&self, number: usize) -> usize {
        self.entry_at(number).wrapping_add(2)
    }

    /// The first word of an entry.
    pub(super) fn entry_word(&self, view: &View<'_>, number: usize) -> Result<u64, Stop> {
        view.heap().get(self.entry_at(number)).copied().ok_or(CORRUPT)
    }

    /// Slots of a value.
    #[inline(always)]
    pub(crate) const fn value_slots(&self) -> usize {
        self.stride.saturating_sub(2)
    }

    /// The entry with a key whose hash is known, and how many others were looked at.
    pub(super) fn find(&self, view: &View<'_>, hash: u32, key: u64) -> Result<(Option<usize>, u64), Stop> {
        let found = if self.key == TypeId::STR {
            let bytes = view.string(key)?;
            self.probe(view.heap(), hash, |other| {
                other == key || view.string(other).is_ok_and(|other| other == bytes)
            })
        } else {
            self.probe(view.heap(), hash, |other| other == key)
        };
        found.ok_or(CORRUPT)
    }

    /// The entry with a key that is recognised so and has this hash, and how many others were looked at.
    #[inline(always)]
    pub(crate) fn probe(
        &self,
        heap: &[u64],
        hash: u32,
        is_key: impl Fn(u64) -> bool,
    ) -> Option<(Option<usize>, u64)> {
        let entry = |number: usize| heap.get(self.entry_at(number)..)?.first_chunk();
        let matches = |word: u64, key: u64| word as u32 == hash && word & LIVE != 0 && is_key(key);
        let mut probes = 0;
        if self.buckets == 0 {
            for number in 0..self.used {
                let &[word, key] = entry(number)?;
                if matches(word, key) {
                    return Some((Some(number), number as u64 / 4));
                }
            }
            return Some((None, self.used as u64 / 4));
        }
        let bucket = Bucket::of(hash, self.buckets);
        let mut next = bucket.candidate(*heap.get(self.index.wrapping_add(bucket.word()))?) as usize;
        // A chain that never ends is not longer than all entries.
        while let Some(number) = next.checked_sub(1)
            && probes <= self.used as u64
        {
            let &[word, key] = entry(number)?;
            if matches(word, key) {
                return Some((Some(number), probes));
            }
            next = (word >> NEXT_SHIFT) as usize;
            probes += 1;
        }
        Some((None, probes))
    }

    /// Puts an entry at the head of its bucket's chain.
    #[inline(always)]
    pub(super) fn link(&self, heap: &mut [u64], number: usize, hash: u32) -> Option<()> {
        let mut next = 0;
        if self.buckets > 0 {
            let bucket = Bucket::of(hash, self.buckets);
            let place = heap.get_mut(self.index.wrapping_add(bucket.word()))?;
            next = bucket.first(*place);
            *place = bucket.linked(*place, number as u32 + 1);
        }
        *heap.get_mut(self.entry_at(number))? = u64::from(hash) | LIVE | u64::from(next) << NEXT_SHIFT;
        Some(())
    }

    /// Appends an entry that is not there to a map with room for it; gives the word of the heap of its value.
    #[inline(always)]
    pub(crate) fn append(&self, heap: &mut [u64], hash: u32, key: u64) -> Option<usize> {
        self.link(heap, self.used, hash)?;
        *heap.get_mut(self.entry_at(self.used).wrapping_add(1))? = key;
        *heap.get_mut(self.at.wrapping_add(1))? = join(self.live as u32 + 1, self.used as u32 + 1);
        Some(self.value_at(self.used))
    }
}

/// Entries to make room for when so many are needed.
pub(super) const fn capacity_for(entries: usize) -> usize {
    if entries <= 4 { 4 } else { entries.next_power_of_two() }
}

/// Words of the index over that many entries: two buckets for each, so that most keys that are not there are missed
/// without a look at any entry.
pub(super) const fn index_words(capacity: usize) -> usize {
    if capacity <= SMALL { 0 } else { capacity.next_power_of_two() }
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
            let bucket = Bucket::of(hash, buckets);
            let place = table as usize + bucket.word();
            let word = self.get(place)?;
            next = bucket.first(word);
            self.set(place, bucket.linked(word, used + 1))?;
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
            let bucket = Bucket::of(hash, buckets);
            next = bucket.candidate(self.get(table as usize + bucket.word())?);
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
