// Reloads a page that says how often, unless the reader has paused it or asked for less motion; keeps folded sections as they
// were over a reload. What the reader chose is remembered in this browser.
"use strict";
const PAUSED = "precall-refresh-paused";

function remembered(key) {
  try { return localStorage.getItem(key); } catch { return null; }
}

function remember(key, value) {
  try { localStorage.setItem(key, value); } catch { /* private browsing: the choice holds for this page */ }
}

function refreshing() {
  const seconds = Number(document.body.dataset.refreshS), button = document.getElementById("refresh");
  if (!seconds || !button) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let paused = (remembered(PAUSED) ?? (calm ? "yes" : "no")) === "yes", timer = 0;
  function show() {
    clearTimeout(timer);
    button.textContent = paused ? "Resume refresh" : "Pause refresh";
    button.title = paused ? "This page stands still" : `This page is loaded anew every ${seconds} s`;
    document.body.dataset.refresh = paused ? "paused" : "on";
    if (!paused) timer = setTimeout(() => location.reload(), seconds * 1000);
  }
  button.addEventListener("click", () => {
    paused = !paused;
    remember(PAUSED, paused ? "yes" : "no");
    show();
  });
  button.hidden = false;
  show();
}

function folding() {
  for (const part of document.querySelectorAll("details[id]")) {
    const key = `precall-open-${part.id}`;
    if (remembered(key) !== null) part.open = remembered(key) === "yes";
    part.addEventListener("toggle", () => remember(key, part.open ? "yes" : "no"));
  }
}

folding();
refreshing();
