//! From analysed files to packed token sequences, with every token accounted for.
