//! Numbers: the values of their tokens.

use crate::ast::{ExprId, ExprKind, Span};
use crate::diagnostic::Diagnostic;
use crate::lexer::T;

use super::Parser;

impl Parser<'_> {
    pub(super) fn int(&mut self) -> ExprKind {
        let text = self.text(self.tok.span());
        let (digits, radix) = match text.as_bytes() {
            [b'0', b'x' | b'X', ..] => (text.get(2..).unwrap_or(""), 16),
            [b'0', b'b' | b'B', ..] => (text.get(2..).unwrap_or(""), 2),
            _ => (text, 10),
        };
        let mut value = Some(0_u64);
        for digit in digits.bytes().filter(|&digit| digit != b'_') {
            let digit = match digit {
                b'0'..=b'9' => digit - b'0',
                _ => (digit | 0x20).wrapping_sub(b'a').wrapping_add(10),
            };
            value = value.and_then(|value| value.checked_mul(radix)?.checked_add(u64::from(digit)));
        }
        if value.is_none() {
            self.report(
                Diagnostic::error("number", self.tok.span(), "this integer does not fit 64 bits")
                    .label("an `int` goes from -9223372036854775808 to 9223372036854775807")
                    .help("a float of this size is written with `.0` or an exponent"),
            );
            return ExprKind::Error;
        }
        ExprKind::Int(value.unwrap_or(0))
    }

    /// `.5`, which other implementations accept.
    pub(super) fn at_bare_fraction(&self) -> bool {
        let next = self.peek(1);
        matches!(next.kind, T::Int | T::Float)
            && next.start == self.tok.end
            && !self.text(next.span()).contains(['.', 'x', 'X', 'b', 'B'])
    }

    pub(super) fn bare_fraction(&mut self) -> ExprId {
        let start = self.tok.start;
        self.bump();
        let span = Span::new(start, self.tok.end);
        let kind = self.float(span);
        self.bump();
        self.expr_at(kind, span)
    }

    #[inline(never)]
    pub(super) fn float(&mut self, span: Span) -> ExprKind {
        let text = self.text(span);
        if let Some(value) = short_float(text) {
            return ExprKind::Float(value);
        }
        let value = if text.contains('_') { text.replace('_', "").parse() } else { text.parse::<f64>() };
        match value {
            Ok(value) if value.is_finite() => ExprKind::Float(value),
            _ => {
                self.report(
                    Diagnostic::error("number", span, "this number is too large for a float")
                        .label("a float goes up to about 1.8e308"),
                );
                ExprKind::Error
            }
        }
    }
}

/// The value of `digits.digits` with at most 15 digits. Both numbers are exact then, so the quotient is rounded once:
/// W. D. Clinger, How to Read Floating Point Numbers Accurately, 1990.
fn short_float(text: &str) -> Option<f64> {
    const TENS: [f64; 16] =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    if text.len() > 16 {
        return None;
    }
    let (mut digits, mut decimals) = (0_u64, None);
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => {
                digits = 10 * digits + u64::from(byte - b'0');
                decimals = decimals.map(|count| count + 1);
            }
            b'.' if decimals.is_none() => decimals = Some(0_usize),
            _ => return None,
        }
    }
    Some(digits as f64 / TENS.get(decimals?)?)
}

#[cfg(test)]
mod tests {
    use super::short_float;

    #[test]
    fn short_floats_are_what_the_library_makes_of_them() {
        let texts = [
            "0.0",
            "0.1",
            "1.5",
            "0.99",
            "1000.0",
            "3.14159265358979",
            "123456789012345.0",
            "0.12345678901234",
        ];
        let products = (1..2000_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 14);
        let made = products.map(|n| format!("{}.{}", n % 10_u64.pow((n % 8) as u32 + 1), n >> (20 + n % 30)));
        for text in texts.map(str::to_owned).into_iter().chain(made) {
            if let Some(value) = short_float(&text) {
                assert_eq!(text.parse().map(f64::to_bits), Ok(value.to_bits()), "{text}");
            } else {
                assert!(text.len() > 16, "{text}");
            }
        }
        for text in ["1e3", "1.5e3", "1_000.0", "12345678901234567.0", "1"] {
            assert_eq!(short_float(text), None, "{text}");
        }
    }
}
