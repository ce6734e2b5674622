// One source over time.
import { badge, facts, h, Keyed, set, thumbnail, write } from "./elements.js";
import { bits, count, percent, rate, short, time, words } from "./format.js";
import { look, picture } from "./server.js";
import { Chart } from "./chart.js";

export class Source {
  title = "Sources";
  parts = ["SCORES", "SOURCES", "RELEASES"];

  constructor(root) {
    this.name = new URLSearchParams(location.search).get("name");
    if (this.name === null) {
      const list = h("ul", { class: "names" });
      this.list = new Keyed(list, () => {
        const link = h("a", {});
        const state = h("span", {});
        return {
          element: h("li", {}, link, " ", state),
          show(source) {
            write(link, source.source || "(no name)");
            set(link, "href", "/source?" + new URLSearchParams({ name: source.source }));
            state.replaceChildren(
              badge(words(source.state), source.state === "OK" ? "good" : source.state === "LEARNING" ? "plain" : "bad"),
            );
          },
        };
      });
      this.note = h("p", {});
      root.append(h("h1", {}, "Sources"), this.note, list);
      return;
    }
    this.title = this.name;
    this.trouble = h("p", { role: "alert", hidden: true });
    this.state = h("div", {});
    this.scores = new Chart("Bits/dim", {
      x: "taken",
      y: "bits/dim",
      time: true,
      series: [
        { label: "score", colour: "--series" },
        { label: "threshold", colour: "--warm", dash: [6, 4] },
        { label: "alert", colour: "--bad", points: true },
      ],
    });
    this.drift = new Chart("Drift", {
      x: "window",
      y: "standard errors",
      time: true,
      series: [{ label: "from the calibrated mean", colour: "--series" }],
    });
    this.drift.element.hidden = true;
    this.histogram = new Chart("Against the calibration", {
      x: "bits/dim",
      y: "share of the images, %",
      series: [
        { label: "calibration", colour: "--dim", bars: true },
        { label: "latest", colour: "--series", steps: true },
      ],
    });
    this.table = h("table", { class: "numbers" });
    this.numbers = h("details", { hidden: true }, h("summary", {}, "The same as a table"), this.table);
    this.histogram.element.append(this.numbers);
    const grid = () => {
      const list = h("ul", { class: "pictures" });
      return { list, keyed: new Keyed(list, () => new Picture(this.name)) };
    };
    this.latest = grid();
    this.surprising = grid();
    this.events = h("ul", { class: "events" });
    root.append(
      h("h1", {}, this.name || "(no name)"),
      this.trouble,
      this.state,
      h("p", {}, h("a", { href: "/alerts?" + new URLSearchParams({ source: this.name }) }, "Its alerts")),
      this.scores.element,
      this.histogram.element,
      this.drift.element,
      h("h2", {}, "Most surprising of the latest"),
      this.surprising.list,
      h("h2", {}, "Latest"),
      this.latest.list,
      h("h2", {}, "What happened to it"),
      this.events,
    );
  }

  async refresh() {
    if (this.list) {
      const now = await look("/api/now");
      write(
        this.note,
        now.sources.length ? `${now.sources.length + now.moreSources} known` : "No source has sent images yet.",
      );
      this.list.show(now.sources, (source) => source.source);
      return;
    }
    const source = await look("/api/source", { name: this.name });
    this.trouble.hidden = true;
    this.state.replaceChildren(
      facts([
        ["state", badge(words(source.state), source.state === "OK" ? "good" : source.state === "LEARNING" ? "plain" : "bad")],
        ["images", source.images === undefined ? null : count(source.images)],
        ["rate", source.imagesPerSecond === undefined ? null : rate(source.imagesPerSecond)],
        ["alerts", source.alertShare === undefined ? null : percent(source.alertShare)],
        ["repaired", source.repairedShare === undefined ? null : percent(source.repairedShare)],
        ["dead letters", source.deadLetterShare === undefined ? null : percent(source.deadLetterShare)],
        ["last seen", source.lastSeen ? time(source.lastSeen) : null],
      ]),
    );
    const scores = source.scores;
    if (scores.length) {
      const ordered = scores.map(([, score]) => score).sort((a, b) => a - b);
      const quantile = (share) => ordered[Math.min(ordered.length - 1, Math.floor(share * ordered.length))];
      const alerting = scores.filter(([, , , alert]) => alert).length;
      this.scores.show(
        [
          scores.map(([at]) => at / 1000),
          scores.map(([, score]) => score),
          scores.map(([, , threshold]) => threshold),
          scores.map(([, score, , alert]) => (alert ? score : null)),
        ],
        `The latest ${scores.length} scores: median ${bits(quantile(0.5))}, 95 % below ${bits(quantile(0.95))}, ` +
          `highest ${bits(ordered.at(-1))} bits/dim; ${alerting === 1 ? "one alert" : count(alerting) + " alerts"}.`,
      );
    }
    this.showHistogram(source.histogram);
    const windows = whole(source.windows);
    this.drift.element.hidden = windows.length < 2;
    if (windows.length >= 2) {
      this.drift.show(
        [
          windows.map((window) => window.start / 1000),
          windows.map((window) => window.drift),
        ],
        `How far the scores of ${windows.length} windows lie from what the release was calibrated on; ` +
          `the last one ${windows.at(-1).drift.toFixed(1)} standard errors.`,
      );
    }
    const key = (score) => `${score.at}-${score.imageId}`;
    this.latest.keyed.show(source.latest, key);
    this.surprising.keyed.show(source.surprising, key);
    this.events.replaceChildren(
      ...(source.events.length
        ? source.events.map((event) =>
            h("li", {}, `${time(event.at)} ${words(event.kind)} ${words(event.state)}: ${words(event.aspect)}, since ${time(event.since)}`),
          )
        : [h("li", {}, "Nothing out of its habit lately.")]),
    );
  }

