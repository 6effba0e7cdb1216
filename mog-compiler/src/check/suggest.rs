//! Finding what the author meant: the nearest known name.

/// Candidates that are looked at for one name, so that many mistakes among many names take linear time.
const CANDIDATES: usize = 200;

/// The candidate nearest to a name that is not known, if one is near enough: the same but for case and
/// underscores, or at most a third of its letters away.
pub(super) fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let bound = (name.len() / 3).clamp(1, 3);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates.into_iter().take(CANDIDATES) {
        if candidate.is_empty() || candidate == name {
            continue;
        }
        let limit = best.map_or(bound, |(distance, _)| distance.saturating_sub(1));
        let distance = if same_letters(name, candidate) { Some(0) } else { distance(name, candidate, limit) };
        // Of very short names nearly all are near each other: demand a common first letter.
        let plausible = name.len() > 2 || name.chars().next() == candidate.chars().next();
        if let Some(distance) = distance
            && plausible
            && best.is_none_or(|(known, _)| distance < known)
        {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn same_letters(a: &str, b: &str) -> bool {
    fn letters(s: &str) -> impl Iterator<Item = char> + '_ {
        s.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase())
    }
    a.len().abs_diff(b.len()) <= 4 && letters(a).eq(letters(b))
}

/// The number of single-letter edits (swaps of neighbours among them) between two names, if at most `limit`.
fn distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    const LONGEST: usize = 40;
    let length = |s: &str| s.chars().take(LONGEST).count();
    if length(a).abs_diff(length(b)) > limit {
        return None;
    }
    let (a, b): (Vec<char>, Vec<char>) =
        (a.chars().take(LONGEST).collect(), b.chars().take(LONGEST).collect());
    if a.len() == LONGEST || b.len() == LONGEST {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX / 2);
            let mut cost =
                (at(&above, j) + usize::from(x != y)).min(at(&above, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                cost = cost.min(at(&before, j - 1) + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().filter(|&cost| cost <= limit)
}

#[cfg(test)]
mod tests {
    use super::nearest;

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
