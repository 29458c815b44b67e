use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use codetune_files::{private_directory, read_private, write_private};
use rand::TryRngCore;
use wasmtime::Engine;
use wasmtime::component::Component;

use super::compile::compile;
use crate::digest::Digest;

/// How many bytes authenticate an artifact.
const MAC_BYTES: usize = 32;

/// The most bytes of compiled components that are kept: a dozen programs of the size of CPython.
const MOST_BYTES: u64 = 1 << 30;

/// Compiled components on disk, so that a component is compiled once for each engine configuration.
///
/// A compiled artifact is machine code: whoever can make the host load one runs anything. Each is therefore
/// authenticated by a keyed BLAKE3 hash, under a key that only this user can read, before wasmtime sees it.
#[derive(Debug, Clone)]
pub struct ComponentCache {
    directory: PathBuf,
    key: [u8; 32],
    most_bytes: u64,
}

impl ComponentCache {
    /// Opens the cache in `directory`, which is made where it is missing.
    ///
    /// # Errors
    /// The directory or its key cannot be made or read, is another user's, or is open to others.
    pub fn open(directory: &Path) -> io::Result<Self> {
        private_directory(directory)?;
        let key = read_or_make_key(&directory.join("key"))?;
        Ok(ComponentCache { directory: directory.to_owned(), key, most_bytes: MOST_BYTES })
    }

    /// The compiled form of a component: loaded where it is cached and authentic, else compiled and kept.
    ///
    /// # Errors
    /// The component does not compile. A cache that cannot be written only costs time, and is logged.
    pub(crate) fn component(
        &self,
        engine: &Engine,
        bytes: &[u8],
        digest: &Digest,
        plugin: &str,
    ) -> Result<Component, String> {
        let path = self.path(engine, digest);
        match fs::read(&path) {
            Ok(kept) => match self.authentic(&path, &kept) {
                // SAFETY: the hash shows that this user's own codetune wrote these very bytes, with this
                // version of wasmtime and this configuration, which are part of the name it covers.
                Some(artifact) => match unsafe { Component::deserialize(engine, artifact) } {
                    Ok(component) => {
                        self.mark_used(&path);
                        return Ok(component);
                    }
                    Err(error) => tracing::warn!(path = %path.display(), "compiling anew: {error:#}"),
                },
                None => {
                    tracing::warn!(path = %path.display(), "compiling anew: the cached component is not authentic")
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(path = %path.display(), "compiling anew: {error}"),
        }
        let component = compile(engine, bytes, plugin)?;
        if let Err(error) = component.serialize().map(|artifact| self.keep(&path, &artifact)) {
            tracing::warn!(path = %path.display(), "the compiled component is not kept: {error:#}");
        }
        Ok(component)
    }

    fn path(&self, engine: &Engine, digest: &Digest) -> PathBuf {
        let mut hasher = Blake3Hasher(blake3::Hasher::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let engine = hasher.0.finalize().to_hex();
        self.directory.join(format!("{}-{}.cwasm", digest.hex(), &engine[..16]))
    }

    /// Covers the file's name as well, which says what was compiled and for which engine.
    fn mac(&self, path: &Path, artifact: &[u8]) -> blake3::Hash {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&(name.len() as u64).to_le_bytes()).update(name).update(artifact);
        hasher.finalize()
    }

    fn authentic<'a>(&self, path: &Path, kept: &'a [u8]) -> Option<&'a [u8]> {
        let (mac, artifact) = kept.split_first_chunk::<MAC_BYTES>()?;
        // `blake3::Hash` compares in constant time.
        (self.mac(path, artifact) == blake3::Hash::from_bytes(*mac)).then_some(artifact)
    }

    fn keep(&self, path: &Path, artifact: &[u8]) {
        let mac = self.mac(path, artifact);
        let kept = write_private(path, &[mac.as_bytes(), artifact]);
        if let Err(error) = kept {
            tracing::warn!(path = %path.display(), "the compiled component is not kept: {error}");
        }
        if let Err(error) = self.make_room(path) {
            tracing::warn!(path = %self.directory.display(), "old compiled components are not removed: {error}");
        }
    }

    /// Lets the component count as used just now. A cache that cannot be written only forgets in another order.
    fn mark_used(&self, path: &Path) {
        let now =
            fs::File::options().append(true).open(path).and_then(|file| file.set_modified(SystemTime::now()));
        if let Err(error) = now {
            tracing::debug!(path = %path.display(), "the use of a compiled component is not noted: {error}");
        }
    }

    /// Removes the components that were not used for the longest time, until the rest is within the limit;
    /// `newest` stays. Other processes may do the same at the same time: a file is read whole before it is used,
    /// so that one that goes away costs a compilation and nothing more.
    fn make_room(&self, newest: &Path) -> io::Result<()> {
        let mut kept = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            let path = entry.path();
            if path.extension().is_none_or(|extension| extension != "cwasm") {
                continue;
            }
            match entry.metadata() {
                Ok(metadata) => kept.push((metadata.modified()?, metadata.len(), path)),
                // Another process was first.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        kept.sort();
        let mut total: u64 = kept.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, bytes, path) in kept {
            if total <= self.most_bytes {
                break;
            }
            if path == newest {
                continue;
            }
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => total = total.saturating_sub(bytes),
            }
        }
        Ok(())
    }
}

