"""Exercises that check themselves: `open_lab(name, broker)`, then `check`, `hint` and `progress`."""

from learnkafka.labs.exercises import LABS
from learnkafka.labs.lab import Lab, open_lab

__all__ = ["LABS", "Lab", "open_lab"]
