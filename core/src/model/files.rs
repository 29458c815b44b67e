use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use half::{bf16, f16};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::error::{ModelError, Result};

/// Reads every tensor of a safetensors file as `dtype`.
pub(super) fn read_safetensors(path: &Path, dtype: DType) -> Result<BTreeMap<String, Tensor>> {
    let bytes = fs::read(path).map_err(ModelError::read(path))?;
    let corrupt = |message: String| ModelError::Corrupt { path: path.to_owned(), message };
    let file = SafeTensors::deserialize(&bytes).map_err(|e| corrupt(e.to_string()))?;
    file.tensors()
        .into_iter()
        .map(|(name, view)| {
            let kind = view.dtype();
            let unsupported = || ModelError::Dtype {
                path: path.to_owned(),
                tensor: name.clone(),
                found: format!("{kind:?}"),
            };
            let values = decode(&view).ok_or_else(unsupported)?;
            if let Some(place) = values.iter().position(|value| !value.is_finite()) {
                let (path, tensor) = (path.to_owned(), name.clone());
                return Err(ModelError::NotFinite { path, tensor, place, value: values[place] });
            }
            let tensor = Tensor::from_vec(values, view.shape(), &Device::Cpu).and_then(|t| t.to_dtype(dtype));
            let tensor = tensor.map_err(|error| corrupt(format!("tensor {name} cannot be made: {error}")))?;
            Ok((name, tensor))
        })
        .collect()
}

/// The numbers of a tensor; nothing where they are of a type that is not read.
fn decode(view: &TensorView<'_>) -> Option<Vec<f32>> {
    let bytes = view.data();
    Some(match view.dtype() {
        Dtype::F32 => bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
        Dtype::F16 => bytes.as_chunks().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect(),
        Dtype::BF16 => bytes.as_chunks().0.iter().map(|b| bf16::from_le_bytes(*b).to_f32()).collect(),
        _ => return None,
    })
}

/// Writes tensors as f32 with the metadata that transformers asks for; equal tensors give equal bytes.
pub(super) fn write_safetensors(path: &Path, tensors: &BTreeMap<String, Tensor>) -> Result<()> {
    let mut encoded = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        let values: Vec<f32> = tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?;
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        encoded.push((name.as_str(), tensor.dims().to_vec(), bytes));
    }
    let refused = |e: safetensors::SafeTensorError| ModelError::Write {
        path: path.to_owned(),
        source: std::io::Error::other(e.to_string()),
    };
    let mut views = Vec::with_capacity(encoded.len());
    for (name, shape, bytes) in &encoded {
        views.push((*name, TensorView::new(Dtype::F32, shape.clone(), bytes).map_err(refused)?));
    }
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    let bytes = safetensors::serialize(views, Some(metadata)).map_err(refused)?;
    crate::files::write(path, &bytes).map_err(ModelError::write(path))
}

/// Says which of `tensors` are missing, not expected, or of another shape than `expected` has them.
pub(super) fn check_shapes<'a>(
    path: &Path,
    tensors: &BTreeMap<String, Tensor>,
    expected: impl IntoIterator<Item = (&'a str, &'a [u64])>,
) -> Result<()> {
    let mut problems = Vec::new();
    let expected: BTreeMap<&str, &[u64]> = expected.into_iter().collect();
    for (name, shape) in &expected {
        match tensors.get(*name) {
            None => problems.push(format!("{name} {shape:?} is missing")),
            Some(tensor) if !tensor.dims().iter().map(|d| *d as u64).eq(shape.iter().copied()) => {
                problems.push(format!("{name} is {:?} where {shape:?} is needed", tensor.dims()));
            }
            Some(_) => {}
        }
    }
    let unexpected = tensors.keys().filter(|name| !expected.contains_key(name.as_str()));
    problems.extend(unexpected.map(|name| format!("{name} is not expected")));
    match problems.is_empty() {
        true => Ok(()),
        false => Err(ModelError::Mismatch { path: path.to_owned(), problems }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_no_number_is_refused_with_its_tensor_and_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.safetensors");
        let of = |kind: Dtype, bytes: &[u8]| {
            let good = TensorView::new(Dtype::F32, vec![1], &[0; 4]).unwrap();
            let view = TensorView::new(kind, vec![bytes.len() * 8 / kind.bitsize()], bytes).unwrap();
            fs::write(&path, safetensors::serialize([("a.bias", good), ("a.weight", view)], None).unwrap())
                .unwrap();
            read_safetensors(&path, DType::F32).map(|_| ()).map_err(|error| error.to_string())
        };
        let single = |values: [f32; 3]| values.map(f32::to_le_bytes).concat();
        let told = "w.safetensors: tensor a.weight holds NaN at element 2; ";
        assert!(of(Dtype::F32, &single([1.0, 0.5, f32::NAN])).unwrap_err().contains(told));
        let infinite = of(Dtype::F32, &single([1.0, f32::NEG_INFINITY, 1.0])).unwrap_err();
        assert!(infinite.contains("tensor a.weight holds -inf at element 1; "), "{infinite}");
        for (kind, infinity) in
            [(Dtype::F16, f16::INFINITY.to_le_bytes()), (Dtype::BF16, bf16::INFINITY.to_le_bytes())]
        {
            let error = of(kind, &[&[0, 0][..], &infinity].concat()).unwrap_err();
            assert!(error.contains("tensor a.weight holds inf at element 1; "), "{error}");
        }
        assert_eq!(of(Dtype::F32, &single([f32::MAX, f32::MIN_POSITIVE, -0.0])), Ok(()));
    }

    #[test]
    fn weights_of_another_type_are_refused_with_that_type() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.safetensors");
        let view = TensorView::new(Dtype::I32, vec![1], &[1, 0, 0, 0]).unwrap();
        fs::write(&path, safetensors::serialize([("ids", view)], None).unwrap()).unwrap();
        let error = read_safetensors(&path, DType::F32).unwrap_err().to_string();
        assert!(error.contains("tensor ids is I32, and F32, F16 and BF16 are read; convert"), "{error}");
    }
}
