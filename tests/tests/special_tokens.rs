//! Special tokens in data, prompts and answers, against what `AutoTokenizer` and `generate` of transformers make of the
//! same folders: the fixtures hold that, see `fixtures/special_tokens/make.py`.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use codetune_core::analysis::FileAttributes;
use codetune_core::dataset::{CodeTokenizer, DatasetConfig, Document, Split, build};
use codetune_core::model::{Finish, Sampling};
use codetune_core::run::{Completer, CompletionRequest, Prompt};
use codetune_tests::{fixture, open_model};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

fn expected() -> Value {
    serde_json::from_str(&fs::read_to_string(fixture("special_tokens/expected.json")).unwrap()).unwrap()
}

/// The folder of a case: the model, its tokenizer, and the files that differ.
fn folder(tokenizer: &str, files: &Map<String, Value>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for source in ["model", tokenizer] {
        for entry in fs::read_dir(fixture(&format!("special_tokens/{source}"))).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
        }
    }
    for (name, content) in files {
        let path = folder.path().join(name);
        let content = match name.as_str() {
            "tokenizer.json" => {
                let mut whole: Map<String, Value> =
                    serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
                whole.extend(content.as_object().unwrap().clone());
                Value::Object(whole)
            }
            _ => content.clone(),
        };
        fs::write(path, content.to_string()).unwrap();
    }
    folder
}

