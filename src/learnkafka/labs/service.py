"""A service of the shop as lab 07's checks run it; its lines go into a file with `crew.HEAD` before them."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from itertools import chain
from threading import Event
from typing import Any

from kafka import KafkaConsumer

timing: dict[str, Any] = {}  # the process has its own


def serve(topic: str, group: str, connect: dict[str, Any], handle: Callable[[Any], None]) -> None:
    """Handle orders, commit each batch, and leave in order on SIGTERM."""
    leaving = Event()
    signal.signal(signal.SIGTERM, lambda *_: leaving.set())
    settings = {"auto_offset_reset": "earliest", "enable_auto_commit": False, "max_poll_records": 5}
    with KafkaConsumer(topic, group_id=group, **connect, **timing, **settings) as consumer:
        while not leaving.is_set():
            if batch := consumer.poll(timeout_ms=100):
                for record in chain(*batch.values()):
                    handle(json.loads(record.value))
                consumer.commit()
