//! Whom a push is for.

use std::cell::LazyCell;
use std::collections::HashSet;

use serde_json::{Map, Value};

use super::fields::Fields;
use super::request::Refusal;

/// One page limits the old `tag_list` of a push to so many tags.
const MAX_TAGS: usize = 500;

/// The kinds of tags: custom ones, and those that the service sets by itself.
const TAG_TYPES: [&str; 12] = [
    CUSTOM,
    "xg_auto_version",
    // As the samples misspell it.
    "xg_auto_verison",
    "xg_auto_province",
    "xg_auto_active",
    "xg_auto_sdkversion",
    "xg_auto_systemlanguage",
    "xg_auto_devicebrand",
    "xg_auto_deviceversion",
    "xg_auto_country",
    "xg_auto_systemversion",
    "xg_auto_city",
];
const CUSTOM: &str = "xg_user_define";

/// How accounts are read and reached.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Accounts {
    /// One type for the whole request.
    pub(crate) account_type: i64,
    /// Every device, or only the one that was bound last.
    pub(crate) every_device: bool,
}

/// Whom a push is for.
#[derive(Clone, Debug)]
pub(crate) enum Audience {
    All,
    Tag(TagCondition),
    Tokens {
        single: bool,
        tokens: Vec<String>,
    },
    Accounts {
        single: bool,
        names: Vec<String>,
        accounts: Accounts,
    },
    AccountPackage {
        upload_id: i64,
        accounts: Accounts,
    },
    TokenPackage {
        upload_id: i64,
    },
}

impl Audience {
    /// The word in `audience_type`.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Tag(_) => "tag",
            Self::Tokens { single: true, .. } => "token",
            Self::Tokens { .. } => "token_list",
            Self::Accounts { single: true, .. } => "account",
            Self::Accounts { .. } => "account_list",
            Self::AccountPackage { .. } => "package_account_push",
            Self::TokenPackage { .. } => "package_token_push",
        }
    }

    /// Pushes to all, to tags and to account packages are tasks of their own: at most one
    /// a second, and they can be scheduled.
    pub(crate) fn is_task(&self) -> bool {
        matches!(self, Self::All | Self::Tag(_) | Self::AccountPackage { .. })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    And,
    Or,
}

impl Operator {
    fn read(fields: Fields<'_>, name: &str) -> Result<Self, Refusal> {
        match fields.required_text(name)? {
            "AND" => Ok(Self::And),
            "OR" => Ok(Self::Or),
            _ => Err(fields.invalid(name, "is neither AND nor OR")),
        }
    }
}

/// A part of a condition, and how it joins the one before. The first one's is ignored.
#[derive(Clone, Debug)]
struct Joined<T> {
    operator: Operator,
    is_not: bool,
    part: T,
}

#[derive(Clone, Debug)]
struct TagItem {
    tags: Vec<String>,
    operator: Operator,
    is_custom: bool,
}

/// Which tags a device must have.
#[derive(Clone, Debug)]
pub(crate) struct TagCondition {
    rules: Vec<Joined<Vec<Joined<TagItem>>>>,
    /// The request's own words for it.
    pub(crate) written: Value,
    pub(crate) has_automatic: bool,
}

impl TagCondition {
    /// `tag_rules` wins over `tag_list`, which is older.
    pub(super) fn read(fields: Fields<'_>) -> Result<Self, Refusal> {
        let Some(rules) = fields.objects("tag_rules")? else {
            return Self::read_list(fields);
        };
        let rules = rules
            .into_iter()
            .map(read_rule)
            .collect::<Result<Vec<_>, _>>()?;
        let mut items = rules.iter().flat_map(|rule| &rule.part);
        Ok(Self {
            has_automatic: items.any(|item| !item.part.is_custom),
            written: fields.get("tag_rules").cloned().unwrap_or_default(),
            rules,
        })
    }

