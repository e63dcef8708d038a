//! One customer on one channel, the same to write for all of them. What they read comes from the provider's stand-in.

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::channels::{Channels, ORIGIN};
use crate::in_app::InAppCustomer;
use crate::world::{PATIENCE, World, client};

/// Between two looks at a ledger.
const PAUSE: Duration = Duration::from_millis(20);

/// A channel of a world with all channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// SMS, by Twilio.
    Sms,
    /// WhatsApp's Cloud API.
    WhatsApp,
    /// Messenger.
    Messenger,
    /// Apple Messages for Business.
    Apple,
    /// The chat in an app or a web page.
    InApp,
}

impl Channel {
    /// All five.
    pub const ALL: [Self; 5] = [
        Self::Sms,
        Self::WhatsApp,
        Self::Messenger,
        Self::Apple,
        Self::InApp,
    ];

    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sms => "SMS",
            Self::WhatsApp => "WhatsApp",
            Self::Messenger => "Messenger",
            Self::Apple => "Apple Messages",
            Self::InApp => "In-app",
        }
    }
}

/// A customer with a phone.
pub struct Phone<'a> {
    world: &'a World,
    channels: &'a Channels,
    channel: Channel,
    customer: String,
    app: Option<InAppCustomer>,
}

/// A file that reached a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Got {
    /// Lower-case hex.
    pub sha256: String,
}

impl<'a> Phone<'a> {
    /// The customer of this number on a channel; each channel names them in its own way.
    ///
    /// # Panics
    /// The world was started without its channels.
    pub fn new(world: &'a World, channel: Channel, number: u32) -> Self {
        let channels = world
            .channels
            .as_ref()
            .expect("WorldOptions::channels was set");
        let customer = match channel {
            Channel::Sms => format!("+1555{number:04}"),
            Channel::WhatsApp => format!("4915550{number:04}"),
            Channel::Messenger => format!("77000{number:04}"),
            Channel::Apple => format!("urn:mbid:customer-{number:04}"),
            Channel::InApp => format!("customer-{number:04}"),
        };
        let url = format!("{}/channels/acme-app", world.host.url());
        let app =
            (channel == Channel::InApp).then(|| InAppCustomer::connect(&url, ORIGIN, &customer));
        Self {
            world,
            channels,
            channel,
            customer,
            app,
        }
    }

    /// What the channel calls the customer.
    pub fn address(&self) -> &str {
        &self.customer
    }

    /// The customer's app, on the in-app channel.
    pub fn app(&self) -> Option<&InAppCustomer> {
        self.app.as_ref()
    }

    /// Writes a text.
    ///
    /// # Errors
    /// The host did not take it.
    pub async fn writes(&self, text: &str) -> Result<(), String> {
        let Channels {
            whatsapp,
            messenger,
            apple,
        } = self.channels;
        let customer = &self.customer;
        let status = match (self.channel, &self.app) {
            (Channel::InApp, Some(app)) => {
                app.writes(text);
                return Ok(());
            }
            (Channel::Sms | Channel::InApp, _) => {
                self.world
                    .sms
                    .customer_sends(customer, text, Vec::new())
                    .await
            }
            (Channel::WhatsApp, _) => whatsapp.customer_sends(customer, text, Vec::new()).await,
            (Channel::Messenger, _) => {
                let page = self.channels.page();
                messenger.customer_sends(page, customer, text).await
            }
            (Channel::Apple, _) => apple.customer_sends(customer, text, Vec::new()).await,
        };
        taken(status)
    }

    /// Sends a picture.
    ///
    /// # Errors
    /// The host did not take it.
    pub async fn sends_picture(&self, bytes: &[u8]) -> Result<(), String> {
        let Channels {
            whatsapp,
            messenger,
            apple,
        } = self.channels;
        let customer = &self.customer;
        let kind = "image/png".to_owned();
        let name = "picture.png".to_owned();
        let status = match (self.channel, &self.app) {
            (Channel::InApp, Some(app)) => return app.sends_file(&name, &kind, bytes).await,
            (Channel::Sms | Channel::InApp, _) => {
                let picture = sms_simulator::Picture {
                    content_type: kind,
                    bytes: bytes.to_vec().into(),
                };
                self.world
                    .sms
                    .customer_sends(customer, "", vec![picture])
                    .await
            }
            (Channel::WhatsApp, _) => {
                let file = whatsapp_simulator::CustomerFile::new(kind, bytes.to_vec());
                whatsapp.customer_sends(customer, "", vec![file]).await
            }
            (Channel::Messenger, _) => {
                let file = messenger_simulator::CustomerFile {
                    name,
                    content_type: kind,
                    bytes: bytes.to_vec().into(),
                    expired: false,
                };
                let page = self.channels.page();
                messenger.customer_sends_file(page, customer, file).await
            }
            (Channel::Apple, _) => {
                let file = apple_simulator::CustomerFile {
                    name,
                    content_type: kind,
                    bytes: bytes.to_vec().into(),
                };
                apple.customer_sends(customer, "", vec![file]).await
            }
        };
        taken(status)
    }

