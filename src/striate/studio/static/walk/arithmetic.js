// How one unit is computed: its window, the kernel, the products, the sum, the bias, the activation; with the tensors' own numbers.
import { element, number, text } from "../striate.js";
import { brief, colourOf, css, exact, reachOf, tiny, writingOn } from "./numbers.js";

const MOST_ROWS = 600;

/** What the page calls something, by the engine's own words; these where the tables do not have it. */
function said(key, words) {
  try {
    return text(key);
  } catch {
    return words;
  }
}
const keyOf = (words) => words.replace(/[^A-Za-z0-9]+/g, "_").replace(/^_|_$/g, "").toLowerCase();
/** What a step does, such as "max pooling". */
export const operationName = (words) => said(`walk.operation_${keyOf(words)}`, words);
/** The same in as few words as stand above a column. */
export const shortName = (words) => said(`walk.short_${keyOf(words)}`, words);
/** What a number of the arithmetic is. */
const meaningName = (words) => said(`walk.meaning_${keyOf(words)}`, words);

/** Rows and columns in which `count` numbers without a place are set. */
function laid(count) {
  if (count <= 10) return [1, count];
  const columns = Math.ceil(Math.sqrt(count * 1.9));
  return [Math.ceil(count / columns), columns];
}

/** Width and height of a cell, and whether its number is written in it. */
function cellOf(rows, columns) {
  if (columns <= 7 && rows <= 7) {
    const wide = columns <= 3 ? 42 : columns <= 5 ? 33 : 29;
    return { wide, high: Math.min(28, 142 / rows), written: true };
  }
  const side = Math.max(5, Math.min(18, 148 / rows, 215 / columns));
  return { wide: side, high: side, written: false };
}

/**
 * A grid of numbers. Pointing at a cell, or moving to it with the arrow keys, tells `look` which one it is.
 * @param {{ label: string, values: (number | null)[], rows: number, columns: number, reach: number, mark?: number, look: (place: number | null) => void }} given
 */
function grid({ label, values, rows, columns, reach, mark = -1, look }) {
  const { wide, high, written } = cellOf(rows, columns);
  const svg = element("svg", { class: "grid", viewBox: `0 0 ${columns * wide} ${rows * high}`, width: columns * wide, height: rows * high, tabindex: 0, role: "img", "aria-label": label });
  const cells = values.map((value, place) => {
    const x = (place % columns) * wide, y = Math.floor(place / columns) * high;
    const cell = element("rect", { x: x + 0.5, y: y + 0.5, width: wide - 1, height: high - 1, rx: written ? 3 : 1, class: value === null ? "padding" : place === mark ? "winner" : "" });
    if (value !== null) cell.style.fill = css(colourOf(value, reach));
    svg.append(cell);
    if (written) {
      const writing = element("text", { x: x + wide / 2, y: y + high / 2 + 4, text: brief(value, wide) });
      if (value !== null) writing.style.fill = writingOn(value, reach);
      svg.append(writing);
    }
    return cell;
  });
  let at = 0;
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const share = (value, side, count) => Math.max(0, Math.min(count - 1, Math.floor((value / side) * count)));
    at = share(event.clientY - box.top, box.height, rows) * columns + share(event.clientX - box.left, box.width, columns);
    look(at < values.length ? at : null);
  });
  svg.addEventListener("pointerleave", () => look(null));
  svg.addEventListener("focus", () => look(at));
  svg.addEventListener("blur", () => look(null));
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    at = Math.max(0, Math.min(values.length - 1, at + step));
    look(at);
  });
  return { svg, light: (place) => cells.forEach((cell, other) => cell.classList.toggle("lit", other === place)) };
}

const sign = (mark) => element("span", { class: "sign", "aria-hidden": "true", text: mark });
const figure = (caption, ...content) => element("figure", {}, element("figcaption", { text: caption }), ...content);

/**
 * The panel of one unit.
 * @param {{ told: any, title: string, nameOf: (step: string, channel?: number) => string, go?: (step: string, unit: number[]) => void }} given
 *   `told` is what the studio answers of a unit
 */
