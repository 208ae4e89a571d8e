//! What a history is made of, by its seed.

use crate::fleet::Mutant;
use crate::fleet::engine::ReportsTo;

pub(super) const LEASE: u64 = 600;
pub(super) const REQUEST_TIMEOUT: u64 = 150;

/// How long a process waits for an answer of the engine.
pub(super) const ENGINE_TIMEOUT: u64 = 200;

/// Until when operations are submitted and faults begin, and when all faults are over.
pub(super) const BUSY: u64 = 1500;
pub(super) const HEALED: u64 = 3000;

/// What was wrong with a run if it is not over by then.
pub(super) const ENDS: u64 = 120_000;

/// What kind of a fleet it is.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) mutant: Mutant,
    /// `outbox_engine_durability` is `replica`.
    pub(super) confirms: bool,
    pub(super) names: usize,
    pub(super) partitions: usize,
    pub(super) operations: usize,
    pub(super) reports_to: ReportsTo,
    /// Each process has a file for what has no final report.
    pub(super) spool: bool,
    /// How often things go wrong, in hundredths.
    pub(super) commands_fail: u32,
    pub(super) requests_fail: u32,
    pub(super) faults: Vec<(u64, Fault)>,
}

/// Something that happens to the fleet.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    /// The replica lags so long.
    Hold(u64),
    /// The replica lags so long, and then takes over; `seen`: connections break.
    FailOver { lag: u64, seen: bool },
    /// The engine does not answer for so long.
    Down(u64),
    /// A process is killed, and its successor comes so much later.
    Kill { name: usize, back: u64 },
    /// A process closes, hands over, and its successor comes so much later.
    Close { name: usize, back: u64 },
    /// A process stands still for so long.
    Pause { name: usize, time: u64 },
    /// A process does not reach the engine for so long.
    Cut { name: usize, time: u64 },
    /// The service does not answer for so long.
    Outage(u64),
}

impl Plan {
    pub(super) fn new(seed: u64, mutant: Mutant) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let names = rng.usize(2..=3);
        let reports_to = match rng.u32(..10) {
            0 => ReportsTo::Nobody,
            1 => ReportsTo::Group("workers".into()),
            _ => ReportsTo::Sender,
        };
        let count = rng.usize(0..=4);
        let faults = (0..count).map(|_| (rng.u64(50..BUSY), Fault::random(&mut rng, names)));
        let faults = faults.collect();
        let is_own = reports_to == ReportsTo::Sender;
        Self {
            seed,
            mutant,
            confirms: rng.bool(),
            names,
            partitions: if mutant == Mutant::FourPartitions {
                4
            } else {
                1
            },
            operations: rng.usize(4..=20),
            reports_to,
            spool: is_own && rng.u32(..4) == 0 && mutant != Mutant::ContinuedNumbers,
            commands_fail: [0, 2, 10][rng.usize(..3)],
            requests_fail: [0, 10, 30][rng.usize(..3)],
            faults,
        }
    }
}

impl Fault {
    fn random(rng: &mut fastrand::Rng, names: usize) -> Self {
        let name = rng.usize(..names);
        let short_or_long = |rng: &mut fastrand::Rng| {
            if rng.bool() {
                rng.u64(1..100)
            } else {
                rng.u64(100..1200)
            }
        };
        let time = short_or_long(rng);
        match rng.u32(..16) {
            0 | 1 => Self::Hold(time),
            2..=5 => Self::FailOver {
                lag: if rng.bool() {
                    rng.u64(1..60)
                } else {
                    rng.u64(60..500)
                },
                seen: rng.bool(),
            },
            6 => Self::Down(time),
            7..=9 => Self::Kill { name, back: time },
            10 => Self::Close { name, back: time },
            11 | 12 => Self::Pause { name, time },
            13 | 14 => Self::Cut { name, time },
            _ => Self::Outage(time),
        }
    }
}
