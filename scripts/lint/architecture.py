#!/usr/bin/env python3
"""Checks who imports whom, and draws the layers of core.

    architecture.py check        imports go down only; no circle in any folder
    architecture.py self-check   shows that planted imports are found
    architecture.py draw FILE    writes the picture of DESIGN.md

A module of core imports modules of lower layers only. In every folder, of every crate
and of the Python package, the files import each other without a circle. Tests are free.
"""

import ast
import re
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# The layers of core/src from the bottom up: module, job.
LAYERS = [
    [("model", "tokens, accounts, operations, outcomes, codes, errors")],
    [
        ("protocol", "rules, JSON, signing, responses"),
        ("ordering", "batches; what may be sent now"),
        ("sys", "clock, threads, fork, file locks"),
    ],
    [("options", "the table of options, the configuration")],
    [
        ("retry", "again? when? how often?"),
        ("transport", "HTTP over ureq, or the host's own"),
    ],
    [
        ("progress", "the outcomes of a call so far"),
        ("delivery", "what goes next, until all is done"),
    ],
    [("fleet", "one order for many processes")],
    [("over_redis", "the fleet's engine")],
    [
        ("engine", "one signed request; the worker pool"),
        ("fleet_admin", "what an operator asks a fleet"),
    ],
    [("client", "blocking calls"), ("exchange", "the protocol without I/O")],
    [
        ("sync", "a wanted state"),
        ("bulk", "a stream of rows"),
        ("outbox", "background delivery"),
    ],
    [("apply", "a file of rows")],
]

# Decisions over values: nothing here may touch the world.
PURE = ["model", "protocol", "ordering", "retry", "delivery", "fleet"]
WORLD = re.compile(
    r"\bstd::(fs|process|thread|env)\b|\b(TcpStream|TcpListener|UdpSocket|ToSocketAddrs)\b|\b(Instant|SystemTime)::now\b|\b(rustix|libc|ureq|rusqlite)::"
)

CRATES = ["core/src", "ffi/src", "python/src", "emulator/src"]
PACKAGE = "python/xgpush"
PICTURE = "docs/architecture.svg"


def main(command, *args):
    if command == "check":
        return report(check(ROOT) + stale(ROOT))
    if command == "self-check":
        return self_check()
    if command == "draw":
        Path(args[0]).write_text(draw(), encoding="utf-8")
        return 0
    sys.exit(__doc__)


def report(findings):
    for finding in findings:
        print(finding, file=sys.stderr)
    return 1 if findings else 0


def check(root):
    findings = []
    for crate in CRATES:
        modules = RustCrate(root / crate)
        findings += circles(modules.imports(), crate)
        if crate == "core/src":
            findings += upward(modules)
            findings += impure(modules)
    findings += circles(python_imports(root / PACKAGE), PACKAGE)
    return findings


def stale(root):
    """What DESIGN.md shows and names, against what is there."""
    findings = []
    if (root / PICTURE).read_text(encoding="utf-8") != draw():
        findings.append(f"{PICTURE} is stale: scripts/lint/architecture.py draw {PICTURE}")
    text = (root / "DESIGN.md").read_text(encoding="utf-8")
    for path in re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", text):
        if not (root / path).exists() and not (root / "core/src" / path).exists():
            findings.append(f"DESIGN.md names {path}, which is not there")
    return findings


def upward(modules):
    """Imports of core that do not go to a lower layer."""
    level = {name: at for at, layer in enumerate(LAYERS) for name, _ in layer}
    findings = [
        f"core/src: {name} is in no layer of scripts/lint/architecture.py"
        for name in sorted({m[0] for m in modules.files} - set(level))
    ]
    for (user, used), where in sorted(modules.imports().items()):
        one, other = user[0], used[0]
        if one != other and level.get(one, 0) <= level.get(other, 0):
            findings.append(
                f"{where}: {one} imports {other}, which is not below it "
                "(LAYERS in scripts/lint/architecture.py)"
            )
    return findings


def impure(modules):
    findings = []
    for module, path in sorted(modules.files.items()):
        if module[0] in PURE:
            for found in WORLD.finditer(modules.code(path)):
                findings.append(f"{path}: {module[0]} is pure and uses {found[0]}")
    return findings


def circles(imports, where):
    """Circles between the children of one folder, for every folder."""
    folders = {}
    for user, used in imports:
        depth = 0
        while depth < min(len(user), len(used)) and user[depth] == used[depth]:
            depth += 1
        if depth < min(len(user), len(used)):
            edges = folders.setdefault(user[:depth], {})
            edges.setdefault(user[depth], set()).add(used[depth])
    return [
        f"{where}/{'/'.join(folder)}: a circle: {' -> '.join(circle)}"
        for folder, edges in sorted(folders.items())
        if (circle := find_circle(edges))
    ]


def find_circle(edges):
    done, path = set(), []

    def visit(node):
        if node in path:
            return path[path.index(node) :] + [node]
        if node in done:
            return None
        path.append(node)
        for target in sorted(edges.get(node, ())):
            if circle := visit(target):
                return circle
        path.pop()
        done.add(node)
        return None

    for node in sorted(edges):
        if circle := visit(node):
            return circle
    return None


