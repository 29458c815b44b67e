//! Whole datasets of random documents, and what the tests of the stages share.

use codetune_validate::Whole;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::sync::{Mutex, OnceLock};

use codetune_analysis::FileAttributes;
use serde_json::{Map, json};

use super::random::Draws;
use super::tokenizer::{TokenizerTraining, train};
use super::*;

/// A document without attributes.
pub(super) fn document(path: &str, text: &str) -> Document {
    Document {
        path: path.to_owned(),
        language: if path.ends_with('7') { "Go" } else { "Rust" }.to_owned(),
        text: text.into(),
        digest: *blake3::hash(text.as_bytes()).as_bytes(),
        attributes: FileAttributes::default(),
        findings: Map::new(),
        errors: Vec::new(),
    }
}

/// Text of words, signs, line ends and characters of one to four bytes, control tokens among them.
pub(super) fn random_text(number: u64) -> String {
    const PIECES: [&str; 24] = [
        "fn ",
        "let ",
        "mut ",
        "x",
        "foo_bar",
        "(",
        ")",
        " {\n",
        "    ",
        "}\n",
        "\r\n",
        "\t",
        "é",
        "漢字",
        "🦀",
        "\u{301}",
        "123",
        "4.5e-6",
        "\"s\"",
        "// note\n",
        "<|endoftext|>",
        "<|fim_middle|>",
        "\0",
        " ",
    ];
    let mut draws = Draws::new("test text", number, b"");
    (0..1 + draws.up_to(120)).map(|_| PIECES[draws.up_to(PIECES.len() - 1)]).collect()
}

pub(super) fn corpus() -> Vec<String> {
    (0..80).map(random_text).collect()
}

pub(super) fn tokenizer() -> &'static CodeTokenizer {
    static TOKENIZER: OnceLock<CodeTokenizer> = OnceLock::new();
    TOKENIZER.get_or_init(|| {
        let training = TokenizerTraining { vocab_size: 400, min_frequency: 2 };
        train(&corpus(), training, &|_| {}).unwrap().tokenizer
    })
}

pub(super) fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

/// Documents of which some are empty, some failed, some copies of others, some too long for a sequence.
fn repository(seed: u64) -> Vec<Document> {
    (0..40)
        .map(|i| {
            let number = if i % 9 == 8 { i - 1 } else { i };
            let mut document =
                document(&format!("src/d{}/file{i}", i % 5), &random_text(seed * 1000 + number));
            if i % 13 == 12 {
                document.text = "".into();
            }
            if i % 11 == 10 {
                document.errors.push("metrics: trapped".to_owned());
            }
            document.attributes.insert("metrics", [("lines", i as i64)].into_iter().collect());
            document
        })
        .collect()
}

fn config(seed: u64) -> DatasetConfig {
    DatasetConfig {
        seed,
        held_out: 0.25,
        rules: vec![FilterRule { name: "long".into(), keep_if: "metrics.lines > 3".into() }],
        max_seq_length: 48,
        fim_rate: 0.5,
        ..DatasetConfig::default()
    }
}

fn built(seed: u64) -> Dataset {
    build(repository(seed), tokenizer(), &config(seed), &|_| {}).unwrap()
}

#[test]
fn every_token_of_every_document_is_accounted_for() {
    for seed in 0..12 {
        for (max_seq_length, fim_rate) in [(2, 0.0), (3, 0.0), (16, 1.0), (48, 0.5), (1000, 1.0)] {
            let config = DatasetConfig { max_seq_length, fim_rate, ..config(seed) };
            let dataset = build(repository(seed), tokenizer(), &config, &|_| {}).unwrap();
            let ledger = dataset.ledger();
            ledger.check().unwrap();
            let mut input = 0;
            let stream = |split| dataset.stream(split).ids.len() as u64;
            input += stream(Split::Train) + stream(Split::HeldOut);
            let texts: HashMap<String, Document> =
                repository(seed).into_iter().map(|d| (d.path.clone(), d)).collect();
            for dropped in dataset.dropped() {
                let text = &texts[&dropped.path].text;
                assert_eq!(dropped.tokens, tokenizer().encode(text).unwrap().len() as u64);
                input += dropped.tokens;
            }
            assert_eq!(ledger.total.input, input);
            let targets: usize = [Split::Train, Split::HeldOut]
                .into_iter()
                .map(|split| {
                    let batches = dataset.batches(split, 3).unwrap();
                    (0..batches.batches_per_epoch())
                        .map(|i| batches.batch(i).unwrap().targets())
                        .sum::<usize>()
                })
                .sum();
            assert_eq!(ledger.total.trained, targets as u64, "what the ledger says is what the loop gets");
            assert_eq!(dataset.documents().len() + dataset.dropped().len(), 40);
        }
    }
}

