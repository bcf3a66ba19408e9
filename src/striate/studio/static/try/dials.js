// The sliders, and under each the probability of the first answer over its whole range.
import { element, language, number, text } from "../striate.js";
import { chance, first, said } from "./bars.js";

const HEIGHT = 46, INSET = 8;
const GROUPS = ["light", "colour", "geometry", "camera", "covering"];

/** Where a value is on a slider, and the value there. */
const scale = (dial) => (dial.by_powers ? { to: Math.log2, from: (/** @type {number} */ at) => 2 ** at } : { to: (/** @type {number} */ v) => v, from: (/** @type {number} */ v) => v });

/** A value in the dial's unit. */
export function shown(dial, value) {
  if (dial.name === "temperature") return text("try.unit_temperature", { value: (Math.round(value / 50) * 50 || 0).toLocaleString(language) });
  const given = dial.name === "jpeg" ? 100 - value : value;
  const digits = dial.name === "scale" ? given.toFixed(2) : number(Number(given.toFixed(1)), 3);
  return text(`try.unit_${dial.name}`, { value: digits });
}

/**
 * @param {any[]} known what the server says of its sliders
 * @param {{ move: () => void, hold: (dial: any) => void }} told `move` at every change, `hold` when a slider is taken or let go
 */
export function makeDials(known, told) {
  /** @type {Record<string, number>} */
  let values = {};
  /** @type {[number, number]} */
  let place = [0.5, 0.5];
  const made = known.map((dial) => one(dial));
  const box = document.getElementById("dials");
  const places = ["across", "down"].map((name, index) => placeSlider(name, 1 - index));
  box.replaceChildren(...GROUPS.map((group) => {
    const inside = made.filter((row) => row.dial.group === group).map((row) => row.box);
    if (group === "covering") inside.push(...places.map((row) => row.box));
    return element("fieldset", { class: `group ${group}` }, element("legend", { text: text(`try.group_${group}`) }), ...inside);
  }));

  function one(dial) {
    const { to, from } = scale(dial);
    const id = `dial-${dial.name}`;
    const output = element("output", { for: id });
    const input = element("input", { type: "range", id, min: to(dial.least), max: to(dial.most), step: dial.step, list: undefined });
    const canvas = element("svg", { class: "curve", height: HEIGHT, role: "img" });
    const sentence = element("p", { class: "sentence" });
    const row = { dial, box: element("div", { class: "dial" }, element("label", { for: id, text: text(`try.dial_${dial.name}`) }), output, input, canvas, sentence), input, canvas, sentence, to, rows: [], clean: null, model: null };
    row.put = (value) => {
      input.value = String(to(value));
      output.textContent = shown(dial, value);
      input.setAttribute("aria-valuetext", output.textContent);
      if (value === dial.neutral) delete values[dial.name]; else values[dial.name] = value;
      drawCurve(row);
    };
    row.value = () => values[dial.name] ?? dial.neutral;
    input.addEventListener("input", () => {
      let value = Math.min(dial.most, Math.max(dial.least, from(input.valueAsNumber)));
      const near = Math.abs(input.valueAsNumber - to(dial.neutral)) < Math.max(dial.step, (to(dial.most) - to(dial.least)) / 120) / 1.5;
      if (near) value = dial.neutral;
      row.put(value);
      told.move();
      told.hold(dial);
    });
    output.addEventListener("dblclick", () => { row.put(dial.neutral); told.move(); });
    input.addEventListener("focus", () => told.hold(dial));
    queueMicrotask(() => row.put(dial.neutral));
    return row;
  }

  function placeSlider(name, index) {
    const id = `place-${name}`;
    const output = element("output", { for: id });
    const input = element("input", { type: "range", id, min: 0, max: 1, step: 0.02, value: 0.5 });
    const row = { box: element("div", { class: "dial" }, element("label", { for: id, text: text(`try.place_${name}`) }), output, input), put() { input.value = String(place[index]); output.textContent = `${Math.round(100 * place[index])} %`; input.setAttribute("aria-valuetext", output.textContent); } };
    input.addEventListener("input", () => { place[index] = input.valueAsNumber; row.put(); told.move(); });
    queueMicrotask(() => row.put());
    return row;
  }

  const observer = new ResizeObserver(() => made.forEach(drawCurve));
  observer.observe(box);
  addEventListener("themechange", () => made.forEach(drawCurve));

  return {
    get values() { return { ...values }; },
    get place() { return [...place]; },
    rows: made,
    row: (name) => made.find((row) => row.dial.name === name),
    /** All as the picture came. */
    neutral() { for (const row of made) row.put(row.dial.neutral); },
    cover(across, down) { place = [down, across]; places.forEach((row) => row.put()); },
    /** Hides what does nothing to a grey picture, and forgets all curves. */
    begin(model, clean) {
      for (const row of made) {
        row.box.parentElement.hidden = row.dial.coloured && !model.coloured && row.dial.group === "colour";
        Object.assign(row, { rows: [], model, clean, stale: false });
        row.sentence.textContent = "";
        drawCurve(row);
      }
    },
    /** Marks curves that were made with other sliders elsewhere. */
    stale(except) { for (const row of made) if (row !== except && row.rows.length) { row.stale = true; drawCurve(row); } },
    put(row, rows, whole) {
      Object.assign(row, { rows: rows.sort((a, b) => a.value - b.value), stale: false });
      row.sentence.textContent = whole ? sentenceOf(row) : "";
      row.sentence.title = row.sentence.textContent;
      drawCurve(row);
    },
  };
}

