"""Writes the notices of what is compiled into a package: of its crates, for which
each licence that permits wants its text to travel with the binary.

    notices.py PACKAGE > PATH/THIRD-PARTY-LICENSES

The texts are those that the crates ship, the names those of `cargo metadata`."""

import json
import re
import subprocess
import sys
from pathlib import Path

#: The machines for which there are wheels and archives.
TARGETS = ("x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu")
LICENCE = re.compile(r"(?i)^(un)?licen[cs]e|^copying|^copyright|^notice")
#: Where crates keep licences of what they took in from elsewhere.
FOLDERS = ("src", "third_party", "LICENSES")
RULE = "=" * 78

#: What the compiler adds: not a crate of the metadata.
STANDARD_LIBRARY = """\
The standard library of Rust <https://www.rust-lang.org>, with the crates that it is
made of (backtrace, cfg-if, gimli, hashbrown, libc, rustc-demangle and others)

Offered under MIT OR Apache-2.0; taken under MIT:

Copyright (c) The Rust Project Developers (see https://thanks.rust-lang.org)
Copyright (c) 2014 Alex Crichton
Copyright (c) 2015 The Rust Project Developers
Copyright (c) 2016 Amanieu d'Antras
"""


def cargo(*arguments):
    run = subprocess.run(["cargo", *arguments], check=True, stdout=subprocess.PIPE)
    return run.stdout.decode()


def compiled_in(package):
    """(name, version) of the crates whose code is in the binary: build scripts and
    macros only make some of it."""
    crates = set()
    for target in TARGETS:
        crates.update(
            tuple(line.split()[:2])
            for line in cargo(
                *("tree", "--locked", "--package", package, "--target", target),
                *("--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}"),
            ).splitlines()
        )
    return {(name, version.lstrip("v")) for name, version in crates}


def licence_files(folder):
    shipped = [path for path in folder.iterdir() if LICENCE.match(path.name)]
    for inner in FOLDERS:
        shipped += [path for path in (folder / inner).rglob("*") if LICENCE.match(path.name)]
    return sorted(
        path for path in shipped if path.is_file() and path.suffix in ("", ".txt", ".md")
    )


def taken(crate):
    """The texts under which the crate is taken: MIT if that is offered."""
    files = licence_files(Path(crate["manifest_path"]).parent)
    offered = re.split(r" OR |/", crate["license"] or "")
    if "MIT" in offered:
        chosen = [path for path in files if re.search("MIT|COPYRIGHT|NOTICE", path.name.upper())]
        if any("MIT" in path.name.upper() for path in chosen):
            return chosen
    return files


def described(crate):
    """The lines that name a crate."""
    line = f"{crate['name']} {crate['version']}: {crate['license']}"
    return f"{line}\n  {crate['repository']}" if crate["repository"] else line


def notices(package):
    wanted = compiled_in(package)
    metadata = json.loads(cargo("metadata", "--locked", "--format-version", "1"))
    crates = [
        crate
        for crate in metadata["packages"]
        if (crate["name"], crate["version"]) in wanted and crate["source"]
    ]
    texts = {}
    without = []
    for crate in sorted(crates, key=lambda crate: (crate["name"], crate["version"])):
        files = taken(crate)
        for path in files:
            text = path.read_text(encoding="utf-8").replace("\r\n", "\n").strip("\n")
            of = texts.setdefault(" ".join(text.split()), (text, []))[1]
            if crate not in of:
                of.append(crate)
        if not files:
            without.append(crate)
    mit = Path("LICENSE-MIT").read_text(encoding="utf-8").partition("Permission is")
    yield f"What is compiled into {package} beside its own code, and its licences."
    yield STANDARD_LIBRARY + "\n" + (mit[1] + mit[2]).strip("\n")
    for text, of in texts.values():
        yield "\n".join(map(described, of)) + "\n\n" + text
    for crate in without:
        authors = ", ".join(crate["authors"]) or "its authors"
        yield f"{described(crate)}\n\nNo text comes with it. Copyright: {authors}."


if __name__ == "__main__":
    print(("\n\n" + RULE + "\n\n").join(notices(sys.argv[1])))
