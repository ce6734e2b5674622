// Rows of the feed: an alert, or the alerts of an incident, which can be unfolded.
import { badge, h, Keyed, set, showBadges, thumbnail, write } from "./elements.js";
import { bits, clock, count, pValue, time, words } from "./format.js";
import { picture } from "./server.js";
import { NAMES } from "./reviews.js";

const KINDS = { CONFIRMED: "bad", FALSE_ALARM: "good" };

/** Whether a row of the feed stands for several alerts. */
export function isFolded(row) {
  return row.alerts > 1;
}

/** How many alerts a row stands for, and, where that is known, of how many. */
export function size(row) {
  const all = row.incident?.alerts ?? 0;
  return all > row.alerts ? `${count(row.alerts)} of ${count(all)} alerts` : `${count(row.alerts)} alerts`;
}

function stateBadge(row) {
  if (!row.incident) return [];
  return [row.incident.state === "OPEN" ? ["goes on", "bad"] : ["over", "plain"]];
}

/** OPEN, CLOSED, or nothing where nobody has told. */
export function state(row) {
  return stateBadge(row).map(([text, kind]) => badge(text, kind))[0] ?? null;
}

/** A link that a click follows within the feed, and anything else in a window of its own. */
function link(choose, ...children) {
  return h(
    "a",
    {
      class: "row",
      onclick: (event) => {
        if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        choose();
      },
    },
    ...children,
  );
}

/** What both kinds of rows show: a picture, and lines beside it. */
class Lines {
  constructor(alerts) {
    this.alerts = alerts;
    this.picture = thumbnail("");
    this.title = h("span", { class: "title" });
    this.more = h("span", { class: "more" });
    this.reasons = h("span", { class: "badges" });
    this.said = h("span", { class: "badges" });
    this.lines = h("span", { class: "lines" }, this.title, this.more, this.reasons, this.said);
  }
}

/** One alert of the feed. */
class AlertRow extends Lines {
  constructor(alerts) {
    super(alerts);
    this.element = link(
      () => alerts.choose({ alert: this.alertId }),
      this.picture.element,
      this.lines,
    );
  }

  show(alert) {
    this.alertId = alert.alertId;
    set(this.element, "href", this.alerts.address({ alert: alert.alertId }));
    set(this.element, "aria-current", this.alerts.chosen?.alert === alert.alertId ? "true" : null);
    this.picture.show(alert.place ? picture(alert.place) : null, "");
    write(this.title, `${alert.source} · ${alert.imageId}`);
    write(this.more, `${time(alert.eventTime)} · ${bits(alert.bitsPerDim)} bits/dim · p ${pValue(alert.pValue)}`);
    showBadges(this.reasons, alert.reasons.map((reason) => [words(reason), "plain"]));
    const review = this.alerts.reviews.of(alert);
    showBadges(this.said, [
      review ? [NAMES[review.verdict] ?? words(review.verdict), KINDS[review.verdict] ?? "plain"] : ["not reviewed", "open"],
    ]);
  }
}

/** The alerts of an incident in one row, and below it, unfolded, the alerts. */
class IncidentRow extends Lines {
  constructor(alerts) {
    super(alerts);
    this.link = link(
      () => alerts.choose({ row: this.incidentId }),
      h("span", { class: "pile" }, this.picture.element),
      this.lines,
    );
    this.unfold = h("button", { type: "button", class: "unfold", onclick: () => alerts.unfold(this.incidentId) });
    const list = h("ul", { class: "unfolded" });
    this.list = list;
    this.rows = new Keyed(list, () => {
      const row = new AlertRow(alerts);
      return { element: h("li", {}, row.element), show: (alert) => row.show(alert) };
    });
    this.older = h("button", { type: "button", class: "older", onclick: () => alerts.unfoldMore(this.incidentId) });
    this.element = h(
      "div",
      { class: "incident" },
      h("div", { class: "folded" }, this.link, this.unfold),
      list,
      this.older,
    );
  }

  show(row) {
    this.incidentId = row.incidentId;
    const of = row.latest.source || "(no name)";
    set(this.link, "href", this.alerts.address(null, { incident: row.incidentId }));
    set(this.link, "aria-current", this.alerts.chosen?.row === row.incidentId ? "true" : null);
    this.picture.show(row.latest.place ? picture(row.latest.place) : null, "");
    write(this.title, `${size(row)} · ${of}`);
    write(this.more, `${time(row.firstAt)} – ${clock(row.lastAt)}`);
    showBadges(this.reasons, [...stateBadge(row), ...row.reasons.map((reason) => [words(reason), "plain"])]);
    showBadges(
      this.said,
      Object.entries(row.reviews).map(([verdict, of]) =>
        verdict === "none"
          ? [`${count(of)} not reviewed`, "open"]
          : [`${count(of)} ${NAMES[verdict] ?? words(verdict)}`, KINDS[verdict] ?? "plain"],
      ),
    );
    const unfolded = this.alerts.unfolded.get(row.incidentId);
    set(this.list, "id", "of-" + row.incidentId);
    set(this.list, "aria-label", `Alerts of the incident of ${of}, the latest first`);
    set(this.unfold, "aria-expanded", String(Boolean(unfolded)));
    set(this.unfold, "aria-controls", "of-" + row.incidentId);
    set(this.unfold, "aria-label", `${unfolded ? "Fold" : "Unfold"} the ${count(row.alerts)} alerts of ${of}`);
    write(this.unfold, unfolded ? "▾" : "▸");
    this.list.hidden = !unfolded;
    this.rows.show(unfolded?.alerts ?? [], (alert) => alert.alertId);
    this.older.hidden = !unfolded?.more;
    write(this.older, "Show older ones of it");
  }
}

/** A row of the feed, whatever it stands for; what stands for one alert may come to stand for more. */
export class Row {
  constructor(alerts) {
    this.alerts = alerts;
    this.element = h("li", {});
  }

  show(row) {
    const Kind = isFolded(row) ? IncidentRow : AlertRow;
    if (!(this.shown instanceof Kind)) {
      this.shown = new Kind(this.alerts);
      this.element.replaceChildren(this.shown.element);
    }
    this.shown.show(isFolded(row) ? row : row.latest);
  }
}
