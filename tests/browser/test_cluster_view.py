"""The cluster view in JupyterLab: a broker that stops and comes back; mouse, keyboard, light, dark, no motion."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

START = """
import time

from kafka import KafkaAdminClient
from kafka.protocol.admin import ElectionType

from learnkafka import start_cluster
from learnkafka import views

cluster = start_cluster(brokers=3)
for name in ("orders", "payments"):
    cluster.topic(name, partitions=3)
cluster.topic("single", partitions=3, replication_factor=1)
deadline = time.monotonic() + 30
with KafkaAdminClient(bootstrap_servers=cluster.bootstrap_servers) as admin:
    # A broker that is held up for three seconds counts as away, and leads nothing when it goes on.
    while {one["leader_id"] for one in admin.describe_topics(["orders"])[0]["partitions"]} != {1, 2, 3}:
        assert time.monotonic() < deadline, admin.describe_topics(["orders"])
        admin.elect_leaders(ElectionType.PREFERRED, ["orders"], raise_errors=False)
        time.sleep(0.1)
"""
CELLS = [START.strip(), "views.cluster(cluster)", "cluster.stop_broker(2)", "cluster.start_broker(2)", "cluster.stop()"]
BEGIN, VIEW, STOP, COME_BACK, END = range(1, 6)


@pytest.fixture
def notebooks(tmp_path: Path) -> Path:
    """One notebook in place of the first lesson."""
    directory = tmp_path / "notebooks"
    directory.mkdir()
    notebook = new_notebook(cells=[new_markdown_cell("# The cluster"), *map(new_code_cell, CELLS)])
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(notebook, directory / "00-start-here.ipynb")
    return directory


def run(page: Page, *numbers: int) -> None:
    """Run cells as a learner does: click, Shift+Enter."""
    for number in numbers:
        prompt = page.locator(".jp-Notebook .jp-Cell").nth(number).locator(".jp-InputPrompt")
        prompt.click()
        page.keyboard.press("Shift+Enter")
        expect(prompt).not_to_have_text("[*]:", timeout=60_000)
        expect(prompt).not_to_have_text("[ ]:")


def cell(page: Page, partition: str, broker: int) -> Locator:
    return page.locator(f'[data-partition="{partition}"] .lk-cl-cell[data-broker="{broker}"]')


def led_by(page: Page, topic: str, broker: int) -> Locator:
    return page.locator(f'[data-partition^="{topic} "] .lk-cl-cell[data-broker="{broker}"][data-kind="leader"]')


def heading(page: Page, broker: int) -> Locator:
    return page.locator(f'.lk-cl-head[data-broker="{broker}"]')


def counts(page: Page) -> Locator:
    return page.locator(".lk-counts")


def show(page: Page) -> None:
    run(page, BEGIN, VIEW)
    expect(counts(page)).to_have_text("3 brokers · 9 partitions")
    expect(led_by(page, "orders", 2)).to_have_count(1)


def photograph(page: Page, name: str) -> None:
    """Keep a picture, where the environment says where."""
    if folder := os.environ.get("LEARNKAFKA_PICTURES"):
        page.locator(".lk-cluster").screenshot(path=Path(folder) / f"cluster-{name}.png")


def test_a_broker_stops_and_comes_back(page: Page) -> None:
    """Its column is away, others lead what it led and are seen to take over; then it follows, in sync."""
    show(page)
    photograph(page, "light")
    was_its = led_by(page, "orders", 2).evaluate("one => one.parentNode.dataset.partition")
    assert "preferred leader" in (cell(page, was_its, 2).get_attribute("aria-label") or "")
    page.evaluate("document.querySelector('.lk-cl-cell').mine = true")
    page.evaluate(
        """() => {
          window.heard = [];
          const voice = document.querySelector('.lk-voice');
          new MutationObserver(() => window.heard.push(voice.textContent)).observe(voice, {childList: true});
          window.moved = [];
          document.querySelector('.lk-cluster').addEventListener('animationstart', (event) => window.moved.push(event.animationName));
        }"""
    )
    run(page, STOP)
    expect(heading(page, 2)).to_have_attribute("data-state", "away")
    expect(heading(page, 2)).to_contain_text("away")
    expect(counts(page)).to_have_text("3 brokers, 1 away · 9 partitions · 7 under-replicated · 1 without a leader")
    expect(led_by(page, "orders", 2)).to_have_count(0)
    expect(cell(page, was_its, 2)).to_have_attribute("data-kind", "away")
    stand_in = page.locator(f'[data-partition="{was_its}"] .lk-cl-stand-in')
    expect(stand_in).to_have_count(1)
    expect(stand_in).to_have_attribute("data-kind", "leader")
    photograph(page, "light-away")
    heard = " | ".join(page.evaluate("window.heard"))
    assert "broker 2 is away" in heard
    assert "3 partitions changed leaders" in heard or f"{was_its} is led by broker" in heard
    assert "lk-cl-arrive" in page.evaluate("window.moved")
    stand_in.hover()
    expect(page.locator(".lk-detail")).to_contain_text("not the preferred leader, which is broker 2")
    run(page, COME_BACK)
    expect(heading(page, 2)).to_have_attribute("data-state", "running")
    expect(counts(page)).to_have_text("3 brokers · 9 partitions")
    expect(cell(page, was_its, 2)).to_have_attribute("data-kind", "in-sync")
    expect(stand_in).to_have_count(1)
    assert "broker 2 is back" in " | ".join(page.evaluate("window.heard"))
    assert page.evaluate("document.querySelector('.lk-cl-cell').mine") is True
    photograph(page, "light-back")
    run(page, END)
    expect(page.locator(".lk-state")).to_have_text("unreachable ✕")
    photograph(page, "unreachable")


def test_with_the_keyboard_alone(page: Page) -> None:
    """Tab to one cell, arrows from there, over topics too; JupyterLab's commands stay away."""
    show(page)
    page.get_by_role("button", name="Pause", exact=True).focus()
    for _ in range(4):
        page.keyboard.press("Tab")
    expect(cell(page, "orders 0", 1)).to_be_focused()
    moves = [
        ("ArrowRight", "orders 0", 2),
        ("End", "orders 0", 3),
        ("ArrowRight", "orders 0", 3),
        ("ArrowDown", "orders 1", 3),
        ("ArrowDown", "orders 2", 3),
        ("ArrowDown", "payments 0", 3),
        ("ArrowUp", "orders 2", 3),
        ("Home", "orders 2", 1),
    ]
    for key, partition, broker in moves:
        page.keyboard.press(key)
        expect(cell(page, partition, broker)).to_be_focused()
    expect(page.locator(".lk-detail")).to_contain_text("orders, partition 2 · broker 1 · ")
    expect(page.locator('.lk-cluster [tabindex="0"]')).to_have_count(1)
    number = page.locator(".jp-Notebook .jp-Cell").count()
    for key in ("a", "b", "x", "d", "d"):
        page.keyboard.press(key)
    expect(page.locator(".jp-Notebook .jp-Cell")).to_have_count(number)


