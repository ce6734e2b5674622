#!/usr/bin/env node
'use strict';

const { CompressionTypes, Partitioners } = require('kafkajs');
const fs = require('node:fs');
const path = require('node:path');
const { cluster, parse, requireTopic, run } = require('./cluster');
const { Records } = require('./records');

const USAGE = `Send images to Surprisal: PNG, JPEG, TIFF and BMP files as they are, or raw grey pixels.

  publish.js --source NAME [--gray8 WIDTHxHEIGHT] FILE…

  --bootstrap-server HOST:PORT  the broker, or several with commas (default: localhost:9092)
  --source NAME                 the camera, scanner or pipeline that the images come from
  --gray8 WIDTHxHEIGHT          the files hold raw pixels, one byte each
  --key source|image|none       source keeps the images in order on one partition, none spreads
                                them over all (default: none)
  --topic-prefix PREFIX         what the topics' names begin with (default: surprisal.)
  --client-config FILE          JSON with further settings of KafkaJS, such as ssl and sasl
  --schemas DIR                 Surprisal's Avro schemas (default: those of the clone)

Exit codes: 0 all sent; 1 some left out (each is named); 2 usage; 3 no broker, topic or schema.`;

/** Whether it is a TIFF or BMP, or a PNG or JPEG behind a few foreign bytes. */
function isOtherFile(body) {
  const start = body.subarray(0, 4096).toString('latin1');
  return /^(II\*\0|MM\0\*|BM)|\x89PNG|\xff\xd8\xff/.test(start);
}

/** An ImageEvent of a file. */
function imageEvent(file, source, gray8) {
  const body = fs.readFileSync(file);
  const [width, height] = gray8 ? gray8.split('x').map(Number) : [0, 0];
  let format;
  if (gray8) {
    if (body.length !== width * height) {
      throw new Error(`${body.length} bytes, not ${width} × ${height}`);
    }
    format = 'GRAY8';
  } else if (body.subarray(0, 4).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47]))) {
    format = 'PNG';
  } else if (body.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff]))) {
    format = 'JPEG';
  } else if (isOtherFile(body)) {
    format = 'FILE';
  } else {
    throw new Error(
      'neither a PNG nor a JPEG, TIFF or BMP; say --gray8 WIDTHxHEIGHT of raw pixels',
    );
  }
  const imageId = path.basename(file);
  return { imageId, source, eventTime: new Date(), format, width, height, body };
}

async function main() {
  const { values, positionals } = parse(
    USAGE,
    {
      source: { type: 'string' },
      gray8: { type: 'string' },
      key: { type: 'string', default: 'none' },
    },
    (parsed) =>
      parsed.values.source &&
      parsed.positionals.length > 0 &&
      /^\d+x\d+$/.test(parsed.values.gray8 ?? '1x1') &&
      ['source', 'image', 'none'].includes(parsed.values.key),
  );
  const events = new Records(values.schemas, 'ImageEvent');
  const topic = `${values['topic-prefix']}images`;
  const kafka = cluster(values);
  await requireTopic(kafka, topic, values);

  // The default partitioner chooses as Java's clients do: a key means the same partition, whoever
  // sends. Idempotent: a request that is sent again is not written again.
  const producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    idempotent: true,
    maxInFlightRequests: 1,
  });
  await producer.connect();
  let sent = 0;
  let leftOut = 0;
  try {
    for (const file of positionals) {
      try {
        const event = imageEvent(file, values.source, values.gray8);
        const key = { source: event.source, image: event.imageId, none: null }[values.key];
        const messages = [{ key, value: events.encode(event) }];
        // One at a time, so that a refusal names its file; a fast camera sends several at once.
        await producer.send({ topic, messages, compression: CompressionTypes.None });
        sent++;
      } catch (error) {
        leftOut++;
        console.error(`publish.js: left out ${file}: ${error.message}`);
      }
    }
  } finally {
    await producer.disconnect();
  }
  console.log(`Published ${sent} images to ${topic}, left out ${leftOut}`);
  return leftOut === 0 ? 0 : 1;
}

run(main);
