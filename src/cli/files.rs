//! Files: read with errors that name them, told apart however their paths are spelled, and written whole or not at all.

use std::{
    borrow::Cow,
    fs::{self, File, Metadata},
    io::{self, Read as _, Write as _},
    path::{Component, Path, PathBuf, is_separator},
    sync::{
        LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

#[cfg(unix)]
use signal_hook::{
    consts::{SIGALRM, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ},
    iterator::Signals,
    low_level::emulate_default_handler,
};
use tempfile::NamedTempFile;

use super::error::CliError;

/// Whether the path stands for standard input or standard output.
pub(super) fn is_standard(path: &Path) -> bool {
    path == Path::new("-")
}

/// What a file that is read is called.
pub(super) fn input_name(path: &Path) -> Cow<'_, str> {
    if is_standard(path) { "standard input".into() } else { path.to_string_lossy() }
}

/// The evidence files that these paths stand for: a folder stands for the files in it whose names end in `.json`, by name.
///
/// # Errors
/// A folder cannot be read, or holds none.
pub(super) fn evidence_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, CliError> {
    let mut files = Vec::new();
    for path in paths {
        if is_standard(path) || !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let cannot_read = |error| CliError::input(format!("cannot read {}", path.display()), error);
        let mut within = Vec::new();
        for entry in fs::read_dir(path).map_err(cannot_read)? {
            let file = entry.map_err(cannot_read)?.path();
            let is_json = file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
            // What is no file is left out: a pipe would be waited for. A link to nothing is read, which fails.
            let is_file = fs::metadata(&file).map_or(true, |metadata| metadata.is_file());
            if is_json && is_file {
                within.push(file);
            }
        }
        if within.is_empty() {
            return Err(CliError::usage(format!("{}: the folder has no file that ends in .json", path.display())));
        }
        within.sort();
        files.extend(within);
    }
    Ok(files)
}

/// Reads JSON text; `-` is standard input. A byte order mark is left out, and UTF-16 decoded.
///
/// # Errors
/// It cannot be read, or is no text.
pub(super) fn read(path: &Path) -> Result<String, CliError> {
    text(&read_bytes(path)?, path)
}

/// The text of what was read from `path`.
///
/// # Errors
/// It is no text.
pub(super) fn text(bytes: &[u8], path: &Path) -> Result<String, CliError> {
    decoded(bytes).map_err(|problem| CliError::usage(format!("{} {problem}", input_name(path))))
}

/// Reads a file; `-` is standard input.
///
/// # Errors
/// It cannot be read.
pub(super) fn read_bytes(path: &Path) -> Result<Vec<u8>, CliError> {
    let name = input_name(path);
    let mut bytes = Vec::new();
    let read = if is_standard(path) {
        io::stdin().read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|mut file| file.read_to_end(&mut bytes))
    };
    read.map_err(|error| CliError::input(format!("cannot read {name}"), error))?;
    Ok(bytes)
}

/// JSON starts with a character of ASCII, so that its encoding is plain without a byte order mark, too.
fn decoded(bytes: &[u8]) -> Result<String, &'static str> {
    let utf_16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (units, rest) = bytes.as_chunks();
        let text = char::decode_utf16(units.iter().copied().map(unit)).collect::<Result<String, _>>();
        text.ok().filter(|_| rest.is_empty()).ok_or("is UTF-16 that is broken or cut off")
    };
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Err("is UTF-32; valid are UTF-8 and UTF-16"),
        [0xff, 0xfe, text @ ..] | text @ [1..=u8::MAX, 0, ..] => utf_16(text, u16::from_le_bytes),
        [0xfe, 0xff, text @ ..] | text @ [0, 1..=u8::MAX, ..] => utf_16(text, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, text @ ..] | text => match str::from_utf8(text) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err("is no text; valid are UTF-8 and UTF-16"),
        },
    }
}

/// Where a file is, or will be: the same for every spelling of its path, and for every link to it.
#[derive(Debug)]
pub(super) struct Place {
    is_regular_file: bool,
    device_and_number: Option<(u64, u64)>,
    path: io::Result<PathBuf>,
}

