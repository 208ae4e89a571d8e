//! [`Ordered`]: names in their order, to search and to page among very many.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

/// The first eight bytes settle most comparisons without a look at the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key(u64, Arc<str>);

impl Key {
    fn new(name: Arc<str>) -> Self {
        let mut first = [0; 8];
        let length = name.len().min(8);
        first[..length].copy_from_slice(&name.as_bytes()[..length]);
        Self(u64::from_be_bytes(first), name)
    }
}

/// A set of names in the order of their bytes.
#[derive(Debug, Default)]
pub(crate) struct Ordered(BTreeSet<Key>);

impl Ordered {
    pub(crate) fn insert(&mut self, name: Arc<str>) {
        self.0.insert(Key::new(name));
    }

    pub(crate) fn remove(&mut self, name: &Arc<str>) {
        self.0.remove(&Key::new(name.clone()));
    }

    /// The names from a bound on.
    pub(crate) fn from(&self, start: Bound<&str>) -> impl Iterator<Item = &Arc<str>> {
        let start = start.map(|name| Key::new(Arc::from(name)));
        self.0
            .range((start, Bound::Unbounded))
            .map(|Key(_, name)| name)
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Bound;
    use std::sync::Arc;

    use super::Ordered;

    #[test]
    fn names_come_in_the_order_of_their_bytes_from_any_bound() {
        let mut sorted = [
            "",
            "\0",
            "a",
            "a\0",
            "aa",
            "abcdefgh",
            "abcdefgh\0",
            "abcdefghi",
            "b",
            "é",
            "用户",
        ];
        let mut ordered = Ordered::default();
        for name in sorted.iter().rev() {
            ordered.insert(Arc::from(*name));
        }
        sorted.sort_unstable();
        let listed =
            |start| -> Vec<String> { ordered.from(start).map(ToString::to_string).collect() };
        assert_eq!(listed(Bound::Unbounded), sorted);
        for (at, name) in sorted.iter().enumerate() {
            assert_eq!(listed(Bound::Included(name)), sorted[at..]);
            assert_eq!(listed(Bound::Excluded(name)), sorted[at + 1..]);
        }
        ordered.remove(&Arc::from("a"));
        ordered.remove(&Arc::from("not there"));
        assert_eq!(ordered.from(Bound::Unbounded).count(), sorted.len() - 1);
    }
}
