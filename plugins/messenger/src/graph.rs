//! Requests to the Graph API, and what its answers say besides their content.

use serde::Deserialize;
use serde_json::Value;
use trunkline_plugin::http::{Request, Response};
use trunkline_plugin::log;

use crate::settings::{PAGE_ACCESS_TOKEN, Settings};

/// Meta's own advice: slow down from here, in percent of what the app or the Page may do.
const USAGE_WARNS_AT: f64 = 80.0;

/// Reads a resource: a path below the version.
pub(crate) fn get(settings: &Settings, path: &str) -> Request {
    Request::get(settings.url(path)).bearer(PAGE_ACCESS_TOKEN)
}

/// Writes below the Page. Say what a repetition does.
pub(crate) fn post_to_page(settings: &Settings, path: &str) -> Request {
    Request::post(settings.page_url(path)).bearer(PAGE_ACCESS_TOKEN)
}

/// An id as a segment of a path: ids of messages hold more than letters and digits.
pub(crate) fn segment(id: &str) -> String {
    let mut encoded = String::with_capacity(id.len());
    for byte in id.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// What a header says about how much of the limits is used.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Usage {
    /// The highest of the counters.
    pub(crate) percent: f64,
    /// Until requests are taken again.
    pub(crate) regain_minutes: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Counters {
    call_count: f64,
    total_time: f64,
    total_cputime: f64,
    estimated_time_to_regain_access: u32,
}

/// The use of the app's limits and of the Page's.
pub(crate) fn usage(answer: &Response) -> Usage {
    let header = |name: &str| {
        let value: Option<Value> = serde_json::from_str(answer.header(name)?).ok();
        value
    };
    let app = header("x-app-usage").into_iter();
    let page = header("x-business-use-case-usage").into_iter();
    // The Page's is a list of counters for each business.
    let page = page.flat_map(|value| match value {
        Value::Object(businesses) => businesses.into_iter().map(|(_, list)| list).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Vec::new()
        }
    });
    let page = page.flat_map(|list| match list {
        Value::Array(counters) => counters,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            Vec::new()
        }
    });
    let counters = app
        .chain(page)
        .filter_map(|value| serde_json::from_value::<Counters>(value).ok());
    counters.fold(Usage::default(), |usage, it| Usage {
        percent: usage
            .percent
            .max(it.call_count)
            .max(it.total_time)
            .max(it.total_cputime),
        regain_minutes: usage.regain_minutes.max(it.estimated_time_to_regain_access),
    })
}

/// Tells the operator before Meta refuses.
pub(crate) fn warn_of_usage(answer: &Response) {
    let usage = usage(answer);
    if usage.percent >= USAGE_WARNS_AT {
        log::warn(format!(
            "{:.0} percent of what Meta allows this app or Page are used",
            usage.percent
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trunkline_plugin::Header;
    use trunkline_plugin::http::Payload;

    #[test]
    fn the_highest_counter_tells_the_usage() {
        let answer = Response {
            status: 200,
            headers: vec![
                Header::new("X-App-Usage", r#"{"call_count":28,"total_time":25}"#),
                Header::new(
                    "X-Business-Use-Case-Usage",
                    r#"{"900":[{"type":"messenger","call_count":81,"estimated_time_to_regain_access":7},7]}"#,
                ),
            ],
            body: Payload::Text(String::new()),
        };
        let expected = Usage {
            percent: 81.0,
            regain_minutes: 7,
        };
        assert_eq!(usage(&answer), expected);
    }

    #[test]
    fn an_id_cannot_leave_its_place_in_the_path() {
        assert_eq!(segment("m_A-1"), "m_A-1");
        assert_eq!(segment("mid.$c/../x?y"), "mid%2E%24c%2F%2E%2E%2Fx%3Fy");
    }
}
