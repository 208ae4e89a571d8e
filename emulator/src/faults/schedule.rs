//! Which fault, if any, hits a request.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::Fault;
use super::kind::FaultKind;
use crate::mention::{Mention, Named};

/// Random faults, reproducible by their seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RandomFaults {
    /// The same seed and the same requests give the same faults.
    pub seed: u64,
    /// How many requests of a thousand are hit.
    pub per_mille: u32,
    /// One of these is picked each time.
    pub kinds: Vec<FaultKind>,
}

/// What a fault may depend on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) path: &'a str,
    pub(crate) operator_type: Option<i64>,
    pub(crate) body: &'a [u8],
}

/// What hits a request.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Hit {
    /// In place of the regular response, or in it.
    pub(crate) fault: Option<FaultKind>,
    /// How much later the response comes.
    pub(crate) delay_ms: u64,
}

/// A fault that waits for its requests.
#[derive(Debug, Serialize)]
pub(crate) struct Waiting {
    /// To remove it by.
    pub(crate) id: u64,
    /// How many requests it has hit.
    pub(crate) hits: u64,
    /// `times` is how many it hits still, `skip` how many pass still.
    #[serde(flatten)]
    pub(crate) fault: Fault,
    #[serde(skip)]
    mentions: Vec<Mention>,
}

impl Waiting {
    fn new(id: u64, fault: Fault) -> Self {
        let token = fault
            .token
            .as_deref()
            .map(|t| Mention::new(Named::Token, t));
        let account = fault
            .account
            .as_deref()
            .map(|a| Mention::new(Named::Account, a));
        Self {
            id,
            hits: 0,
            mentions: token.into_iter().chain(account).collect(),
            fault,
        }
    }

    fn matches(&self, target: &Target<'_>) -> bool {
        let Fault {
            path,
            operator_type,
            ..
        } = &self.fault;
        path.as_ref()
            .is_none_or(|end| target.path.ends_with(end.as_str()))
            && (operator_type.is_none() || *operator_type == target.operator_type)
            && (self.mentions.is_empty()
                || std::str::from_utf8(target.body)
                    .is_ok_and(|body| self.mentions.iter().all(|mention| mention.is_in(body))))
    }
}

/// Which faults to remove: those that fit every field that is given, and without any, all.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Removal {
    id: Option<u64>,
    name: Option<String>,
    kind: Option<String>,
    token: Option<String>,
    account: Option<String>,
}

impl Removal {
    pub(crate) fn named(name: &str) -> Self {
        Self {
            name: Some(name.into()),
            ..Self::default()
        }
    }

    fn is_of_all(&self) -> bool {
        let texts = [&self.name, &self.kind, &self.token, &self.account];
        self.id.is_none() && texts.iter().all(|text| text.is_none())
    }

    fn fits(&self, waiting: &Waiting) -> bool {
        let fault = &waiting.fault;
        self.id.is_none_or(|id| id == waiting.id)
            && (self.name.is_none() || self.name == fault.name)
            && self
                .kind
                .as_deref()
                .is_none_or(|kind| kind == fault.kind.name())
            && (self.token.is_none() || self.token == fault.token)
            && (self.account.is_none() || self.account == fault.account)
    }
}

/// The faults still to come, in their order, and random ones.
#[derive(Debug)]
pub(crate) struct FaultSchedule {
    waiting: Vec<Waiting>,
    random: Option<RandomFaults>,
    rng: fastrand::Rng,
    last_id: u64,
}

impl FaultSchedule {
    pub(crate) fn new(faults: &[Fault], random: Option<&RandomFaults>) -> Self {
        let mut schedule = Self {
            waiting: Vec::new(),
            random: random.cloned(),
            rng: fastrand::Rng::with_seed(random.map_or(0, |random| random.seed)),
            last_id: 0,
        };
        for fault in faults {
            schedule.push(fault.clone());
        }
        schedule
    }

    /// Appends a fault, or puts it in the place of one with its name; gives its id.
    pub(crate) fn push(&mut self, fault: Fault) -> u64 {
        self.last_id += 1;
        let waiting = Waiting::new(self.last_id, fault);
        let named = waiting.fault.name.is_some();
        let same = |other: &&mut Waiting| named && other.fault.name == waiting.fault.name;
        match self.waiting.iter_mut().find(same) {
            Some(place) => *place = waiting,
            None => self.waiting.push(waiting),
        }
        self.last_id
    }

    pub(crate) fn waiting(&self) -> &[Waiting] {
        &self.waiting
    }

    pub(crate) fn random(&self) -> Option<&RandomFaults> {
        self.random.as_ref()
    }

    /// Removes faults, and says how many; all of them with the random ones.
    pub(crate) fn remove(&mut self, removal: &Removal) -> usize {
        let before = self.waiting.len();
        if removal.is_of_all() {
            self.random = None;
        }
        self.waiting.retain(|waiting| !removal.fits(waiting));
        before - self.waiting.len()
    }

    /// What hits this request: the first fault that matches, or a random one; and a delay.
    pub(crate) fn next(&mut self, target: &Target<'_>) -> Hit {
        let is_answer = |kind: &FaultKind| !kind.combines();
        let is_delay = |kind: &FaultKind| matches!(kind, FaultKind::Delay { .. });
        let delay = if self.waiting.iter().any(|w| is_delay(&w.fault.kind)) {
            self.take(target, is_delay)
        } else {
            None
        };
        let mut hit = Hit::default();
        let answer = self.take(target, is_answer).or_else(|| self.random_fault());
        for kind in [delay, answer].into_iter().flatten() {
            match kind {
                FaultKind::Delay { ms } => hit.delay_ms = hit.delay_ms.saturating_add(ms),
                kind => hit.fault = Some(kind),
            }
        }
        hit
    }

