//! Datasets on disk.
//!
//! | file | contents |
//! |---|---|
//! | `dataset.json` | manifest: format, version, seed, configuration, tokenizer digest, analyzers, ledger, counts, and the size and BLAKE3 of every other file; last its own BLAKE3, computed with that field empty |
//! | `train.bin`, `held_out.bin` | safetensors: `ids` u32, `pieces` u64 (start of each, and the end), `fim` u8 per piece, `documents` u64 (first piece of each, and the end) |
//! | `documents.jsonl`, `dropped.jsonl` | a line for each kept and each dropped document |
//! | `tokenizer.json`, `tokenizer_config.json` | the tokenizer, with its `special_tokens_map.json` if it has one |
//!
//! The packing is computed when loading. The directory is written atomically.
//!
//! Version 2 added the manifest's digest. Since 3, documents are split into pieces before packing, each with its own
//! fill-in-the-middle, and the tokenizer's special tokens are included. 4 renames `held_out` to `held_out`.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use codetune_files as files;
use codetune_plugin::PluginIdentity;
use codetune_validate::{DATASET_NAME, Violation};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::build::{Dataset, Tokens};
use super::config::DatasetConfig;
use super::document::{DocumentRecord, Dropped, Split};
use super::error::DatasetError;
use super::fim::FimOrder;
use super::ledger::{Ledger, LedgerReport};
use super::pack::TokenStream;
use super::tokenizer::{CodeTokenizer, TokenizerFiles};

const MANIFEST: &str = "dataset.json";
const FORMAT: &str = "codetune-dataset";
const VERSION: u64 = 4;

/// Every file except the manifest and optional files of a tokenizer.
const FILES: [&str; 6] = [
    "train.bin",
    "held_out.bin",
    "documents.jsonl",
    "dropped.jsonl",
    "tokenizer.json",
    "tokenizer_config.json",
];

/// The optional file of a tokenizer.
const TOKENIZER_MAP: &str = "special_tokens_map.json";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    format: String,
    version: u64,
    seed: u64,
    config: DatasetConfig,
    tokenizer: String,
    analyzers: Vec<PluginIdentity>,
    ledger: LedgerReport,
    counts: Counts,
    files: BTreeMap<String, FileEntry>,
    digest: String,
}

#[derive(Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Counts {
    train_documents: usize,
    held_out_documents: usize,
    dropped_documents: usize,
    train_sequences: usize,
    held_out_sequences: usize,
    padding: u64,
}

#[derive(Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct FileEntry {
    bytes: u64,
    blake3: String,
}

impl Dataset {
    /// Writes the dataset atomically to a directory and returns the BLAKE3 of its manifest. An existing dataset is
    /// replaced; anything else in the directory is an error and left unchanged.
    ///
    /// # Errors
    /// [`DatasetError::NotADataset`], [`DatasetError::Occupied`], [`DatasetError::Io`].
    pub fn save(&self, folder: &Path) -> Result<[u8; 32], DatasetError> {
        Self::check_target(folder)?;
        let written = files::publish(folder, &[TOKENIZER_MAP], |new| self.write_files(new));
        let manifest = written.map_err(DatasetError::io(folder)).flatten()?;
        Ok(*blake3::hash(&manifest).as_bytes())
    }

    /// Checks in advance that [`save`](Self::save) can write to a directory.
    ///
    /// # Errors
    /// [`DatasetError::NotADataset`] if it contains something else, [`DatasetError::Occupied`] if it contains more than
    /// a dataset, [`DatasetError::Invalid`] for a name that runs could not record, [`DatasetError::Io`] if nothing can be
    /// created there.
    pub fn check_target(folder: &Path) -> Result<(), DatasetError> {
        if fs::symlink_metadata(folder).is_ok() {
            let is_empty = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
            if !is_empty && !is_dataset(folder) {
                let remedy = "nothing was written, choose another folder";
                return Err(DatasetError::NotADataset { path: folder.to_owned(), remedy });
            }
            let own =
                |name: &OsStr| FILES.into_iter().chain([MANIFEST, TOKENIZER_MAP]).any(|own| own == name);
            if let Some(entry) = files::stranger(folder, own).map_err(DatasetError::io(folder))? {
                return Err(DatasetError::Occupied { path: folder.to_owned(), entry: entry.into() });
            }
        }
        files::check_creatable(folder).map_err(DatasetError::io(folder))?;
        let Some(name) = folder.file_name() else {
            let remedy = "give a folder that has a name";
            return Err(DatasetError::NotADataset { path: folder.to_owned(), remedy });
        };
        // Runs record the name unchanged.
        let named = |violation| Violation { field: "the dataset's folder".into(), ..violation };
        DATASET_NAME
            .check_text(&name.to_string_lossy())
            .map(drop)
            .map_err(named)
            .map_err(DatasetError::Invalid)
    }

