// The feed of alerts, those of an incident folded into one row, and which of them is looked at.
import { h, Keyed, write } from "./elements.js";
import { count } from "./format.js";
import { look } from "./server.js";
import { Detail } from "./detail.js";
import { isFolded, Row } from "./rows.js";
import { Reviews, VERDICTS } from "./reviews.js";

const PAGE = 30;
const MOST = 200;
const narrow = matchMedia("(max-width: 860px)");
/** Incidents that are unfolded at the same time. */
const MOST_UNFOLDED = 5;
const FILTERS = ["source", "reason", "review", "since", "until"];

export class Alerts {
  title = "Alerts";
  parts = ["ALERTS", "REVIEWS"];
  keys = [
    ["n", "next alert, the older one"],
    ["p", "the one before"],
    ["o", "unfold the alerts of an incident, or fold them"],
    ["c", "confirm: an anomaly; of an incident: those that nobody has reviewed, after a question"],
    ["f", "false alarm: normal"],
    ["u", "unsure, takes back what was said"],
    ["z", "undo the last review of this page"],
  ];

  constructor(root, frame) {
    this.frame = frame;
    this.feed = [];
    this.unfolded = new Map();
    this.newest = 0;
    this.limit = PAGE;
    this.reviews = new Reviews(frame);
    const query = new URLSearchParams(location.search);
    this.filter = Object.fromEntries(["incident", ...FILTERS].map((name) => [name, query.get(name) ?? ""]));
    const incident = query.get("row") ?? this.filter.incident;
    this.chosen = query.get("alert") ? { alert: query.get("alert") } : incident ? { row: incident } : null;
    if (this.filter.incident) this.unfolded.set(this.filter.incident, { alerts: [], limit: PAGE });

    this.summary = h("p", { class: "summary" });
    this.newer = h("button", { type: "button", class: "newer", onclick: () => this.release() });
    this.newer.disabled = true;
    write(this.newer, "This is the newest");
    this.older = h("button", { type: "button", hidden: true, onclick: () => this.showMore() }, "Show older ones");
    this.none = h("p", { hidden: true });
    const list = h("ul", { class: "feed", "aria-label": "Alerts, the latest first" });
    this.rows = new Keyed(list, () => new Row(this));
    this.detail = new Detail(this);
    this.one = h(
      "p",
      { class: "summary", hidden: !this.filter.incident },
      "The alerts of one incident. ",
      h("a", { href: "/alerts" }, "All alerts"),
    );
    root.append(
      h("h1", {}, "Alerts"),
      this.filters(),
      h(
        "div",
        { class: "split" },
        h("section", { "aria-label": "Feed" }, this.one, this.summary, this.newer, this.none, list, this.older),
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

  address(chosen = this.chosen, filter = this.filter) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(filter)) if (value) query.set(name, value);
    for (const [name, value] of Object.entries(chosen ?? {})) query.set(name, value);
    const text = query.toString();
    return "/alerts" + (text ? "?" + text : "");
  }

  async refresh() {
    const [answer, ...lists] = await Promise.all([
      look("/api/feed", { ...this.filter, limit: this.limit }),
      ...[...this.unfolded].map(async ([incident, { limit }]) => [
        incident,
        await look("/api/alerts", { ...this.filter, incident, limit }),
      ]),
    ]);
    this.none.hidden = answer.rows.length > 0;
    write(
      this.none,
      answer.loading
        ? "The topics are being read …"
        : Object.values(this.filter).some((value) => value)
          ? "No alert is as the filters want it."
          : "No alert has been raised.",
    );
    write(
      this.summary,
      `${count(answer.unreviewed)} of the latest ${count(answer.kept)} are not reviewed` +
        (answer.reviewsNotCounted
          ? `; ${count(answer.reviewsNotCounted)} reviews are not signed by a trusted key and not counted`
          : ""),
    );
    const known = answer.sources.join("\n");
    if (this.known !== known) {
      this.known = known;
      this.sources.replaceChildren(...answer.sources.map((value) => h("option", { value })));
    }
    for (const [incident, list] of lists) this.hear(incident, list);
    this.place(answer.rows);
    this.older.hidden = !answer.more || this.limit >= MOST;
    this.showRows();
    await this.showDetail();
  }

  /** Alerts of an incident that is unfolded. */
  hear(incident, { alerts, more }) {
    const unfolded = this.unfolded.get(incident);
    if (!unfolded) return; // folded meanwhile
    for (const alert of alerts) this.reviews.heard(alert);
    const still = this.chosen && !unfolded.grows && unfolded.alerts.length > 0;
    unfolded.alerts = still ? renewed(unfolded.alerts, alerts, (alert) => alert.alertId) : alerts;
    unfolded.grows = false;
    unfolded.more = more;
  }

  /** While one is looked at, the feed stands still, and says how many came. */
  place(rows) {
    for (const row of rows) this.reviews.heard(row.latest);
    if (this.chosen && this.feed.length) {
      const shown = new Set(this.feed.map((row) => row.incidentId));
      this.tellNewer(rows.filter((row) => row.latest.number > this.newest && !shown.has(row.incidentId)).length);
      this.feed = renewed(this.feed, rows, (row) => row.incidentId);
    } else {
      this.feed = rows;
      this.newest = Math.max(0, ...rows.map((row) => row.latest.number));
      this.tellNewer(0);
    }
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
    this.rows.show(this.feed, (row) => row.incidentId);
  }

  async showDetail() {
    const { row, alert } = this.chosen ?? {};
    if (row) {
      const of = this.feed.find(({ incidentId }) => incidentId === row);
      if (of && isFolded(of)) this.detail.showIncident(of);
      else if (of) this.choose({ alert: of.latest.alertId });
      else this.detail.empty("The alerts of this incident are not among the latest any more.");
    } else if (alert) {
      const shown = await this.detail.load(alert);
      const of = shown && this.feed.find(({ incidentId }) => incidentId === shown.incidentId);
      // Whoever comes by an address, or when a second alert has joined it, is to see it in the feed.
      if (of && isFolded(of) && !this.unfolded.has(of.incidentId)) this.unfold(of.incidentId);
    } else this.detail.empty();
  }

  showMore() {
    this.limit = Math.min(MOST, this.limit + PAGE);
    const { chosen } = this;
    this.chosen = null;
    return this.refresh().then(() => {
      this.chosen = chosen;
      this.showRows();
      return this.showDetail();
    });
  }

  /** The newest again. */
  release() {
    this.chosen = null;
    this.feed = [];
    this.frame.go(this.address(), { keep: true });
    this.refresh();
  }

  /**
   * Looks at one.
   *
   * @param chosen {alert: id}, or {row: id of an incident}
   */
  choose(chosen) {
    this.chosen = chosen;
    this.frame.go(this.address(), { keep: true, replace: true });
    this.showRows();
    // On a narrow screen what is chosen stands above the feed, where nobody would see it come.
    if (narrow.matches) this.detail.element.scrollIntoView({ block: "start" });
    else document.querySelector(".row[aria-current]")?.scrollIntoView({ block: "nearest" });
    this.frame.attempt(() => this.showDetail());
  }

  /** Shows the alerts of an incident below its row, or folds them away. */
  unfold(incident) {
    if (!this.unfolded.delete(incident)) {
      this.unfolded.set(incident, { alerts: [], limit: PAGE });
      if (this.unfolded.size > MOST_UNFOLDED) this.unfolded.delete(this.unfolded.keys().next().value);
    } else if (this.detail.alert?.incidentId === incident) {
      this.choose({ row: incident });
    }
    this.showRows();
    this.frame.attempt(() => this.refresh());
  }

  unfoldMore(incident) {
    const unfolded = this.unfolded.get(incident);
    unfolded.limit = Math.min(MOST, unfolded.limit + PAGE);
    unfolded.grows = true;
    this.frame.attempt(() => this.refresh());
  }

  /** An alert as the feed has it. */
  listed(alertId) {
    const all = this.feed.flatMap((row) => [row.latest, ...(this.unfolded.get(row.incidentId)?.alerts ?? [])]);
    return all.findLast((alert) => alert.alertId === alertId);
  }

  key(key) {
    if (key === "n" || key === "p") return this.step(key === "n" ? 1 : -1);
    if (key === "z") return this.undo();
    if (key === "o") {
      const incident = this.chosen?.row ?? this.detail.alert?.incidentId;
      const row = this.feed.find(({ incidentId }) => incidentId === incident);
      if (row && isFolded(row)) this.unfold(incident);
      return true;
    }
    if (VERDICTS[key] && this.chosen) return this.say(VERDICTS[key]);
    return false;
  }

  /** What can be looked at, in the order in which it is shown. */
  entries() {
    return this.feed.flatMap((row) =>
      isFolded(row)
        ? [
            { row: row.incidentId },
            ...(this.unfolded.get(row.incidentId)?.alerts ?? []).map(({ alertId }) => ({ alert: alertId })),
          ]
        : [{ alert: row.latest.alertId }],
    );
  }

  step(by) {
    const entries = this.entries();
    const at = entries.findIndex(
      (entry) => this.chosen && entry.row === this.chosen.row && entry.alert === this.chosen.alert,
    );
    const next = entries[at < 0 ? 0 : at + by];
    if (next) this.choose(next);
    else this.frame.say(by > 0 ? "This is the last one of the list" : "This is the first one");
    return true;
  }

  /** Says it of what is looked at: an alert, or those of an incident. */
  say(verdict) {
    const { alert, row } = this.chosen;
    this.frame.attempt(async () => {
      const said = alert
        ? await this.reviews.say(alert, verdict, this.detail.note.value)
        : await this.reviews.sayOfIncident(
            this.feed.find(({ incidentId }) => incidentId === row),
            verdict,
            this.filter,
          );
      if (said) await this.showSaid();
    });
    return true;
  }

  undo() {
    this.frame.attempt(async () => {
      if (await this.reviews.undo()) await this.showSaid();
    });
    return true;
  }

  async showSaid() {
    this.showRows();
    await this.showDetail();
  }
}

/** A list as it stands, with what is known now of each. */
function renewed(list, now, keyOf) {
  const known = new Map(now.map((one) => [keyOf(one), one]));
  return list.map((one) => known.get(keyOf(one)) ?? one);
}
