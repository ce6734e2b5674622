// All at a glance: the sources, the stream, the release, the trainer.
import { badge, facts, h, Keyed, set, thumbnail, write } from "./elements.js";
import { bits, clock, count, millis, percent, rate, short, time, words } from "./format.js";
import { look, picture } from "./server.js";

const OLD_MILLIS = 10_000;
/** From so many on the hundredth part is one. */
const ENOUGH_FOR_P99 = 100;

export class Now {
  title = "Now";
  parts = ["ALERTS", "SCORES", "SOURCES", "RELEASES", "TRAINER", "REVIEWS"];

  constructor(root, frame) {
    // What it says of the last seconds changes where nothing comes, too.
    this.timer = setInterval(() => frame.refresh(), OLD_MILLIS);
    this.stream = h("section", { class: "tiles", "aria-label": "The stream" });
    this.none = h(
      "p",
      { hidden: true },
      "No source has sent images yet; “surprisal publish” sends some.",
    );
    this.more = h("p", { hidden: true });
    const list = h("ul", { class: "cards" });
    this.cards = new Keyed(list, () => new Card());
    root.append(
      h("h1", {}, "Now"),
      this.stream,
      h("h2", {}, "Sources"),
      this.none,
      list,
      this.more,
    );
  }

  async refresh() {
    const now = await look("/api/now");
    this.stream.replaceChildren(
      tile("Images", rate(now.imagesPerSecond), "scored, last ten seconds"),
      tile("Latency to this page", ...latency(now.latency)),
      tile("Alerts", rate(now.alertsPerSecond), "last ten seconds"),
      tile(
        "Unreviewed",
        h("a", { href: "/alerts?review=none" }, count(now.unreviewed)),
        `of the latest ${count(now.alerts)} alerts` +
          (now.reviewsNotCounted ? `; ${count(now.reviewsNotCounted)} reviews are not signed by a trusted key` : ""),
      ),
      tile(
        "Release",
        now.release ? h("a", { href: "/releases" }, short(now.release.releaseId)) : "none yet",
        now.release
          ? `serves since ${time(now.release.announcedAt)}` +
              (now.release.heldOutBitsPerDim === null
                ? ""
                : `; held out ${bits(now.release.heldOutBitsPerDim)} bits/dim`)
          : "scorers wait for the first one, or have one of their own",
      ),
      tile(
        "Trainer",
        h("a", { href: "/training" }, now.trainer ? words(now.trainer.type) : "not heard of"),
        now.trainer ? `${time(now.trainer.eventTime)} ${now.trainer.message}` : "“surprisal train” starts it",
      ),
    );
    this.none.hidden = now.sources.length > 0 || now.loading;
    this.more.hidden = now.moreSources === 0;
    write(this.more, `and ${now.moreSources} more; “surprisal sources” lists all`);
    this.cards.show(now.sources, (source) => source.source);
  }

  close() {
    clearInterval(this.timer);
  }
}

/** From an image's time stamp until its score is read for this page. */
function latency(measured) {
  if (!measured) return ["–", "no score in the last 60 s"];
  const { scores, seconds, p50Millis, p99Millis, mostMillis } = measured;
  return [
    "p50 " + millis(p50Millis),
    (scores < ENOUGH_FOR_P99 ? `longest ${millis(mostMillis)}` : `p99 ${millis(p99Millis)}`) +
      `; ${count(scores)} scores in the last ${seconds} s`,
  ];
}

function tile(name, value, more) {
  return h(
    "div",
    { class: "tile" },
    h("h2", {}, name),
    h("p", { class: "value" }, value),
    h("p", { class: "more" }, more),
  );
}

class Card {
  constructor() {
    this.picture = thumbnail("");
    this.name = h("a", {});
    this.state = h("span", {});
    this.facts = h("div", {});
    this.element = h(
      "li",
      { class: "card" },
      this.picture.element,
      h("div", {}, h("h3", {}, this.name), this.state, this.facts),
    );
  }

  show(source) {
    write(this.name, source.source || "(no name)");
    set(this.name, "href", "/source?" + new URLSearchParams({ name: source.source }));
    const last = source.last;
    this.picture.show(
      last?.place ? picture(last.place) : null,
      `latest picture of ${source.source}`,
    );
    const kind = source.state === "OK" ? "good" : source.state === "LEARNING" ? "plain" : "bad";
    this.state.replaceChildren(badge(words(source.state), kind));
    this.facts.replaceChildren(
      facts([
        ["rate", source.imagesPerSecond === undefined ? null : rate(source.imagesPerSecond)],
        ["alerts", source.alertShare === undefined ? null : percent(source.alertShare)],
        ["last score", last ? bits(last.bitsPerDim) + " bits/dim" : null],
        ["last seen", source.lastSeen ? clock(source.lastSeen) : null],
      ]),
    );
  }
}
