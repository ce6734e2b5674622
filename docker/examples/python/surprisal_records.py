"""Surprisal's records outside Java: Avro's single-object encoding with Debian's python3-avro.

A record is C3 01, the CRC-64-AVRO fingerprint of the schema that it was written with (8 bytes,
little-endian), and the body in Avro's binary encoding:
https://avro.apache.org/docs/1.12.0/specification/#single-object-encoding
"""

import base64
import datetime
import io
import json
import pathlib
import re
import struct

import avro.errors
import avro.io
import avro.schema

# In a clone; --schemas names a copy of the folder elsewhere.
DEFAULT_SCHEMAS = pathlib.Path(__file__).resolve().parents[3] / "schemas" / "src" / "main"

NAMESPACE = "io.surprisal.schemas"
MARKER = b"\xc3\x01"
HEADER_BYTES = 10
PRIMITIVES = {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}


class UnreadableRecord(Exception):
    """Bytes that are no record of the expected type; the message says why and what to do."""


class NoSchemas(Exception):
    """The folder of the schemas is not what was expected."""


class Records:
    """Writes and reads the records of one type, for example ImageScore.

    The folder holds every .avsc file of Surprisal: the current ones anywhere, one type a file, and
    in folders v1, v2, … each earlier version of a record, complete in one file. A record is written
    with the current schema and read from any of them.
    """

    def __init__(self, folder, type_name):
        current, earlier = {}, []
        for path in sorted(pathlib.Path(folder).rglob("*.avsc")):
            try:
                definition = json.loads(path.read_text(encoding="utf-8"))
            except ValueError as error:
                raise NoSchemas(f"{path} is not JSON: {error}") from error
            if not re.fullmatch(r"v\d+", path.parent.name):
                current[full_name(definition["name"], definition.get("namespace"))] = definition
            elif definition["name"] == type_name:
                earlier.append(definition)
        name = f"{NAMESPACE}.{type_name}"
        if name not in current:
            raise NoSchemas(
                f"no schema of {type_name} in {folder}; name the folder schemas/src/main of a"
                " clone of Surprisal, or a copy of it, with --schemas"
            )
        self.type_name = type_name
        self.folder = folder
        whole = with_references(current[name], current, set())
        self.schema = avro.schema.parse(json.dumps(whole))
        self.fingerprint = fingerprint(whole)
        self.writers = {self.fingerprint: self.schema}
        for definition in earlier:
            self.writers[fingerprint(definition)] = avro.schema.parse(json.dumps(definition))

    def encode(self, record):
        """The bytes of a record, given as a dictionary."""
        body = io.BytesIO()
        avro.io.DatumWriter(self.schema).write(record, avro.io.BinaryEncoder(body))
        return MARKER + struct.pack("<Q", self.fingerprint) + body.getvalue()

    def decode(self, value):
        """The record in the bytes as a dictionary, with the fields of the current schema."""
        if value is None or len(value) < HEADER_BYTES or value[:2] != MARKER:
            raise UnreadableRecord(
                f"no {self.type_name}: it does not begin with C3 01 and a schema fingerprint"
            )
        (written,) = struct.unpack("<Q", value[2:HEADER_BYTES])
        writer = self.writers.get(written)
        if writer is None:
            raise UnreadableRecord(
                f"written as {written:016x} (CRC-64-AVRO), which is no version of {self.type_name}"
                f" in {self.folder}; take the schemas of the Surprisal that wrote it (--schemas)"
            )
        body = io.BytesIO(value[HEADER_BYTES:])
        try:
            record = avro.io.DatumReader(writer, self.schema).read(avro.io.BinaryDecoder(body))
        except (avro.errors.AvroException, ValueError, OverflowError, EOFError) as error:
            raise UnreadableRecord(f"malformed {self.type_name}: {error}") from error
        if body.tell() != len(value) - HEADER_BYTES:
            raise UnreadableRecord(f"malformed {self.type_name}: bytes follow the record")
        return record


def is_behind_foreign_bytes(body):
    """Whether a PNG or JPEG begins within the first bytes, as the scorer looks for it."""
    return b"\x89PNG" in body[:4096] or b"\xff\xd8\xff" in body[:4096]


