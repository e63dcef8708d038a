//! An agent's HTML as plain text.
//!
//! Out: what a person would read, with links as `text (address)`, list items on lines of their
//! own, entities decoded, white space as a browser shows it. It is a reader of fragments as agents'
//! editors make them, not a browser: no styles, no scripts, and what is no tag stays as it is.

use entities::character;

/// Names of characters.
mod entities;

/// Converts. Never fails: what cannot be understood is shown as written.
pub(crate) fn to_text(html: &str) -> String {
    let mut page = Page::default();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        page.words(&rest[..at]);
        let (token, after) = token(&rest[at..]);
        rest = after;
        match token {
            Token::Tag(tag) => {
                page.tag(&tag);
                if let Some(end) = hidden_until(&tag) {
                    rest = skip_to(rest, end);
                }
            }
            Token::Comment => {}
            Token::Text(text) => page.words(text),
        }
    }
    page.words(rest);
    page.finish()
}

enum Token<'a> {
    Tag(Tag<'a>),
    Comment,
    /// A `<` that begins no tag.
    Text(&'a str),
}

struct Tag<'a> {
    name: String,
    closing: bool,
    attributes: &'a str,
}

fn token(text: &str) -> (Token<'_>, &str) {
    if let Some(comment) = text.strip_prefix("<!--") {
        let end = comment.find("-->").map_or(comment.len(), |end| end + 3);
        return (Token::Comment, &comment[end..]);
    }
    let inner = &text[1..];
    let closing = inner.starts_with('/');
    let name_at = usize::from(closing);
    let begins_tag = inner[name_at..].starts_with(|c: char| c.is_ascii_alphabetic());
    let declares = inner.starts_with(['!', '?']);
    let Some(end) = tag_end(inner).filter(|_| begins_tag || declares) else {
        return (Token::Text(&text[..1]), inner);
    };
    let after = &inner[end + 1..];
    if declares {
        return (Token::Comment, after);
    }
    let body = &inner[name_at..end];
    let name_end = body
        .find(|c: char| c.is_whitespace() || c == '/')
        .unwrap_or(body.len());
    let tag = Tag {
        name: body[..name_end].to_ascii_lowercase(),
        closing,
        attributes: &body[name_end..],
    };
    (Token::Tag(tag), after)
}

/// The `>` outside quotes.
fn tag_end(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(at),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    // A quote that never ends: the first `>` must do.
    text.find('>')
}

fn hidden_until(tag: &Tag<'_>) -> Option<&'static str> {
    match (tag.closing, tag.name.as_str()) {
        (false, "script") => Some("</script"),
        (false, "style") => Some("</style"),
        (false, "title") => Some("</title"),
        _ => None,
    }
}

fn skip_to<'a>(text: &'a str, end: &str) -> &'a str {
    let at = text
        .as_bytes()
        .windows(end.len())
        .position(|window| window.eq_ignore_ascii_case(end.as_bytes()));
    at.map_or("", |at| &text[at..])
}

/// The value of an attribute, entities decoded.
fn attribute(attributes: &str, wanted: &str) -> Option<String> {
    let mut rest = attributes;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            return None;
        }
        // A stray `=` is taken as a name of its own, so that something is always consumed.
        let name_end = rest
            .char_indices()
            .skip(1)
            .find(|(_, c)| c.is_whitespace() || *c == '=' || *c == '/')
            .map_or(rest.len(), |(at, _)| at);
        let (name, after) = rest.split_at(name_end);
        let (value, after) = match after.trim_start().strip_prefix('=') {
            Some(value) => attribute_value(value.trim_start()),
            None => ("", after),
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(decoded(value));
        }
        rest = after;
    }
}

fn attribute_value(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote) {
            return inner.split_once(quote).unwrap_or((inner, ""));
        }
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    text.split_at(end)
}

