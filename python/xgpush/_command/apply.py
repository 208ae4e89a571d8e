"""``xgpush apply``: sends the rows of a file."""

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

#: How often to look for signals and show progress, in seconds.
_POLL = 0.2
#: How long requests in flight may take after Ctrl-C, in seconds.
_GRACE = 15.0

#: Names of standard input, which cannot be reopened if it is a socket.
_STANDARD_INPUT = ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")

_SENDS = ("bind", "unbind", "clear_token", "clear_account", "append")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        help="a table with the columns token, account, account_type and operation: .csv with a "
        "header, .jsonl with objects (both also as .gz or .zst), .parquet (needs pyarrow), or - "
        "for standard input, with --format",
    )
    add = parser.add_argument
    add("--operation", choices=_SENDS, default="bind", help="for rows that name none (default: bind)")
    add("--dry-run", action="store_true", help="check all rows and count the requests, without sending")
    _settings.add_table_arguments(parser)
    _settings.add_rate_arguments(parser, "rows")
    add("--report", metavar="FILE", help="write one line per row to this .csv or .jsonl file")
    add("--rejects", metavar="FILE", help="write the rows that were not accepted to this file, which can be applied again")
    add(
        "--escape-formulas",
        action="store_true",
        help="put an apostrophe before cells of the report that a spreadsheet would execute (= + - @)",
    )
    add(
        "--resume",
        metavar="STATE",
        help="save the position in this file, and continue from it if it exists; needs --report",
    )


def run(options: argparse.Namespace) -> int:
    if options.dry_run and (options.report or options.rejects or options.resume):
        raise ValueError("--dry-run writes no files: omit --report, --rejects and --resume")
    _rows.check_encoding(options.file, options.format, options.encoding)
    sends = not options.dry_run
    # Signals are caught for as long as the thread that reads Parquet runs.
    with _settings.client(options, sends, **_settings.rate_options(options)) as client, \
            _signals.caught() as stop, _Source(options.file, options.format, stop) as source:
        source.wait(stop)
        if stop:
            return 128 + stop[0]
        open_run = partial(
            _native.Apply,
            client._native,
            options.file,
            source.read_from,
            options.operation,
            options.platform,
            0,  # parallel: as the client
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
        apply = _signals.run_interruptibly(open_run, stop)
        warned = _warn(apply, 0)
        with Progress(source.rows(apply.counted)) as progress:
            end = _work(apply, progress, stop)
        # At the other end of the pipe an error looks like the end of the table.
        error = source.error() or apply.error
    # For a pipe they are complete only now.
    _warn(apply, warned)
    done = dict(apply.progress)
    _print_summary(options, apply, done, end if error is None else "failed", not source.is_parquet)
    if error is not None:
        print(f"xgpush: {error}", file=sys.stderr)
        return 2
    if stop:
        return 128 + stop[0]
    if end in ("refused", "no_answer"):
        return {"refused": 3, "no_answer": 4}[end]
    return 0 if done["accepted"] == done["rows"] else 1


def _warn(apply: _native.Apply, warned: int) -> int:
    """Prints the notices after the first ``warned`` ones, and returns how many there are."""
    notices = apply.notices
    for notice in notices[warned:]:
        _settings.warn(notice)
    if notices and not warned:
        print("xgpush: --strict refuses such rows; --verbatim takes them silently", file=sys.stderr)
    return len(notices)


def _work(apply: _native.Apply, progress: Progress, stop: List[int]) -> str:
    halted = 0.0
    while True:
        end = apply.work(_POLL)
        progress.show(dict(apply.progress))
        if end is not None:
            return end
        if stop:
            if not halted:
                apply.halt()
                progress.note("stopping: waiting for requests in flight; press Ctrl-C again to quit now")
            halted += _POLL
            # A closed terminal sends SIGHUP more than once.
            pressed = [number for number in stop if number != signal.SIGHUP]
            if halted > _GRACE or len(pressed) > 1:
                return "halted"


def _print_summary(
    options: argparse.Namespace, apply: _native.Apply, done: Dict[str, int], end: str, lines: bool
) -> None:
    failures = apply.failures
    for row, line, state, reason, message in failures:
        where = f"row {row} (line {line})" if lines else f"row {row}"
        print(f"{where}: {state}, {reason}: {message}", file=sys.stderr)
    if failures and done["rows"] - done["accepted"] > len(failures):
        where = f"are in {options.report}" if options.report else "can be written by --report FILE"
        print(f"… and more; all of them {where}", file=sys.stderr)
    for warning in apply.warnings:
        print(f"xgpush: {warning}", file=sys.stderr)
    if apply.empty_rows:
        print(f"xgpush: {apply.empty_rows} empty rows were skipped", file=sys.stderr)
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
        "halted": "stopped",
        "refused": "the service refuses the credentials (check key, access point, clock and "
        "allowed addresses): stopped",
        "no_answer": "the service does not answer: stopped",
        "failed": "a file could not be read or written: stopped",
    }[end]
    if options.resume:
        command = shlex.join(["xgpush", *sys.argv[1:]])
        print(f"{why} after row {done['rows']}; to continue: {command}", file=sys.stderr)
    else:
        print(
            f"{why} after row {done['rows']}; later rows may have been sent. With --report FILE "
            "and --resume STATE a run can continue where it stopped",
            file=sys.stderr,
        )


