"""The pictures in README.md: each view in JupyterLab, light and dark, on a real broker: python -m tools.pictures

Run it where `learnkafka` and the test tools are installed; it writes docs/view-*.png.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Page, expect, sync_playwright

from benchmarks.jupyterlab import jupyterlab, open_notebook

DOCS = Path(__file__).parents[1] / "docs"
MEMBER = """%%writefile billing.py
from kafka import KafkaConsumer
with KafkaConsumer(topic, group_id=group, **connect, auto_offset_reset="earliest", auto_commit_interval_ms=500,
                   session_timeout_ms=2000, heartbeat_interval_ms=200) as consumer:
    for record in consumer:
        pass
"""
LOG = """
import json, time
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from learnkafka import purchases, start_broker, start_cluster, start_member, views
broker = start_broker()
connect = {"bootstrap_servers": broker.bootstrap_servers}
orders = purchases()
producer = KafkaProducer(**connect)
topic = broker.topic("orders", partitions=3, retention_bytes=1_048_576, segment_bytes=1_048_576)
for order in orders[:4000]:  # enough for retention to take the first segment of each partition
    producer.send(topic, json.dumps(order).encode() + bytes(1500), key=order["customer"].encode())
producer.flush()
view = views.log(broker, topic, group="billing", consumers=[mine := KafkaConsumer(**connect, group_id="billing", enable_auto_commit=False)])
deadline = time.monotonic() + 20
while min(one["log_start"] for one in view.recorder.take().content["partitions"]) == 0 and time.monotonic() < deadline:
    time.sleep(0.2)
mine.assign([TopicPartition(topic, number) for number in range(3)])
ends = mine.end_offsets(mine.assignment())
for partition, end in ends.items():
    mine.seek(partition, end - 12 + 3 * partition.partition)
mine.commit()
for _ in range(12):
    next(mine)
view
"""
SMALL = """
small = broker.topic("invoices", partitions=2)
reader = KafkaConsumer(**connect, group_id="shipping", enable_auto_commit=False)
for order in orders[:11]:
    producer.send(small, json.dumps(order).encode(), key=order["customer"].encode())
producer.flush()
reader.assign([TopicPartition(small, 0), TopicPartition(small, 1)])
for partition in reader.assignment():
    reader.seek(partition, 1)
reader.commit()
for _ in range(3):
    next(reader)
views.log(broker, small, group="shipping", consumers=[reader])
"""
GROUP = """
topic = broker.topic("payments", partitions=6)
for number in range(60):
    producer.send(topic, b"x", partition=number % 6)
producer.flush()
views.group(broker, "payments")
"""
REBALANCES = """
members = [start_member("billing.py", topic, "payments")]
members[0].wait_until_assigned()
time.sleep(3)
members += [start_member("billing.py", topic, "payments"), start_member("billing.py", topic, "payments")]
for one in members:
    one.wait_until_assigned()
time.sleep(3)
for number in range(30):
    producer.send(topic, b"x", partition=number % 6)
producer.flush()
members[1].slow(500)
members[2].kill()
time.sleep(4)
"""
CLUSTER = """
cluster = start_cluster(brokers=3)
from kafka import KafkaAdminClient
with KafkaAdminClient(bootstrap_servers=cluster.bootstrap_servers) as admin:
    admin.create_topics({"orders": {"num_partitions": 6, "replication_factor": 3}}, wait_for_metadata=True)
views.cluster(cluster, "orders")
"""
STOP = "cluster.stop_broker(2)\ntime.sleep(3)"
CELLS = [LOG, SMALL, MEMBER, GROUP, REBALANCES, CLUSTER, STOP]
TAKEN = {0: ("log", 0), 1: ("invoices", 1), 4: ("group", 3), 6: ("cluster", 5)}
"""After which cell the view of which cell is taken, and its name."""


def main() -> None:
    """Take all pictures, in each theme."""
    for theme in ("light", "dark"):
        _take_all(theme)


def _take_all(theme: str) -> None:
    with tempfile.TemporaryDirectory() as directory, sync_playwright() as playwright:
        notebooks = Path(directory) / "notebooks"
        notebooks.mkdir()
        notebook = new_notebook(cells=[new_code_cell(one.strip()) for one in CELLS])
        notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
        nbformat.write(notebook, notebooks / "00-start-here.ipynb")
        with jupyterlab(Path(directory), Path(directory) / "config") as lab:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1280, "height": 1100}, device_scale_factor=1.5)
            open_notebook(page, lab.address)
            _set_theme(page, theme)
            for number in range(len(CELLS)):
                _run(page, number)
                if number in TAKEN:
                    _take(page, *TAKEN[number], theme)
            browser.close()


def _run(page: Page, number: int) -> None:
    prompt = page.locator(".jp-Notebook .jp-CodeCell").nth(number).locator(".jp-InputPrompt")
    prompt.click()
    page.keyboard.press("Shift+Enter")
    expect(prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=90_000)
    page.wait_for_timeout(1500)


def _set_theme(page: Page, theme: str) -> None:
    if theme == "dark":
        page.get_by_role("menuitem", name="Settings").click()
        page.locator(".lm-Menu-itemLabel", has_text="Theme").first.hover()
        page.locator(".lm-Menu-itemLabel", has_text="JupyterLab Dark").first.click()
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "true" if theme == "light" else "false")


def _take(page: Page, name: str, number: int, theme: str) -> None:
    board = page.locator(".jp-Notebook .jp-CodeCell").nth(number).locator(".lk-board")
    board.scroll_into_view_if_needed()
    page.wait_for_timeout(1200)
    board.screenshot(path=DOCS / f"view-{name}-{theme}.png")


if __name__ == "__main__":
    main()
