//! How near names are to each other.

/// The valid name that looks most like `name`, in any letter case.
pub fn nearest<'n>(name: &str, valid: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let name = name.to_ascii_lowercase();
    valid.min_by_key(|valid| strsim::damerau_levenshtein(&valid.to_ascii_lowercase(), &name))
}
