use std::time::Duration;

/// What a manifest asks for, each within the host's bounds.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsRequest {
    /// Memory of one instance, MiB.
    pub memory_mib: Option<u64>,
    /// Time inside the plugin for each file of a batch, or each call of a backend, milliseconds. Of the time
    /// that the host spends on the plugin's behalf, ten times as much is granted, and 300 times as much to a
    /// backend, whose work is the host's.
    pub time_ms: Option<u64>,
    /// What one answer may hold for each file of a batch, KiB.
    pub output_kib: Option<u64>,
}

/// The most time of a call for several files, milliseconds, unless a single one is allowed more: what is lost
/// to a plugin that loops in the middle of a batch.
const BATCH_MS: u64 = 10_000;

/// The limits in force for a plugin's calls. WASM components are held to all of them; native code to none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Limits {
    /// Memory of one instance, MiB.
    pub memory_mib: u64,
    /// Time inside the plugin for each file or call, milliseconds.
    pub time_ms: u64,
    /// What one answer may hold for each file, KiB.
    pub output_kib: u64,
}

/// A limit that is 0 or past the host's bound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
#[error("{limit} is {value}: write a number from 1 to {most}")]
#[diagnostic(code(plugin::limit::range))]
pub struct LimitOutOfRange {
    /// The limit, as a manifest names it.
    pub limit: &'static str,
    /// The value.
    pub value: u64,
    /// The host's bound.
    pub most: u64,
}

impl Limits {
    /// What a plugin gets that asks for nothing: room for a copy of a large file and its findings, and two
    /// seconds, some hundred times what a file takes.
    pub const DEFAULT: Limits = Limits { memory_mib: 256, time_ms: 2_000, output_kib: 4_096 };

    /// The most that a manifest may ask for.
    pub const MOST: Limits = Limits { memory_mib: 4_096, time_ms: 600_000, output_kib: 65_536 };

    /// The limits that a manifest's request leads to.
    ///
    /// # Errors
    /// Names the limit that is 0 or past the host's bound.
    pub fn granting(request: &LimitsRequest) -> Result<Self, LimitOutOfRange> {
        let grant = |limit, asked: Option<u64>, default, most| match asked {
            None => Ok(default),
            Some(value) if (1..=most).contains(&value) => Ok(value),
            Some(value) => Err(LimitOutOfRange { limit, value, most }),
        };
        let (default, most) = (Self::DEFAULT, Self::MOST);
        Ok(Limits {
            memory_mib: grant("memory_mib", request.memory_mib, default.memory_mib, most.memory_mib)?,
            time_ms: grant("time_ms", request.time_ms, default.time_ms, most.time_ms)?,
            output_kib: grant("output_kib", request.output_kib, default.output_kib, most.output_kib)?,
        })
    }

    /// The time limit of a call that answers for `items` files: that of each of them, and no more than
    /// ten seconds for several unless one has more. The files of a batch that needs longer are asked about one by one.
    pub fn time_for(&self, items: usize) -> Duration {
        let each = self.time_ms.saturating_mul(items.max(1) as u64);
        Duration::from_millis(each.min(self.time_ms.max(BATCH_MS)))
    }

    /// What the host may spend on the queries of a call that answers for `items` files.
    pub fn host_time_for(&self, items: usize) -> Duration {
        self.time_for(items).saturating_mul(10)
    }

    /// What the host may spend on the tensor operations of one call: ten minutes, where the manifest asks for
    /// no other time. A block of a large model over a long sequence takes half a minute on a slow machine.
    pub fn tensor_time(&self) -> Duration {
        self.time_for(1).saturating_mul(300)
    }

    /// The memory limit in bytes.
    pub fn memory_bytes(&self) -> usize {
        usize::try_from(self.memory_mib << 20).unwrap_or(usize::MAX)
    }

    /// The output limit in bytes of a call that answers for `items` files.
    pub fn output_bytes_for(&self, items: usize) -> usize {
        usize::try_from(self.output_kib << 10).unwrap_or(usize::MAX).saturating_mul(items.max(1))
    }
}
