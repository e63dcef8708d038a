//! Every point of the protocol that no public source settles, as a setting.
//!
//! The numbers refer to the list of unknowns in the ECE reference. The defaults are its best
//! guesses; a test of a client runs it against the others too. `POST /_sim/variants` changes them
//! while the stand-in runs.

use serde::{Deserialize, Serialize};

use crate::ledger::Told;

/// An error answer: `{"code": "409-100", "developerMessage": "…"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// As in the body.
    pub code: String,
    /// For people.
    pub message: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.into(),
        }
    }
}

/// What a start meets when no agent is available (unknown 6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoAgent {
    /// Start is refused.
    Refuse(Refusal),
    /// Start succeeds and `complete` follows without any `assigned`.
    CompleteUnassigned,
    /// Start succeeds and the conversation waits in the queue.
    Queue,
}

/// Which spellings of "end conversation" are taken (unknown 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndCall {
    /// All of them.
    Any,
    /// `POST` or `PUT …/messaging/conversation/end` with the id in the body.
    Body,
    /// `POST` or `PUT …/messaging/conversation/{id}/end`.
    Path,
}

/// Members of `sender.user` in callbacks (unknown 3), for a user `ann`, shown as "Ann Lee".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SenderUser {
    /// `{"id","screenName","userName"}`.
    ScreenName,
    /// `{"name"}`.
    Name,
    /// `{"firstName","lastName"}`.
    FirstLast,
    /// `{"id"}`.
    Id,
    /// No `user` at all.
    Absent,
}

/// When typing of agents is reported (unknown 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Typing {
    /// When the start request holds a member with "typing" in its name and a true value.
    WhenAsked,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// `type.value` of each callback (unknown 1); set aliases here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "each field is the word for the event that it is named after"
)]
pub struct TypeNames {
    pub assigned: String,
    pub transfer: String,
    pub page_push: String,
    pub upload_attachment: String,
    pub accept_attachment: String,
    pub reject_attachment: String,
    pub start_typing: String,
    pub end_typing: String,
    pub complete: String,
}

impl Default for TypeNames {
    fn default() -> Self {
        Self {
            assigned: "assigned".to_owned(),
            transfer: "transfer".to_owned(),
            page_push: "pagePush".to_owned(),
            upload_attachment: "uploadAttachment".to_owned(),
            accept_attachment: "acceptAttachment".to_owned(),
            reject_attachment: "rejectAttachment".to_owned(),
            start_typing: "startTyping".to_owned(),
            end_typing: "endTyping".to_owned(),
            complete: "complete".to_owned(),
        }
    }
}

impl TypeNames {
    /// The word for what the client is told; texts have media types instead (SEEN).
    pub(crate) fn word(&self, told: &Told) -> &str {
        match told {
            Told::Assigned => &self.assigned,
            Told::Text => "text/plain",
            Told::Html => "text/html",
            Told::TypingStarted => &self.start_typing,
            Told::TypingStopped => &self.end_typing,
            Told::Transferred => &self.transfer,
            Told::Page => &self.page_push,
            Told::File { .. } => &self.upload_attachment,
            Told::FileAccepted => &self.accept_attachment,
            Told::FileRejected => &self.reject_attachment,
            Told::Ended => &self.complete,
        }
    }
}

/// `content` of each callback (unknown 2): `{0}` is the agent, queue or department, `{1}` the
/// file. Localise them or leave them blank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "each field is the text of the event that it is named after"
)]
pub struct Texts {
    pub assigned: String,
    pub transfer_agent: String,
    pub transfer_queue: String,
    pub transfer_department: String,
    pub accepted: String,
    pub rejected: String,
    pub ended_by_agent: String,
    pub ended_by_system: String,
}

impl Default for Texts {
    fn default() -> Self {
        Self {
            assigned: "You are now chatting with {0}".to_owned(),
            transfer_agent: "You have been transferred to agent {0}".to_owned(),
            transfer_queue: "You have been transferred to queue {0}".to_owned(),
            transfer_department: "You have been transferred to department {0}".to_owned(),
            accepted: "{0} accepted attachment {1}".to_owned(),
            rejected: "{0} rejected attachment {1}".to_owned(),
            ended_by_agent: "{0} has ended the chat".to_owned(),
            ended_by_system: "System has closed the chat".to_owned(),
        }
    }
}

