//! Files, both ways.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use ece_simulator::ledger::What;
use ece_simulator::{Act, EceConfig, Fault, Operation, Refusal, Times};
use trunkline_core::effect::EceMessage;
use trunkline_core::event::{EceHappening, RemoteFile};
use trunkline_core::id::{EceSession, FileId};
use trunkline_core::message::StoredFile;
use trunkline_ece::{AcceptBeforeFetch, EceClient, Options};
use trunkline_flow::ports::{Download, Ece as _, EceError};

use crate::world::{World, acme, config, serve};

async fn bytes(mut download: Download) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(piece) = (download.next)().await {
        all.extend_from_slice(&piece.unwrap());
    }
    all
}

async fn offered(world: &mut World, session: &EceSession) -> RemoteFile {
    let file = Act::SendFile {
        name: "price list.pdf".to_owned(),
        content_type: "application/pdf".to_owned(),
        base64: "JVBERi0xLjQ=".to_owned(),
    };
    world.sim.pick_up(session.as_str(), "ann").unwrap();
    world.sim.act(session.as_str(), &file).unwrap();
    world.happened_assigned().await;
    match world.happened().await {
        EceHappening::FileOffered(file) => file,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_agents_file_is_fetched_whatever_the_member_of_its_address() {
    for member in ["contentUrl", "url", "href"] {
        for bearer in [true, false] {
            let mut world = World::start().await;
            world.sim.change_variants(|variants| {
                variants.file_url_member = member.to_owned();
                variants.file_needs_bearer = bearer;
            });
            let session = world.opened().await;
            let file = offered(&mut world, &session).await;
            assert_eq!(file.name, "price list.pdf");
            let download = world.client.download(Some(&acme()), &file).await.unwrap();
            assert_eq!(download.content_type.as_deref(), Some("application/pdf"));
            assert_eq!(download.size, Some(8));
            assert_eq!(bytes(download).await, b"%PDF-1.4");
        }
    }
}

#[tokio::test]
async fn a_file_that_must_be_accepted_first_is() {
    for (setting, works) in [
        (AcceptBeforeFetch::WhenRefused, true),
        (AcceptBeforeFetch::Always, true),
        (AcceptBeforeFetch::Never, false),
    ] {
        let mut world = World::with(EceConfig::default(), |config| {
            config.unknowns.accept_before_fetch = setting;
        })
        .await;
        world
            .sim
            .change_variants(|variants| variants.file_needs_accept = true);
        let session = world.opened().await;
        let file = offered(&mut world, &session).await;
        let download = world.client.download(Some(&acme()), &file).await;
        assert_eq!(download.is_ok(), works, "{setting:?}");
        if !works {
            assert!(matches!(download, Err(EceError::Refused(_))));
        }
    }
}

#[tokio::test]
async fn an_agent_hears_whether_the_customer_has_the_file() {
    let mut world = World::start().await;
    let session = world.opened().await;
    let file = offered(&mut world, &session).await;
    world
        .send(&session, EceMessage::AcceptFile(file.clone()))
        .await
        .unwrap();
    let seen = |world: &World| {
        world
            .sim
            .ledger()
            .last()
            .unwrap()
            .seen
            .last()
            .unwrap()
            .what
            .clone()
    };
    assert_eq!(
        seen(&world),
        What::FileAccepted {
            name: "price list.pdf".to_owned()
        }
    );
    let world = World::start().await;
    let session = world.opened().await;
    let mut world = world;
    let file = offered(&mut world, &session).await;
    world
        .send(&session, EceMessage::RejectFile(file))
        .await
        .unwrap();
    assert_eq!(
        seen(&world),
        What::FileRejected {
            name: "price list.pdf".to_owned()
        }
    );
}

#[tokio::test]
async fn a_token_that_died_is_renewed_for_a_file_too() {
    let mut world = World::start().await;
    let session = world.opened().await;
    let file = offered(&mut world, &session).await;
    world.sim.expire_tokens();
    let download = world.client.download(Some(&acme()), &file).await.unwrap();
    assert_eq!(bytes(download).await, b"%PDF-1.4");
}

#[tokio::test]
async fn the_token_goes_to_no_other_host_and_is_dropped_at_a_redirect() {
    let world = World::start().await;
    let asked: Arc<Mutex<Vec<bool>>> = Arc::default();
    let note = asked.clone();
    let router = Router::new()
        .route(
            "/file",
            get(move |headers: HeaderMap| async move {
                note.lock()
                    .unwrap()
                    .push(headers.contains_key(header::AUTHORIZATION));
                "bytes"
            }),
        )
        .route("/away", get(|| async { Redirect::temporary("/file") }))
        .route("/loop", get(|| async { Redirect::temporary("/loop") }));
    let origin = serve(router).await;
    let file = |path: &str| RemoteFile {
        url: format!("{origin}{path}"),
        name: "f".to_owned(),
        content_type: None,
        id: None,
    };
    for path in ["/file", "/away"] {
        let download = world
            .client
            .download(Some(&acme()), &file(path))
            .await
            .unwrap();
        assert_eq!(bytes(download).await, b"bytes");
    }
    assert!(matches!(
        world.client.download(Some(&acme()), &file("/loop")).await,
        Err(EceError::Refused(_))
    ));
    assert!(matches!(
        world
            .client
            .download(Some(&acme()), &file("/nothing"))
            .await,
        Err(EceError::Refused(_))
    ));
    assert_eq!(*asked.lock().unwrap(), [false, false]);
}

#[tokio::test]
async fn a_customers_file_is_offered_at_our_address_and_downloaded_by_the_agent() {
    let router = Router::new().route(
        "/media/{token}",
        get(|| async { ([(header::CONTENT_TYPE, "image/png")], "png!") }),
    );
    let origin = serve(router).await;
    let mut world = World::with(EceConfig::default(), |config| {
        config.callback_url = format!("{origin}/");
    })
    .await;
    let session = world.opened().await;
    let file = StoredFile {
        id: FileId::from("f1"),
        token: "tok-1".to_owned(),
        name: "my \"cat\".png".to_owned(),
        content_type: "image/png".to_owned(),
        size: 4,
        sha256: String::new(),
    };
    world.send(&session, EceMessage::File(file)).await.unwrap();
    world.sim.pick_up(session.as_str(), "ann").unwrap();
    world
        .sim
        .act(session.as_str(), &Act::AcceptFile { name: None })
        .unwrap();
    world.happened_assigned().await;
    let accepted = EceHappening::FileAccepted {
        name: Some("my \"cat\".png".to_owned()),
    };
    assert_eq!(world.happened().await, accepted);
    world
        .wait_for(|ledger| ledger.last().unwrap().files()[0].fetched.is_some())
        .await;
    let ledger = world.sim.ledger();
    let file = ledger.last().unwrap().files()[0];
    assert_eq!(file.url, format!("{origin}/media/tok-1"));
    assert_eq!(file.size, "4");
    assert_eq!(file.fetched.as_ref().unwrap().as_ref().unwrap().size, 4);
}

#[tokio::test]
async fn a_bot_reaches_no_private_address_unless_allowed() {
    async fn busy() -> impl IntoResponse {
        StatusCode::SERVICE_UNAVAILABLE
    }
    let origin = serve(
        Router::new()
            .route("/f", get(|| async { "data" }))
            .route("/busy", get(busy)),
    )
    .await;
    let port = origin.rsplit(':').next().unwrap().to_owned();
    let file = |url: String| RemoteFile {
        url,
        name: "f".to_owned(),
        content_type: None,
        id: None,
    };
    let guarded = EceClient::new(vec![config("http://127.0.0.1:9")], Options::default()).unwrap();
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        let refused = guarded
            .download(None, &file(format!("http://{host}:{port}/f")))
            .await;
        assert!(refused.is_err(), "{host}");
    }
    let file_url = guarded
        .download(None, &file("file:///etc/passwd".to_owned()))
        .await;
    assert!(matches!(file_url, Err(EceError::Refused(_))));
    let open = EceClient::new(
        Vec::new(),
        Options {
            private_bot_files: true,
            ..Options::default()
        },
    )
    .unwrap();
    let download = open
        .download(None, &file(format!("{origin}/f")))
        .await
        .unwrap();
    assert_eq!(bytes(download).await, b"data");
    let busy = open.download(None, &file(format!("{origin}/busy"))).await;
    assert!(matches!(busy, Err(EceError::Unreachable(_))));
}

/// Only that answer is lost.
#[tokio::test]
async fn an_answer_to_an_offer_that_ece_does_not_know_ends_no_conversation() {
    let mut world = World::start().await;
    let session = world.opened().await;
    let file = offered(&mut world, &session).await;
    let gone = || Fault::Refuse {
        refusal: Refusal {
            status: 404,
            code: "404-1".to_owned(),
            message: "not found".to_owned(),
        },
    };
    for answer in [
        EceMessage::AcceptFile(file.clone()),
        EceMessage::RejectFile(file),
    ] {
        world.sim.set_fault(Operation::Send, gone(), Times::Once);
        let answered = world.send(&session, answer).await;
        assert!(
            matches!(answered, Err(EceError::Refused(_))),
            "{answered:?}"
        );
    }
    world.sim.set_fault(Operation::Send, gone(), Times::Once);
    let said = world.say(&session, "hi").await;
    assert!(matches!(said, Err(EceError::Gone(_))), "{said:?}");
}
