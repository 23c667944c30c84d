"""The group view in JupyterLab: members come, are slowed, paused, stopped and killed, and rebalances are seen."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.stopwatch import Stopwatch

MEMBER = """%%writefile billing.py
from kafka import KafkaConsumer
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor

assignor = {"range": RangePartitionAssignor, "cooperative": CooperativeStickyAssignor}[assignor]
with KafkaConsumer(
    topic, group_id=group, **connect, auto_offset_reset="earliest", enable_auto_commit=False,
    session_timeout_ms=2000, heartbeat_interval_ms=200, partition_assignment_strategy=[assignor],
) as consumer:
    for record in consumer:
        pass
"""
# A member that gets its things ready before it takes what it was assigned; so it tells of that after the others.
LATE_MEMBER = """%%writefile late.py
import time
from kafka import ConsumerRebalanceListener, KafkaConsumer

class GetReady(ConsumerRebalanceListener):
    def on_partitions_revoked(self, revoked):
        pass

    def on_partitions_assigned(self, assigned):
        time.sleep(1)

with KafkaConsumer(group_id=group, **connect, session_timeout_ms=2000, heartbeat_interval_ms=200) as consumer:
    consumer.subscribe([topic], listener=GetReady())
    for record in consumer:
        pass
"""
START = """
from kafka import KafkaAdminClient, KafkaProducer
from learnkafka import start_broker, start_member, views
import time

broker = start_broker()
topic, group = broker.topic("orders", partitions=4), broker.name("billing")
connect = {"bootstrap_servers": broker.bootstrap_servers}
with KafkaProducer(**connect) as producer:
    for number in range(12):
        producer.send(topic, b"<b>order</b>", partition=number % 4)
admin = KafkaAdminClient(**connect)

def known(count):
    "When the broker knows so many members, each with partitions, in seconds since 1970."
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        members = admin.describe_groups([group])[group]["members"]
        if len(members) == count and all(one["member_assignment"] for one in members):
            return time.time()
        time.sleep(0.01)
    raise TimeoutError(members)
"""
SHOW = "view = views.group(broker, group)\nview"
FIRST = "start_member('billing.py', topic, group, assignor=ASSIGNOR).wait_until_assigned(); print(known(1))"
SECOND = "start_member('billing.py', topic, group, assignor=ASSIGNOR).wait_until_assigned(); print(known(2))"
LEFT = "print(known(1))"
LATE = "start_member('late.py', topic, group, name='late').wait_until_assigned()"
CELLS = [
    START.strip(),
    MEMBER.strip(),
    SHOW,
    FIRST,
    SECOND,
    LEFT,
    "view.snapshot()",
    "broker.stop()",
    LATE_MEMBER.strip(),
    LATE,
]
BEGIN, WRITE, VIEW, START_ONE, START_TWO, KNOWN_ONE, SNAPSHOT, END, WRITE_LATE, START_LATE = range(1, 11)
WITHIN_SECONDS = 1.0

# Notes when a condition on the page first holds, at the drawing of a screen.
WATCH = """() => {
  window.seen = {};
  const look = () => {
    const two = document.querySelector('[data-member="billing-2"]');
    if (two?.querySelector('[data-has="true"]')) window.seen.joined ??= Date.now() / 1000;
    const one = document.querySelector('[data-member="billing-1"]');
    if (one?.dataset.state === 'killed') window.seen.killed ??= Date.now() / 1000;
    if (one?.dataset.state === 'killed' && !one.textContent.includes("doesn't know yet")) window.seen.left ??= Date.now() / 1000;
    requestAnimationFrame(look);
  };
  look();
}"""


@pytest.fixture
def assignor() -> str:
    """Which assignor the members have; a test may have another."""
    return "range"


@pytest.fixture
def notebooks(one_notebook: Callable[[str, list[str]], Path], assignor: str) -> Path:
    return one_notebook("The group", [one.replace("ASSIGNOR", repr(assignor)) for one in CELLS])


Run = Callable[..., None]
Cell = Callable[[int], Locator]


def printed(cell: Locator) -> str:
    return cell.locator(".jp-OutputArea-output").first.inner_text().strip()


def member(page: Page, name: str) -> Locator:
    return page.locator(f'.lk-g-member[data-member="{name}"]')


def had(page: Page, name: str) -> Locator:
    """The partitions that a member has."""
    return member(page, name).locator('[data-has="true"]')


def gaps(page: Page, name: str) -> Locator:
    """The path that draws the gaps of a member's time line."""
    return page.locator(f'[data-lane="{name}"] .lk-g-path-gap')


