//! Programs that allocate, and one that calls its host.

use std::collections::HashMap;

struct Tree(Option<(Box<Tree>, Box<Tree>)>);

fn tree(depth: i64) -> Box<Tree> {
    Box::new(Tree((depth > 0).then(|| (tree(depth - 1), tree(depth - 1)))))
}

fn nodes(tree: &Tree) -> i64 {
    match &tree.0 {
        Some((left, right)) => 1 + nodes(left) + nodes(right),
        None => 1,
    }
}

/// Binary trees that are made and counted; one lives on.
#[must_use]
pub fn bintrees(n: i64) -> i64 {
    let mut sum = nodes(&tree(n + 1));
    let long = tree(n);
    for depth in (4..=n).step_by(2) {
        for _ in 0..1i64 << (n - depth + 4) {
            sum += nodes(&tree(depth));
        }
    }
    sum + nodes(&long)
}

/// A string that is built from pieces, and searched.
#[must_use]
pub fn strs(n: i64) -> i64 {
    let mut text = String::new();
    for i in 0..n {
        text.push_str(if i % 2 == 0 { "ab" } else { "cda" });
    }
    let found = text.bytes().filter(|&byte| byte == b'a').count();
    text.len() as i64 * 1_000_000 + found as i64
}

/// A string to which pieces are appended one by one.
#[must_use]
pub fn append(n: i64) -> i64 {
    let mut text = String::new();
    for _ in 0..n {
        text.push_str(std::hint::black_box("piece"));
    }
    text.len() as i64
}

/// A map with integer keys: insertion, hits and misses.
#[must_use]
pub fn map(n: i64) -> i64 {
    let keys = || std::iter::successors(Some(42 * 16807), |seed: &i64| Some(seed * 16807 % 2_147_483_647));
    let mut map = HashMap::new();
    for (seed, i) in keys().zip(0..n) {
        map.insert(seed, i);
    }
    let mut sum = 0;
    for (seed, _) in keys().zip(0..n) {
        sum += map.get(&seed).copied().unwrap_or(0) + i64::from(map.contains_key(&(seed + 1)));
    }
    sum
}

/// Calls of a function of the host's.
pub fn host(n: i64, nop: impl Fn(i64) -> i64) -> i64 {
    (0..n).map(nop).sum()
}