fn read_or_make_key(path: &Path) -> io::Result<[u8; 32]> {
    let unusable = |_| io::Error::other(format!("{} is no key: remove it", path.display()));
    match read_private(path) {
        Ok(key) => return key.try_into().map_err(unusable),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut key = [0; 32];
    rand::rngs::OsRng.try_fill_bytes(&mut key).map_err(io::Error::other)?;
    // Temporary files are readable by their owner alone. Where another process was first, its key holds.
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(&key)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(key),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            read_private(path)?.try_into().map_err(unusable)
        }
        Err(error) => Err(error.error),
    }
}

/// Feeds BLAKE3 with what a type hashes, since the standard hasher may change between builds.
struct Blake3Hasher(blake3::Hasher);

impl Hasher for Blake3Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let hash = self.0.finalize();
        hash.as_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WasmEngine;

    /// The smallest component there is.
    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    fn cached_file(directory: &Path) -> PathBuf {
        let mut entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        entries.find(|path| path.extension().is_some_and(|e| e == "cwasm")).unwrap()
    }

    #[test]
    fn keeps_a_component_and_loads_it_again() {
        let directory = tempfile::tempdir().unwrap();
        let engine = WasmEngine::shared().unwrap();
        let cache = ComponentCache::open(directory.path()).unwrap();
        cache.component(engine.engine(), EMPTY, &Digest::of(EMPTY), "test/empty").unwrap();
        let path = cached_file(directory.path());
        let kept = fs::read(&path).unwrap();
        let again = ComponentCache::open(directory.path()).unwrap();
        assert!(again.authentic(&path, &kept).is_some());
        again.component(engine.engine(), EMPTY, &Digest::of(EMPTY), "test/empty").unwrap();
    }

    #[test]
    fn replaces_a_cached_component_that_was_tampered_with() {
        let directory = tempfile::tempdir().unwrap();
        let engine = WasmEngine::shared().unwrap();
        let cache = ComponentCache::open(directory.path()).unwrap();
        cache.component(engine.engine(), EMPTY, &Digest::of(EMPTY), "test/empty").unwrap();
        let path = cached_file(directory.path());
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        *bad.last_mut().unwrap() ^= 1;
        fs::write(&path, &bad).unwrap();
        assert!(cache.authentic(&path, &bad).is_none());
        cache.component(engine.engine(), EMPTY, &Digest::of(EMPTY), "test/empty").unwrap();
        assert!(cache.authentic(&path, &fs::read(&path).unwrap()).is_some());
    }

    #[cfg(unix)]
    #[test]
    fn a_directory_or_a_key_that_others_can_use_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let key = directory.path().join("key");
        let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        ComponentCache::open(directory.path()).unwrap();
        set(&key, 0o644);
        let error = ComponentCache::open(directory.path()).unwrap_err().to_string();
        assert!(error.contains("other users can access") && error.contains("rm "), "{error}");
        set(&key, 0o600);
        set(directory.path(), 0o777);
        let error = ComponentCache::open(directory.path()).unwrap_err().to_string();
        assert!(error.contains("other users can write") && error.contains("chmod 700"), "{error}");
        set(directory.path(), 0o755);
        ComponentCache::open(directory.path()).unwrap();
        // Only the superuser can plant a key that is someone else's.
        if std::os::unix::fs::chown(&key, Some(12_345), None).is_ok() {
            let error = ComponentCache::open(directory.path()).unwrap_err().to_string();
            assert!(error.contains("belongs to user 12345"), "{error}");
        }
    }

    #[test]
    fn refuses_an_artifact_under_another_name_or_key() {
        let directory = tempfile::tempdir().unwrap();
        let engine = WasmEngine::shared().unwrap();
        let cache = ComponentCache::open(directory.path()).unwrap();
        cache.component(engine.engine(), EMPTY, &Digest::of(EMPTY), "test/empty").unwrap();
        let path = cached_file(directory.path());
        let kept = fs::read(&path).unwrap();
        assert!(cache.authentic(&path.with_file_name("other.cwasm"), &kept).is_none());
        let other = ComponentCache { directory: cache.directory.clone(), key: [7; 32], most_bytes: 0 };
        assert!(other.authentic(&path, &kept).is_none());
    }

    #[test]
    fn what_was_not_used_for_the_longest_time_makes_room() {
        let directory = tempfile::tempdir().unwrap();
        let mut cache = ComponentCache::open(directory.path()).unwrap();
        cache.most_bytes = 3 * (100 + MAC_BYTES as u64);
        let path = |name: &str| directory.path().join(format!("{name}.cwasm"));
        let long_ago = |path: &Path, seconds| {
            let then = SystemTime::now() - std::time::Duration::from_secs(seconds);
            fs::File::options().append(true).open(path).unwrap().set_modified(then).unwrap();
        };
        for (name, age) in [("a", 300), ("b", 200), ("c", 100)] {
            cache.keep(&path(name), &[0; 100]);
            long_ago(&path(name), age);
        }
        cache.mark_used(&path("a"));
        cache.keep(&path("d"), &[0; 100]);
        let there =
            |names: &str| names.chars().map(|name| path(&name.to_string()).exists()).collect::<Vec<_>>();
        assert_eq!(there("abcd"), [true, false, true, true]);
        cache.keep(&path("e"), &[0; 1_000]);
        assert_eq!(there("abcde"), [false, false, false, false, true], "the newest stays, however large");
        assert!(directory.path().join("key").exists());
    }
}