fn ids(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn prompts_have_the_ids_that_auto_tokenizer_gives() {
    for case in expected()["cases"].as_array().unwrap() {
        let folder = folder(text(&case["tokenizer"]), case["files"].as_object().unwrap());
        let tokenizer = CodeTokenizer::load(folder.path()).unwrap();
        for encoded in case["encoded"].as_array().unwrap() {
            let found = tokenizer.encode_prompt(text(&encoded["text"])).unwrap();
            assert_eq!(found, ids(&encoded["ids"]), "{encoded} with {}", case["files"]);
        }
        assert_eq!(tokenizer.encode_prompt(text(&case["prompt"])).unwrap(), ids(&case["prompt_ids"]));
    }
}

#[test]
fn greedy_text_and_where_it_ends_are_those_of_generate() {
    let mut stopped = 0;
    for case in expected()["cases"].as_array().unwrap() {
        let folder = folder(text(&case["tokenizer"]), case["files"].as_object().unwrap());
        let tokenizer = CodeTokenizer::load(folder.path()).unwrap();
        let mut completer = Completer::new(open_model(folder.path()).unwrap(), tokenizer);
        let request = CompletionRequest {
            prompt: Prompt { prefix: text(&case["prompt"]), suffix: None },
            max_new_tokens: case["max_new_tokens"].as_u64().unwrap() as usize,
            sampling: Sampling::default(),
        };
        let mut told = String::new();
        let mut on_text = |piece: &str| {
            told.push_str(piece);
            ControlFlow::Continue(())
        };
        let completion = completer.complete(&request, &mut on_text, &AtomicBool::new(false)).unwrap();
        assert_eq!(completion.tokens, ids(&case["new_ids"]), "{}", case["files"]);
        assert_eq!(completion.text, text(&case["text"]), "{}", case["files"]);
        assert_eq!(told, completion.text, "what is told as it comes is the text");
        let ended = matches!(completion.finish, Finish::Stop(_));
        assert_eq!(ended, case["stopped"].as_bool().unwrap(), "{}", case["files"]);
        stopped += usize::from(ended);
    }
    assert!(stopped >= 6);
}

#[test]
fn ids_that_no_text_has_are_decoded_as_transformers_decodes_them() {
    for case in expected()["decoded"].as_array().unwrap() {
        let tokenizer =
            CodeTokenizer::load(&fixture(&format!("special_tokens/{}", text(&case["tokenizer"])))).unwrap();
        let ids = ids(&case["ids"]);
        assert_eq!(tokenizer.decode(&ids).unwrap(), text(&case["text"]), "{case}");
        let mut stream = tokenizer.text_stream(&[]).unwrap();
        let told: String = ids.iter().map(|id| stream.push(*id).unwrap()).collect();
        assert_eq!(told + &stream.finish().unwrap(), text(&case["text"]), "{case}");
    }
}

#[test]
fn documents_are_framed_as_the_post_processor_frames_a_text() {
    let name = |post_processor: &str| match post_processor {
        "bos" => json!({}),
        "none" => json!({ "tokenizer.json": { "post_processor": null } }),
        _ => {
            let cases = expected();
            let both = cases["cases"]
                .as_array()
                .unwrap()
                .iter()
                .find(|case| case["tokenizer"] == "bytes" && ids(&case["encoded"][0]["ids"]) == [1, 2]);
            both.unwrap()["files"].clone()
        }
    };
    // The second text is longer than a sequence.
    let texts = ["def f(x):\n    return x\n".to_owned(), "x = 1\n".repeat(40)];
    for post_processor in ["none", "bos", "both"] {
        let folder = folder("bytes", name(post_processor).as_object().unwrap());
        let tokenizer = CodeTokenizer::load(folder.path()).unwrap();
        for fim_rate in [0.0, 1.0] {
            let documents = texts.iter().enumerate().map(|(number, text)| Document {
                path: format!("src/{number}.py"),
                language: "python".to_owned(),
                text: text.as_str().into(),
                digest: [number as u8; 32],
                attributes: FileAttributes::default(),
                findings: Map::new(),
                errors: Vec::new(),
            });
            let config =
                DatasetConfig { held_out: 0.0, max_seq_length: 64, fim_rate, ..DatasetConfig::default() };
            let dataset = build(documents.collect(), &tokenizer, &config, &|_| {}).unwrap();
            dataset.ledger().check().unwrap();
            let stream = dataset.stream(Split::Train);
            for (number, text) in texts.iter().enumerate() {
                // As `AutoTokenizer` gives it, with one end-of-text at the end.
                let mut expected = tokenizer.encode_prompt(text).unwrap();
                if expected.last() != Some(&tokenizer.end()) {
                    expected.push(tokenizer.end());
                }
                if fim_rate == 0.0 {
                    assert_eq!(stream.document(number), expected, "{post_processor}");
                }
            }
            if fim_rate > 0.0 {
                let summary = dataset.inspect(0, 0, 0).unwrap();
                let examples = summary.fim_psm + summary.fim_spm;
                assert!(examples > 4 && summary.fim_whole == examples, "{summary:?}");
                let begin: &[u32] = if post_processor == "none" { &[3] } else { &[1, 3] };
                for piece in 0..stream.piece_count() {
                    assert!(
                        stream.piece(piece).starts_with(begin),
                        "{post_processor}: {:?}",
                        stream.piece(piece)
                    );
                    assert!(stream.piece(piece).ends_with(&[tokenizer.end()]));
                    assert_eq!(stream.piece(piece).iter().filter(|id| **id == tokenizer.end()).count(), 1);
                }
            }
        }
    }
}

#[test]
fn filling_in_is_asked_for_as_it_was_trained() {
    let tokenizer = CodeTokenizer::load(&fixture("special_tokens/bytes")).unwrap();
    // Of transformers, for the text with the markers' names typed in.
    let cases = expected();
    let typed = cases["cases"][0]["encoded"]
        .as_array()
        .unwrap()
        .iter()
        .find(|encoded| encoded["text"] == "<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>");
    assert_eq!(tokenizer.encode_fim_prompt("a", "b").unwrap(), ids(&typed.unwrap()["ids"]));
}

#[test]
fn files_that_do_not_say_what_they_should_are_refused_by_name() {
    for (file, content, expected) in [
        (
            "generation_config.json",
            json!({ "eos_token_id": "two" }),
            "generation_config.json beside it: eos_token_id",
        ),
        ("generation_config.json", json!({ "eos_token_id": [2, -1] }), "it has to be an id or a list of ids"),
        (
            "special_tokens_map.json",
            json!({ "eos_token": 2 }),
            "special_tokens_map.json: eos_token is neither",
        ),
        ("tokenizer_config.json", json!({ "eos_token": "<nowhere>" }), "<nowhere>"),
    ] {
        let files = Map::from_iter([(file.to_owned(), content)]);
        let error = refusal(folder("bytes", &files).path());
        assert!(error.contains(expected), "{error}");
    }
}

fn refusal(folder: &Path) -> String {
    CodeTokenizer::load(folder).err().unwrap().to_string()
}
