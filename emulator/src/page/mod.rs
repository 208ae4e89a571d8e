//! The page at `/`: its files, as they are.

use crate::response::http::HttpResponse;

/// The prefix of its files, after that of the control API.
pub(crate) const PREFIX: &str = "page/";

const FILES: [(&str, &str, &str); 12] = [
    (
        "index.html",
        "text/html; charset=utf-8",
        include_str!("index.html"),
    ),
    (
        "page.css",
        "text/css; charset=utf-8",
        include_str!("page.css"),
    ),
    ("api.js", SCRIPT, include_str!("api.js")),
    ("bindings.js", SCRIPT, include_str!("bindings.js")),
    ("data.js", SCRIPT, include_str!("data.js")),
    ("dom.js", SCRIPT, include_str!("dom.js")),
    ("faults.js", SCRIPT, include_str!("faults.js")),
    ("main.js", SCRIPT, include_str!("main.js")),
    ("pushes.js", SCRIPT, include_str!("pushes.js")),
    ("requests.js", SCRIPT, include_str!("requests.js")),
    ("settings.js", SCRIPT, include_str!("settings.js")),
    ("texts.js", SCRIPT, include_str!("texts.js")),
];
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Only what is here runs, and talks to this server; no other page shows it in a frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src data:; form-action 'none'; base-uri 'none'; \
    frame-ancestors 'none'";

/// The file of that name.
pub(crate) fn file(name: &str) -> Option<HttpResponse> {
    let (_, content_type, text) = FILES.iter().find(|(own, _, _)| *own == name)?;
    let mut response = HttpResponse::new(200, *content_type, text.as_bytes().to_vec());
    for (header, value) in [
        ("Content-Security-Policy", POLICY),
        ("X-Content-Type-Options", "nosniff"),
        // Another version of the program may be there the next time.
        ("Cache-Control", "no-cache"),
    ] {
        response.headers.push((header.into(), value.into()));
    }
    Some(response)
}
