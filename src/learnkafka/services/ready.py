"""Ready means: Redis has answered."""

from __future__ import annotations

import time
from collections.abc import Callable

from learnkafka.errors import ServiceError
from learnkafka.services.address import quick_client

ONE_ANSWER = 0.5  # seconds; somebody else who has taken the port may never answer


def wait_for_answer(url: str, seconds: float, explain_if_dead: Callable[[], None]) -> None:
    """Return when the Redis there has answered to our password, so that it is ours and not somebody else's.

    `explain_if_dead` is asked between attempts, and raises when there is nobody left to wait for.
    """
    import redis

    deadline = time.monotonic() + seconds
    while True:
        cause: Exception | None = None
        with quick_client(url, ONE_ANSWER) as client:
            try:
                if client.ping():
                    return
            except (redis.RedisError, OSError) as error:
                cause = error
        explain_if_dead()
        if time.monotonic() > deadline:
            seen = f" ({type(cause).__name__})" if cause else ""
            raise ServiceError(
                f"The Redis runs, but didn't answer within {seconds:.0f} s{seen}; try again, and look at what "
                "`learnkafka doctor` says."
            ) from cause
        time.sleep(0.005)
