//! A disk that is really full: a file system of a few MiB in memory, which only root can mount.

use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::StatusCode;
use tempfile::TempDir;
use trunkline_flow::ports::{Scope, Store};

use crate::world::World;

/// Bytes of a call.
const CALL_BYTES: usize = 100_000;

/// More calls than fit.
const CALLS_MAX: usize = 200;

/// A file system of its own; unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None: this user may not mount one.
    fn mount(place: &Path) -> Option<Self> {
        let disk = Self(place.to_owned());
        mount(&["-t", "tmpfs", "-o", "size=4m", "tmpfs"], place).then_some(disk)
    }

    fn grow(&self) {
        assert!(mount(&["-o", "remount,size=64m"], &self.0), "it grows");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The host still has files open there.
        let _gone = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn mount(arguments: &[&str], place: &Path) -> bool {
    let mut command = Command::new("mount");
    let done = command.args(arguments).arg(place).output();
    done.is_ok_and(|done| done.status.success())
}

/// Posts a call of this number; gives the status.
async fn post(world: &World, number: usize) -> StatusCode {
    let mut body = vec![b'a'; CALL_BYTES];
    body[..4].copy_from_slice(format!("{number:04}").as_bytes());
    let call = world.http.post(world.url("/channels/acme-sms")).body(body);
    call.send().await.expect("an answer").status()
}

async fn readiness(world: &World) -> (StatusCode, String) {
    let answer = world.http.get(world.url("/readyz")).send().await;
    let answer = answer.expect("an answer");
    (answer.status(), answer.text().await.expect("a text"))
}

/// The numbers of the calls that are kept.
async fn kept(world: &World) -> Vec<usize> {
    let calls = world
        .host
        .store()
        .raw_calls(&Scope::Channel("acme-sms".into()), 10_000)
        .await;
    let number = |body: &[u8]| std::str::from_utf8(&body[..4]).expect("text").parse();
    let calls = calls.expect("it can be read");
    calls
        .iter()
        .map(|call| number(&call.request.body).expect("a number"))
        .collect()
}

#[tokio::test]
async fn a_full_disk_answers_503_loses_nothing_and_recovers() {
    let mount = tempfile::tempdir().expect("a folder");
    let Some(disk) = SmallDisk::mount(mount.path()) else {
        eprintln!("skipped: only root can mount a file system to fill");
        return;
    };
    let folder = TempDir::new_in(mount.path()).expect("a folder");
    let world = World::start_in(folder).await;
    let mut taken = Vec::new();
    let mut status = StatusCode::OK;
    for number in 0..CALLS_MAX {
        status = post(&world, number).await;
        if !status.is_success() {
            break;
        }
        taken.push(number);
    }
    assert_eq!(
        status,
        StatusCode::SERVICE_UNAVAILABLE,
        "after {}",
        taken.len()
    );
    assert!(!taken.is_empty(), "some fit");
    assert_eq!(post(&world, 9_998).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(kept(&world).await, taken, "what was taken is there");
    let (ready, told) = readiness(&world).await;
    assert_eq!(ready, StatusCode::SERVICE_UNAVAILABLE, "{told}");
    assert!(told.contains("store: the store cannot write now"), "{told}");
    disk.grow();
    assert_eq!(post(&world, 9_999).await, StatusCode::OK);
    assert_eq!(readiness(&world).await.0, StatusCode::OK);
    taken.push(9_999);
    assert_eq!(kept(&world).await, taken);
}
