use std::path::Path;

use codetune_validate::Whole;
use rayon::prelude::*;
use serde_json::{Value, json};

use super::super::tests::{corpus, random_text, tokenizer, with_threads};
use super::files::FILES;
use super::*;
use crate::DatasetError;

#[test]
fn texts_come_back_byte_for_byte() {
    let tokenizer = tokenizer();
    for i in 0..300 {
        let text = random_text(i);
        let ids = tokenizer.encode(&text).unwrap();
        assert!(tokenizer.is_lossless(&text, &ids), "{text:?}");
    }
    assert!(tokenizer.encode("").unwrap().is_empty());
}

#[test]
fn a_stream_of_ids_gives_what_decoding_them_all_gives() {
    let tokenizer = tokenizer();
    let mut within_characters = 0;
    for i in 0..100 {
        let text = random_text(i) + "wörter — 字 🦀";
        let mut ids = tokenizer.encode(&text).unwrap();
        // The last character is cut in most of them.
        ids.truncate(ids.len() - i as usize % 4);
        let (mut stream, mut told) = (tokenizer.text_stream(&[]).unwrap(), String::new());
        for &id in &ids {
            let piece = stream.push(id).unwrap();
            within_characters += usize::from(piece.is_empty());
            assert!(!piece.contains('\u{fffd}'), "{piece:?}");
            told.push_str(&piece);
        }
        told.push_str(&stream.finish().unwrap());
        assert_eq!(told, tokenizer.decode(&ids).unwrap());
    }
    assert!(within_characters > 100, "{within_characters}");
}

/// A tokenizer that marks spaces and puts one before each text, as Llama 2's does.
fn marking() -> CodeTokenizer {
    let words = ["<unk>", "</s>", "▁let", "▁na", "▁me", "▁=", "▁1;", "▁x"];
    let vocabulary: serde_json::Map<_, _> =
        words.iter().enumerate().map(|(id, word)| ((*word).to_owned(), id.into())).collect();
    let added: Vec<Value> = ["<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>"]
        .iter()
        .enumerate()
        .map(|(at, name)| {
            json!({ "id": words.len() + at, "content": name, "special": true, "single_word": false,
                    "lstrip": false, "rstrip": false, "normalized": false })
        })
        .collect();
    let metaspace =
        json!({ "type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true });
    let tokenizer = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": added, "normalizer": null,
        "pre_tokenizer": metaspace, "post_processor": null, "decoder": metaspace,
        "model": { "type": "WordLevel", "vocab": vocabulary, "unk_token": "<unk>" },
    });
    CodeTokenizer::from_bytes(tokenizer.to_string().into_bytes(), None, Path::new("t")).unwrap()
}

#[test]
fn a_space_at_the_beginning_of_what_follows_a_prompt_is_kept() {
    let tokenizer = marking();
    let (prompt, next) = (tokenizer.encode("let x =").unwrap(), tokenizer.id("▁1;").unwrap());
    let mut stream = tokenizer.text_stream(&prompt).unwrap();
    let told = stream.push(next).unwrap() + &stream.finish().unwrap();
    assert_eq!(told, " 1;");
}

#[test]
fn a_tokenizer_whose_parts_do_not_join_does_not_fill_in() {
    assert!(matches!(marking().fim(), Err(DatasetError::PartsDoNotJoin)));
    assert!(tokenizer().fim().is_ok());
}

#[test]
fn text_that_looks_like_a_control_token_stays_text() {
    let tokenizer = tokenizer();
    for name in CONTROL_TOKENS {
        for text in [name.to_owned(), format!("let end = \"{name}\";\n"), format!("{name}{name}")] {
            let ids = tokenizer.encode(&text).unwrap();
            assert!(ids.iter().all(|&id| id > 4), "{text} became {ids:?}");
            assert_eq!(tokenizer.decode(&ids).unwrap(), text);
        }
    }
}

#[test]
fn control_tokens_declared_as_ordinary_ones_are_not_injected_either() {
    let (_, json) = tokenizer().files()[0];
    let mut json: Value = serde_json::from_slice(json).unwrap();
    for token in json["added_tokens"].as_array_mut().unwrap() {
        token["special"] = Value::Bool(false);
    }
    let loose = CodeTokenizer::from_bytes(json.to_string().into_bytes(), None, Path::new("t")).unwrap();
    let text = "a <|fim_prefix|> b";
    let ids = loose.encode(text).unwrap();
    assert!(ids.iter().all(|&id| id > 4));
    assert_eq!(loose.decode(&ids).unwrap(), text);
}

