// What people say of alerts: of one, or of those of an incident that nobody has reviewed yet.
import { confirm, personName } from "./dialog.js";
import { count, time } from "./format.js";
import { change, look } from "./server.js";

/** Reviewed together at most, as the server takes them. */
const MOST = 200;

export const VERDICTS = { c: "CONFIRMED", f: "FALSE_ALARM", u: "UNSURE" };
export const NAMES = { CONFIRMED: "confirmed", FALSE_ALARM: "false alarm", UNSURE: "unsure" };
const MEANS = {
  CONFIRMED: "What is confirmed never trains a release.",
  FALSE_ALARM: "False alarms may train a release, as if their pictures had raised no alert.",
  UNSURE: "It changes nothing for the trainer.",
};

export class Reviews {
  constructor(frame) {
    this.frame = frame;
    this.done = [];
    /** What was said here, until the server says it too. */
    this.said = new Map();
  }

  of(alert) {
    return this.said.has(alert.alertId) ? this.said.get(alert.alertId) : alert.review;
  }

  /** The server has told of an alert what it knows. */
  heard(alert) {
    this.said.delete(alert.alertId);
  }

  /** Says it of one alert; true: it was said. */
  async say(alertId, verdict, note) {
    if (!(await this.frame.mayChange())) return false;
    const answer = await change(`/api/alerts/${alertId}/review`, { verdict, note, by: personName() });
    this.said.set(alertId, answer.review);
    this.done.push({ alertId, before: answer.before });
    this.frame.say(`Said: ${NAMES[verdict]}. z undoes it, n goes on.`);
    return true;
  }

  /**
   * Says it of those of an incident's alerts that nobody has reviewed, after a question that tells
   * which these are. Those that come while the question stands are not among them.
   *
   * @param wanted as the feed is filtered
   */
  async sayOfIncident(row, verdict, wanted) {
    if (!(await this.frame.mayChange())) return false;
    if (wanted.review && wanted.review !== "none") {
      this.frame.say("The filter leaves out what nobody has reviewed, so there is nothing to say");
      return false;
    }
    const found = await look("/api/alerts", {
      ...wanted,
      incident: row.incidentId,
      review: "none",
      limit: MOST,
    });
    const alerts = found.alerts;
    if (alerts.length === 0) {
      this.frame.say("All of its alerts are reviewed; unfold it to say something else of one");
      return false;
    }
    const times = alerts.map((alert) => Date.parse(alert.eventTime)).sort((a, b) => a - b);
    const one = alerts.length === 1;
    const lines = [
      `${one ? "One alert" : `${count(alerts.length)} alerts`} of ${row.latest.source || "(no name)"} ` +
        `that nobody has reviewed, ${one ? `taken ${time(times[0])}` : `taken from ${time(times[0])} to ${time(times.at(-1))}`}: ` +
        `a review “${NAMES[verdict]}” is written of ${one ? "it" : "each"}.`,
      found.more ? "These are the latest; older ones of it are left as they are." : "",
      row.alerts > alerts.length ? "What was said of others of it stays." : "",
      MEANS[verdict] + " Undo (z) says “unsure” of them all.",
    ].filter(Boolean);
    const label = `Say “${NAMES[verdict]}” of ${one ? "one" : count(alerts.length)}`;
    const answer = await confirm(label + "?", lines, label, null, () =>
      change("/api/reviews", {
        alertIds: alerts.map((alert) => alert.alertId),
        verdict,
        by: personName(),
      }),
    );
    if (!answer) return false;
    this.done.push({ alertIds: answer.reviewed, verdict });
    this.frame.say(
      `Said of ${count(answer.reviewed.length)}: ${NAMES[verdict]}` +
        (answer.reviewed.length < alerts.length ? "; of the others somebody else has said something meanwhile" : "") +
        ". z undoes it.",
    );
    return true;
  }

  /** What was said before holds again; where nothing was, that nobody knows. */
  async undo() {
    const last = this.done.at(-1);
    if (!last) {
      this.frame.say("Nothing was reviewed on this page, so nothing is undone");
      return false;
    }
    if (!(await this.frame.mayChange())) return false;
    if (last.alertIds) {
      const { reviewed } = await change("/api/reviews", {
        alertIds: last.alertIds,
        instead: last.verdict,
        verdict: "UNSURE",
        by: personName(),
      });
      this.frame.say(`Taken back of ${count(reviewed.length)}: unsure holds.`);
    } else {
      const verdict = last.before?.verdict ?? "UNSURE";
      const answer = await change(`/api/alerts/${last.alertId}/review`, {
        verdict,
        note: last.before?.note ?? "",
        by: personName(),
      });
      this.said.set(last.alertId, answer.review);
      this.frame.say(`Taken back: ${NAMES[verdict]} holds.`);
    }
    this.done.pop();
    return true;
  }
}
