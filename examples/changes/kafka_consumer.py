#!/usr/bin/env python3
"""Prints every transfer from the Kafka topic of a bank: pip install kafka-python lz4

    python3 kafka_consumer.py 127.0.0.1:9092 tongbao.changes          goes on for ever
    python3 kafka_consumer.py 127.0.0.1:9092 tongbao.changes --once   ends when nothing has come for five seconds
"""

import json
import sys

from kafka import KafkaConsumer


def main():
    brokers, topic = sys.argv[1:3]
    consumer = KafkaConsumer(
        topic,
        bootstrap_servers=brokers.split(","),
        # What a dead leader left unfinished is not shown.
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        consumer_timeout_ms=5_000 if "--once" in sys.argv else float("inf"),
    )
    for message in consumer:
        event = json.loads(message.value)
        for change in event["changes"]:
            if change["type"] == "transfer_created":
                headers = dict(message.headers)
                print(headers["ce_id"].decode(), change["id"], change["amount"], change["currency"], change["status"])


if __name__ == "__main__":
    main()
