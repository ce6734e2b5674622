'use strict';

/** What publish.js and read.js share: their options, and which cluster they talk to. */

const { Kafka, logLevel } = require('kafkajs');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { DEFAULT_SCHEMAS, Missing } = require('./records');

const PROGRAM = path.basename(process.argv[1]);

const COMMON = {
  'bootstrap-server': { type: 'string', default: 'localhost:9092' },
  'topic-prefix': { type: 'string', default: 'surprisal.' },
  'client-config': { type: 'string' },
  schemas: { type: 'string', default: DEFAULT_SCHEMAS },
  help: { type: 'boolean', short: 'h' },
};

/** The command line; ends the program with the usage where it is wrong. */
function parse(usage, options, valid) {
  let parsed;
  try {
    parsed = parseArgs({ options: { ...COMMON, ...options }, allowPositionals: true });
  } catch (error) {
    fail(`${error.message}\n${usage}`, 2);
  }
  if (parsed.values.help) {
    console.log(usage);
    process.exit(0);
  }
  if (!valid(parsed)) {
    fail(`wrong arguments\n${usage}`, 2);
  }
  return parsed;
}

/**
 * A client of the cluster. --client-config names a JSON file with what else KafkaJS is to know, such
 * as {"ssl": true, "sasl": {"mechanism": "scram-sha-512", "username": "…", "password": "…"}}.
 */
function cluster(values) {
  const file = values['client-config'];
  return new Kafka({
    clientId: PROGRAM,
    brokers: values['bootstrap-server'].split(','),
    retry: { retries: 3 },
    logLevel: logLevel.NOTHING,
    ...(file ? JSON.parse(fs.readFileSync(file, 'utf8')) : {}),
  });
}

/** Makes sure that broker and topic are there. */
async function requireTopic(kafka, topic, values) {
  const admin = kafka.admin();
  try {
    await admin.connect();
    if (!(await admin.listTopics()).includes(topic)) {
      throw new Missing(
        `there is no topic ${topic} at ${values['bootstrap-server']}; 'surprisal topics' creates it`,
      );
    }
  } catch (error) {
    if (error instanceof Missing) {
      throw error;
    }
    throw new Missing(
      `no broker answers at ${values['bootstrap-server']} (${error.message}); name one with ` +
        '--bootstrap-server, and with --client-config the security settings that it wants',
    );
  } finally {
    await admin.disconnect();
  }
}

function fail(message, code) {
  console.error(`${PROGRAM}: ${message}`);
  process.exit(code);
}

/** Runs the program; its exit code is what the function returns. */
function run(main) {
  main().then(
    (code) => {
      process.exitCode = code;
    },
    (error) => fail(error.message, error instanceof Missing ? 3 : 1),
  );
}

module.exports = { cluster, parse, requireTopic, run };
