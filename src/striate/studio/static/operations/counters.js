// Parameters and multiply-adds of two ways of doing the same, side by side, as areas.
import { element, number, slider, text } from "../striate.js";
import { convolutionCost, denseCost } from "./arithmetic.js";

const count = (value) => value.toLocaleString("en");
const sum = (...costs) => ({ parameters: costs.reduce((all, one) => all + one.parameters, 0), macs: costs.reduce((all, one) => all + one.macs, 0) });

/** Each comparison: its sliders, and its two sides as name, how it is counted, cost. */
const COMPARED = {
  dense: {
    sliders: { side: [28, 7, 64], inputs: [1, 1, 16], outputs: [6, 1, 64] },
    sides: ({ side, inputs, outputs }) => [
      ["operations.dense", `(${side}·${side}·${inputs} + 1) · ${side}·${side}·${outputs}`, denseCost(side * side * inputs, side * side * outputs)],
      ["operations.shared", `(5·5·${inputs} + 1) · ${outputs}`, convolutionCost({ kernel: 5, inputs, outputs, height: side, width: side })],
    ],
  },
  seven: {
    sliders: { channels: [64, 1, 512], side: [56, 7, 112] },
    sides: ({ channels: c, side }) => {
      const at = { inputs: c, outputs: c, height: side, width: side, bias: false };
      const three = convolutionCost({ kernel: 3, ...at });
      return [["operations.one_seven", `7·7·${c}·${c}`, convolutionCost({ kernel: 7, ...at })], ["operations.three_threes", `3 · (3·3·${c}·${c})`, sum(three, three, three)]];
    },
  },
  separable: {
    sliders: { inputs: [32, 1, 512], outputs: [64, 1, 512], side: [56, 7, 112] },
    sides: ({ inputs, outputs, side }) => {
      const at = { height: side, width: side, bias: false };
      return [["operations.full", `3·3·${inputs}·${outputs}`, convolutionCost({ kernel: 3, inputs, outputs, ...at })],
        ["operations.separable", `3·3·${inputs} + ${inputs}·${outputs}`, sum(convolutionCost({ kernel: 3, inputs, outputs: inputs, groups: inputs, ...at }), convolutionCost({ kernel: 1, inputs, outputs, ...at }))]];
    },
  },
  bottleneck: {
    sliders: { inputs: [256, 8, 512], middle: [64, 1, 256], side: [28, 7, 56] },
    sides: ({ inputs, middle, side }) => {
      const at = { height: side, width: side, bias: false };
      return [["operations.straight", `5·5·${inputs}·${inputs}`, convolutionCost({ kernel: 5, inputs, outputs: inputs, ...at })],
        ["operations.bottleneck", `${inputs}·${middle} + 5·5·${middle}·${inputs}`, sum(convolutionCost({ kernel: 1, inputs, outputs: middle, ...at }), convolutionCost({ kernel: 5, inputs: middle, outputs: inputs, ...at }))]];
    },
  },
};

export default function build(station) {
  for (const [name, { sliders, sides }] of Object.entries(COMPARED)) {
    const state = Object.fromEntries(Object.entries(sliders).map(([key, [value]]) => [key, value]));
    const shown = element("div", { class: "sides" }), words = element("p", { class: "formula", "data-compared": name });
    const show = () => {
      const found = sides(state);
      const most = Math.max(...found.map(([, , cost]) => cost.macs)), mostWeights = Math.max(...found.map(([, , cost]) => cost.parameters));
      shown.replaceChildren(...found.map(([side, counted, cost]) => {
        const areas = [["parameters", cost.parameters / mostWeights], ["macs", cost.macs / most]].map(([kind, share]) => {
          const area = element("i", { class: kind });
          area.style.setProperty("--side", `${Math.max(2, 110 * Math.sqrt(share))}px`);
          return element("span", { class: "area" }, area);
        });
        return element("div", { class: "side" }, element("b", { text: text(side) }), element("code", { text: counted }), element("div", { class: "areas" }, ...areas),
          element("span", { text: text("operations.cost", { parameters: count(cost.parameters), macs: count(cost.macs) }) }));
      }));
      const [[, , first], [, , second]] = found;
      words.textContent = text("operations.ratio", { parameters: number(first.parameters / second.parameters, 3), macs: number(first.macs / second.macs, 3) });
      words.dataset.costs = JSON.stringify(found.map(([, , cost]) => cost));
    };
    station.append(element("h3", { text: text(`operations.compare_${name}`) }), element("p", { class: "note", text: text(`operations.compare_${name}_note`) }),
      element("div", { class: "with-sliders" }, element("div", { class: "sliders" }, ...Object.entries(sliders).map(([key, [value, min, max]]) => slider({ label: text(`operations.count_${key}`), min, max, step: 1, value, show: String, oninput: (to) => { state[key] = to; show(); } }))), shown), words);
    show();
  }
}
