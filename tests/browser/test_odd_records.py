"""Markup, quotes, odd Unicode and a megabyte in keys and values, in JupyterLab: they are texts, and no script runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

BEGIN = """
from kafka import KafkaProducer
from learnkafka import open_lab, start_broker, views
broker = start_broker()
connect = {"bootstrap_servers": broker.bootstrap_servers}
topic = broker.topic("orders", max_message_bytes=3_000_000)
lab = open_lab("01-why-publish-subscribe", broker)
def send(topic, orders=()):
    with KafkaProducer(**connect, max_request_size=3_000_000) as producer:
        for one in odd:
            producer.send(topic, one, key=one)
def catch_up(topic, group):
    print(odd[1].decode())
    return [one.decode(errors="replace") for one in odd]
"""
ODD, START, LOG, SEND, TABLE, SENT, RETURNED = range(1, 8)


@pytest.fixture
def notebooks(one_notebook: Callable[..., Path], odd_records: str) -> Path:
    """Such records, their log, and checks of functions that send and return them."""
    cells = [odd_records, BEGIN, "view = views.log(broker, topic)\nview", "send(topic)", "view.snapshot()"]
    return one_notebook("Odd records", [*cells, "lab.check(1, send)", "lab.check(2, catch_up)"])


@pytest.mark.soak
def test_odd_records_are_only_texts(
    page: Page, cell: Callable[[int], Locator], run: Callable[..., None], until: Callable[..., str]
) -> None:
    """In the live view, in its detail, in the table, and on the cards."""
    run(ODD, START, LOG, SEND)
    expect(page.locator(".lk-log .lk-cell")).to_have_count(14)

    def detail(offset: int) -> str:
        """What is told of the record; none of another cell, which a new frame may have put below the mouse."""
        page.locator(f'.lk-log .lk-cell[data-offset="{offset}"]').hover()
        told = page.locator(".lk-detail").inner_text()
        return told if f"offset {offset} " in told else ""

    details = [until(lambda offset=offset: detail(offset)) for offset in range(14)]
    assert "key <script>window.ran = 1</script> · value <script>window.ran = 1</script>" in details[0]
    assert "Zoë 🥖 👩\u200d🚀" in details[6]
    assert "\u202e" not in details[7]
    assert len(details[13]) < 400
    run(TABLE, SENT, RETURNED)
    expect(cell(TABLE).locator("table")).to_contain_text("null")
    expect(cell(SENT).get_by_role("region")).to_contain_text("not yet")
    expect(cell(RETURNED).get_by_role("region")).to_contain_text("<script>window.ran = 1</script>")
    expect(page.locator(".jp-OutputArea-output :is(script, img, iframe, a[href^=javascript])")).to_have_count(0)
    assert page.evaluate("window.ran") is None
