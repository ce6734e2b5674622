// The feed of alerts, what one of them is about, and what people say of it.
import { badge, facts, h, Keyed, set, thumbnail, write } from "./elements.js";
import { bits, count, pValue, short, time, words } from "./format.js";
import { change, look, picture } from "./server.js";
import { draw, limit } from "./evidence.js";
import { personName } from "./dialog.js";

const PAGE = 30;
const VERDICTS = { c: "CONFIRMED", f: "FALSE_ALARM", u: "UNSURE" };
const NAMES = { CONFIRMED: "confirmed", FALSE_ALARM: "false alarm", UNSURE: "unsure" };
const FILTERS = ["source", "reason", "review", "since", "until"];

export class Alerts {
  title = "Alerts";
  parts = ["ALERTS", "REVIEWS"];
  keys = [
    ["n", "next alert, the older one"],
    ["p", "the one before"],
    ["c", "confirm: an anomaly"],
    ["f", "false alarm: normal"],
    ["u", "unsure, takes back what was said"],
    ["z", "undo the last review of this page"],
  ];

  constructor(root, frame) {
    this.frame = frame;
    this.alerts = [];
    this.limit = PAGE;
    this.done = [];
    this.reviews = new Map();
    const query = new URLSearchParams(location.search);
    this.filter = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? ""]));
    this.chosen = query.get("alert");

    this.summary = h("p", { class: "summary" });
    this.newer = h("button", { type: "button", class: "newer", onclick: () => this.release() });
    this.newer.disabled = true;
    write(this.newer, "This is the newest");
    this.older = h("button", { type: "button", hidden: true, onclick: () => this.showMore() }, "Show older ones");
    this.none = h("p", { hidden: true });
    const list = h("ul", { class: "feed", "aria-label": "Alerts, the latest first" });
    this.rows = new Keyed(list, () => new Row(this));
    this.detail = new Detail(this);
    root.append(
      h("h1", {}, "Alerts"),
      this.filters(),
      h(
        "div",
        { class: "split" },
        h("section", { "aria-label": "Feed" }, this.summary, this.newer, this.none, list, this.older),
        this.detail.element,
      ),
    );
  }

  filters() {
    const change = () => {
      for (const name of FILTERS) this.filter[name] = this.fields[name].value;
      for (const name of ["since", "until"]) {
        this.filter[name] = this.filter[name] ? String(new Date(this.filter[name]).getTime()) : "";
      }
      this.chosen = null;
      this.limit = PAGE;
      this.frame.go(this.address(), { keep: true });
      this.refresh();
    };
    const choice = (name, options) => {
      const select = h(
        "select",
        { id: name, onchange: change },
        options.map(([value, text]) => h("option", { value }, text)),
      );
      select.value = this.filter[name];
      return select;
    };
    const moment = (name) => {
      const input = h("input", { id: name, type: "datetime-local", onchange: change });
      if (this.filter[name]) {
        const at = new Date(Number(this.filter[name]));
        input.value = new Date(at.getTime() - 60000 * at.getTimezoneOffset()).toISOString().slice(0, 16);
      }
      return input;
    };
    this.fields = {
      source: h("input", { id: "source", list: "sources", maxlength: 1024, onchange: change }),
      reason: choice("reason", [
        ["", "any"],
        ["LOW_LIKELIHOOD", "low likelihood"],
        ["ATYPICAL", "atypical"],
        ["LOCAL", "local"],
      ]),
      review: choice("review", [
        ["", "whatever"],
        ["none", "unreviewed"],
        ["any", "reviewed"],
        ["confirmed", "confirmed"],
        ["false-alarm", "false alarm"],
        ["unsure", "unsure"],
      ]),
      since: moment("since"),
      until: moment("until"),
    };
    this.fields.source.value = this.filter.source;
    this.sources = h("datalist", { id: "sources" });
    const labels = { source: "Source", reason: "Reason", review: "Review", since: "From", until: "To" };
    return h(
      "div",
      { class: "filters", role: "search" },
      FILTERS.map((name) =>
        h("span", {}, h("label", { for: name }, labels[name]), this.fields[name]),
      ),
      this.sources,
    );
  }

  address(chosen = this.chosen) {
    const query = new URLSearchParams();
    for (const name of FILTERS) if (this.filter[name]) query.set(name, this.filter[name]);
    if (chosen) query.set("alert", chosen);
    const text = query.toString();
    return "/alerts" + (text ? "?" + text : "");
  }

  async refresh() {
    const answer = await look("/api/alerts", { ...this.filter, limit: this.limit });
    this.none.hidden = answer.alerts.length > 0;
    write(
      this.none,
      answer.loading
        ? "The topics are being read …"
        : FILTERS.some((name) => this.filter[name])
          ? "No alert is as the filters want it."
          : "No alert has been raised.",
    );
    write(
      this.summary,
      `${count(answer.unreviewed)} of the latest ${count(answer.kept)} are not reviewed`,
    );
    this.sources.replaceChildren(...answer.sources.map((value) => h("option", { value })));
    // While one is looked at, the feed stands still, and says how many came.
    if (this.chosen && this.alerts.length) {
      const known = new Map(answer.alerts.map((alert) => [alert.alertId, alert]));
      const newest = this.alerts[0].number;
      const fresh = answer.alerts.filter((alert) => alert.number > newest).length;
      this.tellNewer(fresh);
      this.alerts = this.alerts.map((alert) => known.get(alert.alertId) ?? alert);
    } else {
      this.alerts = answer.alerts;
      this.tellNewer(0);
    }
    for (const alert of answer.alerts) this.reviews.delete(alert.alertId);
    this.older.hidden = !answer.more || this.limit >= 200;
    this.showRows();
    if (this.chosen) await this.detail.load(this.chosen);
    else this.detail.empty();
  }

  tellNewer(fresh) {
    this.newer.disabled = fresh === 0;
    write(
      this.newer,
      fresh === 0
        ? "This is the newest"
        : `${fresh >= this.limit ? fresh + " or more" : fresh} newer – show`,
    );
  }

  showRows() {
    this.rows.show(this.alerts, (alert) => alert.alertId);
  }

  showMore() {
    this.limit = Math.min(200, this.limit + PAGE);
    const chosen = this.chosen;
    this.chosen = null;
    return this.refresh().then(() => {
      this.chosen = chosen;
      this.showRows();
      if (chosen) return this.detail.load(chosen);
    });
  }

  /** The newest again. */
  release() {
    this.chosen = null;
    this.alerts = [];
    this.frame.go(this.address(), { keep: true });
    this.refresh();
  }

  choose(alertId) {
    this.chosen = alertId;
    this.frame.go(this.address(), { keep: true, replace: true });
    this.showRows();
    this.rows.rows.get(alertId)?.element.scrollIntoView({ block: "nearest" });
    this.frame.attempt(() => this.detail.load(alertId));
  }

  review(alert) {
    return this.reviews.has(alert.alertId) ? this.reviews.get(alert.alertId) : alert.review;
  }

  key(key) {
    if (key === "n" || key === "p") return this.step(key === "n" ? 1 : -1);
    if (key === "z") return this.undo();
    if (VERDICTS[key] && this.chosen) return this.say(this.chosen, VERDICTS[key]);
    return false;
  }

  step(by) {
    const at = this.alerts.findIndex((alert) => alert.alertId === this.chosen);
    const next = this.alerts[at < 0 ? 0 : at + by];
    if (next) this.choose(next.alertId);
    else this.frame.say(by > 0 ? "This is the last one of the list" : "This is the first one");
    return true;
  }

  say(alertId, verdict, { note = this.detail.note.value, remember = true } = {}) {
    this.frame.attempt(async () => {
      if (!(await this.frame.mayChange())) return;
      const answer = await change(`/api/alerts/${alertId}/review`, {
        verdict,
        note,
        by: personName(),
      });
      if (remember) this.done.push({ alertId, before: answer.before });
      this.reviews.set(alertId, answer.review);
      this.showRows();
      this.detail.showReview();
      this.frame.say(
        remember
          ? `Said: ${NAMES[verdict]}. z undoes it, n goes on.`
          : `Taken back: ${NAMES[verdict]} holds.`,
      );
    });
    return true;
  }

  /** What was said before holds again; where nothing was, that nobody knows. */
  undo() {
    const last = this.done.pop();
    if (!last) this.frame.say("Nothing was reviewed on this page, so nothing is undone");
    else {
      this.say(last.alertId, last.before?.verdict ?? "UNSURE", {
        note: last.before?.note ?? "",
        remember: false,
      });
    }
    return true;
  }
}

