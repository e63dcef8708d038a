//! What a check tells apart, each against something that is wrong in just that way.

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use ece_simulator::EceConfig;
use ece_simulator::config::Account;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use trunkline_core::id::EntryPointName;
use trunkline_ece::{
    Auth, CallbackAuth, EceClient, Finding, IntegrationConfig, Options, Verdict, Version,
};

use crate::world::{World, acme, config, serve, support};

async fn findings(config: IntegrationConfig) -> Vec<Finding> {
    let client = EceClient::new(vec![config], Options::default()).unwrap();
    let lines = client.check(&acme()).await.unwrap();
    lines.into_iter().map(|line| line.finding).collect()
}

/// What is wrong; the callback address of these tests is always doubtful.
async fn bad(config: IntegrationConfig) -> Finding {
    let mut bad = findings(config).await;
    bad.retain(|finding| finding.verdict() == Verdict::Bad);
    assert_eq!(bad.len(), 1, "{bad:?}");
    bad.remove(0)
}

#[tokio::test]
async fn a_good_integration_has_only_good_lines() {
    let world = World::start().await;
    let mut good = config(&world.sim.base_url());
    good.callback_url = "https://192.0.2.7/trunkline/".to_owned();
    good.callback = CallbackAuth::Basic {
        username: "u".into(),
        password: "p".into(),
    };
    let url = "https://192.0.2.7/trunkline/ece/acme/callback".to_owned();
    assert_eq!(
        findings(good).await,
        [
            Finding::CallbackAddress { url },
            Finding::Reached {
                host: "127.0.0.1".to_owned()
            },
            Finding::LoggedIn,
            Finding::EntryPointServed {
                name: support(),
                id: "1001".to_owned()
            },
        ]
    );
    assert!(world.sim.ledger().conversations.is_empty());
}

#[tokio::test]
async fn an_unknown_host_and_a_closed_port_are_told_apart() {
    let unknown = bad(config("https://ece.invalid/system")).await;
    assert!(
        matches!(&unknown, Finding::Dns { host, .. } if host == "ece.invalid"),
        "{unknown:?}"
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let closed = bad(config(&format!("http://127.0.0.1:{port}/system"))).await;
    assert_eq!(
        closed,
        Finding::Refused {
            host: "127.0.0.1".to_owned(),
            port
        }
    );
}

#[tokio::test]
async fn a_server_that_hangs_up_gives_no_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await;
        }
    });
    let silent = bad(config(&format!("http://{address}/system"))).await;
    assert!(matches!(silent, Finding::NoAnswer { .. }), "{silent:?}");
}

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(DnType::CommonName, "Example Corp Root");
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    Authority {
        issuer: Issuer::new(params, key),
        pem,
    }
}

fn server(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// Answers every request with 404 over TLS; gives its port.
async fn tls_server(certificate: CertificateDer<'static>, key: &KeyPair) -> u16 {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream
                .write_all(
                    b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                )
                .await;
            let _ = stream.shutdown().await;
        }
    });
    port
}

#[tokio::test]
async fn an_untrusted_certificate_names_its_issuer_and_ca_file_mends_it() {
    let authority = authority();
    let key = KeyPair::generate().unwrap();
    let certificate = server("localhost")
        .signed_by(&key, &authority.issuer)
        .unwrap();
    let port = tls_server(certificate.der().clone(), &key).await;
    let mut config = config(&format!("https://localhost:{port}/system"));
    let untrusted = bad(config.clone()).await;
    assert!(
        matches!(&untrusted, Finding::UntrustedCertificate { host, issuer } if host == "localhost" && issuer.contains("Example Corp Root")),
        "{untrusted:?}"
    );
    assert!(untrusted.to_string().contains("ca_file"));
    config.ca_file = Some(authority.pem.into_bytes());
    let trusted = findings(config).await;
    assert!(
        trusted.contains(&Finding::Reached {
            host: "localhost".to_owned()
        }),
        "{trusted:?}"
    );
}

