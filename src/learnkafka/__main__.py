"""`python -m learnkafka` is the command `learnkafka`."""

from learnkafka.cli import app

app(prog_name="learnkafka")
