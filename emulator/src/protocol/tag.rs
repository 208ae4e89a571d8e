//! Requests of the tag endpoints.

use super::fields::{Fields, read_object};
use super::request::Refusal;
use crate::config::{Config, LengthUnit, Version};

/// Documented for lists of tags and tokens.
const MAX_LIST: usize = 500;
const MAX_TAG: usize = 50;

/// What a request of `/v3/device/tag` changes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TagChange {
    /// Operators 1, 3, 7 and 9: pairs of token and tag.
    Add(Vec<(String, String)>),
    /// Operators 2, 4, 8 and 10.
    Remove(Vec<(String, String)>),
    /// Operator 5.
    Clear { token: String },
    /// Operator 6.
    Overwrite { token: String, tags: Vec<String> },
    /// `/v3/device/tag/delete_all_device`.
    Delete { tags: Vec<String> },
}

impl TagChange {
    /// The documents call these asynchronous.
    pub(crate) fn is_async(&self) -> bool {
        !matches!(self, Self::Add(_) | Self::Remove(_))
    }

    pub(crate) fn tokens(&self) -> Vec<&str> {
        match self {
            Self::Add(pairs) | Self::Remove(pairs) => pairs.iter().map(|(t, _)| &**t).collect(),
            Self::Clear { token } | Self::Overwrite { token, .. } => vec![token],
            Self::Delete { .. } => Vec::new(),
        }
    }

    pub(crate) fn tags(&self) -> Vec<&str> {
        match self {
            Self::Add(pairs) | Self::Remove(pairs) => pairs.iter().map(|(_, t)| &**t).collect(),
            Self::Clear { .. } => Vec::new(),
            Self::Overwrite { tags, .. } | Self::Delete { tags } => {
                tags.iter().map(String::as_str).collect()
            }
        }
    }
}

/// A valid request.
#[derive(Debug)]
pub(crate) struct TagRequest {
    pub(crate) change: TagChange,
    pub(crate) seq: i64,
    pub(crate) warnings: Vec<&'static str>,
}

const ONE_TAG: &str = "tag_list has more than one tag: this operator takes the first, the others \
    are ignored";
const ONE_TOKEN: &str = "token_list has more than one token: this operator takes the first, the \
    others are ignored";
const BLANK: &str = "a tag has blanks: the client SDKs remove them";

/// Reads a body of `/v3/device/tag`.
pub(crate) fn read(body: &[u8], config: &Config) -> Result<TagRequest, Refusal> {
    let map = read_object(body)?;
    let fields = Fields::of(&map);
    let seq = fields.int("seq")?.unwrap_or(0);
    let operator = fields.required_int("operator_type")?;
    if !(1..=10).contains(&operator) {
        return Err(fields.invalid("operator_type", "is not in [1,10]"));
    }
    platform_is_right(fields, config)?;
    let mut warnings = Vec::new();
    let change = match operator {
        1 | 2 | 7 | 8 => {
            let tags = tag_list(fields, config)?;
            let tokens = token_list(fields, config)?;
            if tags.len() > 1 {
                warnings.push(ONE_TAG);
            }
            if operator < 7 && tokens.len() > 1 {
                warnings.push(ONE_TOKEN);
            }
            let tokens = tokens
                .into_iter()
                .take(if operator < 7 { 1 } else { MAX_LIST });
            let pairs = tokens.map(|token| (token, tags[0].clone())).collect();
            pairs_change(operator, pairs)
        }
        3 | 4 | 6 => {
            let tags = tag_list(fields, config)?;
            let token = one_token(fields, config, &mut warnings)?;
            if operator == 6 {
                TagChange::Overwrite { token, tags }
            } else {
                let pairs = tags.into_iter().map(|tag| (token.clone(), tag)).collect();
                pairs_change(operator, pairs)
            }
        }
        5 => TagChange::Clear {
            token: one_token(fields, config, &mut warnings)?,
        },
        _ => pairs_change(operator, pairs(fields, config)?),
    };
    if change.tags().iter().any(|tag| tag.contains(' ')) {
        warnings.push(BLANK);
    }
    Ok(TagRequest {
        change,
        seq,
        warnings,
    })
}

