"""Everything that the course starts has an owner and an end, also after `kill -9`."""

from learnkafka.lifetime.run import LABEL_HOST, LABEL_RUN, Run, sweep

__all__ = ["LABEL_HOST", "LABEL_RUN", "Run", "sweep"]