/** One alert of the feed. */
class Row {
  constructor(alerts) {
    this.alerts = alerts;
    this.picture = thumbnail("");
    this.title = h("span", { class: "title" });
    this.more = h("span", { class: "more" });
    this.reasons = h("span", { class: "badges" });
    this.said = h("span", { class: "badges" });
    this.link = h(
      "a",
      {
        class: "row",
        onclick: (event) => {
          if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
          event.preventDefault();
          alerts.choose(this.alertId);
        },
      },
      this.picture.element,
      h("span", { class: "lines" }, this.title, this.more, this.reasons, this.said),
    );
    this.element = h("li", {}, this.link);
  }

  show(alert) {
    this.alertId = alert.alertId;
    set(this.link, "href", this.alerts.address(alert.alertId));
    set(this.link, "aria-current", this.alerts.chosen === alert.alertId ? "true" : null);
    this.picture.show(alert.place ? picture(alert.place) : null, "");
    write(this.title, `${alert.source} · ${alert.imageId}`);
    write(this.more, `${time(alert.eventTime)} · ${bits(alert.bitsPerDim)} bits/dim · p ${pValue(alert.pValue)}`);
    write(this.reasons, "");
    this.reasons.append(...alert.reasons.map((reason) => badge(words(reason), "plain")));
    const review = this.alerts.review(alert);
    this.said.replaceChildren(
      review
        ? badge(
            NAMES[review.verdict] ?? words(review.verdict),
            review.verdict === "CONFIRMED" ? "bad" : review.verdict === "FALSE_ALARM" ? "good" : "plain",
          )
        : badge("not reviewed", "open"),
    );
  }
}

