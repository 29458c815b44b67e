//! The bound of the sequence length, which depends on the model.

use super::{
    table::MAX_SEQ_LENGTH,
    violation::{Constraint, Violation},
};

/// Checks `max_seq_length`: from 1 to 8192 tokens, or to the model's `max_position_embeddings` if that is larger.
///
/// # Errors
///
/// The value is out of bounds.
pub fn check_max_seq_length(value: i64, max_position_embeddings: Option<i64>) -> Result<i64, Violation> {
    let violation = match MAX_SEQ_LENGTH.check_integer(value) {
        Ok(value) => return Ok(value),
        Err(violation) => violation,
    };
    match max_position_embeddings {
        Some(positions) if violation.constraint == Constraint::TooLarge => {
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
