// Questions to the person: who they are, and whether they mean it.
import { h } from "./elements.js";
import { change, ServerError } from "./server.js";

const NAME = "surprisal.name";

/** Under which name this browser's person reviews; empty: as the dashboard was started. */
export function personName() {
  return localStorage.getItem(NAME) ?? "";
}

function open(title, content, decide) {
  return new Promise((resolve) => {
    const trouble = h("p", { role: "alert", class: "trouble", hidden: true });
    const form = h(
      "form",
      {
        onsubmit: async (event) => {
          event.preventDefault();
          try {
            const result = await decide.done();
            dialog.close();
            resolve(result);
          } catch (e) {
            if (!(e instanceof ServerError)) throw e;
            trouble.textContent = e.message;
            trouble.hidden = false;
          }
        },
      },
      h("h2", { id: "dialog-title" }, title),
      content,
      trouble,
      h(
        "p",
        { class: "buttons" },
        h("button", { type: "submit", class: decide.kind ?? "main" }, decide.label),
        decide.closeOnly
          ? null
          : h("button", { type: "button", onclick: () => dialog.close() }, "Leave it"),
      ),
    );
    const dialog = h("dialog", { "aria-labelledby": "dialog-title" }, form);
    const before = document.activeElement;
    dialog.addEventListener("close", () => {
      dialog.remove();
      before?.focus();
      resolve(undefined);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Who it is; resolves to true once the token was right. */
export function signIn() {
  const token = h("input", {
    id: "token",
    type: "password",
    autocomplete: "off",
    maxlength: 256,
    required: true,
  });
  const name = h("input", { id: "name", maxlength: 256, autocomplete: "name" });
  name.value = personName();
  return open(
    "Sign in",
    h(
      "div",
      {},
      h(
        "p",
        {},
        "Reviews and commands need the token that “surprisal dashboard” printed where it was started.",
      ),
      h("label", { for: "token" }, "Token"),
      token,
      h("label", { for: "name" }, "Your name (a claim, written beside what you say)"),
      name,
    ),
    {
      label: "Sign in",
      async done() {
        await change("/api/session", { token: token.value.trim() });
        localStorage.setItem(NAME, name.value.trim());
        return true;
      },
    },
  );
}

/** Under which name a person who has signed in goes. */
export function nameYourself() {
  const name = h("input", { id: "name", maxlength: 256, autocomplete: "name" });
  name.value = personName();
  return open(
    "You are signed in",
    h(
      "div",
      {},
      h("label", { for: "name" }, "Your name (a claim, written beside what you say)"),
      name,
    ),
    {
      label: "Keep the name",
      async done() {
        localStorage.setItem(NAME, name.value.trim());
        return true;
      },
    },
  );
}

/** Says what will happen, and does it if the person means it. */
export function confirm(title, lines, label, fields, send) {
  return open(title, h("div", {}, lines.map((line) => h("p", {}, line)), fields ?? null), {
    label,
    done: send,
  });
}

export function showKeys(rows) {
  return open(
    "Keys",
    h(
      "dl",
      { class: "keys" },
      rows.map(([key, what]) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, what))),
    ),
    { label: "Close", closeOnly: true, done: async () => true },
  );
}