#[test]
fn every_file_left_out_keeps_its_stage_and_reason() {
    let dataset = built(1);
    let stages: BTreeMap<&str, Stage> = dataset.dropped().iter().map(|d| (&*d.path, d.stage)).collect();
    assert_eq!(stages["src/d2/file12"], Stage::Empty);
    assert_eq!(stages["src/d0/file10"], Stage::Quarantine);
    assert_eq!(stages["src/d2/file2"], Stage::Rule);
    let copy = dataset.dropped().iter().find(|d| d.stage == Stage::Duplicate).unwrap();
    assert!(copy.reason.starts_with("same text as src/"), "{}", copy.reason);
    assert!(dataset.dropped().iter().all(|d| !d.reason.is_empty()));
}

#[test]
fn no_text_is_on_both_sides_with_or_without_dedup() {
    for dedup in [true, false] {
        for seed in 0..10 {
            let config = DatasetConfig { dedup, ..config(seed) };
            let dataset = build(repository(seed), tokenizer(), &config, &|_| {}).unwrap();
            let side = |split| {
                let records = dataset.documents().iter().filter(move |r| r.split == split);
                records.map(|r| r.digest.clone()).collect::<HashSet<_>>()
            };
            assert!(side(Split::Train).is_disjoint(&side(Split::HeldOut)));
            assert!(!side(Split::HeldOut).is_empty());
        }
    }
}

#[test]
fn one_and_two_threads_write_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let write = |threads: usize| {
        let target = folder.path().join(threads.to_string());
        with_threads(threads, || {
            let mut documents = repository(3);
            if threads == 2 {
                documents.reverse();
            }
            build(documents, tokenizer(), &config(3), &|_| {}).unwrap().save(&target).unwrap()
        })
    };
    assert_eq!(write(1), write(2), "the manifest holds the digest of every file");
}

#[test]
fn a_dataset_comes_back_from_disk_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("deep/er/set");
    let dataset = built(4);
    dataset.save(&target).unwrap();
    let loaded = Dataset::load(&target).unwrap();
    assert_eq!(loaded.config(), dataset.config());
    assert_eq!(loaded.documents(), dataset.documents());
    assert_eq!(loaded.dropped(), dataset.dropped());
    assert_eq!(loaded.ledger(), dataset.ledger());
    for split in [Split::Train, Split::HeldOut] {
        assert_eq!(loaded.stream(split), dataset.stream(split));
        let (a, b) = (loaded.batches(split, 2).unwrap(), dataset.batches(split, 2).unwrap());
        assert_eq!(a.batch(0).unwrap(), b.batch(0).unwrap());
    }
    assert_eq!(loaded.inspect(5, 2, 30).unwrap(), dataset.inspect(5, 2, 30).unwrap());
}

#[test]
fn a_damaged_file_gives_one_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("set");
    built(5).save(&target).unwrap();
    let names: Vec<_> = fs::read_dir(&target).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(names.len(), 7);
    for path in names {
        let name = path.file_name().unwrap().to_str().unwrap();
        let whole = fs::read(&path).unwrap();
        let mut flipped = whole.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 1;
        for bytes in [&whole[..whole.len() / 2], &flipped[..]] {
            fs::write(&path, bytes).unwrap();
            let error = Dataset::load(&target).err().unwrap();
            assert!(matches!(error, DatasetError::Damaged { .. }), "{name}: {error}");
            assert!(error.whole().contains(name), "{error}");
        }
        fs::remove_file(&path).unwrap();
        let error = Dataset::load(&target).err().unwrap();
        let expected = if name == "dataset.json" { "not a codetune dataset" } else { "it is missing" };
        assert!(error.whole().contains(expected), "{error}");
        fs::write(&path, whole).unwrap();
    }
    Dataset::load(&target).unwrap();
}

