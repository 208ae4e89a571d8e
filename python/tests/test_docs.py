"""The Python and the commands of the pages do what the pages say."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Dict, List

import pytest
from xgpush.testing import Emulator

DOCS = Path(__file__).parents[2] / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def blocks(text: str, language: str) -> List[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def run(command: List[str], service: Emulator, folder: Path) -> str:
    options = {f"XGPUSH_{name.upper()}": value for name, value in service.options.items()}
    path = os.pathsep.join([str(folder), os.environ["PATH"]])
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env={**os.environ, **options, "PATH": path},
    )
    assert done.returncode == 0, done
    assert "Traceback" not in done.stderr and "Warning" not in done.stderr, done.stderr
    return done.stdout


def run_python(code: str, service: Emulator, folder: Path) -> List[str]:
    return run([sys.executable, "-W", "error", "-c", code], service, folder).splitlines()


def run_shell(commands: str, service: Emulator, folder: Path) -> List[str]:
    """Under `sh -e`, where `xgpush` is that of this interpreter and reaches the emulator,
    whichever access point the page names."""
    program = folder / "xgpush"
    lines = ["#!/bin/sh", "unset XGPUSH_ACCESS_POINT", f'exec "{sys.executable}" -m xgpush "$@"', ""]
    program.write_text("\n".join(lines))
    program.chmod(0o755)
    return run(["sh", "-ec", commands], service, folder).splitlines()


def test_web_services(xgpush_emulator: Emulator, tmp_path: Path) -> None:
    text = page("web-services.md")
    (code,) = blocks(text, "python")
    (prints,) = re.findall(r"^It prints (.*)\.$", text, re.MULTILINE)
    assert run_python(code, xgpush_emulator, tmp_path) == re.findall(r"`(.*?)`", prints)


def accounts(service: Emulator) -> Dict[str, List[List[object]]]:
    tokens: Dict[str, List[List[object]]] = service.state["tokens"]
    return tokens


BACK_OFFICE = pytest.mark.parametrize("name", ["back-office.md", "zh/back-office.md"])


@BACK_OFFICE
def test_back_office_commands(name: str, xgpush_emulator: Emulator, tmp_path: Path) -> None:
    text = page(name)
    single, sync = blocks(text, "sh")
    rows = "".join(f"token{n},player{n}\n" for n in range(50))
    (tmp_path / "players.csv").write_text("token,account\n" + rows)
    printed = run_shell(single, xgpush_emulator, tmp_path)
    assert printed[:2] == ["token-of-phone-1\taccepted", "alice\taccepted\ttoken-of-phone-1"]
    assert printed[2].startswith("50 rows, 0 invalid") and printed[3].startswith("50 rows: 50 accepted")
    assert len(accounts(xgpush_emulator)) == 51
    for file, lines in (("report.csv", 51), ("rejects.csv", 1), ("players.state", 1)):
        assert len((tmp_path / file).read_text().splitlines()) == lines

    with xgpush_emulator.client() as client:
        assert client.bind([("token-of-phone-2", "bob", 3)]).all_accepted
    wanted = ["token,account,operation", "token-of-phone-1,,clear_token", "token-of-phone-2,alice,"]
    (tmp_path / "wanted.csv").write_text("\n".join(wanted) + "\n")
    (shown,) = re.findall(r"\n\n```\n(.*?)```", text, re.DOTALL)
    printed = run_shell(sync, xgpush_emulator, tmp_path)
    different = shown.splitlines()
    assert printed[:2] == different
    assert printed[2:] == [line.replace("different", "confirmed") for line in different]
    left = accounts(xgpush_emulator)
    assert "token-of-phone-1" not in left and left["token-of-phone-2"] == [["alice", 0]]


@BACK_OFFICE
def test_back_office_python(name: str, xgpush_emulator: Emulator, tmp_path: Path) -> None:
    (tmp_path / "players.csv").write_text("token,account\ntoken1,alice\nbad-1,bob\n")
    code = "\n".join(blocks(page(name), "python"))
    printed = run_python(code, xgpush_emulator, tmp_path)
    assert printed[0].startswith("1 ('bad-1', 'bob', None, 'bind') item_refused 1008006")
    assert printed[1].startswith("token-of-phone-1 confirmed Change(")
    assert printed[2].startswith("token-of-phone-2 same") and printed[3:] == ["True"]
    assert accounts(xgpush_emulator)["token-of-phone-1"] == [["alice", 0]]


def test_other_endpoints(xgpush_emulator: Emulator, tmp_path: Path) -> None:
    (code,) = blocks(page("other-endpoints.md"), "python")
    with xgpush_emulator.client() as client:
        client.bind({"token-of-phone-1": "alice"})
    assert run_python(code, xgpush_emulator, tmp_path) == ["0"]
    assert xgpush_emulator.log[-1]["path"] == "/v3/push/app"
