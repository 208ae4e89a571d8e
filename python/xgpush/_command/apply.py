"""``xgpush apply``: a file of rows, to its end or to a Ctrl-C."""

from __future__ import annotations

import argparse
import fcntl
import os
import select
import shlex
import signal
import stat
import sys
import termios
import threading
from functools import partial
from importlib import import_module
from typing import Any, BinaryIO, Dict, List, Optional

from .. import _native
from .._bulk import rows as _rows
from . import settings as _settings, signals as _signals
from .progress import Progress

#: How long a look at the run takes, in seconds.
_LOOK = 0.2
#: How long what is in flight may take after a Ctrl-C.
_GRACE = 15.0

#: Names of standard input, which cannot be opened anew when it is a socket.
_STANDARD_INPUT = ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")

_SENDS = ("bind", "unbind", "clear_token", "clear_account", "append")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        help=".csv with a header of token, account, account_type, operation; .jsonl with objects "
        "of these names (either with .gz or .zst behind, too); .parquet when pyarrow is there; or "
        "- for standard input, with --format",
    )
    add = parser.add_argument
    add("--operation", choices=_SENDS, default="bind", help="for rows that name none (bind)")
    add("--dry-run", action="store_true", help="check every row, count the requests, send nothing")
    _settings.add_reading(parser)
    _settings.add_pace(parser, "rows")
    add("--report", metavar="FILE", help="one line per row: .csv or .jsonl")
    add("--rejects", metavar="FILE", help="the rows that were not accepted, to be applied again")
    add(
        "--escape-formulas",
        action="store_true",
        help="put an apostrophe before cells of the report that a spreadsheet would run (= + - @)",
    )
    add(
        "--resume",
        metavar="STATE",
        help="keep the place in this file, and go on there if it exists; needs --report",
    )


def run(options: argparse.Namespace) -> int:
    if options.dry_run and (options.report or options.rejects or options.resume):
        raise ValueError("--dry-run writes no files: leave --report, --rejects and --resume out")
    _rows.check_encoding(options.file, options.format, options.encoding)
    sends = not options.dry_run
    # The signals are caught before there is a thread that feeds, and until it is over.
    with _settings.client(options, sends, **_settings.pace(options)) as client, \
            _signals.heard() as stop, _Source(options.file, options.format, stop) as source:
        source.wait(stop)
        if stop:
            return 128 + stop[0]
        made = partial(
            _native.Apply,
            client._native,
            options.file,
            source.read_from,
            options.operation,
            options.platform,
            0,  # as many at once as the client
            options.patience,
            options.dry_run,
            options.report,
            options.rejects,
            options.resume,
            "csv" if source.is_parquet else options.format,
            options.encoding,
            options.check,
            source.is_parquet,
            options.escape_formulas,
        )
        apply = _signals.while_opening(made, stop)
        warned = _warn(apply, 0)
        with Progress(source.rows(apply.counted)) as progress:
            end = _work(apply, progress, stop)
        # The other side of the pipe only saw an end.
        wrong = source.error() or apply.error
    # Of a pipe it is known only now.
    _warn(apply, warned)
    done = dict(apply.progress)
    _tell(options, apply, done, end if wrong is None else "failed", not source.is_parquet)
    if wrong is not None:
        print(f"xgpush: {wrong}", file=sys.stderr)
        return 2
    if stop:
        return 128 + stop[0]
    if end in ("refused", "no_answer"):
        return {"refused": 3, "no_answer": 4}[end]
    return 0 if done["accepted"] == done["rows"] else 1


def _warn(apply: _native.Apply, told: int) -> int:
    """Tells what is suspicious, behind what was told of it."""
    notices = apply.notices
    for notice in notices[told:]:
        _settings.warn(notice)
    if notices and not told:
        print("xgpush: --strict refuses such rows; --verbatim takes them without a word", file=sys.stderr)
    return len(notices)


def _work(apply: _native.Apply, progress: Progress, stop: List[int]) -> str:
    halted = 0.0
    while True:
        end = apply.work(_LOOK)
        progress.show(dict(apply.progress))
        if end is not None:
            return end
        if stop:
            if not halted:
                apply.halt()
                progress.note("ending: waiting for the requests in flight; once more ends at once")
            halted += _LOOK
            # A terminal that is closed says so more than once.
            pressed = [number for number in stop if number != signal.SIGHUP]
            if halted > _GRACE or len(pressed) > 1:
                return "halted"


