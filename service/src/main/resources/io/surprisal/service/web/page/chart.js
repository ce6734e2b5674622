// Series over time or steps.
import uPlot from "./uplot/uPlot.esm.js";
import { h } from "./elements.js";

const dark = matchMedia("(prefers-color-scheme: dark)");

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/**
 * A chart in a figure, with a sentence that says what it shows to those who do not see it.
 *
 * series: [{label, colour: CSS variable, dash?, points?: only points}], data as uPlot takes them.
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

  show(data, said) {
    this.data = data;
    this.caption.textContent = said;
    this.place.setAttribute("aria-label", said);
    if (this.plot) this.plot.setData(data);
    else this.make();
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
        scales: { x: { time: this.settings.time } },
        axes: [axis(this.settings.x), { ...axis(this.settings.y), size: 64 }],
        series: [
          { label: this.settings.x },
          ...this.settings.series.map((one) => ({
            label: one.label,
            stroke: colour(one.colour),
            width: one.points ? 0 : 1.5,
            dash: one.dash,
            spanGaps: true,
            paths: one.points ? () => null : undefined,
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

  close() {
    dark.removeEventListener("change", this.redraw);
    this.resize.disconnect();
    this.plot?.destroy();
  }
}
