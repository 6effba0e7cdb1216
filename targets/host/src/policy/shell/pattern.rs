//! Patterns of arguments.

/// A pattern: what each argument must look like.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Pattern(Vec<Part<Vec<Part<char>>>>);

/// A part of a sequence.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Part<T> {
    /// Exactly one of these.
    One(T),
    /// Any number of anything.
    Any,
}

impl Pattern {
    /// A pattern from words between spaces; without words, that of no arguments.
    pub(super) fn new(text: &str) -> Self {
        let word = |word: &str| match word {
            "**" => Part::Any,
            word => {
                Part::One(word.chars().map(|c| if c == '*' { Part::Any } else { Part::One(c) }).collect())
            }
        };
        Self(text.split_whitespace().map(word).collect())
    }

    /// Whether arguments are as it says. `*` in front takes an option for anything else only if that is asked for.
    pub(super) fn matches(&self, args: &[String], options: bool) -> bool {
        matches(&self.0, args, |word, arg| {
            let is_option = arg.starts_with('-') && matches!(word.first(), Some(Part::Any));
            let chars: Vec<char> = arg.chars().collect();
            (options || !is_option) && matches(word, &chars, |one, other| one == other)
        })
    }
}

/// Whether items are as parts say, without recursion: after `Any`, as few items as possible, and one more whenever the rest
/// does not fit.
fn matches<P, I>(parts: &[Part<P>], items: &[I], fits: impl Fn(&P, &I) -> bool) -> bool {
    let (mut part, mut item) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match (parts.get(part), items.get(item)) {
            (None, None) => return true,
            (Some(Part::Any), _) => {
                part += 1;
                retry = Some((part, item));
                continue;
            }
            (Some(Part::One(one)), Some(other)) if fits(one, other) => {
                (part, item) = (part + 1, item + 1);
                continue;
            }
            _ => {}
        }
        match retry {
            Some((after, from)) if from < items.len() => {
                retry = Some((after, from + 1));
                (part, item) = (after, from + 1);
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, args: &[&str]) -> bool {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        Pattern::new(pattern).matches(&args, false)
    }

    #[test]
    fn words_and_stars() {
        assert!(matches("", &[]));
        assert!(!matches("", &["a"]));
        assert!(!matches("a", &[]));
        assert!(matches("log *", &["log", "a b"]));
        assert!(!matches("log *", &["log", "a", "b"]));
        assert!(matches("log **", &["log"]));
        assert!(matches("log ** x", &["log", "a", "x", "x"]));
        assert!(!matches("log ** x", &["log", "a", "x", "y"]));
        assert!(matches("*.txt", &["a.txt"]));
        assert!(matches("a*b*c", &["aXbXbXc"]));
        assert!(!matches("a*b*c", &["aXbXcX"]));
        assert!(!matches("*", &["a", "b"]));
        assert!(matches("*", &[""]));
    }

    #[test]
    fn a_star_is_no_option() {
        assert!(!matches("*", &["-exec"]));
        assert!(!matches("*x*", &["-exec"]));
        assert!(matches("-*", &["-exec"]));
        assert!(matches("**", &["-exec"]));
        assert!(Pattern::new("*").matches(&["-exec".to_owned()], true));
    }

    #[test]
    fn no_pattern_takes_exponential_time() {
        let long = "a".repeat(20_000);
        assert!(!matches(&format!("{}b", "a*".repeat(50)), &[&long]));
        let many = vec!["a"; 2000];
        assert!(!matches(&format!("{}b", "** a ".repeat(50)), &many));
    }
}
