import { BarChart } from 'echarts/charts';
import { GridComponent, TitleComponent } from 'echarts/components';
import * as echarts from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { isCut, listValues, medianOf } from './compare.js';
import { formatValue } from './format.js';

echarts.use([BarChart, GridComponent, TitleComponent, SVGRenderer]);

const WIDTH = 860;
const BAR = 26;
const HEAD = 64;
const colors = { ours: '#d9480f', floor: '#868e96', peer: '#4c8bbf' };
const font = 'system-ui, sans-serif';

/**
 * Draws one bar for each contender, from zero, with its median and, in brackets, its lowest and highest round. A contender
 * without a value gets a line with the reason.
 *
 * @returns {string} an SVG document
 */
export function drawChart(result, metric) {
  const { label, better } = result.metrics[metric];
  const { rows } = result;
  const height = HEAD + rows.length * BAR + 12;
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  chart.setOption({
    animation: false,
    // A white background, because the text is dark and pages may be dark.
    backgroundColor: '#ffffff',
    textStyle: { fontFamily: font },
    title: {
      text: result.title,
      subtext: `${label}, ${better} is better`,
      left: 16,
      top: 8,
      textStyle: { fontSize: 15, color: '#212529' },
      subtextStyle: { fontSize: 12, color: '#495057' },
    },
    grid: { left: 190, right: 210, top: HEAD, bottom: 12 },
    xAxis: { type: 'value', min: 0, axisLabel: { show: false }, splitLine: { show: false } },
    yAxis: {
      type: 'category',
      inverse: true,
      data: rows.map(({ contender }) => contender),
      axisTick: { show: false },
      axisLabel: { color: '#212529', fontSize: 12 },
    },
    series: {
      type: 'bar',
      barWidth: '62%',
      data: rows.map((row) => ({
        value: medianOf(row, metric) ?? 0,
        itemStyle: { color: colors[row.kind] ?? colors.peer },
        label: {
          show: true,
          position: 'right',
          color: '#212529',
          fontSize: 12,
          formatter: () => describe(row, metric, result),
        },
      })),
    },
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}

function describe(row, metric, result) {
  const values = listValues(row, metric);
  if (values.length === 0) return row.reason ?? 'no values';
  const value = formatValue(medianOf(row, metric)) + (isCut(row, result) ? ' *' : '');
  if (values.length === 1) return value;
  return `${value} (${formatValue(Math.min(...values))} – ${formatValue(Math.max(...values))})`;
}
