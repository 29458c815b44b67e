use codetune_plugin_sdk::Error;
use serde_json::Value;

use crate::family::Family;
use crate::keys::Keys;

/// How far Mistral and Qwen2 look back where `sliding_window` is not given.
const DEFAULT_WINDOW: u32 = 4096;

/// The layer from which Qwen2 has windows where `max_window_layers` is not given.
const DEFAULT_FIRST: u64 = 28;

/// The sliding window of each layer, by the rules of each family's configuration class in transformers.
pub fn windows(keys: &Keys<'_>, family: Family, layers: u64) -> Result<Vec<Option<u32>>, Error> {
    let window = match keys.get("sliding_window") {
        // Null is no window, and no key is the window of the configuration class.
        None if family != Family::Llama => Some(DEFAULT_WINDOW),
        None | Some(Value::Null) => None,
        Some(_) => Some(
            u32::try_from(keys.size("sliding_window")?)
                .map_err(|_| keys.refuse("sliding_window", "it must fit 32 bits; use null for no window"))?,
        ),
    };
    match family {
        Family::Llama if window.is_some() => {
            Err(keys.refuse("sliding_window", "LlamaForCausalLM has none; use null"))
        }
        Family::Llama | Family::Mistral => {
            keys.only_flag("use_sliding_window", window.is_some())?;
            if window.is_none() {
                // Without a window it does not matter where windows begin.
                keys.get("max_window_layers");
            }
            // transformers looks at no list for these two, so it must say what they do.
            let kind = if window.is_some() { "sliding_attention" } else { "full_attention" };
            let same = |kinds: &[Value]| kinds.iter().all(|found| found.as_str() == Some(kind));
            if types(keys, layers)?.is_some_and(|kinds| !same(kinds)) {
                let needs = format!("this architecture has {kind} in every layer; leave the key out");
                return Err(keys.refuse("layer_types", &needs));
            }
            Ok(vec![window; layers as usize])
        }
        Family::Qwen2 => qwen2(keys, window, layers),
    }
}

fn qwen2(keys: &Keys<'_>, window: Option<u32>, layers: u64) -> Result<Vec<Option<u32>>, Error> {
    let used = keys.flag("use_sliding_window", false)?;
    let window = window.filter(|_| used);
    let first = match keys.get("max_window_layers") {
        None => DEFAULT_FIRST,
        Some(given) => given.as_u64().ok_or_else(|| {
            keys.refuse(
                "max_window_layers",
                "an integer of at least 0 is required, the first layer with a window",
            )
        })?,
    };
    let Some(types) = types(keys, layers)? else {
        return Ok((0..layers).map(|layer| window.filter(|_| layer >= first)).collect());
    };
    types
        .iter()
        .map(|kind| match kind.as_str() {
            Some("full_attention") => Ok(None),
            Some("sliding_attention") if window.is_some() => Ok(window),
            _ => Err(keys.refuse(
                "layer_types",
                "each must be full_attention, or sliding_attention where sliding_window is set and in use",
            )),
        })
        .collect()
}

/// The list of what each layer is, where there is one.
fn types<'a>(keys: &Keys<'a>, layers: u64) -> Result<Option<&'a [Value]>, Error> {
    if keys.absent("layer_types") {
        return Ok(None);
    }
    let list = keys.get("layer_types").and_then(Value::as_array).filter(|list| list.len() as u64 == layers);
    match list {
        Some(list) => Ok(Some(list)),
        None => {
            Err(keys.refuse("layer_types", &format!("it must list one type for each of {layers} layers")))
        }
    }
}
