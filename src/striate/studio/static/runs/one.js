// One run: its curves, which grow while another process trains it, the candidates of its tournament, and its answers.
import { ask, element, number, percent, text } from "../striate.js";
import { answersOn } from "./answers.js";
import { drawCurves } from "./charts.js";

const section = document.getElementById("learning");
/** Seconds without a word after which a run is taken for interrupted, and how it goes on is shown. */
const SILENT = 60;

async function look() {
  let found;
  try {
    found = await ask(`runs/learning/${encodeURIComponent(section.dataset.name)}`);
  } catch {
    setTimeout(look, 10_000); // the studio may be starting again
    return;
  }
  const drawn = drawCurves(document.getElementById("charts"), [found]);
  showCandidates(found.candidates);
  section.hidden = !drawn && !found.candidates.length;
  const ago = found.written_ago === null ? "" : text("runs.written_ago", { seconds: number(Math.round(found.written_ago)) });
  document.getElementById("candidate").textContent = found.state === "unfinished"
    ? [found.candidate ? text("runs.tried_now", { name: found.candidate }) : "", ago].filter(Boolean).join(" · ") : "";
  const resume = document.getElementById("resume");
  if (resume) resume.hidden = found.written_ago !== null && found.written_ago < SILENT;
  if (document.getElementById("epochs") && found.state === "unfinished") document.getElementById("epochs").textContent = String(found.rows.length);
  if (found.state === "unfinished") setTimeout(look, 2000);
  else if (look.before === "unfinished") location.reload();
  look.before = found.state;
}

function showCandidates(candidates) {
  const place = document.getElementById("candidates");
  if (!candidates.length) return;
  const rows = candidates.map((one) => element("tr", { class: one.best ? "best" : "" },
    element("th", { scope: "row", class: "words", text: `${one.name}${one.best ? ` ← ${text("runs.best")}` : ""}` }),
    element("td", { text: one.accuracy === null ? "" : percent(one.accuracy) }),
    element("td", { text: one.interval.length ? `${percent(one.interval[0])} – ${percent(one.interval[1])}` : "" }),
    element("td", { class: "words", text: text(`runs.entry_${one.state}`) })));
  const head = element("tr", {}, ...["candidate", "accuracy", "interval", "state"].map((key) => element("th", { scope: "col", text: text(`runs.${key}`) })));
  place.replaceChildren(element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": text("runs.candidate") },
    element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows))));
}

const button = document.getElementById("answer");
if (button) answersOn(button, document.getElementById("answers"));
look();