/// Text in which `&…;` are characters.
fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        // The longest name known has 8 letters; a number has at most 9.
        let end = rest.bytes().take(12).position(|byte| byte == b';');
        match end.and_then(|end| Some((character(&rest[1..end])?, end))) {
            Some((c, end)) => {
                out.push(c);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// What was written so far, and where it stands.
#[derive(Default)]
struct Page {
    out: String,
    /// White space that is written only if more words follow.
    space: bool,
    /// Line breaks that are written only if more words follow.
    breaks: usize,
    /// Nesting of `pre`.
    verbatim: usize,
    /// Open lists: the next number, or none for bullets.
    lists: Vec<Option<u32>>,
    /// Open links: address, and where their text began.
    links: Vec<(Option<String>, usize)>,
}

impl Page {
    fn words(&mut self, text: &str) {
        let text = decoded(text);
        if self.verbatim > 0 {
            self.write(&text);
            return;
        }
        let mut word = String::new();
        for c in text.chars() {
            // A no-break space is a character people see; only layout collapses.
            if matches!(c, ' ' | '\t' | '\r' | '\n' | '\u{c}') {
                self.write(&word);
                word.clear();
                self.space = true;
            } else {
                word.push(if c == '\u{a0}' { ' ' } else { c });
            }
        }
        self.write(&word);
    }

    fn write(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.settle();
        self.out.push_str(text);
    }

    /// Writes the white space that was waiting for something to follow.
    fn settle(&mut self) {
        if self.breaks > 0 {
            let breaks = if self.out.is_empty() { 0 } else { self.breaks };
            self.out.extend(std::iter::repeat_n('\n', breaks));
        } else if self.space && !self.out.is_empty() && !self.out.ends_with(['\n', ' ']) {
            self.out.push(' ');
        }
        self.breaks = 0;
        self.space = false;
    }

    fn tag(&mut self, tag: &Tag<'_>) {
        match (tag.name.as_str(), tag.closing) {
            ("br", _) => self.breaks += 1,
            ("p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "blockquote" | "table", _) => {
                self.block(2);
            }
            ("div" | "tr" | "section" | "article" | "header" | "footer" | "dt" | "dd", _) => {
                self.block(1);
            }
            ("td" | "th", false) => self.space = true,
            ("hr", _) => self.rule(),
            ("ul", false) => self.list(None),
            ("ol", false) => self.list(Some(1)),
            ("ul" | "ol", true) => self.end_list(),
            ("li", false) => self.item(),
            ("li", true) => self.block(1),
            ("pre", false) => self.begin_verbatim(),
            ("pre", true) => self.end_verbatim(),
            ("a", false) => self.begin_link(tag),
            ("a", true) => self.end_link(),
            ("img", _) => self.image(tag),
            _ => {}
        }
    }

    fn block(&mut self, breaks: usize) {
        self.breaks = self.breaks.max(breaks);
    }

    fn rule(&mut self) {
        self.block(1);
        self.write("---");
        self.block(1);
    }

    fn list(&mut self, numbered: Option<u32>) {
        self.block(1);
        self.lists.push(numbered);
    }

    fn end_list(&mut self) {
        self.lists.pop();
        self.block(1);
    }

    fn item(&mut self) {
        self.block(1);
        let indent = "  ".repeat(self.lists.len().saturating_sub(1));
        let mark = match self.lists.last_mut() {
            Some(Some(number)) => {
                *number += 1;
                format!("{indent}{}. ", *number - 1)
            }
            Some(None) | None => format!("{indent}- "),
        };
        self.write(&mark);
    }

    fn begin_verbatim(&mut self) {
        self.block(1);
        self.verbatim += 1;
    }

    fn end_verbatim(&mut self) {
        self.verbatim = self.verbatim.saturating_sub(1);
        self.block(1);
    }

    fn begin_link(&mut self, tag: &Tag<'_>) {
        // Waiting white space belongs before the link's text.
        if self.space && self.breaks == 0 {
            self.settle();
        }
        self.links
            .push((attribute(tag.attributes, "href"), self.out.len()));
    }

    fn end_link(&mut self) {
        let Some((Some(address), began)) = self.links.pop() else {
            return;
        };
        let text = self.out.get(began..).unwrap_or_default().trim().to_owned();
        let bare = address
            .strip_prefix("mailto:")
            .or_else(|| address.strip_prefix("tel:"))
            .unwrap_or(&address);
        let shown = |text: &str| {
            text == address
                || text == bare
                || text.trim_end_matches('/') == bare.trim_end_matches('/')
        };
        if bare.is_empty()
            || bare.starts_with('#')
            || bare.to_ascii_lowercase().starts_with("javascript:")
            || shown(&text)
        {
            return;
        }
        if text.is_empty() {
            self.write(bare);
        } else {
            self.write(&format!(" ({bare})"));
        }
    }

    fn image(&mut self, tag: &Tag<'_>) {
        if let Some(text) = attribute(tag.attributes, "alt").filter(|text| !text.trim().is_empty())
        {
            self.write(&format!("[{}]", text.trim()));
        }
    }

    fn finish(self) -> String {
        self.out
            .trim_matches(|c: char| c == '\n' || c == ' ')
            .to_owned()
    }
}

#[cfg(test)]
mod tests;