  showHistogram({ trouble, releaseId, threshold, calibration, bySource, latest, bins }) {
    this.numbers.hidden = !bins;
    if (!bins) {
      this.histogram.tell(trouble);
      return;
    }
    const { edges } = bins;
    const shares = (counts, all) => counts.map((count) => (all ? (100 * count) / all : 0));
    const stepped = (values) => [...values, values.at(-1)];
    this.histogram.show(
      [edges, stepped(shares(bins.calibration, calibration)), stepped(shares(bins.latest, latest))],
      `Filled: the ${count(calibration)} images ${bySource ? "of this source " : ""}that release ${short(releaseId)} was calibrated on; ` +
        `line: the latest ${count(latest)} of this source that it scored. ` +
        (threshold === null
          ? "No score alone alerts."
          : `Dashed: alerts for low likelihood begin above ${bits(threshold)} bits/dim.`) +
        " The first and the last bin hold what lies beyond them, too.",
      threshold,
    );
    this.table.replaceChildren(
      h("caption", {}, "Images by score"),
      h("tr", {}, ["bits/dim from", "to", "calibration", "latest"].map((name) => h("th", { scope: "col" }, name))),
      ...bins.calibration.flatMap((of, i) =>
        of || bins.latest[i]
          ? [h("tr", {}, [bits(edges[i], 3), bits(edges[i + 1], 3), count(of), count(bins.latest[i])].map((text) => h("td", {}, text)))]
          : [],
      ),
    );
  }

  refused(message) {
    if (!this.trouble) return;
    this.trouble.hidden = false;
    write(this.trouble, message);
  }

  close() {
    this.scores?.close();
    this.drift?.close();
    this.histogram?.close();
  }
}

/**
 * Windows of all partitions together, by their start. Of n images each, statistics z add up to
 * the sum of √n z over the square root of all images.
 */
function whole(windows) {
  const sums = new Map();
  for (const { windowStart, images, driftStatistic } of windows) {
    if (driftStatistic === null) continue;
    const start = Date.parse(windowStart);
    const sum = sums.get(start) ?? { start, images: 0, weighed: 0 };
    sum.images += images;
    sum.weighed += Math.sqrt(images) * driftStatistic;
    sums.set(start, sum);
  }
  return [...sums.values()]
    .sort((a, b) => a.start - b.start)
    .map(({ start, images, weighed }) => ({ start, drift: weighed / Math.sqrt(images) }));
}

class Picture {
  constructor(source) {
    this.source = source;
    this.picture = thumbnail("");
    this.text = h("span", { class: "more" });
    this.link = h("a", { target: "_blank", rel: "noopener" }, this.picture.element, this.text);
    this.element = h("li", {}, this.link);
  }

  show(score) {
    this.picture.show(score.place ? picture(score.place) : null, `${score.imageId} of ${this.source}`);
    if (score.place) set(this.link, "href", picture(score.place, "large"));
    write(this.text, `${bits(score.bitsPerDim, 3)}${score.alert ? " ▲" : ""} ${time(score.at).slice(11)}`);
  }
}
