// Padding, stride and dilation on a grid: which inputs an output sees, and how many places there are.
import { ask, element, newest, slider, text } from "../striate.js";
import { places } from "./arithmetic.js";

export default function build(station) {
  const state = { size: 7, kernel: 3, padding: 0, stride: 1, dilation: 1, at: [0, 0] };
  const input = element("div", { class: "grid input" }), output = element("div", { class: "grid output" });
  const formula = element("p", { class: "formula" }), refusal = element("p", { class: "refusal", role: "status" });

  const strict = newest(async () => {
    const { refusal: said } = await ask("operations/size", { query: { size: state.size, kernel: state.kernel, padding: state.padding, stride: state.stride, dilation: state.dilation } });
    refusal.textContent = said || text("operations.fits");
    refusal.classList.toggle("warning", Boolean(said));
  });

  function show() {
    const { size, kernel, padding, stride, dilation } = state;
    const { count, left } = places(size, kernel, state);
    state.at = [Math.min(state.at[0], Math.max(0, count - 1)), Math.min(state.at[1], Math.max(0, count - 1))];
    const side = size + 2 * padding;
    input.style.setProperty("--columns", String(side));
    output.style.setProperty("--columns", String(Math.max(1, count)));
    output.style.setProperty("--of", String(side));
    const [row, column] = state.at;
    const seen = new Set();
    if (count) for (let i = 0; i < kernel; i++) for (let j = 0; j < kernel; j++) seen.add(`${row * stride + i * dilation},${column * stride + j * dilation}`);
    input.replaceChildren(...Array.from({ length: side * side }, (_, at) => {
      const y = Math.floor(at / side), x = at % side;
      const padded = y < padding || x < padding || y >= size + padding || x >= size + padding;
      const unused = count > 0 && (y >= side - left || x >= side - left);
      return element("i", { class: [padded ? "padded" : "", unused ? "unused" : "", seen.has(`${y},${x}`) ? "seen" : ""].join(" ") });
    }));
    output.replaceChildren(...Array.from({ length: count * count }, (_, at) => element("button", {
      type: "button", class: at === row * count + column ? "chosen" : "", tabindex: at === row * count + column ? "0" : "-1",
      "aria-label": text("operations.output_at", { row: Math.floor(at / count), column: at % count }), "data-at": at,
    })));
    formula.textContent = `⌊(n + 2p − d(k − 1) − 1) / s⌋ + 1 = ⌊(${size} + 2·${padding} − ${dilation}·(${kernel} − 1) − 1) / ${stride}⌋ + 1 = ${count}`;
    formula.dataset.count = String(count);
    if (!count) formula.textContent = text("operations.no_place");
    strict();
  }
  const select = (at) => { const { count } = places(state.size, state.kernel, state); state.at = [Math.floor(at / count), at % count]; show(); };
  output.addEventListener("pointerover", (event) => { const at = event.target.dataset?.at; if (at !== undefined && Number(at) !== state.at[0] * places(state.size, state.kernel, state).count + state.at[1]) select(Number(at)); });
  output.addEventListener("keydown", (event) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    state.at = [Math.max(0, state.at[0] + step[0]), Math.max(0, state.at[1] + step[1])];
    show();
    output.querySelector(".chosen")?.focus();
  });
  const sliders = [
    ["size", "operations.input_size", 3, 16], ["kernel", "operations.kernel_size", 1, 7], ["padding", "operations.padding", 0, 3],
    ["stride", "operations.stride", 1, 4], ["dilation", "operations.dilation", 1, 3],
  ].map(([name, key, min, max]) => slider({
    label: text(key), min, max, step: 1, value: state[name], show: String,
    oninput: (value) => { state[name] = value; show(); },
  }));
  station.append(element("div", { class: "with-sliders" }, element("div", { class: "sliders" }, ...sliders),
    element("div", { class: "grids" }, element("figure", {}, input, element("figcaption", { text: text("operations.input_grid") })), element("figure", {}, output, element("figcaption", { text: text("operations.output_grid") })))),
    formula, refusal);
  show();
}
