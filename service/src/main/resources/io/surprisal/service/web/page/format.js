// Numbers, times and names as people read them.

export function bits(value, digits = 4) {
  return value === null || value === undefined ? "–" : value.toFixed(digits);
}

export function percent(share) {
  return share === null || share === undefined ? "–" : (100 * share).toFixed(1) + " %";
}

export function rate(perSecond) {
  if (!perSecond) return "–";
  if (perSecond >= 1) return perSecond.toFixed(1) + "/s";
  if (perSecond >= 1 / 60) return (perSecond * 60).toFixed(1) + "/min";
  return (perSecond * 3600).toFixed(1) + "/h";
}

export function pValue(p) {
  if (p === null || p === undefined) return "–";
  return p >= 0.001 ? p.toFixed(4) : p.toExponential(1);
}

/** As this browser's clock has it, to the second. */
export function time(value) {
  const at = new Date(value);
  if (Number.isNaN(at.getTime())) return "–";
  const two = (number) => String(number).padStart(2, "0");
  return (
    `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ` +
    `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
  );
}

/** The same, without the date where it is today. */
export function clock(value) {
  const text = time(value);
  return text.slice(0, 10) === time(Date.now()).slice(0, 10) ? text.slice(11) : text;
}

export function short(id) {
  return id ? id.slice(0, 12) : "–";
}

export function count(number) {
  return Number(number).toLocaleString("en").replaceAll(",", "\u202f");
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return whole + " s";
  if (whole < 3600) return Math.floor(whole / 60) + " min " + (whole % 60) + " s";
  return Math.floor(whole / 3600) + " h " + Math.floor((whole % 3600) / 60) + " min";
}

/** LOW_LIKELIHOOD as "low likelihood". */
export function words(name) {
  return String(name).toLowerCase().replaceAll("_", " ");
}

/** A time that machines take. */
export function millis(value) {
  if (value < 1000) return Math.round(value) + " ms";
  return value < 60_000 ? (value / 1000).toFixed(1) + " s" : duration(value / 1000);
}