    /// Reads and verifies a dataset.
    ///
    /// # Errors
    /// [`DatasetError::NotADataset`], [`DatasetError::Version`], [`DatasetError::Damaged`] with the file, and
    /// [`DatasetError::Io`].
    pub fn load(folder: &Path) -> Result<Self, DatasetError> {
        let manifest = read_manifest(folder)?;
        let mut contents: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
        let optional = manifest.files.contains_key(TOKENIZER_MAP).then_some(TOKENIZER_MAP);
        for name in FILES.into_iter().chain(optional) {
            let path = folder.join(name);
            let damaged = |cause: &str| DatasetError::Damaged { path: path.clone(), cause: cause.to_owned() };
            let entry = manifest.files.get(name).ok_or_else(|| damaged("the manifest does not list it"))?;
            let length = |bytes: u64| damaged(&format!("it has {bytes} bytes, {} were written", entry.bytes));
            let bytes = match codetune_files::read(&path, entry.bytes) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == ErrorKind::NotFound => return Err(damaged("it is missing")),
                Err(error) if error.kind() == ErrorKind::FileTooLarge => {
                    return Err(length(fs::metadata(&path).map_or(0, |metadata| metadata.len())));
                }
                Err(error) => return Err(DatasetError::io(&path)(error)),
            };
            if bytes.len() as u64 != entry.bytes {
                return Err(length(bytes.len() as u64));
            }
            if blake3::hash(&bytes).to_hex().as_str() != entry.blake3 {
                return Err(damaged("its content differs from what was written"));
            }
            contents.insert(name, bytes);
        }
        let mut take = |name| (folder.join(name), contents.remove(name).unwrap_or_default());
        let (tokenizer_path, tokenizer_json) = take("tokenizer.json");
        let (_, tokenizer_config) = take("tokenizer_config.json");
        let map = optional.map(|name| take(name).1);
        let files = TokenizerFiles { map, ..TokenizerFiles::new(tokenizer_json, Some(tokenizer_config)) };
        let tokenizer = CodeTokenizer::from_files(files, &tokenizer_path)?;
        let config = manifest.config;
        let limits = (tokenizer.vocab_size(), config.max_seq_length);
        let train = read_stream(take("train.bin"), limits)?;
        let held_out = read_stream(take("held_out.bin"), limits)?;
        let documents: Vec<DocumentRecord> = read_lines(take("documents.jsonl"))?;
        let dropped: Vec<Dropped> = read_lines(take("dropped.jsonl"))?;
        let dataset = Self {
            train: Tokens::new(train, &config),
            held_out: Tokens::new(held_out, &config),
            config,
            tokenizer,
            analyzers: manifest.analyzers,
            documents,
            dropped,
            ledger: manifest.ledger,
        };
        let path = folder.join(MANIFEST);
        let inconsistent =
            |cause: &str| DatasetError::Damaged { path: path.clone(), cause: cause.to_owned() };
        if dataset.counts() != manifest.counts {
            return Err(inconsistent("its counts do not agree with the files"));
        }
        dataset.check_ledger().map_err(|error| inconsistent(&error.to_string()))?;
        Ok(dataset)
    }

    fn write_files(&self, folder: &Path) -> Result<Vec<u8>, DatasetError> {
        let [train, held_out, documents, dropped, ..] = FILES;
        let mut contents = vec![
            (train, stream_bytes(&self.train.stream)?),
            (held_out, stream_bytes(&self.held_out.stream)?),
            (documents, line_bytes(&self.documents)?),
            (dropped, line_bytes(&self.dropped)?),
        ];
        contents.extend(self.tokenizer.files().into_iter().map(|(name, bytes)| (name, bytes.to_vec())));
        let mut files = BTreeMap::new();
        for (name, bytes) in &contents {
            let path = folder.join(name);
            fs::write(&path, bytes).map_err(DatasetError::io(&path))?;
            let blake3 = blake3::hash(bytes).to_hex().to_string();
            files.insert((*name).to_owned(), FileEntry { bytes: bytes.len() as u64, blake3 });
        }
        let mut manifest = Manifest {
            format: FORMAT.to_owned(),
            version: VERSION,
            seed: self.config.seed,
            config: self.config.clone(),
            tokenizer: blake3::Hash::from_bytes(self.tokenizer.digest()).to_hex().to_string(),
            analyzers: self.analyzers.clone(),
            ledger: self.ledger.clone(),
            counts: self.counts(),
            files,
            digest: String::new(),
        };
        manifest.digest = own_digest(&manifest)?;
        let bytes = json_bytes(&manifest)?;
        let path = folder.join(MANIFEST);
        fs::write(&path, &bytes).map_err(DatasetError::io(&path))?;
        Ok(bytes)
    }

    fn counts(&self) -> Counts {
        let of = |split| self.documents.iter().filter(|record| record.split == split).count();
        Counts {
            train_documents: of(Split::Train),
            held_out_documents: of(Split::HeldOut),
            dropped_documents: self.dropped.len(),
            train_sequences: self.train.packing.rows.len(),
            held_out_sequences: self.held_out.packing.rows.len(),
            padding: self.train.packing.padding + self.held_out.packing.padding,
        }
    }

    /// Checks the stored ledger against the sequences and records.
    fn check_ledger(&self) -> Result<(), DatasetError> {
        self.ledger.check()?;
        let differs = |part: &str, stored: Ledger, found: Ledger| {
            if stored == found {
                return Ok(());
            }
            Err(DatasetError::Ledger { part: part.to_owned(), input: stored.input, accounted: found.input })
        };
        let stored = |part: &str| self.ledger.splits.get(part).copied().unwrap_or_default();
        for split in [Split::Train, Split::HeldOut] {
            let mut found = Ledger::default();
            let ledgers = self.tokens(split).ledgers();
            let mut records = self.documents.iter().filter(|record| record.split == split);
            for ledger in ledgers {
                let recorded = records.next().map_or(0, |record| record.tokens);
                differs("a document", Ledger { input: recorded, ..ledger }, ledger)?;
                found += ledger;
            }
            differs(split.name(), stored(split.name()), found)?;
        }
        let tokens = self.dropped.iter().map(|dropped| dropped.tokens).sum();
        let found = Ledger { input: tokens, dropped: tokens, ..Ledger::default() };
        differs("left_out", stored("left_out"), found)
    }
}

