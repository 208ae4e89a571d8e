//! The fields of a JSON object, read by name and type: for the endpoints whose requests
//! are of many kinds. What is null counts as missing (1008002), a wrong type is 1008007.

use serde_json::{Map, Value};

use super::request::Refusal;
use crate::protocol::codes;

/// An object, and where it stands in the request.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    map: &'a Map<String, Value>,
    /// Its path with a dot behind it; empty for the request itself.
    path: &'a str,
}

/// The whole body as an object.
pub(crate) fn read_object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let parse_error = |text: &str| Refusal {
        code: codes::UNPARSABLE,
        message: format!("parameter parse error: {text}").into(),
    };
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(parse_error("the body is no JSON object")),
        Err(error) => Err(parse_error(&error.to_string())),
    }
}

impl<'a> Fields<'a> {
    pub(crate) fn of(map: &'a Map<String, Value>) -> Self {
        Self { map, path: "" }
    }

    /// An object inside, whose path ends in a dot.
    pub(crate) fn inside(map: &'a Map<String, Value>, path: &'a str) -> Self {
        Self { map, path }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(crate) fn missing(&self, name: &str) -> Refusal {
        Refusal::missing(&format!("{}{name}", self.path))
    }

    pub(crate) fn invalid(&self, name: &str, what: &str) -> Refusal {
        Refusal::invalid(format!("invalid parameter: {}{name} {what}", self.path))
    }

    fn typed<T>(
        &self,
        name: &str,
        what: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => read(value)
                .map(Some)
                .ok_or_else(|| self.invalid(name, what)),
        }
    }

    fn required<T>(&self, name: &str, found: Option<T>) -> Result<T, Refusal> {
        found.ok_or_else(|| self.missing(name))
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, Refusal> {
        self.typed(name, "is no text", Value::as_str)
    }

    /// A text that is there and not empty.
    pub(crate) fn required_text(&self, name: &str) -> Result<&'a str, Refusal> {
        let found = self.text(name)?.filter(|text| !text.is_empty());
        self.required(name, found)
    }

    pub(crate) fn int(&self, name: &str) -> Result<Option<i64>, Refusal> {
        self.typed(name, "is no integer", Value::as_i64)
    }

    pub(crate) fn required_int(&self, name: &str) -> Result<i64, Refusal> {
        let found = self.int(name)?;
        self.required(name, found)
    }

    /// An integer that is one of a range.
    pub(crate) fn int_in(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<i64>,
    ) -> Result<Option<i64>, Refusal> {
        match self.int(name)? {
            Some(number) if !range.contains(&number) => {
                let (least, most) = (range.start(), range.end());
                Err(self.invalid(name, &format!("is not in [{least},{most}]")))
            }
            number => Ok(number),
        }
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        let found = self.typed(name, "is neither true nor false", Value::as_bool)?;
        Ok(found.unwrap_or(false))
    }

    pub(crate) fn object(&self, name: &str) -> Result<Option<&'a Map<String, Value>>, Refusal> {
        self.typed(name, "is no object", Value::as_object)
    }

    pub(crate) fn required_object(&self, name: &str) -> Result<&'a Map<String, Value>, Refusal> {
        let found = self.object(name)?;
        self.required(name, found)
    }

    pub(crate) fn list(&self, name: &str) -> Result<Option<&'a Vec<Value>>, Refusal> {
        self.typed(name, "is no list", Value::as_array)
    }

    /// A list of texts, each not empty; a list that is empty counts as missing.
    pub(crate) fn texts(&self, name: &str) -> Result<Option<Vec<&'a str>>, Refusal> {
        let Some(list) = self.list(name)?.filter(|list| !list.is_empty()) else {
            return Ok(None);
        };
        let texts = list.iter().map(|value| {
            let text = value.as_str().filter(|text| !text.is_empty());
            text.ok_or_else(|| self.invalid(name, "has an element that is no text"))
        });
        texts.collect::<Result<_, _>>().map(Some)
    }

    pub(crate) fn required_texts(&self, name: &str) -> Result<Vec<&'a str>, Refusal> {
        let found = self.texts(name)?;
        self.required(name, found)
    }

    /// A list of objects; a list that is empty counts as missing.
    pub(crate) fn objects(
        &self,
        name: &str,
    ) -> Result<Option<Vec<&'a Map<String, Value>>>, Refusal> {
        let Some(list) = self.list(name)?.filter(|list| !list.is_empty()) else {
            return Ok(None);
        };
        let objects = list.iter().map(|value| {
            let object = value.as_object();
            object.ok_or_else(|| self.invalid(name, "has an element that is no object"))
        });
        objects.collect::<Result<_, _>>().map(Some)
    }

    /// A text or an integer, as text: ids come in both forms.
    pub(crate) fn id(&self, name: &str) -> Result<Option<String>, Refusal> {
        self.typed(name, "is neither a text nor an integer", |value| {
            let number = || value.as_u64().map(|number| number.to_string());
            value.as_str().map(str::to_owned).or_else(number)
        })
    }
}
