//! The token, and an agent's login instead of it.

use ece_simulator::config::Account;
use ece_simulator::{EceConfig, Fault, Operation, Refusal, Times};
use trunkline_ece::{Auth, EceClient, ForceLogin, Options};
use trunkline_flow::ports::{Ece as _, EceError};

use crate::world::{World, acme, config, opening};

fn one_session() -> EceConfig {
    EceConfig {
        sessions_max: 1,
        ..EceConfig::default()
    }
}

#[tokio::test]
async fn a_token_that_died_early_is_renewed_once_for_all_who_meet_it() {
    let world = World::with(one_session(), |config| {
        config.unknowns.force_login = ForceLogin::Never;
    })
    .await;
    let session = world.opened().await;
    world.sim.expire_tokens();
    // A second login at the same time would be refused: there is room for one session.
    let sends = tokio::join!(
        world.say(&session, "a"),
        world.say(&session, "b"),
        world.say(&session, "c"),
        world.say(&session, "d"),
    );
    assert_eq!(sends, (Ok(()), Ok(()), Ok(()), Ok(())));
    assert_eq!(world.texts(&session).len(), 4);
}

#[tokio::test]
async fn a_401_that_stays_is_a_matter_of_credentials() {
    let world = World::start().await;
    let session = world.opened().await;
    let refusal = Refusal {
        status: 401,
        code: "401-101".to_owned(),
        message: "invalid session".to_owned(),
    };
    world
        .sim
        .set_fault(Operation::Send, Fault::Refuse { refusal }, Times::Always);
    assert!(matches!(
        world.say(&session, "x").await,
        Err(EceError::Credentials(_))
    ));
    assert_eq!(world.sim.ledger().refused.len(), 2);
}

#[tokio::test]
async fn a_login_pushes_another_session_out_only_where_allowed() {
    for (force, works) in [
        (ForceLogin::Never, false),
        (ForceLogin::WhenRefused, true),
        (ForceLogin::Always, true),
    ] {
        let world = World::with(one_session(), |config| config.unknowns.force_login = force).await;
        let other =
            EceClient::new(vec![config(&world.sim.base_url())], Options::default()).unwrap();
        other.open(opening("sms"), world.leaving()).await.unwrap();
        let opened = world.open().await;
        assert_eq!(opened.is_ok(), works, "{force:?}: {opened:?}");
        if !works {
            assert!(matches!(opened, Err(EceError::Credentials(_))));
        }
    }
}

#[tokio::test]
async fn a_user_login_is_renewed_like_a_token() {
    let user = Account {
        name: "ann".to_owned(),
        secret: "secret word".to_owned(),
    };
    let world = World::with(
        EceConfig {
            users: vec![user],
            ..EceConfig::default()
        },
        |config| {
            config.auth = Auth::UserLogin;
            config.username = "ann".into();
            config.password = "secret word".into();
        },
    )
    .await;
    let session = world.opened().await;
    world.sim.expire_tokens();
    world.say(&session, "hi").await.unwrap();
    assert_eq!(world.texts(&session), ["hi"]);
}

#[tokio::test]
async fn wrong_credentials_are_named_and_nothing_leaves() {
    let world = World::with(EceConfig::default(), |config| {
        config.password = "wrong".into();
    })
    .await;
    assert!(matches!(world.open().await, Err(EceError::Credentials(_))));
    assert_eq!(world.left(), 0);
}

#[tokio::test]
async fn new_settings_hold_at_once_and_unchanged_ones_keep_their_login() {
    let world = World::with(one_session(), |config| {
        config.unknowns.force_login = ForceLogin::Never;
    })
    .await;
    let session = world.opened().await;
    let mut same = config(&world.sim.base_url());
    same.unknowns.force_login = ForceLogin::Never;
    // A new login would be refused: there is room for one session.
    world.client.reconfigure(vec![same.clone()]).unwrap();
    world.say(&session, "kept").await.unwrap();
    let mut broken = same.clone();
    broken.base_url = "ece.example.com".to_owned();
    broken.unknowns.assigned_patterns = vec!["(".to_owned()];
    let errors = world.client.reconfigure(vec![broken]).unwrap_err();
    assert_eq!(errors[0].complaints.len(), 2, "{errors:?}");
    world.say(&session, "still").await.unwrap();
    world.client.reconfigure(Vec::new()).unwrap();
    assert!(matches!(
        world.say(&session, "x").await,
        Err(EceError::Gone(_))
    ));
    assert_eq!(world.texts(&session), ["kept", "still"]);
}

/// ECE locks the account of an agent whose password is wrong too often.
#[tokio::test]
async fn wrong_credentials_are_asked_once_and_again_with_new_settings() {
    let user = Account {
        name: "ann".to_owned(),
        secret: "secret word".to_owned(),
    };
    let ece = EceConfig {
        users: vec![user],
        ..EceConfig::default()
    };
    for auth in [Auth::Oauth2Client, Auth::UserLogin] {
        let mut right = config("");
        let world = World::with(ece.clone(), |config| {
            config.auth = auth;
            if auth == Auth::UserLogin {
                config.username = "ann".into();
                config.password = "secret word".into();
            }
            right = config.clone();
            config.password = "wrong".into();
        })
        .await;
        for _ in 0..3 {
            assert!(matches!(world.open().await, Err(EceError::Credentials(_))));
        }
        let refused = world.sim.ledger().refused.len();
        assert_eq!(refused, 1, "{auth:?}: one login, and none by force");
        let lines = world.client.check(&acme()).await.unwrap();
        assert!(!lines.is_empty());
        assert!(world.sim.ledger().refused.len() > refused, "a check asks");
        world.client.reconfigure(vec![right]).unwrap();
        world.opened().await;
    }
}
