"""What publish.py and read.py share: which cluster, and whether it is there."""

import sys

from confluent_kafka import KafkaException


class Missing(Exception):
    """A broker or topic that is not there; the message names the remedy."""


def add_options(parser):
    parser.add_argument(
        "--bootstrap-server",
        metavar="HOST:PORT",
        default="localhost:9092",
        help="the broker, or several with commas (default: %(default)s)",
    )
    parser.add_argument(
        "--kafka",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="a property of librdkafka, for example security.protocol=SASL_SSL; repeatable",
    )
    parser.add_argument(
        "--topic-prefix",
        metavar="PREFIX",
        default="surprisal.",
        help="what the topics' names begin with (default: %(default)s)",
    )


def settings(options, **own):
    """The properties of a client: what the program needs, over it what the user says."""
    properties = {key.replace("_", "."): value for key, value in own.items()}
    properties["bootstrap.servers"] = options.bootstrap_server
    # Each failed attempt would be a line; partitions() says it once.
    properties["log_level"] = 2
    for pair in options.kafka:
        key, found, value = pair.partition("=")
        if not found:
            raise SystemExit(f"--kafka {pair} is not KEY=VALUE")
        properties[key] = value
    return properties


def partitions(client, topic, options):
    """The numbers of the topic's partitions."""
    try:
        found = client.list_topics(topic, timeout=10).topics[topic]
    except KafkaException as error:
        raise Missing(
            f"no broker answers at {options.bootstrap_server} ({error.args[0].str()}); name one with"
            " --bootstrap-server, and with --kafka the security settings that it wants"
        ) from error
    if found.error:
        raise Missing(
            f"there is no topic {topic} at {options.bootstrap_server} ({found.error.str()});"
            " 'surprisal topics' creates it"
        )
    return sorted(found.partitions)


def fail(program, message, code):
    print(f"{program}: {message}", file=sys.stderr)
    sys.exit(code)
