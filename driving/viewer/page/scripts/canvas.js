// Elements, pens and colours.
let inks = {};  // the colours of page.css, kept because they are read at each tick; emptied when the theme changes
const ink = (name) => (inks[name] ??= getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim());
const roleInk = (i) => ink(roles[i]) || ink("hidden");

const VIRIDIS = [[68, 1, 84], [65, 68, 135], [42, 120, 142], [34, 168, 132], [122, 209, 81], [253, 231, 37]];
const MAGMA = [[28, 16, 68], [114, 31, 129], [182, 54, 121], [241, 96, 93], [254, 175, 119], [252, 253, 191]];
const GOOD_TO_BAD = [[74, 201, 178], [247, 209, 84], [255, 92, 87]];
function pickColour(colours, share) {
  const place = clamp(share, 0, 1) * (colours.length - 1), i = Math.min(Math.floor(place), colours.length - 2), f = place - i;
  return `rgb(${[0, 1, 2].map((k) => Math.round(colours[i][k] + (colours[i + 1][k] - colours[i][k]) * f)).join(",")})`;
}

function addNode(parent, kind, attributes, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [key, item] of Object.entries(attributes)) node.setAttribute(key, item);
  if (text !== undefined) node.textContent = text;
  parent.appendChild(node);
  return node;
}

// Makes an element with properties and children (elements or text).
function make(kind, properties = {}, ...children) {
  const { style, data: dataset, ...rest } = properties, node = Object.assign(document.createElement(kind), rest);
  Object.assign(node.style, style || {});
  Object.assign(node.dataset, dataset || {});
  node.append(...children);
  return node;
}

// Fits a canvas to its place at the screen's full resolution. What `still` has drawn is copied below what moves by `restore`.
function preparePen(canvas) {
  const scale = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  const layers = [canvas, document.createElement("canvas")].map((layer) => {
    layer.width = Math.max(Math.round(width * scale), 1);
    layer.height = Math.max(Math.round(height * scale), 1);
    const pen = layer.getContext("2d");
    pen.scale(scale, scale);
    pen.font = "12px system-ui, sans-serif";
    return pen;
  });
  const restore = () => { layers[0].clearRect(0, 0, width, height); layers[0].drawImage(layers[1].canvas, 0, 0, width, height); };
  return { pen: layers[0], still: layers[1], restore, width, height };
}

// Draws a line over the ticks, cut after those in `cuts`.
function drawLine(pen, x, y, ticks = count, cuts = new Set()) {
  pen.lineWidth = 1.2;
  pen.beginPath();
  for (let t = 0; t < ticks; t++) pen[t && !cuts.has(t - 1) ? "lineTo" : "moveTo"](x(t), y(t));
  pen.stroke();
}

// Calls `drag(first, last, isDone)` while and after dragging over an element, with what `find` makes of the events, and `click` without a drag.
function watchDrags(element, find, drag, click) {
  let start = null, moved = false;
  element.addEventListener("pointerdown", (event) => { start = find(event); moved = false; element.setPointerCapture(event.pointerId); });
  const tell = (event, isDone) => { const end = find(event); drag(Math.min(start, end), Math.max(start, end), isDone); };
  element.addEventListener("pointermove", (event) => {
    if (start === null) return;
    moved = moved || Math.abs(find(event) - start) > 1;
    if (moved) tell(event, false);
  });
  element.addEventListener("pointerup", (event) => {
    if (start !== null && moved) tell(event, true); else if (start !== null) click(find(event));
    start = null;
  });
  element.addEventListener("pointercancel", () => { start = null; });
}