/** The places, going out from the neutral one, where something else is said first: pairs of rows, before and behind. */
export function breaks(row) {
  const { rows, dial, clean } = row;
  const middle = rows.findIndex((one) => one.value >= dial.neutral);
  const found = [];
  for (const way of [-1, 1]) for (let at = middle; rows[at + way]; at += way) {
    if (rows[at].label === clean.label && rows[at + way].label !== clean.label) { found.push([rows[at], rows[at + way]]); break; }
  }
  return found;
}

function sentenceOf(row) {
  const { rows, dial, clean } = row;
  const middle = rows.find((one) => one.value >= dial.neutral);
  if (middle.label !== clean.label) return text("try.broken");
  const found = breaks(row).map(([, behind]) => text("try.breaks", { value: shown(dial, behind.value), label: said(row.model, behind) }));
  if (!found.length) found.push(text("try.holds"));
  if (!clean.abstains) {
    const outward = rows.filter((one) => one.value >= dial.neutral);
    const at = outward.find((one) => one.abstains);
    if (at && at.value !== dial.neutral && at.label === clean.label) found.push(text("try.doubts", { value: shown(dial, at.value) }));
  }
  return found.join(" ");
}

function drawCurve(row) {
  const { canvas, dial, to, rows, clean, model } = row;
  const width = canvas.clientWidth || canvas.parentElement?.clientWidth || 0;
  if (!width) return;
  const x = (value) => INSET + ((width - 2 * INSET) * (to(value) - to(dial.least))) / (to(dial.most) - to(dial.least));
  const y = (share) => 4 + (HEIGHT - 8) * (1 - share);
  const parts = [element("line", { class: "base", x1: INSET, x2: width - INSET, y1: y(0), y2: y(0) })];
  canvas.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  canvas.classList.toggle("stale", Boolean(row.stale));
  canvas.setAttribute("aria-label", text("try.curve", { label: clean ? said(model, clean) : "", dial: text(`try.dial_${dial.name}`) }));
  if (rows.length > 1) {
    const was = first(clean);
    const mine = (one) => (model.sequential ? (one.label === clean.label ? one.probability : 0) : chance(one, was));
    const best = (one) => (model.sequential ? (one.label === clean.label ? 0 : one.probability) : Math.max(0, ...one.rows.filter(([at]) => at !== was).map(([, share]) => share)));
    const line = (of) => rows.map((one, at) => `${at ? "L" : "M"}${x(one.value).toFixed(1)} ${y(of(one)).toFixed(1)}`).join("");
    parts.push(element("path", { class: "under", d: `${line(mine)}L${x(rows.at(-1).value)} ${y(0)}L${x(rows[0].value)} ${y(0)}Z` }));
    parts.push(element("path", { class: "other", d: line(best) }), element("path", { class: "first", d: line(mine) }));
    for (const [, behind] of breaks(row)) parts.push(element("line", { class: "break", x1: x(behind.value), x2: x(behind.value), y1: 1, y2: HEIGHT - 1 }));
    for (const one of rows) if (one.abstains) parts.push(element("circle", { class: "abstains", cx: x(one.value), cy: y(mine(one)), r: 2.5 }));
  }
  const now = row.value();
  if (rows.length > 1) parts.push(element("line", { class: "now", x1: x(now), x2: x(now), y1: 2, y2: HEIGHT - 2 }));
  canvas.replaceChildren(...parts);
}
