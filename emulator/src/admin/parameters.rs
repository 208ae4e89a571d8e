//! [`Parameters`]: the query string of a URL.

use std::ops::RangeInclusive;
use std::str::FromStr;

/// The parameters that were given and not looked at yet.
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn read(query: &str) -> Result<Self, String> {
        let mut found: Vec<(String, String)> = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decoded(name)?, decoded(value)?);
            if found.iter().any(|(other, _)| *other == name) {
                return Err(format!("`{name}` is given twice"));
            }
            found.push((name, value));
        }
        Ok(Self(found))
    }

    /// A text; none when it is not given.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        let position = self.0.iter().position(|(given, _)| given == name)?;
        Some(self.0.swap_remove(position).1)
    }

    /// A number, or another value that is written as a word.
    pub(super) fn value<T: FromStr>(&mut self, name: &str) -> Result<Option<T>, String> {
        let read = |text: String| {
            text.parse()
                .map_err(|_| format!("`{name}` cannot be {text:?}"))
        };
        self.text(name).map(read).transpose()
    }

    /// A number within bounds.
    pub(super) fn limited(
        &mut self,
        name: &str,
        default: u64,
        range: RangeInclusive<u64>,
    ) -> Result<u64, String> {
        match self.value(name)? {
            Some(value) if !range.contains(&value) => Err(format!(
                "`{name}` is from {} to {}",
                range.start(),
                range.end()
            )),
            value => Ok(value.unwrap_or(default)),
        }
    }

    /// Every parameter was looked at.
    pub(super) fn all_used(&self) -> Result<(), String> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => Err(format!("there is no parameter `{name}`")),
        }
    }
}

/// A text without its `+` and `%XX`.
fn decoded(text: &str) -> Result<String, String> {
    let wrong = || format!("{text:?} is no UTF-8 in percent encoding");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next(), rest.next()].map(Option::unwrap_or_default);
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err(wrong());
                }
                let digits = std::str::from_utf8(&digits).map_err(|_| wrong())?;
                u8::from_str_radix(digits, 16).map_err(|_| wrong())?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::Parameters;

    #[test]
    fn parameters_are_decoded_once_and_all_must_be_known() {
        let mut given = Parameters::read("a=1&b=%E7%94%A8+%2B&c&&d=x%20y").unwrap();
        assert_eq!(given.value("a"), Ok(Some(1)));
        assert_eq!(given.value::<u64>("a"), Ok(None));
        assert_eq!(given.text("b").as_deref(), Some("用 +"));
        assert_eq!(given.text("c").as_deref(), Some(""));
        assert!(given.all_used().is_err());
        assert!(given.value::<u64>("d").is_err());
        assert_eq!(given.all_used(), Ok(()));
        for wrong in ["a=%", "a=%2", "a=%+1", "a=%ff", "a=1&a=2"] {
            assert!(Parameters::read(wrong).is_err(), "{wrong}");
        }
        let mut given = Parameters::read("limit=11&other=-1").unwrap();
        assert!(given.limited("limit", 5, 1..=10).is_err());
        assert!(given.limited("other", 5, 1..=10).is_err());
        assert_eq!(given.limited("none", 5, 1..=10), Ok(5));
    }
}
