'use strict';

/**
 * Surprisal's records outside Java: Avro's single-object encoding. A record is C3 01, the
 * CRC-64-AVRO fingerprint of the schema that it was written with (8 bytes, little-endian), and the
 * body in Avro's binary encoding:
 * https://avro.apache.org/docs/1.12.0/specification/#single-object-encoding
 */

const avro = require('avsc');
const fs = require('node:fs');
const path = require('node:path');

// In a clone; --schemas names a copy of the folder elsewhere.
const DEFAULT_SCHEMAS = path.resolve(__dirname, '../../../schemas/src/main');

const NAMESPACE = 'io.surprisal.schemas';
const HEADER_BYTES = 10;

/** Bytes that are no record of the expected type; the message says why and what to do. */
class UnreadableRecord extends Error {}

/** Something that is not there; the message names the remedy. */
class Missing extends Error {}

/** Times as Date. */
class TimestampMillis extends avro.types.LogicalType {
  _fromValue(millis) {
    return new Date(millis);
  }

  _toValue(date) {
    return date instanceof Date ? date.getTime() : undefined;
  }

  _resolve(type) {
    return type.typeName === 'long' || type.typeName === 'logical:timestamp-millis'
      ? (value) => (value instanceof Date ? value : new Date(value))
      : undefined;
  }
}

/**
 * Writes and reads the records of one type, for example ImageScore.
 *
 * The folder holds every .avsc file of Surprisal: the current ones anywhere, one type a file, and in
 * folders v1, v2, … each earlier version of a record, complete in one file. A record is written with
 * the current schema and read from any of them.
 */
class Records {
  constructor(folder, typeName) {
    const files = avscFiles(folder).map((file) => ({
      definition: JSON.parse(fs.readFileSync(file, 'utf8')),
      earlier: /^v\d+$/.test(path.basename(path.dirname(file))),
    }));
    const current = files.filter((file) => !file.earlier).map((file) => file.definition);
    const registry = registryOf(current);
    this.type = registry[`${NAMESPACE}.${typeName}`];
    if (!this.type) {
      throw new Missing(
        `no schema of ${typeName} in ${folder}; name the folder schemas/src/main of a clone of ` +
          'Surprisal, or a copy of it, with --schemas',
      );
    }
    this.typeName = typeName;
    this.folder = folder;
    this.header = Buffer.from([0xc3, 0x01, ...fingerprint(this.type)]);
    // By the writer's fingerprint; what the current schema wrote needs no resolver.
    this.resolvers = new Map([[this.header.toString('hex', 2), undefined]]);
    for (const { definition, earlier } of files) {
      if (earlier && definition.name === typeName) {
        const writer = avro.Type.forSchema(definition, options({}));
        const written = fingerprint(writer).toString('hex');
        if (!this.resolvers.has(written)) {
          this.resolvers.set(written, this.type.createResolver(writer));
        }
      }
    }
  }

  /** The bytes of a record. */
  encode(record) {
    return Buffer.concat([this.header, this.type.toBuffer(record)]);
  }

  /** The record in the bytes, with the fields of the current schema. */
  decode(value) {
    if (!value || value.length < HEADER_BYTES || value[0] !== 0xc3 || value[1] !== 0x01) {
      throw new UnreadableRecord(
        `no ${this.typeName}: it does not begin with C3 01 and a schema fingerprint`,
      );
    }
    const written = value.toString('hex', 2, HEADER_BYTES);
    if (!this.resolvers.has(written)) {
      const name = value.readBigUInt64LE(2).toString(16).padStart(16, '0');
      throw new UnreadableRecord(
        `written as ${name} (CRC-64-AVRO), which is no version of ${this.typeName} in ` +
          `${this.folder}; take the schemas of the Surprisal that wrote it (--schemas)`,
      );
    }
    try {
      return this.type.fromBuffer(value.subarray(HEADER_BYTES), this.resolvers.get(written));
    } catch (error) {
      throw new UnreadableRecord(`malformed ${this.typeName}: ${error.message}`);
    }
  }
}

function avscFiles(folder) {
  let entries;
  try {
    entries = fs.readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    throw new Missing(`no folder of schemas at ${folder} (${error.code}); name it with --schemas`);
  }
  return entries.flatMap((entry) => {
    const file = path.join(folder, entry.name);
    return entry.isDirectory() ? avscFiles(file) : file.endsWith('.avsc') ? [file] : [];
  });
}

function options(registry) {
  return { registry, logicalTypes: { 'timestamp-millis': TimestampMillis } };
}

/** All types, by full name. A file may name types that others define, so those come first. */
function registryOf(definitions) {
  const byName = new Map(definitions.map((each) => [`${each.namespace}.${each.name}`, each]));
  const registry = {};
  const add = (name) => {
    if (!registry[name] && byName.has(name)) {
      const definition = byName.get(name);
      for (const field of definition.fields ?? []) {
        namesIn(field.type).forEach((each) => add(`${definition.namespace}.${each}`));
      }
      avro.Type.forSchema(definition, options(registry));
    }
  };
  byName.forEach((definition, name) => add(name));
  return registry;
}

/** The names that a field's type mentions. */
function namesIn(schema) {
  if (typeof schema === 'string') {
    return [schema];
  }
  return Array.isArray(schema) ? schema.flatMap(namesIn) : namesIn(schema.items ?? schema.type);
}

/** CRC-64-AVRO of the schema's parsing canonical form: 8 bytes, little-endian. */
function fingerprint(type) {
  const empty = 0xc15d213aa4d7a795n;
  let crc = empty;
  // schema() is the canonical form as an object, its attributes in the canonical order.
  for (const byte of Buffer.from(JSON.stringify(type.schema()))) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc >> 1n) ^ (crc & 1n ? empty : 0n);
    }
  }
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(crc);
  return bytes;
}

module.exports = { DEFAULT_SCHEMAS, Missing, Records, UnreadableRecord };
