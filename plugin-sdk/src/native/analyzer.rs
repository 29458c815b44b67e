use std::ffi::c_void;

use super::call::{call, fail_parts};
use crate::abi::{self, Host, NONE, Slice, Str};
use crate::analyzer::{Analyzer, Setup};
use crate::error::Error;
use crate::report::{Report, Value};
use crate::source::{Captures, Source};

/// The C ABI table of an [`Analyzer`].
pub const fn analyzer_table<A: Analyzer>() -> abi::Analyzer {
    abi::Analyzer {
        size: size_of::<abi::Analyzer>(),
        configure: configure::<A>,
        analyze: analyze::<A>,
        free: free::<A>,
    }
}

unsafe extern "C" fn configure<A: Analyzer>(
    host: *const Host,
    setup: *const abi::Setup,
    instance: *mut *mut c_void,
) -> u32 {
    call(host, || {
        // SAFETY: the host hands over a whole set-up and a place for the instance.
        let setup = unsafe { read_setup(&*setup)? };
        let analyzer = Box::new(setup.analyzer::<A>()?);
        // SAFETY: as above.
        unsafe { *instance = Box::into_raw(analyzer).cast() };
        Ok(())
    })
}

unsafe extern "C" fn analyze<A: Analyzer>(
    host: *const Host,
    instance: *mut c_void,
    batch: Slice<abi::Source>,
) -> u32 {
    call(host, || {
        // SAFETY: the host calls with an instance that `configure` made, from one thread at a time.
        let analyzer = unsafe { &mut *instance.cast::<A>() };
        // SAFETY: the batch lives for the length of the call.
        for (number, source) in unsafe { batch.get() }.iter().enumerate() {
            let number = number as u32;
            // SAFETY: as above; host and context live for the length of the call.
            unsafe {
                match analyze_one(host, analyzer, number, source) {
                    Ok(report) => hand_over(host, number, &report),
                    Err(error) => {
                        let (kind, message) = fail_parts(error);
                        ((*host).fail_source)((*host).context, number, kind as u32, Str::text(&message));
                    }
                }
            }
        }
        Ok(())
    })
}

unsafe extern "C" fn free<A: Analyzer>(host: *const Host, instance: *mut c_void) {
    call(host, || {
        // SAFETY: the host frees an instance that `configure` made once, and calls it no more.
        drop(unsafe { Box::from_raw(instance.cast::<A>()) });
        Ok(())
    });
}

unsafe fn analyze_one<A: Analyzer>(
    host: *const Host,
    analyzer: &mut A,
    number: u32,
    source: &abi::Source,
) -> Result<Report, Error> {
    let query = |pattern: &str| run_query(host, number, pattern);
    // SAFETY: the caller vouches for the source.
    let source =
        unsafe { Source::new(text(source.path)?, text(source.language)?, text(source.text)?, &query) };
    let mut report = Report::default();
    analyzer.analyze(&source, &mut report)?;
    Ok(report)
}

fn run_query(host: *const Host, source: u32, pattern: &str) -> Result<Captures, String> {
    let mut out = abi::Captures { names: Slice::of(&[]), items: Slice::of(&[]) };
    let mut error = Str::text("");
    // SAFETY: the host's call is under way; the out-parameters are valid, and what they then point to lives until the
    // next query.
    unsafe {
        if ((*host).query)((*host).context, source, Str::text(pattern), &mut out, &mut error) != abi::OK {
            return Err(error.to_str().unwrap_or("the query failed").to_owned());
        }
        let names = out.names.get().iter().map(|name| name.to_str().unwrap_or_default().to_owned());
        Ok(Captures { names: names.collect(), items: out.items.get().to_vec() })
    }
}

fn hand_over(host: *const Host, number: u32, report: &Report) {
    let findings: Vec<_> = report
        .findings
        .iter()
        .map(|f| abi::Finding {
            rule: f.rule.into(),
            severity: f.severity as u32,
            start: f.start,
            end: f.end,
            message: f.message.unwrap_or(NONE),
        })
        .collect();
    let edits: Vec<_> = report
        .edits
        .iter()
        .map(|e| abi::Edit { finding: e.finding, start: e.start, end: e.end, replacement: e.replacement })
        .collect();
    let symbols: Vec<_> =
        report.symbols.iter().map(|s| abi::Symbol { name: s.name, start: s.start, end: s.end }).collect();
    let attributes: Vec<_> = report
        .attributes
        .iter()
        .map(|a| {
            let (tag, bits) = match a.value {
                Value::Integer(v) => (0, v.cast_unsigned()),
                Value::Float(v) => (1, v.to_bits()),
                Value::Boolean(v) => (2, v.into()),
                Value::Text(v) => (3, v.into()),
            };
            abi::Attribute { id: a.id.into(), subject: a.subject, tag, reserved: 0, bits }
        })
        .collect();
    let strings: Vec<_> = report.strings.iter().map(|s| Str::text(s)).collect();
    let report = abi::Report {
        findings: Slice::of(&findings),
        edits: Slice::of(&edits),
        symbols: Slice::of(&symbols),
        attributes: Slice::of(&attributes),
        strings: Slice::of(&strings),
    };
    // SAFETY: the host's call is under way; the report lives for it, and the host copies it.
    unsafe { ((*host).report)((*host).context, number, &report) };
}

unsafe fn read_setup(setup: &abi::Setup) -> Result<Setup, Error> {
    // SAFETY: the caller vouches for the set-up.
    unsafe {
        let texts = |items: Slice<Str>| -> Result<Vec<String>, Error> {
            items.get().iter().map(|item| text(*item).map(str::to_owned)).collect()
        };
        Ok(Setup {
            config: text(setup.config)?.to_owned(),
            rules: texts(setup.rules)?,
            attributes: texts(setup.attributes)?,
        })
    }
}

unsafe fn text<'a>(text: Str) -> Result<&'a str, Error> {
    // SAFETY: the caller vouches for the text.
    unsafe { text.to_str() }.ok_or_else(|| Error::failed("the host handed over text that is not UTF-8"))
}
