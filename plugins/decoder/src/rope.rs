use std::f64::consts::TAU;

use codetune_plugin_sdk::Error;
use serde_json::{Map, Value};

use crate::config::Keys;

/// The base that models before `rope_theta` use (Su et al., 2021).
const DEFAULT_THETA: f64 = 10_000.0;

/// The inverse frequencies of rotary positions, scaled as `rope_parameters`, or the older `rope_scaling` with
/// `rope_theta`, says; the older goes first where both are given. Formulas: transformers' `modeling_rope_utils`.
pub fn inverse_frequencies(keys: &Keys<'_>, head_dim: u64) -> Result<Vec<f64>, Error> {
    let given = |table: &str| !keys.absent(table) && keys.0.get(table) != Some(&Value::Object(Map::new()));
    let table = if given("rope_scaling") { "rope_scaling" } else { "rope_parameters" };
    let empty = Map::new();
    let scaling = match keys.0.get(table) {
        None | Some(Value::Null) => Keys(&empty),
        Some(Value::Object(object)) => Keys(object),
        Some(_) => return Err(keys.refuse(table, "an object or null is needed")),
    };
    if scaling.0.contains_key("partial_rotary_factor") && scaling.positive("partial_rotary_factor")? != 1.0 {
        return Err(within(table, scaling.refuse("partial_rotary_factor", "only 1 is supported")));
    }
    let theta = match scaling.absent("rope_theta") {
        true => keys.positive_or("rope_theta", DEFAULT_THETA)?,
        false => scaling.positive("rope_theta").map_err(|e| within(table, e))?,
    };
    let plain = (0..head_dim / 2).map(|i| theta.powf(-((2 * i) as f64) / head_dim as f64)).collect();
    scale(plain, &scaling).map_err(|e| within(table, e))
}

fn scale(mut frequencies: Vec<f64>, keys: &Keys<'_>) -> Result<Vec<f64>, Error> {
    let key = if keys.absent("rope_type") { "type" } else { "rope_type" };
    let kind = match keys.0.get(key) {
        None | Some(Value::Null) => "default",
        Some(kind) => kind.as_str().unwrap_or_default(),
    };
    match kind {
        "default" => {}
        "linear" => {
            let factor = keys.positive("factor")?;
            frequencies.iter_mut().for_each(|f| *f /= factor);
        }
        "llama3" => llama3(&mut frequencies, keys)?,
        _ => return Err(keys.refuse(key, "only default, linear and llama3 are supported")),
    }
    Ok(frequencies)
}

/// Long waves are slowed down by `factor`, short ones stay, those between are mixed.
fn llama3(frequencies: &mut [f64], keys: &Keys<'_>) -> Result<(), Error> {
    let factor = keys.positive("factor")?;
    let (low, high) = (keys.positive("low_freq_factor")?, keys.positive("high_freq_factor")?);
    if low >= high {
        return Err(keys.refuse("low_freq_factor", &format!("it must be below high_freq_factor, {high}")));
    }
    let context = keys.size("original_max_position_embeddings")? as f64;
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