/// Reads a body of `/v3/device/tag/delete_all_device`.
pub(crate) fn read_delete(body: &[u8], config: &Config) -> Result<TagRequest, Refusal> {
    let map = read_object(body)?;
    let fields = Fields::of(&map);
    let seq = fields.int("seq")?.unwrap_or(0);
    platform_is_right(fields, config)?;
    Ok(TagRequest {
        change: TagChange::Delete {
            tags: tag_list(fields, config)?,
        },
        seq,
        warnings: Vec::new(),
    })
}

fn pairs_change(operator: i64, pairs: Vec<(String, String)>) -> TagChange {
    if operator % 2 == 1 {
        TagChange::Add(pairs)
    } else {
        TagChange::Remove(pairs)
    }
}

/// `platform` was required until 2021.
fn platform_is_right(fields: Fields<'_>, config: &Config) -> Result<(), Refusal> {
    if config.version == Version::Tpns {
        return Ok(());
    }
    let platform = fields.required_text("platform")?;
    if platform.eq_ignore_ascii_case("android") || platform.eq_ignore_ascii_case("ios") {
        Ok(())
    } else {
        Err(fields.invalid("platform", "is neither android nor ios"))
    }
}

fn max_token(config: &Config) -> usize {
    match config.version {
        Version::Tpns => 36,
        Version::TpnsWithPlatform | Version::XgV3 => 64,
    }
}

fn tag(fields: Fields<'_>, name: &str, tag: &str, config: &Config) -> Result<String, Refusal> {
    let length = match config.tag_length {
        LengthUnit::Bytes => tag.len(),
        LengthUnit::Characters => tag.chars().count(),
    };
    if length > MAX_TAG {
        return Err(fields.invalid(name, "has a tag that is longer than 50"));
    }
    Ok(tag.to_owned())
}

fn token(fields: Fields<'_>, name: &str, token: &str, config: &Config) -> Result<String, Refusal> {
    let most = max_token(config);
    if token.chars().count() > most {
        let what = format!("has a token that is longer than {most} characters");
        return Err(fields.invalid(name, &what));
    }
    Ok(token.to_owned())
}

fn tag_list(fields: Fields<'_>, config: &Config) -> Result<Vec<String>, Refusal> {
    let tags = fields.required_texts("tag_list")?;
    if tags.len() > MAX_LIST {
        return Err(fields.invalid("tag_list", "has more than 500 tags"));
    }
    tags.into_iter()
        .map(|text| tag(fields, "tag_list", text, config))
        .collect()
}

fn token_list(fields: Fields<'_>, config: &Config) -> Result<Vec<String>, Refusal> {
    let tokens = fields.required_texts("token_list")?;
    if tokens.len() > MAX_LIST {
        return Err(fields.invalid("token_list", "has more than 500 tokens"));
    }
    tokens
        .into_iter()
        .map(|text| token(fields, "token_list", text, config))
        .collect()
}

fn one_token(
    fields: Fields<'_>,
    config: &Config,
    warnings: &mut Vec<&'static str>,
) -> Result<String, Refusal> {
    let mut tokens = token_list(fields, config)?;
    if tokens.len() > 1 {
        warnings.push(ONE_TOKEN);
    }
    Ok(tokens.swap_remove(0))
}

/// Objects; legacy XG writes pairs as lists.
fn pairs(fields: Fields<'_>, config: &Config) -> Result<Vec<(String, String)>, Refusal> {
    const NAME: &str = "tag_token_list";
    let list = fields.list(NAME)?.filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| fields.missing(NAME))?;
    if list.len() > config.max_tag_pairs {
        let most = config.max_tag_pairs;
        return Err(fields.invalid(NAME, &format!("has more than {most} pairs")));
    }
    list.iter()
        .map(|pair| {
            let (tag_text, token_text) = match (pair.as_object(), pair.as_array()) {
                (Some(map), _) => {
                    let pair = Fields::inside(map, "tag_token_list.");
                    (pair.required_text("tag")?, pair.required_text("token")?)
                }
                (None, Some(list)) if config.version == Version::XgV3 => {
                    let texts: Vec<&str> = list.iter().filter_map(|value| value.as_str()).collect();
                    match texts[..] {
                        [tag, token] if !tag.is_empty() && !token.is_empty() => (tag, token),
                        _ => return Err(fields.invalid(NAME, "has no pair of texts")),
                    }
                }
                _ => return Err(fields.invalid(NAME, "has an element that is no object")),
            };
            Ok((
                token(fields, NAME, token_text, config)?,
                tag(fields, NAME, tag_text, config)?,
            ))
        })
        .collect()
}
