use trunkline_core::event::{Outcome, RemoteFile};
use trunkline_core::id::IntegrationName;
use trunkline_core::message::{Attachment, StoredFile};

use super::{Attempt, Failure, Hopeless, Verdict, sort_send_error};
use crate::flow::Outside;
use crate::ports::{
    AttachmentCall, Capabilities, Download, Ece, EceError, FileError, KeepFile, Plugins, Scope,
    Settled, Store,
};
use crate::upload::UPLOADED;

/// What is known of a file before it is here.
struct Wanted {
    name: Option<String>,
    content_type: Option<String>,
    bytes_max: u64,
}

/// Why there is no file.
enum NoFile {
    Failed(Failure),
    Never(String),
}

impl<O: Outside> Attempt<O> {
    /// Fetches a file the customer sent.
    pub(super) async fn fetch_from_customer(&self, attachment: &Attachment) -> Verdict {
        let bytes_max = self.inner.limits.file_bytes_max;
        let wanted = Wanted {
            name: attachment.name.clone(),
            content_type: attachment.content_type.clone(),
            bytes_max,
        };
        let scope = Scope::Channel(self.channel.clone());
        if let Some(token) = attachment.reference.strip_prefix(UPLOADED) {
            let fetched = self.uploaded_before(token).await;
            return self.fetched(fetched, Some(&scope));
        }
        if attachment.size.is_some_and(|size| size > bytes_max) {
            return never(FileError::TooLarge(bytes_max).to_string());
        }
        let fetching = async {
            let call = AttachmentCall {
                channel: self.channel.clone(),
                reference: attachment.reference.clone(),
                peer_state: self.peer_state.clone(),
            };
            let download = self.inner.ports.plugins().download(call).await;
            let download = download.map_err(|error| match sort_send_error(error) {
                // Asking for a file again does no harm.
                Ok(failure) => NoFile::Failed(Failure {
                    unknown: false,
                    ..failure
                }),
                Err(Hopeless::Refused(text) | Hopeless::OptedOut(text)) => NoFile::Never(text),
            })?;
            self.keep(wanted, download).await
        };
        let fetched = self.within_transfer(fetching).await;
        self.fetched(fetched, Some(&scope))
    }

    /// A file that the customer brought to the host itself.
    async fn uploaded_before(&self, token: &str) -> Result<StoredFile, NoFile> {
        let store = self.inner.ports.store();
        let upload = store.upload(token, self.now()).await;
        let upload = upload.map_err(|error| NoFile::Failed(Failure::certain(error.to_string())))?;
        upload
            .filter(|upload| upload.channel == self.channel)
            .and_then(|upload| upload.file)
            .ok_or_else(|| NoFile::Never("the uploaded file is not kept any more".to_owned()))
    }

    /// Fetches a file an agent offers or a bot named; the channel must be able to carry it.
    pub(super) async fn fetch_from_ece(
        &self,
        integration: Option<&IntegrationName>,
        file: &RemoteFile,
        again: bool,
    ) -> Verdict {
        let capabilities = self.inner.ports.plugins().capabilities(&self.channel);
        let limit = self.inner.limits.file_bytes_max;
        let wanted = Wanted {
            name: Some(file.name.clone()),
            content_type: file.content_type.clone(),
            bytes_max: capabilities.file_max.map_or(limit, |max| max.min(limit)),
        };
        let fetching = async {
            let download = self.inner.ports.ece().download(integration, file).await;
            let download = download.map_err(sort_ece_error)?;
            let kept = self.keep(wanted, download).await?;
            if carries(&capabilities, &kept) {
                Ok(kept)
            } else {
                let kind = &kept.content_type;
                Err(NoFile::Never(format!("the channel carries no {kind}")))
            }
        };
        let fetched = self.within_transfer(fetching).await;
        let scope = integration.cloned().map(Scope::Integration);
        let mut verdict = self.fetched(fetched, scope.as_ref());
        if again && let Some(Outcome::FileReady(file)) = verdict.report {
            let by_agent = integration.is_some();
            verdict.report = Some(Outcome::FileAgain { file, by_agent });
        }
        verdict
    }

    async fn within_transfer(
        &self,
        fetching: impl Future<Output = Result<StoredFile, NoFile>>,
    ) -> Result<StoredFile, NoFile> {
        let wait_ms = self.inner.limits.transfer_ms;
        let fetched = self.inner.within(wait_ms, Box::pin(fetching)).await;
        fetched.unwrap_or_else(|| {
            let text = format!("the transfer took longer than {wait_ms} ms");
            Err(NoFile::Failed(Failure::certain(text)))
        })
    }

    async fn keep(&self, wanted: Wanted, download: Download) -> Result<StoredFile, NoFile> {
        let keep = KeepFile {
            name: wanted.name.or_else(|| download.name.clone()),
            content_type: wanted
                .content_type
                .or_else(|| download.content_type.clone()),
            download,
            size_max: wanted.bytes_max,
            expires: self.now().plus_ms(self.inner.limits.file_keep_ms),
        };
        let kept = self.inner.ports.store().keep_file(keep).await;
        kept.map_err(|error| match error {
            FileError::TooLarge(_) => NoFile::Never(error.to_string()),
            FileError::Broken(_) | FileError::Store(_) => {
                NoFile::Failed(Failure::certain(error.to_string()))
            }
        })
    }

    fn fetched(&self, fetched: Result<StoredFile, NoFile>, scope: Option<&Scope>) -> Verdict {
        match fetched {
            Ok(file) => {
                let note = format!("fetched, {} bytes", file.size);
                Verdict::done(note).reporting(Outcome::FileReady(file))
            }
            Err(NoFile::Never(text)) => never(text),
            Err(NoFile::Failed(failure)) => {
                let verdict = self.again(failure, self.inner.limits.file_give_up_ms, scope);
                match &verdict.outcome {
                    Settled::Dead(reason) => never(reason.clone()),
                    Settled::Done | Settled::Part(_) | Settled::Again { .. } => verdict,
                }
            }
        }
    }
}

/// A dead letter, so that a file can be fetched once what was wrong is mended.
fn never(reason: String) -> Verdict {
    Verdict::dead(reason.clone()).reporting(Outcome::FileFailed(reason))
}

fn sort_ece_error(error: EceError) -> NoFile {
    match error {
        EceError::Unreachable(_) | EceError::Unknown(_) | EceError::Credentials(_) => {
            NoFile::Failed(Failure::certain(error.to_string()))
        }
        EceError::Throttled { wait_ms, text } => {
            NoFile::Failed(Failure::waiting(text, wait_ms, true))
        }
        EceError::Gone(_) | EceError::Refused(_) => NoFile::Never(error.to_string()),
    }
}

/// Whether the channel takes files of this type.
fn carries(capabilities: &Capabilities, file: &StoredFile) -> bool {
    type_fits(&capabilities.file_types, &file.content_type)
}

/// Whether a type is among these; `image/*` is any image, and an empty list any type.
pub(crate) fn type_fits(types: &[String], content_type: &str) -> bool {
    types.is_empty()
        || types.iter().any(|pattern| {
            pattern == "*/*"
                || pattern.eq_ignore_ascii_case(content_type)
                || pattern
                    .strip_suffix('*')
                    .is_some_and(|family| content_type.starts_with(family))
        })
}
