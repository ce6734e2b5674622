#!/usr/bin/python3
"""Print records from standard input, each after its length (4 bytes, big-endian), as JSON lines.

  kcat -C -b HOST:PORT -t surprisal.scores -e -f '%R%s' | decode.py scores
"""

import argparse
import os
import struct
import sys

from surprisal_records import DEFAULT_SCHEMAS, NoSchemas, Records, UnreadableRecord, to_json

TYPES = {"images": "ImageEvent", "scores": "ImageScore", "alerts": "AnomalyAlert"}


def main():
    parser = argparse.ArgumentParser(description="Print records as JSON lines.")
    parser.add_argument("what", choices=sorted(TYPES))
    parser.add_argument("--schemas", metavar="DIR", default=DEFAULT_SCHEMAS)
    options = parser.parse_args()
    try:
        records = Records(options.schemas, TYPES[options.what])
    except NoSchemas as error:
        sys.exit(f"decode.py: {error}")
    stdin = sys.stdin.buffer
    while True:
        length = stdin.read(4)
        if not length:
            return
        size = struct.unpack(">i", length)[0] if len(length) == 4 else -1
        value = stdin.read(max(0, size))
        if len(length) < 4 or len(value) < size:
            sys.exit("decode.py: the input ends within a record; kcat's format must be '%R%s'")
        try:
            record = records.decode(value)
        except UnreadableRecord as error:
            print(f"decode.py: skipped a record of {size} bytes: {error}", file=sys.stderr)
            continue
        if "body" in record:
            record["body"] = f"{len(record['body'])} bytes"
        print(to_json(record), flush=True)


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:  # whoever read our output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        sys.exit(130)
