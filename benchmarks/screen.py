"""How long a record takes from its acknowledgement to its cell on the screen, in JupyterLab and a real browser.

Its peer is a plain consumer in the same kernel that polls without a pause: what any client of Kafka could know of the
record by then.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from benchmarks.figures import Figure
from benchmarks.jupyterlab import jupyterlab, open_notebook

RECORDS = 20  # a round
BOUND = 0.2  # seconds
NOTEBOOK = Path("notebooks/00-start-here.ipynb")  # the one that `learnkafka lab` opens
START = """
import json
import threading
import time

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from learnkafka import start_broker, views

broker = start_broker()
connect = {"bootstrap_servers": broker.bootstrap_servers}
topic = broker.topic("orders", partitions=1)
producer = KafkaProducer(**connect)
consumer = KafkaConsumer(**connect)
partition = TopicPartition(topic, 0)
consumer.assign([partition])
consumer.seek(partition, 0)
delivered, acknowledged, ended = {}, {}, threading.Event()

def deliver():
    while not ended.is_set():
        for record in consumer.poll(timeout_ms=100).get(partition, []):
            delivered[record.offset] = time.time()

listener = threading.Thread(target=deliver, daemon=True)
listener.start()
"""
SHOW = "views.log(broker, topic)"
SEND = f"""
for _ in range({RECORDS} + 1):
    at = producer.send(topic, b"timed", key=b"ada").get(timeout=20)
    acknowledged[at.offset] = time.time()
    time.sleep(0.237)  # so that they fall on all parts of an interval
print(json.dumps([acknowledged, delivered]))
"""
# Notes when each cell is first there at the drawing of a screen, in seconds.
WATCH = """() => {
  window.seen = {};
  const look = () => {
    for (const cell of document.querySelectorAll('[data-partition="0"] .lk-cell')) {
      window.seen[cell.dataset.offset] ??= Date.now() / 1000;
    }
    requestAnimationFrame(look);
  };
  look();
}"""


def measure(rounds: int) -> list[Figure]:
    """Some records a round, all in one page; nothing where there is no Chromium, which is said."""
    chromium = shutil.which("chromium")
    if chromium is None:
        print("From record to screen isn't measured: there is no Chromium on this machine.", file=sys.stderr)
        return []
    from playwright.sync_api import expect, sync_playwright

    to_screen, to_consumer = [], []
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(TemporaryDirectory()))
        _write(scratch / NOTEBOOK)
        lab = stack.enter_context(jupyterlab(scratch, scratch / "config"))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        open_notebook(page, lab.address)

        def run(number: int) -> str:
            cell = page.locator(".jp-Notebook .jp-Cell").nth(number)
            prompt = cell.locator(".jp-InputPrompt")
            before = prompt.inner_text()
            prompt.click()
            page.keyboard.press("Shift+Enter")
            expect(prompt).not_to_have_text(before, timeout=30_000)
            expect(prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=60_000)
            return str(cell.locator(".jp-Cell-outputArea").inner_text()) if number == 3 else ""

        run(1)
        run(2)
        page.evaluate(WATCH)
        for _ in range(rounds):
            acknowledged, delivered = json.loads(run(3))
            last = max(acknowledged, key=int)
            page.wait_for_function(f"window.seen[{last}]")
            seen = page.evaluate("window.seen")
            for offset in sorted(acknowledged, key=int)[-RECORDS:]:
                to_screen.append(seen[offset] - acknowledged[offset])
                if offset in delivered:
                    to_consumer.append(max(0.0, delivered[offset] - acknowledged[offset]))
        browser.close()
    return [
        Figure("acknowledged, to its cell on the screen", "s", to_screen, BOUND),
        Figure("acknowledged, to a plain consumer", "s", to_consumer),
    ]


def _write(notebook: Path) -> None:
    """The cells above, as a notebook."""
    cells = [new_markdown_cell("# Record to screen"), *(new_code_cell(one.strip()) for one in (START, SHOW, SEND))]
    timed = new_notebook(cells=cells)
    timed.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.parent.mkdir()
    nbformat.write(timed, notebook)