export function arithmeticPanel({ told, title, nameOf, go }) {
  const { arithmetic } = told;
  const readout = element("output", { class: "readout", text: text("walk.hover") });
  const flow = element("div", { class: "flow" });
  for (const window of arithmetic.windows) flow.append(...windowFigures(inOrder(window), arithmetic, nameOf, readout));
  if (arithmetic.windows.length) flow.append(sign("→"));
  flow.append(ending(arithmetic, nameOf, go));
  return element("section", { class: "arithmetic", "aria-label": text("walk.arithmetic") },
    element("header", {}, element("h2", { text: title }), element("span", { class: "soft", text: operationName(arithmetic.operation) }), element("code", { class: "formula", text: arithmetic.formula.replace(", c over the connected maps", "") })),
    flow, element("footer", {}, readout, numbersTable(arithmetic, nameOf)));
}

/** A window of numbers without places, in their order; the studio tells the strongest first. */
function inOrder(window) {
  if (window.values[0].length * window.values[0][0].length > 1 || window.channels.length === 1) return window;
  const order = window.channels.map((_, place) => place).sort((one, other) => window.channels[one] - window.channels[other]);
  const sorted = (part) => part && order.map((place) => part[place]);
  return { ...window, channels: sorted(window.channels), values: sorted(window.values), weights: sorted(window.weights), terms: sorted(window.terms), partial_sums: sorted(window.partial_sums) };
}

/** A window, what it is multiplied by, the products; and of several maps what each brings. */
function windowFigures(window, arithmetic, nameOf, readout) {
  const area = window.values[0].length * window.values[0][0].length;
  const many = window.channels.length > 1 && area > 1;
  const distance = arithmetic.operation === "Euclidean radial basis function";
  const holder = element("div", { class: "window" });
  const scale = (part) => (part ? reachOf(part.flat(2)) : 1);
  const reach = { values: scale(window.values), weights: scale(window.weights), terms: scale(window.terms) };

  function show(channel) {
    const pick = (part) => (part === null ? null : many ? part[channel].flat() : part.flat(2));
    const values = pick(window.values), weights = pick(window.weights), terms = pick(window.terms);
    const [rows, columns] = area > 1 ? [window.values[0].length, window.values[0][0].length] : laid(values.length);
    const grids = [];
    const placeOf = (place) => (area > 1 && window.rows ? text("walk.place", { row: window.rows[Math.floor(place / columns)], column: window.columns[place % columns] })
      : text("walk.number", { number: area > 1 ? place : window.channels[place] }));
    const look = (place) => {
      for (const one of grids) one.light(place ?? -1);
      if (place === null) readout.textContent = text("walk.hover");
      else if (values[place] === null) readout.textContent = `${placeOf(place)}: ${text("walk.padding")}`;
      else if (distance) readout.textContent = `${placeOf(place)}: (${exact(values[place])} − ${exact(weights[place])})² = ${exact(terms[place])}`;
      else if (weights) readout.textContent = `${placeOf(place)}: ${exact(values[place])} × ${exact(weights[place])} = ${exact(terms[place])}`;
      else readout.textContent = `${placeOf(place)}: ${exact(values[place])}`;
    };
    const add = (label, numbers, strongest, mark) => {
      const one = grid({ label: `${label}: ${numbers.slice(0, 30).map((value) => brief(value)).join(", ")}`, values: numbers, rows, columns, reach: strongest, mark, look });
      grids.push(one);
      return figure(label, one.svg);
    };
    const winner = window.winner && window.rows ? window.rows.indexOf(window.winner[1]) * columns + window.columns.indexOf(window.winner[2]) : -1;
    const map = window.channels.length === 1 || many ? window.channels[many ? channel : 0] : undefined;
    const parts = [add(nameOf(window.source, window.rows ? map : undefined), values, reach.values, winner)];
    if (weights) {
      parts.push(sign(distance ? "−" : "×"), add(text(distance ? "walk.glyph" : area > 1 ? "walk.kernel" : "walk.weights"), weights, reach.weights));
      parts.push(sign("="), add(text(distance ? "walk.squares" : "walk.products"), terms, reach.terms));
    }
    holder.replaceChildren(...parts);
  }

  show(0);
  if (!many) return window.left_out ? [holder, element("p", { class: "said", text: leftOut(window) })] : [holder];
  return [holder, sign("Σ"), figure(text("walk.each_map"), perMap(window, nameOf, show))];
}

/** What is said of the weakest ones, which are not shown. */
const leftOut = (window) => text("walk.left_out", { count: window.left_out, sum: number(window.left_out_sum ?? 0) });

