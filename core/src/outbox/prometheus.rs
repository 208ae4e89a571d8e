//! Numbers in the text format that Prometheus reads.

use std::fmt::Write as _;

use super::stats::{OutboxStats, ROWS};

/// One page with the numbers of several outboxes, each with its label `outbox`. The
/// pages of several, one after the other, would say the same names twice, which is no
/// valid page.
pub fn prometheus_page<'a>(
    outboxes: impl IntoIterator<Item = (&'a str, &'a OutboxStats)>,
) -> String {
    let labelled = outboxes
        .into_iter()
        .map(|(label, stats)| (Some(label), stats));
    page(&labelled.collect::<Vec<_>>())
}

impl OutboxStats {
    /// The numbers in the text format that Prometheus reads, names beginning with
    /// `xgpush_outbox_`, without a label: [`Outbox::prometheus`](crate::Outbox::prometheus)
    /// and [`prometheus_page`](crate::outbox::prometheus_page) have one.
    pub fn to_prometheus(&self) -> String {
        page(&[(None, self)])
    }
}

fn page(outboxes: &[(Option<&str>, &OutboxStats)]) -> String {
    let mut page = Page {
        text: String::new(),
        outboxes,
    };
    for (name, help, gauge, value) in ROWS {
        page.family(name, help, if *gauge { "gauge" } else { "counter" });
        page.samples(name, "", value);
    }
    page.family("settled_total", "Final reports.", "counter");
    let states: [(&str, fn(&OutboxStats) -> u64); 5] = [
        ("accepted", |s| s.accepted),
        ("rejected", |s| s.rejected),
        ("unknown", |s| s.unknown),
        ("not_sent", |s| s.not_sent),
        ("superseded", |s| s.superseded),
    ];
    for (state, value) in states {
        page.samples("settled_total", &format!("state=\"{state}\""), value);
    }
    page.latency();
    page.text
}

struct Page<'a> {
    text: String,
    outboxes: &'a [(Option<&'a str>, &'a OutboxStats)],
}

impl Page<'_> {
    fn family(&mut self, name: &str, help: &str, kind: &str) {
        let _ = writeln!(self.text, "# HELP xgpush_outbox_{name} {help}");
        let _ = writeln!(self.text, "# TYPE xgpush_outbox_{name} {kind}");
    }

    fn samples(&mut self, name: &str, label: &str, value: impl Fn(&OutboxStats) -> u64) {
        for (outbox, stats) in self.outboxes {
            let labels = labels(*outbox, label);
            let value = value(stats);
            let _ = writeln!(self.text, "xgpush_outbox_{name}{labels} {value}");
        }
    }

    fn latency(&mut self) {
        let help = "Seconds from submission to the final report.";
        self.family("latency_seconds", help, "histogram");
        for (outbox, stats) in self.outboxes {
            let bounds = OutboxStats::LATENCY_MS.map(seconds);
            let ends = bounds.iter().map(String::as_str).chain(["+Inf"]);
            let counts = stats.latency_at_most.into_iter().chain([stats.settled()]);
            for (end, count) in ends.zip(counts) {
                let labels = labels(*outbox, &format!("le=\"{end}\""));
                let _ = writeln!(
                    self.text,
                    "xgpush_outbox_latency_seconds_bucket{labels} {count}"
                );
            }
            let labels = labels(*outbox, "");
            let sum = seconds(stats.latency_ms_sum);
            let count = stats.settled();
            let _ = writeln!(self.text, "xgpush_outbox_latency_seconds_sum{labels} {sum}");
            let _ = writeln!(
                self.text,
                "xgpush_outbox_latency_seconds_count{labels} {count}"
            );
        }
    }
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

