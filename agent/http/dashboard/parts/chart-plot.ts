import uPlot from 'uplot';
import type { Unit } from '../format.ts';
import type { Span } from '../time-range.ts';
import { axesOf, type Colours, scalesOf } from './chart-axes.ts';
import { type Columns, hasValues, timesOf } from './chart-columns.ts';

export interface PlotMark {
  readonly timeMs: number;
  readonly text: string;
}

export interface PlotOptions {
  readonly unit: Unit;
  readonly leastTop: number;
  /** A stretch was dragged over. */
  readonly onZoom: (span: Span) => void;
  readonly onBack: () => void;
  /** The cursor, of this or of another chart, is at that place of the columns; null: nowhere. */
  readonly onCursor: (at: number | null) => void;
}

const leastDragPx = 6;
const syncKey = 'page';

/**
 * The canvas of one chart. New values are drawn into it as long as the lines are the same; other lines or other
 * colours make another canvas.
 */
export class ChartPlot {
  readonly #room: HTMLElement;
  readonly #options: PlotOptions;
  #plot: uPlot | undefined;
  #columns: Columns;
  #marks: readonly PlotMark[] = [];
  #hidden: ReadonlySet<string> = new Set();
  #shape = '';
  #hasValues = false;

  constructor(room: HTMLElement, columns: Columns, options: PlotOptions) {
    this.#room = room;
    this.#columns = columns;
    this.#options = options;
  }

  draw(
    columns: Columns,
    marks: readonly PlotMark[],
    hidden: ReadonlySet<string>,
    size: { width: number; height: number },
  ): void {
    this.#columns = columns;
    this.#marks = marks;
    this.#hidden = hidden;
    this.#hasValues = hasValues(columns);
    const lines = columns.lines.map(({ key, colour }) => `${key} ${colour}`);
    const shape = [this.#hasValues, ...lines].join('\n');
    if (!this.#plot || shape !== this.#shape) {
      this.#shape = shape;
      this.#make(size);
      return;
    }
    const plot = this.#plot;
    if (plot.width !== size.width || plot.height !== size.height) plot.setSize(size);
    columns.lines.forEach(({ key }, at) => {
      const show = !hidden.has(key);
      if (plot.series[at + 1]!.show !== show) plot.setSeries(at + 1, { show });
    });
    plot.setData(this.#data());
  }

  /** In other colours. */
  redraw(): void {
    if (this.#plot) this.#make({ width: this.#plot.width, height: this.#plot.height });
  }

  /** Puts the cursor, of every chart of the page, at a place of the columns; null takes it away. */
  moveCursor(at: number | null): void {
    const plot = this.#plot;
    if (!plot) return;
    const { span, stepMs } = this.#columns;
    const left = at === null ? -10 : plot.valToPos(span.fromMs + at * stepMs, 'x');
    const top = at === null ? -10 : plot.over.clientHeight / 2;
    // The third parameter, which uPlot's types leave out, tells the other charts.
    const setCursor: (place: { left: number; top: number }, fire: boolean, tell: boolean) => void =
      plot.setCursor;
    setCursor({ left, top }, true, true);
  }

  end(): void {
    this.#plot?.destroy();
    this.#plot = undefined;
  }

  #data(): uPlot.AlignedData {
    const { span, stepMs, lines } = this.#columns;
    return [timesOf(span, stepMs), ...lines.map(({ values }) => values as (number | null)[])];
  }

  #make(size: { width: number; height: number }): void {
    this.end();
    const colours = coloursOf(this.#room);
    const { unit, leastTop, onZoom, onBack, onCursor } = this.#options;
    const isAlone = this.#columns.lines.filter(({ isBefore }) => !isBefore).length === 1;
    const options: uPlot.Options = {
      ...size,
      ms: 1,
      padding: [8, 16, 0, 0],
      legend: { show: false },
      scales: scalesOf(() => this.#columns.span, leastTop),
      // Numbers beside nothing would be invented.
      axes: this.#hasValues ? axesOf(unit, colours) : [{ show: false }, { show: false }],
      series: [
        {},
        ...this.#columns.lines.map(({ key, colour, isBefore }): uPlot.Series => {
          const stroke = colours.series[colour - 1]!;
          return {
            show: !this.#hidden.has(key),
            stroke,
            width: isBefore ? 1 : 1.5,
            ...(isBefore ? { dash: [5, 4], alpha: 0.8 } : {}),
            ...(isAlone && !isBefore ? { fill: `color-mix(in srgb, ${stroke} 14%, transparent)` } : {}),
            points: { show: false, filter: lonely, size: 4, fill: stroke },
          };
        }),
      ],
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false, dist: leastDragPx },
        sync: {
          key: syncKey,
          scales: ['x', null],
          setSeries: false,
          filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave' },
        },
        points: { size: 6 },
        bind: {
          dblclick: () => () => {
            onBack();
            return null;
          },
        },
      },
      hooks: {
        setCursor: [
          (plot) =>
            onCursor(
              plot.cursor.left !== undefined && plot.cursor.left >= 0 ? (plot.cursor.idx ?? null) : null,
            ),
        ],
        setSelect: [
          (plot) => {
            const { left, width } = plot.select;
            if (width < leastDragPx) return;
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            onZoom({
              fromMs: Math.round(plot.posToVal(left, 'x')),
              toMs: Math.round(plot.posToVal(left + width, 'x')),
            });
          },
        ],
        draw: [(plot) => drawMarks(plot, this.#marks, colours.mark)],
      },
    };
    this.#plot = new uPlot(options, this.#data(), this.#room);
  }
}

/** A value between two gaps makes no line: it is a point. */
function lonely(plot: uPlot, seriesAt: number): number[] | null {
  const values = plot.data[seriesAt]!;
  const found: number[] = [];
  for (let at = 0; at < values.length; at++) {
    if (values[at] != null && values[at - 1] == null && values[at + 1] == null) found.push(at);
  }
  return found.length === 0 ? null : found;
}

/** A dashed line from top to bottom with a small flag at each mark. */
function drawMarks(plot: uPlot, marks: readonly PlotMark[], colour: string): void {
  const { ctx, bbox } = plot;
  const ratio = uPlot.pxRatio;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.fillStyle = colour;
  ctx.lineWidth = ratio;
  ctx.setLineDash([3 * ratio, 3 * ratio]);
  for (const { timeMs } of marks) {
    const x = Math.round(plot.valToPos(timeMs, 'x', true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.beginPath();
    ctx.moveTo(x - 4 * ratio, bbox.top - 5 * ratio);
    ctx.lineTo(x + 4 * ratio, bbox.top - 5 * ratio);
    ctx.lineTo(x, bbox.top + 2 * ratio);
    ctx.fill();
  }
  ctx.restore();
}

/** The colours of the theme as a canvas takes them: it knows neither custom properties nor light-dark(). */
function coloursOf(room: HTMLElement): Colours {
  const probe = document.createElement('span');
  room.append(probe);
  const read = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const series = [1, 2, 3, 4, 5, 6, 7, 8].map((place) => read(`series-${place}`));
  const colours = { text: read('text-2'), grid: read('grid'), mark: read('unknown'), series };
  probe.remove();
  return colours;
}