#[tokio::test]
async fn a_certificate_that_signed_itself_is_trusted_when_it_is_the_ca_file() {
    let mut params = server("localhost");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let port = tls_server(certificate.der().clone(), &key).await;
    let mut named = config(&format!("https://localhost:{port}/system"));
    named.ca_file = Some(certificate.pem().into_bytes());
    let found = findings(named.clone()).await;
    assert!(
        found.contains(&Finding::Reached {
            host: "localhost".to_owned()
        }),
        "{found:?}"
    );
    named.base_url = format!("https://127.0.0.1:{port}/system");
    assert!(matches!(bad(named).await, Finding::CertificateName { .. }));
}

#[tokio::test]
async fn a_wrong_name_and_a_past_date_are_told_apart() {
    let authority = authority();
    let key = KeyPair::generate().unwrap();
    let other = server("other.example")
        .signed_by(&key, &authority.issuer)
        .unwrap();
    let port = tls_server(other.der().clone(), &key).await;
    let mut config = config(&format!("https://localhost:{port}/system"));
    config.ca_file = Some(authority.pem.clone().into_bytes());
    let wrong_name = bad(config.clone()).await;
    assert!(
        matches!(&wrong_name, Finding::CertificateName { subject, .. } if subject.contains("other.example")),
        "{wrong_name:?}"
    );
    let mut past = server("localhost");
    past.not_before = date_time_ymd(2001, 1, 1);
    past.not_after = date_time_ymd(2002, 1, 1);
    let past = past.signed_by(&key, &authority.issuer).unwrap();
    let port = tls_server(past.der().clone(), &key).await;
    config.base_url = format!("https://localhost:{port}/system");
    assert!(matches!(bad(config).await, Finding::CertificateTime { .. }));
}

#[tokio::test]
async fn a_port_without_tls_is_named() {
    let world = World::start().await;
    let base = world.sim.base_url().replace("http://", "https://");
    assert!(matches!(bad(config(&base)).await, Finding::Tls { .. }));
}

#[tokio::test]
async fn a_proxy_out_of_reach_and_one_that_refuses_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    let mut proxied = config("https://ece.example.com/system");
    proxied.proxy = Some(format!("http://user:word@{closed}"));
    let unreachable = bad(proxied.clone()).await;
    assert!(
        matches!(&unreachable, Finding::ProxyUnreachable { proxy, .. } if !proxy.contains("word")),
        "{unreachable:?}"
    );
    let forbidding = serve(Router::new().fallback(|| async { StatusCode::FORBIDDEN })).await;
    proxied.proxy = Some(forbidding);
    let refuses = bad(proxied.clone()).await;
    assert!(
        matches!(&refuses, Finding::ProxyRefuses { host, .. } if host == "ece.example.com"),
        "{refuses:?}"
    );
    let world = World::start().await;
    proxied.base_url = world.sim.base_url();
    proxied.no_proxy = vec!["127.0.0.1".to_owned()];
    assert!(findings(proxied).await.contains(&Finding::LoggedIn));
}

#[tokio::test]
async fn wrong_credentials_are_told_from_an_agents_and_from_an_applications() {
    let user = Account {
        name: "ann".to_owned(),
        secret: "word".to_owned(),
    };
    let world = World::with(
        EceConfig {
            users: vec![user],
            ..EceConfig::default()
        },
        |_| {},
    )
    .await;
    let good = config(&world.sim.base_url());
    let mut wrong = good.clone();
    wrong.password = "wrong".into();
    let refused = bad(wrong.clone()).await;
    assert!(
        matches!(
            refused,
            Finding::CredentialsRefused {
                auth: Auth::Oauth2Client,
                ..
            }
        ),
        "{refused:?}"
    );
    wrong.username = "ann".into();
    wrong.password = "word".into();
    let agent = bad(wrong).await;
    assert!(
        matches!(agent, Finding::AgentCredentials { .. }),
        "{agent:?}"
    );
    assert!(agent.to_string().contains("user_login"));
    let mut application = good;
    application.auth = Auth::UserLogin;
    let application = bad(application).await;
    assert!(
        matches!(application, Finding::ClientCredentials { .. }),
        "{application:?}"
    );
}

