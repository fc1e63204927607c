"use strict";
const { sections, maps, words } = JSON.parse(document.getElementById("data").textContent);
const tip = document.getElementById("tip"), spoken = document.getElementById("spoken");
const dialog = document.getElementById("large"), zoom = dialog.querySelector(".zoom");
const SVG = "http://www.w3.org/2000/svg", FONT = 12, EDGE = 4, RISE = Math.sin(Math.PI / 3);
let current = null; // the picture whose cell the tooltip shows

function numberOf(value) {
  return value === null ? words.masked : typeof value === "string" ? words[value] : String(value);
}

function element(name, attributes, parent) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent.append(made);
  return made;
}

function cellUnder(picture, event) {
  const { map, svg, x, y, cell } = picture;
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  const row = Math.floor((point.y - y) / cell), column = Math.floor((point.x - x) / cell);
  return row >= 0 && row < map.values.length && column >= 0 && column < map.values[0].length ? [row, column] : null;
}

function show(picture, row, column, aloud) {
  const { map, svg, x, y, cell } = picture, { rows, columns } = sections[map.section];
  if (current !== picture) hide();
  current = Object.assign(picture, { row, column });
  const lines = [rows[row], columns[column], numberOf(map.values[row][column])];
  tip.textContent = (picture.enlarges ? [map.title, ...lines] : lines).join("\n"); // the dialog shows the title
  if (aloud) spoken.textContent = lines.join(", ");
  const place = { x: x + column * cell, y: y + row * cell, width: cell, height: cell };
  picture.marks ??= ["outer", "inner"].map((kind) => element("rect", { class: kind }, svg));
  for (const mark of picture.marks) for (const key in place) mark.setAttribute(key, place[key]);
  tip.hidden = false;
  put();
}

// The tooltip below its cell and to the right, away from the labels; on the other side where there is no room, and
// never outside the window
function put() {
  const cell = current.marks[0].getBoundingClientRect(), box = tip.getBoundingClientRect();
  const width = document.documentElement.clientWidth, height = window.innerHeight;
  const beside = (start, end, size, room) => {
    const place = end + size + 2 * EDGE <= room ? end + EDGE : start - size - EDGE;
    return `${Math.max(EDGE, Math.min(place, room - size - EDGE))}px`;
  };
  tip.style.top = beside(cell.top, cell.bottom, box.height, height);
  tip.style.left = beside(cell.left, cell.right, box.width, width);
}

function hide() {
  tip.hidden = true;
  current?.marks?.forEach((mark) => mark.remove());
  if (current) current.marks = undefined;
  current = null;
}

const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
  Home: [0, -Infinity], End: [0, Infinity], PageUp: [-Infinity, 0], PageDown: [Infinity, 0] };

function pressed(picture, event) {
  const move = MOVES[event.key], { map, row, column } = picture;
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (move) {
    const last = [map.values.length - 1, map.values[0].length - 1];
    const [down, right] = [row + move[0], column + move[1]].map((i, n) => Math.max(0, Math.min(i, last[n])));
    show(picture, down, right, true);
    picture.marks[0].scrollIntoView({ block: "nearest", inline: "nearest" });
    put();
  } else if ((event.key === "Enter" || event.key === " ") && picture.enlarges) {
    enlarge(picture);
  } else if (event.key === "Escape" && picture.enlarges) {
    hide();
  } else {
    return;
  }
  event.preventDefault();
}

// Makes a picture of a map answer to a pointer, to a finger and to keys
function awake(picture) {
  const { box } = picture;
  Object.assign(picture, { row: 0, column: 0, touched: false });
  box.setAttribute("role", "application"); // its keys are its own
  box.addEventListener("pointerdown", (event) => { picture.touched = event.pointerType === "touch"; });
  box.addEventListener("pointermove", (event) => {
    if (event.pointerType === "touch") return;
    const cell = cellUnder(picture, event);
    if (cell) show(picture, ...cell); else hide();
  });
  box.addEventListener("pointerleave", (event) => { if (event.pointerType !== "touch") hide(); });
  box.addEventListener("click", (event) => {
    const cell = cellUnder(picture, event);
    if (!cell) hide();
    else if (picture.touched || !picture.enlarges) show(picture, ...cell, true);
    else enlarge(picture);
  });
  box.addEventListener("keydown", (event) => pressed(picture, event));
  box.addEventListener("focus", () => {
    if (box.matches(":focus-visible")) show(picture, picture.row, picture.column, true);
  });
  box.addEventListener("blur", () => { if (current === picture) hide(); });
}

