//! Requests over a real socket: redirects, files, private addresses, lost answers.

/// Files over a slow socket.
mod transfers;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use trunkline_core::id::FileId;
use trunkline_core::message::StoredFile;
use trunkline_flow::ports::{BoxFuture, StoreError, StreamError};

use super::*;
use crate::permit::{HostGrant, Permit};
use crate::request::{
    Auth, Body, FetchRequest, Field, JsonSecret, Part, Repeat, ResponseBody, Value,
};
use crate::secrets::{SecretValues, Secrets};
use crate::tokens::Fetched;

type Got = Arc<Mutex<Vec<(String, HeaderMap, Bytes)>>>;

/// Answers as `answer` says, by the path; keeps what it got.
async fn server(answer: fn(&str) -> Response) -> (String, Got) {
    let got = Got::default();
    let ledger = got.clone();
    let answering = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| async move {
        let line = format!("{method} {uri}");
        ledger.lock().unwrap().push((line, headers, body));
        answer(uri.path())
    };
    let app = Router::new().fallback(answering);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address.to_string(), got)
}

fn ok(_: &str) -> Response {
    "fine".into_response()
}

const FILE: &[u8] = b"the bytes of a file";

fn egress() -> Egress {
    Egress::new(None, Arc::new(one_file), Patience::default()).unwrap()
}

fn one_file(file: FileId) -> BoxFuture<'static, Result<FoundFile, StoreError>> {
    let stored = StoredFile {
        id: file,
        token: "token".to_owned(),
        name: "a.txt".to_owned(),
        content_type: "text/plain".to_owned(),
        size: FILE.len() as u64,
        sha256: String::new(),
    };
    let mut pieces = FILE
        .chunks(7)
        .map(Bytes::from_static)
        .collect::<Vec<_>>()
        .into_iter();
    let download = Download {
        name: None,
        content_type: None,
        size: None,
        next: Box::new(move || {
            let piece = pieces.next();
            Box::pin(async move { piece.map(Ok) })
        }),
    };
    Box::pin(async { Ok(Some((stored, download))) })
}

fn permit(hosts: &[&str], private: bool) -> Permit {
    let grant = |host: &&str| HostGrant {
        host: HostPattern::parse(host).unwrap(),
        private,
    };
    Permit {
        hosts: hosts.iter().map(grant).collect(),
        secret_hosts: BTreeMap::new(),
    }
}

fn get(url: &str) -> FetchRequest {
    FetchRequest {
        method: "GET".to_owned(),
        url: url.to_owned(),
        path: Vec::new(),
        query: Vec::new(),
        headers: Vec::new(),
        auth: Auth::None,
        body: Body::None,
        repeat: Repeat::Safe,
        timeout_ms: 0,
    }
}

fn post(url: &str, body: Body) -> FetchRequest {
    FetchRequest {
        method: "POST".to_owned(),
        body,
        ..get(url)
    }
}

fn secret(name: &str, prefix: &str) -> Field {
    Field {
        name: name.to_owned(),
        value: Value::Secret {
            prefix: prefix.to_owned(),
            name: "key".to_owned(),
        },
    }
}

async fn fetch(request: &FetchRequest, permit: &Permit) -> Result<FetchResponse, FetchError> {
    let key = SecretValues::one("s&cr t/ü");
    let secrets = Secrets::new(BTreeMap::from([("key".to_owned(), key.into())]));
    let rights = Rights {
        permit,
        secrets: &secrets,
        tokens: &Fetched::default(),
        files: &[FileId("f1".to_owned())],
    };
    let prepared = prepare(request, rights)?;
    egress().fetch(prepared, Duration::from_secs(30)).await
}

#[tokio::test]
async fn secrets_are_encoded_for_their_place() {
    let (host, got) = server(ok).await;
    let permit = permit(&[&host], true);
    let mut request = post(
        &format!("http://{host}/x?a=1"),
        Body::Form(vec![secret("k", "")]),
    );
    request.query = vec![secret("token", "v1 ")];
    request.path = vec![secret("", "bot").value, Value::Text("a/b".to_owned())];
    fetch(&request, &permit).await.unwrap();
    let (line, headers, body) = got.lock().unwrap()[0].clone();
    let path = "/x/bots&cr%20t%2F%C3%BC/a%2Fb";
    assert_eq!(line, format!("POST {path}?a=1&token=v1+s%26cr+t%2F%C3%BC"));
    assert_eq!(body, "k=s%26cr+t%2F%C3%BC");
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
}

