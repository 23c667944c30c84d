"""The log view in JupyterLab: what is sent appears; pause, step, replay; mouse, keyboard, light, dark, no motion."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.stopwatch import Stopwatch

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

Run = Callable[..., None]
Cell = Callable[[int], Locator]

START = """
import time

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from learnkafka import start_broker
from learnkafka import views

broker = start_broker()
connect = {"bootstrap_servers": broker.bootstrap_servers}
topic = broker.topic("orders", partitions=2)
producer = KafkaProducer(**connect)
for number in range(6):
    producer.send(topic, b"<b>bread</b>", key=[b"ada", b"<i>bob</i>"][number % 2], partition=0).get(timeout=20)
mine = KafkaConsumer(**connect, group_id="billing", enable_auto_commit=False, max_poll_records=1)
partition = TopicPartition(topic, 0)
mine.assign([partition])
mine.seek(partition, 1)
mine.commit()
mine.seek(partition, 3)
"""
SHOW = 'view = views.log(broker, topic, group="billing", consumers=[mine])\nview'
SEND = 'producer.send(topic, b"one more", key=b"ada", partition=1).get(timeout=20)'
MANY = """
acknowledged = []
for number in range(21):
    at = producer.send(topic, b"timed", key=b"ada", partition=1).get(timeout=20)
    acknowledged.append([at.offset, time.time() * 1000])
    time.sleep(0.237)  # so that they fall on all parts of an interval
print(acknowledged)
"""
DELETE = """
from kafka import KafkaAdminClient

with KafkaAdminClient(**connect) as admin:
    admin.delete_records({partition: 2})
