// What runs answer picture by picture: asked for, waited for, and shown as a matrix of confusions and as mistakes.
import { ask, element, number, percent, Problem, say, text } from "../striate.js";

const SHOWN = 60;
const MOST_CLASSES = 40;

/**
 * Makes the button begin the work, and shows its result.
 * @param {HTMLButtonElement} button with the names of the runs
 * @param {HTMLElement} place
 */
export function answersOn(button, place) {
  button.addEventListener("click", async () => {
    button.disabled = true;
    const bar = element("progress", { "aria-label": text("runs.working") });
    const words = element("p", { class: "working", text: text("runs.working") });
    place.replaceChildren(words, bar);
    try {
      let job = await ask("runs/answers", { json: { runs: JSON.parse(button.dataset.runs) } });
      while (!job.ended) {
        await new Promise((resolve) => setTimeout(resolve, 400));
        job = await ask(`runs/jobs/${job.job}`);
        if (job.total) { bar.max = job.total; bar.value = job.done; words.textContent = `${text("runs.working")} ${number(job.done, 9)} / ${number(job.total, 9)}`; }
      }
      if (job.refusal) throw new Problem(400, job.refusal);
      if (!job.result) job = await ask(`runs/jobs/${job.job}`);
      button.hidden = true;
      place.replaceChildren(...shown(job));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      button.disabled = false;
      place.replaceChildren(element("p", { class: "warning", role: "alert", text: error.message }));
      say("");
    }
  });
}

function shown({ job, result, notes }) {
  const parts = notes.map((note) => element("p", { class: "note", text: note }));
  const measured = text("runs.measured", { count: number(result.count, 9), split: result.split, data: result.data });
  parts.push(element("p", { class: "note", text: measured }));
  const gallery = element("div", { class: "chosen", tabindex: "-1" });
  if (result.compared) {
    parts.unshift(element("p", { class: "verdict", text: result.compared.sentence }));
    const groups = [0, 1].map((one) => [result.names[one], result.rows.filter((row) => row.right[one] && !row.right[1 - one])]);
    for (const [name, rows] of groups) parts.push(...rowsOf(job, result, rows, text("runs.alone_right", { name, count: rows.length })));
    return parts;
  }
  const mistakes = result.rows.filter((row) => !row.right[0]).sort((a, b) => b.confidence[0] - a.confidence[0]);
  if (result.classes && result.classes.length <= MOST_CLASSES) {
    parts.push(matrix(result, (said, rows) => { gallery.replaceChildren(...rowsOf(job, result, rows, said)); gallery.focus(); gallery.scrollIntoView({ block: "nearest" }); }));
  } else if (result.classes) parts.push(element("p", { class: "note", text: text("runs.too_many", { most: MOST_CLASSES }) }));
  else parts.push(element("p", { class: "note", text: text("runs.no_matrix") }));
  gallery.append(...rowsOf(job, result, mistakes, text("runs.mistakes", { count: mistakes.length })));
  return [...parts, gallery];
}

function matrix({ classes, rows }, open) {
  const cells = new Map();
  for (const row of rows) {
    const key = row.cell.join();
    if (!cells.has(key)) cells.set(key, []);
    cells.get(key).push(row);
  }
  const of = (truth) => classes.reduce((sum, _, said) => sum + (cells.get([truth, said].join())?.length ?? 0), 0);
  const head = element("tr", {}, element("td"), ...classes.map((name) => element("th", { scope: "col", title: name }, element("span", { text: name }))));
  const body = classes.map((truth, i) => element("tr", {}, element("th", { scope: "row", title: truth, text: truth }), ...classes.map((said, j) => {
    const found = cells.get([i, j].join()) ?? [];
    const words = i === j ? text("runs.cell_right", { truth, count: found.length }) : text("runs.cell_wrong", { truth, said, count: found.length });
    const button = element("button", {
      type: "button", class: i === j ? "diagonal" : "mistake", disabled: !found.length, title: words, "aria-label": words, text: found.length || "",
      onclick: () => open(words, found),
    });
    button.style.setProperty("--share", `${found.length ? Math.round(8 + (72 * found.length) / of(i)) : 0}%`);
    return element("td", {}, button);
  })));
  const table = element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
  return element("div", { class: "matrix" }, element("p", { class: "note", text: text("runs.matrix_note") }),
    element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": text("runs.matrix") }, table));
}

function rowsOf(job, result, rows, title) {
  const list = element("ul", { class: "gallery" }, ...rows.slice(0, SHOWN).map((row) => {
    const said = row.said.map((answer, i) => element("span", {}, result.names.length > 1 ? `${result.names[i]}: ` : "", element("b", { text: answer }), ` ${percent(row.confidence[i])}`, element("br")));
    const words = element("span", {}, text("runs.true_is", { truth: row.true }), element("br"), ...said, element("span", { class: "path", text: row.key }));
    if (result.kind !== "picture") return element("li", {}, words);
    const picture = element("img", { src: `/studio/api/runs/jobs/${job}/pictures/${row.place}?side=160`, alt: row.true, loading: "lazy" });
    picture.addEventListener("load", () => picture.classList.toggle("small", picture.naturalHeight <= 64));
    return element("li", {}, picture, words);
  }));
  const more = rows.length > SHOWN ? [element("p", { class: "note", text: text("runs.more_rows", { count: rows.length - SHOWN }) })] : [];
  return [element("h3", { text: title }), list, ...more];
}
