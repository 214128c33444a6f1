// The track from above, coloured by the distance from the centre or by a neuron.
let track = null;

// The lowest and highest x and y of the path and the route.
const corners = (() => {
  const points = range(count, (t) => [value("x_m", t), value("y_m", t)]).concat(data.route || []);
  return [Math.min, Math.max].map((pick) => [0, 1].map((k) => points.reduce((best, p) => pick(best, p[k]), points[0][k])));
})();

// Returns a function from metres to pixels. A track that runs north to south lies on its side to use the width.
function fitTrack(width, height, margin) {
  const [low, high] = corners;
  const turned = high[1] - low[1] > high[0] - low[0];
  const spans = [0, 1].map((k) => Math.max(high[k] - low[k], 1));
  const scale = Math.min((width - 2 * margin) / spans[turned ? 1 : 0], (height - 2 * margin) / spans[turned ? 0 : 1]);
  return ([x, y]) => {
    const dx = (x - (low[0] + high[0]) / 2) * scale, dy = (y - (low[1] + high[1]) / 2) * scale;
    return turned ? [width / 2 + dy, height / 2 - dx] : [width / 2 + dx, height / 2 + dy];
  };
}
const placeAt = (place, t, of = drive) => place([of.value("x_m", t), of.value("y_m", t)]);

// Draws a driven path; it is cut where the car was put back. What is not selected is faint.
function drawPath(pen, place, colourAt, lineWidth, every = 1) {
  pen.lineWidth = lineWidth;
  pen.lineCap = "round";
  const jumps = new Set(data.departed);
  for (let t = 0; t + 1 < count; t += every) {
    const next = Math.min(t + every, count - 1);
    if (range(next - t, (k) => t + k).some((k) => jumps.has(k))) continue;
    pen.globalAlpha = isSelected(t) ? 1 : 0.16;
    pen.strokeStyle = colourAt(t);
    pen.beginPath();
    pen.moveTo(...placeAt(place, t));
    pen.lineTo(...placeAt(place, next));
    pen.stroke();
  }
  pen.globalAlpha = 1;
}

// Draws the drive from left to right, for a log without positions.
function drawUnrolled(pen, width, height, colourAt) {
  for (let t = 0; t < count; t++) {
    pen.globalAlpha = isSelected(t) ? 1 : 0.16;
    pen.fillStyle = colourAt(t);
    pen.fillRect(t / count * width, 8, Math.ceil(width / count), height - 16);
  }
  pen.globalAlpha = 1;
}

// What the track can be coloured by: the words of the choice, its words below the track, and the colour of a tick.
const paints = {
  centre: { words: "distance from the centre", note: () => `0 (green) to ${data.lateralTop} m (red)`,
    colour: (t) => (series.lateral_m ? pickColour(GOOD_TO_BAD, Math.abs(value("lateral_m", t)) / data.lateralTop) : ink("muted")) },
};
names.forEach((name, i) => {
  paints[name] = { words: name, note: () => `state ${format(state.low[i], 2)} (dark) to ${format(state.high[i], 2)} (yellow)`,
    colour: (t) => pickColour(VIRIDIS, state.share(t, i)) };
  if (tau) paints[`tau ${name}`] = { words: `τ of ${name}`,
    note: () => `${(1000 * tau.low[i]).toFixed(0)} (dark) to ${(1000 * tau.high[i]).toFixed(0)} ms (light)`,
    colour: (t) => pickColour(MAGMA, tau.share(t, i)) };
});
const paint = () => paints[byId("paint").value];
byId("paint").append(...Object.entries(paints).map(([key, one]) => make("option", { value: key }, one.words)));

// Returns the tick whose place is nearest to a point of the track's canvas.
function findNearest(event) {
  const box = byId("track").getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
  let best = 0, least = Infinity;
  for (let t = 0; t < count; t++) {
    const [px, py] = placeAt(track.place, t), distance = (px - x) ** 2 + (py - y) ** 2;
    if (distance < least) { least = distance; best = t; }
  }
  return best;
}

addPart("track", () => {
  if (!hasPose) return;
  track = preparePen(byId("track"));
  const { still, width, height } = track;
  track.place = fitTrack(width, height, 16);
  if (data.route) {
    still.strokeStyle = ink("line");
    still.lineWidth = 7;
    still.lineJoin = "round";
    still.beginPath();
    data.route.forEach((p, i) => still[i ? "lineTo" : "moveTo"](...track.place(p)));
    still.stroke();
  }
  if (beside) drawBesidePath(still, track.place);
  drawPath(still, track.place, paint().colour, 2.5);
  byId("paint-note").textContent = paint().note();
  still.strokeStyle = ink("warning");
  for (const t of data.departed) {
    const [x, y] = placeAt(track.place, t);
    for (const side of [-1, 1]) { still.beginPath(); still.moveTo(x - 5, y - 5 * side); still.lineTo(x + 5, y + 5 * side); still.stroke(); }
  }
}, () => {
  if (!track) return;
  track.restore();
  if (beside) drawDot(track.pen, placeAt(track.place, besideTick(now), beside), ink("beside"));
  drawDot(track.pen, placeAt(track.place, now), ink("text"));
});

function drawDot(pen, [x, y], colour) {
  pen.fillStyle = colour;
  pen.strokeStyle = ink("well");
  pen.lineWidth = 2;
  pen.beginPath();
  pen.arc(x, y, 6, 0, 7);
  pen.fill();
  pen.stroke();
}