    /// Whether the connection closes at its next request: `Some(true)` by reset.
    pub(crate) fn next_idle(&mut self, target: &Target<'_>) -> Option<bool> {
        let is_idle = |kind: &FaultKind| matches!(kind, FaultKind::CloseIdle { .. });
        match self.take(target, is_idle) {
            Some(FaultKind::CloseIdle { rst, .. }) => Some(rst),
            _ => None,
        }
    }

    fn take(
        &mut self,
        target: &Target<'_>,
        wanted: impl Fn(&FaultKind) -> bool,
    ) -> Option<FaultKind> {
        for position in 0..self.waiting.len() {
            let waiting = &mut self.waiting[position];
            if !wanted(&waiting.fault.kind) || !waiting.matches(target) {
                continue;
            }
            let fault = &mut waiting.fault;
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            if fault.percent < 100.0 && self.rng.f64() * 100.0 >= fault.percent {
                continue;
            }
            if let FaultKind::CloseIdle { per_mille, .. } = fault.kind
                && self.rng.u32(0..1000) >= per_mille
            {
                continue;
            }
            waiting.hits += 1;
            return Some(match fault.times {
                0 => fault.kind.clone(),
                1 => self.waiting.remove(position).fault.kind,
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
    use super::{FaultSchedule, RandomFaults, Removal, Target};
    use crate::faults::fault::Fault;
    use crate::faults::kind::FaultKind;

    fn request(path: &str, operator_type: Option<i64>) -> Target<'_> {
        Target {
            path,
            operator_type,
            body: b"",
        }
    }

    fn names(schedule: &mut FaultSchedule, requests: &[(&str, i64)]) -> Vec<&'static str> {
        requests
            .iter()
            .map(|(path, operator)| {
                let hit = schedule.next(&request(path, Some(*operator)));
                hit.fault.map_or("-", |kind| kind.name())
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
        assert!((0..100).all(|_| schedule.next(&request("/query", None)).fault.is_none()));
        let drawn = (0..1000)
            .filter(|_| schedule.next_idle(&request("/query", None)) == Some(false))
            .count();
        assert!((400..600).contains(&drawn), "{drawn} of 1000");
    }

    #[test]
    fn faults_of_a_token_or_an_account_wait_for_it() {
        let faults = [
            Fault::new(FaultKind::Hang).token("t1"),
            Fault::new(FaultKind::NoResult).account("a1").token("t2"),
        ];
        let mut schedule = FaultSchedule::new(&faults, None);
        let mut next = |body: &str| {
            let body = body.as_bytes();
            let hit = schedule.next(&Target {
                body,
                ..request("/query", None)
            });
            hit.fault.map_or("-", |kind| kind.name())
        };
        assert_eq!(next(r#"{"token_list":["t2"],"x":"t1"}"#), "-");
        assert_eq!(
            next(r#"{"token_list":["t2"],"account_list":[{"account":"a1"}]}"#),
            "no_result"
        );
        assert_eq!(next(r#"{"token_list":["t2","t1"]}"#), "hang");
        assert_eq!(next(r#"{"token_list":["t1"]}"#), "-");
    }

    #[test]
    fn share_of_the_requests_is_hit_and_delays_come_on_top() {
        let faults = [
            Fault::new(FaultKind::Delay { ms: 7 })
                .times(0)
                .percent(50.0),
            Fault::new(FaultKind::status(503)).times(0).percent(5.0),
        ];
        let mut schedule = FaultSchedule::new(&faults, None);
        let hits: Vec<_> = (0..4000)
            .map(|_| schedule.next(&request("/", None)))
            .collect();
        let failed = hits.iter().filter(|hit| hit.fault.is_some()).count();
        let late = hits.iter().filter(|hit| hit.delay_ms == 7).count();
        let both = hits
            .iter()
            .filter(|hit| hit.fault.is_some() && hit.delay_ms > 0);
        assert!((100..300).contains(&failed), "{failed} of 4000");
        assert!((1800..2200).contains(&late), "{late} of 4000");
        assert!(both.count() > 30);
        assert_eq!(schedule.waiting()[1].hits, failed as u64);
    }

    #[test]
    fn faults_are_replaced_by_name_and_removed_by_what_is_given() {
        let random = RandomFaults {
            seed: 1,
            per_mille: 1000,
            kinds: vec![FaultKind::Hang],
        };
        let mut schedule = FaultSchedule::new(&[], Some(&random));
        let first = schedule.push(Fault::new(FaultKind::Hang).name("n"));
        let second = schedule.push(Fault::new(FaultKind::NoResult).name("n"));
        schedule.push(Fault::new(FaultKind::Hang).token("t1"));
        schedule.push(Fault::new(FaultKind::Hang).account("a1"));
        schedule.push(Fault::new(FaultKind::Hang));
        assert_ne!(first, second);
        assert_eq!(schedule.waiting().len(), 4);
        for (removal, count) in [
            (format!(r#"{{"id":{first}}}"#), 0),
            (r#"{"name":"n","kind":"hang"}"#.into(), 0),
            (format!(r#"{{"id":{second}}}"#), 1),
            (r#"{"token":"t1"}"#.into(), 1),
            (r#"{"account":"a1"}"#.into(), 1),
        ] {
            let removal: Removal = serde_json::from_str(&removal).unwrap();
            assert_eq!(schedule.remove(&removal), count, "{removal:?}");
        }
        assert!(schedule.random().is_some());
        assert_eq!(schedule.remove(&Removal::default()), 1);
        assert!(schedule.random().is_none());
    }
}
