//! The whole outcome as JSON.

use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};

use super::{Found, ItemOutcome, Outcome, State};

impl Serialize for ItemOutcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("state", self.state().name())?;
        map.serialize_entry("reason", self.reason.name())?;
        if let Some(code) = self.code {
            map.serialize_entry("code", &code)?;
        }
        if let Some(status) = self.http_status {
            map.serialize_entry("http_status", &status)?;
        }
        map.serialize_entry("attempts", &self.attempts)?;
        if self.state() != State::Accepted {
            map.serialize_entry("retryable", &self.is_retryable())?;
        }
        if let Some(seconds) = self.retry_after {
            map.serialize_entry("retry_after_ms", &(u64::from(seconds) * 1000))?;
        }
        if let Some(message) = &self.message {
            map.serialize_entry("message", &**message)?;
        }
        if let Some(confirmed) = self.confirmed {
            map.serialize_entry("confirmed", &confirmed)?;
        }
        match self.found() {
            Some(Found::Tokens(tokens)) => map.serialize_entry("tokens", tokens)?,
            Some(Found::Accounts(accounts)) => map.serialize_entry("accounts", accounts)?,
            None => {}
        }
        map.end()
    }
}

struct Counts<'a>(&'a Outcome);

impl Serialize for Counts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let count = |state: &State| (state.name(), self.0.count(*state));
        serializer.collect_map(State::ALL.iter().map(count))
    }
}

struct Extra<'a>(&'a [(String, String)]);

impl Serialize for Extra<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, raw)| {
            let value = serde_json::value::RawValue::from_string(raw.clone());
            (name, value.expect("kept as the JSON that it was read from"))
        }))
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Outcome", 5)?;
        out.serialize_field("counts", &Counts(self))?;
        out.serialize_field("requests", &self.requests)?;
        out.serialize_field("items", &self.items)?;
        out.serialize_field("warnings", &self.warnings)?;
        out.serialize_field("extra", &Extra(&self.extra))?;
        out.end()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Reason, Warning, WarningKind};
    use super::*;

    #[test]
    fn an_outcome_as_json_is_what_the_page_says() {
        let mut item = ItemOutcome::new(Reason::Accepted, None);
        item.code = Some(0);
        item.http_status = Some(200);
        item.attempts = 1;
        let outcome = Outcome {
            items: vec![item],
            warnings: vec![Warning::new(WarningKind::ClockSkew, None, "late")],
            extra: vec![("err_msg_zh".to_owned(), "\"\"".to_owned())],
            requests: 1,
        };
        assert_eq!(
            outcome.to_json(),
            "{\"counts\":{\"accepted\":1,\"rejected\":0,\"unknown\":0,\"not_sent\":0},\
             \"requests\":1,\"items\":[{\"state\":\"accepted\",\"reason\":\"accepted\",\
             \"code\":0,\"http_status\":200,\"attempts\":1}],\"warnings\":[{\"name\":\
             \"clock_skew\",\"message\":\"late\"}],\"extra\":{\"err_msg_zh\":\"\"}}"
        );
    }
}