fn json(text: &str, pointer: &str) -> Body {
    Body::Json {
        text: text.to_owned(),
        secrets: vec![JsonSecret {
            pointer: pointer.to_owned(),
            value: secret("", "v1 \"").value,
        }],
    }
}

#[tokio::test]
async fn a_secret_goes_into_a_json_body_as_a_json_text() {
    let (host, got) = server(ok).await;
    let permit = permit(&[&host], true);
    let body = json(r#"{"auth":{"key":null},"text":"hi"}"#, "/auth/key");
    fetch(&post(&format!("http://{host}/"), body), &permit)
        .await
        .unwrap();
    let (_, headers, body) = got.lock().unwrap()[0].clone();
    assert_eq!(body, r#"{"auth":{"key":"v1 \"s&cr t/ü"},"text":"hi"}"#);
    assert_eq!(headers["content-type"], "application/json");
    for (text, pointer) in [("{}", "/auth/key"), ("{", "")] {
        let request = post(&format!("http://{host}/"), json(text, pointer));
        let denied = fetch(&request, &permit).await;
        assert!(matches!(denied, Err(FetchError::Denied(_))), "{text}");
    }
    assert_eq!(got.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_path_segment_that_would_lead_elsewhere_does_not_leave() {
    let (host, got) = server(ok).await;
    for segment in ["", ".", ".."] {
        let mut request = get(&format!("http://{host}/x/"));
        request.path = vec![Value::Text(segment.to_owned())];
        let denied = fetch(&request, &permit(&[&host], true)).await;
        assert!(matches!(denied, Err(FetchError::Denied(_))), "{segment}");
    }
    assert!(got.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_file_goes_out_streamed_encrypted_and_with_its_length() {
    let (host, got) = server(ok).await;
    let permit = permit(&[&host], true);
    let cipher = AesCtr {
        key: vec![7; 32],
        iv: vec![9; 16],
    };
    let body = Body::File {
        handle: "f1".to_owned(),
        encrypt: Some(cipher.clone()),
    };
    fetch(&post(&format!("http://{host}/"), body), &permit)
        .await
        .unwrap();
    let (_, headers, sent) = got.lock().unwrap()[0].clone();
    assert_eq!(headers["content-length"], FILE.len().to_string());
    assert_ne!(sent, FILE);
    let mut cipher = body::cipher(&cipher).unwrap();
    assert_eq!(body::ciphered(&mut cipher, &sent), FILE);
}

#[tokio::test]
async fn a_multipart_body_holds_texts_and_files() {
    let (host, got) = server(ok).await;
    let permit = permit(&[&host], true);
    let part = |name: &str, value| Part {
        name: name.to_owned(),
        value,
        file_name: None,
        content_type: None,
    };
    let parts = vec![
        part("kind", Value::Text("image".to_owned())),
        part("data", Value::File("f1".to_owned())),
    ];
    let request = post(&format!("http://{host}/"), Body::Multipart(parts));
    fetch(&request, &permit).await.unwrap();
    let (_, headers, sent) = got.lock().unwrap()[0].clone();
    assert!(headers.contains_key("content-length"));
    let sent = String::from_utf8(sent.to_vec()).unwrap();
    assert!(sent.contains("name=\"kind\"\r\n\r\nimage"), "{sent}");
    assert!(sent.contains("filename=\"a.txt\""), "{sent}");
    assert!(sent.contains("the bytes of a file"), "{sent}");
}

#[tokio::test]
async fn a_file_of_another_call_is_denied() {
    let (host, got) = server(ok).await;
    let body = Body::File {
        handle: "f2".to_owned(),
        encrypt: None,
    };
    let request = post(&format!("http://{host}/"), body);
    let denied = fetch(&request, &permit(&[&host], true)).await;
    assert!(matches!(denied, Err(FetchError::Denied(_))), "{denied:?}");
    assert_eq!(got.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn a_redirect_to_another_host_loses_its_secrets_and_one_to_a_stranger_is_not_followed() {
    static ELSEWHERE: Mutex<String> = Mutex::new(String::new());
    let (second, second_got) = server(ok).await;
    *ELSEWHERE.lock().unwrap() = format!("http://{second}/there?signed=1");
    let (first, _) = server(|_| {
        let location = ELSEWHERE.lock().unwrap().clone();
        (StatusCode::FOUND, [("location", location)]).into_response()
    })
    .await;
    let mut request = get(&format!("http://{first}/"));
    request.auth = Auth::Basic {
        user: "u".to_owned(),
        secret: "key".to_owned(),
    };
    request.headers = vec![Field {
        name: "x-plain".to_owned(),
        value: Value::Text("stays".to_owned()),
    }];
    let both = permit(&[&first, &second], true);
    let answer = fetch(&request, &both).await.unwrap();
    assert_eq!(answer.body, ResponseBody::Text("fine".to_owned()));
    let (line, headers, _) = second_got.lock().unwrap()[0].clone();
    assert_eq!(line, "GET /there?signed=1");
    assert!(!headers.contains_key("authorization"));
    assert_eq!(headers["x-plain"], "stays");

    let answer = fetch(&request, &permit(&[&first], true)).await.unwrap();
    assert_eq!(answer.status, 302);
    assert_eq!(second_got.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn redirects_end_after_five() {
    let (host, got) =
        server(|_| (StatusCode::FOUND, [("location", "/again")]).into_response()).await;
    let request = get(&format!("http://{host}/"));
    let answer = fetch(&request, &permit(&[&host], true)).await.unwrap();
    assert_eq!(answer.status, 302);
    assert_eq!(got.lock().unwrap().len(), 1 + REDIRECTS_MAX);
}

#[tokio::test]
async fn a_private_address_is_denied_unless_the_operator_granted_it() {
    let (host, got) = server(ok).await;
    let port = host.rsplit(':').next().unwrap();
    for name in [host.clone(), format!("localhost:{port}")] {
        let denied = fetch(&get(&format!("http://{name}/")), &permit(&[&name], false)).await;
        assert!(
            matches!(denied, Err(FetchError::Denied(_))),
            "{name}: {denied:?}"
        );
    }
    assert_eq!(got.lock().unwrap().len(), 0);
    let name = format!("localhost:{port}");
    fetch(&get(&format!("http://{name}/")), &permit(&[&name], true))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_header_cannot_smuggle_another_one_in() {
    let (host, _) = server(ok).await;
    for (name, value) in [("x-a", "b\r\nx-c: d"), ("host", "elsewhere"), ("a b", "c")] {
        let mut request = get(&format!("http://{host}/"));
        request.headers = vec![Field {
            name: name.to_owned(),
            value: Value::Text(value.to_owned()),
        }];
        let denied = fetch(&request, &permit(&[&host], true)).await;
        assert!(
            matches!(denied, Err(FetchError::Denied(_))),
            "{name}: {denied:?}"
        );
    }
}

#[tokio::test]
async fn a_download_is_decrypted_on_its_way() {
    let (host, _) = server(|_| {
        let cipher = AesCtr {
            key: vec![1; 32],
            iv: vec![2; 16],
        };
        let mut cipher = body::cipher(&cipher).unwrap();
        body::ciphered(&mut cipher, &Bytes::from_static(FILE)).into_response()
    })
    .await;
    let permit = permit(&[&host], true);
    let secrets = Secrets::default();
    let rights = Rights {
        permit: &permit,
        secrets: &secrets,
        tokens: &Fetched::default(),
        files: &[],
    };
    let prepared = prepare(&get(&format!("http://{host}/")), rights).unwrap();
    let cipher = AesCtr {
        key: vec![1; 32],
        iv: vec![2; 16],
    };
    let download = egress().download(prepared, Some(cipher)).await.unwrap();
    let mut download = download.unwrap();
    let mut bytes = Vec::new();
    while let Some(piece) = (download.next)().await {
        bytes.extend_from_slice(&piece.unwrap());
    }
    assert_eq!(bytes, FILE);
}