    /// The texts on the phone, in order.
    pub fn reads(&self) -> Vec<String> {
        let owned = |bodies: Vec<&str>| bodies.into_iter().map(str::to_owned).collect();
        let customer = &self.customer;
        match (self.channel, &self.app) {
            (Channel::InApp, Some(app)) => app.reads(),
            (Channel::Sms | Channel::InApp, _) => self
                .world
                .sms
                .with_ledger(|ledger| owned(ledger.bodies_to(customer))),
            (Channel::WhatsApp, _) => {
                let whatsapp = &self.channels.whatsapp;
                whatsapp.with_ledger(|ledger| owned(ledger.bodies_to(customer)))
            }
            (Channel::Messenger, _) => {
                let messenger = &self.channels.messenger;
                messenger.with_ledger(|ledger| ledger.texts_to(self.channels.page(), customer))
            }
            (Channel::Apple, _) => {
                let apple = &self.channels.apple;
                apple.with_ledger(|ledger| owned(ledger.bodies_to(customer)))
            }
        }
    }

    /// How often what the customer wrote was marked as seen; 0 where the channel has no such mark.
    pub fn seen(&self) -> usize {
        let customer = &self.customer;
        match (self.channel, &self.app) {
            (Channel::InApp, Some(app)) => app.seen(),
            (Channel::WhatsApp, _) => self.channels.whatsapp.with_ledger(|ledger| {
                let marks = ledger.signals.iter().filter(|signal| !signal.typing);
                let theirs = |id: &str| {
                    let mut received = ledger.received.iter();
                    received.any(|message| message.id == id && message.from == *customer)
                };
                marks.filter(|signal| theirs(&signal.message_id)).count()
            }),
            (Channel::Messenger, _) => self.channels.messenger.with_ledger(|ledger| {
                let mut marks = 0;
                for (page, to, sign) in &ledger.signs {
                    let theirs = page == self.channels.page() && to == customer;
                    marks += usize::from(theirs && sign == "mark_seen");
                }
                marks
            }),
            (Channel::Sms | Channel::Apple | Channel::InApp, _) => 0,
        }
    }

    /// Waits until a text is on the phone.
    ///
    /// # Errors
    /// It does not come.
    pub async fn until_reads(&self, text: &str) -> Result<(), String> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while tokio::time::Instant::now() < deadline {
            if self.reads().iter().any(|read| read == text) {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(format!("the customer reads {:?}", self.reads()))
    }

    /// Waits until a file with this SHA-256 has reached the customer, by whichever way the channel has: native, or a
    /// link that is followed here as the customer would.
    ///
    /// # Errors
    /// None does.
    pub async fn until_gets(&self, sha256: &str) -> Result<(), String> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let mut got = Vec::new();
        while tokio::time::Instant::now() < deadline {
            got = self.files().await;
            if got.iter().any(|file| file.sha256 == sha256) {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(format!(
            "the customer got {got:?} and reads {:?}",
            self.reads()
        ))
    }

    async fn files(&self) -> Vec<Got> {
        let customer = &self.customer;
        match (self.channel, &self.app) {
            (Channel::InApp, Some(app)) => {
                let files = app.files();
                for (id, _, _) in &files {
                    app.answers_file(id, true);
                }
                followed(files.into_iter().map(|(_, _, url)| url)).await
            }
            (Channel::Sms | Channel::InApp, _) => self.world.sms.with_ledger(|ledger| {
                let sent = ledger.messages.iter().filter(|one| &one.to == customer);
                let media = sent.flat_map(|one| &one.media);
                let fetched = media.filter_map(|media| media.fetched.as_ref()?.as_ref().ok());
                fetched.map(|one| got(&one.sha256)).collect()
            }),
            (Channel::WhatsApp, _) => self.channels.whatsapp.with_ledger(|ledger| {
                let sent = ledger.messages_to(customer);
                let files = sent.filter_map(|one| one.file.as_ref());
                files.map(|file| got(&file.sha256)).collect()
            }),
            (Channel::Messenger, _) => self.channels.messenger.with_ledger(|ledger| {
                let sent = ledger.to(self.channels.page(), customer);
                let files = sent.filter_map(|one| one.file.as_ref());
                files.map(|file| got(&file.sha256)).collect()
            }),
            (Channel::Apple, _) => self.channels.apple.with_ledger(|ledger| {
                let sent = ledger.messages.iter().filter(|one| &one.to == customer);
                let files = sent.flat_map(|one| &one.files);
                files.map(|file| got(&file.sha256)).collect()
            }),
        }
    }
}

fn got(sha256: &str) -> Got {
    Got {
        sha256: sha256.to_owned(),
    }
}

async fn followed(urls: impl Iterator<Item = String>) -> Vec<Got> {
    let mut files = Vec::new();
    for url in urls {
        let Ok(answer) = client().get(url).send().await else {
            continue;
        };
        if let Ok(bytes) = answer.bytes().await {
            let hash = Sha256::digest(&bytes);
            files.push(Got {
                sha256: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
            });
        }
    }
    files
}

fn taken(status: u16) -> Result<(), String> {
    match status {
        200..300 => Ok(()),
        _ => Err(format!("the host answered {status}")),
    }
}