class RustCrate:
    """The modules of a crate, as tuples of names, and their imports."""

    def __init__(self, src):
        self.src = src
        self.files = {}
        for path in sorted(src.rglob("*.rs")):
            module = path.relative_to(src).with_suffix("").parts
            if module[-1] == "mod":
                module = module[:-1]
            is_test = any(part == "tests" or part.endswith("_tests") for part in module)
            if not is_test and module not in [("lib",), ("main",)]:
                self.files[module] = path

    def code(self, path):
        """Its text without comments and without what only tests compile."""
        text = re.sub(r"//[^\n]*", "", path.read_text(encoding="utf-8"))
        text = re.sub(r"\n#\[cfg\((?:all\()?test\b.*?\]\nmod \w+ \{\n.*?\n\}", "\n", text, flags=re.S)
        return text

    def imports(self):
        found = {}
        for module, path in self.files.items():
            for target in self.paths(module, self.code(path)):
                used = self.module_of(target)
                if used and used != module:
                    found.setdefault((module, used), path)
        return found

    def paths(self, module, code):
        """Every path from the crate or a parent, as a tuple of names."""
        for start, rest in re.findall(r"\b(crate|super(?:::super)*)((?:::\w+)+)", code):
            yield self.absolute(module, start) + tuple(rest.split("::")[1:])
        for start, rest, group in re.findall(
            r"\buse (crate|super(?:::super)*)((?:::\w+)*)::\{([^;]*)\};", code
        ):
            base = self.absolute(module, start) + tuple(rest.split("::")[1:])
            for name in re.findall(r"(?:^|,)\s*(\w+(?:::\w+)*)", group):
                yield base + tuple(name.split("::"))

    def absolute(self, module, start):
        if start == "crate":
            return ()
        return module[: len(module) - len(start.split("::"))]

    def module_of(self, target):
        """The longest beginning of a path that is a module."""
        for length in range(len(target), 0, -1):
            if target[:length] in self.files:
                return target[:length]
        return None


def python_imports(package):
    files = {}
    for path in sorted(package.rglob("*.py")):
        module = path.relative_to(package).with_suffix("").parts
        files[module[:-1] if module[-1] == "__init__" else module] = path
    found = {}
    for module, path in files.items():
        if not module:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in top_level(tree.body):
            if not isinstance(node, ast.ImportFrom) or not node.level:
                continue
            folder = module if path.name == "__init__.py" else module[:-1]
            base = folder[: len(folder) - (node.level - 1)]
            base += tuple(node.module.split(".")) if node.module else ()
            for alias in node.names:
                for used in (base + (alias.name,), base):
                    if used in files and used != module and used:
                        found.setdefault((module, used), path)
                        break
    return found


def top_level(body):
    """Statements that run at import; what only a type checker reads is left out."""
    for node in body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node
        for part in ("body", "orelse", "handlers", "finalbody"):
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield from top_level(getattr(node, part, []))


PLANTED = [
    ("core/src/model/key.rs", "use crate::client::Client;", "model imports client"),
    ("core/src/retry/mod.rs", "use crate::engine as _;", "retry imports engine"),
    ("core/src/protocol/rules.rs", "use std::net::TcpStream;", "is pure"),
    ("core/src/outbox/stats.rs", "use super::worker::Worker;", "a circle"),
]


def self_check():
    """Each planted import must be found."""
    missed = []
    for path, line, expected in PLANTED:
        with tempfile.TemporaryDirectory() as folder:
            for part in [*CRATES, PACKAGE]:
                shutil.copytree(
                    ROOT / part,
                    Path(folder) / part,
                    ignore=shutil.ignore_patterns("*.so", "__pycache__"),
                )
            target = Path(folder) / path
            target.write_text(f"{line}\n{target.read_text(encoding='utf-8')}", encoding="utf-8")
            found = "\n".join(check(Path(folder)))
            if expected not in found:
                missed.append(f"{line!r} in {path} was not found: {found or 'nothing'}")
    return report(missed)


WIDTH, BOX, GAP, ROW = 860, 64, 14, 84


def draw():
    """The layers, the highest first, as SVG for light and dark pages."""
    height = ROW * len(LAYERS) + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'role="img" font-family="system-ui, sans-serif">',
        "<title>The layers of core: a module imports modules of lower layers only</title>",
        "<style>",
        ".box{fill:#eef3fb;stroke:#5b7db1}.pure{fill:#eef7ee;stroke:#5f9a5f}",
        ".name{font-size:16px;font-weight:600;fill:#1b2a41}.job{font-size:12px;fill:#44546a}",
        "@media (prefers-color-scheme:dark){.box{fill:#1d2a3d;stroke:#7f9fd0}",
        ".pure{fill:#1c2f22;stroke:#7fb98a}.name{fill:#e8eef8}.job{fill:#b3c0d3}}",
        "</style>",
    ]
    for row, layer in enumerate(reversed(LAYERS)):
        width = (WIDTH - GAP * (len(layer) + 1)) / len(layer)
        for column, (name, job) in enumerate(layer):
            x = GAP + column * (width + GAP)
            y = GAP + row * ROW
            kind = "pure" if name in PURE else "box"
            middle = x + width / 2
            parts += [
                f'<rect class="{kind}" x="{x:.0f}" y="{y}" width="{width:.0f}" '
                f'height="{BOX}" rx="8"/>',
                f'<text class="name" x="{middle:.0f}" y="{y + 27}" '
                f'text-anchor="middle">{name}</text>',
                f'<text class="job" x="{middle:.0f}" y="{y + 47}" '
                f'text-anchor="middle">{job}</text>',
            ]
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    sys.exit(main(*(sys.argv[1:] or [""])))
