//! What a call names in its path and query. One that cannot be read is answered as every other problem,
//! in our own words.

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde::de::DeserializeOwned;

use super::problem;

/// The number in the path.
pub(super) struct Number(pub(super) i64);

impl<S: Send + Sync> FromRequestParts<S> for Number {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| bad("the path cannot be read"))?;
        let number = text.parse();
        number
            .map(Self)
            .map_err(|_| bad(&format!("`{text}` stands where a number belongs")))
    }
}

/// The query.
pub(super) struct Asked<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let asked = Query::<T>::from_request_parts(parts, state).await;
        let Query(asked) =
            asked.map_err(|_| bad(&format!("`{query}` cannot be asked of this path")))?;
        Ok(Self(asked))
    }
}

fn bad(what: &str) -> Response {
    let text = format!("{what}; see /api/v1/openapi.json");
    problem(StatusCode::BAD_REQUEST, text)
}
