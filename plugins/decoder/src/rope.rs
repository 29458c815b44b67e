use std::f64::consts::TAU;

use codetune_plugin_sdk::Error;
use serde_json::{Map, Value};

use crate::keys::Keys;

/// The base of models without `rope_theta` (Su et al., 2021).
const DEFAULT_THETA: f64 = 10_000.0;

/// The inverse frequencies of rotary positions, scaled according to `rope_parameters`, or the older `rope_scaling` and
/// `rope_theta`, which take precedence. Formulas: transformers' `modeling_rope_utils`.
pub fn inverse_frequencies(keys: &Keys<'_>, head_dim: u64, max_positions: u64) -> Result<Vec<f64>, Error> {
    let empty = Map::new();
    let given = |table: &str| !keys.absent(table) && keys.get(table) != Some(&Value::Object(Map::new()));
    // Both are read, so that neither counts as unsupported.
    let newer = given("rope_parameters");
    let table = if given("rope_scaling") || !newer { "rope_scaling" } else { "rope_parameters" };
    let scaling = match keys.get(table) {
        None | Some(Value::Null) => Keys::of(&empty),
        Some(Value::Object(object)) => Keys::of(object),
        Some(_) => return Err(keys.refuse(table, "an object or null is needed")),
    };
    let outer = keys.positive_or("rope_theta", DEFAULT_THETA)?;
    of_table(&scaling, outer, head_dim, max_positions).map_err(|error| within(table, error))
}

fn of_table(keys: &Keys<'_>, theta: f64, head_dim: u64, max_positions: u64) -> Result<Vec<f64>, Error> {
    keys.only_number("partial_rotary_factor", 1.0)?;
    let theta = keys.positive_or("rope_theta", theta)?;
    let plain = (0..head_dim / 2).map(|i| theta.powf(-((2 * i) as f64) / head_dim as f64)).collect();
    let scaled = scale(plain, keys, max_positions)?;
    refuse_ignored(keys)?;
    Ok(scaled)
}

/// Rejects keys that no formula above uses. transformers ignores them with a warning, but their author had a purpose.
fn refuse_ignored(keys: &Keys<'_>) -> Result<(), Error> {
    // These have no effect here, except for the types that use them.
    for key in ["original_max_position_embeddings", "finetuned"] {
        keys.get(key);
    }
    match keys.ignored().first() {
        None => Ok(()),
        Some(key) => Err(keys.refuse(key, "it is not supported here; remove it where it changes nothing")),
    }
}

fn scale(mut frequencies: Vec<f64>, keys: &Keys<'_>, max_positions: u64) -> Result<Vec<f64>, Error> {
    let key = if keys.absent("rope_type") { "type" } else { "rope_type" };
    let kind = match keys.get(key) {
        None | Some(Value::Null) => "default",
        Some(kind) => kind.as_str().unwrap_or_default(),
    };
    if !keys.absent("type") && keys.get("type") != keys.get(key) {
        return Err(keys.refuse("type", &format!("`rope_type` says {kind}; remove one of the two")));
    }
    match kind {
        "default" => {}
        "linear" => {
            let factor = keys.positive("factor")?;
            frequencies.iter_mut().for_each(|f| *f /= factor);
        }
        "llama3" => llama3(&mut frequencies, keys, max_positions)?,
        _ => return Err(keys.refuse(key, "only default, linear and llama3 are supported")),
    }
    Ok(frequencies)
}

/// Long wavelengths are scaled by `factor`, short ones are unchanged, and those in between are interpolated.
fn llama3(frequencies: &mut [f64], keys: &Keys<'_>, max_positions: u64) -> Result<(), Error> {
    let factor = keys.positive("factor")?;
    let (low, high) = (keys.positive("low_freq_factor")?, keys.positive("high_freq_factor")?);
    if low >= high {
        return Err(keys.refuse("low_freq_factor", &format!("it must be below high_freq_factor, {high}")));
    }
    let context = keys.size_or("original_max_position_embeddings", max_positions)? as f64;
    for frequency in frequencies {
        let wavelength = TAU / *frequency;
        if wavelength > context / low {
            *frequency /= factor;
        } else if wavelength >= context / high {
            let smooth = (context / wavelength - low) / (high - low);
            *frequency = (1.0 - smooth) * *frequency / factor + smooth * *frequency;
        }
    }
    Ok(())
}

fn within(table: &str, error: Error) -> Error {
    match error {
        Error::InvalidConfig(message) => Error::InvalidConfig(format!("in `{table}`: {message}")),
        other => other,
    }
}
