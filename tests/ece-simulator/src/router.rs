//! From a request to the call it means: paths in any case, any API version, faults and outages.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};

use crate::answer::{self, Wants};
use crate::faults::{Fault, Operation};
use crate::shared::Shared;
use crate::variants::{Refusal, Variants};
use crate::{control, files, login, messaging, page, start, status};
use stand_in::{Connection, Outage, cut};

/// Bodies above this are answered 413.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// One request.
pub(crate) struct Call {
    pub(crate) shared: Arc<Shared>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Call {
    /// A query parameter, its name in any case.
    pub(crate) fn parameter(&self, wanted: &str) -> Option<&str> {
        let found = self
            .query
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// `forceLogin=yes`.
    pub(crate) fn forces_login(&self) -> bool {
        self.parameter("forceLogin")
            .is_some_and(|value| value.eq_ignore_ascii_case("yes"))
    }
}

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
enum Route {
    Token,
    Revoke,
    Login,
    Logout,
    Configuration,
    Start,
    Send,
    /// The id, when the path holds it.
    End(Option<String>),
    AgentFile(String),
    Status(status::Question, String),
    SessionStatus(String),
    SessionStatistics,
}

impl Route {
    fn operation(&self) -> Operation {
        match self {
            Self::Token | Self::Revoke | Self::Login | Self::Logout => Operation::Token,
            Self::Configuration => Operation::Configuration,
            Self::Start => Operation::Start,
            Self::Send => Operation::Send,
            Self::End(_) => Operation::End,
            Self::AgentFile(_) => Operation::File,
            Self::Status(..) | Self::SessionStatus(_) | Self::SessionStatistics => {
                Operation::Status
            }
        }
    }
}

pub(crate) fn router(shared: &Arc<Shared>) -> Router {
    Router::new()
        .fallback(serve)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .merge(control::routes())
        .merge(page::routes())
        .layer(middleware::from_fn_with_state(
            Arc::clone(shared),
            suffer_outage,
        ))
        .with_state(Arc::clone(shared))
}

/// The outage as requests see it; the control API stays in reach.
async fn suffer_outage(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
    next: Next,
) -> Response {
    let outage = *shared.outage.borrow();
    match outage {
        _ if is_ours(request.uri().path()) => next.run(request).await,
        Outage::None => next.run(request).await,
        Outage::Unavailable => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Outage::Closes | Outage::Refuses => cut(&connection),
    }
}

/// What a real ECE has not.
fn is_ours(path: &str) -> bool {
    path == "/" || path.starts_with("/_sim/")
}

async fn serve(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .into_owned()
        .collect();
    let call = Call {
        shared,
        query,
        headers,
        body,
    };
    let route = route(&call.shared.config.context_root, &method, uri.path());
    let route = match route.and_then(|route| spelt_right(&call, uri.path(), route)) {
        Ok(route) => route,
        Err(refusal) => return refused(&call, &refusal),
    };
    let fault = call.shared.take_fault(route.operation());
    match fault {
        Some(Fault::DropBeforeAccept) => return cut(&connection),
        Some(Fault::Refuse { refusal }) => return refused(&call, &refusal),
        Some(
            Fault::AnswerLate { .. } | Fault::DropAfterAccept | Fault::RefuseAfterAccept { .. },
        )
        | None => {}
    }
    let answered = handle(&call, route)
        .await
        .unwrap_or_else(|refusal| refused(&call, &refusal));
    match fault {
        Some(Fault::AnswerLate { ms }) => tokio::time::sleep(Duration::from_millis(ms)).await,
        Some(Fault::DropAfterAccept) => return cut(&connection),
        Some(Fault::RefuseAfterAccept { refusal }) => return refused(&call, &refusal),
        Some(Fault::DropBeforeAccept | Fault::Refuse { .. }) | None => {}
    }
    answered
}

async fn handle(call: &Call, route: Route) -> Result<Response, Refusal> {
    match route {
        Route::Token => login::token(call),
        Route::Revoke => login::revoke(call),
        Route::Login => login::user_login(call),
        Route::Logout => login::user_logout(call),
        Route::Configuration => messaging::configuration(call),
        Route::Start => start::start(call).await,
        Route::Send => messaging::send(call),
        Route::End(id) => messaging::end(call, id),
        Route::AgentFile(id) => files::serve(call, &id),
        Route::Status(question, id) => status::answer(call, question, &id),
        Route::SessionStatus(sid) => status::session(call, &sid),
        Route::SessionStatistics => status::statistics(call),
    }
}

fn refused(call: &Call, refusal: &Refusal) -> Response {
    let member = call.shared.with_desk(|desk| {
        desk.ledger
            .refused
            .push((refusal.status, refusal.code.clone()));
        desk.variants.error_member.clone()
    });
    answer::refusal(Wants::of(&call.headers), &member, refusal)
}

fn route(root: &str, method: &Method, path: &str) -> Result<Route, Refusal> {
    let not_found = || not_found(path);
    let rest = path
        .get(..root.len())
        .filter(|start| start.eq_ignore_ascii_case(root))
        .map(|_| &path[root.len()..]);
    let given: Vec<&str> = rest
        .ok_or_else(not_found)?
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    let lower: Vec<String> = given.iter().map(|part| part.to_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    let (expected, route) = match lower.as_slice() {
        ["ws", version, "clientapplications", rest @ ..] | ["ws", version, rest @ ..]
            if is_version(version) =>
        {
            messaging_route(rest).ok_or_else(not_found)?
        }
        ["egain", "chat", "entrypoint", "sessionstatistics"] => {
            (&[Method::POST][..], Route::SessionStatistics)
        }
        ["egain", "chat", "entrypoint", "sessionstatus", _] => (
            &[Method::GET][..],
            Route::SessionStatus(given[4].to_owned()),
        ),
        ["egain", "chat", "entrypoint", question, id] => {
            let question = status::Question::named(question).ok_or_else(not_found)?;
            (
                &[Method::GET][..],
                Route::Status(question, (*id).to_owned()),
            )
        }
        _ => return Err(not_found()),
    };
    match expected.contains(method) {
        true => Ok(route),
        false => Err(Refusal::new(
            405,
            "405-100",
            format!("{method} is not allowed at {path}."),
        )),
    }
}

/// The variants may be stricter than [`route`].
fn spelt_right(call: &Call, path: &str, route: Route) -> Result<Route, Refusal> {
    let known = call
        .shared
        .look(|desk| is_spelt_right(&desk.variants, path, &route));
    match known {
        true => Ok(route),
        false => Err(not_found(path)),
    }
}

fn is_spelt_right(variants: &Variants, path: &str, route: &Route) -> bool {
    let mut segments = path.split('/');
    match route {
        Route::Status(question, _) => {
            !variants.status_paths_exact || segments.any(|segment| segment == question.spelling())
        }
        // The login has a version of its own, and files' addresses are given out, not guessed.
        Route::Login | Route::Logout | Route::AgentFile(_) => true,
        Route::SessionStatus(_) | Route::SessionStatistics => true,
        Route::Token
        | Route::Revoke
        | Route::Configuration
        | Route::Start
        | Route::Send
        | Route::End(_) => variants
            .api_version
            .as_ref()
            .is_none_or(|only| segments.any(|segment| segment.eq_ignore_ascii_case(only))),
    }
}

fn not_found(path: &str) -> Refusal {
    Refusal::new(404, "404-100", format!("There is nothing at {path}."))
}

/// The methods allowed, and the call.
fn messaging_route(path: &[&str]) -> Option<(&'static [Method], Route)> {
    const GET: &[Method] = &[Method::GET];
    const POST: &[Method] = &[Method::POST];
    const POST_PUT: &[Method] = &[Method::POST, Method::PUT];
    const DELETE: &[Method] = &[Method::DELETE];
    Some(match path {
        ["authentication", "oauth2", "token"] => (POST, Route::Token),
        ["authentication", "oauth2", "revoke"] => (POST, Route::Revoke),
        ["authentication", "user", "login"] => (POST, Route::Login),
        ["authentication", "user", "logout"] => (DELETE, Route::Logout),
        ["messaging", "configuration"] => (GET, Route::Configuration),
        ["messaging", "conversation", "start"] => (POST, Route::Start),
        ["messaging", "sendmessage"] => (POST, Route::Send),
        ["messaging", "conversation", "end"] => (POST_PUT, Route::End(None)),
        ["messaging", "conversation", id, "end"] => (POST_PUT, Route::End(Some((*id).to_owned()))),
        ["messaging", "attachment", id] => (GET, Route::AgentFile((*id).to_owned())),
        _ => return None,
    })
}

/// `v` and digits.
fn is_version(segment: &str) -> bool {
    segment
        .strip_prefix('v')
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(method: &Method, path: &str) -> Result<Route, u16> {
        route("/ece/system", method, path).map_err(|refusal| refusal.status)
    }

    #[test]
    fn a_path_is_known_in_any_case_and_version_below_its_root() {
        assert_eq!(
            found(
                &Method::POST,
                "/ece/system/ws/v19/clientapplications/messaging/sendmessage"
            ),
            Ok(Route::Send)
        );
        assert_eq!(
            found(&Method::POST, "/ece/system/ws/v20/messaging/sendMessage/"),
            Ok(Route::Send)
        );
        assert_eq!(
            found(
                &Method::PUT,
                "/ece/system/ws/v1/messaging/conversation/AB-1/end"
            ),
            Ok(Route::End(Some("ab-1".to_owned())))
        );
        assert_eq!(
            found(
                &Method::GET,
                "/ECE/System/egain/chat/entryPoint/AGENTavailability/1001"
            ),
            Ok(Route::Status(
                status::Question::AgentAvailability,
                "1001".to_owned()
            ))
        );
        assert_eq!(
            found(&Method::POST, "/system/ws/v19/messaging/sendmessage"),
            Err(404)
        );
        assert_eq!(
            found(&Method::POST, "/ece/system/ws/latest/messaging/sendmessage"),
            Err(404)
        );
        assert_eq!(
            found(&Method::GET, "/ece/system/ws/v19/messaging/sendmessage"),
            Err(405)
        );
    }
}