/// The longest text taken, and what a longer one meets (unknown 15).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextLimit {
    /// Unicode characters.
    pub characters: usize,
    /// 413 or 400 are plausible.
    pub refusal: Refusal,
}

/// The settings. `Variants::default()` is the reference's best guess.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Variants {
    /// Status of a successful start, 201 or 200 (unknown 7).
    pub start_status: u16,
    /// Status of a successful sendmessage: 200, 201, 202 or 204 (then without a body).
    pub send_status: u16,
    /// Status of a successful end.
    pub end_status: u16,
    /// Which end calls are taken.
    pub end_call: EndCall,
    /// Whether a `complete` follows the client's own end.
    pub complete_after_end: bool,
    /// A start without an available agent.
    pub no_agent: NoAgent,
    /// A start when the queue is at its maximum depth.
    pub queue_full: Refusal,
    /// Configuration or start of an inactive entry point.
    pub inactive: Refusal,
    /// A start while the webhook is deactivated.
    pub deactivated: Refusal,
    /// A message to, or the end of, a finished conversation.
    pub finished: Refusal,
    /// An unknown conversation.
    pub unknown_conversation: Refusal,
    /// A token asked for without `forceLogin` when all sessions are taken.
    pub too_many_sessions: Refusal,
    /// Whether an agent's login session (`X-egain-session`) may use the messaging calls (unknown 14).
    pub user_sessions_message: bool,
    /// Values of `searchContactOnAttribute` taken; any `x.y` when absent (unknown 11).
    pub search_attributes: Option<Vec<String>>,
    /// The only version of the messaging paths, such as `v19`; any when absent (unknown 12).
    pub api_version: Option<String>,
    /// Status calls are known in the reference's spelling only, not in any case (unknown 13).
    pub status_paths_exact: bool,
    /// No limit when absent.
    pub text_limit: Option<TextLimit>,
    /// The member of error bodies that holds the text: `developerMessage` or `message`.
    pub error_member: String,
    /// When typing is reported.
    pub typing: Typing,
    /// Members of `sender.user`.
    pub sender_user: SenderUser,
    /// The words for the kinds of callbacks.
    pub type_names: TypeNames,
    /// Their texts.
    pub texts: Texts,
    /// Adds `transferType` (`agent`, `queue`, `department`) to transfer callbacks.
    pub transfer_type_member: bool,
    /// The member that holds a file's URL: `contentUrl`, `url` or `href` (unknown 10).
    pub file_url_member: String,
    /// Whether agents' files ask for the Bearer token.
    pub file_needs_bearer: bool,
    /// Whether agents' files are served only after `acceptAttachment`.
    pub file_needs_accept: bool,
}

impl Default for Variants {
    fn default() -> Self {
        Self {
            start_status: 201,
            send_status: 200,
            end_status: 200,
            end_call: EndCall::Any,
            complete_after_end: true,
            no_agent: NoAgent::Refuse(Refusal::new(
                400,
                "400-201",
                "No agent is available for the entry point.",
            )),
            queue_full: Refusal::new(400, "400-202", "The queue is at its maximum depth."),
            inactive: Refusal::new(400, "400-203", "The entry point is inactive."),
            deactivated: Refusal::new(403, "403-204", "The webhook callback URL is deactivated."),
            finished: Refusal::new(400, "400-115", "The conversation is closed."),
            unknown_conversation: Refusal::new(404, "404-101", "No such conversation."),
            too_many_sessions: Refusal::new(
                401,
                "401-103",
                "Too many sessions; use forceLogin=yes.",
            ),
            user_sessions_message: true,
            search_attributes: None,
            api_version: None,
            status_paths_exact: false,
            text_limit: None,
            error_member: "developerMessage".to_owned(),
            typing: Typing::WhenAsked,
            sender_user: SenderUser::ScreenName,
            type_names: TypeNames::default(),
            texts: Texts::default(),
            transfer_type_member: false,
            file_url_member: "contentUrl".to_owned(),
            file_needs_bearer: true,
            file_needs_accept: false,
        }
    }
}
