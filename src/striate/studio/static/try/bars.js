// The answer: what is said and how sure, and a bar a class; rows stay where they are while the picture changes.
import { element, number, percent, text } from "../striate.js";

const FIXED = 5, MOVING = 3;

/**
 * @typedef {{ label: string, probability: number, rows: [number, number][], abstains: boolean, reason: string | null, set: string[] | null, unfamiliarity: number | null }} Answer
 */

/** The most probable class of an answer, by its place; -1 where strings are read. */
export const first = (/** @type {Answer} */ answer) => answer.rows.reduce((best, row) => (row[1] > best[1] ? row : best), [-1, -1])[0];

/** What an answer says, for people. */
export function said(/** @type {any} */ model, /** @type {Answer} */ answer) {
  const told = model.several ? (answer.label ?? "").split("|").join(", ") : answer.label;
  return told || text("try.nothing_said");
}

/**
 * @param {any} model
 * @param {Answer} clean the answer to the picture as it came: in its order the bars stand
 */
export function bars(model, clean) {
  const list = document.getElementById("bars");
  const order = clean.rows.map((row) => row[0]).sort((a, b) => chance(clean, b) - chance(clean, a));
  const all = model.classes.length <= clean.rows.length;
  const fixed = all ? order : order.slice(0, FIXED);
  const rows = [...fixed, ...(all ? [] : Array(Math.min(MOVING, model.classes.length - FIXED)).fill(null))].map((place) => {
    const name = element("span", { class: "name" }), fill = element("i"), share = element("span", { class: "share" });
    const track = element("span", { class: "track" }, fill);
    if (model.thresholds && place !== null) {
      const mark = element("em", { title: text("try.threshold", { value: percent(model.thresholds[place]) }) });
      mark.style.left = `${100 * model.thresholds[place]}%`;
      track.append(mark);
    }
    const row = element("li", {}, name, track, share);
    return { place, row, name, fill, share };
  });
  list.replaceChildren(...rows.map((one) => one.row));
  list.hidden = model.sequential;
  list.style.setProperty("--name", `${Math.min(20, Math.max(...model.classes.map((name) => name.length)) + 1)}ch`);
  let was = first(clean);

  return {
    /** Another picture, for which the rows stay where they are. */
    again(/** @type {Answer} */ found) { clean = found; was = first(found); },
    follow: all ? [] : fixed,
    /** @param {Answer} answer */
    show(answer) {
      const now = first(answer);
      const others = answer.rows.filter(([place]) => !fixed.includes(place)).sort((a, b) => b[1] - a[1]);
      for (const one of rows) {
        const [place, share] = one.place === null ? others.shift() ?? [-1, 0] : [one.place, chance(answer, one.place)];
        one.name.textContent = model.classes[place] ?? "";
        one.name.title = model.classes[place] ?? "";
        one.fill.style.width = `${100 * share}%`;
        one.share.textContent = place < 0 ? "" : percent(share);
        const named = model.several ? share >= model.thresholds[place] : place === now;
        one.row.className = `${named ? "named" : ""} ${place === was && !model.several ? "first" : ""} ${named && !model.several && place !== was ? "changed" : ""}`;
      }
      document.getElementById("label").textContent = said(model, answer);
      document.getElementById("label").classList.toggle("changed", answer.label !== clean.label);
      document.getElementById("sure").textContent = percent(answer.probability ?? 0);
      document.getElementById("doubt").textContent = doubt(answer);
      document.getElementById("was").textContent = answer.label === clean.label ? "" : text("try.was", { label: said(model, clean), probability: percent(clean.probability ?? 0) });
    },
  };
}

/** The probability of a class, 0 where it is not told. */
export function chance(/** @type {Answer} */ answer, /** @type {number} */ place) {
  return answer.rows.find((row) => row[0] === place)?.[1] ?? 0;
}

function doubt(/** @type {Answer} */ answer) {
  const parts = [];
  if (answer.abstains) parts.push(text("try.abstains", { reason: answer.reason ?? "" }));
  if (answer.set && answer.set.length > 1) parts.push(text("try.one_of", { names: answer.set.join(", ") }));
  if (answer.unfamiliarity !== null) parts.push(text("try.unfamiliar", { value: number(answer.unfamiliarity, 2) }));
  return parts.join(" · ");
}