def image_event(file, source, gray8=None):
    """An ImageEvent of an image file, or of raw grey pixels where gray8 is (width, height)."""
    body = pathlib.Path(file).read_bytes()
    if gray8:
        if len(body) != gray8[0] * gray8[1]:
            raise ValueError(f"{len(body)} bytes, not {gray8[0]} × {gray8[1]}")
        form = "GRAY8"
    elif body.startswith(b"\x89PNG"):
        form = "PNG"
    elif body.startswith(b"\xff\xd8\xff"):
        form = "JPEG"
    elif body[:4] in (b"II*\0", b"MM\0*") or body[:2] == b"BM" or is_behind_foreign_bytes(body):
        form = "FILE"
    else:
        raise ValueError(
            "neither a PNG nor a JPEG, TIFF or BMP; say --gray8 WIDTHxHEIGHT of raw pixels"
        )
    return {
        "imageId": pathlib.Path(file).name,
        "source": source,
        "eventTime": datetime.datetime.now(datetime.timezone.utc),
        "format": form,
        "width": gray8[0] if gray8 else 0,
        "height": gray8[1] if gray8 else 0,
        "body": body,
    }


def width_and_height(text):
    """32x24 as (32, 24); for argparse."""
    width, height = text.split("x")
    return int(width), int(height)


def to_json(record):
    """One line of JSON; times as ISO 8601, bytes in base64."""
    return json.dumps(record, ensure_ascii=False, default=_as_text)


def _as_text(value):
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def full_name(name, namespace):
    return name if "." in name or not namespace else f"{namespace}.{name}"


def with_references(schema, definitions, defined, namespace=None):
    """The schema as one document: where a type of another file is named first, it is defined."""
    if isinstance(schema, list):
        return [with_references(branch, definitions, defined, namespace) for branch in schema]
    if isinstance(schema, str):
        name = full_name(schema, namespace)
        if schema in PRIMITIVES or name in defined:
            return schema
        if name not in definitions:
            raise NoSchemas(f"the schemas name {name}, which none of them defines")
        return with_references(definitions[name], definitions, defined)
    whole = dict(schema)
    if "name" in schema:
        namespace = schema.get("namespace", namespace)
        defined.add(full_name(schema["name"], namespace))
    for part in ("items", "values"):
        if part in schema:
            whole[part] = with_references(schema[part], definitions, defined, namespace)
    if "fields" in schema:
        whole["fields"] = [
            dict(field, type=with_references(field["type"], definitions, defined, namespace))
            for field in schema["fields"]
        ]
    return whole


def canonical_form(schema, namespace=None):
    """Avro's parsing canonical form.

    The library's own (1.11) keeps {"type": "long"} of a logical type where the specification says
    "long", so its fingerprints are not those of other languages.
    """
    if isinstance(schema, list):
        return "[" + ",".join(canonical_form(branch, namespace) for branch in schema) + "]"
    if isinstance(schema, str):
        return f'"{schema if schema in PRIMITIVES else full_name(schema, namespace)}"'
    kind = schema["type"]
    if kind in PRIMITIVES:
        return f'"{kind}"'
    if kind in ("array", "map"):
        part = "items" if kind == "array" else "values"
        return f'{{"type":"{kind}","{part}":{canonical_form(schema[part], namespace)}}}'
    namespace = schema.get("namespace", namespace)
    start = f'{{"name":"{full_name(schema["name"], namespace)}","type":"{kind}"'
    if kind == "enum":
        return start + ',"symbols":[' + ",".join(f'"{s}"' for s in schema["symbols"]) + "]}"
    if kind == "fixed":
        return start + f',"size":{schema["size"]}}}'
    fields = (
        f'{{"name":"{field["name"]}","type":{canonical_form(field["type"], namespace)}}}'
        for field in schema["fields"]
    )
    return start + ',"fields":[' + ",".join(fields) + "]}"


def fingerprint(schema):
    """CRC-64-AVRO of the parsing canonical form, unsigned."""
    empty = 0xC15D213AA4D7A795
    crc = empty
    for byte in canonical_form(schema).encode("utf-8"):
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (empty if crc & 1 else 0)
    return crc
