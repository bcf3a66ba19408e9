// What every room's script is made of: words, elements, requests, sliders, and grids of numbers as pictures.

/** @type {Record<string, string>} */
const strings = JSON.parse(document.getElementById("strings").textContent);

/** The language of the page: "en" or "ko". */
export const language = document.documentElement.lang;

/**
 * A string of the page's tables, with values in the places of its braces.
 * @param {string} key such as "operations.area"
 * @param {Record<string, string | number>} [values]
 */
export function text(key, values = {}) {
  const found = strings[key];
  if (found === undefined) throw new Error(`there is no string ${key}`);
  return found.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/**
 * An element. Attributes that begin with "on" are listeners, `text` is its text, true and false are there or not.
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Node | string)} children
 */
export function element(tag, attributes = {}, ...children) {
  const svg = ["svg", "g", "path", "rect", "line", "circle", "text", "polyline", "polygon", "title"].includes(tag);
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "text") made.textContent = value;
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** Says something in the corner of the page, for screen readers too; nothing takes it away. */
export function say(words, problem = false) {
  const status = document.getElementById("status");
  status.textContent = words;
  status.classList.toggle("problem", problem);
}

/** What the server refused: `status`, and `message` with what is wrong and what to do. */
export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/**
 * Asks the studio, and answers its JSON.
 * @param {string} path behind /studio/api/, such as "walk/maps"
 * @param {{ query?: Record<string, any>, json?: any, body?: BodyInit, type?: string, signal?: AbortSignal, as?: "json" | "blob" }} [options]
 *   with `json` or `body` it is a POST
 */
export async function ask(path, { query = {}, json, body, type, signal, as = "json" } = {}) {
  const address = new URL(`/studio/api/${path}`, location.href);
  for (const [name, value] of Object.entries({ ...query, lang: language })) address.searchParams.set(name, value);
  /** @type {RequestInit} */
  const request = { signal };
  if (json !== undefined) Object.assign(request, { method: "POST", body: JSON.stringify(json), headers: { "Content-Type": "application/json" } });
  if (body !== undefined) Object.assign(request, { method: "POST", body, headers: type ? { "Content-Type": type } : {} });
  let answer;
  try {
    answer = await fetch(address, request);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, text("studio.unreachable"));
  }
  if (!answer.ok) {
    const told = await answer.json().catch(() => ({}));
    throw new Problem(answer.status, told.detail ?? answer.statusText);
  }
  return as === "blob" ? answer.blob() : answer.json();
}

/**
 * Work of which only the newest matters: while one is under way the newest wish waits, older ones are forgotten.
 * Problems are said; what is thrown otherwise is thrown on.
 * @param {(...given: any[]) => Promise<void>} work
 */
export function newest(work) {
  let busy = false;
  /** @type {any[] | null} */
  let waiting = null;
  return async (...given) => {
    waiting = given;
    if (busy) return;
    busy = true;
    try {
      while (waiting) {
        const now = waiting;
        waiting = null;
        try {
          await work(...now);
        } catch (error) {
          if (!(error instanceof Problem)) throw error;
          say(error.message, true);
        }
      }
    } finally {
      busy = false;
    }
  };
}

/**
 * A slider with its name and value.
 * @param {{ label: string, min: number, max: number, step: number, value: number, show?: (value: number) => string, oninput: (value: number) => void }} given
 */
export function slider({ label, min, max, step, value, show = number, oninput }) {
  const output = element("output", { text: show(value) });
  const input = element("input", {
    type: "range", min, max, step, value,
    oninput: () => { output.textContent = show(input.valueAsNumber); input.setAttribute("aria-valuetext", output.textContent); oninput(input.valueAsNumber); },
  });
  input.setAttribute("aria-valuetext", output.textContent);
  const made = element("label", { class: "slider" }, element("span", { text: label }), output, input);
  return Object.assign(made, { set(/** @type {number} */ to) { input.value = String(to); output.textContent = show(to); } });
}

/** A number as people read it: at most `digits` significant ones, a real minus sign. */
export function number(value, digits = 4) {
  if (!Number.isFinite(value)) return String(value);
  const rounded = Math.abs(value) >= 1e6 || (value !== 0 && Math.abs(value) < 1e-4)
    ? value.toExponential(Math.max(0, digits - 1)) : Number(value.toPrecision(digits)).toLocaleString("en", { maximumSignificantDigits: 12 });
  return rounded.replace("-", "−");
}

/** A share as a percentage with one place. */
export const percent = (value) => `${(100 * value).toFixed(1)} %`;

/** A colour of the style sheet, such as "--blue", as it is now. */
export function colour(name) {
  const probe = element("span", { hidden: true });
  document.body.append(probe);
  probe.style.color = `var(${name})`;
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** Red, green and blue of a colour of the style sheet, 0 to 255. */
export const channels = (name) => colour(name).match(/[\d.]+/g).slice(0, 3).map(Number);

/**
 * Draws rows of numbers as pixels of a canvas, one each: "grey" from black to white, or "signed": blue above zero, orange below, paper at zero.
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>[]} rows
 * @param {{ kind?: "grey" | "signed", low?: number, high?: number }} [how] the ends of the scale; else those of the numbers
 */
export function draw(canvas, rows, { kind = "grey", low, high } = {}) {
  const height = rows.length, width = rows[0].length;
  let least = low ?? Infinity, most = high ?? -Infinity;
  if (low === undefined || high === undefined) {
    for (const row of rows) for (let x = 0; x < width; x++) { if (low === undefined) least = Math.min(least, row[x]); if (high === undefined) most = Math.max(most, row[x]); }
  }
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  const paper = channels("--paper"), blue = channels("--blue"), orange = channels("--orange");
  const reach = Math.max(Math.abs(least), Math.abs(most)) || 1;
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    const at = 4 * (y * width + x);
    const value = rows[y][x];
    if (kind === "signed") {
      const share = Math.min(1, Math.abs(value) / reach);
      const to = value >= 0 ? blue : orange;
      for (let c = 0; c < 3; c++) image.data[at + c] = paper[c] + share * (to[c] - paper[c]);
    } else {
      const grey = most > least ? (255 * (value - least)) / (most - least) : 0;
      image.data[at] = image.data[at + 1] = image.data[at + 2] = Math.max(0, Math.min(255, grey));
    }
    image.data[at + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}
