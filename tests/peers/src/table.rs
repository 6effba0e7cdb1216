//! What was measured: seconds by program and peer, and how Mog compares.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::Program;

/// The peer that others are compared with.
const BASE: &str = "Lua 5.4";

struct Row {
    name: &'static str,
    size: u64,
    computes: bool,
    seconds: BTreeMap<&'static str, f64>,
}

/// The table.
pub(crate) struct Table {
    peers: Vec<&'static str>,
    rows: Vec<Row>,
}

impl Table {
    pub(crate) const fn new(peers: Vec<&'static str>) -> Self {
        Self { peers, rows: Vec::new() }
    }

    pub(crate) fn add(&mut self, program: &Program, seconds: BTreeMap<&'static str, f64>) {
        let Program { name, size, computes, .. } = *program;
        self.rows.push(Row { name, size, computes, seconds });
    }

    /// Each peer, with the geometric mean of its times over those of the base: of the programs that compute, which both
    /// ran.
    pub(crate) fn means(&self) -> impl Iterator<Item = (&'static str, f64)> + '_ {
        self.peers.iter().map(|&peer| {
            let ratios = self.rows.iter().filter(|row| row.computes);
            let ratios = ratios.filter_map(|row| Some(row.seconds.get(peer)? / row.seconds.get(BASE)?));
            let logarithms: Vec<f64> = ratios.map(f64::ln).collect();
            (peer, (logarithms.iter().sum::<f64>() / logarithms.len() as f64).exp())
        })
    }

    pub(crate) fn markdown(&self) -> String {
        let mut text = String::from("| program | size |");
        for peer in &self.peers {
            let _ = write!(text, " {peer} |");
        }
        text.push_str(" Mog / Lua 5.4 |\n|---|---:|");
        text.push_str(&"---:|".repeat(self.peers.len() + 1));
        for row in &self.rows {
            let _ = write!(text, "\n| {} | {} |", row.name, row.size);
            for peer in &self.peers {
                match row.seconds.get(peer) {
                    Some(seconds) => write!(text, " {seconds:.3} |"),
                    None => write!(text, " – |"),
                }
                .unwrap_or_default();
            }
            match row.seconds.get("Mog").zip(row.seconds.get(BASE)) {
                Some((ours, base)) => write!(text, " {:.2} |", ours / base),
                None => write!(text, " – |"),
            }
            .unwrap_or_default();
        }
        text.push_str("\n| × Lua 5.4, geometric mean of those that compute | |");
        for (_, mean) in self.means() {
            let _ = if mean.is_nan() { write!(text, " – |") } else { write!(text, " {mean:.2} |") };
        }
        text.push_str(" |\n");
        text
    }

    pub(crate) fn csv(&self) -> String {
        let mut text = String::from("program,size,peer,seconds\n");
        for row in &self.rows {
            for (peer, seconds) in &row.seconds {
                let _ = writeln!(text, "{},{},\"{peer}\",{seconds:.6}", row.name, row.size);
            }
        }
        text
    }
}