#[test]
fn another_version_is_refused_by_number() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("set");
    built(5).save(&target).unwrap();
    let path = target.join("dataset.json");
    let text = fs::read_to_string(&path).unwrap().replace("\"version\": 4", "\"version\": 3");
    fs::write(&path, text).unwrap();
    assert!(matches!(Dataset::load(&target), Err(DatasetError::Version { found: 3, supported: 4, .. })));
}

#[test]
fn saving_replaces_a_dataset_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("set");
    built(1).save(&target).unwrap();
    built(2).save(&target).unwrap();
    assert_eq!(Dataset::load(&target).unwrap().config().seed, 2);
    let entries = |path: &Path| fs::read_dir(path).unwrap().count();
    assert_eq!(entries(folder.path()), 1, "nothing is left behind");

    let precious = folder.path().join("precious");
    fs::create_dir(&precious).unwrap();
    fs::write(precious.join("work.txt"), "mine").unwrap();
    let error = built(1).save(&precious).unwrap_err();
    assert!(error.whole().contains("nothing was written"), "{error}");
    assert_eq!(fs::read_to_string(precious.join("work.txt")).unwrap(), "mine");
    assert_eq!((entries(&precious), entries(folder.path())), (1, 2));

    // A folder that was made for it is as good as none.
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    built(1).save(&empty).unwrap();
    Dataset::load(&empty).unwrap();
}

#[test]
fn what_lies_beside_the_files_of_a_dataset_is_never_lost() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("set");
    built(1).save(&target).unwrap();
    fs::create_dir(target.join("adapter")).unwrap();
    for error in [Dataset::check_target(&target).unwrap_err(), built(2).save(&target).unwrap_err()] {
        assert!(
            matches!(&error, DatasetError::Occupied { entry, .. } if entry == Path::new("adapter")),
            "{error}"
        );
    }
    assert!(target.join("adapter").is_dir());
    assert_eq!(Dataset::load(&target).unwrap().config().seed, 1);
    // What a dataset may have and the new one has not is no one else's.
    fs::remove_dir(target.join("adapter")).unwrap();
    fs::write(target.join("special_tokens_map.json"), "{}").unwrap();
    built(2).save(&target).unwrap();
    assert_eq!(Dataset::load(&target).unwrap().config().seed, 2);
    assert!(!target.join("special_tokens_map.json").exists());
}

#[test]
fn a_folder_whose_name_no_run_could_record_is_refused_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["my data", "d\u{e4}ten", "a\tb", "data (1)"] {
        let target = folder.path().join(name);
        let error = Dataset::check_target(&target).unwrap_err().whole();
        assert!(error.starts_with("the dataset's folder: "), "{error}");
        assert!(built(1).save(&target).is_err() && !target.exists());
    }
    Dataset::check_target(&folder.path().join("my_data-1.0")).unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let below_a_file = Dataset::check_target(&folder.path().join("file/set")).unwrap_err();
    assert!(matches!(below_a_file, DatasetError::Io { .. }), "{below_a_file}");
}

#[test]
fn training_goes_on_from_any_step_and_shuffles_each_epoch() {
    let dataset = built(6);
    let batches = dataset.batches(Split::Train, 4).unwrap();
    let per_epoch = batches.batches_per_epoch();
    let steps: Vec<MicroBatch> = (0..3 * per_epoch).map(|step| batches.batch(step).unwrap()).collect();
    let fresh = dataset.batches(Split::Train, 4).unwrap();
    for step in [per_epoch + 1, 0, 2 * per_epoch, per_epoch] {
        assert_eq!(fresh.batch(step).unwrap(), steps[step as usize]);
    }
    let mut rows: Vec<Vec<&[u32]>> = steps
        .chunks(per_epoch as usize)
        .map(|epoch| epoch.iter().flat_map(|batch| batch.ids.chunks(batch.seq)).collect())
        .collect();
    assert_ne!(rows[0], rows[1]);
    rows.iter_mut().for_each(|rows| rows.sort());
    assert_eq!(rows[0], rows[1], "an epoch has every sequence once");
    assert_eq!(rows[0].len(), dataset.packing(Split::Train).rows.len());
}

