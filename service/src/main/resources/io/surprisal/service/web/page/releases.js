// Releases, what they came from and what became of them, and steering them.
import { badge, facts, h } from "./elements.js";
import { bits, short, time, words } from "./format.js";
import { look } from "./server.js";
import { Inside } from "./release.js";
import { steer } from "./steering.js";

export class Releases {
  title = "Releases";
  parts = ["RELEASES", "TRAINER"];

  constructor(root, frame) {
    this.frame = frame;
    this.insides = new Map();
    this.list = h("ol", { class: "releases" });
    this.none = h("p", { hidden: true }, "No release has been announced yet; the trainer announces its first one.");
    this.rollback = h("button", { type: "button", onclick: () => this.rollBack() }, "Roll back");
    root.append(
      h("h1", {}, "Releases"),
      h(
        "p",
        { class: "buttons" },
        this.rollback,
        h("button", { type: "button", onclick: () => steer(frame, "RETRAIN") }, "Retrain"),
      ),
      this.none,
      this.list,
    );
  }

  async refresh() {
    const answer = await look("/api/releases");
    this.releases = answer.releases;
    this.active = answer.releases.find((release) => release.releaseId === answer.active);
    this.none.hidden = answer.releases.length > 0;
    for (const inside of this.insides.values()) inside.refresh();
    // Redrawn only where it says something else, so that focus stays.
    const text = JSON.stringify(answer);
    if (text === this.drawn) return;
    this.drawn = text;
    this.rollback.disabled = !this.active;
    this.list.replaceChildren(...answer.releases.map((release) => this.entry(release, answer.verdicts)));
  }

  entry(release, verdicts) {
    const active = release.releaseId === this.active?.releaseId;
    const state = active ? "ACTIVE" : release.state === "ACTIVE" ? "INACTIVE" : release.state;
    const parent = release.parentReleaseId;
    const own = verdicts.filter((event) => event.releaseId === release.releaseId);
    const kind = { ACTIVE: "good", CANDIDATE: "open", REFUSED: "bad" }[state] ?? "plain";
    const title = "release-" + release.releaseId;
    return h(
      "li",
      { class: "release", id: title, "aria-label": "Release " + short(release.releaseId) },
      h("h2", {}, h("code", { title: release.releaseId }, short(release.releaseId)), " ", badge(words(state), kind)),
      facts([
        ["held out", release.heldOutBitsPerDim === null ? null : bits(release.heldOutBitsPerDim) + " bits/dim"],
        ["came from", parent ? h("a", { href: "#release-" + parent }, short(parent)) : "nothing before"],
        ["announced", time(release.announcedAt)],
        ["by", release.announcedBy],
        ["alert rate", release.alertRate === null ? null : String(release.alertRate)],
        ["run", release.runId],
        ["bytes", String(release.sizeBytes)],
        ["signed", release.signatureLocation ? "yes" : "no"],
        ["why", release.reason, "wide"],
      ]),
      own.length
        ? h(
            "ul",
            { class: "events" },
            own.map((event) =>
              h(
                "li",
                {},
                `${time(event.eventTime)} ${words(event.type)}` +
                  (event.heldOutBitsPerDim === null
                    ? ""
                    : `, held out ${bits(event.heldOutBitsPerDim)}` +
                      (event.parentHeldOutBitsPerDim === null ? "" : ` (before: ${bits(event.parentHeldOutBitsPerDim)})`)) +
                  (event.message ? `: ${event.message}` : ""),
              ),
            ),
          )
        : null,
      this.inside(release).element,
      active
        ? null
        : h(
            "p",
            { class: "buttons" },
            h("button", { type: "button", onclick: () => this.promote(release) }, "Promote"),
            h("button", { type: "button", onclick: () => this.canary(release) }, "Try on live images"),
          ),
    );
  }

  /** Stays when the list is drawn anew, open or not. */
  inside(release) {
    const known = this.insides.get(release.releaseId) ?? new Inside(release, this.frame);
    this.insides.set(release.releaseId, known);
    return known;
  }

  close() {
    for (const inside of this.insides.values()) inside.close();
  }

  promote(release) {
    steer(this.frame, "PROMOTE", {
      releaseId: release.releaseId,
      lines: [
        `Release ${short(release.releaseId)} (held out ${bits(release.heldOutBitsPerDim)} bits/dim) takes the place of ` +
          (this.active
            ? `${short(this.active.releaseId)} (held out ${bits(this.active.heldOutBitsPerDim)}).`
            : "none."),
        "All scorers change over between two images; none is lost. “Roll back” undoes it.",
      ],
    });
  }

  canary(release) {
    steer(this.frame, "CANARY", {
      releaseId: release.releaseId,
      lines: [
        `Scorers score a share of the images with ${short(release.releaseId)} too; its scores are compared and not published.`,
        "Unless it is worse, it serves after that; “cancel” ends the trial.",
      ],
    });
  }

  rollBack() {
    const before = this.active?.followsReleaseId;
    steer(this.frame, "ROLLBACK", {
      lines: [
        before
          ? `Release ${short(before)}, which served before, takes the place of ${short(this.active.releaseId)}.`
          : `The release that served before ${short(this.active?.releaseId)} comes back, if there was one; else the trainer says so.`,
        "All scorers change over between two images; none is lost.",
      ],
    });
  }
}
