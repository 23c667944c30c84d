"""Markup and scripts in everything that comes from outside: in JupyterLab it is all text, and nothing runs."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

Run = Callable[..., None]
Cell = Callable[[int], Locator]

# Each would leave a mark on the page, where it came to be more than text.
EVIL = [
    "<script>window.marks=1</script>",
    "<img src=x onerror=window.marks=2>",
    "</script></td></table><svg onload=window.marks=3>",
    "\" onmouseover=\"window.marks=4\" onfocus='window.marks=5' x='",
    "\u2028<iframe srcdoc='<script>parent.marks=6</script>'></iframe>\u2029",
    "<a href='javascript:window.marks=7'>a</a>",
]
START = f"""
import json
from pathlib import Path
from kafka import KafkaConsumer, KafkaProducer
from learnkafka import open_lab, start_broker, start_member, views
from learnkafka.labs.card import hint_card, verdict_card
from learnkafka.labs.showing import said, shown, shown_bytes
from learnkafka.labs.verdict import CodeLine, Outcome, Verdict
from learnkafka.observe.recorder import Replay
from learnkafka.observe.recorded import load, save
from learnkafka.questions.prediction import Prediction
from learnkafka.questions.question import Choice, Question
from learnkafka.questions.recalling import Recall

EVIL = json.loads({json.dumps(json.dumps(EVIL))})
ALL = " ".join(EVIL)
broker = start_broker()
connect = {{"bootstrap_servers": broker.bootstrap_servers}}
topic = broker.topic("orders.of_the-shop")
with KafkaProducer(**connect, client_id=ALL) as producer:
    for text in EVIL:
        raw = text.encode()
        producer.send(topic, raw, key=raw, headers=[(text, raw)]).get(timeout=20)
Path("billing.py").write_text('''
from kafka import KafkaConsumer
with KafkaConsumer(topic, group_id=group, client_id=client, auto_offset_reset="earliest", **connect) as consumer:
    for record in consumer:
        pass
''')
member = start_member("billing.py", topic, ALL, name=EVIL[1], client=EVIL[0])
mine = KafkaConsumer(topic, **connect, group_id=EVIL[1], client_id=EVIL[3], auto_offset_reset="earliest")
while not mine.poll(timeout_ms=200): pass
print("ready")
""".strip()
CELLS = [
    START,
    "log = views.log(broker, topic, group=EVIL[1], consumers=[mine])\nlog",
    "with KafkaProducer(**connect) as producer:\n    producer.send(topic, b'more', key=ALL.encode()).get(timeout=20)",
    "group = views.group(broker, ALL)\ngroup",
    "views.cluster(broker)",
    "from IPython.display import display\ndisplay(log.snapshot(), group.snapshot(), views.log(broker, EVIL[1]).snapshot())",
    "save(group.recorder.frames, 'frames.jsonl')\ntype(group)(Replay(load('frames.jsonl')), ALL)",
    "question = Question('99-evil', ALL, tuple(Choice(text, text) for text in EVIL[:3]), right=0)\nPrediction(question)",
    "Recall((question,))",
    "Prediction(question).explain()",
    "evil = verdict_card(ALL, Verdict(Outcome.WRONG, ALL, shown(EVIL), shown_bytes(ALL.encode()), None, CodeLine(1, ALL), ALL),"
    " why='', hint='lab.hint(1)', note=ALL)\ndisplay(evil, hint_card(ALL, 1, 3, ALL))",
    "raise ValueError(ALL)",
]
START_CELL, LOG, MORE, GROUP, CLUSTER, TABLES, REPLAY, PREDICTION, RECALL, EXPLANATION, CARDS, RAISED = range(
    1, len(CELLS) + 1
)
FORBIDDEN = "script, img, iframe, a[href^='javascript'], [onerror], [onload], [onmouseover], [onfocus], [srcdoc]"


@pytest.fixture
def notebooks(one_notebook: Callable[..., Path]) -> Path:
    """Everything that the course shows, of texts that mean harm."""
    return one_notebook("Markup", CELLS)


def nothing_ran(page: Page, output: Locator) -> None:
    """There is no element in an output that we didn't make, and no mark on the page."""
    expect(output).to_have_count(1)
    assert output.locator(FORBIDDEN).count() == 0
    # What we draw as SVG are icons, and the lanes of the group's time line: without a script of their own.
    names = output.locator("*").evaluate_all("all => [...new Set(all.flatMap(one => one.getAttributeNames()))]")
    assert not [name for name in names if name.startswith("on")]
    assert page.evaluate("window.marks") is None


