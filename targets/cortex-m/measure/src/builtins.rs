//! What `mog-small-builtins` has against what it should give, for numbers and places of every kind.

use core::hint::black_box;

/// Numbers that follow from one another (Marsaglia's xorshift64, J. Stat. Softw. 8, 2003), of any number of bits.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// As often short as long, and with as many zeros as ones in front.
    fn number(&mut self) -> u64 {
        let number = self.next() >> (self.next() % 64);
        if self.next() & 1 == 0 { number } else { !number }
    }

    fn below(&mut self, limit: usize) -> usize {
        self.next() as usize % limit
    }
}

/// Whether a division is what multiplication undoes.
fn divides(n: u64, d: u64) -> bool {
    let (q, r) = (black_box(n) / black_box(d), black_box(n) % black_box(d));
    let unsigned = r < d && q.checked_mul(d).and_then(|product| product.checked_add(r)) == Some(n);
    let (n, d) = (n.cast_signed(), d.cast_signed());
    let (q, r) = (black_box(n).wrapping_div(black_box(d)), black_box(n).wrapping_rem(black_box(d)));
    let signed = q.wrapping_mul(d).wrapping_add(r) == n
        && r.unsigned_abs() < d.unsigned_abs()
        && (r == 0 || (r < 0) == (n < 0))
        // The smallest number by -1 has no quotient.
        && (q == 0 || n.checked_div(d).is_none() || (q < 0) == ((n < 0) != (d < 0)));
    unsigned && signed
}

/// Whether bytes are moved, set and compared one by one as all at once.
fn moves(numbers: &mut Numbers) -> bool {
    let mut bytes = [0u8; 96];
    bytes.iter_mut().for_each(|byte| *byte = numbers.next() as u8);
    let mut expected = bytes;
    let len = numbers.below(40);
    let (from, to) = (numbers.below(56), numbers.below(56));
    bytes.copy_within(black_box(from..from + len), black_box(to));
    let before = expected;
    for at in 0..black_box(len) {
        expected[black_box(to + at)] = before[black_box(from + at)];
    }
    let moved = same(&bytes, &expected);
    let (value, at) = (numbers.next() as u8, numbers.below(56));
    bytes[black_box(at..at + len)].fill(black_box(value));
    (0..len).for_each(|n| expected[black_box(at + n)] = black_box(value));
    let set = same(&bytes, &expected);
    let (a, b) = (&before[black_box(from..from + len)], &bytes[black_box(to..to + len)]);
    let order = a.iter().zip(b).map(|(a, b)| black_box(a).cmp(b)).find(|order| order.is_ne());
    moved && set && a.cmp(b) == order.unwrap_or(core::cmp::Ordering::Equal)
}

fn same(a: &[u8], b: &[u8]) -> bool {
    a.iter().zip(b).all(|(a, b)| black_box(a) == b)
}

/// Whether all is as it should be.
#[must_use]
pub fn are_right() -> bool {
    const EDGES: [u64; 9] =
        [1, 2, 3, u32::MAX as u64, 1 << 32, i64::MAX as u64, 1 << 63, (1 << 63) + 1, u64::MAX];
    let mut numbers = Numbers(88_172_645_463_325_252);
    EDGES.iter().all(|&n| divides(0, n) && EDGES.iter().all(|&d| divides(n, d)))
        && (0..2000).all(|_| {
            let (n, d) = (numbers.number(), numbers.number());
            d == 0 || divides(n, d)
        })
        && (0..2000).all(|_| moves(&mut numbers))
}