fn labels(outbox: Option<&str>, more: &str) -> String {
    let outbox = outbox.map(|name| {
        let name = name
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n");
        format!("outbox=\"{name}\"")
    });
    let all: Vec<&str> = outbox.iter().map(String::as_str).chain([more]).collect();
    let all: Vec<&str> = all.into_iter().filter(|label| !label.is_empty()).collect();
    if all.is_empty() {
        return String::new();
    }
    format!("{{{}}}", all.join(","))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// A sample's name, labels and value.
    fn sample(line: &str) -> (&str, &str, f64) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = match series.split_once('{') {
            Some((name, rest)) => (name, rest.strip_suffix('}').unwrap()),
            None => (series, ""),
        };
        assert!(
            name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
            "{line}"
        );
        (name, labels, value.parse().unwrap())
    }

    /// What the format demands: each family once, its words before its samples, all of
    /// them together, no series twice; a histogram's buckets grow up to its count.
    fn check(page: &str) -> usize {
        let (mut families, mut series) = (BTreeSet::new(), BTreeSet::new());
        let mut family = "";
        let mut bucket = (String::new(), 0.0);
        assert!(page.ends_with('\n'));
        for line in page.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                family = rest.split(' ').next().unwrap();
                assert!(families.insert(family), "{line}: twice");
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                assert_eq!(rest.split(' ').next().unwrap(), family, "{line}");
            } else {
                let (name, labels, value) = sample(line);
                let plain = ["_bucket", "_sum", "_count"]
                    .iter()
                    .find_map(|end| name.strip_suffix(end));
                assert!(
                    name == family || plain == Some(family),
                    "{line} is not of {family}"
                );
                assert!(
                    series.insert(line.rsplit_once(' ').unwrap().0.to_owned()),
                    "{line}: twice"
                );
                if name.ends_with("_bucket") {
                    let outbox = labels.split("le=").next().unwrap().to_owned();
                    assert!(bucket.0 != outbox || bucket.1 <= value, "{line}");
                    bucket = (outbox, value);
                } else if name.ends_with("_count") {
                    assert!(
                        (bucket.1 - value).abs() < f64::EPSILON,
                        "{line}: {bucket:?}"
                    );
                }
            }
        }
        series.len()
    }

    #[test]
    fn a_page_is_valid_for_one_outbox_and_for_several() {
        let mut stats = OutboxStats {
            accepted: 7,
            superseded: 1,
            latency_ms_sum: 70_001,
            ..OutboxStats::default()
        };
        stats.latency_at_most[10..].fill(7);
        let one = stats.to_prometheus();
        let series = check(&one);
        for (name, ..) in ROWS {
            let line = format!("\nxgpush_outbox_{name} ");
            assert!(one.contains(&line), "{name}: {one}");
        }
        assert!(
            one.contains("\nxgpush_outbox_latency_seconds_sum 70.001\n"),
            "{one}"
        );
        let two = prometheus_page([
            ("ios", &stats),
            ("a \"b\" \\ c\nd", &OutboxStats::default()),
        ]);
        assert_eq!(check(&two), 2 * series);
        for line in [
            "xgpush_outbox_settled_total{outbox=\"ios\",state=\"accepted\"} 7",
            "xgpush_outbox_latency_seconds_bucket{outbox=\"ios\",le=\"60.000\"} 7",
            "xgpush_outbox_latency_seconds_bucket{outbox=\"ios\",le=\"+Inf\"} 8",
            "xgpush_outbox_open{outbox=\"a \\\"b\\\" \\\\ c\\nd\"} 0",
        ] {
            assert!(two.lines().any(|l| l == line), "{line}\n{two}");
        }
    }

    #[test]
    fn every_number_of_the_dashboard_is_on_the_page() {
        let dashboard = include_str!("../../../docs/fleet-dashboard.json");
        let page = OutboxStats::default().to_prometheus();
        let on_the_page: BTreeSet<&str> = page
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| sample(line).0)
            .collect();
        let is_end = |c: char| !c.is_ascii_lowercase() && c != '_';
        let shown: BTreeSet<&str> = dashboard
            .match_indices("xgpush_outbox_")
            .map(|(at, _)| dashboard[at..].split(is_end).next().unwrap())
            .collect();
        assert!(shown.len() > 15, "{shown:?}");
        for name in shown {
            assert!(on_the_page.contains(name), "the dashboard shows {name}");
        }
        serde_json::from_str::<serde_json::Value>(dashboard).unwrap();
    }
}
