// What a browser knows of a page once it is laid out; run in the page, returns what is wrong as text.
(() => {
  const channels = (text) => {
    const found = text.match(/[\d.]+/g).map(Number);
    return { rgb: found.slice(0, 3), alpha: found.length > 3 ? found[3] : 1 };
  };
  const over = (top, alpha, below) => top.map((value, i) => value * alpha + below[i] * (1 - alpha));
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((value) => value / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  // WCAG 2.2, relative luminance and contrast ratio.
  const ratio = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  const canvas = () => (matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18] : [255, 255, 255]);
  const ground = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.push(channels(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((below, { rgb, alpha }) => over(rgb, alpha, below), canvas());
  };
  const opacity = (element) => {
    let whole = 1;
    for (let at = element; at; at = at.parentElement) whole *= Number(getComputedStyle(at).opacity);
    return whole;
  };
  const shown = (element) => {
    const box = element.getBoundingClientRect(), style = getComputedStyle(element);
    return box.width > 1 && box.height > 1 && style.visibility === "visible" && box.right > 0 && box.bottom > 0;
  };
  const wrong = [];

  document.querySelectorAll("details").forEach((part) => { part.open = true; });
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || seen.has(element) || element.closest("script,style,title,desc,option")) continue;
    seen.add(element);
    if (!shown(element)) continue;
    const style = getComputedStyle(element), inDrawing = element instanceof SVGElement;
    const { rgb, alpha } = channels(inDrawing ? style.fill : style.color), below = ground(element);
    const found = ratio(over(rgb, alpha * opacity(element), below), below);
    const size = parseFloat(style.fontSize), bold = Number(style.fontWeight) >= 700;
    const least = size >= 24 || (bold && size >= 18.66) ? 3 : 4.5;
    if (found < least) wrong.push(`contrast ${found.toFixed(2)} < ${least}: "${walker.currentNode.data.trim().slice(0, 40)}"`);
  }

  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) wrong.push(`scrolls sideways: ${root.scrollWidth} px in ${root.clientWidth} px`);

  for (const table of document.querySelectorAll("table")) {
    const name = table.caption?.textContent.trim() || "?";
    if (name === "?") wrong.push(`a table without a caption: ${table.textContent.trim().slice(0, 40)}`);
    for (const head of table.querySelectorAll("th")) {
      if (!["col", "row"].includes(head.getAttribute("scope"))) wrong.push(`${name}: a header without scope`);
    }
    if (!table.querySelector("th[scope=col]")) wrong.push(`${name}: no column header`);
  }

  const first = document.querySelector("a,button,input");
  if (first?.getAttribute("href") !== "#main" || !document.getElementById("main")) wrong.push("no skip link comes first");
  if (!root.lang) wrong.push("no language");
  if (!document.title.trim()) wrong.push("no title");
  if (document.querySelectorAll("h1").length !== 1) wrong.push("not one h1");
  for (const field of document.querySelectorAll("button,a[href],input")) {
    const label = field.getAttribute("aria-label") || field.closest("label")?.textContent || field.textContent;
    if (!field.hidden && !label.trim()) wrong.push(`no name: ${field.outerHTML.slice(0, 60)}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of new Set(ids)) if (ids.filter((one) => one === id).length > 1) wrong.push(`id ${id} twice`);
  return wrong;
})()
