//! Formats of other languages, `"{} of %d"`, with their values put into an f-string.

/// The f-string that says the same as a plain literal, quotes included, with these values in its holes: `{}`, `{:?}`,
/// `%d` and the like. None if the holes are not as many, or not that simple.
pub(super) fn interpolated(literal: &str, values: &[&str]) -> Option<String> {
    let mut rest = literal.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::from("f\"");
    let mut values = values.iter();
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..)?;
        match c {
            '{' if rest.starts_with('{') => {
                text.push_str("{{");
                rest = rest.get(1..)?;
            }
            '{' => {
                let (hole, after) = rest.split_once('}')?;
                let format = match hole {
                    "" | ":?" | ":#?" => "",
                    _ => decimals(hole.strip_prefix(':')?.trim_end_matches('f'))?,
                };
                hole_with(&mut text, values.next()?, format)?;
                rest = after;
            }
            '}' => {
                rest = rest.strip_prefix('}').unwrap_or(rest);
                text.push_str("}}");
            }
            '%' if rest.starts_with('%') => {
                text.push('%');
                rest = rest.get(1..)?;
            }
            '%' => {
                let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
                let (flags, after) = rest.split_at(end);
                let kind = after.trim_start_matches(['l', 'z', 'h']);
                let format = match (kind.chars().next()?, flags) {
                    ('f', "") => ":.6",
                    ('f', flags) => decimals(flags)?,
                    ('d' | 'i' | 'u' | 's' | 'v' | 'g' | 'c', "") => "",
                    _ => return None,
                };
                hole_with(&mut text, values.next()?, format)?;
                rest = kind.get(1..)?;
            }
            '\\' => {
                text.push(c);
                let escaped = rest.chars().next()?;
                text.push(escaped);
                rest = rest.get(escaped.len_utf8()..)?;
            }
            c => text.push(c),
        }
    }
    text.push('"');
    (values.next().is_none() && text.contains('{')).then_some(text)
}

/// `.2` as `:.2`.
fn decimals(flags: &str) -> Option<&'static str> {
    const FORMATS: [&str; 10] = [":.0", ":.1", ":.2", ":.3", ":.4", ":.5", ":.6", ":.7", ":.8", ":.9"];
    let digits: usize = flags.strip_prefix('.')?.parse().ok()?;
    FORMATS.get(digits).copied()
}

fn hole_with(text: &mut String, value: &str, format: &str) -> Option<()> {
    // A brace at the beginning would be taken for an escaped one, and a line end is none of a plain string.
    if value.starts_with('{') || value.contains('\n') {
        return None;
    }
    text.push('{');
    text.push_str(value);
    text.push_str(format);
    text.push('}');
    Some(())
}

/// The names in the braces of a plain literal, if nothing else is in braces there.
pub(super) fn names_in_braces(literal: &str) -> Option<Vec<&str>> {
    let mut names = Vec::new();
    let mut rest = literal;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && name.bytes().next().is_some_and(|b| !b.is_ascii_digit());
        if !is_name || before.contains('}') {
            return None;
        }
        names.push(name);
        rest = after;
    }
    (!names.is_empty() && !rest.contains('}')).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_into_their_holes() {
        for (literal, values, due) in [
            ("\"x is {}\"", &["x"][..], Some("f\"x is {x}\"")),
            ("\"{:?} {:.2}\"", &["a", "b + 1"], Some("f\"{a} {b + 1:.2}\"")),
            ("\"%d%% of %s\\n\"", &["n", "s"], Some("f\"{n}% of {s}\\n\"")),
            ("\"%.2f\"", &["x"], Some("f\"{x:.2}\"")),
            ("\"%ld {{}}\"", &["n"], Some("f\"{n} {{}}\"")),
            ("\"{} {}\"", &["a"], None),
            ("\"{}\"", &["a", "b"], None),
            ("\"%5d\"", &["a"], None),
            ("\"plain\"", &[], None),
        ] {
            assert_eq!(interpolated(literal, values).as_deref(), due, "{literal}");
        }
        assert_eq!(names_in_braces("\"a {b} {c_1}\""), Some(vec!["b", "c_1"]));
        assert_eq!(names_in_braces("\"{} {a: 1}\""), None);
    }
}
