use crate::function::{Complexity, Function};

/// Adds to each function's own cognitive complexity what the functions in it add, and gives the sum of all code.
///
/// A nested function belongs to the one around it, a level deeper. Two idioms are exempt (*Cognitive Complexity*, 2023,
/// "Compensating usages"): a decorator does not deepen what it returns, and where functions stand in for namespaces
/// (`declarative`), one without branches of its own has no part in those in it.
///
/// Where `nested` is false each function counts for itself, from nothing.
pub(crate) fn accumulate(
    functions: &mut [Function],
    outside: Complexity,
    nested: bool,
    declarative: bool,
) -> usize {
    let mut sum = outside.cognitive;
    let mut structures: Vec<usize> = functions.iter().map(|f| f.complexity.structures).collect();
    // Functions are in order of their start, so those in a function come after it.
    for index in (0..functions.len()).rev() {
        let (before, rest) = functions.split_at_mut(index);
        let Some(function) = rest.first_mut() else { continue };
        function.cognitive += function.complexity.cognitive;
        let outer = function.outer.filter(|_| nested);
        let around = outer.and_then(|outer| Some((outer, before.get_mut(outer.function)?)));
        match around.filter(|(_, around)| !declarative || around.complexity.structures > 0) {
            Some((outer, around)) => {
                let weight = if around.decorator { 0 } else { outer.weight };
                let inner = structures.get(index).copied().unwrap_or_default();
                around.cognitive += function.cognitive + weight * inner;
                if let Some(structures) = structures.get_mut(outer.function) {
                    *structures += inner;
                }
            }
            None => sum += function.cognitive,
        }
    }
    sum
}
