//! What agents do: single acts, and rules that make an agent act by itself.
//!
//! A rule answers one kind of event. Of an agent's rules the first that fits runs, and its acts run
//! in the order of [`RuleConfig`]'s fields. The README shows scripts.

use serde::{Deserialize, Serialize};

/// One thing an agent (or ECE) does in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// Takes the conversation from the queue.
    PickUp {
        /// Who; without it any agent who can.
        agent: Option<String>,
    },
    /// Writes to the customer.
    Say {
        /// The text.
        text: String,
        /// Sends it as `text/html`.
        #[serde(default)]
        html: bool,
    },
    /// Begins to type.
    StartTyping,
    /// Stops typing.
    EndTyping,
    /// Hands the conversation to a colleague.
    TransferToAgent {
        /// The colleague's name.
        agent: String,
    },
    /// Puts it into a queue.
    TransferToQueue {
        /// The queue's entry point.
        entry_point: u64,
    },
    /// Says that it went to a department; it stays in its queue.
    TransferToDepartment {
        /// The department.
        name: String,
    },
    /// Shows the customer a page.
    PushPage {
        /// Its URL.
        url: String,
    },
    /// Takes a file the customer offered, and downloads it.
    AcceptFile {
        /// Which; the newest offer when absent.
        #[serde(default)]
        name: Option<String>,
    },
    /// Refuses it.
    RejectFile {
        /// Which; the newest offer when absent.
        #[serde(default)]
        name: Option<String>,
    },
    /// Offers the customer a file.
    SendFile {
        /// File name.
        name: String,
        /// Media type.
        content_type: String,
        /// The bytes.
        base64: String,
    },
    /// Ends the conversation.
    Complete,
    /// ECE ends it, for instance because it was idle.
    CloseBySystem,
}

/// The kinds of events that rules answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// The agent got the conversation.
    Assigned,
    /// The customer wrote.
    Message,
    /// The customer offered a file.
    Attachment,
    /// The customer began to type.
    Typing,
    /// The customer took the agent's file.
    FileAccepted,
    /// The customer refused it.
    FileRejected,
}

/// `[[agents.script]]`: one rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleConfig {
    /// What it answers.
    pub on: On,
    /// Only messages (or file names) that contain this, in any case.
    #[serde(default)]
    pub contains: Option<String>,
    /// Once in a conversation.
    #[serde(default)]
    pub once: bool,
    /// Waits first.
    #[serde(default)]
    pub after_ms: u64,
    /// Accepts the offered file.
    #[serde(default)]
    pub accept: bool,
    /// Rejects the offered file.
    #[serde(default)]
    pub reject: bool,
    /// Reports typing around what is said.
    #[serde(default, rename = "type")]
    pub typing: bool,
    /// Says `echo: ` and the customer's text.
    #[serde(default)]
    pub echo: bool,
    /// Says this.
    #[serde(default)]
    pub say: Option<OneOrMany>,
    /// Says this as HTML.
    #[serde(default)]
    pub say_html: Option<String>,
    /// Pushes this page.
    #[serde(default)]
    pub push_page: Option<String>,
    /// Sends this file.
    #[serde(default)]
    pub send_file: Option<FileConfig>,
    /// Transfers to this agent.
    #[serde(default)]
    pub transfer_to_agent: Option<String>,
    /// Transfers to the queue of this entry point.
    #[serde(default)]
    pub transfer_to_queue: Option<u64>,
    /// Transfers to this department.
    #[serde(default)]
    pub transfer_to_department: Option<String>,
    /// Ends the conversation.
    #[serde(default)]
    pub complete: bool,
}

/// A text or a list of texts.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Each is a message of its own.
    Many(Vec<String>),
}

/// A file that a script sends.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileConfig {
    /// File name.
    pub name: String,
    /// Media type.
    pub content_type: String,
    /// The content.
    pub text: String,
}

/// A rule ready to run.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) on: On,
    contains: Option<String>,
    pub(crate) once: bool,
    pub(crate) after_ms: u64,
    pub(crate) steps: Vec<Step>,
}

