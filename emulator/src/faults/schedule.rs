//! Which fault, if any, hits a request.

use crate::config::RandomFaults;
use crate::faults::fault::{Fault, FaultKind};

/// The faults still to come, in their order, and those by chance.
#[derive(Debug)]
pub(crate) struct Plan {
    waiting: Vec<Fault>,
    random: Option<RandomFaults>,
    dice: fastrand::Rng,
}

impl Plan {
    pub(crate) fn new(faults: &[Fault], random: Option<&RandomFaults>) -> Self {
        Self {
            waiting: faults.to_vec(),
            random: random.cloned(),
            dice: fastrand::Rng::with_seed(random.map_or(0, |random| random.seed)),
        }
    }

    pub(crate) fn push(&mut self, fault: Fault) {
        self.waiting.push(fault);
    }

    /// Forgets every fault, those by chance too.
    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
        self.random = None;
    }

    /// The fault for this request: the first of the plan that wants it, or one by chance.
    pub(crate) fn next(&mut self, path: &str, operator_type: Option<i64>) -> Option<FaultKind> {
        let is_answer = |kind: &FaultKind| !matches!(kind, FaultKind::CloseIdle { .. });
        self.take(path, operator_type, is_answer)
            .or_else(|| self.by_chance())
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
            let aimed = wanted(&fault.kind)
                && fault
                    .path
                    .as_ref()
                    .is_none_or(|end| path.ends_with(end.as_str()))
                && (fault.operator_type.is_none() || fault.operator_type == operator_type);
            if !aimed {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            if let FaultKind::CloseIdle { per_mille, .. } = fault.kind
                && self.dice.u32(0..1000) >= per_mille
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

    fn by_chance(&mut self) -> Option<FaultKind> {
        let random = self.random.as_ref()?;
        if random.kinds.is_empty() || self.dice.u32(0..1000) >= random.per_mille {
            return None;
        }
        Some(random.kinds[self.dice.usize(0..random.kinds.len())].clone())
    }
}

#[cfg(test)]
mod tests {
    use super::Plan;
    use crate::config::RandomFaults;
    use crate::faults::fault::{Fault, FaultKind};

    fn names(plan: &mut Plan, requests: &[(&str, i64)]) -> Vec<&'static str> {
        requests
            .iter()
            .map(|(path, operator)| {
                plan.next(path, Some(*operator))
                    .map_or("-", |kind| kind.name())
            })
            .collect()
    }

    #[test]
    fn faults_hit_in_order_as_often_as_they_say() {
        let faults = [
            Fault::new(FaultKind::Hang).times(2).skip(1).path("query"),
            Fault::new(FaultKind::NoResult).operator_type(3),
            Fault::new(FaultKind::status(500)).times(0).operator_type(9),
        ];
        let mut plan = Plan::new(&faults, None);
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
            names(&mut plan, &requests),
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
    fn chance_repeats_with_its_seed() {
        let random = RandomFaults {
            seed: 7,
            per_mille: 300,
            kinds: vec![FaultKind::Hang, FaultKind::NoResult],
        };
        let requests = vec![("/query", 1); 2000];
        let first = names(&mut Plan::new(&[], Some(&random)), &requests);
        assert_eq!(first, names(&mut Plan::new(&[], Some(&random)), &requests));
        let hit = first.iter().filter(|name| **name != "-").count();
        assert!((450..750).contains(&hit), "{hit} of 2000");
        assert!(first.contains(&"hang") && first.contains(&"no_result"));
    }

    #[test]
    fn closing_when_idle_is_drawn_apart() {
        let idle = FaultKind::CloseIdle {
            rst: false,
            per_mille: 500,
        };
        let mut plan = Plan::new(&[Fault::new(idle).times(0)], None);
        assert!((0..100).all(|_| plan.next("/query", None).is_none()));
        let drawn = (0..1000)
            .filter(|_| plan.next_idle("/query", None) == Some(false))
            .count();
        assert!((400..600).contains(&drawn), "{drawn} of 1000");
    }
}
