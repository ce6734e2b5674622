#!/usr/bin/env node
'use strict';

const { randomUUID } = require('node:crypto');
const { cluster, parse, requireTopic, run } = require('./cluster');
const { Records, UnreadableRecord } = require('./records');

const TYPES = { scores: 'ImageScore', alerts: 'AnomalyAlert' };

const USAGE = `Print Surprisal's scores or alerts, one JSON object a line.

  read.js scores|alerts

  --bootstrap-server HOST:PORT  the broker, or several with commas (default: localhost:9092)
  --from-beginning              begin with the oldest record (default: with what comes from now on)
  --max N                       end after this many records
  --topic-prefix PREFIX         what the topics' names begin with (default: surprisal.)
  --client-config FILE          JSON with further settings of KafkaJS, such as ssl and sasl
  --schemas DIR                 Surprisal's Avro schemas (default: those of the clone)

Exit codes: 0 done, also after Ctrl-C or SIGTERM; 2 usage; 3 no broker, topic or schema.`;

/** For JSON.stringify, which has made an object of the buffer already. */
function bytesInBase64(key, value) {
  return Buffer.isBuffer(this[key]) ? this[key].toString('base64') : value;
}

async function main() {
  const { values, positionals } = parse(
    USAGE,
    { 'from-beginning': { type: 'boolean', default: false }, max: { type: 'string' } },
    (parsed) =>
      parsed.positionals.length === 1 &&
      TYPES[parsed.positionals[0]] &&
      /^[1-9]\d*$/.test(parsed.values.max ?? '1'),
  );
  const what = positionals[0];
  const max = values.max ? Number(values.max) : Infinity;
  const records = new Records(values.schemas, TYPES[what]);
  const topic = values['topic-prefix'] + what;
  const kafka = cluster(values);
  await requireTopic(kafka, topic, values);

  const consumer = kafka.consumer({
    // A group of its own that commits nothing: every start reads for itself. A service that must go
    // on where it was keeps one groupId and autoCommit.
    groupId: `read.js-${randomUUID()}`,
    // Scores are written in transactions. Otherwise a reader sees the scores of a transaction that
    // was given up too, and those images a second time.
    readUncommitted: false,
  });
  let started;
  const enough = new Promise((resolve, reject) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
    process.stdout.once('error', resolve); // whoever read our output has enough
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (!payload.restart) {
        reject(payload.error);
      }
    });

    let printed = 0;
    const eachMessage = async ({ partition, message }) => {
      if (printed >= max) {
        return;
      }
      let record;
      try {
        record = records.decode(message.value);
      } catch (error) {
        if (!(error instanceof UnreadableRecord)) {
          throw error;
        }
        console.error(
          `read.js: skipped ${topic}-${partition} at offset ${message.offset}: ${error.message}`,
        );
        return;
      }
      console.log(JSON.stringify(record, bytesInBase64));
      printed++;
      if (printed === max) {
        resolve();
      }
    };
    started = consumer
      .connect()
      .then(() => consumer.subscribe({ topic, fromBeginning: values['from-beginning'] }))
      .then(() => console.error(`read.js: reading ${topic}`))
      .then(() => consumer.run({ autoCommit: false, eachMessage }))
      .catch(reject);
  });
  try {
    await enough;
  } finally {
    await started; // what is started after a disconnect would run for ever
    await consumer.disconnect();
  }
  return 0;
}

run(main);