#[tokio::test]
async fn a_401_of_finesse_is_taken_for_an_agents_login() {
    async fn finesse() -> impl IntoResponse {
        (
            StatusCode::UNAUTHORIZED,
            [(header::WWW_AUTHENTICATE, "Basic realm=\"Cisco Finesse\"")],
        )
    }
    let origin = serve(Router::new().fallback(finesse)).await;
    let found = bad(config(&format!("{origin}/desktop"))).await;
    assert!(
        matches!(found, Finding::AgentCredentials { .. }),
        "{found:?}"
    );
}

#[tokio::test]
async fn another_address_is_not_eces() {
    let world = World::start().await;
    let found = bad(config(&format!("{}/elsewhere", world.sim.origin()))).await;
    assert!(matches!(found, Finding::NotEce { .. }), "{found:?}");
    let origin = serve(Router::new().fallback(|| async { "<html>Welcome</html>" })).await;
    let found = bad(config(&origin)).await;
    assert!(matches!(found, Finding::NotEce { .. }), "{found:?}");
}

#[tokio::test]
async fn entry_points_are_told_apart() {
    let world = World::start().await;
    let mut config = config(&world.sim.base_url());
    config
        .entry_points
        .insert(EntryPointName::from("typo"), "4711".to_owned());
    let unknown = bad(config.clone()).await;
    assert!(
        matches!(&unknown, Finding::UnknownEntryPoint { name, id, .. } if name.as_str() == "typo" && id == "4711"),
        "{unknown:?}"
    );
    config.entry_points.remove(&EntryPointName::from("typo"));
    world
        .sim
        .change_entry_point(1001, |point| point.bound = false);
    assert!(matches!(
        bad(config.clone()).await,
        Finding::EntryPointNotBound { .. }
    ));
    world.sim.change_entry_point(1001, |point| {
        point.bound = true;
        point.active = false;
    });
    assert!(matches!(
        bad(config).await,
        Finding::EntryPointInactive { .. }
    ));
}

#[tokio::test]
async fn doubts_about_address_status_and_version_are_said() {
    let world = World::start().await;
    let mut doubtful = config(&world.sim.base_url());
    doubtful.callback_url = "http://callback.invalid".to_owned();
    doubtful.version = Version::V12_0;
    doubtful.unknowns.paths.capacity = "notServed".to_owned();
    let found = findings(doubtful.clone()).await;
    let has = |is: fn(&Finding) -> bool| found.iter().any(is);
    assert!(has(|finding| matches!(
        finding,
        Finding::CallbackInsecure { .. }
    )));
    assert!(has(|finding| matches!(
        finding,
        Finding::CallbackDns { .. }
    )));
    assert!(has(|finding| matches!(finding, Finding::CallbackOpen)));
    assert!(has(|finding| matches!(
        finding,
        Finding::MessagingDoubtful { .. }
    )));
    assert!(has(
        |finding| matches!(finding, Finding::StatusIncomplete { missing } if missing.len() == 1)
    ));
    assert!(
        !found
            .iter()
            .any(|finding| finding.verdict() == Verdict::Bad),
        "{found:?}"
    );
    doubtful.version = Version::V11_6;
    doubtful.callback_url = "https://localhost:8080".to_owned();
    let found = findings(doubtful).await;
    assert!(
        found
            .iter()
            .any(|finding| matches!(finding, Finding::CallbackLocal { .. }))
    );
    assert!(found.contains(&Finding::MessagingDoubtful {
        version: Version::V11_6
    }));
}
