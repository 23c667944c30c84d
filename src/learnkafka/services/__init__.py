"""What a lesson needs beside Kafka: a real Redis."""

from learnkafka.services.handle import RedisService
from learnkafka.services.start import start_redis

__all__ = ["RedisService", "start_redis"]
