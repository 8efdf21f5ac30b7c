//! What the tests leave for other programs to judge, such as what went over the wire.

use std::{
    env, fs,
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

/// With `EXCHANGES_DIR` set, leaves these lines in a file of that folder's folder `suite`, named after the test.
pub fn leave(suite: &str, lines: &str) {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    let Some(folder) = env::var_os("EXCHANGES_DIR") else { return };
    let name = thread::current().name().unwrap_or("unnamed").replace("::", "-");
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = Path::new(&folder).join(suite);
    let path = folder.join(format!("{name}-{number}.jsonl"));
    if let Err(error) = fs::create_dir_all(folder).and_then(|()| fs::write(&path, lines)) {
        assert!(thread::panicking(), "{}: {error}", path.display());
    }
}
