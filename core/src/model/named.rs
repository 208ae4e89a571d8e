//! Enums whose values have stable names: one line for each value, and everything
//! that follows from the names.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Deserializer, Visitor};

use crate::model::error::{Error, ErrorKind};

/// Defines an enum with `ALL`, `name`, `Display`, `FromStr` and serde by name.
///
/// What stands in parentheses is for the error about an unknown name: what it was to
/// name, and the kind of the error.
///
/// ```text
/// named! {
///     /// How a file keeps rows.
///     pub enum Format("the format", InvalidArgument) {
///         /// Comma-separated, with a header.
///         Csv => "csv",
///         /// A JSON object on each line.
///         Jsonl => "jsonl",
///     }
/// }
/// ```
macro_rules! named {
    (
        $(#[$about:meta])*
        pub enum $Enum:ident($what:literal, $kind:ident) {
            $($(#[$each:meta])* $Value:ident $(= $number:literal)? => $name:literal,)+
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $Enum {
            $($(#[$each])* $Value $(= $number)?,)+
        }

        const _: () = assert!(
            $crate::model::named::are_distinct(&[$($name),+]),
            "two values have one name"
        );

        impl $Enum {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$Value),+];

            /// The stable name, in lower snake case.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$Value => $name,)+
                }
            }
        }

        /// The [name](Self::name).
        impl std::fmt::Display for $Enum {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        /// By its [name](Self::name).
        impl std::str::FromStr for $Enum {
            type Err = $crate::model::error::Error;

            fn from_str(name: &str) -> $crate::model::error::Result<Self> {
                let known = Self::ALL.iter().find(|known| known.name() == name);
                known.copied().ok_or_else(|| {
                    let kind = $crate::model::error::ErrorKind::$kind;
                    $crate::model::named::unknown(kind, $what, name, &[$($name),+])
                })
            }
        }

        /// As its [name](Self::name).
        impl serde::Serialize for $Enum {
            fn serialize<S: serde::Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
                to.serialize_str(self.name())
            }
        }

        /// From its [name](Self::name).
        impl<'de> serde::Deserialize<'de> for $Enum {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
                $crate::model::named::deserialize(from, $what)
            }
        }
    };
}

/// The error about a name that no value has.
pub(crate) fn unknown(kind: ErrorKind, what: &str, name: &str, known: &[&str]) -> Error {
    let name = crate::model::text::shortened(name);
    let known = match known {
        [one] => format!("is not {one}"),
        [one, other] => format!("is neither {one} nor {other}"),
        [most @ .., last] => format!("is none of {} and {last}", most.join(", ")),
        [] => "has no value".to_owned(),
    };
    Error::new(kind, format!("{what} {name} {known}"))
}

/// A value from a text that names it.
pub(crate) fn deserialize<'de, D, T>(from: D, what: &'static str) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err = Error>,
{
    struct Text<T>(&'static str, PhantomData<T>);

    impl<T: FromStr<Err = Error>> Visitor<'_> for Text<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
            text.parse().map_err(E::custom)
        }
    }

    from.deserialize_str(Text(what, PhantomData))
}

/// Whether no two of these are the same; the compiler asks.
pub(crate) const fn are_distinct(names: &[&str]) -> bool {
    let mut one = 0;
    while one < names.len() {
        let mut other = one + 1;
        while other < names.len() {
            if is_same(names[one].as_bytes(), names[other].as_bytes()) {
                return false;
            }
            other += 1;
        }
        one += 1;
    }
    true
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
#[allow(unreachable_pub, reason = "the macro makes public enums")]
mod tests {
    use super::*;

    named! {
        /// For the tests.
        pub enum Fruit("the fruit", InvalidArgument) {
            /// One.
            Apple = 3 => "apple",
            /// Another.
            Pear => "pear",
        }
    }

    #[test]
    fn name_and_value_convert_into_each_other() {
        for fruit in Fruit::ALL {
            assert_eq!(fruit.name().parse::<Fruit>().unwrap(), *fruit);
            let json = serde_json::to_string(fruit).unwrap();
            assert_eq!(json, format!("{:?}", fruit.name()));
            assert_eq!(serde_json::from_str::<Fruit>(&json).unwrap(), *fruit);
        }
        assert_eq!(format!("{:>6}|", Fruit::Pear), "  pear|");
        assert_eq!((Fruit::Apple as i32, Fruit::ALL.len()), (3, 2));
    }

    #[test]
    fn unknown_name_is_refused_with_the_known_ones() {
        let error = "plum".parse::<Fruit>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert_eq!(
            error.to_string(),
            "the fruit \"plum\" is neither apple nor pear"
        );
        assert!(serde_json::from_str::<Fruit>("\"plum\"").is_err());
        assert!(serde_json::from_str::<Fruit>("3").is_err());
    }

    #[test]
    fn equal_names_are_found() {
        assert!(are_distinct(&["a", "b", "ab"]));
        assert!(!are_distinct(&["a", "b", "a"]));
    }
}
