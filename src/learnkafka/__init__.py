"""The words that a notebook of the course uses; Kafka itself is spoken to with kafka-python.

Each is imported when it is first asked for: guards, members and the command line import this package too, and need few of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from learnkafka.purchases import purchases  # at once: a module has the same name

if TYPE_CHECKING:
    from learnkafka import views
    from learnkafka.broker import start_broker, start_cluster
    from learnkafka.labs import open_lab
    from learnkafka.members import start_member
    from learnkafka.questions import predict, recall
    from learnkafka.services import start_redis

__all__ = [
    "open_lab",
    "predict",
    "purchases",
    "recall",
    "start_broker",
    "start_cluster",
    "start_member",
    "start_redis",
    "views",
]

_MODULES = {
    "open_lab": "labs",
    "predict": "questions",
    "recall": "questions",
    "start_broker": "broker",
    "start_cluster": "broker",
    "start_member": "members",
    "start_redis": "services",
}


def __getattr__(name: str) -> Any:
    if name == "views":
        return import_module("learnkafka.views")
    if name not in _MODULES:
        raise AttributeError(f"module 'learnkafka' has no attribute {name!r}")
    return getattr(import_module(f"learnkafka.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
