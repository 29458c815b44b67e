//! The one bound that depends on the model.

use super::{
    table::MAX_SEQ_LENGTH,
    violation::{Rule, Violation},
};

/// Checks `max_seq_length`: 1 to 8192 tokens, or up to the model's `max_position_embeddings` where that is
/// larger.
///
/// # Errors
///
/// Out of bounds.
pub fn check_max_seq_length(value: i64, max_position_embeddings: Option<i64>) -> Result<i64, Violation> {
    let violation = match MAX_SEQ_LENGTH.check_integer(value) {
        Ok(value) => return Ok(value),
        Err(violation) => violation,
    };
    match max_position_embeddings {
        Some(positions) if violation.rule == Rule::TooLarge => {
            if value <= positions {
                return Ok(value);
            }
            let expected = format!(
                "{} or up to the model's max_position_embeddings, which is {positions}",
                MAX_SEQ_LENGTH.kind
            );
            Err(Violation { expected, ..violation })
        }
        _ => Err(violation),
    }
}
