"""option_mutants.py [OPTION…]: disconnects each option and checks that its test fails.

In a copy of the sources, each place that uses an option can be switched to the
option's default. One place at a time is switched, and the row of the option in
core/tests/options.rs must fail: otherwise nothing shows that the option has an effect
there.

The compiler finds the places: with every field of `Settings` marked as deprecated, it
names each use.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CARGO = os.environ.get("CARGO", "cargo")
TABLE = "core/src/options/table.rs"
SETTINGS = "core/src/options/settings.rs"
PLACE = "XG_DISCONNECTED_PLACE"
# The settings themselves, or at the chosen place the defaults.
SWITCH = """
static DISCONNECTED: std::sync::LazyLock<Option<usize>> =
    std::sync::LazyLock::new(|| std::env::var("%s").ok()?.parse().ok());
static DEFAULTS: std::sync::LazyLock<Settings> =
    std::sync::LazyLock::new(|| crate::options::Config::new().settings);

impl Settings {
    pub(crate) fn at_place(&self, place: usize) -> &Self {
        if *DISCONNECTED == Some(place) { &DEFAULTS } else { self }
    }
}

impl OutboxSettings {
    pub(crate) fn at_place(&self, place: usize) -> &Self {
        if *DISCONNECTED == Some(place) { &DEFAULTS.outbox } else { self }
    }
}
""" % PLACE


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def copy_sources(to):
    """What git knows, as it is now."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        source, target = os.path.join(ROOT, name), os.path.join(to, name)
        if os.path.isfile(source):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy2(source, target)


def fields_of_options(table):
    """{("Settings", "deadline"): "deadline_ms", …}, from the rows."""
    found = {}
    for row in table.split("ConfigOption {")[1:]:
        name = re.search(r'name: "(\w+)"', row)
        field = re.search(r"field!\(([\w.]+)\)|choice!\([^,]+, ([\w.]+)\)", row)
        if not name or not field:
            sys.exit(f"{TABLE}: a row that this script does not understand:\n{row}")
        path = (field[1] or field[2]).split(".")
        found["OutboxSettings" if path[0] == "outbox" else "Settings", path[-1]] = name[1]
    return found


class Copy:
    """The copy of the sources, and cargo in it."""

    def __init__(self, folder):
        self.folder = folder
        # Not that of the sources themselves: cargo would take the one for the other.
        target = os.path.join(ROOT, "target", "mutants")
        self.environment = {**os.environ, "CARGO_TARGET_DIR": target}

    def path(self, name):
        return os.path.join(self.folder, name)

    def cargo(self, *arguments, timeout=900):
        return subprocess.run(
            [CARGO, *arguments], cwd=self.folder, env=self.environment, timeout=timeout,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", errors="replace",
        )  # fmt: skip

    def build(self):
        """The test program."""
        built = self.cargo("test", "--quiet", "-p", "xgpush", "--test", "options", "--no-run",
                           "--message-format=json")  # fmt: skip
        if built.returncode != 0:
            return None, rendered(built)
        programs = [message["executable"] for message in messages(built)
                    if message.get("executable") and message["target"]["name"] == "options"]  # fmt: skip
        return programs[0], ""

    def passes(self, program, rows, place=None):
        environment = {**os.environ, **({} if place is None else {PLACE: str(place)})}
        try:
            tested = subprocess.run(
                [program, "--exact", *rows], cwd=self.path("core"), env=environment, timeout=120,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return False
        if "running 0 tests" in tested.stdout:
            sys.exit(f"core/tests/options.rs has no row {rows[0]}")
        return tested.returncode == 0

    def uses(self):
        """Each place that uses an option: (option, file, where its field begins)."""
        of_option = fields_of_options(read(self.path(TABLE)))
        settings = read(self.path(SETTINGS))
        marked = re.sub(r"(?m)^    pub\(crate\) (?=\w+: )", r"    #[deprecated] pub(crate) ", settings)
        write(self.path(SETTINGS), marked)
        checked = self.cargo("check", "-p", "xgpush", "--message-format=json")
        write(self.path(SETTINGS), settings)
        if checked.returncode != 0:
            sys.exit(rendered(checked))
        added = len("#[deprecated] ")
        found = set()
        for message in messages(checked):
            message = message.get("message") or {}
            field = re.match(r"use of deprecated field `[\w:]*::(\w+)::(\w+)`", message.get("message", ""))
            if (message.get("code") or {}).get("code") != "deprecated" or not field:
                continue
            option = of_option.get((field[1], field[2]))
            (span,) = [span for span in message["spans"] if span["is_primary"]]
            if option is None or span["file_name"] == TABLE:
                continue
            end, name = span["byte_end"], field[2].encode()
            if span["file_name"] == SETTINGS:
                before = marked.encode()[:end]
                end -= before.count(b"#[deprecated] ") * added
            text = read(self.path(span["file_name"])).encode()
            if text[: end].endswith(b"." + name):
                found.add((option, span["file_name"], end - len(name)))
            elif span["file_name"] != SETTINGS:
                sys.exit(f"{span['file_name']}:{span['line_start']}: a use of {option} that cannot be disconnected")
        unused = sorted(set(of_option.values()) - {option for option, _, _ in found})
        if unused:
            sys.exit(f"nothing uses these options: {', '.join(unused)}")
        return sorted(found)

    def add_switches(self, uses):
        """Answers the line of each use."""
        lines = {}
        # From the end, so that the places before stay where they are.
        for number, (_, file, start) in sorted(enumerate(uses), key=lambda use: -use[1][2]):
            raw = read(self.path(file)).encode()
            switch = f"at_place({number}).".encode()
            write(self.path(file), (raw[:start] + switch + raw[start:]).decode())
            lines[number] = raw[:start].count(b"\n") + 1
        write(self.path(SETTINGS), read(self.path(SETTINGS)) + SWITCH)
        return lines


def messages(run):
    return [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]


def rendered(run):
    texts = [(message.get("message") or {}).get("rendered") or "" for message in messages(run)]
    return "".join(texts) + run.stderr


def main(wanted):
    with tempfile.TemporaryDirectory(prefix="option-mutants-") as folder:
        copy_sources(folder)
        copy = Copy(folder)
        uses = copy.uses()
        options = sorted({option for option, _, _ in uses if not wanted or option in wanted})
        if set(wanted) - set(options):
            sys.exit(f"no such options: {' '.join(sorted(set(wanted) - set(options)))}")
        lines = copy.add_switches(uses)
        program, errors = copy.build()
        if not program:
            sys.exit(errors)
        if not copy.passes(program, options):
            sys.exit("the tests fail before anything is disconnected")
        count, missed = 0, set()
        for number, (option, file, _) in enumerate(uses):
            if option not in options:
                continue
            caught = not copy.passes(program, [option], number)
            count += 1
            if not caught:
                missed.add(option)
            verdict = "caught" if caught else "NOT CAUGHT"
            print(f"{option:<26} {verdict:<10} {file}:{lines[number]}", flush=True)
        print(f"{len(options) - len(missed)} of {len(options)} options caught, each where it is used: {count} places")
        return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
