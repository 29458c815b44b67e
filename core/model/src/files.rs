use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use std::path::Path;

use candle_core::{DType, Device, Storage, Tensor};
use half::{bf16, f16};
use safetensors::tensor::{Dtype, Metadata, SafeTensors, TensorInfo, TensorView};

use super::error::{ModelError, Result};

/// Reads every tensor of a safetensors file as `dtype`.
///
/// A file of more than `most` bytes cannot be what is wanted, and is not read.
pub(super) fn read_safetensors(path: &Path, dtype: DType, most: u64) -> Result<BTreeMap<String, Tensor>> {
    let bytes = codetune_files::read(path, most).map_err(|error| match error.kind() {
        io::ErrorKind::FileTooLarge => {
            let problem = format!("it is larger than the configuration allows for ({error})");
            ModelError::Mismatch { path: path.to_owned(), problems: vec![problem] }
        }
        _ => ModelError::read(path)(error),
    })?;
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

/// What a file of weights has beside numbers that are wanted: its header, which the format limits to 100 MB, and buffers
/// that old checkpoints keep.
pub(super) const BESIDE_WEIGHTS: u64 = 128 << 20;

/// Numbers that are encoded at once: of what is written there is never a second copy.
const PIECE: usize = 16 << 10;

/// Writes tensors as f32 with the metadata that transformers asks for; equal tensors give equal bytes.
pub(super) fn write_safetensors(path: &Path, tensors: &BTreeMap<String, Tensor>) -> Result<()> {
    let written = codetune_files::write_durably(path, |file| serialise(file, tensors));
    written.map_err(ModelError::write(path))
}

/// A header with the place of each tensor, and the tensors in the order of their names, as the safetensors crate has
/// it.
fn serialise(file: &mut impl Write, tensors: &BTreeMap<String, Tensor>) -> io::Result<()> {
    let mut places = Vec::with_capacity(tensors.len());
    let mut end = 0;
    for (name, tensor) in tensors {
        let start = end;
        end += tensor.elem_count() * size_of::<f32>();
        let info =
            TensorInfo { dtype: Dtype::F32, shape: tensor.dims().to_vec(), data_offsets: (start, end) };
        places.push((name.clone(), info));
    }
    let format = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    let header = Metadata::new(Some(format), places).map_err(io::Error::other)?;
    let mut header = serde_json::to_vec(&header)?;
    header.resize(header.len().next_multiple_of(size_of::<u64>()), b' ');
    file.write_all(&(header.len() as u64).to_le_bytes())?;
    file.write_all(&header)?;
    let mut piece = Vec::with_capacity(PIECE * size_of::<f32>());
    for tensor in tensors.values() {
        // Neither copies anything where nothing has to change.
        let tensor = tensor.to_dtype(DType::F32).and_then(|t| t.contiguous()).map_err(io::Error::other)?;
        let (storage, layout) = tensor.storage_and_layout();
        let Storage::Cpu(storage) = &*storage else {
            return Err(io::Error::other("a tensor is not in memory"));
        };
        let values = storage.as_slice::<f32>().map_err(io::Error::other)?;
        let within = layout.contiguous_offsets().and_then(|(start, end)| values.get(start..end));
        for values in within.ok_or_else(|| io::Error::other("a tensor is in pieces"))?.chunks(PIECE) {
            piece.clear();
            piece.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            file.write_all(&piece)?;
        }
    }
    Ok(())
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
    use std::fs;

    use codetune_validate::Whole;

    use super::*;

    /// Keeps what is written, and the size of the largest piece of it.
    #[derive(Default)]
    struct Pieces {
        bytes: Vec<u8>,
        largest: usize,
    }

    impl Write for Pieces {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.largest = self.largest.max(bytes.len());
            self.bytes.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn weights_are_written_in_small_pieces_as_the_safetensors_crate_would() {
        let values =
            |from: usize, count: usize| -> Vec<f32> { (from..from + count).map(|i| i as f32).collect() };
        let tensor = |from, rows: usize, columns: usize| {
            Tensor::from_vec(values(from, rows * columns), (rows, columns), &Device::Cpu).unwrap()
        };
        let turned = tensor(7, 3, 5).t().unwrap();
        let part = tensor(1, 10, 4).narrow(0, 2, 3).unwrap();
        let tensors = BTreeMap::from([
            ("b.large".to_owned(), tensor(0, 500, 300)),
            ("a.turned".to_owned(), turned.clone()),
            ("c.part".to_owned(), part.clone()),
            ("d.half".to_owned(), tensor(0, 2, 2).to_dtype(DType::BF16).unwrap()),
        ]);
        let mut pieces = Pieces::default();
        serialise(&mut pieces, &tensors).unwrap();
        assert!(pieces.largest <= PIECE * 4, "{} bytes at once", pieces.largest);

        let encode = |tensor: &Tensor| -> Vec<u8> {
            let values =
                tensor.to_dtype(DType::F32).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
            values.iter().flat_map(|value| value.to_le_bytes()).collect()
        };
        let encoded: Vec<_> = tensors.iter().map(|(name, t)| (name, t.dims().to_vec(), encode(t))).collect();
        let views = encoded
            .iter()
            .map(|(name, dims, bytes)| (name, TensorView::new(Dtype::F32, dims.clone(), bytes).unwrap()));
        let format = HashMap::from([("format".to_owned(), "pt".to_owned())]);
        assert!(pieces.bytes == safetensors::serialize(views, Some(format)).unwrap());
    }

    #[test]
    fn a_value_that_is_no_number_is_refused_with_its_tensor_and_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.safetensors");
        let of = |kind: Dtype, bytes: &[u8]| {
            let good = TensorView::new(Dtype::F32, vec![1], &[0; 4]).unwrap();
            let view = TensorView::new(kind, vec![bytes.len() * 8 / kind.bitsize()], bytes).unwrap();
            fs::write(&path, safetensors::serialize([("a.bias", good), ("a.weight", view)], None).unwrap())
                .unwrap();
            read_safetensors(&path, DType::F32, u64::MAX).map(|_| ()).map_err(|error| error.whole())
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
    fn a_file_that_is_larger_than_all_that_is_wanted_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.safetensors");
        fs::File::create(&path).unwrap().set_len(1 << 42).unwrap();
        let error = read_safetensors(&path, DType::F32, 1 << 20).unwrap_err().whole();
        assert!(
            error.contains(
                "does not fit: it is larger than the configuration allows for (it has 4398046511104 bytes, "
            ),
            "{error}"
        );
    }

    #[test]
    fn weights_of_another_type_are_refused_with_that_type() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.safetensors");
        let view = TensorView::new(Dtype::I32, vec![1], &[1, 0, 0, 0]).unwrap();
        fs::write(&path, safetensors::serialize([("ids", view)], None).unwrap()).unwrap();
        let error = read_safetensors(&path, DType::F32, u64::MAX).unwrap_err().whole();
        assert!(error.contains("tensor ids is I32, and F32, F16 and BF16 are read; convert"), "{error}");
    }
}
