// Figures of the whole drive: where on the track each neuron is active, principal components, largest changes.
const MOST_PIECES = 300;  // of the path in a small map
let figuresShow = "";  // what the figures were drawn for: they take longer than all else

function drawMiniature(holder, colourAt) {
  const canvas = holder.appendChild(document.createElement("canvas")), { pen, width, height } = preparePen(canvas);
  if (hasPose) drawPath(pen, fitTrack(width, height, 5), colourAt, 3, Math.ceil(count / MOST_PIECES));
  else drawUnrolled(pen, width, height, colourAt);
}

function addNeuronMap(i) {
  const name = make("button", { type: "button", className: "plain", style: { color: roleInk(i) }, onclick: () => choose(i) }, names[i]);
  const pictures = make("div"), figure = make("figure", {}, make("figcaption", {}, name), pictures);
  byId("maps").append(figure);
  const parts = [{ words: "state", from: state, colours: VIRIDIS, factor: 1, digits: 2, unit: "" }];
  if (tau) parts.push({ words: "τ", from: tau, colours: MAGMA, factor: 1000, digits: 0, unit: " ms" });
  pictures.style.gridTemplateColumns = `repeat(${parts.length}, 1fr)`;
  for (const { words, from, colours, factor, digits, unit } of parts) {
    const holder = pictures.appendChild(make("span"));
    drawMiniature(holder, (t) => pickColour(colours, from.share(t, i)));
    holder.append(make("small", {}, `${words} ${format(factor * from.low[i], digits)}…${format(factor * from.high[i], digits)}${unit}`));
  }
}

function addMaps() {
  byId("maps").replaceChildren();
  const slow = tau ? " and by system time constant (dark: fast, light: slow)" : "";
  const what = hasPose ? "the driven track" : "the drive from start to end";
  byId("maps-note").textContent = `${what}, coloured by state (dark: low, yellow: high)${slow}`;
  for (const role of roleNames) {
    byId("maps").append(make("h3", {}, roles.filter((own) => own === role).length > 1 ? `${role} neurons` : `${role} neuron`));
    names.forEach((_, i) => { if (roles[i] === role) addNeuronMap(i); });
  }
  byId("maps").append(make("h3", {}, "first two principal components"));
  [0, 1].forEach((k) => {
    const figure = make("figure", {}, make("figcaption", {}, `PC${k + 1}: ${(100 * (data.figures.shares[k] || 0)).toFixed(1)} % of the variance`));
    byId("maps").append(figure);
    drawMiniature(figure, (t) => pickColour(VIRIDIS, components.share(t, k)));
  });
}

function drawBars(svg, values, labels, colours, words) {
  const top = Math.max(...values) || 1, left = 26, width = 530 / values.length, base = 190;
  svg.replaceChildren();
  values.forEach((v, k) => {
    const height = 160 * v / top, x = left + k * width;
    addNode(svg, "rect", { x: x + 2, y: base - height, width: Math.max(width - 4, 1), height: Math.max(height, 0.5), rx: 2, fill: colours[k] });
    if (width > 22) addNode(svg, "text", { x: x + width / 2, y: base - height - 5, "text-anchor": "middle", class: "muted" }, words(v));
    if (width > 12) addNode(svg, "text", { x: 0, y: 0, "text-anchor": "end", class: "muted",
      transform: `translate(${x + width / 2 + 4} ${base + 10}) rotate(-50)` }, labels[k]);
  });
}

addPart("figures", () => {
  const wanted = [selection, window.innerWidth, ink("ground")].join();
  if (figuresShow === wanted) return;
  figuresShow = wanted;
  addMaps();
  const shares = data.figures.shares.slice(0, 12), sizes = data.figures.changes;
  drawBars(byId("shares"), shares, shares.map((_, k) => `PC${k + 1}`), shares.map((_, k) => ink(k ? "inter" : "motor")),
    (v) => `${(100 * v).toFixed(v < 0.1 ? 1 : 0)}%`);
  const order = sortBy(range(H), (i) => -sizes[i]);
  drawBars(byId("change-bars"), order.map((i) => sizes[i]), order.map((i) => names[i]), order.map(roleInk), (v) => v.toFixed(2));
}, () => {});
