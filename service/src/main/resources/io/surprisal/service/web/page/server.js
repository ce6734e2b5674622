// What the page asks of its server. Nothing else is ever asked.

export class ServerError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function answer(request) {
  let response;
  try {
    response = await request;
  } catch {
    throw new ServerError(0, "the dashboard does not answer; is it still running?");
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) {
    throw new ServerError(response.status, body.error ?? "the dashboard answers " + response.status);
  }
  return body;
}

export function look(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const search = new URLSearchParams(given).toString();
  return answer(fetch(path + (search ? "?" + search : "")));
}

export function change(path, wish) {
  return answer(
    fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(wish),
    }),
  );
}

export function picture(place, size = "small") {
  return `/api/pictures/${place.partition}/${place.offset}?size=${size}`;
}
