//! Customers who never stop writing, so that a pressed button always hits something.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sms_simulator::{CustomerMessage, Customers};
use tokio::sync::watch;

use super::lock;
use crate::world::World;

const ROBOTS: usize = 4;

/// Slow enough to read along.
const PAUSE: Duration = Duration::from_millis(900);

/// Between two posts of a line the host has not taken, as an impatient provider would.
const AGAIN: Duration = Duration::from_millis(100);

/// One robot's lines.
#[derive(Debug)]
pub(super) struct Robot {
    pub(super) number: String,
    said: Mutex<Vec<String>>,
}

impl Robot {
    /// What it has said, in order. The line it is saying now included: the host may have it.
    pub(super) fn said(&self) -> Vec<String> {
        lock(&self.said).clone()
    }
}

/// All of them.
pub(super) struct Robots {
    pub(super) all: Vec<Arc<Robot>>,
    stop: watch::Sender<bool>,
}

impl Robots {
    pub(super) fn start(world: &World) -> Self {
        let stop = watch::Sender::new(false);
        let all: Vec<Arc<Robot>> = (1..=ROBOTS)
            .map(|number| {
                Arc::new(Robot {
                    number: format!("+1555300{number}"),
                    said: Mutex::default(),
                })
            })
            .collect();
        for robot in &all {
            tokio::spawn(write(
                Arc::clone(robot),
                world.sms.customers(),
                stop.subscribe(),
            ));
        }
        Self { all, stop }
    }

    pub(super) fn stop(&self) {
        self.stop.send_replace(true);
    }
}

async fn write(robot: Arc<Robot>, customers: Customers, mut stop: watch::Receiver<bool>) {
    for line in 1.. {
        let text = format!("Robot {} line {line}", robot.number);
        lock(&robot.said).push(text.clone());
        let message = CustomerMessage {
            sid: Some(format!(
                "SM{:0>32}",
                format!("{}f{line}", &robot.number[1..])
            )),
            ..CustomerMessage::text(&robot.number, &text)
        };
        while !(200..300).contains(&customers.deliver(message.clone()).await.status()) {
            if stopped_after(&mut stop, AGAIN).await {
                return;
            }
        }
        if stopped_after(&mut stop, PAUSE).await {
            return;
        }
    }
}

async fn stopped_after(stop: &mut watch::Receiver<bool>, pause: Duration) -> bool {
    tokio::select! {
        // An error means that the page is gone.
        _ = stop.wait_for(|stop| *stop) => true,
        () = tokio::time::sleep(pause) => false,
    }
}
