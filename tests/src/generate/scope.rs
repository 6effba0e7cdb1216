//! Variables in scope.

use super::types::Ty;

/// A variable.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) ty: Ty,
    /// Whether it may be assigned to: not what counts loops or bounds recursion.
    pub(super) assignable: bool,
}

/// Variables, innermost last.
#[derive(Clone, Default)]
pub(super) struct Scope {
    variables: Vec<Variable>,
}

impl Scope {
    pub(super) fn bind(&mut self, name: &str, ty: Ty, assignable: bool) {
        self.variables.push(Variable { name: name.to_owned(), ty, assignable });
    }

    /// How many there are, for [`Self::leave`].
    pub(super) fn len(&self) -> usize {
        self.variables.len()
    }

    /// Forgets those of an inner scope.
    pub(super) fn leave(&mut self, len: usize) {
        self.variables.truncate(len);
    }

    /// Those that no other one hides, innermost first.
    pub(super) fn visible(&self) -> Vec<Variable> {
        let mut seen: Vec<&Variable> = Vec::new();
        for variable in self.variables.iter().rev() {
            if seen.iter().all(|other| other.name != variable.name) {
                seen.push(variable);
            }
        }
        seen.into_iter().cloned().collect()
    }

    /// Those that are visible and pass.
    pub(super) fn such(&self, wanted: impl Fn(&Variable) -> bool) -> Vec<Variable> {
        let mut found = self.visible();
        found.retain(wanted);
        found
    }
}
