//! Finding what the author meant: the nearest known name.

use super::Checker;

/// Candidates that are looked at for one name, so that many mistakes among many names take linear time.
const CANDIDATES: usize = 200;

impl Checker<'_> {
    /// What to suggest instead of a name: nothing where the error that says it would be dropped.
    pub(super) fn nearest<'c>(
        &self,
        name: &str,
        candidates: impl IntoIterator<Item = &'c str>,
    ) -> Option<&'c str> {
        if self.diagnostics.is_full() { None } else { nearest(name, candidates) }
    }
}

/// The candidate nearest to a name that is not known, if one is near enough: the same but for case and
/// underscores, or at most a third of its letters away.
pub(super) fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let bound = (name.len() / 3).clamp(1, 3);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates.into_iter().take(CANDIDATES) {
        if candidate.is_empty() || candidate == name {
            continue;
        }
        // Of very short names nearly all are near each other: demand a common first letter.
        if name.len() <= 2 && name.chars().next() != candidate.chars().next() {
            continue;
        }
        let limit = best.map_or(bound, |(distance, _)| distance.saturating_sub(1));
        let distance = if same_letters(name, candidate) { Some(0) } else { distance(name, candidate, limit) };
        if let Some(distance) = distance
            && best.is_none_or(|(known, _)| distance < known)
        {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn same_letters(a: &str, b: &str) -> bool {
    fn plain(name: &str) -> impl Iterator<Item = char> {
        name.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase())
    }
    a.len().abs_diff(b.len()) <= 4 && plain(a).eq(plain(b))
}

/// Letters of a name from which on it is near no other; a row of distances has one more entry than its name letters.
const LONGEST: usize = 40;

/// The number of single-letter edits (swaps of neighbours among them) between two names, if at most `limit`.
fn distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    let (mut letters_a, mut letters_b) = (['\0'; LONGEST], ['\0'; LONGEST]);
    let (a, b) = (letters(a, &mut letters_a)?, letters(b, &mut letters_b)?);
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    // Distances between the beginnings of both names: a row for each letter of `a`, of which three are kept.
    let mut before = [0; LONGEST];
    let mut above: [usize; LONGEST] = core::array::from_fn(|j| j);
    for (i, x) in a.iter().enumerate() {
        let mut row = [i + 1; LONGEST];
        for (j, y) in b.iter().enumerate() {
            let mut cost = (above[j] + usize::from(x != y)).min(above[j + 1] + 1).min(row[j] + 1);
            let swapped = i > 0 && j > 0 && a[i - 1] == *y && b[j - 1] == *x;
            if swapped {
                cost = cost.min(before[j - 1] + 1);
            }
            row[j + 1] = cost;
        }
        // Every later distance is at least one of these two rows.
        if row[..=b.len()].iter().chain(&above[..=b.len()]).all(|&cost| cost > limit) {
            return None;
        }
        before = core::mem::replace(&mut above, row);
    }
    Some(above[b.len()]).filter(|&cost| cost <= limit)
}

/// The letters of a name; `None` if it is too long.
fn letters<'l>(name: &str, into: &'l mut [char; LONGEST]) -> Option<&'l [char]> {
    let mut count = 0;
    for letter in name.chars() {
        if count + 1 == LONGEST {
            return None;
        }
        into[count] = letter;
        count += 1;
    }
    Some(&into[..count])
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, distance, nearest};

    #[test]
    fn counts_single_letter_edits() {
        for (a, b, edits) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("abcd", "bacd", 1),
            ("abcd", "badc", 2),
            ("äöü", "äü", 1),
        ] {
            assert_eq!(distance(a, b, 3), Some(edits), "{a} {b}");
            assert_eq!(distance(a, b, edits), Some(edits), "{a} {b}");
            assert_eq!(edits.checked_sub(1).and_then(|limit| distance(a, b, limit)), None, "{a} {b}");
        }
    }

    #[test]
    fn names_of_every_length() {
        for length in 0..LONGEST + 5 {
            let name = "x".repeat(length);
            let near = Some(1).filter(|_| length + 1 < LONGEST);
            assert_eq!(distance(&name, &(name.clone() + "y"), 2), near, "{length}");
            assert_eq!(distance(&(name.clone() + "y"), &name, 2), near, "{length}");
            assert_eq!(distance(&name, &name, 2), Some(0).filter(|_| length < LONGEST), "{length}");
        }
    }

    #[test]
    fn finds_typing_errors() {
        let names = ["println", "print", "total", "count"];
        assert_eq!(nearest("pritnln", names), Some("println"));
        assert_eq!(nearest("totl", names), Some("total"));
        assert_eq!(nearest("Count", names), Some("count"));
        assert_eq!(nearest("banana", names), None);
    }

    #[test]
    fn ignores_case_style() {
        assert_eq!(nearest("startsWith", ["starts_with", "ends_with"]), Some("starts_with"));
    }
}
