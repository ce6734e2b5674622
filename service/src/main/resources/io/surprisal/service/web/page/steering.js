// Commands to the trainer: what will happen is said first, then what came of it.
import { h } from "./elements.js";
import { change, look } from "./server.js";
import { confirm, personName } from "./dialog.js";
import { words } from "./format.js";

const PATIENCE_MILLIS = 30_000;
const BETWEEN_MILLIS = 700;

const USUAL = {
  RETRAIN: [
    "The trainer starts a run on what the stream has sent; what passes its gate serves, without a further question.",
    "Scoring goes on meanwhile.",
  ],
  PAUSE: ["The trainer starts no run until it is resumed; scoring goes on."],
  RESUME: ["The trainer starts runs again."],
  CANCEL: ["The run that is under way, or the trial of a release, is given up; its work is lost."],
};

const LABELS = {
  RETRAIN: "Retrain",
  PROMOTE: "Promote",
  ROLLBACK: "Roll back",
  CANARY: "Try it",
  PAUSE: "Pause",
  RESUME: "Resume",
  CANCEL: "Cancel it",
};

/** Asks, sends, and tells the answer. */
export async function steer(frame, type, { releaseId, lines = USUAL[type] } = {}) {
  if (!(await frame.mayChange())) return;
  const reason = h("input", { id: "why", maxlength: 1000 });
  const minutes = h("input", { id: "minutes", type: "number", min: 0.1, max: 10080, step: "any" });
  const scratch = h("input", { id: "scratch", type: "checkbox" });
  const alerted = h("input", { id: "alerted", type: "checkbox" });
  const retrain = type === "RETRAIN";
  const fields = h(
    "div",
    {},
    retrain
      ? [
          h("label", { for: "minutes" }, "Minutes of training (empty: as the trainer is set up)"),
          minutes,
          h("p", {}, scratch, h("label", { for: "scratch" }, "from new weights")),
          h("p", {}, alerted, h("label", { for: "alerted" }, "with images that raised alerts, but for the confirmed")),
        ]
      : [],
    h("label", { for: "why" }, "Why, for those who read it later"),
    reason,
  );
  const sent = await confirm(LABELS[type] + "?", lines, LABELS[type], fields, () =>
    change("/api/commands", {
      type,
      releaseId,
      minutes: retrain && minutes.value ? Number(minutes.value) : undefined,
      fromScratch: scratch.checked,
      includeAlerted: alerted.checked,
      reason: reason.value,
      by: personName(),
    }),
  );
  if (sent) await frame.attempt(() => hear(frame, type, sent.commandId));
}

async function hear(frame, type, command) {
  frame.say(`${LABELS[type]}: sent; waiting for the trainer`);
  const deadline = Date.now() + PATIENCE_MILLIS;
  let last = "";
  while (Date.now() < deadline) {
    const { events } = await look("/api/trainer", { command });
    const answer = events[0];
    if (answer && answer.type !== last) {
      last = answer.type;
      frame.say(`${LABELS[type]}: ${words(answer.type)}${answer.message ? ": " + answer.message : ""}`);
      const over = answer.type === "COMMAND_DONE" || answer.type === "COMMAND_REJECTED";
      if (over || (type === "RETRAIN" && answer.type === "COMMAND_ACCEPTED")) return;
    }
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_MILLIS));
  }
  if (!last) frame.say(`${LABELS[type]}: no trainer has answered yet; start one with “surprisal train” (the command waits for it)`);
}
