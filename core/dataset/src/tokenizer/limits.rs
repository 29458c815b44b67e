//! What a `tokenizer.json` must not ask for, found before it is loaded.

use serde_json::Value;

/// How much longer normalizing may make a text, and decoding a token.
const GROWTH: u64 = 256;

/// Refuses what would draw tokens at random, take memory without end, or is no data of its kind.
///
/// # Errors
/// Says what and where.
pub(super) fn check(json: &Value) -> Result<(), String> {
    let dropout = json.pointer("/model/dropout");
    if let Some(rate) = dropout.filter(|rate| !rate.is_null() && rate.as_f64() != Some(0.0)) {
        return Err(format!(
            "`dropout` of its model is {rate}, with which the tokens of a text are drawn anew each time; set it to null"
        ));
    }
    for part in ["normalizer", "pre_tokenizer", "post_processor", "decoder"] {
        let Some(value) = json.get(part) else { continue };
        let growth = growth(value).map_err(|cause| format!("its {part}: {cause}"))?;
        if growth > GROWTH {
            return Err(format!(
                "its {part} may make a text {} times as long, and {GROWTH} times is allowed",
                if growth == u64::MAX { "countless".to_owned() } else { growth.to_string() }
            ));
        }
    }
    Ok(())
}

/// How many bytes become of one, by what is replaced in all the steps.
fn growth(value: &Value) -> Result<u64, String> {
    let parts: Vec<&Value> = match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(fields) => fields.values().collect(),
        _ => return Ok(1),
    };
    let mut product = 1_u64;
    for part in parts {
        product = product.saturating_mul(growth(part)?);
    }
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    match text("type") {
        Some("Replace") => {
            let content = text("content").unwrap_or_default().len() as u64;
            let pattern = value.pointer("/pattern/String").and_then(Value::as_str);
            if pattern == Some("") {
                return Err("it replaces the empty text, which is everywhere".to_owned());
            }
            // A regular expression may match as little as a character.
            let replaced = pattern.map_or(1, |pattern| pattern.len() as u64);
            product = product.saturating_mul(content.div_ceil(replaced).max(1));
        }
        Some("Precompiled") => check_map(text("precompiled_charsmap").unwrap_or_default())?,
        _ => {}
    }
    Ok(product)
}

/// Refuses a map of SentencePiece that says to be larger than it is: a size in four bytes, that many bytes of a trie, and
/// texts. Its reader would first make room for what it says.
fn check_map(encoded: &str) -> Result<(), String> {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(encoded)
        .map_err(|error| format!("`precompiled_charsmap` is no base64: {error}"))?;
    let (size, rest) = bytes.split_first_chunk::<4>().ok_or("`precompiled_charsmap` is empty")?;
    match u32::from_le_bytes(*size) as usize {
        size if size > rest.len() => Err(format!(
            "`precompiled_charsmap` begins with the size {size}, and {} bytes follow",
            rest.len()
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tokens_that_are_drawn_at_random_are_refused() {
        for (dropout, refused) in
            [(json!(null), false), (json!(0.0), false), (json!(0.1), true), (json!(1), true)]
        {
            let result = check(&json!({"model": {"dropout": dropout}}));
            assert_eq!(
                result.is_err_and(|error| error.contains("`dropout` of its model is")),
                refused,
                "{dropout}"
            );
        }
    }

    #[test]
    fn texts_that_grow_without_end_are_refused_before_one_does() {
        let replace = |pattern: &str, content: &str| json!({"type": "Replace", "pattern": {"String": pattern}, "content": content});
        let sequence = |parts: Vec<Value>| json!({"normalizer": {"type": "Sequence", "normalizers": parts}});
        let tens = vec![replace("a", "aaaaaaaaaa"); 9];
        let error = check(&sequence(tens)).unwrap_err();
        assert!(error.contains("normalizer may make a text 1000000000 times as long"), "{error}");
        let error = check(&json!({"decoder": replace("a", &"b".repeat(300))})).unwrap_err();
        assert!(error.contains("decoder may make a text 300 times as long"), "{error}");
        let regex = json!({"type": "Replace", "pattern": {"Regex": "."}, "content": "b".repeat(300)});
        assert!(check(&sequence(vec![regex])).is_err());
        assert!(check(&sequence(vec![replace("", "b")])).unwrap_err().contains("the empty text"));
        // As Llama, Mistral and CLIP have them.
        check(&sequence(vec![
            json!({"type": "Prepend", "prepend": "▁"}),
            replace(" ", "▁"),
            replace("``", "\""),
        ]))
        .unwrap();
    }

    #[test]
    fn a_map_of_characters_is_as_large_as_it_says() {
        let of =
            |map: &str| check(&json!({"normalizer": {"type": "Precompiled", "precompiled_charsmap": map}}));
        assert!(of("////fwAAAAA=").unwrap_err().contains("size 2147483647, and 4 bytes follow"));
        assert!(of("AAAA").unwrap_err().contains("is empty"));
        assert!(of("?").unwrap_err().contains("no base64"));
        of("BAAAAAAAAAA=").unwrap();
    }
}