def test_nothing_runs(page: Page, cell: Cell, run: Run, tmp_path: Path) -> None:
    """Views, tables, replayed frames, questions and cards; pointed at and focused; and again after the notebook was saved and opened anew."""
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        if dialog.type != "beforeunload":  # JupyterLab's own, at the end of a page that has changed
            asked.append(dialog.message)
        dialog.accept()

    page.on("dialog", answer)
    outputs = {number: cell(number).locator(".jp-Cell-outputArea") for number in range(1, len(CELLS) + 1)}
    run(START_CELL)
    expect(outputs[START_CELL]).to_contain_text("ready", timeout=60_000)

    run(LOG)
    records = outputs[LOG].locator(".lk-cell .lk-key")
    expect(records).to_have_count(len(EVIL))
    expect(records.nth(1)).to_have_text(EVIL[1])
    run(MORE)
    expect(records).to_have_count(len(EVIL) + 1)
    for place in range(len(EVIL)):
        records.nth(place).hover()
    outputs[LOG].locator(".lk-cell").first.focus()
    page.keyboard.press("ArrowRight")
    expect(outputs[LOG].locator(".lk-detail")).to_contain_text(f"value {EVIL[1]}")
    run(GROUP)
    expect(outputs[GROUP].locator(".lk-g-member").first).to_contain_text(EVIL[1])
    expect(outputs[GROUP].locator(".lk-title")).to_contain_text(EVIL[0])
    outputs[GROUP].locator(".lk-g-member").first.hover()
    run(CLUSTER)
    expect(outputs[CLUSTER].locator(".lk-cl-row").last).to_be_visible()
    # Its own frames, replayed in the page.
    outputs[LOG].get_by_role("button", name="Pause", exact=True).click()
    outputs[LOG].get_by_role("button", name="Step back").click()
    outputs[LOG].get_by_role("button", name="Replay").click()
    run(TABLES)
    expect(outputs[TABLES].locator("caption").first).to_contain_text(EVIL[1])
    run(REPLAY)
    expect(outputs[REPLAY].locator(".lk-g-member").first).to_contain_text(EVIL[1])
    run(PREDICTION, RECALL, EXPLANATION)
    for number in (PREDICTION, RECALL):
        expect(outputs[number].locator(".lk-prompt")).to_contain_text(EVIL[1])
        for radio in outputs[number].get_by_role("radio").all():
            radio.click()
    expect(outputs[RECALL].locator(".lk-status")).to_contain_text(EVIL[2])
    run(CARDS, RAISED)
    expect(outputs[CARDS].locator("section").first).to_contain_text(EVIL[1])
    for output in outputs.values():
        nothing_ran(page, output)
    if folder := os.environ.get("LEARNKAFKA_PICTURES"):
        page.screenshot(path=Path(folder) / "markup.png")

    # As it is met the next day: saved outputs, no kernel's widgets.
    page.keyboard.press("Control+s")
    saved = tmp_path / "notebooks/00-start-here.ipynb"
    deadline = 100
    while '"section' not in (text := saved.read_text(encoding="utf-8")) and "<section" not in text:
        page.wait_for_timeout(100)
        deadline -= 1
        assert deadline, "the notebook wasn't saved"
    page.reload()
    expect(page.get_by_text(re.compile(r"Python 3 \(ipykernel\) \| "))).to_be_visible(timeout=60_000)
    for number in (TABLES, EXPLANATION, CARDS):
        expect(outputs[number]).to_contain_text(EVIL[1])
    for output in outputs.values():
        nothing_ran(page, output)
    assert not asked
