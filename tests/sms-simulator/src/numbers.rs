//! The lists of what the account may send from: phone numbers and short codes.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::api::authorise;
use crate::clock::rfc2822;
use crate::state::Shared;

const PAGE_SIZE: usize = 50;
const PAGE_SIZE_MAX: usize = 1000;

/// `GET …/IncomingPhoneNumbers.json?PhoneNumber=`.
pub(crate) async fn phone_numbers(
    State(shared): State<Arc<Shared>>,
    Path(account): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if let Err(refusal) = authorise(&shared, &account, &headers) {
        return refusal.into_response();
    }
    let config = &shared.config;
    let numbers = std::iter::once(&config.number).chain(&config.numbers_without_sms);
    let all: Vec<_> = numbers
        .filter(|number| number.starts_with('+'))
        .map(|number| {
            let can = !config.numbers_without_sms.contains(number);
            (number.as_str(), phone_number(&account, number, can))
        })
        .collect();
    let list = List {
        account: &account,
        path: "IncomingPhoneNumbers",
        key: "incoming_phone_numbers",
        filter: "PhoneNumber",
    };
    Json(list.page(query.as_deref().unwrap_or_default(), all)).into_response()
}

/// `GET …/SMS/ShortCodes.json?ShortCode=`.
pub(crate) async fn short_codes(
    State(shared): State<Arc<Shared>>,
    Path(account): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if let Err(refusal) = authorise(&shared, &account, &headers) {
        return refusal.into_response();
    }
    let number = shared.config.number.as_str();
    let is_code = number.bytes().all(|byte| byte.is_ascii_digit());
    let all: Vec<_> = is_code
        .then(|| (number, short_code(&account, number)))
        .into_iter()
        .collect();
    let list = List {
        account: &account,
        path: "SMS/ShortCodes",
        key: "short_codes",
        filter: "ShortCode",
    };
    Json(list.page(query.as_deref().unwrap_or_default(), all)).into_response()
}

fn phone_number(account: &str, number: &str, sms: bool) -> Value {
    let sid = sid("PN", number);
    json!({
        "sid": sid, "account_sid": account, "friendly_name": number, "phone_number": number,
        "capabilities": {"voice": true, "sms": sms, "mms": sms, "fax": false},
        "sms_url": "", "sms_method": "POST", "sms_application_sid": "", "status": "in-use",
        "beta": false, "origin": "twilio", "api_version": "2010-04-01",
        "date_created": rfc2822(0), "date_updated": rfc2822(0),
        "uri": format!("/2010-04-01/Accounts/{account}/IncomingPhoneNumbers/{sid}.json"),
    })
}

fn short_code(account: &str, code: &str) -> Value {
    let sid = sid("SC", code);
    json!({
        "sid": sid, "account_sid": account, "friendly_name": code, "short_code": code,
        "sms_url": null, "sms_method": "POST", "api_version": "2010-04-01",
        "date_created": rfc2822(0), "date_updated": rfc2822(0),
        "uri": format!("/2010-04-01/Accounts/{account}/SMS/ShortCodes/{sid}.json"),
    })
}

fn sid(kind: &str, number: &str) -> String {
    let digits = number.trim_start_matches('+');
    format!("{kind}{digits:0>32}")
}

/// A list resource.
struct List<'a> {
    account: &'a str,
    path: &'a str,
    key: &'a str,
    /// The parameter that names a number, or a part of one.
    filter: &'a str,
}

impl List<'_> {
    fn page(&self, query: &str, all: Vec<(&str, Value)>) -> Value {
        let asked = |name: &str| {
            url::form_urlencoded::parse(query.as_bytes())
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        let number = |name: &str| asked(name).and_then(|value| value.parse::<usize>().ok());
        let size = number("PageSize").unwrap_or(PAGE_SIZE);
        let size = size.clamp(1, PAGE_SIZE_MAX);
        let page = number("Page").unwrap_or(0);
        let pattern = asked(self.filter).unwrap_or_default();
        let found: Vec<_> = all
            .into_iter()
            .filter(|(number, _)| fits(&pattern, number))
            .map(|(_, resource)| resource)
            .collect();
        let start = page.saturating_mul(size);
        let shown: Vec<_> = found.iter().skip(start).take(size).cloned().collect();
        let more = found.len() > start.saturating_add(size);
        let uri = |page: usize| self.uri(&pattern, size, page);
        json!({
            "end": (start + shown.len()).saturating_sub(1), "start": start,
            "page": page, "page_size": size,
            "first_page_uri": uri(0), "uri": uri(page),
            "next_page_uri": more.then(|| uri(page + 1)),
            "previous_page_uri": page.checked_sub(1).map(uri),
            self.key: shown,
        })
    }

    fn uri(&self, pattern: &str, size: usize, page: usize) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if !pattern.is_empty() {
            query.append_pair(self.filter, pattern);
        }
        query.append_pair("PageSize", &size.to_string());
        query.append_pair("Page", &page.to_string());
        format!(
            "/2010-04-01/Accounts/{}/{}.json?{}",
            self.account,
            self.path,
            query.finish()
        )
    }
}

/// A part of a number is enough, and `*` stands for any digit.
fn fits(pattern: &str, number: &str) -> bool {
    let pattern = pattern.as_bytes();
    let same = |(wanted, found): (&u8, &u8)| *wanted == b'*' || wanted == found;
    pattern.is_empty()
        || number
            .as_bytes()
            .windows(pattern.len())
            .any(|part| pattern.iter().zip(part).all(same))
}
