//! The table, the goals and the JSON.

use serde_json::{Value, json};

use crate::load::quantile;
use crate::rates::StoreRate;
use crate::rows::Row;

/// Everything that one run showed.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Trunkline first.
    pub(crate) rows: Vec<Row>,
    pub(crate) store: Option<StoreRate>,
    pub(crate) syncs_per_s: f64,
    /// CPU of one `receive` as plain Rust, in microseconds.
    pub(crate) native_us: f64,
    /// What was left out, and why.
    pub(crate) skipped: Vec<String>,
}

/// The row of bare HTTP.
pub(crate) const BARE: &str = "bare HTTP, axum and reqwest";

/// The row of the well-written Node connector.
pub(crate) const BATCHED: &str = "Node, group commit";

/// A ratio that is aimed at.
struct Goal {
    what: &'static str,
    at_least: f64,
    is: Option<f64>,
    /// What this goal asks for, as a share of what HTTP alone does: from 1 on nothing can reach it.
    of_http: Option<f64>,
}

impl Goal {
    fn verdict(&self) -> &'static str {
        match self.is {
            Some(is) if is >= self.at_least => "yes",
            Some(_) => "no",
            None => "not measured",
        }
    }
}

impl Report {
    /// For people.
    pub(crate) fn print(&self) {
        self.print_rows();
        self.print_parts();
        println!("\n{:<52} {:>6} {:>6}  reached", "goal", "want", "is");
        for goal in self.goals() {
            let is = goal.is.map_or("-".to_owned(), |is| format!("{is:.2}"));
            let (what, at_least) = (goal.what, goal.at_least);
            println!("{what:<52} {at_least:>6.2} {is:>6}  {}", goal.verdict());
            if let Some(share) = goal.of_http {
                let percent = share * 100.0;
                println!(
                    "  (this goal is {percent:.0} % of what HTTP alone does, without plugin, core and disk)"
                );
            }
        }
        println!(
            "\nThe sandbox's ratio is computed, not timed: the connector's CPU a message, with the plugin's part\n\
             in the sandbox replaced by its part as plain Rust, over the CPU as it is. The path is bound by CPU\n\
             only where the disk is not slower."
        );
        for row in &self.rows {
            if let Some(remark) = &row.remark {
                println!("{}: {remark}", row.name);
            }
        }
        for line in &self.skipped {
            println!("skipped: {line}");
        }
    }

    fn print_rows(&self) {
        println!(
            "{:<28} {:>8} {:>7}  {:>15}  {:>13}  {:>15}  {:>13}  {:>7} {:>7}  lost twice refused",
            "",
            "msg/s",
            "ratio",
            "answer ms full",
            "to ECE ms",
            "answer ms half",
            "to ECE ms",
            "CPU us",
            "others"
        );
        for row in &self.rows {
            let [full, half] = [&row.full, &row.half].map(|shown| {
                let answer = |share| quantile(&shown.answer_us, share) as f64 / 1000.0;
                let to_ece = |share| quantile(&shown.to_ece_ms, share);
                let answers = format!("{:.1} / {:.1}", answer(0.5), answer(0.99));
                let arrivals = format!("{} / {}", to_ece(0.5), to_ece(0.99));
                format!("{answers:>15}  {arrivals:>13}")
            });
            let ratio = self.trunkline().map_or(0.0, |ours| ours / row.full.rate());
            println!(
                "{:<28} {:>8.0} {ratio:>6.2}x  {full}  {half}  {:>7.0} {:>7.0}  {:>4} {:>5} {:>7}",
                row.name,
                row.full.rate(),
                row.cpu_us,
                row.others_us,
                row.full.lost + row.half.lost,
                row.full.doubled + row.half.doubled,
                row.full.refused + row.half.refused,
            );
        }
        if let (Some(store), Some(ours)) = (self.store, self.trunkline()) {
            let (rate, cpu) = (store.messages_per_s, store.cpu_us);
            println!(
                "{:<28} {rate:>8.0} {:>6.2}x  {:>64} {cpu:>7.0}",
                "the store alone",
                ours / rate,
                ""
            );
        }
        println!("{:<28} {:>8.0}", "fdatasync alone", self.syncs_per_s);
        println!(
            "\nratio: Trunkline's rate over the row's. full: as fast as it goes; half: at half of that rate; p50 / p99.\n\
             CPU us: of the connector's process, a message; others: of load generator and stand-ins."
        );
    }

