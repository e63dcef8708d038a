//! Reply tokens: what a bot's server names a conversation by when it calls back.
//!
//! Opaque to bots and their servers. A token holds conversation and epoch, and a MAC over both and the bot's name: who counts up
//! conversations finds none, and a token that one bot was given calls no other. The key is the store's own, so tokens outlive a
//! restart; with another store they are nobody's.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use trunkline_core::id::{BotName, ConversationId, Epoch};

use crate::load::hex;
use crate::signing::from_hex;

/// Of 32 bytes: as hard to guess as a random id.
const MAC_BYTES: usize = 16;

/// Writes and reads them.
pub(crate) struct ReplyTokens {
    key: [u8; 32],
}

impl ReplyTokens {
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// `c12-3.4.` and the MAC in hex.
    pub(crate) fn write(
        &self,
        bot: &BotName,
        conversation: ConversationId,
        epoch: Epoch,
    ) -> String {
        let named = named(conversation, epoch);
        let mac = self.mac(bot, &named).finalize().into_bytes();
        format!("{named}.{}", hex(&mac[..MAC_BYTES]))
    }

    /// None: it is none of this bot's.
    pub(crate) fn read(&self, bot: &BotName, token: &str) -> Option<(ConversationId, Epoch)> {
        let (named, mac) = token.rsplit_once('.')?;
        let mac = from_hex(mac).filter(|mac| mac.len() == MAC_BYTES)?;
        // In constant time.
        self.mac(bot, named).verify_truncated_left(&mac).ok()?;
        let (conversation, epoch) = named.rsplit_once('.')?;
        Some((conversation.parse().ok()?, Epoch(epoch.parse().ok()?)))
    }

    fn mac(&self, bot: &BotName, named: &str) -> Hmac<Sha256> {
        // HMAC takes keys of any length.
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&self.key)
            .unwrap_or_else(|_| unreachable!("a key of 32 bytes"));
        // A name has no line break, so no two pairs of names give the same text.
        mac.update(bot.0.as_bytes());
        mac.update(b"\n");
        mac.update(named.as_bytes());
        mac
    }
}

fn named(conversation: ConversationId, epoch: Epoch) -> String {
    format!("{conversation}.{}", epoch.0)
}

#[cfg(test)]
mod tests {
    use trunkline_core::id::CustomerId;

    use super::*;

    #[test]
    fn a_token_is_read_by_its_own_bot_with_its_own_key_alone() {
        let tokens = ReplyTokens::new([7; 32]);
        let conversation = ConversationId {
            customer: CustomerId(12),
            number: 3,
        };
        let (faq, csat) = (BotName::from("faq"), BotName::from("csat"));
        let token = tokens.write(&faq, conversation, Epoch(4));
        assert_eq!(tokens.read(&faq, &token), Some((conversation, Epoch(4))));
        assert_eq!(tokens.read(&csat, &token), None);
        assert_eq!(ReplyTokens::new([8; 32]).read(&faq, &token), None);
        for other in [
            token.replace("c12-3", "c12-4"),
            token.replace(".4.", ".5."),
            token[..token.len() - 2].to_owned(),
            "c12-3.4".to_owned(),
            "c12-3.4.".to_owned(),
            String::new(),
        ] {
            assert_eq!(tokens.read(&faq, &other), None, "{other}");
        }
    }
}
