//! What the program promises about being killed and about bad input, from the outside.

mod place;
mod resume;
