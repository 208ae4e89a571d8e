"""docs_check.py links: every relative link of the Markdown documents leads to a file,
and to a heading where it names one.
docs_check.py entries HEADER FOLDER: every function, type and constant of the header
has an entry in the HTML of FOLDER.
docs_check.py site FOLDER: every link between the pages of FOLDER leads to a file and to
an anchor in it, and no page loads anything from another host."""

import os
import re
import sys
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

BUILT = {"target", "build", "dist", "site"}
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
DECLARED = re.compile(
    r"^#define (XG_\w+)|^} (xg_\w+);|^typedef struct \w+ (xg_\w+);|^typedef .*\(\*(xg_\w+)\)"
    r"|^  (XG_\w+) =|^[a-z][^(]*\b(xg_\w+)\(",
    re.M,
)


def anchors(markdown: str) -> "set[str]":
    """The anchors of the headings, as the usual hosts make them."""
    headings = re.findall(r"^#+ +(.*)$", markdown, re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def pages() -> "list[Path]":
    found = []
    for folder, folders, files in os.walk("."):
        folders[:] = [name for name in folders if name not in BUILT and name[0] != "."]
        found += [Path(folder, name) for name in files if name.endswith(".md")]
    return sorted(found)


def links() -> "tuple[int, list[str]]":
    seen, bad = 0, []
    for page in pages():
        text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.M | re.S)
        for link in LINK.findall(text):
            if re.match(r"[a-z]+:", link):
                continue
            seen += 1
            name, _, anchor = link.partition("#")
            there = page.parent / name if name else page
            if not there.exists():
                bad.append(f"{page}: {link} does not exist")
            elif anchor and anchor not in anchors(there.read_text("utf-8")):
                bad.append(f"{page}: {link} has no such heading")
    return seen, bad


def entries(header: str, folder: str) -> "tuple[int, list[str]]":
    html = Path(folder, "html")
    texts = {page.name: page.read_text("utf-8") for page in html.glob("*.html")}
    tags = ElementTree.parse(Path(folder, "xgpush.tag")).getroot()
    found = set()
    for entry in [*tags.iter("member"), *tags.iter("enumvalue")]:
        page = entry.get("file") or entry.findtext("anchorfile") or ""
        anchor = entry.get("anchor") or entry.findtext("anchor")
        if f'id="{anchor}"' in texts.get(page, ""):
            found.add(entry.text if entry.tag == "enumvalue" else entry.findtext("name"))
    declared = DECLARED.findall(Path(header).read_text("utf-8"))
    names = sorted({name for names in declared for name in names if name})
    return len(names), [f"{name} has no entry" for name in names if name not in found]


class Page(HTMLParser):
    """The anchors of a page, its links, and what it loads."""

    def __init__(self, path: Path):
        super().__init__()
        self.anchors: "set[str]" = set()
        self.links: "set[str]" = set()
        self.loads: "set[str]" = set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: "list[tuple[str, str | None]]") -> None:
        has = {name: value for name, value in attrs if value}
        self.anchors |= {has[name] for name in ("id", "name") if name in has}
        if "href" in has:
            passive = tag == "a" or has.get("rel") in ("canonical", "index", "search", "next", "prev")
            (self.links if passive else self.loads).add(has["href"])
        if "src" in has:
            self.loads.add(has["src"])


def site(folder: str) -> "tuple[int, list[str]]":
    pages = {path.resolve(): Page(path) for path in Path(folder).rglob("*.html")}
    seen, bad = 0, []
    for path, page in pages.items():
        for link in page.links | page.loads:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                if link in page.loads and parts.scheme not in ("data", "javascript"):
                    bad.append(f"{path}: loads {link}")
                continue
            # rustdoc and doxygen name these also where there are none.
            if "trait.impl/" in parts.path or link == "#nested-classes":
                continue
            seen += 1
            there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            # The sources in the reference of Rust: lines 12-34 begin at 12.
            anchor = re.sub(r"^(\d+)-\d+$", r"\1", parts.fragment)
            if not there.exists():
                bad.append(f"{path}: {link} does not exist")
            elif anchor and there in pages and pages[there].anchors.isdisjoint({anchor, unquote(anchor)}):
                bad.append(f"{path}: {link} has no such anchor")
    return seen, sorted(bad)


def main() -> int:
    what, *rest = sys.argv[1:]
    count, bad = {"links": links, "entries": entries, "site": site}[what](*rest)
    for line in bad:
        print(line, file=sys.stderr)
    print(f"{count} {'links of the site' if what == 'site' else what}, {len(bad)} bad")
    return 1 if bad or count == 0 else 0


sys.exit(main())
