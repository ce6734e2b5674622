// The frame: which view is shown, what wakes it, and who the person is.
import { h, write } from "./elements.js";
import { change, look, ServerError } from "./server.js";
import { nameYourself, showKeys, signIn } from "./dialog.js";
import { Now } from "./now.js";
import { Alerts } from "./alerts.js";
import { Source } from "./source.js";
import { Releases } from "./releases.js";
import { Training } from "./training.js";

const VIEWS = { "/": Now, "/alerts": Alerts, "/source": Source, "/releases": Releases, "/training": Training };
const main = document.getElementById("main");
const trouble = document.getElementById("trouble");
const connection = document.getElementById("connection");
const person = document.getElementById("person");
const said = document.getElementById("said");

let view;
let session = { mayLook: true, mayChange: false };

/** What views may do beside their own. */
const frame = {
  /** Goes to another address of the page. */
  go(address, { replace = false, keep = false } = {}) {
    history[replace ? "replaceState" : "pushState"](null, "", address);
    if (!keep) show();
  },
  /** Asks again, where somebody looks. */
  refresh() {
    if (!document.hidden) refresh();
  },
  /** Tells the person, and their screen reader, what was done. */
  say(text) {
    said.textContent = text;
  },
  /** Makes sure that changes are allowed, and asks for the token where they are not. */
  async mayChange() {
    if (!session.mayChange && (await signIn())) await readSession();
    return session.mayChange;
  },
  /** Does what the server may refuse, and says why it did. */
  async attempt(action) {
    try {
      return await action();
    } catch (e) {
      if (!(e instanceof ServerError)) throw e;
      if (e.status === 401) await readSession();
      frame.say("Not done: " + e.message);
      return undefined;
    }
  },
};

async function readSession() {
  session = await look("/api/session");
  write(person, session.mayChange ? "Signed in" : "Sign in");
}

/** The token in the address is taken for a cookie, and does not stay in the history. */
async function takeToken() {
  const match = /^#token=([^&]+)$/.exec(location.hash);
  if (!match) return;
  history.replaceState(null, "", location.pathname + location.search);
  await frame.attempt(() => change("/api/session", { token: decodeURIComponent(match[1]) }));
}

function show() {
  view?.close?.();
  const View = VIEWS[location.pathname] ?? Now;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.pathname === location.pathname) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  main.replaceChildren();
  view = new View(main, frame);
  document.title = view.title + " – Surprisal";
  refresh();
}

/** One question at a time; what changes meanwhile is asked for once, afterwards. */
let asking = false;
let again = false;
async function refresh() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  do {
    again = false;
    const shown = view;
    try {
      await shown.refresh();
      main.removeAttribute("aria-busy");
    } catch (e) {
      if (!(e instanceof ServerError)) throw e;
      if (e.status === 401 && !session.mayLook) {
        if (await signIn()) {
          await readSession();
          again = true;
        }
      } else if (e.status !== 0) {
        if (shown.refused) shown.refused(e.message);
        else frame.say(e.message);
      }
    } finally {
      if (shown !== view) again = true;
    }
  } while (again);
  asking = false;
}

/** Who presses keys sees what each does at once: what is new waits until they rest, but not for long. */
const REST_MILLIS = 600;
const LONGEST_WAIT_MILLIS = 3000;
let pressed = -REST_MILLIS;
let waitingSince;
let waiting;
addEventListener("keydown", () => (pressed = performance.now()), true);

function refreshAtRest() {
  const now = performance.now();
  waitingSince ??= now;
  clearTimeout(waiting);
  const wait = Math.min(pressed + REST_MILLIS, waitingSince + LONGEST_WAIT_MILLIS) - now;
  if (wait > 0) {
    waiting = setTimeout(refreshAtRest, wait);
    return;
  }
  waitingSince = undefined;
  refresh();
}

// A browser has six connections to a server, for all of its windows, and pages that were left may
// linger: only a page that is seen listens. What it has missed it asks for when it is seen again.
let before = {};
let events;
function listen() {
  events?.close();
  if (document.hidden) return;
  const own = new EventSource("/api/events");
  events = own;
  own.addEventListener("open", () => write(connection, "live"));
  own.addEventListener("error", () => {
    write(connection, "not connected; trying again");
    // A refusal ends it for good: too many pages are open, or the token is wanted first.
    if (own.readyState === EventSource.CLOSED) {
      setTimeout(() => {
        if (events === own) listen();
      }, 3000);
    }
  });
  own.addEventListener("message", (message) => {
    const now = JSON.parse(message.data);
    write(connection, "live");
    trouble.hidden = now.brokerTrouble === null;
    write(trouble, now.brokerTrouble ?? "");
    const changed = Object.keys(now.parts).filter((part) => now.parts[part] !== before[part]);
    before = now.parts;
    if (changed.some((part) => view.parts.includes(part))) refreshAtRest();
  });
}
document.addEventListener("visibilitychange", listen);
addEventListener("pagehide", () => events?.close());
addEventListener("pageshow", (event) => {
  if (event.persisted) listen();
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (
    !link ||
    link.target ||
    link.origin !== location.origin ||
    !(link.pathname in VIEWS) ||
    link.getAttribute("href").startsWith("#") ||
    event.defaultPrevented ||
    event.button !== 0 ||
    event.metaKey ||
    event.ctrlKey ||
    event.shiftKey
  ) {
    return;
  }
  event.preventDefault();
  frame.go(link.href);
  main.focus({ preventScroll: true });
  scrollTo(0, 0);
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, dialog");
  if (typing || event.metaKey || event.ctrlKey || event.altKey) return;
  if (event.key === "?") keys();
  else if (!view.key?.(event.key)) return;
  event.preventDefault();
});

function keys() {
  showKeys([...(view.keys ?? []), ["?", "this list"]]);
}

addEventListener("popstate", show);
document.getElementById("keys").addEventListener("click", keys);
person.addEventListener("click", async () => {
  if (session.mayChange ? await nameYourself() : await signIn()) {
    await readSession();
    refresh();
  }
});

await takeToken();
await readSession().catch(() => frame.say("the dashboard does not answer"));
show();
listen();
