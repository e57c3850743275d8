'use strict';

// A .cjs file, because poolifier's cluster pool never gets ready with an .mjs worker; async functions, because
// it does not wait for the promise of any other.

const { ClusterWorker } = require('poolifier');
const functions = require('./functions.cjs');

const entries = Object.entries(functions).map(([name, fn]) => [name, async (args) => fn(args[0], args[1])]);

module.exports = new ClusterWorker(Object.fromEntries(entries));
