"""Prints how many conformance cases ran."""

from typing import Any

import pytest

_counts = {"passed": 0, "failed": 0}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if "test_conformance.py::test_case[" not in report.nodeid:
        return
    if report.when == "call" and report.passed:
        _counts["passed"] += 1
    elif report.failed:
        _counts["failed"] += 1


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if any(_counts.values()):
        passed, failed = _counts["passed"], _counts["failed"]
        terminalreporter.write_line(f"Python conformance: {passed} cases passed, {failed} failed")