// The labels of a side of the enlarged map, and how long the longest is
function measured(labels) {
  const ruler = document.createElement("canvas").getContext("2d");
  ruler.font = `${FONT}px ${getComputedStyle(zoom).fontFamily}`;
  return Math.max(...labels.map((label) => ruler.measureText(label).width));
}

function enlarge({ map, svg }) {
  const { row_labels: down, column_labels: over } = sections[map.section];
  const left = Math.ceil(measured(down)) + 2 * EDGE, longest = measured(over);
  const top = Math.ceil(longest * RISE) + FONT + EDGE, slant = Math.ceil(longest / 2) + FONT;
  const room = [window.innerWidth - left - slant - 56, window.innerHeight - top - 96];
  const fit = Math.min(room[0] / over.length, room[1] / down.length);
  const cell = Math.max(14, Math.min(40, Math.floor(fit))), width = over.length * cell, height = down.length * cell;
  hide();
  document.getElementById("large-title").textContent = map.title;
  zoom.replaceChildren();
  zoom.style.gridTemplate = `${top}px ${height}px / ${left}px ${width + slant}px`;
  zoom.style.scrollPadding = `${top}px 0 0 ${left}px`; // a cell is not scrolled to under the labels
  const corner = document.createElement("div");
  corner.className = "corner";
  zoom.append(corner);
  const heads = element("svg", { class: "over", width: width + slant, height: top, "aria-hidden": true }, zoom);
  over.forEach((label, i) => {
    const x = (i + 0.5) * cell + FONT / 3, y = top - EDGE;
    element("text", { x, y, transform: `rotate(-60 ${x} ${y})` }, heads).textContent = label;
  });
  const sides = element("svg", { class: "down", width: left, height, "aria-hidden": true }, zoom);
  down.forEach((label, i) => {
    const at = { x: left - EDGE, y: (i + 0.5) * cell + FONT / 3, "text-anchor": "end" };
    element("text", at, sides).textContent = label;
  });
  const box = document.createElement("div");
  Object.assign(box, { className: "cells", tabIndex: 0 });
  box.setAttribute("aria-label", map.title);
  box.setAttribute("aria-describedby", "keys");
  box.setAttribute("aria-roledescription", words.map);
  zoom.append(box);
  const large = element("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": true }, box);
  element("rect", { width, height, fill: "url(#hatch)" }, large);
  const cells = svg.querySelector("g").cloneNode(true);
  cells.setAttribute("transform", `scale(${cell})`);
  large.append(cells);
  dialog.append(tip, spoken); // what lies outside an open dialog is hidden behind it
  awake({ map, box, svg: large, x: 0, y: 0, cell, enlarges: false });
  dialog.showModal();
  zoom.scrollTo(0, 0);
  box.focus();
}

dialog.addEventListener("close", () => {
  hide();
  zoom.replaceChildren();
  document.querySelector("main").append(tip, spoken);
});
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
document.getElementById("close").addEventListener("click", () => dialog.close());
document.addEventListener("scroll", () => { if (current) put(); }, { capture: true, passive: true });
window.addEventListener("resize", () => { if (current) put(); });
document.addEventListener("pointerdown", (event) => { if (!event.target.closest(".cells")) hide(); });
document.querySelectorAll(".map").forEach((figure, i) => {
  const box = figure.querySelector(".cells"), { x, y, cell } = maps[i];
  const picture = { map: maps[i], box, svg: box.querySelector("svg"), x, y, cell, enlarges: true };
  awake(picture);
  figure.querySelector("button").addEventListener("click", () => { box.focus(); enlarge(picture); });
});
