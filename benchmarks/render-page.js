// Renders the JSON of a run as Markdown.

import { formatValue } from './format.js';

/** Replaces the text between the comments `<!-- begin NAME … -->` and `<!-- end NAME -->` of a page. */
export function replaceBlock(page, name, text) {
  const begin = page.indexOf(`<!-- begin ${name}`);
  const from = page.indexOf('-->', begin) + 3;
  const to = page.indexOf(`<!-- end ${name} -->`);
  if (begin < 0 || to < from) throw new Error(`the page has no block '${name}'`);
  return `${page.slice(0, from)}\n\n${text}\n\n${page.slice(to)}`;
}

export function renderMachine({ machine, processes, rounds, startedAt }) {
  const { aiomultiprocess, ...peers } = machine.versions;
  const versions = Object.entries(peers).map(([name, version]) => `${name} ${version}`);
  return [
    `${startedAt.slice(0, 10)}, aiomultiprocess ${aiomultiprocess}, Node.js ${machine.node}, ${machine.platform}, ` +
      `${machine.cores} cores (${machine.cpu}), load ${formatValue(machine.loadBefore)} before the run; ` +
      `${processes} processes for each pool, ${plural(rounds, 'round')}.`,
    `${versions.join(', ')}.`,
  ].join('\n');
}

export function renderResults({ results }) {
  const lines = ['| Workload | Ours | Against | Measured | Goal | |', '| --- | ---: | ---: | ---: | --- | --- |'];
  for (const { workload, goals } of results) {
    for (const { label, value, rival, measuredText, goal, verdict, reason } of goals) {
      const against = rival ? `${formatValue(rival.value)} (${rival.name})` : '';
      const end = reason ? `${verdict}: ${reason}` : verdict;
      const cells = [`${workload}, ${label}`, formatValue(value), against, measuredText, goal, end];
      lines.push(`| ${cells.join(' | ').trimEnd()} |`);
    }
  }
  const goals = results.flatMap((result) => result.goals);
  const met = goals.filter(({ verdict }) => verdict === 'met').length;
  return [`${met} of ${goals.length} goals are met.`, '', ...lines].join('\n');
}

export function renderWorkloads({ results }, charts) {
  return results
    .map((result) => {
      const images = charts
        .filter((chart) => chart.result === result)
        .map(({ name, metric }) => `![${result.title}: ${result.metrics[metric].label}](charts/${name}.svg)`);
      const about = `${result.about[0].toUpperCase()}${result.about.slice(1)}.`;
      return [`### ${result.workload}`, about, ...images].join('\n\n');
    })
    .join('\n\n');
}

function plural(count, noun) {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
