//! As what a file goes out. Source: Meta's media reference (2026): types and sizes WhatsApp takes.

use trunkline_plugin::channel::File;

const MIB: u64 = 1024 * 1024;

const PICTURES: [&str; 2] = ["image/jpeg", "image/png"];
const PICTURE_BYTES_MAX: u64 = 5 * MIB;

const SOUNDS: [&str; 5] = [
    "audio/aac",
    "audio/amr",
    "audio/mpeg",
    "audio/mp4",
    "audio/ogg",
];
const VIDEOS: [&str; 2] = ["video/mp4", "video/3gpp"];
const SOUND_AND_VIDEO_BYTES_MAX: u64 = 16 * MIB;

const DOCUMENT_BYTES_MAX: u64 = 100 * MIB;

/// A kind of media message; its name on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Image,
    Audio,
    Video,
    Document,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Document => "document",
        }
    }

    /// Audio takes no caption: it follows as a text.
    pub(crate) fn takes_caption(self) -> bool {
        self != Self::Audio
    }
}

/// `None` for what WhatsApp does not carry: it goes out as a link.
pub(crate) fn kind(file: &File) -> Option<Kind> {
    let content_type = file.content_type.as_str();
    let fits = |types: &[&str], bytes_max| types.contains(&content_type) && file.size <= bytes_max;
    if file.size == 0 || file.size > DOCUMENT_BYTES_MAX || !content_type.contains('/') {
        None
    } else if fits(&PICTURES, PICTURE_BYTES_MAX) {
        Some(Kind::Image)
    } else if fits(&SOUNDS, SOUND_AND_VIDEO_BYTES_MAX) {
        Some(Kind::Audio)
    } else if fits(&VIDEOS, SOUND_AND_VIDEO_BYTES_MAX) {
        Some(Kind::Video)
    } else {
        Some(Kind::Document)
    }
}

/// A file as text.
pub(crate) fn link(file: &File) -> String {
    match &file.caption {
        Some(caption) if !caption.is_empty() => format!("{caption}\n{}: {}", file.name, file.url),
        Some(_) | None => format!("{}: {}", file.name, file.url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(content_type: &str, size: u64) -> Option<Kind> {
        kind(&File {
            handle: "f1".to_owned(),
            name: "a".to_owned(),
            content_type: content_type.to_owned(),
            size,
            url: "https://chat.example.com/media/a".to_owned(),
            caption: None,
        })
    }

    #[test]
    fn a_file_goes_as_what_whatsapp_takes_it_for() {
        assert_eq!(of("image/jpeg", 5 * MIB), Some(Kind::Image));
        assert_eq!(of("image/jpeg", 5 * MIB + 1), Some(Kind::Document));
        assert_eq!(of("image/gif", 10), Some(Kind::Document));
        assert_eq!(of("audio/ogg", 16 * MIB), Some(Kind::Audio));
        assert_eq!(of("video/mp4", 16 * MIB + 1), Some(Kind::Document));
        assert_eq!(of("application/pdf", 100 * MIB), Some(Kind::Document));
        assert_eq!(of("application/pdf", 100 * MIB + 1), None);
        assert_eq!(of("application/pdf", 0), None);
        assert_eq!(of("", 10), None);
    }
}
