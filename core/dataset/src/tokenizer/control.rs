//! The control tokens of tokenizers that are trained here.

use serde_json::json;

/// The control tokens that training adds, ids 0 to 4 in this order (the names of Qwen and StarCoder2).
pub const CONTROL_TOKENS: [&str; 5] =
    ["<|endoftext|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>"];

/// The `tokenizer_config.json` that belongs to [`CONTROL_TOKENS`].
pub(super) fn trained_config() -> Vec<u8> {
    let [end, prefix, middle, suffix, pad] = CONTROL_TOKENS;
    let config = json!({
        "tokenizer_class": "PreTrainedTokenizerFast",
        "add_prefix_space": false,
        "clean_up_tokenization_spaces": false,
        "eos_token": end,
        "pad_token": pad,
        "additional_special_tokens": [prefix, middle, suffix],
    });
    format!("{config:#}\n").into_bytes()
}
