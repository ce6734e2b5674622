// The run that is on, its curve, and what trainer and scorers said.
import { badge, facts, h, Keyed } from "./elements.js";
import { bits, count, duration, short, time, words } from "./format.js";
import { look } from "./server.js";
import { Chart } from "./chart.js";
import { steer } from "./steering.js";

const GOING = ["RUN_STARTED", "RUN_PROGRESS"];

export class Training {
  title = "Training";
  parts = ["TRAINER"];

  constructor(root, frame) {
    this.run = h("div", {});
    this.progress = h("progress", { max: 1, value: 0, hidden: true, "aria-label": "Progress of the run" });
    this.curve = new Chart("Bits/dim by step", {
      x: "step",
      y: "bits/dim",
      series: [
        { label: "training", colour: "--series" },
        { label: "held out", colour: "--good" },
        { label: "release before", colour: "--warm", dash: [6, 4] },
      ],
    });
    this.curve.element.hidden = true;
    const list = h("ul", { class: "log", "aria-label": "What was said, the latest first" });
    this.log = new Keyed(list, (event) => {
      const text =
        (event.member ? `${event.member}: ` : "") +
        event.message +
        (event.releaseId ? ` (release ${short(event.releaseId)})` : "");
      return {
        element: h("li", {}, h("span", { class: "more" }, time(event.eventTime)), " ", badge(words(event.type), kind(event.type)), " ", text),
        show() {},
      };
    });
    const button = (type, text) => h("button", { type: "button", onclick: () => steer(frame, type) }, text);
    root.append(
      h("h1", {}, "Training"),
      h("p", { class: "buttons" }, button("RETRAIN", "Retrain"), button("CANCEL", "Cancel the run"), button("PAUSE", "Pause"), button("RESUME", "Resume")),
      this.run,
      this.progress,
      this.curve.element,
      h("h2", {}, "Log"),
      list,
    );
  }

  async refresh() {
    const trainer = await look("/api/trainer");
    const latest = trainer.latest;
    const on = latest !== null && GOING.includes(latest.type);
    this.progress.hidden = !on;
    if (on) {
      const share = latest.totalSteps > 0 ? latest.step / latest.totalSteps : elapsedShare(trainer.curve);
      if (share === null) this.progress.removeAttribute("value");
      else this.progress.value = share;
    }
    // What scorers say of the run's release lacks what the run itself has said last.
    const ofRun = [latest, ...trainer.events.filter((event) => event.runId === trainer.run), ...trainer.curve];
    const told = (name) => ofRun.map((event) => event?.[name]).find(Boolean) ?? null;
    const before = told("parentHeldOutBitsPerDim");
    this.run.replaceChildren(
      latest === null
        ? h("p", {}, "No run has been heard of. The trainer waits for enough images, a command, its schedule or a shift of the stream; “surprisal train” starts one.")
        : facts([
            [on ? "run" : "last run", trainer.run],
            ["state", badge(words(latest.type), kind(latest.type))],
            ["step", told("step") === null ? null : count(told("step")) + (told("totalSteps") ? " of " + count(told("totalSteps")) : "")],
            ["left", on ? duration(latest.secondsLeft) : null],
            ["images", told("images") === null ? null : count(told("images"))],
            ["speed", latest.imagesPerSecond === null ? null : latest.imagesPerSecond.toFixed(1) + " images/s"],
            ["held out", told("heldOutBitsPerDim") === null ? null : bits(told("heldOutBitsPerDim")) + " bits/dim"],
            ["release before", before === null ? null : bits(before) + " bits/dim"],
          ]),
      latest === null ? "" : h("p", {}, latest.message),
    );
    const curve = [...trainer.curve].reverse();
    this.curve.element.hidden = curve.length < 2;
    if (curve.length >= 2) {
      const last = curve.at(-1);
      this.curve.show(
        [
          curve.map((event) => event.step),
          curve.map((event) => event.trainBitsPerDim),
          curve.map((event) => event.heldOutBitsPerDim),
          curve.map((event) => event.parentHeldOutBitsPerDim ?? before),
        ],
        `${curve.length} points up to step ${last.step}: training ${bits(last.trainBitsPerDim)}, held out ${bits(last.heldOutBitsPerDim)} bits/dim.`,
      );
    }
    this.log.show(
      trainer.events,
      (event) => [event.eventTime, event.type, event.runId, event.commandId, event.member].join("|"),
    );
  }

  close() {
    this.curve.close();
  }
}

/** Where a run is bounded by time, how far it is. */
function elapsedShare(curve) {
  const last = curve[0];
  const first = curve.at(-1);
  if (!last || last.secondsLeft === null) return null;
  const gone = (Date.parse(last.eventTime) - Date.parse(first.eventTime)) / 1000;
  return gone + last.secondsLeft > 0 ? gone / (gone + last.secondsLeft) : null;
}

function kind(type) {
  if (/REFUSED|FAILED|REJECTED|CANCELLED/.test(type)) return "bad";
  if (/PUBLISHED|PASSED|SERVED|DONE/.test(type)) return "good";
  return "plain";
}
