#!/usr/bin/python3
"""Write one image as an ImageEvent record to standard output, for tools that send bytes.

  encode.py --source line-1 frame.png >frame.record
"""

import argparse
import sys

from surprisal_records import DEFAULT_SCHEMAS, NoSchemas, Records, image_event, width_and_height


def main():
    parser = argparse.ArgumentParser(description="Write one image as a record.")
    parser.add_argument("--source", required=True, metavar="NAME", help="camera, scanner, pipeline")
    parser.add_argument("--gray8", metavar="WIDTHxHEIGHT", type=width_and_height)
    parser.add_argument("--schemas", metavar="DIR", default=DEFAULT_SCHEMAS)
    parser.add_argument("file", metavar="FILE")
    options = parser.parse_args()
    try:
        event = image_event(options.file, options.source, options.gray8)
        sys.stdout.buffer.write(Records(options.schemas, "ImageEvent").encode(event))
    except NoSchemas as error:
        sys.exit(f"encode.py: {error}")
    except (OSError, ValueError) as error:
        sys.exit(f"encode.py: {options.file}: {error}")


if __name__ == "__main__":
    main()