#[test]
fn another_seed_gives_other_orders_of_the_training_split_alone() {
    let dataset = built(5);
    let epoch = |split, seed: Option<u64>| {
        let batches = dataset.batches(split, 4).unwrap();
        let batches = seed.map_or_else(|| dataset.batches(split, 4).unwrap(), |seed| batches.reordered(seed));
        (0..batches.batches_per_epoch()).map(|step| batches.batch(step).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(epoch(Split::Train, None), epoch(Split::Train, Some(0)));
    assert_ne!(epoch(Split::Train, Some(0)), epoch(Split::Train, Some(1)));
    assert_ne!(epoch(Split::Train, Some(1)), epoch(Split::Train, Some(2)));
    assert_eq!(epoch(Split::HeldOut, None), epoch(Split::HeldOut, Some(1)));
}

#[test]
fn the_held_out_split_ends() {
    let batches = built(6).batches(Split::HeldOut, 4).unwrap();
    let count = batches.batches_per_epoch();
    batches.batch(count - 1).unwrap();
    assert!(matches!(batches.batch(count), Err(DatasetError::NoSuchBatch { .. })));
}

#[test]
fn an_empty_split_and_an_empty_batch_are_errors() {
    let config = DatasetConfig { held_out: 0.0, ..config(1) };
    let dataset = build(repository(1), tokenizer(), &config, &|_| {}).unwrap();
    assert!(matches!(dataset.batches(Split::HeldOut, 1), Err(DatasetError::EmptySplit("held_out", _))));
    assert!(matches!(dataset.batches(Split::Train, 0), Err(DatasetError::Invalid(_))));
}

#[test]
fn held_out_documents_are_never_cut_for_fill_in_the_middle() {
    let dataset =
        build(repository(2), tokenizer(), &DatasetConfig { fim_rate: 1.0, ..config(2) }, &|_| {}).unwrap();
    assert!(dataset.stream(Split::Train).fim.iter().all(|&order| order != 0));
    assert!(dataset.stream(Split::HeldOut).fim.iter().all(|&order| order == 0));
}

#[test]
fn every_example_of_fill_in_the_middle_is_whole_in_one_sequence_as_the_loop_gets_it() {
    let markers = *tokenizer().fim().unwrap();
    for max_seq_length in [16, 24, 48, 200] {
        let mut documents = repository(3);
        // Longer than any sequence.
        documents.push(document("src/d0/long", &(0..30).map(random_text).collect::<String>()));
        documents.last_mut().unwrap().attributes.insert("metrics", [("lines", 99)].into_iter().collect());
        let config = DatasetConfig { max_seq_length, fim_rate: 0.7, held_out: 0.0, ..config(3) };
        let dataset = build(documents, tokenizer(), &config, &|_| {}).unwrap();
        dataset.ledger().check().unwrap();
        assert_eq!(dataset.ledger().total.truncated, 0);
        let batches = dataset.batches(Split::Train, 3).unwrap();
        let mut examples = 0;
        for index in 0..batches.batches_per_epoch() {
            let batch = batches.batch(index).unwrap();
            for (ids, segments) in batch.ids.chunks(batch.seq).zip(batch.segments.chunks(batch.seq)) {
                let mut rest = ids;
                for segment in segments.chunk_by(|a, b| a == b) {
                    let ids;
                    (ids, rest) = rest.split_at(segment.len());
                    let places = |marker| ids.iter().filter(|id| **id == marker).count();
                    let counts = [markers.prefix, markers.suffix, markers.middle].map(places);
                    assert!(counts == [0; 3] || counts == [1; 3], "{counts:?} in {ids:?}");
                    if counts == [1; 3] {
                        examples += 1;
                        assert_eq!(
                            (ids.first(), ids.last()),
                            (Some(&markers.prefix), Some(&tokenizer().end()))
                        );
                    }
                }
            }
        }
        let summary = dataset.inspect(0, 0, 0).unwrap();
        assert_eq!((summary.fim_psm + summary.fim_spm, summary.fim_whole), (examples, examples));
        assert!(examples > 20, "{examples} at {max_seq_length}");
    }
}

#[test]
fn sequences_too_short_for_the_markers_are_refused() {
    let build = |max_seq_length| {
        let config = DatasetConfig { max_seq_length, ..config(1) };
        build(repository(1), tokenizer(), &config, &|_| {}).map(drop)
    };
    let error = build(15).unwrap_err().whole();
    assert!(error.contains("max_seq_length is 15") && error.contains("use 16 tokens or more"), "{error}");
    build(16).unwrap();
}

#[test]
fn a_tokenizer_without_fill_in_the_middle_serves_only_rate_zero() {
    let (_, json) = tokenizer().files()[0];
    let json = String::from_utf8(json.to_vec()).unwrap().replace("<|fim_", "<|gap_");
    let plain = CodeTokenizer::from_bytes(json.into_bytes(), None, Path::new("t")).unwrap();
    let error = build(repository(1), &plain, &config(1), &|_| {}).err().unwrap().whole();
    assert!(error.contains("<|fim_prefix|>") && error.contains("fim_rate = 0"), "{error}");
    build(repository(1), &plain, &DatasetConfig { fim_rate: 0.0, ..config(1) }, &|_| {}).unwrap();
}

#[test]
fn text_that_a_tokenizer_cannot_give_back_is_left_out() {
    let (_, json) = tokenizer().files()[0];
    let mut json: serde_json::Value = serde_json::from_slice(json).unwrap();
    json["normalizer"] = json!({"type": "NFC"});
    let composing = CodeTokenizer::from_bytes(json.to_string().into_bytes(), None, Path::new("t")).unwrap();
    let documents = vec![document("a", "e\u{301}"), document("b", "plain"), document("c", "more")];
    let dataset = build(documents, &composing, &DatasetConfig::default(), &|_| {}).unwrap();
    assert_eq!(dataset.dropped().len(), 1);
    assert_eq!((&*dataset.dropped()[0].path, dataset.dropped()[0].stage), ("a", Stage::Tokenizer));
    assert!(dataset.ledger().total.dropped > 0);
}

#[test]
fn paths_must_be_relative_and_unique() {
    let build = |paths: &[&str]| {
        let documents = paths.iter().map(|path| document(path, path)).collect();
        build(documents, tokenizer(), &DatasetConfig::default(), &|_| {}).err().unwrap()
    };
    assert!(matches!(build(&["a", "b", "a"]), DatasetError::DuplicatePath(path) if path == "a"));
    for path in ["/a", "a/../b", "", "a//b", "./a", "a\0b"] {
        assert!(matches!(build(&["z", path]), DatasetError::Path(_)), "{path:?}");
    }
}

#[test]
fn when_nothing_is_left_the_reasons_are_told() {
    let rules = vec![FilterRule { name: "never".into(), keep_if: "lines < 0".into() }];
    let config = DatasetConfig { rules, ..DatasetConfig::default() };
    let error = build(repository(1), tokenizer(), &config, &|_| {}).err().unwrap().to_string();
    assert!(error.contains("of 40") && error.contains("lines < 0 is false"), "{error}");
    assert!(
        build(Vec::new(), tokenizer(), &config, &|_| {})
            .err()
            .unwrap()
            .to_string()
            .ends_with("no files were found")
    );
}

#[test]
fn a_tokenizer_is_trained_on_training_texts_alone() {
    let selection = select(repository(1), &[], &config(1), &|_| {}).unwrap();
    let train = selection.kept.iter().filter(|(_, split)| *split == Split::Train).count();
    assert_eq!(selection.training_texts().len(), train);
    assert!(train < selection.kept.len());
}

#[test]
fn the_summary_counts_what_is_there() {
    let dataset = built(8);
    let summary = dataset.inspect(2, 1, 10).unwrap();
    assert_eq!(
        summary.train_documents + summary.held_out_documents + summary.dropped_documents,
        repository(8).len()
    );
    let kept: u64 = summary.languages.values().map(|language| language.tokens).sum();
    assert_eq!(kept, summary.ledger.total.input - summary.ledger.total.dropped);
    assert_eq!(summary.languages.len(), 2);
    assert_eq!(summary.reasons.len(), 2);
    assert!(summary.reasons[0].documents >= summary.reasons[1].documents);
    assert_eq!((summary.samples.len(), summary.samples[0].shown), (1, 10));
    assert!(summary.fim_psm > 0 && summary.fim_spm > 0, "{summary:?}");
    assert_eq!(summary.fim_whole, summary.fim_psm + summary.fim_spm);
}

#[test]
fn progress_reaches_every_document() {
    let seen = Mutex::new(Vec::new());
    let report = |progress| seen.lock().unwrap().push(progress);
    build(repository(1), tokenizer(), &config(1), &report).unwrap();
    let seen = seen.into_inner().unwrap();
    assert!(seen.contains(&BuildProgress { stage: ProgressStage::Encoding, done: 40, total: 40 }));
    assert_eq!(
        seen.last().map(|last| (last.stage, last.done == last.total)),
        Some((ProgressStage::Packing, true))
    );
}
