//! What `INFO` of a Redis says about itself.

use std::collections::HashMap;

/// The lines `name:value` of a page of `INFO`. Empty where the server, or a proxy before
/// it, refuses the command.
#[derive(Debug, Clone, Default)]
pub(super) struct Info(HashMap<String, String>);

impl Info {
    pub(super) fn parse(page: &str) -> Self {
        let pairs = page.lines().filter_map(|line| line.trim().split_once(':'));
        Self(
            pairs
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        )
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    /// The name and version of the server: `Redis 7.0.15`, `Valkey 8.0.1`.
    pub(super) fn server(&self) -> Option<String> {
        if let Some(version) = self.text("valkey_version") {
            return Some(format!("Valkey {version}"));
        }
        Some(format!("Redis {}", self.text("redis_version")?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_by_name() {
        let info = Info::parse("# Server\r\nredis_version:7.0.15\r\nos:Linux 6.1: x86_64\r\n\r\n");
        assert_eq!(info.text("os"), Some("Linux 6.1: x86_64"));
        assert_eq!(info.server().unwrap(), "Redis 7.0.15");
        assert_eq!(info.number("os"), None);
        let valkey = Info::parse("redis_version:7.2.4\nserver_name:valkey\nvalkey_version:8.0.1");
        assert_eq!(valkey.server().unwrap(), "Valkey 8.0.1");
    }
}
