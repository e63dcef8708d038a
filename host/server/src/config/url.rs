//! Addresses in the configuration.

use url::Url;

use super::section::Section;

/// An `http` or `https` address, without a slash at the end. Complains about anything else, and about a
/// user name or password inside it: those belong into secrets.
pub(super) fn http_url(section: &Section<'_>, key: &'static str) -> Option<String> {
    let text = section.text(key)?;
    let problem = match Url::parse(text.get_ref()) {
        Ok(url) => shape_of(&url),
        Err(error) => Some(error.to_string()),
    };
    if let Some(problem) = problem {
        section.sink.add(
            &text.span(),
            format!("{} is no usable address: {problem}", section.named(key)),
            "write one such as https://chat.example.com or http://127.0.0.1:8080",
        );
        return None;
    }
    Some(text.get_ref().trim_end_matches('/').to_owned())
}

fn shape_of(url: &Url) -> Option<String> {
    if !matches!(url.scheme(), "http" | "https") {
        return Some(format!("`{}` is neither http nor https", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("it holds a user name or password".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Some("it holds a query or a fragment".to_owned());
    }
    None
}