def times(count: int) -> re.Pattern[str]:
    """A path of so many boxes."""
    return re.compile(rf"^(M[^M]*){{{count}}}$")


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def show(page: Page, run: Run) -> None:
    """The view, first of a group that isn't there yet, then with its first member."""
    run(BEGIN, WRITE, VIEW)
    expect(page.locator(".lk-state")).to_have_text("not there yet ○")
    expect(page.locator(".lk-said")).to_contain_text("There is no group 'billing' yet.")
    run(START_ONE)
    expect(had(page, "billing-1")).to_have_count(4)


def photograph(page: Page, name: str) -> None:
    """Keep a picture, where the environment says where."""
    if folder := os.environ.get("LEARNKAFKA_PICTURES"):
        page.locator(".lk-group").scroll_into_view_if_needed()
        page.locator(".lk-group").screenshot(path=Path(folder) / f"group-{name}.png")


def test_a_member_joins_and_one_is_killed(page: Page, run: Run, cell: Cell) -> None:
    """Each is on the screen within a second of the broker's knowing; what the killed one had goes to the other."""
    show(page, run)
    page.evaluate(WATCH)
    stopwatch = Stopwatch()
    run(START_TWO)
    expect(had(page, "billing-1")).to_have_count(2)
    expect(had(page, "billing-2")).to_have_count(2)
    joined = page.evaluate("window.seen.joined") - float(printed(cell(START_TWO))) - stopwatch.stolen()
    expect(page.locator(".lk-g-rebalances li").first).to_contain_text("4 partitions given back · 2 moved")
    expect(page.locator(".lk-voice")).to_contain_text("billing-2 has partitions")
    expect(gaps(page, "billing-1")).to_have_attribute("d", times(2))  # when it joined, and now
    photograph(page, "two")

    stopwatch = Stopwatch()
    button(page, "Kill billing-1").click()
    expect(member(page, "billing-1")).to_have_attribute("data-state", "killed")
    run(KNOWN_ONE)
    expect(had(page, "billing-2")).to_have_count(4)
    expect(member(page, "billing-1")).not_to_contain_text("know yet")
    expect(page.locator('[data-lane="billing-1"]')).to_contain_text("killed")
    left = page.evaluate("window.seen.left") - float(printed(cell(KNOWN_ONE))) - stopwatch.stolen()
    photograph(page, "killed")
    print(f"\nthe broker knows, to the screen: joined {joined:.2f} s, left {left:.2f} s")  # noqa: T201 - a figure that we want to see
    assert joined < WITHIN_SECONDS
    assert left < WITHIN_SECONDS

    # It had read 12 records and committed none of them, so the other was given those of its partitions again.
    expect(member(page, "billing-2").locator(".lk-g-again")).not_to_have_text("0")
    expect(page.locator(".lk-g-lags .lk-g-figure").first).to_have_text("–")
    run(SNAPSHOT)
    expect(cell(SNAPSHOT).locator("caption")).to_contain_text("billing: Stable, range, 1 member (billing-2)")
    run(END)
    expect(page.locator(".lk-state")).to_have_text("unreachable ✕")
    expect(button(page, "Stop billing-2")).to_have_count(0)


def test_a_member_that_tells_later_is_read_out_too(page: Page, run: Run) -> None:
    """What was read out when the first had told isn't the last word."""
    show(page, run)
    run(WRITE_LATE, START_LATE)
    expect(page.locator(".lk-voice")).to_contain_text("late has partitions 2–3")