fn is_dataset(folder: &Path) -> bool {
    let manifest = codetune_files::read(&folder.join(MANIFEST), codetune_files::SETTINGS).ok();
    let json = manifest.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    json.is_some_and(|json| json.get("format").and_then(Value::as_str) == Some(FORMAT))
}

fn read_manifest(folder: &Path) -> Result<Manifest, DatasetError> {
    let path = folder.join(MANIFEST);
    let not = || DatasetError::NotADataset {
        path: folder.to_owned(),
        remedy: "give the folder that a dataset build wrote",
    };
    let damaged = |cause: String| DatasetError::Damaged { path: path.clone(), cause };
    let bytes = match codetune_files::read(&path, codetune_files::SETTINGS) {
        Ok(bytes) => bytes,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Err(not());
        }
        Err(error) => return Err(DatasetError::io(path)(error)),
    };
    let json: Value = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
    if json.get("format").and_then(Value::as_str) != Some(FORMAT) {
        return Err(not());
    }
    match json.get("version").and_then(Value::as_u64) {
        Some(VERSION) => {}
        found => {
            let found = found.unwrap_or_default();
            return Err(DatasetError::Version { path: folder.to_owned(), found, supported: VERSION });
        }
    }
    let mut manifest: Manifest = serde_json::from_value(json).map_err(|error| damaged(error.to_string()))?;
    let claimed = std::mem::take(&mut manifest.digest);
    if own_digest(&manifest)? != claimed {
        return Err(damaged("it was changed after it was written".to_owned()));
    }
    manifest.config.check()?;
    Ok(manifest)
}

