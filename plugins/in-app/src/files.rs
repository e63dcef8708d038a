//! Which files customers may send.

use crate::wire::Upload;

/// Bytes; the same as in `plugin.toml`.
pub(crate) const BYTES_MAX: u64 = 20 * 1024 * 1024;

/// Media types, `image/*` for all of a kind; the same as in `plugin.toml`. Nothing that a browser runs.
pub(crate) const TYPES: &[&str] = &[
    "image/*",
    "audio/*",
    "video/*",
    "text/plain",
    "text/csv",
    "application/pdf",
    "application/zip",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
];

/// An image that can hold scripts.
const SCRIPTED_IMAGE: &str = "image/svg+xml";

const NAME_CHARACTERS_MAX: usize = 200;

/// Why a file is not taken: a code for the page.
pub(crate) fn refusal(upload: &Upload) -> Option<&'static str> {
    if upload.size == 0 {
        return Some("file-empty");
    }
    if upload.size > BYTES_MAX {
        return Some("file-too-large");
    }
    let media_type = media_type(upload);
    let fits = |allowed: &&str| match allowed.strip_suffix('*') {
        Some(kind) => media_type.starts_with(kind),
        None => media_type == **allowed,
    };
    let taken = media_type != SCRIPTED_IMAGE && TYPES.iter().any(fits);
    (!taken).then_some("file-type")
}

/// Without parameters, lower case.
pub(crate) fn media_type(upload: &Upload) -> String {
    let essence = upload.content_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// The last part of a path, without what no file system takes; never empty.
pub(crate) fn name(upload: &Upload) -> String {
    let last = upload.name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last
        .chars()
        .filter(|character| !character.is_control())
        .take(NAME_CHARACTERS_MAX)
        .collect();
    let kept = kept.trim().trim_start_matches('.');
    if kept.is_empty() { "file" } else { kept }.to_owned()
}
