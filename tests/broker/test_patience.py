"""`LEARNKAFKA_PATIENCE`: on a cluster that many use at once, what waits for an answer gives up later."""

from __future__ import annotations

import socket
import time
from random import Random
from typing import Any

import pytest

from learnkafka.broker.environment import PATIENCE, patience
from learnkafka.errors import BrokerError, BrokerUnreachableError
from learnkafka.labs import scene
from learnkafka.labs.calling import DeadlineError
from learnkafka.observe import Observer, observer

SEEDED = Random(7)  # noqa: S311 - which data a check has


class Silent:
    """Somebody who listens where a broker should, and says nothing."""

    is_running = True

    def __init__(self, port: int) -> None:
        self.bootstrap_servers = f"127.0.0.1:{port}"

    def client_config(self) -> dict[str, Any]:
        return {}


@pytest.mark.parametrize(("given", "times"), [(None, 1.0), ("", 1.0), ("1", 1.0), (" 2.5 ", 2.5), ("1000", 1000.0)])
def test_how_many_times(given: str | None, times: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once where nothing is said."""
    monkeypatch.delenv(PATIENCE, raising=False)
    if given is not None:
        monkeypatch.setenv(PATIENCE, given)
    assert patience() == times


@pytest.mark.parametrize("given", ["much", "0", "0.5", "-1", "nan", "inf", "1e9"])
def test_what_is_no_number_of_times(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence."""
    monkeypatch.setenv(PATIENCE, given)
    with pytest.raises(BrokerError, match=f"LEARNKAFKA_PATIENCE is '{given}'; expected"):
        patience()


def test_an_observer_waits_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a broker that doesn't answer, before it says so."""
    monkeypatch.setattr(observer, "SECONDS", 0.4)
    waited = []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for times, said in (("1", "within 0.4 s"), ("4", "within 1.6 s")):
            monkeypatch.setenv(PATIENCE, times)
            with Observer(Silent(silent.getsockname()[1])) as looking:  # type: ignore[arg-type]
                began = time.monotonic()
                with pytest.raises(BrokerUnreachableError, match=said):
                    looking.topics()
                waited.append(time.monotonic() - began)
    assert waited[0] < 1.6 <= waited[1]


def test_a_learners_function_may_take_longer(broker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a check stops it."""
    monkeypatch.setattr(scene, "SECONDS_A_CALL", 1.0)
    monkeypatch.delenv(PATIENCE, raising=False)
    with scene.Scene(broker, SEEDED, {}, []) as alone, pytest.raises(DeadlineError):
        alone.call(time.sleep, 1.5)
    monkeypatch.setenv(PATIENCE, "10")
    with scene.Scene(broker, SEEDED, {}, []) as in_a_class:
        assert in_a_class.call(time.sleep, 1.5) is None
