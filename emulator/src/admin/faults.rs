//! Faults: listing, adding, removing, and whole recipes of them.

use serde::{Deserialize, Serialize};

use super::answer::{Answer, done, fields, named, read, read_or_default};
use crate::faults::fault::Fault;
use crate::faults::kind::FaultKind;
use crate::faults::schedule::{RandomFaults, Removal, Waiting};
use crate::service::locked::SharedService;

/// Those that wait and, with `random_faults` in the configuration, the random ones.
pub(super) fn list(shared: &SharedService) -> Answer {
    #[derive(Serialize)]
    struct List<'a> {
        faults: &'a [Waiting],
        random_faults: Option<&'a RandomFaults>,
    }
    shared.with(|service| {
        let schedule = service.schedule();
        fields(&List {
            faults: schedule.waiting(),
            random_faults: schedule.random(),
        })
    })
}

/// Adds one fault, or each of a list; answers their ids.
pub(super) fn add(shared: &SharedService, body: &[u8]) -> Answer {
    let faults: Vec<Fault> = if body.trim_ascii_start().starts_with(b"[") {
        read(body)?
    } else {
        vec![read(body)?]
    };
    let ids: Vec<u64> = shared.with(|service| {
        let push = |fault| service.push_fault(fault);
        faults.into_iter().map(push).collect()
    });
    named("ids", &ids)
}

/// Removes those that the body describes; without a body all.
pub(super) fn remove(shared: &SharedService, body: &[u8]) -> Answer {
    let removal = read_or_default(body)?;
    let removed = shared.with(|service| service.remove_faults(&removal));
    named("removed", &removed)
}

/// Faults that belong together. Their names begin with the recipe's.
#[derive(Serialize)]
struct Recipe {
    name: &'static str,
    description: &'static str,
    description_zh: &'static str,
    faults: Vec<Fault>,
}

fn book() -> Vec<Recipe> {
    let lasting = |kind: FaultKind, percent| Fault::new(kind).times(0).percent(percent);
    let recipe = |name: &'static str, description, description_zh, faults: Vec<Fault>| Recipe {
        name,
        description,
        description_zh,
        faults: faults
            .into_iter()
            .map(|fault| {
                let own = format!("{name}: {}", fault.kind.name());
                fault.name(own)
            })
            .collect(),
    };
    vec![
        recipe(
            "bad_day",
            "A bad day: 5 % of the requests get 503, 2 % a reset, and all wait 300 ms.",
            "糟糕的一天：5 % 的请求得到 503，2 % 被重置连接，全部延迟 300 毫秒。",
            vec![
                lasting(FaultKind::Delay { ms: 300 }, 100.0),
                lasting(FaultKind::retry_after(503, "1"), 5.0),
                lasting(FaultKind::ResetAfter, 2.0),
            ],
        ),
        recipe(
            "outage",
            "An outage: every request gets 503 until the fault is removed.",
            "服务中断：每个请求都得到 503，直到移除此故障。",
            vec![lasting(FaultKind::retry_after(503, "2"), 100.0)],
        ),
        recipe(
            "overload",
            "Overload: a third of the requests are answered 1008028, request too fast.",
            "过载：三分之一的请求得到 1008028（请求过快）。",
            vec![lasting(FaultKind::ret_code(1_008_028), 33.0)],
        ),
        recipe(
            "bad_line",
            "A bad line: 5 % of the responses are cut off, 5 % never come, idle connections die.",
            "线路不好：5 % 的响应被截断，5 % 永远不来，空闲连接会断开。",
            vec![
                lasting(FaultKind::Truncate { at: 10 }, 5.0),
                lasting(FaultKind::HangAfterApply, 5.0),
                lasting(
                    FaultKind::CloseIdle {
                        rst: true,
                        per_mille: 1000,
                    },
                    10.0,
                ),
            ],
        ),
        recipe(
            "gateway",
            "A gateway in between: 10 % of the requests get its page of HTML with status 502.",
            "中间有网关：10 % 的请求得到它的 HTML 页面，状态码 502。",
            vec![lasting(FaultKind::Html { http_status: 502 }, 10.0)],
        ),
    ]
}

pub(super) fn recipes() -> Answer {
    named("recipes", &book())
}

/// Adds the faults of a recipe, or removes them again.
pub(super) fn follow_recipe(shared: &SharedService, body: &[u8]) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        name: String,
        #[serde(default = "yes")]
        on: bool,
    }
    fn yes() -> bool {
        true
    }
    let wanted: Wanted = read(body)?;
    let Some(recipe) = book().into_iter().find(|recipe| recipe.name == wanted.name) else {
        return Err(format!("there is no recipe {:?}", wanted.name));
    };
    shared.with(|service| {
        for fault in recipe.faults {
            if wanted.on {
                service.push_fault(fault);
            } else if let Some(name) = &fault.name {
                service.remove_faults(&Removal::named(name));
            }
        }
    });
    Ok(done())
}