def _tell(
    options: argparse.Namespace, apply: _native.Apply, done: Dict[str, int], end: str, lines: bool
) -> None:
    failures = apply.failures
    for row, line, state, reason, message in failures:
        where = f"row {row} (line {line})" if lines else f"row {row}"
        print(f"{where}: {state}, {reason}: {message}", file=sys.stderr)
    if failures and done["rows"] - done["accepted"] > len(failures):
        where = f"are in {options.report}" if options.report else "come with --report FILE"
        print(f"… and more; all of them {where}", file=sys.stderr)
    for warning in apply.warnings:
        print(f"xgpush: {warning}", file=sys.stderr)
    if apply.empty_rows:
        print(f"xgpush: {apply.empty_rows} empty rows were passed over", file=sys.stderr)
    if done["rows"] == 0 and end == "complete":
        print("xgpush: the table has no rows", file=sys.stderr)
    if options.dry_run:
        invalid = done["not_sent"]
        print(f"{done['rows']} rows, {invalid} invalid; about {done['requests']} requests")
        return
    names = ("accepted", "rejected", "unknown", "not_sent")
    counts = ", ".join(f"{done[name]} {name}" for name in names)
    print(f"{done['rows']} rows: {counts}; {done['requests']} requests")
    if end == "complete":
        return
    why = {
        "halted": "ended early",
        "refused": "the service refuses the credentials: check key, access point, clock and "
        "allowed addresses",
        "no_answer": "the service does not answer",
        "failed": "a file could not be read or written: ended early",
    }[end]
    if options.resume:
        command = shlex.join(["xgpush", *sys.argv[1:]])
        print(f"{why} after row {done['rows']}; to go on: {command}", file=sys.stderr)
    else:
        print(
            f"{why} after row {done['rows']}; rows behind it may have been sent. With "
            "--report FILE and --resume STATE a run can go on where it ended",
            file=sys.stderr,
        )


def _text(pyarrow: Any, column: Any) -> Any:
    """NaN is a missing number."""
    if pyarrow.types.is_floating(column.type):
        compute = import_module("pyarrow.compute")
        column = compute.if_else(compute.is_nan(column), None, column)
    return column.cast(pyarrow.string())


def _waiting(pipe: int) -> int:
    """How many bytes wait in a pipe; 1 for what is none."""
    if not stat.S_ISFIFO(os.fstat(pipe).st_mode):
        return 1
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


class _Source:
    """The file itself; or, for Parquet, a pipe that brings its rows as CSV."""

    def __init__(self, path: str, file_format: Optional[str], stop: List[int]) -> None:
        self.path = path
        self._stop = stop
        self.is_parquet = _rows.is_parquet(path, file_format)
        self.read_from: Optional[str] = None
        self._error: Optional[BaseException] = None
        self._thread: Optional[threading.Thread] = None
        self._read = -1
        self._ending = False
        self._parquet: Any = None

    def __enter__(self) -> _Source:
        if self.is_parquet:
            self._parquet = _signals.while_opening(lambda: _rows.parquet_file(self.path), self._stop)
            _rows.check_schema(self._parquet.schema_arrow)
            self._read, write = os.pipe()
            self.read_from = f"/dev/fd/{self._read}"
            self._thread = threading.Thread(target=self._bring, args=(write,))
            self._thread.start()
        elif (
            self.path not in _STANDARD_INPUT
            and os.path.exists(self.path)
            and not os.path.isfile(self.path)
        ):
            self._read = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
            self.read_from = f"/dev/fd/{self._read}"
        return self

    def wait(self, stop: List[int]) -> None:
        """Until a pipe has something to read: here, where signals are heard."""
        if self._parquet is not None:
            return
        pipe = 0 if self.path in _STANDARD_INPUT else self._read
        while pipe >= 0 and not stop and not select.select([pipe], [], [], _LOOK)[0]:
            pass
        if self._read >= 0 and not stop and not _waiting(self._read):
            # Its writers are gone, and who opens it now would wait for others.
            self.read_from = os.devnull

    def _bring(self, write: int) -> None:
        with os.fdopen(write, "wb") as sink:
            try:
                self._write(sink)
            except Exception as error:
                self._error = error

    def _write(self, sink: BinaryIO) -> None:
        pyarrow = import_module("pyarrow")
        # As text, numbers as well: whether one is an account's type is judged row by
        # row where the text is read.
        names = list(self._parquet.schema_arrow.names)
        if len(names) == 1:
            # A gap would make an empty line, which is no row.
            names.append(next(name for name in _rows.FIELDS if name not in names))
        schema = pyarrow.schema([(name, pyarrow.string()) for name in names])
        with import_module("pyarrow.csv").CSVWriter(sink, schema) as writer:
            for batch in self._parquet.iter_batches(batch_size=10_000):
                if self._ending:
                    break
                columns = [_text(pyarrow, column) for column in batch.columns]
                columns += [pyarrow.nulls(len(batch), pyarrow.string())] * (len(names) - len(columns))
                writer.write(pyarrow.record_batch(columns, schema=schema))

    def rows(self, counted: Optional[int]) -> Optional[int]:
        """How many rows there are; of what can be read only once, nobody knows."""
        if self._parquet is not None:
            rows: int = self._parquet.metadata.num_rows
            return rows
        return counted

    def error(self) -> Optional[str]:
        """What the other side of the pipe ran into."""
        return None if self._error is None else f"{self.path}: {self._error}"

    def __exit__(self, *_: object) -> None:
        """The thread that feeds is over before the interpreter ends: one that is not
        would be ended in the middle of foreign code."""
        if self._thread is not None:
            self._ending = True
            # The run may have ended early: what the thread waits to write goes nowhere.
            while os.read(self._read, 1 << 16):
                pass
            self._thread.join()
        if self._read >= 0:
            os.close(self._read)
