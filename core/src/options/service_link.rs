//! Variables that Kubernetes and Docker invent for a service whose name begins like
//! ours: "Discovering services: environment variables" and "Legacy container links".

/// Whether a variable, without our prefix, is one of them.
pub(super) fn is_one(name: &str, value: &str) -> bool {
    is_service(name) || is_port(name, value) || is_container(name, value)
}

/// `SERVICE_HOST`, `SERVICE_PORT` and `SERVICE_PORT_HTTP`, behind the rest of the
/// service's name or not.
fn is_service(name: &str) -> bool {
    after_word(name, "SERVICE_")
        .any(|what| matches!(what, "HOST" | "PORT") || what.starts_with("PORT_"))
}

/// `PORT` with an address, `PORT_80_TCP`, `PORT_80_TCP_ADDR`.
fn is_port(name: &str, value: &str) -> bool {
    const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];
    if name == "PORT" || name.ends_with("_PORT") {
        let scheme = value.split_once("://").map(|(scheme, _)| scheme);
        return scheme.is_some_and(|s| PROTOCOLS.contains(&s.to_ascii_uppercase().as_str()))
            || after_word(name, "PORT_").any(|rest| is_port_rest(rest, &PROTOCOLS));
    }
    after_word(name, "PORT_").any(|rest| is_port_rest(rest, &PROTOCOLS))
}

/// `80_TCP`, and one of its parts.
fn is_port_rest(rest: &str, protocols: &[&str]) -> bool {
    let words: Vec<&str> = rest.split('_').collect();
    let numbers = words
        .iter()
        .take_while(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit()))
        .count();
    let tail = &words[numbers..];
    numbers > 0
        && tail.first().is_some_and(|word| protocols.contains(word))
        && match tail[1..] {
            [] => true,
            [part] => matches!(part, "PROTO" | "PORT" | "ADDR" | "START" | "END"),
            _ => false,
        }
}

/// `NAME` with the path of a link, `ENV_` and a variable of the other container.
fn is_container(name: &str, value: &str) -> bool {
    let named = name == "NAME" || name.ends_with("_NAME");
    let of_other = after_word(name, "ENV_").any(|rest| !rest.is_empty());
    named && value.starts_with('/') || of_other
}

/// What follows this word, wherever it begins the name or stands behind a `_`: a
/// service may be called by such a word itself.
fn after_word<'a>(name: &'a str, word: &'a str) -> impl Iterator<Item = &'a str> {
    let places = name.match_indices(word);
    let whole = places.filter(|(at, _)| *at == 0 || name[..*at].ends_with('_'));
    whole.map(|(at, _)| &name[at + word.len()..])
}
