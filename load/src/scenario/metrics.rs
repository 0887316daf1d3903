//! The server's own figures, from /metrics of every node, once a second.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::http::{Ask, Http};

/// All metrics at one moment, added up over the nodes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Seconds from the start of the scenario.
    pub at_s: f64,
    /// By name and labels, without `tallylight_`; no buckets of histograms.
    pub values: BTreeMap<String, f64>,
}

impl Sample {
    /// One metric; 0 if it is not there.
    pub fn value(&self, name: &str) -> f64 {
        self.values.get(name).copied().unwrap_or(0.0)
    }

    /// The sum over all labels of a metric.
    pub fn sum(&self, name: &str) -> f64 {
        let of = |key: &&String| key.split('{').next() == Some(name);
        self.values.iter().filter(|(key, _)| of(key)).map(|(_, value)| value).sum()
    }
}

/// Asks every node. What does not answer is left out.
pub async fn sample(nodes: &mut [Http], at_s: f64) -> Sample {
    let mut sample = Sample { at_s, ..Sample::default() };
    for node in nodes {
        if let Ok(reply) = node.ask(Ask { path: "/metrics", ..Ask::default() }).await
            && reply.status == 200
        {
            add(&mut sample.values, &String::from_utf8_lossy(&reply.body));
        }
    }
    sample
}

fn add(values: &mut BTreeMap<String, f64>, text: &str) {
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.contains("_bucket{")) {
        let Some((name, value)) = line.rsplit_once(' ') else { continue };
        let name = name.strip_prefix("tallylight_").unwrap_or(name);
        if let Ok(value) = value.parse::<f64>() {
            *values.entry(name.to_owned()).or_default() += value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_nodes_add_up_and_buckets_are_left_out() {
        let text = "# HELP tallylight_receipts Receipts sent.\ntallylight_receipts_total{answer=\"counted\"} 3\n\
                    tallylight_receipts_total{answer=\"held\",reason=\"a b\"} 1\ntallylight_receipt_seconds_sum 0.25\n\
                    tallylight_receipt_seconds_bucket{le=\"1.0\"} 4\n# EOF\n";
        let mut sample = Sample::default();
        add(&mut sample.values, text);
        add(&mut sample.values, text);
        assert_eq!((sample.value("receipts_total{answer=\"counted\"}"), sample.sum("receipts_total")), (6.0, 8.0));
        assert_eq!((sample.value("receipt_seconds_sum"), sample.values.len()), (0.5, 3));
    }
}
