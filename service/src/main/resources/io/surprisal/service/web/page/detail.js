// All of what is looked at: one alert with its picture, or an incident.
import { facts, h, set, write } from "./elements.js";
import { bits, count, pValue, short, time, words } from "./format.js";
import { look, picture } from "./server.js";
import { draw, limit } from "./evidence.js";
import { size, state } from "./rows.js";
import { NAMES, VERDICTS } from "./reviews.js";

export class Detail {
  constructor(alerts) {
    this.alerts = alerts;
    this.share = h("input", { id: "share", type: "range", min: 0, max: 100, value: 70 });
    this.boxes = h("input", { id: "boxes", type: "checkbox" });
    this.boxes.checked = true;
    this.share.addEventListener("input", () => this.draw());
    this.boxes.addEventListener("change", () => this.draw());
    this.image = h("img", { alt: "", decoding: "async" });
    this.canvas = h("canvas", { role: "img" });
    this.frame = h("div", { class: "evidence" }, this.image, this.canvas);
    this.gone = h("p", { class: "gone", hidden: true });
    this.legend = h("p", { class: "more" });
    this.facts = h("div", {});
    this.said = h("p", {});
    this.note = h("textarea", { id: "note", maxlength: 1000, rows: 2 });
    const button = (key, text) =>
      h(
        "button",
        { type: "button", onclick: () => this.alerts.say(VERDICTS[key]) },
        text + " ",
        h("kbd", {}, key),
      );
    this.content = h(
      "div",
      { hidden: true },
      this.frame,
      this.gone,
      h(
        "div",
        { class: "controls" },
        h("label", { for: "share" }, "Map"),
        this.share,
        h("span", {}, this.boxes, h("label", { for: "boxes" }, "Boxes")),
      ),
      this.legend,
      h("h2", {}, "Is it right?"),
      this.said,
      h("label", { for: "note" }, "Note"),
      this.note,
      h(
        "p",
        { class: "buttons" },
        button("c", "Confirm"),
        button("f", "False alarm"),
        button("u", "Unsure"),
        h("button", { type: "button", onclick: () => this.alerts.undo() }, "Undo ", h("kbd", {}, "z")),
        h("button", { type: "button", onclick: () => this.alerts.step(1) }, "Next ", h("kbd", {}, "n")),
      ),
      h(
        "p",
        { class: "more" },
        "What is confirmed never trains a release; a false alarm does, as if its picture had raised no alert.",
      ),
      h("h2", {}, "What the alert says"),
      this.facts,
    );
    this.hint = h("p", {});
    this.incident = new IncidentDetail(alerts);
    this.element = h(
      "section",
      { class: "detail", "aria-label": "What is chosen" },
      this.hint,
      this.incident.element,
      this.content,
    );
    this.empty();
  }

  empty(hint = "Choose an alert, or press n.") {
    this.alert = undefined;
    this.content.hidden = true;
    this.incident.element.hidden = true;
    this.hint.hidden = false;
    write(this.hint, hint);
  }

  showIncident(row) {
    this.alert = undefined;
    this.content.hidden = true;
    this.hint.hidden = true;
    this.incident.element.hidden = false;
    this.incident.show(row);
  }

  /** Shows an alert; what the server knows of it, or nothing where it is not shown. */
  async load(alertId) {
    if (this.alert?.alertId === alertId) {
      this.showReview();
      return this.alert;
    }
    let alert;
    try {
      alert = await look("/api/alerts/" + alertId);
    } catch (e) {
      this.empty(e.message);
      return undefined;
    }
    if (this.alerts.chosen?.alert !== alertId) return undefined; // another one was chosen meanwhile
    this.alert = alert;
    this.note.value = "";
    this.content.hidden = false;
    this.hint.hidden = true;
    this.incident.element.hidden = true;
    const { picture: of } = alert;
    const shown = Boolean(of.width);
    this.frame.hidden = !shown;
    this.gone.hidden = shown;
    write(
      this.gone,
      of.refused
        ? "Not a picture: " + of.refused
        : of.trouble
          ? "The picture cannot be read now: " + of.trouble
          : "The picture is no longer in Kafka: its time there is over. What was said of it is below.",
    );
    if (shown) {
      this.image.width = of.width;
      this.image.height = of.height;
      set(this.frame, "class", Math.max(of.width, of.height) < 256 ? "evidence small" : "evidence");
      set(this.image, "alt", `picture ${alert.imageId} of ${alert.source}`);
      this.image.src = picture(alert.place, "large");
      this.frame.style.aspectRatio = `${of.width} / ${of.height}`;
      this.draw();
    }
    this.share.disabled = !alert.map || !shown;
    this.boxes.disabled = alert.boxes.length === 0 || !shown;
    write(
      this.legend,
      !shown
        ? ""
        : alert.map
          ? `Red: ${limit(alert).toFixed(1)} standard deviations over what is usual there, and more.`
          : "This release does not say where in a picture its surprise is.",
    );
    this.showReview();
    this.facts.replaceChildren(
      facts([
        ["bits/dim", `${bits(alert.bitsPerDim)} ± ${bits(alert.standardError)}`],
        ["threshold", alert.threshold === null ? null : `${bits(alert.threshold)} bits/dim`],
        ["reasons", alert.reasons.map(words).join(", ")],
        ["p", alert.pValue === null ? null : pValue(alert.pValue)],
        ["p, low likelihood", alert.lowLikelihoodPValue === null ? null : pValue(alert.lowLikelihoodPValue)],
        ["p, atypical", alert.atypicalPValue === null ? null : pValue(alert.atypicalPValue)],
        ["p, local", alert.localPValue === null ? null : pValue(alert.localPValue)],
        ["boxes", alert.boxes.map(boxText).join("; ")],
        ["source", h("a", { href: "/source?" + new URLSearchParams({ name: alert.source }) }, alert.source || "(no name)")],
        ["image", alert.imageId],
        ["taken", time(alert.eventTime)],
        ["release", h("a", { href: "/releases" }, short(alert.releaseId))],
        ["alert rate", String(alert.alertRate)],
        ["judged by", judges(alert)],
        ["repaired", alert.repairs.map(words).join(", ")],
        ["lies in", `${alert.location.topic}, partition ${alert.location.partition}, offset ${alert.location.offset}`],
        ["alert", alert.alertId],
        [
          "incident",
          h(
            "a",
            { href: "/alerts?" + new URLSearchParams({ incident: alert.incidentId }) },
            alert.ofIncident > 1 ? `one of ${count(alert.ofIncident)} alerts` : "of this one alone",
          ),
        ],
      ]),
    );
    return alert;
  }

