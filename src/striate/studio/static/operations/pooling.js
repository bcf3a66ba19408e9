// Four ways of pooling beside one another, on a picture with noise.
import { draw, element, newest, number, slider, text } from "../striate.js";
import { pool, POOLS } from "./arithmetic.js";
import { pictureChoice } from "./pictures.js";

/** Numbers that look random and are always the same: mulberry32. */
function generator(seed) {
  return () => { seed = (seed + 0x6d2b79f5) | 0; let t = Math.imul(seed ^ (seed >>> 15), 1 | seed); t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t; return ((t ^ (t >>> 14)) >>> 0) / 4294967296; };
}

export default function build(station) {
  const state = { picture: null, kind: "gauss", amount: 0.12, size: 2 };
  const given = element("canvas", { class: "pixels large", role: "img", "aria-label": text("operations.noisy") });
  const canvases = Object.fromEntries(Object.keys(POOLS).map((kind) => [kind, element("canvas", { class: "pixels large", role: "img", "aria-label": text(`operations.pool_${kind}`) })]));
  const errors = Object.fromEntries(Object.keys(POOLS).map((kind) => [kind, element("span", { class: "soft" })]));

  const show = newest(async () => {
    const next = generator(1);
    const noisy = state.picture.map((row) => row.map((value) => {
      const a = next(), b = next();
      if (state.kind === "gauss") return Math.max(0, Math.min(255, value + state.amount * 255 * Math.sqrt(-2 * Math.log(a + 1e-12)) * Math.cos(2 * Math.PI * b)));
      if (a >= state.amount) return value;
      return state.kind === "salt" ? 255 : 0;
    }));
    draw(given, noisy, { low: 0, high: 255 });
    for (const kind of Object.keys(POOLS)) {
      const scale = kind === "l2" ? state.size : 1; // of a constant window the root of the sum of squares is so many times its value
      const clean = pool(state.picture, kind, state.size), found = pool(noisy, kind, state.size);
      draw(canvases[kind], found, { low: 0, high: 255 * scale });
      let squares = 0, shift = 0, count = 0;
      found.forEach((row, y) => row.forEach((value, x) => { const gap = (value - clean[y][x]) / scale; squares += gap * gap; shift += gap; count++; }));
      errors[kind].textContent = state.amount ? text("operations.noise_left", { error: number(Math.sqrt(squares / count), 3), shift: number(shift / count, 3) }) : "";
      errors[kind].dataset.error = String(Math.sqrt(squares / count));
    }
  });
  const kind = element("select", { onchange: () => { state.kind = kind.value; show(); } }, ...["gauss", "salt", "pepper"].map((name) => element("option", { value: name, text: text(`operations.noise_${name}`) })));
  const size = element("select", { onchange: () => { state.size = Number(size.value); show(); } }, ...[2, 3, 4].map((side) => element("option", { value: side, text: `${side}×${side}` })));
  const choice = pictureChoice(station, (grid) => { state.picture = grid; show(); });
  const figure = (canvas, words, more) => element("figure", {}, canvas, element("figcaption", {}, element("b", { text: words }), more));
  station.append(choice, element("div", { class: "controls" }, element("label", {}, text("operations.noise"), " ", kind), element("label", {}, text("operations.window_size"), " ", size)),
    element("div", { class: "one-slider" }, slider({ label: text("operations.amount"), min: 0, max: 0.4, step: 0.01, value: state.amount, show: (value) => value.toFixed(2), oninput: (value) => { state.amount = value; show(); } })),
    element("div", { class: "pools" }, figure(given, text("operations.noisy"), element("span", { text: "" })), ...Object.keys(POOLS).map((name) => figure(canvases[name], text(`operations.pool_${name}`), errors[name]))));
  addEventListener("themechange", () => show());
}
