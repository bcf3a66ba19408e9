// What takes longer than a click: a map's projection to the pixels, what it likes most, which pictures it answers to.
import { ask, element, Problem, text } from "../striate.js";

const WAYS = ["deconvnet", "maximize", "top"];
/** Milliseconds between two questions of how far it is. */
const PAUSE = 250;

/**
 * The buttons of the ways of seeing, and below them what comes of the one that is pressed.
 * @param {{ walk: string, step: string, unit: number[] }} asked
 */
export function waysOfSeeing({ walk, step, unit }) {
  const shown = element("div", { class: "seen", role: "status" });
  let turn = 0;

  /** @param {string} way */
  async function see(way) {
    const mine = ++turn;
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.way === way));
    const bar = element("progress", { "aria-label": text(`walk.see_${way}`) });
    shown.replaceChildren(bar, element("p", { class: "soft", text: text(`walk.about_${way}`) }));
    try {
      let told = await ask("walk/see", { json: { walk, step, unit, way } });
      while (!told.ended) {
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
        if (mine !== turn || !shown.isConnected) return;
        told = await ask("walk/seen", { query: { job: told.job } });
        if (told.total) { bar.max = told.total; bar.value = told.done; }
      }
      if (told.refusal) throw new Problem(422, told.refusal);
      if (mine === turn) shown.replaceChildren(...pictures(told.shown, way));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (mine === turn) shown.replaceChildren(element("p", { class: "warning", lang: "en", text: error.message }));
    }
  }

  const buttons = WAYS.map((way) => element("button", { type: "button", "aria-pressed": "false", "data-way": way, text: text(`walk.see_${way}`), onclick: () => see(way) }));
  return element("section", { class: "ways-of-seeing", "aria-label": text("walk.ways") },
    element("div", { class: "ways" }, element("b", { text: text("walk.ways") }), ...buttons), shown);
}

function pictures(told, way) {
  const figures = told.pictures.map((one, at) => {
    const caption = captionOf(told.columns[at % (told.columns.length || 1)], one.lines);
    return element("figure", {},
      element("img", { src: one.source, width: one.width, height: one.height, alt: `${told.title}: ${caption}`, class: one.pixelated ? "pixels" : "" }),
      element("figcaption", { class: "soft", lang: "en", text: caption }));
  });
  const parts = [element("p", { class: "soft", text: text(`walk.about_${way}`) })];
  if (told.passed === false) parts.push(element("p", { class: "warning", text: text("walk.check_failed") }));
  if (told.passed === true) parts.push(element("p", { class: "passed", text: text("walk.check_passed") }));
  for (const warning of told.warnings) parts.push(element("p", { class: "warning", lang: "en", text: warning }));
  return [element("div", { class: "seen-pictures" }, ...figures), element("div", { class: "seen-words" }, ...parts)];
}

/** What stands under a picture: its column's name, unless its own lines begin with it. */
function captionOf(column, lines) {
  const own = lines.join(" · ");
  return !column || own.startsWith(column) ? own : `${column} · ${own}`;
}
