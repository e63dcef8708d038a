use trunkline_core::event::{ChannelEvent, Event, Happening, Profile};
use trunkline_core::message::Content;

/// What goes into the inbox for these pieces of one event, given in the order of their index.
///
/// Texts that follow one another become one text, with nothing put between them, under the key and at the time of the
/// first. What cannot be joined (pictures of an album) stays as it is, in its place.
pub fn joined(pieces: Vec<Event>) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let before = events.last_mut().and_then(text_of);
        match (before, piece) {
            (Some(before), Event::Channel(piece)) if is_text(&piece) => before.add(piece),
            (_, piece) => events.push(piece),
        }
    }
    events
}

/// The first pieces of a text, to which more can be added.
struct Text<'a> {
    text: &'a mut String,
    profile: &'a mut Profile,
}

fn text_of(event: &mut Event) -> Option<Text<'_>> {
    let Event::Channel(event) = event else {
        return None;
    };
    let Happening::Said(Content::Text(text)) = &mut event.happening else {
        return None;
    };
    Some(Text {
        text,
        profile: &mut event.profile,
    })
}

fn is_text(piece: &ChannelEvent) -> bool {
    matches!(piece.happening, Happening::Said(Content::Text(_)))
}

impl Text<'_> {
    fn add(self, piece: ChannelEvent) {
        if let Happening::Said(Content::Text(more)) = piece.happening {
            self.text.push_str(&more);
        }
        let news = piece.profile;
        self.profile.name = news.name.or(self.profile.name.take());
        self.profile.locale = news.locale.or(self.profile.locale.take());
        self.profile.attributes.extend(news.attributes);
    }
}

#[cfg(test)]
mod tests {
    use trunkline_core::id::Timestamp;
    use trunkline_core::message::Attachment;

    use super::*;

    fn piece(key: &str, content: Content) -> Event {
        Event::Channel(ChannelEvent {
            key: key.into(),
            at: Timestamp(0),
            profile: Profile::default(),
            happening: Happening::Said(content),
            reply_to: None,
        })
    }

    fn text(key: &str, text: &str) -> Event {
        piece(key, Content::Text(text.to_owned()))
    }

    #[test]
    fn texts_become_one_under_the_first_key() {
        let pieces = vec![
            text("1", "Where is "),
            text("2", "my "),
            text("3", "order?"),
        ];
        assert_eq!(joined(pieces), [text("1", "Where is my order?")]);
    }

    #[test]
    fn what_is_no_text_stays_in_its_place() {
        let picture = || {
            piece(
                "2",
                Content::Attachment(Attachment {
                    reference: "p".to_owned(),
                    name: None,
                    content_type: None,
                    size: None,
                    caption: None,
                }),
            )
        };
        let pieces = vec![
            text("1", "see "),
            picture(),
            text("3", "so "),
            text("4", "there"),
        ];
        assert_eq!(
            joined(pieces),
            [text("1", "see "), picture(), text("3", "so there")]
        );
    }
}
