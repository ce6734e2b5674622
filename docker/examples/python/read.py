#!/usr/bin/python3
"""Print Surprisal's scores or alerts, one JSON object a line.

  read.py scores --bootstrap-server HOST:PORT --from-beginning --max 5
  read.py alerts

Exit codes: 0 done, also after Ctrl-C or SIGTERM; 2 usage; 3 no broker, topic or schema.
"""

import argparse
import os
import signal
import sys
import uuid

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

import surprisal_kafka
from surprisal_records import DEFAULT_SCHEMAS, NoSchemas, Records, UnreadableRecord, to_json

TYPES = {"scores": "ImageScore", "alerts": "AnomalyAlert"}


def parse():
    parser = argparse.ArgumentParser(description="Print scores or alerts as JSON lines.")
    parser.add_argument("what", choices=sorted(TYPES))
    surprisal_kafka.add_options(parser)
    parser.add_argument(
        "--from-beginning",
        action="store_true",
        help="begin with the oldest record (default: with what comes from now on)",
    )
    parser.add_argument("--max", metavar="N", type=int, help="end after this many records")
    parser.add_argument("--schemas", metavar="DIR", default=DEFAULT_SCHEMAS)
    return parser.parse_args()


def main():
    options = parse()
    records = Records(options.schemas, TYPES[options.what])
    topic = options.topic_prefix + options.what
    stopped = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.append(True))

    consumer = Consumer(
        surprisal_kafka.settings(
            options,
            # Scores are written in transactions. Without this a reader sees the scores of a
            # transaction that was given up too, and those images a second time.
            isolation_level="read_committed",
            # Partitions are assigned below and nothing is committed, so that the group is never
            # formed; a service that must go on where it was subscribes with a group of its own.
            group_id=f"read.py-{uuid.uuid4()}",
            enable_auto_commit=False,
        )
    )
    try:
        places = []
        for partition in surprisal_kafka.partitions(consumer, topic, options):
            place = TopicPartition(topic, partition)
            oldest, end = consumer.get_watermark_offsets(place, timeout=10)
            place.offset = oldest if options.from_beginning else end
            places.append(place)
        consumer.assign(places)
        print(f"read.py: reading {topic}", file=sys.stderr)

        printed = 0
        while not stopped and (options.max is None or printed < options.max):
            message = consumer.poll(0.2)
            if message is None:
                continue
            if message.error():
                if message.error().code() != KafkaError._PARTITION_EOF:
                    print(f"read.py: {message.error().str()}", file=sys.stderr)
                continue
            try:
                line = to_json(records.decode(message.value()))
            except UnreadableRecord as error:
                where = f"{message.topic()}-{message.partition()} at offset {message.offset()}"
                print(f"read.py: skipped {where}: {error}", file=sys.stderr)
                continue
            print(line, flush=True)
            printed += 1
    finally:
        consumer.close()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (surprisal_kafka.Missing, NoSchemas) as error:
        surprisal_kafka.fail("read.py", error, 3)
    except KafkaException as error:
        surprisal_kafka.fail("read.py", error.args[0].str(), 1)
    except BrokenPipeError:  # whoever read our output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
