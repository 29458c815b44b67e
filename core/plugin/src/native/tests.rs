//! Both sides of the C ABI in one program, so that Miri and AddressSanitizer see every pointer that crosses it.

use std::sync::{Arc, Mutex};

use codetune_plugin_sdk::__private::{analyzer_table, backend_table};
use codetune_plugin_sdk::{
    Analyzer, Capture, Captures, Error, LogLevel, Op, Plan, Report, RuleId, Setup, Severity, Source, Tensor,
    TensorId, TrainingBackend, abi, log, ops,
};

use super::{NativeAnalyzer, NativeBackend, Tables};
use crate::{AnalyzerInstance, BackendInstance, Fault, Manifest, SourceBatch, TensorHost};

fn manifest(kind: &str) -> Arc<Manifest> {
    let text = format!(
        "schema = 1\nname = \"tests/both\"\nversion = \"0.1.0\"\ndescription = \"d\"\nauthor = \"a\"\n\
         license = \"MIT\"\napi = \"0.1\"\n{kind}\n"
    );
    Arc::new(Manifest::parse(&text).unwrap())
}

/// Finds what its query captures, and keeps count of its files.
struct Words {
    word: RuleId,
    files: usize,
}

#[derive(serde::Deserialize)]
struct Nothing {}

impl Analyzer for Words {
    type Config = Nothing;

    fn new(_: Nothing, setup: &Setup) -> Result<Self, Error> {
        Ok(Words { word: setup.rule("word")?, files: 0 })
    }

    fn analyze(&mut self, source: &Source<'_>, report: &mut Report) -> Result<(), Error> {
        self.files += 1;
        log(LogLevel::Debug, source.path());
        let found = source.query("(word) @word")?;
        for capture in &found.items {
            let message = format!("{} {} of file {}", found.name(capture), source.text(), self.files);
            let _ = report.finding(self.word, Severity::Note, capture.span()).message(message);
        }
        match source.text() {
            "panic" => panic!("on purpose"),
            _ => Ok(()),
        }
    }
}

