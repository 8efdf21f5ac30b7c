//! Files: read with errors that name them, written whole or not at all.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::Path,
};

use super::error::CliError;

/// Reads a text file; `-` is standard input.
///
/// # Errors
/// It cannot be read, or is no UTF-8.
pub(super) fn read(path: &Path) -> Result<String, CliError> {
    let read = if path == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(path)
    };
    read.map_err(|error| CliError::input(format!("cannot read {}", path.display()), error))
}

/// Writes a file. A regular file is there whole or as it was before, and nobody may read it who might not before.
///
/// # Errors
/// It cannot be written.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), CliError> {
    let written = || {
        let is_special = fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
        if is_special {
            return fs::File::options().write(true).open(path)?.write_all(content);
        }
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::metadata(folder)?;
        let existing = fs::metadata(&target).ok().map(|metadata| metadata.permissions());
        // A file can be replaced although it may not be written.
        if existing.as_ref().is_some_and(fs::Permissions::readonly) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(existing.unwrap_or_else(|| std::os::unix::fs::PermissionsExt::from_mode(0o666)));
        // The name of the temporary file would only confuse.
        let without_name = |error: io::Error| io::Error::from(error.kind());
        let mut file = builder.prefix(".cloudtrail-all-regions").tempfile_in(folder).map_err(without_name)?;
        file.write_all(content).map_err(without_name)?;
        file.persist(&target).map(|_| ()).map_err(|error| error.error)
    };
    written().map_err(|source| CliError::machine(format!("cannot write {}", path.display()), source))
}