/// A part of a rule.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Act(Act),
    Echo,
}

impl Rule {
    pub(crate) fn fits(&self, on: On, text: &str) -> bool {
        self.on == on
            && self
                .contains
                .as_ref()
                .is_none_or(|part| text.to_lowercase().contains(part))
    }
}

impl RuleConfig {
    /// A rule that does nothing yet.
    pub fn on(on: On) -> Self {
        Self {
            on,
            contains: None,
            once: false,
            after_ms: 0,
            accept: false,
            reject: false,
            typing: false,
            echo: false,
            say: None,
            say_html: None,
            push_page: None,
            send_file: None,
            transfer_to_agent: None,
            transfer_to_queue: None,
            transfer_to_department: None,
            complete: false,
        }
    }

    /// Answers each message with `echo: {text}`.
    pub fn echo() -> Self {
        Self {
            echo: true,
            ..Self::on(On::Message)
        }
    }

    /// The acts in their order, or what is wrong with the rule.
    pub(crate) fn compile(&self) -> Result<Rule, String> {
        if (self.accept || self.reject) && self.on != On::Attachment {
            return Err(
                "`accept` and `reject` answer a file: write on = \"attachment\"".to_owned(),
            );
        }
        if self.accept && self.reject {
            return Err("choose one of `accept` and `reject`".to_owned());
        }
        if self.echo && self.on != On::Message {
            return Err("`echo` repeats a message: write on = \"message\"".to_owned());
        }
        let steps = self.steps();
        if steps.is_empty() {
            return Err(
                "the rule does nothing: add `say`, `echo`, `accept`, `complete` …".to_owned(),
            );
        }
        let contains = self.contains.as_ref().map(|part| part.to_lowercase());
        Ok(Rule {
            on: self.on,
            contains,
            once: self.once,
            after_ms: self.after_ms,
            steps,
        })
    }

    fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut act = |act: Act| steps.push(Step::Act(act));
        if self.accept {
            act(Act::AcceptFile { name: None });
        }
        if self.reject {
            act(Act::RejectFile { name: None });
        }
        if self.typing {
            act(Act::StartTyping);
        }
        if self.echo {
            steps.push(Step::Echo);
        }
        steps.extend(self.words().into_iter().map(Step::Act));
        if self.typing {
            steps.push(Step::Act(Act::EndTyping));
        }
        steps.extend(self.endings().into_iter().map(Step::Act));
        steps
    }

    fn words(&self) -> Vec<Act> {
        let texts = match &self.say {
            None => Vec::new(),
            Some(OneOrMany::One(text)) => vec![text.clone()],
            Some(OneOrMany::Many(texts)) => texts.clone(),
        };
        let mut acts: Vec<Act> = texts
            .into_iter()
            .map(|text| Act::Say { text, html: false })
            .collect();
        acts.extend(
            self.say_html
                .clone()
                .map(|text| Act::Say { text, html: true }),
        );
        acts.extend(self.push_page.clone().map(|url| Act::PushPage { url }));
        acts.extend(self.send_file.as_ref().map(FileConfig::act));
        acts
    }

    fn endings(&self) -> Vec<Act> {
        let mut acts = Vec::new();
        acts.extend(
            self.transfer_to_agent
                .clone()
                .map(|agent| Act::TransferToAgent { agent }),
        );
        acts.extend(
            self.transfer_to_queue
                .map(|entry_point| Act::TransferToQueue { entry_point }),
        );
        acts.extend(
            self.transfer_to_department
                .clone()
                .map(|name| Act::TransferToDepartment { name }),
        );
        acts.extend(self.complete.then_some(Act::Complete));
        acts
    }
}

impl FileConfig {
    fn act(&self) -> Act {
        use base64::Engine as _;
        let base64 = base64::engine::general_purpose::STANDARD.encode(&self.text);
        Act::SendFile {
            name: self.name.clone(),
            content_type: self.content_type.clone(),
            base64,
        }
    }
}
