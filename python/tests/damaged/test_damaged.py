"""What is said of each damaged table, by every way to read one."""

from pathlib import Path
from typing import Iterator, List, Tuple

import pytest
import xgpush
from damaged_files import FILES, Damaged
from xgpush._command.main import main
from xgpush.testing import CREDENTIALS, Emulator


@pytest.fixture(scope="module")
def service() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


Printed = Tuple[int, str]


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> Printed:
    status = main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return status, out + err


def bulk(service: Emulator, path: Path) -> Tuple[List[bool], str]:
    with service.client() as client:
        stream = client.bulk(path)
        results = list(stream)
        printed = [result.message for result in results] + stream.notices
    return [result.accepted for result in results], "\n".join(printed)


def test_there_are_enough() -> None:
    assert len(FILES) >= 100


@pytest.mark.parametrize("name", list(FILES))
def test_it_is_told(
    name: str,
    service: Emulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for option, value in {**CREDENTIALS, "base_url": service.base_url}.items():
        monkeypatch.setenv(f"XGPUSH_{option.upper()}", value)
    service.configure()
    damaged = FILES[name]
    path = tmp_path / f"in.{damaged.suffix}"
    path.write_bytes(damaged.content)
    if damaged.sent is None:
        refused_whole(service, damaged, path, capsys)
    else:
        judged(service, damaged, damaged.sent, path, capsys)


def refused_whole(
    service: Emulator, damaged: Damaged, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ways = (["apply"], ["apply", "--dry-run"], ["apply", "--verbatim"], ["sync"], ["sync", "--apply"])
    for way in ways:
        status, printed = run(capsys, *way, path)
        assert status == 2 and str(path) in printed, (way, printed)
        assert all(text in printed for text in damaged.says), (way, printed)
    with pytest.raises(xgpush.Error) as raised:
        bulk(service, path)
    assert all(text in str(raised.value) for text in damaged.says)
    assert service.log == []


def judged(
    service: Emulator,
    damaged: Damaged,
    sent: int,
    path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    total = sent + damaged.invalid
    status, printed = run(capsys, "apply", path, "--dry-run")
    assert status == bool(damaged.invalid) and f"{total} rows, {damaged.invalid} invalid" in printed, printed
    assert all(text in printed for text in damaged.says), printed
    status, printed = run(capsys, "sync", path, "--dry-run")
    assert status == (2 if damaged.invalid else 0), printed
    if damaged.invalid:
        assert all(text in printed for text in damaged.says), printed
    assert service.state["tokens"] == {}
    status, printed = run(capsys, "apply", path)
    assert status == bool(damaged.invalid), printed
    assert f"{total} rows: {sent} accepted, 0 rejected, 0 unknown, {damaged.invalid} not_sent" in printed
    assert all(text in printed for text in damaged.says), printed
    assert len(service.state["tokens"]) == sent
    accepted, printed = bulk(service, path)
    assert accepted.count(True) == sent and len(accepted) == total
    # Of empty rows a stream says nothing.
    says = [text for text in damaged.says if "rows" not in text]
    assert all(text in printed or text.startswith("line ") for text in says), printed
