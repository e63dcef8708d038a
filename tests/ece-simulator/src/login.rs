//! Tokens for client applications (family M) and sessions for users (family D).

use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;

use crate::messaging::read_json;
use crate::router::Call;
use crate::sessions::Owner;
use crate::variants::Refusal;

/// The header of user sessions, in both directions.
const USER_SESSION: &str = "x-egain-session";

/// `POST …/authentication/oauth2/token`.
pub(crate) fn token(call: &Call) -> Result<Response, Refusal> {
    let form: Vec<(String, String)> = url::form_urlencoded::parse(&call.body)
        .into_owned()
        .collect();
    let field = |wanted: &str| {
        form.iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.clone())
    };
    // RFC 6749 also allows the pair in the form; some clients send it there.
    let given = basic(call).or_else(|| Some((field("client_id")?, field("client_secret")?)));
    let (key, secret) = given.ok_or_else(bad_client)?;
    if !is_client(call, &key, &secret) {
        return Err(bad_client());
    }
    if field("grant_type").as_deref() != Some("client_credentials") {
        return Err(Refusal::new(
            400,
            "400-104",
            "grant_type must be client_credentials.",
        ));
    }
    let config = &call.shared.config;
    let token = open(call, Owner::Client(key), config.sessions_max)?;
    let body = json!({"access_token": token, "expires_in": config.token_lifetime_s, "token_type": "Bearer"});
    Ok(Json(body).into_response())
}

/// `POST …/authentication/oauth2/revoke`.
pub(crate) fn revoke(call: &Call) -> Result<Response, Refusal> {
    let token = bearer(call)?;
    match call.shared.sessions().close(token) {
        true => Ok(StatusCode::NO_CONTENT.into_response()),
        false => Err(bad_session()),
    }
}

/// `POST …/authentication/user/login`: 204 and a session in a header.
pub(crate) fn user_login(call: &Call) -> Result<Response, Refusal> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Login {
        user_name: String,
        password: String,
    }
    let login: Login = read_json(&call.body)?;
    let known = call.shared.config.users.iter();
    let known = known
        .into_iter()
        .any(|user| user.name == login.user_name && user.secret == login.password);
    if !known {
        return Err(Refusal::new(
            401,
            "401-104",
            "Invalid user name or password.",
        ));
    }
    let session = open(
        call,
        Owner::User(login.user_name),
        call.shared.config.user_sessions_max,
    )?;
    Ok((StatusCode::NO_CONTENT, [(USER_SESSION, session)]).into_response())
}

/// `DELETE …/authentication/user/logout`.
pub(crate) fn user_logout(call: &Call) -> Result<Response, Refusal> {
    let session = call.header(USER_SESSION).ok_or_else(no_session)?;
    match call.shared.sessions().close(session) {
        true => Ok(StatusCode::NO_CONTENT.into_response()),
        false => Err(bad_session()),
    }
}

/// Who is calling: the client's key, or `user:` and the user's name.
pub(crate) fn session(call: &Call) -> Result<String, Refusal> {
    let token = match call
        .header(USER_SESSION)
        .filter(|_| call.header("authorization").is_none())
    {
        Some(session) => session,
        None => bearer(call)?,
    };
    let users_may = call.shared.look(|desk| desk.variants.user_sessions_message);
    match call.shared.sessions().owner(token) {
        Some(Owner::Client(key)) => Ok(key.clone()),
        Some(Owner::User(name)) if users_may => Ok(format!("user:{name}")),
        Some(Owner::User(_)) => Err(Refusal::new(
            401,
            "401-102",
            "The session is not one of a client application.",
        )),
        None => Err(bad_session()),
    }
}

fn open(call: &Call, owner: Owner, max: usize) -> Result<String, Refusal> {
    let lifetime = Duration::from_secs(call.shared.config.token_lifetime_s);
    let opened = call
        .shared
        .sessions()
        .open(owner, call.forces_login(), max, lifetime);
    opened.ok_or_else(|| {
        call.shared
            .look(|desk| desk.variants.too_many_sessions.clone())
    })
}

/// The token after `Bearer` in any case and any amount of blanks: real clients send two.
fn bearer(call: &Call) -> Result<&str, Refusal> {
    let header = call.header("authorization").ok_or_else(no_session)?;
    match header.trim().split_once(char::is_whitespace) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(Refusal::new(
            401,
            "401-100",
            "The Authorization header is malformed.",
        )),
    }
}

fn basic(call: &Call) -> Option<(String, String)> {
    let (scheme, encoded) = call
        .header("authorization")?
        .trim()
        .split_once(char::is_whitespace)?;
    let decoded = STANDARD
        .decode(encoded.trim())
        .ok()
        .filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let pair = String::from_utf8(decoded).ok()?;
    pair.split_once(':')
        .map(|(key, secret)| (key.to_owned(), secret.to_owned()))
}

fn is_client(call: &Call, key: &str, secret: &str) -> bool {
    let config = &call.shared.config;
    (config.client_key == key && config.client_secret == secret)
        || config
            .other_clients
            .iter()
            .any(|client| client.name == key && client.secret == secret)
}

fn no_session() -> Refusal {
    Refusal::new(401, "401-100", "The Authorization header is missing.")
}

fn bad_session() -> Refusal {
    Refusal::new(401, "401-101", "The session is invalid or has expired.")
}

fn bad_client() -> Refusal {
    Refusal::new(401, "401-105", "Invalid client key or client secret.")
}
