"""A password in ``outbox_url`` or ``quota_url`` is in nothing that the package says."""

import json
import logging
import pickle
import traceback
from typing import Any, Dict, List

import pytest
import xgpush
from test_command import environment, run
from xgpush.testing import Emulator

PASSWORD = "geheim-77-geheim"

#: Nobody listens there, and some are no URLs at all.
URLS = [
    f"redis://:{PASSWORD}@127.0.0.1:1",
    f"redis://user:{PASSWORD}@127.0.0.1:1/0",
    f"rediss://user:{PASSWORD}@127.0.0.1:1",
    f"redis+sentinel://:{PASSWORD}@127.0.0.1:1,127.0.0.1:2/mymaster?sentinel_password={PASSWORD}",
    f"unix:/nowhere/socket?password={PASSWORD}",
    f"redis://user:{PASSWORD}%zz@127.0.0.1:1",
    f"redis://user:{PASSWORD}/x@127.0.0.1:1",
    f"redis://user:{PASSWORD}",
    f"http://user:{PASSWORD}@127.0.0.1:1",
    f"user:{PASSWORD}@127.0.0.1:1",
    f"redis://127.0.0.1:1/{PASSWORD}",
    PASSWORD,
]


@pytest.mark.parametrize("option", ["outbox_url", "quota_url"])
@pytest.mark.parametrize("url", URLS)
def test_the_package_never_says_it(option: str, url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    said: List[str] = []
    options: Dict[str, Any] = {option: url, "outbox_deadline_ms": 300, "deadline_ms": 300}
    with Emulator() as service:
        try:
            with service.outbox(**options) as outbox:
                lines: List[str] = []
                outbox.on_log(lines.append)
                outbox.bind("token1", "alice", tag=7)
                try:
                    outbox.sync(1)
                except xgpush.Error as error:
                    said += _all_of(error)
                said += [outbox.trouble, outbox.prometheus(), json.dumps(outbox.stats), repr(outbox)]
                said += [repr(outbox._native), json.dumps(outbox.list_pending())]
                outbox.close(0)
                said += [repr(report) + report.message for report in outbox.reports()]
                said += lines
        except xgpush.Error as error:
            said += _all_of(error)
        try:
            with service.client(**options) as client:
                said += [repr(client), client.bind({"token1": "alice"}).to_json()]
        except xgpush.Error as error:
            said += _all_of(error)
    said += [record.getMessage() for record in caplog.records]
    assert len("".join(said)) > 20
    for text in said:
        assert PASSWORD not in text, text.replace(PASSWORD, "<the password>")


def _all_of(error: BaseException) -> List[str]:
    return [str(error), repr(error), str(vars(error)), str(pickle.dumps(error))] + [
        line
        for line in traceback.format_exception(type(error), error, error.__traceback__)
        # The lines of this file are the test's own.
        if "test_secrets.py" not in line
    ]


@pytest.mark.parametrize("url", URLS)
def test_the_command_never_says_it(url: str) -> None:
    with Emulator() as service:
        options = environment(service, outbox_url=url, quota_url=url)
        for words in (
            ("outbox", "status", "--json"),
            ("outbox", "check"),
            ("outbox", "drain", "--timeout", "0"),
            ("outbox", "check", "--url", url),
            ("bind", "token1", "alice", "--set", "deadline_ms=300"),
        ):
            done = run(service, *words, env=options)
            assert done.stdout + done.stderr != ""
            assert PASSWORD not in done.stdout + done.stderr, (words, done.returncode)


def test_help_and_tables_never_say_it() -> None:
    with Emulator() as service:
        options = environment(service, outbox_url=URLS[0], quota_url=URLS[0])
        for words in (("--help",), ("relay", "--help"), ("outbox", "status", "--help")):
            assert PASSWORD not in run(service, *words, env=options).stdout
    assert PASSWORD not in repr(xgpush.OPTIONS)
