// What is in a release: its noise schedule beside that of the one before, and samples of it.
import { h, set, write } from "./elements.js";
import { count, duration, short } from "./format.js";
import { change, look, ServerError } from "./server.js";
import { Chart } from "./chart.js";

const BETWEEN_MILLIS = 600;

/** A part of a release's entry that is filled when somebody opens it. */
export class Inside {
  constructor(release, frame) {
    this.id = release.releaseId;
    this.frame = frame;
    this.trouble = h("p", { hidden: true });
    this.schedule = new Chart("Noise schedule", {
      x: "time t, from the picture to noise",
      y: "γ = −log SNR",
      series: [
        { label: "this release", colour: "--series" },
        { label: "the one before", colour: "--warm", dash: [6, 4] },
      ],
    });
    this.said = h("p", {});
    this.progress = h("progress", { hidden: true, max: 1, value: 0, "aria-label": "samples drawn" });
    this.samples = h("img", { class: "samples", hidden: true, alt: "" });
    this.draw = h("button", { type: "button", onclick: () => this.begin() }, "Draw samples");
    this.stop = h("button", { type: "button", hidden: true, onclick: () => this.end() }, "Stop");
    this.element = h(
      "details",
      { ontoggle: () => this.toggled() },
      h("summary", {}, "Schedule and samples"),
      this.trouble,
      this.schedule.element,
      h("h3", {}, "Samples"),
      this.said,
      this.progress,
      this.samples,
      h("p", { class: "buttons" }, this.draw, this.stop),
    );
  }

  toggled() {
    clearTimeout(this.timer);
    if (!this.element.open) return;
    this.load();
    this.frame.attempt(() => this.hear());
  }

  /** A file may have been read meanwhile. */
  refresh() {
    if (this.element.open && !this.loaded) this.load();
  }

  async load() {
    try {
      const { own, before, beforeId, beforeTrouble } = await look("/api/releases/" + this.id);
      this.loaded = !beforeTrouble;
      this.trouble.hidden = true;
      this.shows = own.shows;
      this.schedule.show(
        [own.t, own.gamma, before ? before.gamma : own.t.map(() => null)],
        `${own.schedule}: γ runs from ${own.gamma[0].toFixed(2)} to ${own.gamma.at(-1).toFixed(2)}` +
          (before
            ? `; release ${short(beforeId)} before it had ${before.gamma[0].toFixed(2)} to ${before.gamma.at(-1).toFixed(2)} (dashed).`
            : beforeId
              ? `; of release ${short(beforeId)} before it: ${beforeTrouble}.`
              : "; none came before it."),
      );
    } catch (e) {
      if (!(e instanceof ServerError)) throw e;
      this.trouble.hidden = false;
      write(this.trouble, e.message);
    }
  }

  /** Asks how far the samples are, and again as long as they are being drawn. */
  async hear() {
    clearTimeout(this.timer);
    const state = await look(`/api/releases/${this.id}/samples`);
    const { drawn, drawing, done, steps, seconds, trouble } = state;
    this.progress.hidden = !drawing;
    this.stop.hidden = !drawing;
    this.draw.hidden = drawing || drawn;
    this.samples.hidden = !drawn;
    if (drawn) {
      set(this.samples, "src", `/api/releases/${this.id}/samples.png`);
      set(this.samples, "alt", `${state.count} samples of release ${short(this.id)}`);
      write(
        this.said,
        `${state.count} ${this.shows ?? "pictures"} that the release makes up: what it takes for normal.`,
      );
    } else if (drawing) {
      this.progress.value = done / steps;
      write(
        this.said,
        done > 0
          ? `${Math.round((100 * done) / steps)} %, about ${duration((seconds / done) * (steps - done))} left`
          : "The release is opened, and the network loaded …",
      );
    } else {
      write(
        this.said,
        (trouble ? `Not drawn: ${trouble}. ` : "") +
          `Drawing ${state.count} takes ${count(steps)} evaluations of the network, on processors of the machine that this page comes from: seconds for a small release, minutes for a large one. How long is said once it has begun.`,
      );
    }
    if (drawing && this.element.open) {
      this.timer = setTimeout(() => this.frame.attempt(() => this.hear()), BETWEEN_MILLIS);
    }
  }

  begin() {
    this.frame.attempt(async () => {
      if (!(await this.frame.mayChange())) return;
      await change(`/api/releases/${this.id}/samples`, {});
      await this.hear();
    });
  }

  end() {
    this.frame.attempt(() => change("/api/samples/stop", {}));
  }

  close() {
    clearTimeout(this.timer);
    this.schedule.close();
  }
}
