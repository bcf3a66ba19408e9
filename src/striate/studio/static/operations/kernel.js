// A kernel that is edited, on a picture that is chosen; the window, and the arithmetic of one place.
import { ask, draw, element, newest, number, slider, text } from "../striate.js";
import { correlate, flipped } from "./arithmetic.js";
import { pictureChoice } from "./pictures.js";

const PRESETS = { identity: [[0, 0, 0], [0, 1, 0], [0, 0, 0]] };
const FIRST = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]; // sobel_x

export default function build(station) {
  const state = { picture: null, kernel: FIRST.map((row) => [...row]), flip: false, relu: false, bias: 0, at: [20, 20] };
  const before = element("canvas", { class: "pixels large", tabindex: "0", "aria-label": text("operations.input_picture") });
  const after = element("canvas", { class: "pixels large", "aria-label": text("operations.output_picture"), role: "img" });
  const marks = [before, after].map(() => element("span", { class: "mark", "aria-hidden": "true" }));
  const cells = element("div", { class: "cells", role: "group", "aria-label": text("operations.kernel") });
  const window_ = element("div", { class: "arithmetic", tabindex: "0", role: "region", "aria-label": text("operations.window") });
  const sum = element("p", { class: "formula" });

  const used = () => (state.flip ? flipped(state.kernel) : state.kernel);
  let answers = [[0]];
  const show = newest(async () => {
    const kernel = used(), padding = (kernel.length - 1) / 2;
    answers = correlate(state.picture, kernel, { padding, bias: state.bias });
    if (state.relu) answers = answers.map((row) => row.map((value) => Math.max(0, value)));
    draw(before, state.picture, { low: 0, high: 255 });
    const signed = answers.some((row) => row.some((value) => value < -1e-9));
    draw(after, answers, signed ? { kind: "signed" } : { low: 0, high: Math.max(255, ...answers.flat()) });
    showBoth();
    scale.textContent = text(signed ? "operations.scale_signed" : "operations.scale_grey");
    showPlace();
  });
  const scale = element("p", { class: "note" });

  function showCells() {
    const size = state.kernel.length;
    cells.style.setProperty("--columns", String(size));
    cells.replaceChildren(...state.kernel.flatMap((row, i) => row.map((value, j) => element("input", {
      type: "number", step: "any", value: Number(value.toPrecision(6)), "aria-label": text("operations.cell", { row: i + 1, column: j + 1 }),
      oninput: (event) => { const given = event.target.valueAsNumber; if (Number.isFinite(given) && Math.abs(given) <= 1e6) { state.kernel[i][j] = given; preset.value = ""; show(); } },
    }))));
  }

  function showPlace() {
    const kernel = used(), size = kernel.length, half = (size - 1) / 2;
    const height = state.picture.length, width = state.picture[0].length;
    state.at = [Math.min(height - 1, Math.max(0, state.at[0])), Math.min(width - 1, Math.max(0, state.at[1]))];
    const [y, x] = state.at;
    const place = (mark, side) => Object.assign(mark.style, { left: `${(100 * (x + 0.5 - side / 2)) / width}%`, top: `${(100 * (y + 0.5 - side / 2)) / height}%`, width: `${(100 * side) / width}%`, height: `${(100 * side) / height}%` });
    place(marks[0], size); place(marks[1], 1);
    let total = state.bias;
    const rows = kernel.map((row, i) => element("tr", {}, ...row.map((weight, j) => {
      const value = state.picture[y + i - half]?.[x + j - half];
      total += (value ?? 0) * weight;
      return element("td", { class: value === undefined ? "padding" : "" }, element("span", { text: value ?? 0 }), "×", element("b", { text: number(weight, 3) }));
    })));
    window_.replaceChildren(element("table", {}, element("caption", { text: text("operations.at_place", { row: y, column: x }) }), element("tbody", {}, ...rows)));
    const result = state.relu ? Math.max(0, total) : total;
    sum.textContent = `${text("operations.sum_of_products")} = ${number(total - state.bias, 6)}${state.bias ? ` + ${number(state.bias)}` : ""}${state.relu ? " → ReLU" : ""}${state.bias || state.relu ? ` = ${number(result, 6)}` : ""}`;
    sum.dataset.value = String(answers[y]?.[x] ?? "");
  }

  const move = (event) => {
    const box = before.getBoundingClientRect();
    state.at = [Math.floor(((event.clientY - box.top) / box.height) * state.picture.length), Math.floor(((event.clientX - box.left) / box.width) * state.picture[0].length)];
    showPlace();
  };
  before.addEventListener("pointermove", move);
  before.addEventListener("pointerdown", move);
  before.addEventListener("keydown", (event) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    state.at = [state.at[0] + step[0], state.at[1] + step[1]];
    showPlace();
  });

  const preset = element("select", { onchange: () => { if (PRESETS[preset.value]) { state.kernel = PRESETS[preset.value].map((row) => [...row]); size.value = String(state.kernel.length); showCells(); show(); } } },
    element("option", { value: "", text: text("operations.own_kernel") }), element("option", { value: "identity", text: "identity" }));
  ask("operations/kernels").then(({ kernels }) => {
    for (const one of kernels) { PRESETS[one.name] = one.rows; preset.append(element("option", { value: one.name, text: one.name, title: one.about })); }
    if (String(state.kernel) === String(FIRST)) preset.value = "sobel_x";
    preset.dataset.ready = "yes";
  });
  const size = element("select", { onchange: () => {
    const to = Number(size.value), from = state.kernel.length, shift = (to - from) / 2;
    state.kernel = Array.from({ length: to }, (_, i) => Array.from({ length: to }, (_, j) => state.kernel[i - shift]?.[j - shift] ?? 0));
    preset.value = "";
    showCells(); show();
  } }, ...[3, 5, 7].map((side) => element("option", { value: side, text: `${side}×${side}` })));
  const flip = element("input", { type: "checkbox", onchange: () => { state.flip = flip.checked; show(); same(); } });
  const both = element("div", { class: "pools both" });
  const sides = ["correlation", "convolution", "difference"].map((name) => {
    const canvas = element("canvas", { class: "pixels large", role: "img", "aria-label": text(`operations.side_${name}`) });
    both.append(element("figure", {}, canvas, element("figcaption", {}, element("b", { text: text(`operations.side_${name}`) }))));
    return canvas;
  });
  const apart = element("p", { class: "formula" });
  function showBoth() {
    const padding = (state.kernel.length - 1) / 2;
    const straight = correlate(state.picture, state.kernel, { padding }), turned = correlate(state.picture, flipped(state.kernel), { padding });
    const gap = straight.map((row, y) => row.map((value, x) => value - turned[y][x]));
    const most = Math.max(1, ...straight.flat().map(Math.abs));
    [straight, turned, gap].forEach((rows, i) => draw(sides[i], rows, { kind: "signed", low: -most, high: most }));
    const largest = Math.max(...gap.flat().map(Math.abs));
    apart.textContent = text("operations.largest_difference", { value: number(largest, 6) });
    apart.dataset.largest = String(largest);
  }
  const relu = element("input", { type: "checkbox", onchange: () => { state.relu = relu.checked; show(); } });
  const note = element("p", { class: "note" });
  const same = () => {
    const turned = flipped(state.kernel);
    note.textContent = text(state.kernel.every((row, i) => row.every((value, j) => value === turned[i][j])) ? "operations.kernel_symmetric" : "operations.kernel_turned");
  };
  cells.addEventListener("input", same);
  preset.addEventListener("change", same);
  const choice = pictureChoice(station, (grid) => { state.picture = grid; state.at = [Math.floor(grid.length / 3), Math.floor(grid[0].length / 3)]; show(); });
  station.append(choice,
    element("div", { class: "controls" }, element("label", {}, text("operations.kernel"), " ", preset), element("label", {}, text("operations.size"), " ", size),
      element("label", {}, flip, " ", text("operations.as_convolution")), element("label", {}, relu, " ReLU")),
    element("div", { class: "beside" }, element("div", { class: "framed-picture" }, before, marks[0]), cells, element("div", { class: "framed-picture" }, after, marks[1])),
    element("div", { class: "one-slider" }, slider({ label: text("operations.bias"), min: -255, max: 255, step: 1, value: 0, show: number, oninput: (value) => { state.bias = value; show(); } })),
    scale, window_, sum,
    element("h3", { text: text("operations.both") }), note, both, apart);
  addEventListener("themechange", () => show());
  showCells(); same();
}
