//! `/metrics`: counts for Prometheus, in its text format. No label holds what people wrote, an
//! address or a token.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use trunkline_core::id::PluginName;
use trunkline_ece::Asked;
use trunkline_engine::PluginMetrics;

use crate::host::Host;
use crate::report::{Colour, ConnectionReport, LightReport, StatusReport};

/// All of it.
pub(super) async fn metrics(State(host): State<Arc<Host>>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    let mut text = text(&host.report().await);
    plugins(&mut text, &host.engine().metrics());
    (kind, text).into_response()
}

fn plugins(text: &mut String, metrics: &BTreeMap<PluginName, PluginMetrics>) {
    type Figure = fn(&PluginMetrics) -> u64;
    let figures: [(&str, &str, Figure); 5] = [
        ("calls_total", "counter", |plugin| plugin.calls),
        ("replays_total", "counter", |plugin| plugin.replays),
        ("traps_total", "counter", |plugin| plugin.traps),
        ("cpu_microseconds_total", "counter", |plugin| plugin.cpu_us),
        ("memory_bytes_max", "gauge", |plugin| {
            plugin.memory_bytes_max
        }),
    ];
    for (name, kind, figure) in figures {
        line(text, &format!("# TYPE trunkline_plugin_{name} {kind}"));
        for (plugin, metrics) in metrics {
            let label = escaped(plugin.as_str());
            let value = figure(metrics);
            line(
                text,
                &format!("trunkline_plugin_{name}{{plugin=\"{label}\"}} {value}"),
            );
        }
    }
}

fn text(report: &StatusReport) -> String {
    let mut text = String::new();
    for count in &report.counts {
        let kind = if count.gauge { "gauge" } else { "counter" };
        let suffix = if count.gauge { "" } else { "_total" };
        let name = format!("trunkline_{}{suffix}", count.name);
        if let Some(help) = help(&count.name) {
            line(&mut text, &format!("# HELP {name} {help}"));
        }
        line(&mut text, &format!("# TYPE {name} {kind}"));
        line(&mut text, &format!("{name} {}", count.value));
    }
    line(&mut text, "# TYPE trunkline_integration_refused gauge");
    for integration in &report.integrations {
        for asked in Asked::ALL.map(Asked::word) {
            let refused = integration.refusals.iter().any(|one| one.what == asked);
            let name = escaped(&integration.name);
            let labels = format!("integration=\"{name}\",what=\"{asked}\"");
            let value = u8::from(refused);
            line(
                &mut text,
                &format!("trunkline_integration_refused{{{labels}}} {value}"),
            );
        }
    }
    line(&mut text, "# TYPE trunkline_entry_point_green gauge");
    for integration in &report.integrations {
        for point in &integration.entry_points {
            let lights = [
                ("agent", &point.agent),
                ("depth", &point.depth),
                ("wait", &point.wait),
                ("status", &point.status),
            ];
            for (light, state) in lights {
                let labels = format!(
                    "integration=\"{}\",entry_point=\"{}\",light=\"{light}\"",
                    escaped(&integration.name),
                    escaped(&point.name)
                );
                gauge(&mut text, "trunkline_entry_point_green", &labels, state);
            }
        }
    }
    connections(&mut text, "channel", &report.channels);
    connections(&mut text, "bot", &report.bots);
    text
}

/// Lights, and what waits.
fn connections(text: &mut String, kind: &str, connections: &[ConnectionReport]) {
    let labels = |one: &ConnectionReport| format!("{kind}=\"{}\"", escaped(&one.name));
    let name = format!("trunkline_{kind}_green");
    line(text, &format!("# TYPE {name} gauge"));
    for one in connections {
        gauge(text, &name, &labels(one), &one.light);
    }
    let name = format!("trunkline_{kind}_calls_waiting");
    line(
        text,
        &format!(
            "# HELP {name} Calls kept until a version of the plugin works that can read them."
        ),
    );
    line(text, &format!("# TYPE {name} gauge"));
    for one in connections {
        line(text, &format!("{name}{{{}}} {}", labels(one), one.waiting));
    }
}

/// What a count means, where its name alone does not tell.
fn help(count: &str) -> Option<&'static str> {
    Some(match count {
        "waiting_for_customers" => "Messages to customers that have not been delivered yet.",
        "waiting_for_ece" => "What ECE has not taken yet.",
        "waiting_for_bots" => "Turns of bots that are due.",
        "waiting_files" => "Files that are being fetched.",
        "oldest_waiting_seconds" => "How long the oldest of what waits has waited.",
        "dead_letters_open" => "Dead letters that nobody has replayed or discarded.",
        "customers_in_work" => "Customers for whom something is being done now.",
        "customers_waiting" => "Customers who wait because as many as possible are in work.",
        "events_accepted" => "What customers, ECE and bots told, once it was on disk.",
        "events_duplicate" => "What was told twice, and dropped the second time.",
        "events_parked" => "What came before that which it is about.",
        "calls_kept_raw" => "Calls kept because no version of their plugin could read them.",
        "calls_refused" => "Calls that a plugin refused: a wrong signature or token, or malformed.",
        "events_stepped" => "What was told and has been decided about.",
        "dead_letters" => "What gave up since the start.",
        "retries" => "Attempts that failed and are made again.",
        "outcomes_unknown" => "Attempts of which nobody knows whether they were taken.",
        "signals_dropped" => {
            "Typing signs and read marks that gave way to something real, or came late."
        }
        _ => return None,
    })
}

/// Absent while nobody knows.
fn gauge(text: &mut String, name: &str, labels: &str, light: &LightReport) {
    match light.colour {
        Colour::Green => line(text, &format!("{name}{{{labels}}} 1")),
        Colour::Red => line(text, &format!("{name}{{{labels}}} 0")),
        Colour::Unknown => {}
    }
}

fn line(text: &mut String, content: &str) {
    // Writing to a String cannot fail.
    let _written = writeln!(text, "{content}");
}

fn escaped(label: &str) -> String {
    label
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