"""
CELLS = [START.strip(), SHOW, SEND, MANY.strip(), DELETE.strip(), "broker.stop()"]
BEGIN, VIEW, SEND_ONE, SEND_MANY, TAKE_SOME, END = range(1, 7)
MEDIAN_MS = 200

# Notes when each cell of the second partition is first there at the drawing of a screen.
WATCH = """() => {
  window.seen = {};
  const look = () => {
    for (const cell of document.querySelectorAll('[data-partition="1"] .lk-cell')) {
      window.seen[cell.dataset.offset] ??= Date.now();
    }
    requestAnimationFrame(look);
  };
  look();
}"""


@pytest.fixture
def notebooks(one_notebook: Callable[..., Path]) -> Path:
    """A topic, its log, and what changes it."""
    return one_notebook("The log", CELLS)


def record(page: Page, partition: int, offset: int) -> Locator:
    return page.locator(f'[data-partition="{partition}"] .lk-cell[data-offset="{offset}"]')


def state(page: Page) -> Locator:
    return page.locator(".lk-state")


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


@pytest.fixture
def show(page: Page, run: Run) -> Callable[[], None]:
    """`show()`: start what there is to see, and wait until it is drawn."""

    def begin() -> None:
        run(BEGIN, VIEW)
        expect(record(page, 0, 5)).to_be_visible()

    return begin


def photograph(page: Page, name: str) -> None:
    """Keep a picture, where the environment says where."""
    if folder := os.environ.get("LEARNKAFKA_PICTURES"):
        page.screenshot(path=Path(folder) / f"views-{name}.png")


def test_what_is_there(page: Page, show: Callable[[], None]) -> None:
    """Cells and marks say what they are to those who hear the page, too; keys and values are only text."""
    show()
    row = page.locator('[data-partition="0"]')
    expect(row).to_have_attribute(
        "aria-label",
        "partition 0 · log start 0 · committed 1 · position 3 · high watermark 6 · end 6 · lag 5 · leader 1 · 1 segment",
    )
    kinds = row.locator(".lk-cell").evaluate_all(
        "cells => cells.map(one => [one.dataset.kind, one.classList.contains('lk-twice')])"
    )
    assert kinds == [["read", False], ["read", True], ["read", True], *[["unread", False]] * 3]
    expect(page.locator(".lk-counts")).to_have_text("2 partitions · 6 records")
    expect(state(page)).to_have_text("live ●")
    record(page, 0, 1).hover()
    expect(page.locator(".lk-detail")).to_contain_text("offset 1 · key <i>bob</i> · value <b>bread</b>")
    expect(page.locator(".lk-log :is(b, i)")).to_have_count(0)


def test_a_record_appears(page: Page, cell: Cell, run: Run, show: Callable[[], None]) -> None:
    """Soon after it was acknowledged; what was there before stays the same node, in its place."""
    show()
    page.evaluate("document.querySelector('[data-partition=\"0\"] .lk-cell').mine = true")
    before = record(page, 0, 5).bounding_box()
    run(SEND_ONE)
    expect(record(page, 1, 0)).to_be_visible()
    expect(page.locator(".lk-counts")).to_have_text("2 partitions · 7 records")
    assert record(page, 0, 0).evaluate("one => one.mine") is True
    after = record(page, 0, 5).bounding_box()
    assert before
    assert after
    assert after["x"] == before["x"]

    page.evaluate(WATCH)
    stopwatch = Stopwatch()
    run(SEND_MANY)
    expect(record(page, 1, 21)).to_be_visible()
    acknowledged = eval(cell(SEND_MANY).locator(".jp-OutputArea-output").inner_text())  # noqa: S307 - our own
    ours = stopwatch.share()
    seen = page.evaluate("window.seen")
    waits = [seen[str(offset)] - at for offset, at in acknowledged[1:]]
    print(f"\nacknowledgement to screen: median {median(waits):.0f} ms, {min(waits):.0f} to {max(waits):.0f} ms")  # noqa: T201 - a figure that we want to see
    assert median(waits) * ours <= MEDIAN_MS


def test_pause_step_and_replay(page: Page, run: Run, show: Callable[[], None]) -> None:
    """Over what the browser has kept; the view goes on receiving, and shows it when it is live again."""
    show()
    run(SEND_ONE)
    expect(record(page, 1, 0)).to_be_visible()
    button(page, "Pause").click()
    expect(state(page)).to_have_text("paused ‖")
    run(SEND_ONE)
    expect(page.locator(".lk-place")).to_have_text("frame 2 of 3")
    expect(record(page, 1, 1)).to_have_count(0)
    button(page, "Step back").click()
    expect(record(page, 1, 0)).to_have_count(0)
    button(page, "Step forward").click()
    button(page, "Step forward").click()
    expect(record(page, 1, 1)).to_be_visible()
    expect(button(page, "Step forward")).to_have_attribute("aria-disabled", "true")
    button(page, "Replay").click()
    expect(page.locator(".lk-place")).to_have_text("frame 1 of 3")
    expect(page.locator(".lk-place")).to_have_text("frame 3 of 3")
    button(page, "Go live").click()
    expect(state(page)).to_have_text("live ●")
    expect(page.locator(".lk-voice")).to_have_text("live")


def test_with_the_keyboard_alone(page: Page, run: Run, show: Callable[[], None]) -> None:
    """Buttons with Tab; arrows step while paused, and move between records; JupyterLab's commands stay away."""
    show()
    run(SEND_ONE)
    expect(record(page, 1, 0)).to_be_visible()
    button(page, "Pause").focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".lk-place")).to_have_text("frame 1 of 2")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".lk-place")).to_have_text("frame 2 of 2")
    page.keyboard.press("Enter")
    expect(state(page)).to_have_text("live ●")
    for _ in range(4):
        page.keyboard.press("Tab")
    expect(record(page, 0, 0)).to_be_focused()
    for key, at in (("ArrowRight", (0, 1)), ("End", (0, 5)), ("ArrowDown", (1, 0)), ("ArrowUp", (0, 0))):
        page.keyboard.press(key)
        expect(record(page, *at)).to_be_focused()
    expect(page.locator(".lk-detail")).to_contain_text("partition 0 · offset 0 · key ada")
    count = page.locator(".jp-Notebook .jp-Cell").count()
    for key in ("a", "b", "x", "d", "d", "m"):
        page.keyboard.press(key)
    expect(record(page, 0, 0)).to_be_focused()
    expect(page.locator(".jp-Notebook .jp-Cell")).to_have_count(count)


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_what_was_deleted_leaves_visibly(page: Page, run: Run, show: Callable[[], None], motion: str) -> None:
    """For a second, with a movement where movements are wanted; its place stays, as a dot."""
    page.emulate_media(reduced_motion=motion)  # type: ignore[arg-type]
    show()
    before = record(page, 0, 5).bounding_box()
    run(TAKE_SOME)
    leaving = page.locator(".lk-cell.removed")
    expect(leaving).to_have_count(2)
    name = leaving.first.evaluate("one => getComputedStyle(one).animationName")
    assert name == ("none" if motion == "reduce" else "lk-leave")
    expect(leaving).to_have_count(0)
    expect(record(page, 0, 1)).to_have_attribute("data-kind", "gone")
    after = record(page, 0, 5).bounding_box()
    assert before
    assert after
    assert after["x"] == before["x"]
    expect(page.locator('[data-partition="0"]')).to_contain_text("4")