impl Place {
    /// A file that is read; `-` is standard input.
    pub(super) fn of_input(path: &Path) -> Self {
        if is_standard(path) { Self::of_standard(metadata_of(&io::stdin())) } else { Self::of_file(path) }
    }

    /// A file that is written; `-` is standard output.
    pub(super) fn of_output(path: &Path) -> Self {
        if is_standard(path) { Self::of_standard(metadata_of(&io::stdout())) } else { Self::of_file(path) }
    }

    fn of_file(path: &Path) -> Self {
        Self::new(fs::metadata(path), resolved(path))
    }

    fn of_standard(metadata: io::Result<Metadata>) -> Self {
        Self::new(metadata, Err(io::ErrorKind::NotFound.into()))
    }

    fn new(metadata: io::Result<Metadata>, path: io::Result<PathBuf>) -> Self {
        let metadata = metadata.ok();
        Self {
            is_regular_file: metadata.as_ref().is_some_and(Metadata::is_file),
            device_and_number: metadata.as_ref().and_then(device_and_number),
            path,
        }
    }

    /// Whether what is written there stays there: no terminal, pipe or device.
    pub(super) fn is_regular_file(&self) -> bool {
        self.is_regular_file
    }

    /// Whether it is the same file.
    pub(super) fn is(&self, other: &Self) -> bool {
        match (self.device_and_number, other.device_and_number, &self.path, &other.path) {
            (Some(a), Some(b), ..) => a == b,
            (.., Ok(a), Ok(b)) => a == b,
            _ => false,
        }
    }
}

#[cfg(unix)]
fn metadata_of(stream: &impl std::os::fd::AsFd) -> io::Result<Metadata> {
    File::from(stream.as_fd().try_clone_to_owned()?).metadata()
}

#[cfg(not(unix))]
fn metadata_of<T>(_: &T) -> io::Result<Metadata> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems have none")]
fn device_and_number(metadata: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn device_and_number(_: &Metadata) -> Option<(u64, u64)> {
    None
}

/// The path without links; the last component need not exist.
///
/// # Errors
/// There is no such folder, links go round in a circle, or lead where another user planted them.
fn resolved(path: &Path) -> io::Result<PathBuf> {
    /// As many as Linux follows.
    const MAX_LINKS: usize = 40;
    let pushed = |pending: &mut Vec<PathBuf>, path: &Path| {
        pending.extend(path.components().rev().map(|component| PathBuf::from(component.as_os_str())));
    };
    let mut resolved = std::env::current_dir()?;
    let mut pending = Vec::new();
    let mut links = 0;
    pushed(&mut pending, path);
    while let Some(name) = pending.pop() {
        if name.components().next() == Some(Component::ParentDir) {
            resolved.pop();
            continue;
        }
        let next = if name == Path::new(".") { resolved.clone() } else { resolved.join(&name) };
        let metadata = match fs::symlink_metadata(&next) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound && pending.is_empty() => return Ok(next),
            Err(error) => return Err(error),
        };
        if (metadata.is_symlink() || pending.is_empty()) && is_planted(&metadata, &resolved)? {
            let why = format!("another user has put {} into a shared folder", next.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
        }
        if metadata.is_symlink() {
            links += 1;
            if links > MAX_LINKS {
                return Err(io::Error::other("too many links"));
            }
            pushed(&mut pending, &fs::read_link(&next)?);
        } else {
            resolved = next;
        }
    }
    Ok(resolved)
}

/// Whether it may have been put into a folder that all may write, such as `/tmp`, to be taken for a file of ours: what
/// Linux refuses to follow where `fs.protected_symlinks` is set.
#[cfg(unix)]
fn is_planted(metadata: &Metadata, folder: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let folder = fs::metadata(folder)?;
    Ok(is_planted_by(metadata.uid(), rustix::process::geteuid().as_raw(), folder.mode(), folder.uid()))
}

#[cfg(unix)]
fn is_planted_by(user: u32, own: u32, folder_mode: u32, folder_owner: u32) -> bool {
    const STICKY_AND_WRITABLE_FOR_ALL: u32 = 0o1002;
    folder_mode & STICKY_AND_WRITABLE_FOR_ALL == STICKY_AND_WRITABLE_FOR_ALL && ![own, folder_owner].contains(&user)
}

#[cfg(not(unix))]
fn is_planted(_: &Metadata, _: &Path) -> io::Result<bool> {
    Ok(false)
}

/// Writes a file. A regular file is there whole or as it was before, with the owner, group and permissions that it had;
/// other hard links to it keep what they had. A link of one's own is followed.
///
/// # Errors
/// It cannot be written, or another user has put it, or a link on the way to it, into a shared folder.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), CliError> {
    write_with(path, |file| file.write_all(content))
}

