import csv from './definitions/csv.js';
import htmlLinks from './definitions/html-links.js';
import jsonSchema from './definitions/json-schema.js';
import markdown from './definitions/markdown.js';
import minify from './definitions/minify.js';
import parseTypescript from './definitions/parse-typescript.js';
import pdfText from './definitions/pdf-text.js';
import react from './definitions/react.js';
import scanGzip from './definitions/scan-gzip.js';
import servers from './definitions/servers.js';
import thumbnails from './definitions/thumbnails.js';

/**
 * One job: a task in `tasks/`, and its input. Add a job as a file in `definitions/`, a file in `tasks/` and a line below.
 *
 * @typedef {object} Job
 * @property {string} name for --only
 * @property {string} title what is done, after the number of items
 * @property {string} about what is timed, for those who read the numbers
 * @property {'batch' | 'server'} [kind] batch: runs over all items, first in a new pool and then in the same; server: answers
 *   requests, each of which is the first item
 * @property {string} [task] the file in `tasks/`, without its extension; the name if there is none. It exports `work(item)`, whose
 *   result is an object of whole numbers in a batch
 * @property {string[]} libraries packages that it needs in this folder
 * @property {boolean} [isExtra] not one of the eleven
 * @property {(options: { folder: string, scale: number, iterationsPerMicrosecond: number }) => Promise<unknown[]>} prepare
 *   returns the items, and writes files that they need to the folder
 * @property {import('../goals.js').Goal[]} [goals] other than those of its kind
 * @property {Record<string, string>} [whyMissed] for goals of its kind, by metric and rival, such as `warm alone`: what profiling
 *   found
 */

/** In the order of the tables. @type {Job[]} */
const definitions = [
  parseTypescript,
  scanGzip,
  markdown,
  htmlLinks,
  csv,
  jsonSchema,
  minify,
  thumbnails,
  pdfText,
  react,
  ...servers,
];

const kinds = {
  batch: {
    metrics: {
      cold: { label: 'seconds, cold', better: 'less' },
      warm: { label: 'seconds, warm', better: 'less' },
      coldCpu: { label: 'CPU seconds, cold', better: 'less' },
      warmCpu: { label: 'CPU seconds, warm', better: 'less' },
      memory: { label: 'peak memory in MiB', better: 'less' },
    },
    goals: [
      { metric: 'warm', atLeast: 0.97, faster: 'floor' },
      { metric: 'warm', atLeast: 1, faster: 'peers' },
      { metric: 'warm', atLeast: 1.7, faster: 'alone' },
      { metric: 'cold', atLeast: 0.95, faster: 'peers' },
    ],
  },
  server: {
    metrics: {
      rate: { label: 'requests/s', better: 'more' },
      p99: { label: 'p99 in ms', better: 'less' },
      health: { label: 'p99 of /health in ms', better: 'less' },
      memory: { label: 'peak memory in MiB', better: 'less' },
    },
    goals: [],
  },
};

/** As workloads, which the tables and the goals of the other benchmarks know. */
export const jobs = definitions.map(({ whyMissed = {}, kind = 'batch', ...job }) => ({
  task: job.name,
  ...job,
  kind,
  metrics: kinds[kind].metrics,
  floors: ['bare forks'],
  goals: (job.goals ?? kinds[kind].goals).map((goal) => ({
    ...goal,
    whyMissed: whyMissed[`${goal.metric} ${goal.faster ?? goal.times}`],
  })),
}));
