//! [`Notice`]: what people should know of the shared rate, once when it changes.

use crate::fleet::quota::member::Keeping;
use crate::fleet::quota::share::Share;
use crate::model::outcome::{Warning, WarningKind};

/// What was said last, and what is to be said.
#[derive(Debug)]
pub(super) struct Notice {
    rate: u32,
    why: String,
    said: Said,
    news: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// All is as it was set.
    Nothing,
    Away,
    Smaller(u32),
}

impl Notice {
    pub(super) fn new(rate: u32) -> Self {
        Self {
            rate,
            why: String::new(),
            said: Said::Nothing,
            news: None,
        }
    }

    pub(super) fn failed(&mut self, why: String) {
        self.why = why;
    }

    pub(super) fn update(&mut self, keeping: Keeping) {
        let now = match keeping {
            Keeping::Clock(rate) if rate < self.rate => Said::Smaller(rate),
            Keeping::Clock(_) => Said::Nothing,
            Keeping::Away(_) => Said::Away,
            // It passes.
            Keeping::Settling(_) => return,
        };
        if now == self.said {
            return;
        }
        self.said = now;
        self.news = match (now, keeping) {
            (Said::Smaller(rate), _) => Some(format!(
                "quota_url: another process of this application has requests_per_second {rate} \
                 and this one {}; the smallest holds for all",
                self.rate
            )),
            (Said::Away, Keeping::Away(share)) => Some(format!(
                "quota_url: {}; until it answers, {}",
                self.why,
                of_share(share, self.rate)
            )),
            _ => None,
        };
    }

    pub(super) fn is_news(&self) -> bool {
        self.news.is_some()
    }

    pub(super) fn take(&mut self) -> Option<Warning> {
        let text = self.news.take()?;
        Some(Warning::new(WarningKind::SharedRate, None, text))
    }
}

fn of_share(share: Share, rate: u32) -> String {
    let seconds = share.interval(rate).as_secs_f64();
    match share {
        Share::Counted(processes) => format!(
            "this process sends its share as one of {processes}, at most one request every \
             {seconds:.3} s"
        ),
        Share::Unknown => format!(
            "this process sends a hundredth of requests_per_second, at most one request every \
             {seconds:.3} s, because it cannot know how many others there are"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(notice: &mut Notice, keeping: Keeping) -> String {
        notice.update(keeping);
        notice
            .take()
            .map_or(String::new(), |warning| warning.message().to_owned())
    }

    #[test]
    fn each_change_is_said_once() {
        let mut notice = Notice::new(200);
        assert_eq!(said(&mut notice, Keeping::Clock(200)), "");
        notice.failed("no connection".to_owned());
        let away = said(&mut notice, Keeping::Away(Share::Counted(8)));
        assert!(
            away.contains("no connection") && away.contains("0.053 s"),
            "{away}"
        );
        assert_eq!(said(&mut notice, Keeping::Away(Share::Counted(8))), "");
        assert_eq!(said(&mut notice, Keeping::Settling(Share::Counted(8))), "");
        assert_eq!(said(&mut notice, Keeping::Clock(200)), "");
        let away = said(&mut notice, Keeping::Away(Share::Unknown));
        assert!(away.contains("0.500 s"), "{away}");
        let smaller = said(&mut notice, Keeping::Clock(50));
        assert!(smaller.contains("requests_per_second 50"), "{smaller}");
    }
}