def test_dark_forced_colours_and_no_motion(page: Page) -> None:
    """What leads, follows and is away differ in each; nothing moves where that isn't wanted."""
    page.emulate_media(reduced_motion="reduce")
    page.get_by_role("menuitem", name="Settings").click()
    page.locator(".lm-Menu-itemLabel", has_text="Theme").first.hover()
    page.locator(".lm-Menu-itemLabel", has_text="JupyterLab Dark").first.click()
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    show(page)
    photograph(page, "dark")
    run(page, STOP)
    expect(heading(page, 2)).to_have_attribute("data-state", "away")
    moved = page.locator(".lk-cl-moved")
    names = moved.evaluate_all("all => all.map((one) => getComputedStyle(one).animationName)")
    assert set(names) <= {"none"}
    expect(page.locator(".lk-cl-stand-in")).to_have_count(2)
    photograph(page, "dark-away")
    look = "one => { const { backgroundColor, borderStyle } = getComputedStyle(one); return backgroundColor + borderStyle; }"
    kinds = ("leader", "in-sync", "away")
    for colours in ("none", "active"):
        page.emulate_media(forced_colors=colours)  # type: ignore[arg-type]
        signs = [page.locator(f'.lk-cl-cell[data-kind="{kind}"] .lk-cl-sign').first.evaluate(look) for kind in kinds]
        assert len(set(signs)) == len(kinds)
    photograph(page, "forced-colours")
