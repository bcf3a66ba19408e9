// Curves of one run or of several over epochs, as SVG.
import { element, number, percent, text } from "../striate.js";

/** @typedef {{ name?: string, rows: Record<string, number | null>[] }} Learning */

const KINDS = [
  { key: "loss", columns: ["val_loss", "train_loss"], show: (value) => number(value, 3), share: false },
  { key: "accuracy", columns: ["val_accuracy", "train_accuracy"], show: percent, share: true },
  { key: "rate", columns: ["learning_rate"], show: (value) => number(value, 3), share: false },
];

/**
 * Draws the curves anew: of each run loss, accuracy and learning rate; validation full, training faint.
 * @param {HTMLElement} place
 * @param {Learning[]} runs
 * @returns {boolean} whether there is anything to draw
 */
export function drawCurves(place, runs) {
  const figures = KINDS.map((kind) => chart(kind, runs)).filter(Boolean);
  place.replaceChildren(...figures);
  return figures.length > 0;
}

function chart({ key, columns, show, share }, runs) {
  const lines = [];
  runs.forEach((run, place) => columns.forEach((column, which) => {
    const points = run.rows.filter((row) => Number.isFinite(row[column]) && Number.isFinite(row.epoch)).map((row) => [row.epoch, row[column]]);
    if (points.length) lines.push({ run, place, column, which, points });
  }));
  if (!lines.length) return null;
  const width = 420, height = 220, left = 50, right = 8, top = 10, bottom = 26;
  const all = lines.flatMap((line) => line.points);
  const [first, last] = [Math.min(...all.map(([x]) => x)), Math.max(...all.map(([x]) => x))];
  let low = share ? Math.min(...all.map(([, y]) => y)) : Math.min(0, ...all.map(([, y]) => y));
  let high = share ? Math.min(1, Math.max(...all.map(([, y]) => y))) : Math.max(...all.map(([, y]) => y));
  if (high - low < 1e-9) [low, high] = [low - 0.01, high + 0.01];
  const x = (value) => left + ((width - left - right) * (value - first)) / (last - first || 1);
  const y = (value) => height - bottom - ((height - bottom - top) * (value - low)) / (high - low);
  const name = text(`runs.curve_${key}`);
  const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": name });
  for (const part of [0, 0.5, 1]) {
    const at = low + part * (high - low);
    svg.append(element("line", { class: "grid", x1: left, x2: width - right, y1: y(at), y2: y(at) }),
      element("text", { x: left - 8, y: y(at) + 4, "text-anchor": "end", text: show(at) }));
  }
  svg.append(element("text", { x: left, y: height - 6, text: `${text("runs.epoch")} ${number(first)}` }),
    element("text", { x: width - right, y: height - 6, "text-anchor": "end", text: number(last) }));
  const legend = [];
  for (const line of lines.reverse()) {
    const at = line.points.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(" ");
    svg.append(line.points.length > 1 ? element("polyline", { class: `line-${line.place}${line.which ? " faint" : ""}`, points: at })
      : element("circle", { class: `line-${line.place}`, cx: x(line.points[0][0]), cy: y(line.points[0][1]), r: 3 }));
    const split = line.column === "learning_rate" ? "" : text(line.which ? "runs.training" : "runs.validation");
    const words = [runs.length > 1 ? line.run.name : "", split, show(line.points.at(-1)[1])].filter(Boolean).join(" ");
    legend.unshift(element("span", {}, element("i", { class: `swatch line-${line.place}${line.which ? " faint" : ""}` }), words));
  }
  return element("figure", {}, element("figcaption", { text: name }, ...legend), svg);
}
