// The list: two are ticked to be put side by side, and what changes while runs go on is shown as it changes.
import { ask, percent, text } from "../striate.js";

const table = document.getElementById("runs");

function ticked() {
  document.getElementById("compare").disabled = table.querySelectorAll("input:checked").length !== 2;
}

async function look() {
  const { runs } = await ask("runs/states").catch(() => ({ runs: [] }));
  for (const run of runs) {
    const row = [...table.tBodies[0].rows].find((one) => one.dataset.name === run.name);
    if (!row) continue;
    const state = row.querySelector("[data-figure=state]");
    state.querySelector(".mark").className = `mark ${run.state}`;
    state.childNodes[1].textContent = text(`runs.state_${run.state}`);
    const reason = state.querySelector("small");
    if (reason) reason.textContent = run.reason;
    if (run.accuracy !== null) {
      row.querySelector("[data-figure=accuracy]").textContent = percent(run.accuracy);
      row.querySelector("input").disabled = false;
    }
  }
  if (runs.some((run) => run.state === "unfinished")) setTimeout(look, 3000);
}

if (table) {
  table.addEventListener("change", ticked);
  ticked();
  if (table.querySelector(".mark.unfinished")) setTimeout(look, 3000);
}
