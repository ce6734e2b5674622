#!/usr/bin/python3
"""Send images to Surprisal: PNG, JPEG, TIFF and BMP files as they are, or raw grey pixels.

  publish.py --bootstrap-server HOST:PORT --source line-1 FILE…
  publish.py --source line-1 --gray8 32x32 frame.raw

Exit codes: 0 all sent; 1 some left out (each is named); 2 usage; 3 no broker, topic or schema.
"""

import argparse
import sys

from confluent_kafka import KafkaException, Producer

import surprisal_kafka
from surprisal_records import DEFAULT_SCHEMAS, NoSchemas, Records, image_event, width_and_height


def parse():
    parser = argparse.ArgumentParser(description="Send images to Surprisal.")
    surprisal_kafka.add_options(parser)
    parser.add_argument("--source", required=True, metavar="NAME", help="camera, scanner, pipeline")
    parser.add_argument(
        "--gray8",
        metavar="WIDTHxHEIGHT",
        type=width_and_height,
        help="the files hold raw pixels, one byte each (default: they are image files)",
    )
    parser.add_argument(
        "--key",
        choices=("source", "image", "none"),
        default="none",
        help="source keeps the images in order on one partition, none spreads them over all"
        " (default: %(default)s)",
    )
    parser.add_argument("--schemas", metavar="DIR", default=DEFAULT_SCHEMAS)
    parser.add_argument("files", metavar="FILE", nargs="+")
    return parser.parse_args()


def main():
    options = parse()
    events = Records(options.schemas, "ImageEvent")
    topic = options.topic_prefix + "images"
    producer = Producer(
        surprisal_kafka.settings(
            options,
            enable_idempotence=True,
            # As Java's clients choose: a key means the same partition, whoever sends.
            partitioner="murmur2_random",
            # The topic takes images of 8 MiB (surprisal topics --max-image-bytes) and 128 KiB of
            # key, id and headers; librdkafka's default is 1 MB.
            message_max_bytes=8519680,
        )
    )
    surprisal_kafka.partitions(producer, topic, options)

    sent, left_out = 0, 0

    def leave_out(file, reason):
        nonlocal left_out
        left_out += 1
        print(f"publish.py: left out {file}: {reason}", file=sys.stderr)

    def delivered_as(file):
        def delivered(error, _message):
            nonlocal sent
            if error:
                leave_out(file, error.str())
            else:
                sent += 1

        return delivered

    for file in options.files:
        try:
            event = image_event(file, options.source, options.gray8)
            key = {"source": event["source"], "image": event["imageId"], "none": None}[options.key]
            value, delivered = events.encode(event), delivered_as(file)
            while True:
                try:
                    producer.produce(topic, value, key, on_delivery=delivered)
                    break
                except BufferError:  # the queue is full: wait for some to arrive
                    producer.poll(1)
            producer.poll(0)
        except (OSError, ValueError) as error:
            leave_out(file, error)
        except KafkaException as error:
            leave_out(file, error.args[0].str())
    producer.flush()  # ends: what cannot be sent is given up after delivery.timeout.ms
    print(f"Published {sent} images to {topic}, left out {left_out}")
    return 1 if left_out else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (surprisal_kafka.Missing, NoSchemas) as error:
        surprisal_kafka.fail("publish.py", error, 3)
    except KafkaException as error:
        surprisal_kafka.fail("publish.py", error.args[0].str(), 1)
    except KeyboardInterrupt:
        sys.exit(130)