    fn print_parts(&self) {
        let Some(parts) = self.parts() else {
            return;
        };
        println!("\nTrunkline's CPU, microseconds a message");
        for (name, us) in parts {
            println!("  {name:<44} {us:>7.0}");
        }
        println!(
            "  {:<44} {:>7.1}",
            "the plugin as plain Rust", self.native_us
        );
    }

    /// Parts that were measured apart; what is left is everything else in the host.
    fn parts(&self) -> Option<Vec<(&'static str, f64)>> {
        let all = self.rows.first()?;
        let http = self.row(BARE)?.cpu_us;
        let plugin = all.plugin_us?;
        let store = self.store?.cpu_us;
        Some(vec![
            ("all", all.cpu_us),
            ("HTTP in and out (the bare row)", http),
            ("plugin in the sandbox (the engine's count)", plugin),
            ("store (its process alone)", store),
            (
                "the rest: core, flow, threads",
                all.cpu_us - http - plugin - store,
            ),
        ])
    }

    fn goals(&self) -> [Goal; 3] {
        let ours = self.trunkline();
        let ratio = |other: Option<f64>| Some(ours? / other?);
        let node = self.row(BATCHED).map(|row| row.full.rate());
        let http = self.row(BARE).map(|row| row.full.rate());
        [
            Goal {
                what: "of the store's own rate",
                at_least: 0.5,
                is: ratio(self.store.map(|store| store.messages_per_s)),
                of_http: None,
            },
            Goal {
                what: "of the rate with the plugin as plain Rust (computed)",
                at_least: 0.8,
                is: self.of_native(),
                of_http: None,
            },
            Goal {
                what: "times the well-written Node connector",
                at_least: 2.0,
                is: ratio(node),
                of_http: node.zip(http).map(|(node, http)| 2.0 * node / http),
            },
        ]
    }

    fn of_native(&self) -> Option<f64> {
        let row = self.rows.first()?;
        let without = row.cpu_us - row.plugin_us? + self.native_us;
        Some(without / row.cpu_us)
    }

    fn trunkline(&self) -> Option<f64> {
        self.rows.first().map(|row| row.full.rate())
    }

    fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let shown = |shown: &crate::load::Shown| {
            json!({
                "messages_per_s": shown.rate(),
                "messages": shown.messages,
                "answer_us": {"p50": quantile(&shown.answer_us, 0.5), "p99": quantile(&shown.answer_us, 0.99)},
                "to_ece_ms": {"p50": quantile(&shown.to_ece_ms, 0.5), "p99": quantile(&shown.to_ece_ms, 0.99)},
                "lost": shown.lost, "doubled": shown.doubled, "refused": shown.refused,
            })
        };
        let rows = self.rows.iter().map(|row| {
            json!({
                "name": row.name, "full": shown(&row.full), "half": shown(&row.half),
                "cpu_us": row.cpu_us, "others_cpu_us": row.others_us, "plugin_cpu_us": row.plugin_us, "remark": row.remark,
            })
        });
        let goals = self.goals().map(|goal| {
            json!({"what": goal.what, "at_least": goal.at_least, "is": goal.is, "reached": goal.verdict(), "of_http": goal.of_http})
        });
        json!({
            "rows": rows.collect::<Vec<_>>(),
            "store": self.store.map(|store| json!({"messages_per_s": store.messages_per_s, "cpu_us": store.cpu_us})),
            "syncs_per_s": self.syncs_per_s,
            "native_plugin_cpu_us": self.native_us,
            "parts_cpu_us": self.parts().map(|parts| parts.into_iter().map(|(name, us)| json!({"part": name, "us": us})).collect::<Vec<_>>()),
            "goals": goals,
            "skipped": self.skipped,
        })
    }
}