def test_a_broker_that_ends(page: Page, run: Run, show: Callable[[], None]) -> None:
    """It is said, and what was last known stays to be seen."""
    show()
    run(END)
    expect(state(page)).to_have_text("unreachable ✕")
    expect(page.locator(".lk-said")).to_contain_text("The broker has ended")
    expect(page.locator(".lk-voice")).to_contain_text("unreachable")
    expect(record(page, 0, 5)).to_be_visible()
    photograph(page, "unreachable")


def test_closing_the_output_ends_the_thread(page: Page, cell: Cell, run: Run, show: Callable[[], None]) -> None:
    """And showing it again starts another."""
    show()
    running = "print([one.name for one in __import__('threading').enumerate() if 'learnkafka-view' in one.name] != [])"
    cell(VIEW).locator(".jp-InputPrompt").click()
    page.get_by_role("menuitem", name="Edit").click()
    page.locator(".lm-Menu-itemLabel", has_text="Clear Cell Output").click()
    expect(page.locator(".lk-log")).to_have_count(0)
    cell(SEND_ONE).locator(".cm-content").fill(running)
    cell(SEND_MANY).locator(".cm-content").fill(f"view.recorder.start()\n{running}")
    run(SEND_ONE)
    expect(cell(SEND_ONE).locator(".jp-OutputArea-output")).to_have_text("False\n")
    run(SEND_MANY)
    expect(cell(SEND_MANY).locator(".jp-OutputArea-output")).to_have_text("True\n")


def test_leaving_the_page_ends_the_thread(page: Page, cell: Cell, run: Run, show: Callable[[], None]) -> None:
    """The kernel lives on when a page is loaded anew; what nobody sees any more isn't looked at."""
    show()
    page.keyboard.press("Control+s")
    page.reload()
    expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=60_000)
    expect(page.locator(".lk-log")).to_have_count(0)
    running = "[one.name for one in __import__('threading').enumerate() if 'learnkafka-view' in one.name] != []"
    cell(SEND_ONE).locator(".cm-content").fill(
        f"import time\ndeadline = time.monotonic() + 20\nwhile {running} and time.monotonic() < deadline:\n    time.sleep(0.05)\nprint({running})"
    )
    run(SEND_ONE)
    expect(cell(SEND_ONE).locator(".jp-OutputArea-output")).to_have_text("False\n")


def test_dark_and_forced_colours(page: Page, show: Callable[[], None]) -> None:
    """What is read and what isn't differ in each."""
    page.get_by_role("menuitem", name="Settings").click()
    page.locator(".lm-Menu-itemLabel", has_text="Theme").first.hover()
    page.locator(".lm-Menu-itemLabel", has_text="JupyterLab Dark").first.click()
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    show()
    ground = "one => getComputedStyle(one).backgroundColor"
    assert record(page, 0, 0).evaluate(ground) != record(page, 0, 5).evaluate(ground)
    photograph(page, "dark")
    page.emulate_media(forced_colors="active")
    assert record(page, 0, 0).evaluate(ground) != record(page, 0, 5).evaluate(ground)
    photograph(page, "forced-colours")