/// BLAKE3 of the manifest with an empty digest.
fn own_digest(manifest: &Manifest) -> Result<String, DatasetError> {
    Ok(blake3::hash(&json_bytes(manifest)?).to_hex().to_string())
}

fn json_bytes(value: &impl Serialize) -> Result<Vec<u8>, DatasetError> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(unwritable)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn line_bytes(records: &[impl Serialize]) -> Result<Vec<u8>, DatasetError> {
    let mut bytes = Vec::new();
    for record in records {
        serde_json::to_writer(&mut bytes, record).map_err(unwritable)?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}

fn unwritable(error: serde_json::Error) -> DatasetError {
    DatasetError::Io { path: PathBuf::from(MANIFEST), source: error.into() }
}

fn read_lines<T: DeserializeOwned>((path, bytes): (PathBuf, Vec<u8>)) -> Result<Vec<T>, DatasetError> {
    serde_json::Deserializer::from_slice(&bytes)
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(|error| DatasetError::Damaged { path, cause: error.to_string() })
}

fn stream_bytes(stream: &TokenStream) -> Result<Vec<u8>, DatasetError> {
    let wide = |numbers: &[u64]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
    let ids: Vec<u8> = stream.ids.iter().flat_map(|id| id.to_le_bytes()).collect();
    let (pieces, documents) = (wide(&stream.pieces), wide(&stream.documents));
    let view = |dtype, length, bytes| TensorView::new(dtype, vec![length], bytes);
    let write = || {
        let tensors = [
            ("ids", view(Dtype::U32, stream.ids.len(), &ids)?),
            ("pieces", view(Dtype::U64, stream.pieces.len(), &pieces)?),
            ("fim", view(Dtype::U8, stream.fim.len(), &stream.fim)?),
            ("documents", view(Dtype::U64, stream.documents.len(), &documents)?),
        ];
        safetensors::serialize(tensors, None)
    };
    write().map_err(|error| DatasetError::Io {
        path: PathBuf::from("train.bin"),
        source: std::io::Error::other(error),
    })
}

/// Reads ids below the first limit in pieces no longer than the second.
fn read_stream(
    (path, bytes): (PathBuf, Vec<u8>),
    (vocab_size, seq): (usize, usize),
) -> Result<TokenStream, DatasetError> {
    let damaged = |cause: String| DatasetError::Damaged { path: path.clone(), cause };
    let tensors = SafeTensors::deserialize(&bytes).map_err(|error| damaged(error.to_string()))?;
    let tensor = |name: &str, dtype: Dtype| {
        let view = tensors.tensor(name).map_err(|error| damaged(error.to_string()))?;
        let shaped = view.dtype() == dtype && view.shape().len() == 1;
        shaped.then(|| view.data()).ok_or_else(|| damaged(format!("{name} has another type or shape")))
    };
    let wide = |name: &str| {
        let bytes = tensor(name, Dtype::U64)?;
        Ok::<_, DatasetError>(bytes.as_chunks().0.iter().map(|&bytes| u64::from_le_bytes(bytes)).collect())
    };
    let ids: Vec<u32> =
        tensor("ids", Dtype::U32)?.as_chunks().0.iter().map(|&bytes| u32::from_le_bytes(bytes)).collect();
    let (pieces, documents): (Vec<u64>, Vec<u64>) = (wide("pieces")?, wide("documents")?);
    let fim = tensor("fim", Dtype::U8)?.to_vec();
    let from_to = |offsets: &[u64], end: usize| {
        offsets.first() == Some(&0) && offsets.last() == Some(&(end as u64)) && offsets.is_sorted()
    };
    let ordered =
        from_to(&pieces, ids.len()) && from_to(&documents, fim.len()) && pieces.len() == fim.len() + 1;
    if !ordered || fim.iter().any(|&order| FimOrder::of(order).is_none()) {
        return Err(damaged("its offsets do not fit its ids".to_owned()));
    }
    let fits = |pair: &[u64]| matches!(pair, [start, end] if end - start <= seq as u64);
    if !pieces.windows(2).all(fits) {
        return Err(damaged(format!("it has a piece longer than a sequence of {seq} tokens")));
    }
    if ids.iter().any(|&id| id as usize >= vocab_size) {
        return Err(damaged(format!("it has ids beyond the vocabulary of {vocab_size}")));
    }
    Ok(TokenStream { ids, pieces, fim, documents })
}
