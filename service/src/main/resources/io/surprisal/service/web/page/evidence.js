// A picture with the map of its surprise over it, and boxes around what alerts.

/** From this share of the limit on the map shows, as in the drawings of "surprisal explain". */
const FAINTEST = 0.4;
/** Surprise drawn in full red where no box says where alerts begin, standard deviations. */
const USUAL_LIMIT = 6;
const BOX = "#d55e00";

/** The surprise that is drawn in full red. */
export function limit(alert) {
  const boxes = alert.boxes.map((box) => box.surprise);
  return Math.max(1, boxes.length ? Math.min(...boxes) : USUAL_LIMIT);
}

/** The map as an image of a pixel a cell: nothing, yellow, red. */
function painted(map, most) {
  const cells = document.createElement("canvas");
  cells.width = map.columns;
  cells.height = map.rows;
  const context = cells.getContext("2d");
  const image = context.createImageData(map.columns, map.rows);
  const values = atob(map.values);
  for (let i = 0; i < values.length && i < map.columns * map.rows; i++) {
    const surprise = (values.charCodeAt(i) / 255) * map.scale;
    const strength = Math.max(0, Math.min(1, (surprise / most - FAINTEST) / (1 - FAINTEST)));
    image.data[4 * i] = 255;
    image.data[4 * i + 1] = 220 * (1 - strength);
    image.data[4 * i + 3] = strength === 0 ? 0 : 255 * (0.35 + 0.55 * strength);
  }
  context.putImageData(image, 0, 0);
  return cells;
}

/**
 * Draws over a picture.
 *
 * @param canvas lies over the picture
 * @param alert as the server tells it
 * @param share of the map, 0 to 1
 * @param boxes whether they are drawn
 */
export function draw(canvas, alert, share, boxes) {
  const { width, height } = alert.picture;
  // As fine as it is shown, so that the lines of small pictures are lines.
  const scale = Math.max(1, Math.min(8, 640 / Math.max(width, height)));
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  if (alert.map && share > 0) {
    context.globalAlpha = share;
    context.imageSmoothingEnabled = true;
    context.drawImage(painted(alert.map, limit(alert)), 0, 0, canvas.width, canvas.height);
    context.globalAlpha = 1;
  }
  if (boxes) {
    context.strokeStyle = BOX;
    context.lineWidth = Math.max(2, canvas.width / 200);
    for (const box of alert.boxes) {
      context.strokeRect(box.left * scale, box.top * scale, box.width * scale, box.height * scale);
    }
  }
}
