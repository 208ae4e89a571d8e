"""The file of ``--config``: lines of NAME = VALUE."""

from __future__ import annotations

import os
import re
import stat
import sys
from difflib import get_close_matches
from typing import Dict, Optional, Tuple

from .._native import options as rows

_NAMES = frozenset(row[0] for row in rows())


def read(path: str) -> Dict[str, object]:
    """Reads options by name. A name may be written as in the environment (``XGPUSH_…``), with
    ``export`` before it, and a value in quotation marks. ``#`` after a blank begins a comment,
    unless it is quoted."""
    with open(path, "rb") as file:
        if os.name == "posix" and os.fstat(file.fileno()).st_mode & (stat.S_IRGRP | stat.S_IROTH):
            print(f"xgpush: {path} can be read by other users: chmod 600", file=sys.stderr)
        content = file.read()
    found: Dict[str, object] = {}
    lines: Dict[str, int] = {}
    for number, line in enumerate(re.split("\r\n|\r|\n", _text(path, content)), 1):
        try:
            option = _option(line.strip())
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {error}") from None
        if option is None:
            continue
        name, value = option
        if name in found:
            raise ValueError(f"{path}, line {number}: {name} is set in line {lines[name]} as well")
        found[name], lines[name] = value, number
    return found


def _text(path: str, content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ValueError(f"{path} is in UTF-16: save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content[: error.start].count(b"\n") + 1
        raise ValueError(f"{path}, line {number}: this is not UTF-8: save the file as UTF-8") from None


def _option(line: str) -> Optional[Tuple[str, str]]:
    """Its name and value; nothing for a comment."""
    if not line or line[0] in "#;":
        return None
    if line.startswith("["):
        if line.replace(" ", "").lower() == "[xgpush]":
            return None
        raise ValueError(f"the section {line} is unknown: there is only [xgpush], or none")
    given, equals, value = (part.strip() for part in line.partition("="))
    words = given.split()
    if len(words) == 2 and words[0] == "export":
        given = words[1]
    if not equals:
        # It may be a secret.
        raise ValueError("'=' is missing: write NAME = VALUE")
    name = given.lower()
    name = name[len("xgpush_") :] if name.startswith("xgpush_") else name
    if name not in _NAMES:
        near = get_close_matches(name, _NAMES, 1)
        hint = f"; did you mean {near[0]}?" if near else ": see docs/options.md"
        raise ValueError(f"{given} is not an option{hint}")
    return name, _value(value)


def _value(text: str) -> str:
    if text[:1] not in ("'", '"'):
        # Without a blank before it, it is a part of the value.
        for comment in (" #", "\t#"):
            text = f" {text}".partition(comment)[0].strip()
        return text
    value, end, rest = text[1:].partition(text[0])
    rest = rest.strip()
    if not end or (rest and not rest.startswith("#")):
        raise ValueError("the value begins with a quotation mark and must end with the same one")
    return value