struct Texts(Vec<&'static str>);

impl SourceBatch for Texts {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn path(&self, _: usize) -> &str {
        "a.txt"
    }

    fn language(&self, _: usize) -> &str {
        "text"
    }

    fn text(&self, at: usize) -> Arc<str> {
        self.0[at].into()
    }

    fn query(&self, at: usize, pattern: &str) -> Result<Captures, String> {
        if self.0[at].is_empty() {
            return Err(format!("no tree for {pattern}"));
        }
        let end = self.0[at].len() as u32;
        let items = vec![Capture { pattern: 0, name: 0, match_id: 0, start: 0, end }];
        Ok(Captures { names: vec!["word".into()], items })
    }
}

static ANALYZER: abi::Analyzer = analyzer_table::<Words>();

fn plugin(analyzer: *const abi::Analyzer, backend: *const abi::Backend) -> abi::Plugin {
    let size = size_of::<abi::Plugin>();
    abi::Plugin { magic: abi::MAGIC, size, manifest: abi::Str::text(""), analyzer, backend }
}

fn words() -> NativeAnalyzer {
    let manifest = manifest(
        "[analyzer]\nlanguages = [\"*\"]\n[[analyzer.rules]]\nid = \"word\"\nseverity = \"note\"\nsummary = \"s\"",
    );
    let plugin = plugin(&ANALYZER, std::ptr::null());
    // SAFETY: both tables are those of this build.
    let tables = unsafe { Tables::of(&plugin, &manifest) }.unwrap();
    let setup = Setup { config: "{}".into(), rules: vec!["word".into()], attributes: Vec::new() };
    NativeAnalyzer::configure(tables, manifest, crate::Limits::DEFAULT, &setup).unwrap()
}

/// What an instance says of some texts: a message or a fault for each.
fn said(instance: &mut dyn AnalyzerInstance, texts: &[&'static str]) -> Vec<String> {
    let batch: Arc<dyn SourceBatch> = Arc::new(Texts(texts.to_vec()));
    let of_report = |report: Report| report.strings.join(", ");
    let told = |answer: Result<Report, _>| answer.map_or_else(|error| format!("{error}"), of_report);
    instance.analyze(&batch).unwrap().into_iter().map(told).collect()
}

#[test]
fn an_instance_answers_wherever_it_is_moved_to() {
    let mut first = words();
    assert_eq!(
        said(&mut first, &["one", ""]),
        ["word one of file 1", "plugin tests/both: no tree for (word) @word"]
    );
    // Onto the heap, to another place there, to another thread, and back.
    let mut kept: Vec<Box<dyn AnalyzerInstance>> = vec![Box::new(first)];
    kept.reserve(100);
    let mut moved = kept.pop().unwrap();
    assert_eq!(said(&mut *moved, &["two"]), ["word two of file 3"]);
    let mut back = std::thread::spawn(move || {
        assert_eq!(said(&mut *moved, &["three"]), ["word three of file 4"]);
        moved
    })
    .join()
    .unwrap();
    assert_eq!(said(&mut *back, &["four", "five"]), ["word four of file 5", "word five of file 6"]);
}

#[test]
fn a_panicked_instance_is_not_called_again_and_others_go_on() {
    let (mut one, mut other) = (words(), words());
    let batch: Arc<dyn SourceBatch> = Arc::new(Texts(vec!["fine", "panic"]));
    let fault = one.analyze(&batch).unwrap_err().fault;
    assert!(matches!(&fault, Fault::Panicked(text) if text.starts_with("on purpose, at ")), "{fault}");
    assert!(matches!(one.analyze(&batch).unwrap_err().fault, Fault::Unavailable(_)));
    assert_eq!(said(&mut other, &["fine"]), ["word fine of file 1"]);
}

/// Squashes its input, and drops a tensor of its own on the way.
struct Squash;

impl TrainingBackend for Squash {
    fn configure(config: &str) -> Result<(Self, Plan), Error> {
        let vocabulary = config.parse().map_err(|_| Error::InvalidConfig("write a number".into()))?;
        Ok((Squash, Plan { blocks: 1, vocabulary, max_positions: 8, ..Plan::default() }))
    }

    fn embed(&self, ids: &Tensor) -> Result<Tensor, Error> {
        ops::reshape(ids, &ids.shape()?)
    }

    fn block(&self, _: u32, x: &Tensor) -> Result<Tensor, Error> {
        let dropped = ops::silu(x)?;
        ops::add(&dropped, x)
    }

    fn logits(&self, x: &Tensor) -> Result<Tensor, Error> {
        ops::linear("nowhere", x)
    }
}

/// Writes down what it is asked for.
#[derive(Default)]
struct Book(Mutex<Vec<String>>);

impl Book {
    fn write(&self, line: String) -> TensorId {
        let mut lines = self.0.lock().unwrap();
        lines.push(line);
        lines.len() as TensorId
    }
}

impl TensorHost for Book {
    fn run(&self, op: &Op<'_>) -> Result<TensorId, String> {
        match op {
            Op::Linear { name, .. } => Err(format!("there is no parameter {name}")),
            op => Ok(self.write(format!("{op:?}"))),
        }
    }

    fn shape(&self, tensor: TensorId) -> Option<Vec<u64>> {
        (tensor == 9).then(|| vec![2, 3])
    }

    fn release(&self, tensor: TensorId) {
        self.write(format!("release {tensor}"));
    }
}

#[test]
fn a_backend_calls_the_host_wherever_it_is_moved_to() {
    static BACKEND: abi::Backend = backend_table::<Squash>();
    let manifest = manifest("[training-backend]\narchitectures = [\"Squash\"]");
    let plugin = plugin(std::ptr::null(), &BACKEND);
    // SAFETY: both tables are those of this build.
    let tables = unsafe { Tables::of(&plugin, &manifest) }.unwrap();
    let book = Arc::new(Book::default());
    let host = || Arc::clone(&book) as Arc<dyn TensorHost>;
    let refused = NativeBackend::configure(tables, Arc::clone(&manifest), "no", host()).err().unwrap();
    assert!(matches!(refused.fault, Fault::Said(Error::InvalidConfig(_))), "{refused}");
    let made = NativeBackend::configure(tables, manifest, "7", host()).unwrap();
    let mut moved: Box<dyn BackendInstance> = Box::new(made);
    assert_eq!(moved.plan().vocabulary, 7);
    assert_eq!(moved.embed(9).unwrap(), 1);
    assert_eq!(moved.block(0, 1).unwrap(), 3);
    let error = moved.logits(3).unwrap_err().to_string();
    assert!(error.contains("there is no parameter nowhere"), "{error}");
    assert!(moved.embed(8).unwrap_err().to_string().contains("no tensor 8"));
    let lines = book.0.lock().unwrap();
    assert_eq!(
        *lines,
        ["Reshape { x: 9, shape: [2, 3] }", "Silu { x: 1 }", "Add { a: 2, b: 1 }", "release 2",]
    );
}
