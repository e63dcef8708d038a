//! What the component exports: every plugin that implements our trait implements the generated one.

use super::attachments::exports::trunkline::plugin::attachments as wa;
use super::bot::exports::trunkline::plugin::turns as wb;
use super::callbacks::exports::trunkline::plugin::callbacks as wcb;
use super::channel::exports::trunkline::plugin::{receiving as wr, sending as wo};
use super::channel::trunkline::plugin::{happenings as wh, http as w, types as wt};
use super::checking::exports::trunkline::plugin::checking as wc;
use super::resolving::exports::trunkline::plugin::resolving as wre;
use super::types::each;
use crate::{Attachments, Bot, Callbacks, Channel, Check, PeerState, Resolve, log};

/// The place of a panic reaches the operator's log; by itself it would be lost in the trap. Not its text: that may quote what
/// somebody wrote (a slice of a string does, and an `unwrap` of what a parser says).
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map_or_else(String::new, |at| format!(" at {at}"));
        log::error(format!("the plugin panicked{place}"));
    }));
}

fn peer_state(pairs: Vec<(String, String)>) -> PeerState {
    pairs.into_iter().collect()
}

impl<T: Channel> wr::Guest for T {
    fn receive(
        request: wt::InboundRequest,
        state: wt::PeerState,
    ) -> Result<wr::Reception, wt::Rejection> {
        report_panics();
        Ok(T::receive(&request.into(), &peer_state(state))?.into())
    }
}

impl<T: Channel> wo::Guest for T {
    fn send(message: wo::Outbound, state: wt::PeerState) -> Result<wo::Sent, wt::SendError> {
        report_panics();
        Ok(T::send(&message.into(), &peer_state(state))?.into())
    }
}

impl<T: Resolve> wre::Guest for T {
    fn resolve(
        event: wh::Event,
        state: wt::PeerState,
    ) -> Result<(Vec<wh::Event>, Vec<wt::PeerChange>), wt::SendError> {
        report_panics();
        let (events, changes) = T::resolve(&event.into(), &peer_state(state))?;
        Ok((each(events), each(changes)))
    }
}

impl<T: Attachments> wa::Guest for T {
    fn open_attachment(
        reference: String,
        state: wt::PeerState,
    ) -> Result<wa::Download, wt::SendError> {
        report_panics();
        let download = T::open_attachment(&reference, &peer_state(state))?;
        let request = w::Request::from(download.request);
        Ok(wa::Download {
            request,
            decrypt: download.decrypt.map(Into::into),
        })
    }
}

impl<T: Check> wc::Guest for T {
    fn check() -> Result<wt::Account, wt::SendError> {
        report_panics();
        Ok(T::check()?.into())
    }
}

impl<T: Bot> wb::Guest for T {
    fn on(
        event: wb::Event,
        context: wb::Context,
        state: Option<wb::State>,
    ) -> Result<wb::Turn, wb::BotError> {
        report_panics();
        let state = state.map(Into::into);
        Ok(T::on(&event.into(), &context.into(), state.as_ref())?.into())
    }
}

impl<T: Callbacks> wcb::Guest for T {
    fn receive(
        request: wt::InboundRequest,
    ) -> Result<(wt::Answer, Vec<(String, Vec<u8>)>), wt::Rejection> {
        report_panics();
        let (answer, callbacks) = T::receive(&request.into())?;
        let callbacks = callbacks
            .into_iter()
            .map(|callback| (callback.reply_token, callback.bytes));
        Ok((answer.into(), callbacks.collect()))
    }
}
