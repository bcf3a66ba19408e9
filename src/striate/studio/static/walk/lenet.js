// LeNet-5 on one screen: every map that a digit makes, what each unit sees, and the distances to the glyphs.
import { element, number, percent, text } from "../striate.js";
import { shortName } from "./arithmetic.js";
import { floats, paint, reachOf, whenThemeChanges } from "./numbers.js";

const STAGES = ["c1", "s2", "c3", "s4", "c5", "f6", "output"];
/** Of each stage with places: the side of its window and its step. */
const WINDOWS = { c1: [5, 1], s2: [2, 2], c3: [5, 1], s4: [2, 2], c5: [5, 1] };
/** How wide a map is drawn, in pixels of the screen. */
const SETTING = { input: 144, c1: 53, s2: 53, c3: 39, s4: 39 };
const GLYPH = [7, 12];

const stageOf = (step) => step.split(".")[0];

/** Whether a walk is one of LeNet-5, however its layers squash and pool. */
export function isLeNet(walk) {
  const found = new Set(walk.groups.flatMap((group) => group.steps).map((step) => stageOf(step.name)));
  return Boolean(walk.numbers) && STAGES.every((stage) => found.has(stage));
}

/**
 * The drawing. `choose(step, unit)` is called when someone clicks a unit.
 * @param {{ walk: any, input: Node[], choose: (step: string, unit: number[]) => void }} given `input`: what stands above the network's input
 */