/** What each map of a window brings to the sum, the strongest first; the chosen one is shown. */
function perMap(window, nameOf, show) {
  const sums = window.partial_sums;
  const most = reachOf(sums ?? [1]);
  const buttons = window.channels.map((channel, place) => {
    const bar = element("i", { class: (sums?.[place] ?? 0) < 0 ? "below" : "above" });
    bar.style.width = `${(44 * Math.abs(sums?.[place] ?? 0)) / (most || 1)}px`;
    return element("button", { type: "button", "aria-pressed": String(place === 0), onclick: () => {
      buttons.forEach((one, other) => one.setAttribute("aria-pressed", String(other === place)));
      show(place);
    } }, element("span", { text: nameOf(window.source, channel) }), element("span", { class: "bar-of" }, bar), element("b", { text: sums ? number(sums[place], 4) : "" }));
  });
  const rest = window.left_out ? [element("p", { class: "soft", text: leftOut(window) })] : [];
  return element("div", { class: "sums", role: "group", "aria-label": text("walk.each_map") }, ...buttons, ...rest);
}

const row = (symbol, meaning, value, kind = "") => element("tr", { class: kind }, element("th", { scope: "row", text: symbol }), element("td", { text: meaning }), element("td", { class: "value", title: exact(value), text: number(value, 6) }));

/** The sum, the bias, the activation, and whether the tensor has the same. */
function ending(arithmetic, nameOf, go) {
  const rows = arithmetic.lines.map((line) => row(line.symbol, meaningName(line.meaning), line.value));
  const next = arithmetic.activation;
  if (next) rows.push(row("f(y)", next.formula.replace(/^y = /, ""), next.value, "strong"));
  const equal = arithmetic.relative_difference <= 1e-6;
  const check = element("p", { class: equal ? "check" : "check problem", text: text(equal ? "walk.equal" : "walk.unequal", { value: exact(arithmetic.value), difference: tiny(arithmetic.difference) }) });
  const content = [element("table", {}, element("tbody", {}, ...rows)), check];
  if (arithmetic.note) content.push(note(arithmetic.note));
  if (go && next) content.push(element("button", { type: "button", class: "small", text: text("walk.go_on", { step: nameOf(next.step) }), onclick: () => go(next.step, arithmetic.unit) }));
  return figure(text("walk.together"), ...content);
}

/** What is worth knowing, in the page's language where the tables have it. */
function note(words) {
  const known = [[/^row (\d+), column (\d+) wins$/, "walk.note_wins", "row", "column"], [/^it is connected with (\d+) of (\d+) maps$/, "walk.note_connected", "count", "all"], [/^a glyph of /, "walk.note_glyph"]];
  for (const [form, key, ...names] of known) {
    const found = words.match(form);
    if (found) return element("p", { class: "said", text: text(key, Object.fromEntries(names.map((name, place) => [name, found[place + 1]]))) });
  }
  return element("p", { class: "said", lang: "en", text: words });
}

/** All numbers in a table, for those who want to reckon themselves. */
function numbersTable(arithmetic, nameOf) {
  const body = element("tbody");
  const columns = ["from", "row", "column", "taken", "weight", "term"];
  const fold = element("details", {}, element("summary", {}, text("walk.all_numbers")),
    element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": text("walk.all_numbers") },
      element("table", {}, element("thead", {}, element("tr", {}, ...columns.map((name) => element("th", { scope: "col", text: text(`walk.column_${name}`) })))), body)));
  fold.addEventListener("toggle", () => {
    if (!fold.open || body.childElementCount) return;
    for (const window of arithmetic.windows) window.channels.forEach((channel, c) => window.values[c]?.forEach((line, y) => line.forEach((value, x) => {
      if (body.childElementCount >= MOST_ROWS) return;
      const numbers = [value, window.weights?.[c][y][x], window.terms?.[c][y][x]];
      body.append(element("tr", {}, element("th", { scope: "row", text: nameOf(window.source, channel) }), ...[window.rows?.[y], window.columns?.[x]].map((place) => element("td", { text: String(place ?? "") })),
        ...numbers.map((one) => element("td", { text: one === undefined ? "" : one === null ? text("walk.padding") : exact(one) }))));
    })));
  });
  return fold;
}
