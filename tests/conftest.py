"""What all tests share: which parts of a machine they need, and that nothing is left behind."""

from __future__ import annotations

import os
import shutil

import pytest

REQUIRE_ALL = "LEARNKAFKA_REQUIRE_ALL"


def _missing(part: str) -> str | None:
    if part == "docker":
        from learnkafka.broker.image import image_finding

        finding = image_finding()
        return str(finding) if finding else None
    return None if shutil.which("chromium") else "no Chromium on this machine"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what this machine lacks the parts for; in CI, where nothing may be lacking, let it run and fail."""
    for part in ("docker", "browser"):
        concerned = [item for item in items if item.get_closest_marker(part)]
        if concerned and not os.environ.get(REQUIRE_ALL) and (reason := _missing(part)):
            for item in concerned:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):  # type: ignore[no-untyped-def]
    """With LEARNKAFKA_REQUIRE_ALL=1 a skipped test is a failed one, whatever it was skipped for."""
    report = yield
    if report.skipped and os.environ.get(REQUIRE_ALL):
        report.outcome = "failed"
        report.longrepr = f"skipped, where {REQUIRE_ALL} allows no skips: {report.longrepr}"
    return report
