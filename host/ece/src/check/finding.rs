//! What a check can find, and what it tells the operator.

use trunkline_core::id::EntryPointName;

use crate::config::{Auth, Version};

/// One line of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckLine {
    /// What was looked at: `connection`, `entry point support`.
    pub what: String,
    /// What was found.
    pub finding: Finding,
}

impl CheckLine {
    pub(super) fn new(what: impl Into<String>, finding: Finding) -> Self {
        Self {
            what: what.into(),
            finding,
        }
    }

    /// Whether it works.
    pub fn verdict(&self) -> Verdict {
        self.finding.verdict()
    }

    /// What was found and what to do.
    pub fn text(&self) -> String {
        self.finding.to_string()
    }
}

/// Whether it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It does.
    Good,
    /// It may.
    Doubtful,
    /// It does not.
    Bad,
}

/// What a check can find.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(
    missing_docs,
    reason = "each field is what its variant's text calls it"
)]
pub enum Finding {
    /// Something answers at `base_url`.
    #[error("{host} answers")]
    Reached { host: String },
    /// The settings cannot work.
    #[error("{}", complaints.join("; "))]
    Settings { complaints: Vec<String> },
    /// The version may have no messaging interface.
    #[error(
        "{}",
        if *version == Version::V11_6 {
            "ECE 11.6 has no messaging interface for client applications: it came with 12.0 ES1. Upgrade ECE"
        } else {
            "the messaging interface came with ECE 12.0 ES1: make sure that this or a later ES is installed"
        }
    )]
    MessagingDoubtful { version: Version },
    /// The host has no address.
    #[error("{host} has no address ({error}): correct base_url, or add the host to your DNS")]
    Dns { host: String, error: String },
    /// Nothing listens.
    #[error(
        "{host} refuses connections on port {port}: is ECE's web server running, is the port right, is a firewall between?"
    )]
    Refused { host: String, port: u16 },
    /// No answer to a connection attempt.
    #[error(
        "{host} does not answer on port {port}: a firewall between swallows the packets, or the host is down"
    )]
    NoRoute { host: String, port: u16 },
    /// The certificate's authority is not trusted.
    #[error(
        "the certificate of {host} is signed by `{issuer}`, which this machine does not trust: get that authority's \
         certificate as a PEM file and set ca_file to its path"
    )]
    UntrustedCertificate { host: String, issuer: String },
    /// The certificate is for another host.
    #[error(
        "the certificate shown at {host} is for `{subject}`: write in base_url the name that the certificate is for"
    )]
    CertificateName { host: String, subject: String },
    /// The certificate is out of date.
    #[error(
        "the certificate of {host} is not valid at this time: renew it, or set this machine's clock right"
    )]
    CertificateTime { host: String },
    /// Another fault of the certificate.
    #[error("the certificate of {host} cannot be accepted ({error}): replace it")]
    Certificate { host: String, error: String },
    /// Connected, but no TLS.
    #[error(
        "{host} can be connected to, but no TLS comes about ({error}): is it https, and is this the port?"
    )]
    Tls { host: String, error: String },
    /// Connected, but silent.
    #[error("{host} takes the connection but gives no answer ({error}): look at ECE's web server")]
    NoAnswer { host: String, error: String },
    /// The proxy itself is the trouble.
    #[error(
        "the proxy {proxy} cannot be reached ({error}): correct `proxy`, or list the host in `no_proxy`"
    )]
    ProxyUnreachable { proxy: String, error: String },
    /// The proxy works but does not lead there.
    #[error(
        "the proxy {proxy} leads to no connection with {host} ({error}): let it through there, or list the host in `no_proxy`"
    )]
    ProxyRefuses {
        proxy: String,
        host: String,
        error: String,
    },
    /// The credentials are good.
    #[error("the login works")]
    LoggedIn,
    /// The credentials are wrong.
    #[error(
        "the login is refused ({text}): {}",
        match auth {
            Auth::Oauth2Client => "username and password must be the client key and client secret that ECE showed under \
                                   Integration > External Apps > Register Applications",
            Auth::UserLogin => "username and password must be those of a user of ECE",
        }
    )]
    CredentialsRefused { auth: Auth, text: String },
    /// They are an agent's.
    #[error(
        "the login is refused ({text}), yet these look like an agent's name and password: register an application in \
         ECE and use its client key and client secret, or set auth = \"user_login\""
    )]
    AgentCredentials { text: String },
    /// They are an application's.
    #[error(
        "the login is refused ({text}), yet these are a client key and secret: set auth = \"oauth2_client\""
    )]
    ClientCredentials { text: String },
    /// Something else answers there.
    #[error(
        "what answers there is not ECE's messaging interface ({text}): base_url is the address of ECE's web server with \
         its context root, such as https://ece.example.com/system"
    )]
    NotEce { text: String },
    /// The login failed for another reason.
    #[error("the login fails: {text}")]
    LoginFailed { text: String },
    /// The entry point is served.
    #[error("{name} ({id}) is served")]
    EntryPointServed { name: EntryPointName, id: String },
    /// ECE knows no such entry point.
    #[error("ECE knows no entry point {id} ({text}): correct the id of {name}")]
    UnknownEntryPoint {
        name: EntryPointName,
        id: String,
        text: String,
    },
    /// The entry point is another application's.
    #[error(
        "our application may not use entry point {id} ({text}): bind it to {name}'s id in ECE under Department > Apps > \
         Messaging Adapters"
    )]
    EntryPointNotBound {
        name: EntryPointName,
        id: String,
        text: String,
    },
    /// The entry point is switched off.
    #[error(
        "entry point {id} is not served ({text}): activate it in ECE, or correct the id of {name}"
    )]
    EntryPointInactive {
        name: EntryPointName,
        id: String,
        text: String,
    },
    /// Its configuration cannot be had.
    #[error("the configuration of {name} ({id}) cannot be had: {text}")]
    EntryPointFailed {
        name: EntryPointName,
        id: String,
        text: String,
    },
    /// Some figures are not served.
    #[error(
        "not everything about availability can be had; what is missing is taken as unknown and refuses nobody: {}",
        missing.join("; ")
    )]
    StatusIncomplete { missing: Vec<String> },
    /// The callback address looks right.
    #[error("ECE must be configured to call {url}, and its application server must reach it")]
    CallbackAddress { url: String },
    /// It is not encrypted.
    #[error(
        "{url} is not encrypted: what people write would cross the network in clear; use https"
    )]
    CallbackInsecure { url: String },
    /// ECE cannot reach it.
    #[error(
        "{url} leads ECE to itself, not to this host: set callback_url to an address that ECE's application server reaches"
    )]
    CallbackLocal { url: String },
    /// The host is unknown, at least here.
    #[error(
        "{host} of callback_url has no address here ({error}): make sure that ECE's application server finds it"
    )]
    CallbackDns { host: String, error: String },
    /// Whoever reaches it is believed.
    #[error(
        "callbacks are taken without authorisation: whoever reaches the address can speak as an agent; set callback = {{ auth = \"basic\", … }}"
    )]
    CallbackOpen,
}

