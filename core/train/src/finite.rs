//! Whether what was trained are numbers.

use std::collections::HashMap;

use candle_core::{DType, Storage, Tensor};

/// A tensor by its name, a place in it and the value there, which is NaN or an infinity.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NotFinite {
    pub name: String,
    pub place: usize,
    pub value: f32,
}

/// The first value that is no finite number, by the order of the names; tensors of another type than float32 are for
/// others to refuse.
pub(super) fn not_finite(tensors: &HashMap<String, Tensor>) -> Option<NotFinite> {
    let mut names: Vec<_> = tensors.iter().collect();
    names.sort_unstable_by_key(|(name, _)| *name);
    names.into_iter().find_map(|(name, tensor)| {
        let (place, value) = first(tensor)?;
        Some(NotFinite { name: name.clone(), place, value })
    })
}

fn first(tensor: &Tensor) -> Option<(usize, f32)> {
    if tensor.dtype() != DType::F32 {
        return None;
    }
    let find = |values: &[f32]| values.iter().copied().enumerate().find(|(_, value)| !value.is_finite());
    let (storage, layout) = tensor.storage_and_layout();
    if let (Storage::Cpu(storage), Some((start, end))) = (&*storage, layout.contiguous_offsets())
        && let Ok(values) = storage.as_slice::<f32>()
    {
        return find(values.get(start..end)?);
    }
    drop(storage);
    find(&tensor.flatten_all().and_then(|tensor| tensor.to_vec1::<f32>()).ok()?)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn the_first_value_that_is_no_number_is_found_in_tensors_of_any_layout() {
        let tensor = |value: f32| {
            let mut values = vec![1.0; 12];
            values[7] = value;
            Tensor::from_vec(values, (3, 4), &Device::Cpu).unwrap()
        };
        let of = |pairs: Vec<(&str, Tensor)>| {
            not_finite(&pairs.into_iter().map(|(name, tensor)| (name.to_owned(), tensor)).collect())
        };
        let found = |name: &str, place, value| Some(NotFinite { name: name.to_owned(), place, value });
        assert_eq!(of(vec![("a", tensor(f32::MAX)), ("b", tensor(-0.0))]), None);
        let infinite = vec![("b", tensor(f32::INFINITY)), ("a", tensor(0.0)), ("c", tensor(f32::INFINITY))];
        assert_eq!(of(infinite), found("b", 7, f32::INFINITY));
        let turned = tensor(f32::NEG_INFINITY).t().unwrap();
        assert_eq!(of(vec![("a", turned)]), found("a", 10, f32::NEG_INFINITY));
        let part = tensor(f32::NEG_INFINITY).narrow(0, 1, 1).unwrap();
        assert_eq!(of(vec![("a", part)]), found("a", 3, f32::NEG_INFINITY));
        assert!(of(vec![("a", tensor(f32::NAN))]).is_some_and(|found| found.value.is_nan()));
    }
}
