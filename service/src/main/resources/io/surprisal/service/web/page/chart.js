// Series over time or steps.
import uPlot from "./uplot/uPlot.esm.js";
import { h } from "./elements.js";
import { time as written } from "./format.js";

const dark = matchMedia("(prefers-color-scheme: dark)");

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The ticks of an axis of time: hours and minutes, seconds where they differ, days where they change. */
function timeTicks(plot, ticks) {
  let day = "";
  let before = "";
  const seconds = ticks.length > 1 && ticks[1] - ticks[0] < 60;
  return ticks.map((tick) => {
    const [date, clock] = written(1000 * tick).split(" ");
    const text = clock.slice(0, seconds ? 8 : 5);
    const first = date !== day;
    const again = !first && text === before; // within a second
    day = date;
    before = text;
    return first ? text + "\n" + date : again ? "" : text;
  });
}

/**
 * A chart in a figure, with a sentence that says what it shows to those who do not see it.
 *
 * series: [{label, colour: CSS variable, dash?, points?: only points, bars?: filled to the next x,
 * steps?: level to the next x}], data as uPlot takes them.
 */
export class Chart {
  constructor(title, { x, y, time = false, series }) {
    this.settings = { x, y, time, series };
    this.place = h("div", { class: "plot", role: "img" });
    this.caption = h("figcaption", {});
    this.element = h("figure", {}, h("h2", {}, title), this.place, this.caption);
    this.redraw = () => this.make();
    dark.addEventListener("change", this.redraw);
    this.resize = new ResizeObserver(() => {
      if (this.plot && this.place.clientWidth) {
        this.plot.setSize({ width: this.place.clientWidth, height: this.height() });
      }
    });
    this.resize.observe(this.place);
  }

  height() {
    return Math.max(180, Math.min(280, Math.round(this.place.clientWidth / 2.5)));
  }

  /**
   * @param mark x of an upright line, if there is one
   */
  show(data, said, mark = null) {
    this.data = data;
    this.mark = mark;
    this.caption.textContent = said;
    this.place.setAttribute("aria-label", said);
    if (this.plot) this.plot.setData(data);
    else this.make();
  }

  /** Says why there is nothing to show. */
  tell(said) {
    this.data = null;
    this.plot?.destroy();
    this.plot = null;
    this.caption.textContent = said;
    this.place.setAttribute("aria-label", said);
  }

  make() {
    if (!this.data || !this.place.isConnected) return;
    this.plot?.destroy();
    const axis = (label) => ({
      label,
      stroke: colour("--text"),
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { stroke: colour("--line"), width: 1 },
    });
    this.plot = new uPlot(
      {
        width: this.place.clientWidth || 320,
        height: this.height(),
        hooks: { draw: [(plot) => this.drawMark(plot)] },
        scales: { x: { time: this.settings.time } },
        axes: [
          this.settings.time
            ? { ...axis(this.settings.x), space: 90, values: timeTicks }
            : axis(this.settings.x),
          { ...axis(this.settings.y), size: 64 },
        ],
        series: [
          this.settings.time
            ? { label: this.settings.x, value: (plot, x) => (x === null ? "–" : written(1000 * x)) }
            : { label: this.settings.x },
          ...this.settings.series.map((one) => ({
            label: one.label,
            stroke: colour(one.colour),
            fill: one.bars ? colour(one.colour) + "55" : undefined,
            width: one.points ? 0 : one.steps ? 2.5 : 1.5,
            dash: one.dash,
            spanGaps: true,
            paths: one.points ? () => null : one.bars || one.steps ? uPlot.paths.stepped({ align: 1 }) : undefined,
            points: one.points
              ? { show: true, size: 7, fill: colour(one.colour) }
              : { show: false },
          })),
        ],
      },
      this.data,
      this.place,
    );
  }

  drawMark(plot) {
    if (this.mark === null) return;
    const x = Math.round(plot.valToPos(this.mark, "x", true));
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = colour("--warm");
    ctx.lineWidth = 2;
    ctx.setLineDash([6, 4]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.restore();
  }

  close() {
    dark.removeEventListener("change", this.redraw);
    this.resize.disconnect();
    this.plot?.destroy();
  }
}