  draw() {
    if (!this.alert?.picture.width) return;
    draw(this.canvas, this.alert, this.share.value / 100, this.boxes.checked);
    set(
      this.canvas,
      "aria-label",
      this.alert.boxes.length ? "Surprising: " + this.alert.boxes.map(boxText).join("; ") : "No part alone is surprising",
    );
  }

  showReview() {
    const review = this.alerts.reviews.of(this.alerts.listed(this.alert.alertId) ?? this.alert);
    write(
      this.said,
      review
        ? `${review.reviewedBy || "Somebody"} said ${NAMES[review.verdict] ?? words(review.verdict)} at ${time(review.reviewedAt)}` +
            (review.note ? `: ${review.note}` : "")
        : "Nobody has said yet.",
    );
  }
}

/** Whose calibration images gave p and threshold; null: a scorer that did not say. */
function judges(alert) {
  const whose = { SOURCE: "this source", OTHERS: "sources with few each", ALL: "all sources" }[alert.calibratedOn];
  return whose && alert.calibrationImages !== null
    ? `${count(alert.calibrationImages)} calibration images of ${whose}`
    : null;
}

function boxText(box) {
  return `${box.width}×${box.height} at ${box.left},${box.top}: ${box.surprise.toFixed(1)} σ`;
}

/** What is known of an incident, and what can be said of its alerts. */
class IncidentDetail {
  constructor(alerts) {
    this.alerts = alerts;
    this.facts = h("div", {});
    this.said = h("p", {});
    const button = (key, text) =>
      h("button", { type: "button", onclick: () => alerts.say(VERDICTS[key]) }, text + " … ", h("kbd", {}, key));
    this.element = h(
      "div",
      { hidden: true },
      h("h2", {}, "An incident"),
      this.facts,
      h("h2", {}, "Is it right?"),
      this.said,
      h(
        "p",
        { class: "buttons" },
        h("button", { type: "button", onclick: () => alerts.key("o") }, "Unfold or fold ", h("kbd", {}, "o")),
        button("c", "Confirm"),
        button("f", "False alarms"),
        button("u", "Unsure"),
        h("button", { type: "button", onclick: () => alerts.undo() }, "Undo ", h("kbd", {}, "z")),
        h("button", { type: "button", onclick: () => alerts.step(1) }, "Next ", h("kbd", {}, "n")),
      ),
      h(
        "p",
        { class: "more" },
        "Each alert has a review of its own. Unfold the incident to say it of one; here it is said of all that nobody has reviewed, after a question that tells which these are.",
      ),
    );
  }

  show(row) {
    const { incident } = row;
    const left = row.reviews.none ?? 0;
    write(
      this.said,
      left === 0
        ? "All of its alerts that are listed here are reviewed."
        : `Nobody has said yet of ${count(left)} of ${count(row.alerts)}.`,
    );
    this.facts.replaceChildren(
      facts([
        ["alerts listed here", size(row)],
        ["state", state(row) ?? "not told"],
        ["source", h("a", { href: "/source?" + new URLSearchParams({ name: row.latest.source }) }, row.latest.source || "(no name)")],
        ["first", time(incident?.openedAt ?? row.firstAt)],
        ["latest", time(row.lastAt)],
        ["over since", incident?.closedAt ? time(incident.closedAt) : null],
        ["images meanwhile", incident ? count(incident.images) : null],
        ["reasons", row.reasons.map(words).join(", ")],
        [
          "most surprising",
          incident
            ? h(
                "a",
                { href: this.alerts.address({ alert: incident.strongest.alertId }) },
                incident.strongest.imageId + (incident.strongest.pValue === null ? "" : `, p ${pValue(incident.strongest.pValue)}`),
              )
            : null,
        ],
        ["address of its own", h("a", { href: "/alerts?" + new URLSearchParams({ incident: row.incidentId }) }, short(row.incidentId))],
      ]),
    );
  }
}
