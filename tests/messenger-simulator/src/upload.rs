//! The body of a send: JSON, or a form whose values are JSON, with a file. The file is measured as it streams by.

use axum::extract::{FromRequest as _, Multipart, Request};
use axum::http::header;
use bytes::Bytes;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::refusal::Refusal;
use crate::signature::sha256_hex;

/// Meta's limit for a file.
const FILE_BYTES_MAX: u64 = 25 * 1024 * 1024;

/// What was posted.
#[derive(Debug)]
pub(crate) struct Body {
    /// The members of the request.
    pub(crate) members: Value,
    /// `filedata`.
    pub(crate) file: Option<Uploaded>,
}

/// A file, measured.
#[derive(Debug)]
pub(crate) struct Uploaded {
    pub(crate) name: String,
    pub(crate) content_type: String,
    pub(crate) size: u64,
    pub(crate) sha256: String,
}

pub(crate) async fn read(request: Request) -> Result<Body, Refusal> {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    if content_type.is_some_and(|it| it.starts_with("multipart/form-data")) {
        return form(request).await;
    }
    let body = Bytes::from_request(request, &())
        .await
        .map_err(|error| Refusal::parameter(error.to_string()))?;
    let members = serde_json::from_slice(&body)
        .map_err(|error| Refusal::parameter(format!("Invalid JSON: {error}")))?;
    Ok(Body {
        members,
        file: None,
    })
}

async fn form(request: Request) -> Result<Body, Refusal> {
    let broken = |error: &dyn std::fmt::Display| Refusal::parameter(format!("Bad form: {error}"));
    let mut parts = Multipart::from_request(request, &())
        .await
        .map_err(|error| broken(&error))?;
    let mut members = Map::new();
    let mut file = None;
    while let Some(part) = parts.next_field().await.map_err(|error| broken(&error))? {
        let name = part.name().unwrap_or_default().to_owned();
        if name == "filedata" {
            file = Some(measure(part).await?);
            continue;
        }
        let text = part.text().await.map_err(|error| broken(&error))?;
        // Objects come as their JSON, words as they are.
        let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
        members.insert(name, value);
    }
    Ok(Body {
        members: Value::Object(members),
        file,
    })
}

async fn measure(mut part: axum::extract::multipart::Field<'_>) -> Result<Uploaded, Refusal> {
    let failed = |why: &str| {
        Refusal::new(
            100,
            Some(2_018_047),
            format!("Upload attachment failure: {why}"),
        )
    };
    let name = part.file_name().unwrap_or_default().to_owned();
    let content_type = part.content_type().unwrap_or_default().to_owned();
    let (mut size, mut hasher) = (0, Sha256::new());
    while let Some(chunk) = part
        .chunk()
        .await
        .map_err(|error| failed(&error.to_string()))?
    {
        size += chunk.len() as u64;
        hasher.update(&chunk);
    }
    if size == 0 || size > FILE_BYTES_MAX {
        return Err(failed("a file has 1 byte to 25 MB"));
    }
    if name.is_empty() || content_type.is_empty() {
        return Err(failed("a file has a name and a type"));
    }
    Ok(Uploaded {
        name,
        content_type,
        size,
        sha256: sha256_hex(hasher),
    })
}