    fn read_list(fields: Fields<'_>) -> Result<Self, Refusal> {
        let list = fields
            .object("tag_list")?
            .ok_or_else(|| fields.missing("tag_rules or tag_list"))?;
        let list = Fields::inside(list, "tag_list.");
        let tags = list.required_texts("tags")?;
        if tags.len() > MAX_TAGS {
            return Err(list.invalid("tags", "has more than 500 tags"));
        }
        let item = Joined {
            operator: Operator::Or,
            is_not: false,
            part: TagItem {
                tags: tags.into_iter().map(str::to_owned).collect(),
                operator: Operator::read(list, "op")?,
                is_custom: true,
            },
        };
        Ok(Self {
            rules: vec![Joined {
                operator: Operator::Or,
                is_not: false,
                part: vec![item],
            }],
            written: fields.get("tag_list").cloned().unwrap_or_default(),
            has_automatic: false,
        })
    }

    /// The devices, of all that there are, that satisfy the condition.
    pub(crate) fn devices<'a>(
        &self,
        all: impl Fn() -> HashSet<&'a str>,
        tagged: impl Fn(&str) -> HashSet<&'a str>,
    ) -> HashSet<&'a str> {
        // Only what is negated needs them.
        let all = LazyCell::new(all);
        let others = |set: &HashSet<&'a str>| &*all - set;
        join(&self.rules, &others, |items| {
            join(items, &others, |item| {
                // The emulator knows nothing of what the service finds out by itself.
                let mut sets = item.tags.iter().map(|tag| {
                    if item.is_custom {
                        tagged(tag)
                    } else {
                        HashSet::new()
                    }
                });
                let first = sets.next().unwrap_or_default();
                sets.fold(first, |found, set| match item.operator {
                    Operator::And => &found & &set,
                    Operator::Or => &found | &set,
                })
            })
        })
    }
}

/// AND binds stronger than OR.
fn join<'a, T>(
    parts: &[Joined<T>],
    others: &impl Fn(&HashSet<&'a str>) -> HashSet<&'a str>,
    devices: impl Fn(&T) -> HashSet<&'a str>,
) -> HashSet<&'a str> {
    let mut found = HashSet::new();
    let mut product: Option<HashSet<&'a str>> = None;
    for part in parts {
        let set = devices(&part.part);
        let set = if part.is_not { others(&set) } else { set };
        product = Some(match product {
            Some(product) if part.operator == Operator::And => &product & &set,
            before => {
                found.extend(before.into_iter().flatten());
                set
            }
        });
    }
    found.extend(product.into_iter().flatten());
    found
}

fn read_rule(rule: &Map<String, Value>) -> Result<Joined<Vec<Joined<TagItem>>>, Refusal> {
    let fields = Fields::inside(rule, "tag_rules.");
    let items = fields
        .objects("tag_items")?
        .ok_or_else(|| fields.missing("tag_items"))?;
    Ok(Joined {
        operator: Operator::read(fields, "operator")?,
        is_not: required_flag(fields, "is_not")?,
        part: items.into_iter().map(read_item).collect::<Result<_, _>>()?,
    })
}

fn read_item(item: &Map<String, Value>) -> Result<Joined<TagItem>, Refusal> {
    let fields = Fields::inside(item, "tag_rules.tag_items.");
    let tags = fields.required_texts("tags")?;
    let tag_type = fields.required_text("tag_type")?;
    if !TAG_TYPES.contains(&tag_type) {
        return Err(fields.invalid("tag_type", "is no type of tags"));
    }
    Ok(Joined {
        operator: Operator::read(fields, "items_operator")?,
        is_not: required_flag(fields, "is_not")?,
        part: TagItem {
            tags: tags.into_iter().map(str::to_owned).collect(),
            operator: Operator::read(fields, "tags_operator")?,
            is_custom: tag_type == CUSTOM,
        },
    })
}

fn required_flag(fields: Fields<'_>, name: &str) -> Result<bool, Refusal> {
    if !fields.has(name) {
        return Err(fields.missing(name));
    }
    fields.flag(name)
}