/** All of one alert. */
class Detail {
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
        { type: "button", onclick: () => this.alerts.say(this.alert.alertId, VERDICTS[key]) },
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
    this.hint = h("p", {}, "Choose an alert, or press n.");
    this.element = h("section", { class: "detail", "aria-label": "The chosen alert" }, this.hint, this.content);
  }

  empty() {
    this.alert = undefined;
    this.content.hidden = true;
    this.hint.hidden = false;
    write(this.hint, "Choose an alert, or press n.");
  }

  async load(alertId) {
    if (this.alert?.alertId === alertId) {
      this.showReview();
      return;
    }
    let alert;
    try {
      alert = await look("/api/alerts/" + alertId);
    } catch (e) {
      this.empty();
      write(this.hint, e.message);
      return;
    }
    if (this.alerts.chosen !== alertId) return; // another one was chosen meanwhile
    this.alert = alert;
    this.note.value = "";
    this.content.hidden = false;
    this.hint.hidden = true;
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
        ["p, low likelihood", alert.lowLikelihoodPValue === null ? null : pValue(alert.lowLikelihoodPValue)],
        ["p, atypical", alert.atypicalPValue === null ? null : pValue(alert.atypicalPValue)],
        ["p, local", alert.localPValue === null ? null : pValue(alert.localPValue)],
        ["boxes", alert.boxes.map(boxText).join("; ")],
        ["source", h("a", { href: "/source?" + new URLSearchParams({ name: alert.source }) }, alert.source || "(no name)")],
        ["image", alert.imageId],
        ["taken", time(alert.eventTime)],
        ["release", h("a", { href: "/releases" }, short(alert.releaseId))],
        ["alert rate", String(alert.alertRate)],
        ["repaired", alert.repairs.map(words).join(", ")],
        ["lies in", `${alert.location.topic}, partition ${alert.location.partition}, offset ${alert.location.offset}`],
        ["alert", alert.alertId],
      ]),
    );
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
    const listed = this.alerts.alerts.find((alert) => alert.alertId === this.alert.alertId);
    const review = this.alerts.review(listed ?? this.alert);
    write(
      this.said,
      review
        ? `${review.reviewedBy || "Somebody"} said ${NAMES[review.verdict] ?? words(review.verdict)} at ${time(review.reviewedAt)}` +
            (review.note ? `: ${review.note}` : "")
        : "Nobody has said yet.",
    );
  }
}

function boxText(box) {
  return `${box.width}×${box.height} at ${box.left},${box.top}: ${box.surprise.toFixed(1)} σ`;
}