def test_buttons(page: Page, run: Run) -> None:
    """Slow, pause, stop and add, with the mouse; each is seen to have worked."""
    show(page, run)
    for press, state in (("Slow", "slow"), ("Full speed", "running"), ("Pause", "paused"), ("Resume", "running")):
        button(page, f"{press} billing-1").click()
        expect(member(page, "billing-1")).to_have_attribute("data-state", state)
    button(page, "Add a member").click()
    expect(had(page, "billing-2")).to_have_count(2)
    button(page, "Stop billing-1").click()
    expect(member(page, "billing-1")).to_have_attribute("data-state", "stopped")
    expect(had(page, "billing-2")).to_have_count(4)
    expect(button(page, "Stop billing-1")).to_have_count(0)


@pytest.mark.parametrize("assignor", ["cooperative"])
def test_cooperative_keeps_what_stays(page: Page, run: Run, assignor: str) -> None:
    """Only what moves is given back; the lane of what stays has no break."""
    show(page, run)
    run(START_TWO)
    expect(had(page, "billing-1")).to_have_count(2)
    expect(had(page, "billing-2")).to_have_count(2)
    expect(page.locator(".lk-counts")).to_contain_text("cooperative-sticky")
    expect(page.locator(".lk-g-rebalances")).to_contain_text("2 partitions given back")
    expect(page.locator(".lk-g-rebalances")).to_contain_text("2 moved")
    expect(page.locator(".lk-g-rebalances")).not_to_contain_text("4 partitions given back")
    expect(gaps(page, "billing-1")).to_have_attribute("d", times(1))  # when it joined
    photograph(page, assignor)


def test_with_the_keyboard_alone(page: Page, run: Run) -> None:
    """Partitions with the arrows, buttons with Tab and Enter; steps go back to when there was one member."""
    show(page, run)
    heads = page.locator(".lk-g-head")
    heads.first.focus()
    expect(page.locator(".lk-detail")).to_contain_text("partition 0 · billing-1")
    page.keyboard.press("End")
    expect(heads.nth(3)).to_be_focused()
    expect(page.locator(".lk-detail")).to_contain_text("partition 3 · billing-1")
    button(page, "Pause billing-1").focus()
    page.keyboard.press("Enter")
    expect(member(page, "billing-1")).to_have_attribute("data-state", "paused")
    page.keyboard.press("Enter")
    expect(member(page, "billing-1")).to_have_attribute("data-state", "running")
    run(START_TWO)
    expect(had(page, "billing-2")).to_have_count(2)
    button(page, "Pause").focus()
    page.keyboard.press("Space")
    expect(page.locator(".lk-state")).to_have_text("paused ‖")
    expect(page.locator(".lk-g-member button")).to_have_count(0)
    while member(page, "billing-2").count():
        before = page.locator(".lk-place").inner_text()
        page.keyboard.press("ArrowLeft")
        expect(page.locator(".lk-place")).not_to_have_text(before)
    expect(page.locator(".lk-g-head").first).to_be_visible()
    page.keyboard.press("Space")
    expect(had(page, "billing-2")).to_have_count(2)


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_dark_and_forced_colours(page: Page, run: Run, motion: str) -> None:
    """Who has a partition is to be seen in each; with less motion the view is the same."""
    page.emulate_media(reduced_motion=motion)  # type: ignore[arg-type]
    page.get_by_role("menuitem", name="Settings").click()
    page.locator(".lm-Menu-itemLabel", has_text="Theme").first.hover()
    page.locator(".lm-Menu-itemLabel", has_text="JupyterLab Dark").first.click()
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    show(page, run)
    run(START_TWO)
    expect(had(page, "billing-1")).to_have_count(2)
    expect(had(page, "billing-2")).to_have_count(2)
    cells = member(page, "billing-1").locator(".lk-g-cell")
    ground = "cells => new Set(cells.map(one => one.dataset.has + getComputedStyle(one).backgroundColor)).size"
    assert cells.evaluate_all(ground) >= 2
    photograph(page, f"dark-{motion}")
    page.emulate_media(forced_colors="active")
    assert cells.evaluate_all(ground) == 2
    photograph(page, "forced-colours")