/// Writes a file as [`write`] does, without having it in memory.
///
/// # Errors
/// As of [`write`], or it cannot be made.
pub(super) fn write_with(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), CliError> {
    replace(path, fill).map_err(|source| CliError::machine(format!("cannot write {}", path.display()), source))
}

fn replace(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let target = resolved(path)?;
    let existing = match fs::metadata(path) {
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if existing.is_none()
        && path.as_os_str().as_encoded_bytes().last().is_some_and(|end| is_separator(char::from(*end)))
    {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    // A pipe or a device takes what is written where it is.
    if existing.as_ref().is_some_and(|metadata| !metadata.is_file()) {
        return fill(&mut File::options().write(true).open(path)?);
    }
    // A file can be replaced although it may not be written.
    if existing.as_ref().is_some_and(|metadata| metadata.permissions().readonly()) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let folder = target.parent().ok_or(io::ErrorKind::IsADirectory)?;
    let mut temporary = temporary_file(folder, existing.as_ref())?;
    fill(temporary.as_file_mut())?;
    temporary.as_file().sync_all()?;
    let mut unfinished = unfinished();
    temporary.persist(&target).map_err(|error| error.error)?;
    *unfinished = None;
    drop(unfinished);
    // The new name is on the disk when the folder is.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// A file that nobody else may read before it is like the existing one, and that a signal which ends the process removes.
fn temporary_file(folder: &Path, existing: Option<&Metadata>) -> io::Result<NamedTempFile> {
    #[cfg(unix)]
    if let Err(error) = &*REMOVE_ON_SIGNALS {
        return Err(error.kind().into());
    }
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    if existing.is_none() {
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    }
    let mut unfinished = unfinished();
    let file = builder.prefix(".cloudtrail-all-regions").tempfile_in(folder);
    // Its name would only confuse.
    let file = file.map_err(|error| io::Error::from(error.kind()))?;
    *unfinished = Some(file.path().to_owned());
    drop(unfinished);
    if let Some(existing) = existing {
        #[cfg(unix)]
        keep_owner(file.as_file(), existing)?;
        file.as_file().set_permissions(existing.permissions())?;
    }
    Ok(file)
}

#[cfg(unix)]
fn keep_owner(file: &File, existing: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let own = file.metadata()?;
    if (own.uid(), own.gid()) == (existing.uid(), existing.gid()) {
        return Ok(());
    }
    fchown(file, Some(existing.uid()), Some(existing.gid()))
        .map_err(|error| io::Error::new(error.kind(), "it belongs to another user or group, and would not any more"))
}

/// The temporary file that is being written.
static UNFINISHED: Mutex<Option<PathBuf>> = Mutex::new(None);

fn unfinished() -> MutexGuard<'static, Option<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the command itself ends after an interrupt.
static INTERRUPTS_ARE_AWAITED: AtomicBool = AtomicBool::new(false);

/// Leaves it to the command to end after an interrupt.
pub(super) fn await_interrupts() {
    INTERRUPTS_ARE_AWAITED.store(true, Ordering::Relaxed);
}

/// A thread that removes the unfinished file when a signal comes, and ends the process as the signal would have.
#[cfg(unix)]
static REMOVE_ON_SIGNALS: LazyLock<io::Result<()>> = LazyLock::new(|| {
    let ending = [SIGALRM, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU];
    let mut signals = Signals::new(ending.iter().chain(&[SIGXFSZ]))?;
    let remove = move || {
        for signal in signals.forever() {
            // A file that would be too large is an error where it is written.
            if signal == SIGXFSZ || signal == SIGINT && INTERRUPTS_ARE_AWAITED.load(Ordering::Relaxed) {
                continue;
            }
            let unfinished = unfinished();
            if let Some(path) = unfinished.as_deref() {
                let _ = fs::remove_file(path);
            }
            let _ = emulate_default_handler(signal);
        }
    };
    thread::Builder::new().spawn(remove).map(drop)
});

#[cfg(test)]
mod tests {
    use std::{process::Command, time::Duration};

    use super::*;

    fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn text_is_read_in_every_encoding_of_json() {
        let text = "{\"Name\": \"ü\u{1f4a9}\"}";
        let with_mark = format!("\u{feff}{text}");
        for bytes in [
            text.as_bytes().to_vec(),
            with_mark.as_bytes().to_vec(),
            utf_16(&with_mark, u16::to_le_bytes),
            utf_16(&with_mark, u16::to_be_bytes),
            utf_16(text, u16::to_le_bytes),
            utf_16(text, u16::to_be_bytes),
        ] {
            assert_eq!(decoded(&bytes).as_deref(), Ok(text), "{bytes:?}");
        }
        assert_eq!(decoded(b"").as_deref(), Ok(""));
        assert_eq!(decoded(b"\xef\xbb\xbf").as_deref(), Ok(""));
    }

    #[test]
    fn what_is_no_text_is_refused_by_its_name() {
        let cut = &utf_16("\u{feff}{}", u16::to_le_bytes)[..5];
        let half = utf_16("\u{feff}{\u{1f4a9}", u16::to_le_bytes);
        for (bytes, name) in [
            (cut, "UTF-16"),
            (&half[..half.len() - 2], "UTF-16"),
            (b"\xff\xfe\0\0{\0\0\0", "UTF-32"),
            (b"{\"Name\": \"\xfc\"}", "no text"),
        ] {
            assert!(decoded(bytes).unwrap_err().starts_with(&format!("is {name}")), "{bytes:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn of_a_folder_files_are_read_and_links_to_nothing_but_nothing_that_would_be_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("file.json"), "").unwrap();
        fs::create_dir(path("folder.json")).unwrap();
        std::os::unix::fs::symlink("absent", path("dangling.json")).unwrap();
        let socket = std::os::unix::net::UnixListener::bind(path("socket.json")).unwrap();
        let found = evidence_files(&[folder.path().to_owned()]).unwrap();
        assert_eq!(found, [path("dangling.json"), path("file.json")]);
        drop(socket);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_the_same_however_its_path_is_spelled() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("file"), "").unwrap();
        fs::hard_link(path("file"), path("hard link")).unwrap();
        fs::create_dir(path("folder")).unwrap();
        let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, path(name)).unwrap();
        link("file", "link");
        link("absent", "dangling");
        link("folder", "linked folder");
        link("circle", "circle");
        for (a, b, is_same) in [
            ("file", "./folder/../file", true),
            ("file", "linked folder/../file", true),
            ("file", "hard link", true),
            ("file", "link", true),
            ("absent", "folder/.././absent", true),
            ("absent", "dangling", true),
            ("folder/absent", "linked folder/absent", true),
            ("absent", "folder/absent", false),
            ("absent", "file", false),
            ("circle", "file", false),
            ("circle", "circle", false),
            ("gone/file", "file", false),
        ] {
            let (a, b) = (path(a), path(b));
            assert_eq!(Place::of_input(&a).is(&Place::of_output(&b)), is_same, "{} {}", a.display(), b.display());
            assert_eq!(Place::of_input(&b).is(&Place::of_output(&a)), is_same, "{} {}", b.display(), a.display());
        }
        assert!(!Place::of_input(Path::new("-")).is(&Place::of_output(&path("file"))));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_of_ones_own_is_followed_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (link, file) = (folder.path().join("link"), folder.path().join("file"));
        std::os::unix::fs::symlink("file", &link).unwrap();
        for content in ["first", "second"] {
            write(&link, content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&file).unwrap(), content);
        }
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
    }

    #[test]
    fn a_path_of_a_folder_names_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "before").unwrap();
        for path in [file.join(""), folder.path().join("absent").join("")] {
            let refused = crate::error::chain(&write(&path, b"after").unwrap_err());
            assert!(refused.contains("cannot write"), "{refused}");
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), "before");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_kept_whatever_the_umask() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        for mode in [0o600, 0o640, 0o666, 0o777] {
            fs::write(&file, "before").unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            write(&file, b"after").unwrap();
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, mode);
        }
    }

    #[cfg(unix)]
    #[test]
    #[ignore = "needs root"]
    fn a_file_keeps_its_owner_and_what_another_user_has_planted_is_not_used() {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, lchown, symlink};
        const OTHER: u32 = 1234;
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("owned"), "before").unwrap();
        chown(path("owned"), Some(OTHER), Some(OTHER)).unwrap();
        write(&path("owned"), b"after").unwrap();
        let owned = fs::metadata(path("owned")).unwrap();
        assert_eq!((owned.uid(), owned.gid()), (OTHER, OTHER));

        fs::write(path("precious"), "precious").unwrap();
        fs::create_dir(path("folder")).unwrap();
        for (to, name) in [("precious", "link"), ("folder", "linked folder"), ("precious", "own link")] {
            symlink(to, path(name)).unwrap();
        }
        for name in ["link", "linked folder"] {
            lchown(path(name), Some(OTHER), Some(OTHER)).unwrap();
        }
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o1777)).unwrap();
        for name in ["link", "linked folder/file", "owned"] {
            let refused = crate::error::chain(&write(&path(name), b"after").unwrap_err());
            assert!(refused.contains("another user has put"), "{refused}");
        }
        assert_eq!(fs::read_to_string(path("precious")).unwrap(), "precious");
        write(&path("own link"), b"after").unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn only_what_neither_the_folders_owner_nor_oneself_put_into_a_shared_folder_is_planted() {
        const ROOT: u32 = 0;
        for (mode, folder, by, own, is_planted) in [
            (0o1777, ROOT, 1, 2, true),
            (0o1777, ROOT, 1, ROOT, true),
            (0o1777, ROOT, 1, 1, false),
            (0o1777, ROOT, ROOT, 1, false),
            (0o1775, ROOT, 1, 2, false),
            (0o777, ROOT, 1, 2, false),
        ] {
            assert_eq!(super::is_planted_by(by, own, mode, folder), is_planted, "{by} {own} {mode:o} {folder}");
        }
    }

    /// The process that the signal ends is this test again, started by itself.
    #[cfg(unix)]
    #[test]
    fn a_signal_leaves_no_temporary_file_and_ends_the_process_as_ever() {
        use std::os::unix::process::ExitStatusExt as _;
        const FOLDER: &str = "FOLDER_IN_WHICH_A_SIGNAL_COMES";
        const SIGNAL: &str = "SIGNAL_THAT_COMES";
        if let (Ok(folder), Ok(signal)) = (std::env::var(FOLDER), std::env::var(SIGNAL)) {
            let interrupted = replace(&Path::new(&folder).join("file"), |file| {
                file.write_all(b"half")?;
                assert_eq!(fs::read_dir(&folder)?.count(), 2);
                signal_hook::low_level::raise(signal.parse().unwrap())?;
                thread::sleep(Duration::from_mins(1));
                Ok(())
            });
            panic!("{interrupted:?}");
        }
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("file"), "before").unwrap();
            let name = thread::current().name().unwrap().to_owned();
            let mut again = Command::new(std::env::current_exe().unwrap());
            again.args([&name, "--exact"]).env(FOLDER, folder.path()).env(SIGNAL, signal.to_string());
            let ended = again.output().unwrap();
            assert_eq!(ended.status.signal(), Some(signal), "{ended:?}");
            assert_eq!(fs::read_to_string(folder.path().join("file")).unwrap(), "before");
            assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        }
    }
}
