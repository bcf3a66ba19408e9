// Any other network: its stages and blocks in order, their maps, and one map large beside the picture.
import { ask, element, language, newest, text } from "../striate.js";
import { floats, paint, paintPicture, pixels, shares } from "./numbers.js";
import { operationName } from "./arithmetic.js";

const size = (shape) => shape.join(" × ");
const PAGE = 24;
const short = new Intl.NumberFormat(language, { notation: "compact", maximumSignificantDigits: 3 });
const compact = (/** @type {number} */ count) => short.format(count);

/**
 * The drawing. `choose(step, unit)` is called when someone clicks a unit.
 * @param {{ walk: any, choose: (step: string, unit: number[]) => void }} given
 */
export function stagesDrawing({ walk, choose }) {
  const steps = walk.groups.flatMap((group) => group.steps);
  const list = element("nav", { class: "steps", "aria-label": text("walk.stages") });
  const maps = element("section", { class: "all-maps", "aria-label": text("walk.maps") });
  const large = element("section", { class: "one-map", "aria-label": text("walk.one_map") });
  const node = element("div", { class: "stages" }, list, maps, large);
  const buttons = new Map();
  let step = null, map = 0, first = 0, unit = null, numbers = null;

  function row(one) {
    const strip = element("span", { class: "strip" });
    const button = element("button", { type: "button", class: "step", "aria-pressed": "false", onclick: () => open(one) },
      element("span", { class: "what" }, element("b", { text: operationName(one.operation) }), element("small", { text: one.name })),
      element("span", { class: "size" }, size(one.shape), ...(one.macs ? [element("small", { text: text("walk.cost", { parameters: compact(one.parameters), macs: compact(one.macs) }) })] : [])), strip);
    buttons.set(one.name, { button, strip });
    return button;
  }
  for (const group of walk.groups) {
    const many = group.steps.length > 1;
    list.append(element("div", { class: group.kind ? "group block" : "group" },
      ...(many ? [element("h3", {}, group.title, ...(group.kind ? [element("small", { text: group.kind })] : []))] : []), ...group.steps.map(row)));
  }

  const lookAhead = newest(async () => {
    const wanted = steps.filter((one) => one.shape.length === 3 || one.shape.length === 1);
    for (let from = 0; from < wanted.length; from += 40) {
      const part = wanted.slice(from, from + 40);
      const found = await askMany(part.map((one) => one.name));
      for (const one of part) {
        const told = found[one.name];
        if (!told) continue;
        const content = shares(told.bytes);
        const [high, wide] = told.shape;
        buttons.get(one.name).strip.replaceChildren(...told.maps.map((_, place) => small(content, place, wide, high, 26)));
      }
    }
  });
  const askMany = (names) => ask(`walk/strip?${names.map((name) => `step=${encodeURIComponent(name)}`).join("&")}`, { query: { walk: walk.walk } });

  function small(content, place, wide, high, side) {
    const canvas = element("canvas", { class: "pixels" });
    const draw = () => paint(canvas, content, wide, high, { offset: place * wide * high, reach: 1 });
    draw();
    canvas.style.width = canvas.style.height = `${side}px`;
    return canvas;
  }

  const openMaps = newest(async (wanted = null) => {
    const told = await ask("walk/maps", { query: { walk: walk.walk, step: step.name, first, count: PAGE, strongest: 1 } });
    const content = shares(told.bytes);
    const [high, wide] = told.shape;
    const grid = element("div", { class: "map-grid" }, ...told.maps.map((one, place) => element("button", { type: "button", class: "map", "aria-pressed": String(one === map), "aria-label": text("walk.map_of", { stage: step.name, map: one }), onclick: () => pickMap(one) },
      small(content, place, wide, high, 60), element("small", { text: String(one) }))));
    const pages = element("p", { class: "pages" },
      element("button", { type: "button", class: "small", text: "←", "aria-label": text("walk.earlier"), disabled: first === 0, onclick: () => { first -= PAGE; openMaps(); } }),
      element("span", { text: text("walk.page", { from: first + 1, to: Math.min(told.count, first + PAGE), count: told.count }) }),
      element("button", { type: "button", class: "small", text: "→", "aria-label": text("walk.later"), disabled: first + PAGE >= told.count, onclick: () => { first += PAGE; openMaps(); } }));
    maps.replaceChildren(element("h3", {}, operationName(step.operation), element("small", { text: ` ${step.name} · ${size(step.shape)}` })), grid, pages);
    if (wanted) await pickMap(wanted[0], wanted);
    else if (map < 0) await pickMap(told.maps[0]);
  });

  async function pickMap(one, wanted = null) {
    map = one;
    for (const button of maps.querySelectorAll(".map")) button.setAttribute("aria-pressed", String(button.lastChild.textContent === String(one)));
    if (step.shape.length === 1) return pickUnit([one]);
    const told = await ask("walk/maps", { query: { walk: walk.walk, step: step.name, map: one } });
    numbers = floats(told.numbers);
    const [high, wide] = told.shape;
    let best = 0;
    numbers.forEach((value, place) => { if (Math.abs(value) > Math.abs(numbers[best])) best = place; });
    drawLarge(wide, high);
    pickUnit(wanted ?? [one, Math.floor(best / wide), best % wide]);
  }

  function drawLarge(wide, high) {
    const canvas = element("canvas", { class: "pixels" });
    let reach = 1e-9;
    for (const value of numbers) reach = Math.max(reach, Math.abs(value));
    paint(canvas, numbers, wide, high, { reach });
    const mark = element("i", { class: "mark" });
    const button = element("button", { type: "button", class: "large", "aria-label": text("walk.map_of", { stage: step.name, map }) }, canvas, mark);
    button.addEventListener("click", (event) => {
      if (event.detail === 0) return;
      const area = canvas.getBoundingClientRect();
      pickUnit([map, Math.min(high - 1, Math.floor(((event.clientY - area.top) / area.height) * high)), Math.min(wide - 1, Math.floor(((event.clientX - area.left) / area.width) * wide))]);
    });
    button.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      if (!move || !unit) return;
      event.preventDefault();
      pickUnit([map, Math.max(0, Math.min(high - 1, unit[1] + move[0])), Math.max(0, Math.min(wide - 1, unit[2] + move[1]))]);
    });
    const picture = element("canvas");
    paintPicture(picture, pixels(walk.picture), walk.input.shape);
    large.replaceChildren(
      element("figure", {}, element("figcaption", { text: text("walk.map_in", { step: step.name, map }) }), button),
      element("figure", {}, element("figcaption", { text: text("walk.sees") }), element("span", { class: "framed" }, picture, element("i", { class: "box" }))));
  }

  function pickUnit(wanted) {
    unit = wanted;
    const mark = large.querySelector(".mark");
    if (mark && unit.length === 3) {
      const [, high, wide] = step.shape;
      Object.assign(mark.style, { left: `${(100 * unit[2]) / wide}%`, top: `${(100 * unit[1]) / high}%`, width: `${100 / wide}%`, height: `${100 / high}%` });
    }
    if (step.why_not) return large.append(element("p", { class: "note", lang: "en", text: step.why_not }));
    choose(step.name, unit);
  }

  function open(one, wanted = null) {
    buttons.get(step?.name)?.button.setAttribute("aria-pressed", "false");
    step = one;
    first = 0;
    map = -1;
    buttons.get(one.name).button.setAttribute("aria-pressed", "true");
    large.replaceChildren();
    buttons.get(one.name).button.scrollIntoView({ block: "nearest" });
    openMaps(wanted);
  }

  return {
    node,
    begin() { lookAhead(); open(steps[0]); },
    told(_, box) {
      const frame = large.querySelector(".box");
      if (!frame) return;
      const [, high, wide] = walk.input.shape;
      Object.assign(frame.style, { left: `${(100 * box.left) / wide}%`, top: `${(100 * box.top) / high}%`, width: `${(100 * (box.right - box.left)) / wide}%`, height: `${(100 * (box.bottom - box.top)) / high}%` });
    },
    /** Follows a unit's value to the step that takes it. */
    go(name, place) {
      const next = steps.find((one) => one.name === name);
      if (next) open(next, place);
    },
  };
}
