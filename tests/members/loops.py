"""What a learner's file holds: the two ways to read."""

LOOP = """
from kafka import KafkaConsumer
with KafkaConsumer(topic, group_id=group, auto_offset_reset="earliest", **connect, **settings) as consumer:
    for record in consumer:
        print(record.value)
"""
POLL = """
from kafka import KafkaConsumer
with KafkaConsumer(topic, group_id=group, auto_offset_reset="earliest", **connect, **settings) as consumer:
    while True:
        for records in consumer.poll(timeout_ms=100).values():
            for record in records:
                print(record.value)
"""
