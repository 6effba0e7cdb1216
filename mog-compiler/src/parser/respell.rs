//! Bodies without braces, repaired: what has to change for a whole `if … elif … else` or function of another language is
//! one edit, given with the first report about it.

use crate::ast::Span;
use crate::diagnostic::{Diagnostic, Fix};

use super::Parser;

/// The edits of a construct that is being parsed.
#[derive(Default)]
pub(super) struct Respelling {
    /// What to replace, and by what, in source order but for what encloses something.
    edits: Vec<(Span, String)>,
    /// The diagnostic that tells of it, by its position.
    report: Option<usize>,
    /// Bodies without braces that are open.
    open: u32,
}

impl Parser<'_> {
    /// Reports what a coming [`Parser::respell`] repairs.
    pub(super) fn report_respelled(&mut self, error: Diagnostic) {
        let at = self.diagnostics.len();
        self.report(error);
        if self.diagnostics.len() > at {
            self.respelling.report.get_or_insert(at);
        }
    }

    /// Something to write differently once all of the construct is known.
    pub(super) fn respell(&mut self, span: Span, text: impl Into<String>) {
        self.respelling.edits.push((span, text.into()));
    }

    /// Parses a body without braces.
    pub(super) fn without_braces<R>(&mut self, parse: impl FnOnce(&mut Self) -> R) -> R {
        self.respelling.open += 1;
        let body = parse(self);
        self.respelling.open -= 1;
        body
    }

    /// Forgets what was to be respelled in a construct that is reported otherwise.
    pub(super) fn drop_respelling(&mut self) {
        if self.respelling.open == 0 {
            self.respelling = Respelling::default();
        }
    }

    /// After a statement: if no body around it lacks braces, what was to be respelled becomes the fix of its report.
    #[inline]
    pub(super) fn finish_respelling(&mut self) {
        if self.respelling.open == 0 && !self.respelling.edits.is_empty() {
            self.report_edits();
        }
    }

    #[cold]
    fn report_edits(&mut self) {
        let Respelling { mut edits, report, .. } = std::mem::take(&mut self.respelling);
        edits.sort_by_key(|(span, _)| (span.start, span.end));
        let (Some(report), Some(&(first, _)), Some(&(last, _))) = (report, edits.first(), edits.last())
        else {
            return;
        };
        let (mut text, mut at) = (String::new(), first.start);
        for (span, new) in edits {
            text.push_str(self.text(Span::new(at.min(span.start), span.start)));
            text.push_str(&new);
            at = span.end;
        }
        self.diagnostics.set_fix(report, Fix { span: first.to(last), replacement: text });
    }
}