#[test]
fn truncation_and_padding_of_the_file_are_not_obeyed() {
    let (_, json) = tokenizer().files()[0];
    let mut json: Value = serde_json::from_slice(json).unwrap();
    json["truncation"] =
        json!({"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0});
    let cutting = CodeTokenizer::from_bytes(json.to_string().into_bytes(), None, Path::new("t")).unwrap();
    let text = random_text(5).repeat(10);
    assert!(cutting.is_lossless(&text, &cutting.encode(&text).unwrap()));
}

#[test]
fn control_ids_are_found_by_name() {
    let tokenizer = tokenizer();
    assert_eq!(tokenizer.end(), 0);
    assert_eq!(tokenizer.padding(), 4);
    assert_eq!(*tokenizer.fim().unwrap(), FimTokens { prefix: 1, middle: 2, suffix: 3 });
    assert_eq!(tokenizer.id("<|fim_suffix|>"), Some(3));
}

#[test]
fn saved_and_loaded_it_encodes_the_same() {
    let folder = tempfile::tempdir().unwrap();
    tokenizer().save(folder.path()).unwrap();
    let loaded = CodeTokenizer::load(folder.path()).unwrap();
    assert_eq!(loaded.digest(), tokenizer().digest());
    let text = random_text(3);
    assert_eq!(loaded.encode(&text).unwrap(), tokenizer().encode(&text).unwrap());
}

#[test]
fn a_tokenizer_is_written_over_itself_and_never_over_another() {
    let folder = tempfile::tempdir().unwrap();
    for name in FILES {
        let path = folder.path().join(name);
        std::fs::write(&path, "theirs").unwrap();
        let error = tokenizer().save(folder.path()).unwrap_err();
        assert!(matches!(&error, DatasetError::TokenizerExists { path: found } if *found == path), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), b"theirs");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        std::fs::remove_file(path).unwrap();
    }
    tokenizer().save(folder.path()).unwrap();
    tokenizer().save(folder.path()).unwrap();
    refuse_other(folder.path(), None).unwrap_err();
}

#[test]
fn a_broken_or_missing_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokenizer.json");
    assert!(CodeTokenizer::load(&file).err().unwrap().to_string().contains("tokenizer.json"));
    std::fs::write(&file, "{\"version\": ").unwrap();
    let error = CodeTokenizer::load(&file).err().unwrap().whole();
    assert!(error.contains("tokenizer.json") && error.contains("Hugging Face"), "{error}");
}

#[test]
fn a_tokenizer_without_the_named_end_token_is_refused() {
    let (_, json) = tokenizer().files()[0];
    let config = br#"{"eos_token": {"content": "<nowhere>"}}"#.to_vec();
    let error = CodeTokenizer::from_bytes(json.to_vec(), Some(config), Path::new("t")).err().unwrap();
    assert!(error.whole().contains("<nowhere>"));
}

#[test]
fn training_gives_the_same_bytes_for_any_number_of_threads() {
    let training = TokenizerTraining { vocab_size: 700, min_frequency: 2 };
    let bytes = |threads| {
        with_threads(threads, || train(&corpus(), training, &|_| {}).unwrap().tokenizer.files()[0].1.to_vec())
    };
    let first = bytes(1);
    for threads in [1, 2, 2, 4] {
        assert!(bytes(threads) == first);
    }
}

#[test]
fn a_vocabulary_that_the_texts_cannot_fill_is_reported() {
    let training = TokenizerTraining { vocab_size: 5000, min_frequency: 2 };
    let trained = train(&["aaaa bbbb aaaa bbbb"], training, &|_| {}).unwrap();
    assert!(trained.reached < 300);
    assert!(trained.shortfall().unwrap().contains("fewer than the 5000"));
    let training = TokenizerTraining { vocab_size: 300, min_frequency: 2 };
    let enough = train(&corpus(), training, &|_| {}).unwrap();
    assert_eq!((enough.reached, enough.shortfall()), (300, None));
}

