//! Which fault, if any, hits a request.

use serde::{Deserialize, Serialize};

use super::fault::Fault;
use super::kind::FaultKind;

/// Random faults, reproducible by their seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomFaults {
    /// The same seed and the same requests give the same faults.
    pub seed: u64,
    /// How many requests of a thousand are hit.
    pub per_mille: u32,
    /// One of these is picked each time.
    pub kinds: Vec<FaultKind>,
}

/// The faults still to come, in their order, and random ones.
#[derive(Debug)]
pub(crate) struct FaultSchedule {
    waiting: Vec<Fault>,
    random: Option<RandomFaults>,
    rng: fastrand::Rng,
}

impl FaultSchedule {
    pub(crate) fn new(faults: &[Fault], random: Option<&RandomFaults>) -> Self {
        Self {
            waiting: faults.to_vec(),
            random: random.cloned(),
            rng: fastrand::Rng::with_seed(random.map_or(0, |random| random.seed)),
        }
    }

    pub(crate) fn push(&mut self, fault: Fault) {
        self.waiting.push(fault);
    }

    /// Removes every fault, random ones too.
    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
        self.random = None;
    }

    /// The fault for this request: the first that matches, or a random one.
    pub(crate) fn next(&mut self, path: &str, operator_type: Option<i64>) -> Option<FaultKind> {
        let is_answer = |kind: &FaultKind| !matches!(kind, FaultKind::CloseIdle { .. });
        self.take(path, operator_type, is_answer)
            .or_else(|| self.random_fault())
    }

    /// Whether the connection closes at its next request: `Some(true)` by reset.
    pub(crate) fn next_idle(&mut self, path: &str, operator_type: Option<i64>) -> Option<bool> {
        let is_idle = |kind: &FaultKind| matches!(kind, FaultKind::CloseIdle { .. });
        match self.take(path, operator_type, is_idle) {
            Some(FaultKind::CloseIdle { rst, .. }) => Some(rst),
            _ => None,
        }
    }

    fn take(
        &mut self,
        path: &str,
        operator_type: Option<i64>,
        wanted: impl Fn(&FaultKind) -> bool,
    ) -> Option<FaultKind> {
        for position in 0..self.waiting.len() {
            let fault = &mut self.waiting[position];
            let matches = wanted(&fault.kind)
                && fault
                    .path
                    .as_ref()
                    .is_none_or(|end| path.ends_with(end.as_str()))
                && (fault.operator_type.is_none() || fault.operator_type == operator_type);
            if !matches {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            if let FaultKind::CloseIdle { per_mille, .. } = fault.kind
                && self.rng.u32(0..1000) >= per_mille
            {
                continue;
            }
            return Some(match fault.times {
                0 => fault.kind.clone(),
                1 => self.waiting.remove(position).kind,
                _ => {
                    fault.times -= 1;
                    fault.kind.clone()
                }
            });
        }
        None
    }

    fn random_fault(&mut self) -> Option<FaultKind> {
        let random = self.random.as_ref()?;
        if random.kinds.is_empty() || self.rng.u32(0..1000) >= random.per_mille {
            return None;
        }
        Some(random.kinds[self.rng.usize(0..random.kinds.len())].clone())
    }
}

#[cfg(test)]
mod tests {
    use super::{FaultSchedule, RandomFaults};
    use crate::faults::fault::Fault;
    use crate::faults::kind::FaultKind;

    fn names(schedule: &mut FaultSchedule, requests: &[(&str, i64)]) -> Vec<&'static str> {
        requests
            .iter()
            .map(|(path, operator)| {
                schedule
                    .next(path, Some(*operator))
                    .map_or("-", |kind| kind.name())
            })
            .collect()
    }

    #[test]
    fn faults_match_path_and_operator_in_order_and_times() {
        let faults = [
            Fault::new(FaultKind::Hang).times(2).skip(1).path("query"),
            Fault::new(FaultKind::NoResult).operator_type(3),
            Fault::new(FaultKind::status(500)).times(0).operator_type(9),
        ];
        let mut schedule = FaultSchedule::new(&faults, None);
        let requests = [
            ("/query", 1),
            ("/batchoperate", 1),
            ("/query", 3),
            ("/query", 3),
            ("/query", 3),
            ("/query", 3),
            ("/batchoperate", 9),
            ("/batchoperate", 9),
        ];
        assert_eq!(
            names(&mut schedule, &requests),
            [
                "-",
                "-",
                "hang",
                "hang",
                "no_result",
                "-",
                "status",
                "status"
            ]
        );
    }

    #[test]
    fn random_faults_with_one_seed_repeat() {
        let random = RandomFaults {
            seed: 7,
            per_mille: 300,
            kinds: vec![FaultKind::Hang, FaultKind::NoResult],
        };
        let requests = vec![("/query", 1); 2000];
        let first = names(&mut FaultSchedule::new(&[], Some(&random)), &requests);
        assert_eq!(
            first,
            names(&mut FaultSchedule::new(&[], Some(&random)), &requests)
        );
        let hit = first.iter().filter(|name| **name != "-").count();
        assert!((450..750).contains(&hit), "{hit} of 2000");
        assert!(first.contains(&"hang") && first.contains(&"no_result"));
    }

    #[test]
    fn close_idle_faults_are_drawn_separately() {
        let idle = FaultKind::CloseIdle {
            rst: false,
            per_mille: 500,
        };
        let mut schedule = FaultSchedule::new(&[Fault::new(idle).times(0)], None);
        assert!((0..100).all(|_| schedule.next("/query", None).is_none()));
        let drawn = (0..1000)
            .filter(|_| schedule.next_idle("/query", None) == Some(false))
            .count();
        assert!((400..600).contains(&drawn), "{drawn} of 1000");
    }
}
