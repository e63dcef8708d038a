//! What ECE has taken need not be remembered to begin anew with. No event tells it: that would be one more for every
//! message. Whoever carries out the deliveries knows, and says so with the next step.

use std::collections::VecDeque;

use crate::conversation::SentItem;
use crate::customer::Customer;
use crate::id::{ConversationId, DeliveryId};

/// Forgets what ECE has taken of a conversation: all deliveries into ECE with a number below `below` are settled, and the
/// customer's events up to then, those about their outcomes among them, were handled. What failed stays: it may be replayed. So
/// does what no agent has had: it is given to the next if nobody answers.
pub fn forget_taken(customer: &mut Customer, conversation: ConversationId, below: u32) {
    let open = customer
        .open
        .as_ref()
        .filter(|talk| talk.id == conversation);
    let queue = open.and_then(|talk| talk.session()).cloned();
    let is_unread = |item: &SentItem| {
        queue
            .as_ref()
            .is_some_and(|queue| queue.id == item.session && queue.is_unread(item.number))
    };
    if let Some(sent) = sent_of(customer, conversation) {
        sent.retain(|item| item.failed || item.number >= below || is_unread(item));
    }
}

/// A delivery that may be replayed: the item it is a part of stays.
pub(crate) fn keep_failed(customer: &mut Customer, delivery: DeliveryId) {
    let sent = sent_of(customer, delivery.conversation);
    mark_failed(sent.into_iter().flatten(), delivery.number);
}

/// As [`keep_failed`], in one conversation's items.
pub(crate) fn mark_failed<'a>(mut sent: impl Iterator<Item = &'a mut SentItem>, number: u32) {
    if let Some(item) = sent.find(|item| (item.first..=item.number).contains(&number)) {
        item.failed = true;
    }
}

fn sent_of(
    customer: &mut Customer,
    conversation: ConversationId,
) -> Option<&mut VecDeque<SentItem>> {
    let open = customer
        .open
        .as_mut()
        .filter(|talk| talk.id == conversation)
        .map(|talk| &mut talk.sent);
    let parting = customer
        .parting
        .as_mut()
        .filter(|parting| parting.conversation == conversation)
        .map(|parting| &mut parting.sent);
    open.or(parting)
}