#[test]
fn what_cannot_be_trained_is_refused() {
    let training = TokenizerTraining::default();
    assert!(train::<&str>(&[], training, &|_| {}).is_err());
    // Every byte and the control tokens are there before the first merge.
    let smallest = 256 + CONTROL_TOKENS.len();
    assert_eq!(codetune_validate::TRAINED_VOCAB_SIZE.check_unsigned(smallest as u64), Ok(smallest as u64));
    assert!(train(&["x"], TokenizerTraining { vocab_size: 1_000_001, ..training }, &|_| {}).is_err());
    assert!(train(&["x"], TokenizerTraining { vocab_size: 260, ..training }, &|_| {}).is_err());
    assert!(train(&["x"], TokenizerTraining { min_frequency: 0, ..training }, &|_| {}).is_err());
}

#[test]
fn progress_counts_every_text() {
    let seen = std::sync::Mutex::new(Vec::new());
    let training = TokenizerTraining { vocab_size: 300, min_frequency: 2 };
    train(&corpus(), training, &|progress| seen.lock().unwrap().push(progress)).unwrap();
    let seen = seen.into_inner().unwrap();
    let total = corpus().len();
    assert!(seen.contains(&TrainingProgress::Reading { done: total, total }));
    assert_eq!(seen.last(), Some(&TrainingProgress::Finished { vocab_size: 300 }));
}

#[test]
fn encoding_in_parallel_equals_encoding_in_turn() {
    let texts: Vec<String> = (0..64).map(random_text).collect();
    let encode = |text: &String| tokenizer().encode(text).unwrap();
    let parallel: Vec<_> = with_threads(2, || texts.par_iter().map(encode).collect());
    assert_eq!(parallel, texts.iter().map(encode).collect::<Vec<_>>());
}

#[test]
fn what_the_library_panics_on_is_an_error_that_names_the_file() {
    let (_, json) = tokenizer().files()[0];
    let template = |single: Value| {
        serde_json::json!({
            "type": "TemplateProcessing", "single": single, "pair": [], "special_tokens": {},
        })
    };
    let sequence = |id: &str| serde_json::json!({"Sequence": {"id": id, "type_id": 0}});
    let token = serde_json::json!({"SpecialToken": {"id": "<s>", "type_id": 0}});
    let map = |bytes: [u8; 12]| {
        use base64::Engine;
        let map = base64::engine::general_purpose::STANDARD.encode(bytes);
        serde_json::json!({"type": "Precompiled", "precompiled_charsmap": map})
    };
    for (pointer, value) in [
        ("/pre_tokenizer", serde_json::json!({"type": "FixedLength", "length": 0})),
        ("/post_processor", template(serde_json::json!([token, sequence("A")]))),
        ("/post_processor", template(serde_json::json!([sequence("B")]))),
        ("/model/continuing_subword_prefix", "é".repeat(5).into()),
        // A trie whose first node leads out of it, and one that is cut off.
        ("/normalizer", map([8, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255])),
        ("/normalizer", map([3, 0, 0, 0, 1, 1, 1, 255, 255, 255, 255, 255])),
    ] {
        let mut broken: Value = serde_json::from_slice(json).unwrap();
        *broken.pointer_mut(pointer).unwrap() = value.clone();
        let loaded =
            CodeTokenizer::from_bytes(broken.to_string().into(), None, Path::new("m/tokenizer.json"));
        let error = loaded.err().unwrap_or_else(|| panic!("{value} was accepted")).to_string();
        assert!(error.starts_with("tokenizer m/tokenizer.json: ") && error.len() < 400, "{error}");
    }
}

#[test]
fn ids_on_which_the_decoder_panics_are_an_error() {
    let (_, json) = tokenizer().files()[0];
    let mut stripping: Value = serde_json::from_slice(json).unwrap();
    stripping["decoder"] = serde_json::json!({"type": "Strip", "content": "a", "start": 0, "stop": 9});
    let loaded = CodeTokenizer::from_bytes(stripping.to_string().into(), None, Path::new("t")).unwrap();
    let error = loaded.decode(&[loaded.id("a").unwrap()]).unwrap_err().whole();
    assert!(error.starts_with("tokenizer: cannot decode: the tokenizers library failed on it ("), "{error}");
    assert!(loaded.decode(&[loaded.id("b").unwrap()]).is_ok(), "and it goes on");
}

#[test]
fn a_panic_of_another_kind_is_not_taken_for_the_tokenizers() {
    let text = contained::contained::<()>(|| panic!("at {}", 7)).unwrap_err();
    assert!(text.starts_with("the tokenizers library failed on it (at 7, at tests.rs:"), "{text}");
    assert!(std::panic::catch_unwind(|| panic!("not contained")).is_err());
    assert_eq!(contained::contained(|| Ok(3)), Ok(3));
}