export function leNetDrawing({ walk, input, choose }) {
  const steps = walk.groups.flatMap((group) => group.steps);
  const first = {}, last = {};
  for (const step of steps) {
    const stage = stageOf(step.name);
    first[stage] ??= step;
    last[stage] = step;
  }
  const distances = first.output.name !== last.output.name; // OUTPUT tells distances, and answers them with their sign changed
  const table = Object.values(walk.connections)[0] ?? null;
  /** What is chosen: a stage and a unit. @type {{ stage: string, unit: number[] } | null} */
  let chosen = null;
  let numbers = {};
  let terms = null;

  const lines = element("svg", { class: "lines", "aria-hidden": "true" });
  const net = element("div", { class: "lenet" }, lines);
  /** By stage: a canvas a map, or one for a vector. */
  const canvases = {};
  const outputs = [];

  function mapButton(stage, map, width, height, side) {
    const canvas = element("canvas", { class: "pixels", width, height });
    canvas.style.width = `${side}px`;
    canvas.style.height = `${(side * height) / width}px`;
    const button = element("button", { type: "button", class: "map", tabindex: map ? -1 : 0, "data-stage": stage, "data-map": map,
      "aria-label": stage === "input" ? text("walk.input") : text("walk.map_of", { stage: stage.toUpperCase(), map }) }, canvas);
    const unitAt = (x, y) => (stage === "c5" ? [y * width + x, 0, 0] : stage === "f6" ? [y * width + x] : [map, y, x]);
    button.addEventListener("click", (event) => {
      const box = canvas.getBoundingClientRect();
      const byKeyboard = event.detail === 0;
      const x = byKeyboard ? Math.floor(width / 2) : Math.min(width - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * width)));
      const y = byKeyboard ? Math.floor(height / 2) : Math.min(height - 1, Math.max(0, Math.floor(((event.clientY - box.top) / box.height) * height)));
      if (stage !== "input") pick(stage, unitAt(x, y));
    });
    button.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      const other = { PageDown: 1, PageUp: -1 }[event.key];
      if (other) {
        event.preventDefault();
        canvases[stage][map + other]?.parentElement.focus();
      } else if (move && chosen?.stage === stage && stage !== "input") {
        event.preventDefault();
        const place = chosen.unit.length === 3 && stage !== "c5" ? [chosen.unit[2], chosen.unit[1]] : [chosen.unit[0] % width, Math.floor(chosen.unit[0] / width)];
        const [x, y] = place.map((value, axis) => Math.max(0, Math.min([width, height][axis] - 1, value + move[axis])));
        pick(stage, unitAt(x, y));
      }
    });
    if (stage === "c3" && table) for (const [name, on] of [["pointerenter", true], ["pointerleave", false]]) {
      button.addEventListener(name, () => lines.querySelectorAll(`.of-${map}`).forEach((line) => line.classList.toggle("lit", on)));
    }
    (canvases[stage] ??= []).push(canvas);
    return button;
  }

  function column(stage, title, told, ...content) {
    const made = element("div", { class: `stage ${stage}` }, element("header", {}, element("b", { text: title }), ...(first[stage] && stage !== "output" ? [" ", element("span", { class: "soft", text: shortName(first[stage].operation) })] : []), element("small", { text: told })), element("div", { class: "maps" }, ...content));
    net.append(made);
    return made;
  }

  const inputShape = walk.input.shape;
  column("input", text("walk.input"), `${inputShape[1]} × ${inputShape[2]}`, ...input, mapButton("input", 0, inputShape[2], inputShape[1], SETTING.input));
  for (const stage of ["c1", "s2", "c3", "s4"]) {
    const [maps, height, width] = last[stage].shape;
    column(stage, stage.toUpperCase(), `${maps} × ${height}×${width}`, ...Array.from({ length: maps }, (_, map) => mapButton(stage, map, width, height, SETTING[stage])));
  }
  column("c5", "C5", "120", mapButton("c5", 0, 5, 24, 5 * 13));
  column("f6", "F6", "84 = 7 × 12", mapButton("f6", 0, GLYPH[0], GLYPH[1], GLYPH[0] * 15));
  const prototypes = Object.values(walk.prototypes).map(floats)[0] ?? null;
  column("output", text(distances ? "walk.distances" : "walk.output"), distances ? "Σ (x − p)²" : String(last.output.shape[0]), ...Array.from({ length: last.output.shape[0] }, (_, unit) => {
    const glyph = element("canvas", { class: "pixels glyph" });
    const bar = element("i"), value = element("b"), share = element("small");
    const button = element("button", { type: "button", class: "answer", "data-stage": "output", onclick: () => pick("output", [unit]) },
      ...(prototypes ? [glyph] : []), element("span", { class: "name", text: walk.classes[unit] ?? unit }), element("span", { class: "track" }, bar), value, share);
    outputs.push({ button, glyph, bar, value, share });
    return button;
  }));

  const at = (stage, map, y, x) => numbers[stage][(map * last[stage].shape[1] + y) * last[stage].shape[2] + x];

  function repaint() {
    const content = floats(walk.input.numbers);
    paint(canvases.input[0], content, inputShape[2], inputShape[1], { ink: [Math.min(-0.1, ...content), Math.max(1.175, ...content)] });
    for (const stage of STAGES) numbers[stage] = floats(walk.numbers[last[stage].name]);
    if (distances) numbers.output = floats(walk.numbers[first.output.name]);
    for (const stage of ["c1", "s2", "c3", "s4", "c5", "f6"]) {
      const reach = Math.max(1e-6, reachOf(numbers[stage]));
      canvases[stage].forEach((canvas, map) => {
        const [width, height] = stage === "c5" ? [5, 24] : stage === "f6" ? GLYPH : [last[stage].shape[2], last[stage].shape[1]];
        paint(canvas, numbers[stage], width, height, { offset: map * width * height, reach });
      });
    }
    const farthest = reachOf(numbers.output);
    const least = Math.min(...numbers.output), most = Math.max(...numbers.output);
    const shares = Object.fromEntries(walk.answer.map((one) => [one.class, one.share]));
    outputs.forEach((one, unit) => {
      const value = numbers.output[unit];
      if (prototypes) paint(one.glyph, prototypes, ...GLYPH, { offset: unit * 84, ink: [-1, 1] });
      one.bar.style.width = `${100 * (distances ? value / farthest : (value - least) / (most - least || 1))}%`;
      one.value.textContent = number(value, 3);
      one.share.textContent = percent(shares[walk.classes[unit]] ?? 0);
      one.button.classList.toggle("best", value === (distances ? least : most));
      one.button.setAttribute("aria-label", text(distances ? "walk.output_distance" : "walk.output_logit", { name: walk.classes[unit] ?? unit, value: number(value, 4), share: percent(shares[walk.classes[unit]] ?? 0) }));
    });
    link();
  }

  /** Rows and columns of every stage before that a unit depends on, and the maps: from its own stage back to the input. */
  function field({ stage, unit }) {
    const seen = {};
    if (unit.length !== 3) return seen;
    let [from, to, left, right] = [unit[1], unit[1], unit[2], unit[2]];
    let maps = [unit[0]];
    for (let place = STAGES.indexOf(stage); place >= 0; place--) {
      const here = STAGES[place];
      const [side, step] = WINDOWS[here];
      [from, to, left, right] = [from * step, to * step + side - 1, left * step, right * step + side - 1];
      const before = place ? STAGES[place - 1] : "input";
      if (here === "c5") maps = canvases.s4.map((_, map) => map);
      else if (here === "c3") maps = table ? [...new Set(maps.flatMap((map) => table[map]))] : canvases.s2.map((_, map) => map);
      else if (here === "c1") maps = [0];
      seen[before] = { maps, from, to, left, right };
    }
    return seen;
  }

  /** Places, in pixels of the drawing, of an element. */
  function placeOf(node) {
    const outer = net.getBoundingClientRect(), box = node.getBoundingClientRect();
    return { x: box.left - outer.left, y: box.top - outer.top, width: box.width, height: box.height };
  }

  function link() {
    lines.replaceChildren();
    lines.setAttribute("viewBox", `0 0 ${net.scrollWidth} ${net.scrollHeight}`);
    lines.setAttribute("width", String(net.scrollWidth));
    lines.setAttribute("height", String(net.scrollHeight));
    const draw = (name, attributes) => lines.append(element(name, attributes));
    const middle = (canvas, end) => { const box = placeOf(canvas); return [box.x + (end ? box.width : 0), box.y + box.height / 2]; };
    const between = (from, to, kind, wide) => {
      const bend = (to[0] - from[0]) / 2;
      const line = element("path", { class: kind, d: `M${from} C${from[0] + bend},${from[1]} ${to[0] - bend},${to[1]} ${to}` });
      if (wide !== undefined) line.style.strokeWidth = `${wide}px`;
      lines.append(line);
    };
    // Which maps of S2 each map of C3 sees: the paper's table.
    const lit = chosen?.stage === "c3" ? chosen.unit[0] : -1;
    if (table) table.forEach((row, map) => { if (map !== lit) for (const from of row) if (lit < 0) between(middle(canvases.s2[from], true), middle(canvases.c3[map], false), `connection of-${map}`); });
    for (const button of net.querySelectorAll("[data-chosen]")) delete button.dataset.chosen;
    if (!chosen) return;
    const { stage, unit } = chosen;
    if (stage === "output") outputs[unit[0]].button.dataset.chosen = "";
    const seen = field(chosen);
    let nearest = true;
    const own = ownBox();
    for (const [before, { maps, from, to, left, right }] of Object.entries(seen)) {
      for (const map of maps) {
        const canvas = canvases[before][map];
        const box = placeOf(canvas);
        const [height, width] = before === "input" ? inputShape.slice(1) : last[before].shape.slice(1);
        const [x, y] = [box.x + (left * box.width) / width, box.y + (from * box.height) / height];
        const [wide, high] = [((right - left + 1) * box.width) / width, ((to - from + 1) * box.height) / height];
        draw("rect", { class: nearest ? "seen near" : "seen", x, y, width: wide, height: high, rx: 1.5 });
        if (nearest) between([x + wide, y + high / 2], [own.x, own.y + own.height / 2], "link");
      }
      nearest = false;
    }
    if (stage === "f6" || stage === "output") fan(stage, own, between);
    draw("rect", { class: "unit", x: own.x - 1, y: own.y - 1, width: own.width + 2, height: own.height + 2, rx: 2 });
  }

  /** A line from every number that a dense unit takes, as strong as what it brings. */
  function fan(stage, own, between) {
    if (!terms || terms.length === 0) return;
    const [before, columns, rows] = stage === "f6" ? ["c5", 5, 24] : ["f6", ...GLYPH];
    const box = placeOf(canvases[before][0]);
    const most = reachOf(terms.map((one) => one.term));
    for (const { place, term } of terms) {
      if (Math.abs(term) < most / 30) continue;
      const from = [box.x + ((place % columns) + 0.5) * (box.width / columns), box.y + (Math.floor(place / columns) + 0.5) * (box.height / rows)];
      between(from, [own.x, own.y + own.height / 2], term >= 0 ? "link plus" : "link minus", 0.3 + (2.2 * Math.abs(term)) / most);
    }
  }

  function ownBox() {
    const { stage, unit } = chosen;
    if (stage === "output") return placeOf(outputs[unit[0]].button);
    const vector = stage === "c5" || stage === "f6";
    const box = placeOf(canvases[stage][vector ? 0 : unit[0]]);
    const [width, height] = stage === "c5" ? [5, 24] : stage === "f6" ? GLYPH : [last[stage].shape[2], last[stage].shape[1]];
    const [x, y] = vector ? [unit[0] % width, Math.floor(unit[0] / width)] : [unit[2], unit[1]];
    return { x: box.x + (x * box.width) / width, y: box.y + (y * box.height) / height, width: box.width / width, height: box.height / height };
  }

  function pick(stage, unit) {
    chosen = { stage, unit };
    terms = null;
    link();
    choose(first[stage].name, unit);
  }

  whenThemeChanges(repaint);
  new ResizeObserver(link).observe(net);
  return {
    node: net,
    /** Another picture's walk through the same network. */
    show(made) { walk = made; repaint(); },
    /** Chooses the unit again that was chosen, or the strongest of a stage. */
    again() { if (chosen) choose(first[chosen.stage].name, chosen.unit); },
    strongest(stage, map) {
      const [, height, width] = last[stage].shape;
      let best = [0, 0];
      for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) if (Math.abs(at(stage, map, y, x)) > Math.abs(at(stage, map, ...best))) best = [y, x];
      pick(stage, [map, ...best]);
    },
    /** Draws what each number brings to a dense unit, of what the studio told. */
    told(arithmetic) {
      const window = arithmetic.windows[0];
      if (!chosen || !window?.terms || chosen.unit.length === 3) return;
      const flat = window.terms.flat(2);
      terms = flat.map((term, place) => ({ term, place: window.channels.length === flat.length ? window.channels[place] : place }));
      link();
    },
  };
}
