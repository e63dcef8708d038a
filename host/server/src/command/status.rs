//! `status`: the running host at a glance.

use std::io::{self, Write};

use super::arguments::Status;
use super::client::Host;
use super::{Failure, OK, block_on, print_json, table};
use crate::report::{
    Colour, ConnectionReport, CountReport, EntryPointReport, IntegrationReport, LightReport,
    PluginReport, StatusReport,
};

/// Shows the host.
pub(super) fn run(arguments: &Status) -> Result<u8, Failure> {
    let host = Host::find(&arguments.host.config)?;
    let query = [("refresh", arguments.refresh.to_string())];
    let report: StatusReport = block_on(host.get(&["status"], &query))?;
    if arguments.host.json {
        print_json(&report)?;
    } else {
        print(&mut io::stdout().lock(), &report)?;
    }
    Ok(OK)
}

fn print(out: &mut impl Write, report: &StatusReport) -> io::Result<()> {
    writeln!(
        out,
        "Trunkline {}, since {} UTC",
        report.version,
        table::time(report.started_at)
    )?;
    let configuration = &report.configuration;
    writeln!(
        out,
        "Configuration {}, in force since {} UTC",
        configuration.file,
        table::time(configuration.in_force_since)
    )?;
    if let Some(refused) = &configuration.refused {
        writeln!(out, "\nThe file as it stands now was refused:\n{refused}")?;
    }
    for one in &report.recording {
        let until = table::time(one.until);
        writeln!(
            out,
            "Every plugin call of {} is kept until {until} UTC",
            one.of
        )?;
    }
    for integration in &report.integrations {
        print_integration(out, integration)?;
    }
    print_connections(out, "Channels", &report.channels)?;
    print_connections(out, "Bots", &report.bots)?;
    print_plugins(out, &report.plugins)?;
    print_counts(out, "Now", report.counts.iter().filter(|count| count.gauge))?;
    let since = report.counts.iter().filter(|count| !count.gauge);
    print_counts(out, "Since the start", since)
}

/// Those that are not 0.
fn print_counts<'a>(
    out: &mut impl Write,
    heading: &str,
    counts: impl Iterator<Item = &'a CountReport>,
) -> io::Result<()> {
    let rows: Vec<_> = counts
        .filter(|count| count.value > 0)
        .map(|count| vec![format!("  {}", count.name), count.value.to_string()])
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{heading}")?;
    table::print(out, &rows)
}

fn print_integration(out: &mut impl Write, integration: &IntegrationReport) -> io::Result<()> {
    writeln!(
        out,
        "\nECE {}, lights read {} UTC",
        integration.name,
        table::time(integration.read_at)
    )?;
    for refusal in &integration.refusals {
        writeln!(out, "  {}: {}", refusal.what, refusal.why)?;
    }
    let heading = ["  entry point", "id", "agent", "depth", "wait", "status"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    rows.extend(integration.entry_points.iter().map(entry_point_row));
    table::print(out, &rows)?;
    for point in &integration.entry_points {
        for light in [&point.agent, &point.depth, &point.wait, &point.status] {
            if light.colour != Colour::Green {
                writeln!(out, "    {}: {}", point.name, light.why)?;
            }
        }
    }
    Ok(())
}

fn entry_point_row(point: &EntryPointReport) -> Vec<String> {
    let mut row = vec![format!("  {}", point.name), point.id.clone()];
    let lights = [&point.agent, &point.depth, &point.wait, &point.status];
    row.extend(lights.map(|light| word(light).to_owned()));
    row
}

fn print_connections(
    out: &mut impl Write,
    heading: &str,
    connections: &[ConnectionReport],
) -> io::Result<()> {
    if connections.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{heading}")?;
    let rows: Vec<_> = connections
        .iter()
        .map(|connection| {
            vec![
                format!("  {}", connection.name),
                connection.plugin.clone(),
                word(&connection.light).to_owned(),
                why(connection),
            ]
        })
        .collect();
    table::print(out, &rows)
}

fn why(connection: &ConnectionReport) -> String {
    let why = &connection.light.why;
    if connection.light.colour != Colour::Red
        && let Some(waiting) = connection.waits_for_a_mended_plugin()
    {
        return format!("{why}; {waiting}");
    }
    match connection.waiting {
        0 => why.clone(),
        1 => format!("{why}; 1 call waits for a working plugin"),
        calls => format!("{why}; {calls} calls wait for a working plugin"),
    }
}

/// Every plugin with its reason, and what to paste for one that nothing uses.
pub(super) fn print_plugins(out: &mut impl Write, plugins: &[PluginReport]) -> io::Result<()> {
    writeln!(out, "\nPlugins")?;
    if plugins.is_empty() {
        return writeln!(out, "  none: copy a .wasm file into the plugin folder");
    }
    let rows: Vec<_> = plugins
        .iter()
        .map(|plugin| {
            vec![
                format!("  {}", plugin.name),
                plugin.version.clone().unwrap_or_default(),
                plugin.file.clone().unwrap_or_default(),
                plugin.state.clone(),
                plugin.reason.clone().unwrap_or_default(),
            ]
        })
        .collect();
    table::print(out, &rows)?;
    for plugin in plugins {
        if let Some(toml) = &plugin.toml {
            writeln!(
                out,
                "\n  Nothing uses {} yet. To use it, write:\n",
                plugin.name
            )?;
            for line in toml.lines() {
                writeln!(out, "    {line}")?;
            }
        }
    }
    Ok(())
}

fn word(light: &LightReport) -> &'static str {
    match light.colour {
        Colour::Green => "green",
        Colour::Red => "RED",
        Colour::Unknown => "unknown",
    }
}
