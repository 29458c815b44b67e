//! A host that is an async program calls the core as any other does: no call panics or waits for itself inside a
//! runtime, and what takes long can be handed to another thread.

mod data;
mod plugins;
mod store;
mod training;

use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use codetune_core::analysis::{AnalysisOptions, AnswerCache};
use codetune_core::dataset::{BatchSource, CodeTokenizer, Dataset, TokenTape};
use codetune_core::model::Model;
use codetune_core::plugin::{AnalyzerInstance, BackendInstance, Plugin, Registry};
use codetune_core::run::{Completer, RunMetrics, Session};
use codetune_core::store::{AnalysisCache, Store};
use codetune_core::train::{MetricSink, NoMetrics, TrainedModel, Trainer};
use tokio::runtime::{Builder, Runtime};

/// Far more than any of these tests takes: what is not done by then waits for itself.
const PATIENCE: Duration = Duration::from_secs(300);

/// Where async programs call from, which differs in what tokio forbids there: the future that a runtime drives, a task
/// of its own, and a thread for blocking work.
const PLACES: [fn(&Runtime, Work); 3] = [
    |runtime, work| runtime.block_on(async { work() }),
    |runtime, work| runtime.block_on(runtime.spawn(async move { work() })).expect("no panic"),
    |runtime, work| runtime.block_on(runtime.spawn_blocking(work)).expect("no panic"),
];

type Work = Box<dyn FnOnce() + Send>;

/// Runs `body` with an empty folder in every place of both kinds of runtime.
fn in_every_place(body: impl Fn(&Path) + Send + Sync + 'static) {
    let body = Arc::new(body);
    for place in PLACES {
        for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
            let body = Arc::clone(&body);
            let (done, ends) = mpsc::channel();
            let host = thread::spawn(move || {
                // Until this is dropped, the host is at work.
                let _done: mpsc::Sender<()> = done;
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().to_owned();
                let runtime = builder.enable_all().build().unwrap();
                place(&runtime, Box::new(move || body(&path)));
            });
            let ended = ends.recv_timeout(PATIENCE);
            assert_eq!(ended, Err(RecvTimeoutError::Disconnected), "the call waits for itself");
            host.join().expect("no panic");
        }
    }
}

#[test]
fn what_a_service_hands_to_its_threads_can_be_sent() {
    fn is_send<T: Send + ?Sized>() {}
    fn is_shared<T: Send + Sync + ?Sized>() {}
    is_send::<Trainer<TrainedModel>>();
    is_send::<TrainedModel>();
    is_send::<Box<dyn MetricSink>>();
    is_send::<dyn MetricSink>();
    is_send::<RunMetrics>();
    is_send::<NoMetrics>();
    is_send::<Box<dyn BatchSource>>();
    is_send::<Model>();
    is_send::<Completer>();
    is_send::<Dataset>();
    is_send::<TokenTape>();
    is_send::<AnalysisOptions>();
    is_send::<Box<dyn AnalyzerInstance>>();
    is_send::<Box<dyn BackendInstance>>();
    is_shared::<Session<'static>>();
    is_shared::<Registry>();
    is_shared::<Plugin>();
    is_shared::<Store>();
    is_shared::<AnalysisCache>();
    is_shared::<dyn AnswerCache>();
    is_shared::<CodeTokenizer>();
}

#[test]
fn the_places_are_inside_a_runtime_and_what_panics_there_is_seen() {
    let seen = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&seen);
    in_every_place(move |_| {
        tokio::runtime::Handle::current();
        *counted.lock().unwrap() += 1;
    });
    assert_eq!(*seen.lock().unwrap(), 6);
    let panicked = std::panic::catch_unwind(|| in_every_place(|_| panic!("on purpose")));
    assert!(panicked.is_err());
}
