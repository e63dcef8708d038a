//! Raw calls, files, the trace.

use trunkline_core::id::{ConversationId, FileId, Timestamp};
use trunkline_core::message::StoredFile;
use trunkline_flow::ports::{PluginVersion, RawCall, RawId, Request, Scope, TraceLine};

use super::Tables;

impl Tables {
    pub(in crate::store) fn keep_raw(
        &mut self,
        scope: &Scope,
        request: &Request,
        trapped: &[PluginVersion],
        at: Timestamp,
    ) -> RawId {
        let id = RawId(self.number());
        let call = RawCall {
            id,
            scope: scope.clone(),
            request: request.clone(),
            arrived: at,
            trapped: trapped.to_vec(),
        };
        self.raw.insert(id, call);
        id
    }

    pub(in crate::store) fn raw_calls(&self, scope: &Scope, limit: usize) -> Vec<RawCall> {
        self.raw
            .values()
            .filter(|call| call.scope == *scope)
            .take(limit)
            .cloned()
            .collect()
    }

    pub(in crate::store) fn raw_trapped(&mut self, id: RawId, version: &PluginVersion) {
        if let Some(call) = self.raw.get_mut(&id)
            && !call.trapped.contains(version)
        {
            call.trapped.push(version.clone());
        }
    }

    pub(in crate::store) fn keep_file(
        &mut self,
        name: Option<String>,
        content_type: Option<String>,
        size: u64,
    ) -> StoredFile {
        let number = self.number();
        let file = StoredFile {
            id: FileId(format!("f{number}")),
            token: format!("t{number}"),
            name: name.unwrap_or_else(|| "file".to_owned()),
            content_type: content_type.unwrap_or_default(),
            size,
            sha256: String::new(),
        };
        self.files.insert(file.id.clone(), file.clone());
        file
    }

    pub(in crate::store) fn fill_upload(&mut self, token: &str, file: &FileId, until: Timestamp) {
        if let Some(file) = self.files.get(file) {
            self.uploads.fill(token, file, until);
        }
    }

    pub(in crate::store) fn trace_of(&self, conversation: ConversationId) -> Vec<TraceLine> {
        self.trace
            .iter()
            .filter(|line| line.conversation == Some(conversation))
            .cloned()
            .collect()
    }
}
