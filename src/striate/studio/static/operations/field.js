// A stack of layers, and the receptive field of a unit behind each of them.
import { element, text } from "../striate.js";
import { fields } from "./arithmetic.js";

const SIDE = 41;
const NAMES = { kernel: "operations.kernel_size", stride: "operations.stride", dilation: "operations.dilation" };
const STACKS = { three: [[3, 1], [3, 1], [3, 1]], seven: [[7, 1]], pooled: [[5, 1], [2, 2], [5, 1], [2, 2]], dilated: [[3, 1, 1], [3, 1, 2], [3, 1, 4]] };

export default function build(station) {
  let layers = STACKS.three.map(([kernel, stride, dilation = 1]) => ({ kernel, stride, dilation }));
  const table = element("tbody"), picture = element("div", { class: "grid field-grid", role: "img" });
  const words = element("p", { class: "formula" });

  function show() {
    const found = fields(layers);
    table.replaceChildren(...layers.map((layer, place) => {
      const field = (name, min, max) => element("input", { type: "number", min, max, value: layer[name], "aria-label": text("operations.layer_field", { place: place + 1, field: text(NAMES[name]) }),
        onchange: (event) => { layer[name] = Math.min(max, Math.max(min, Math.round(event.target.valueAsNumber) || min)); show(); } });
      return element("tr", {}, element("th", { scope: "row", text: place + 1 }), element("td", {}, field("kernel", 1, 11)), element("td", {}, field("stride", 1, 4)), element("td", {}, field("dilation", 1, 4)),
        element("td", {}, element("b", { text: found[place].size })), element("td", { text: found[place].jump }),
        element("td", {}, element("button", { type: "button", "aria-label": text("operations.remove_layer", { place: place + 1 }), text: "−", disabled: layers.length === 1, onclick: () => { layers.splice(place, 1); show(); } })));
    }));
    const side = found.at(-1).size;
    const shown = Math.min(SIDE, side % 2 === SIDE % 2 ? SIDE : SIDE - 1);
    picture.style.setProperty("--columns", String(shown));
    picture.setAttribute("aria-label", text("operations.field_picture", { side }));
    const middle = (shown - 1) / 2;
    picture.replaceChildren(...Array.from({ length: shown * shown }, (_, at) => {
      const away = Math.max(Math.abs(Math.floor(at / shown) - middle), Math.abs((at % shown) - middle));
      const depth = found.findIndex(({ size }) => away <= (size - 1) / 2);
      const cell = element("i", {});
      if (depth >= 0) cell.style.setProperty("--depth", String((depth + 1) / found.length));
      cell.className = depth >= 0 ? "within" : "";
      return cell;
    }));
    words.textContent = text(side > SIDE ? "operations.field_larger" : "operations.field_is", { side, shown: SIDE });
    words.dataset.side = String(side);
  }
  const preset = (name) => element("button", { type: "button", text: text(`operations.stack_${name}`), onclick: () => { layers = STACKS[name].map(([kernel, stride, dilation = 1]) => ({ kernel, stride, dilation })); show(); } });
  const head = element("tr", {}, ...["operations.layer", ...Object.values(NAMES), "operations.field", "operations.jump"].map((key) => element("th", { scope: "col", text: text(key) })), element("td"));
  station.append(element("div", { class: "choice" }, ...Object.keys(STACKS).map(preset)),
    element("div", { class: "with-sliders" }, element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": text("operations.stack") }, element("table", {}, element("thead", {}, head), table),
      element("button", { type: "button", text: text("operations.add_layer"), onclick: () => { if (layers.length < 8) layers.push({ kernel: 3, stride: 1, dilation: 1 }); show(); } })), picture), words);
  show();
}