impl Finding {
    /// Whether it works.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Reached { .. }
            | Self::LoggedIn
            | Self::EntryPointServed { .. }
            | Self::CallbackAddress { .. } => Verdict::Good,
            Self::StatusIncomplete { .. }
            | Self::CallbackInsecure { .. }
            | Self::CallbackLocal { .. }
            | Self::CallbackDns { .. }
            | Self::CallbackOpen => Verdict::Doubtful,
            Self::MessagingDoubtful { version } => {
                if version.has_messaging() == Some(false) {
                    Verdict::Bad
                } else {
                    Verdict::Doubtful
                }
            }
            Self::Settings { .. }
            | Self::Dns { .. }
            | Self::Refused { .. }
            | Self::NoRoute { .. }
            | Self::UntrustedCertificate { .. }
            | Self::CertificateName { .. }
            | Self::CertificateTime { .. }
            | Self::Certificate { .. }
            | Self::Tls { .. }
            | Self::NoAnswer { .. }
            | Self::ProxyUnreachable { .. }
            | Self::ProxyRefuses { .. }
            | Self::CredentialsRefused { .. }
            | Self::AgentCredentials { .. }
            | Self::ClientCredentials { .. }
            | Self::NotEce { .. }
            | Self::LoginFailed { .. }
            | Self::UnknownEntryPoint { .. }
            | Self::EntryPointNotBound { .. }
            | Self::EntryPointInactive { .. }
            | Self::EntryPointFailed { .. } => Verdict::Bad,
        }
    }
}