def _text(pyarrow: Any, column: Any) -> Any:
    """A column as text. NaN is a missing number."""
    if pyarrow.types.is_floating(column.type):
        compute = import_module("pyarrow.compute")
        column = compute.if_else(compute.is_nan(column), None, column)
    return column.cast(pyarrow.string())


def _bytes_available(pipe: int) -> int:
    """The number of bytes in a pipe; 1 for anything else."""
    if not stat.S_ISFIFO(os.fstat(pipe).st_mode):
        return 1
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


class _Source:
    """The file itself; or, for Parquet, a pipe with its rows as CSV."""

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
            self._parquet = _signals.run_interruptibly(lambda: _rows.parquet_file(self.path), self._stop)
            _rows.check_schema(self._parquet.schema_arrow)
            self._read, write = os.pipe()
            self.read_from = f"/dev/fd/{self._read}"
            self._thread = threading.Thread(target=self._pump_parquet, args=(write,))
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
        """Waits until a pipe has something to read, or for a signal."""
        if self._parquet is not None:
            return
        pipe = 0 if self.path in _STANDARD_INPUT else self._read
        while pipe >= 0 and not stop and not select.select([pipe], [], [], _POLL)[0]:
            pass
        if self._read >= 0 and not stop and not _bytes_available(self._read):
            # Its writers are gone: opening it would wait for new ones.
            self.read_from = os.devnull

    def _pump_parquet(self, write: int) -> None:
        with os.fdopen(write, "wb") as sink:
            try:
                self._write_csv(sink)
            except Exception as error:
                self._error = error

    def _write_csv(self, sink: BinaryIO) -> None:
        pyarrow = import_module("pyarrow")
        # Numbers become text as well: account types are checked row by row by the reader.
        names = list(self._parquet.schema_arrow.names)
        if len(names) == 1:
            # With one column a missing value would be an empty line, which is no row.
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
        """The number of rows, if it is known beforehand."""
        if self._parquet is not None:
            rows: int = self._parquet.metadata.num_rows
            return rows
        return counted

    def error(self) -> Optional[str]:
        """Why the thread that reads Parquet failed."""
        return None if self._error is None else f"{self.path}: {self._error}"

    def __exit__(self, *_: object) -> None:
        # The thread must be over before the interpreter ends, which would kill it in the middle
        # of foreign code.
        if self._thread is not None:
            self._ending = True
            # If the run stopped early the thread waits to write: read and drop that.
            while os.read(self._read, 1 << 16):
                pass
            self._thread.join()
        if self._read >= 0:
            os.close(self._read)
