// Before the page is drawn, so that it does not flash: the brightness that was chosen, else the system's.
const chosen = localStorage.getItem("striate-theme");
if (chosen) document.documentElement.dataset.theme = chosen;
addEventListener("DOMContentLoaded", () => {
  document.getElementById("theme").addEventListener("click", () => {
    const dark = getComputedStyle(document.documentElement).colorScheme === "dark"
      || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
    const next = dark ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    localStorage.setItem("striate-theme", next);
    dispatchEvent(new Event("themechange"));
  });
});
