// A second drive on the same route, beside the first one at the same place on the road, not at the same time.
const APART_M = 0.3;  // the drives diverge where they are further apart across the lane than this
const beside = data.beside ? unpackDrive(data.beside) : null;

// The distance along the route, which goes on growing where a lap begins again.
function unrollPlace(of) {
  const places = range(of.count, (t) => of.value("s_m", t)), span = Math.max(...places) - Math.min(...places);
  let laps = 0;
  return places.map((s, t) => { if (t && s < places[t - 1] - span / 2) laps += span; return s + laps; });
}
const besidePlaces = beside ? unrollPlace(beside) : [], ownPlaces = beside ? unrollPlace(drive) : [];

// For each tick, the tick of the second drive at the same place; where it did not come so far, its last one.
const besideTicks = (() => {
  let k = 0;
  return ownPlaces.map((s) => {
    while (k + 1 < besidePlaces.length && Math.abs(besidePlaces[k + 1] - s) <= Math.abs(besidePlaces[k] - s)) k++;
    return k;
  });
})();
const besideTick = (t) => besideTicks[t];
const reached = (t) => besidePlaces[besidePlaces.length - 1] >= ownPlaces[t] - 1;
const divergence = beside ? range(count, (t) => (reached(t) ? Math.abs(value("lateral_m", t) - beside.value("lateral_m", besideTick(t))) : NaN)) : [];
const divergent = beside ? findStretches((t) => divergence[t] > APART_M) : [];

function drawBesidePath(pen, place) {
  const jumps = new Set(beside.departed);
  pen.strokeStyle = ink("beside");
  pen.lineWidth = 1.5;
  pen.beginPath();
  for (let t = 0; t < beside.count; t++) pen[t && !jumps.has(t - 1) ? "lineTo" : "moveTo"](...placeAt(place, t, beside));
  pen.stroke();
}

let besideChart = null;

// The first tick at the place on the road that a point of the chart shows, or further on.
function tickAlong(event) {
  const x = event.clientX - byId("beside-chart").getBoundingClientRect().left, first = ownPlaces.findIndex((s) => besideChart.x(s) >= x);
  return first < 0 ? count - 1 : first;
}
addPart("beside", () => {
  byId("beside").hidden = !beside;
  if (!beside) return;
  byId("beside-title").textContent = `${beside.title}  ·  ${beside.facts}`;
  besideChart = preparePen(byId("beside-chart"));
  const { still, width, height } = besideChart, end = Math.max(ownPlaces[count - 1], besidePlaces[beside.count - 1]), from = ownPlaces[0];
  const x = (s) => 44 + (s - from) / (end - from || 1) * (width - 52);
  besideChart.x = x;
  still.fillStyle = ink("glow");
  for (const [first, last] of divergent) still.fillRect(x(ownPlaces[first]), 0, Math.max(x(ownPlaces[last]) - x(ownPlaces[first]), 2), height - 16);
  const lines = [["lateral_m", "off centre", 0.27], ["steer", "steer", 0.72]];
  for (const [name, words, middle] of lines) {
    const scale = Math.max(...[drive, beside].map((of) => Math.max(Math.abs(of.series[name].low[0]), Math.abs(of.series[name].high[0])))) || 1;
    still.fillStyle = ink("muted");
    still.font = "11px system-ui, sans-serif";
    still.fillText(words.split(" ")[0], 4, middle * height);
    for (const [of, places, colour] of [[beside, besidePlaces, "beside"], [drive, ownPlaces, "motor"]]) {
      still.strokeStyle = ink(colour);
      drawLine(still, (t) => x(places[t]), (t) => middle * height - 0.2 * height * of.value(name, t) / scale, of.count, new Set(of.departed));
    }
  }
  if (selection) {
    const [first, last] = selection.map((t) => x(ownPlaces[t]));
    still.fillStyle = ink("veil");
    still.fillRect(0, 0, first, height);
    still.fillRect(last, 0, width - last, height);
  }
  still.fillStyle = ink("muted");
  for (let s = Math.ceil(from / 100) * 100; s <= end; s += Math.max(100, Math.round((end - from) / 800) * 100)) still.fillText(`${s} m`, x(s),
    height - 3);
  const worst = divergence.reduce((best, v, t) => (v > (divergence[best] || 0) ? t : best), 0);
  const places = `in ${plural(divergent.length, "place")}, most at ${ownPlaces[worst].toFixed(0)} m: ${(divergence[worst] || 0).toFixed(2)} m`;
  const words = `They are ${divergent.length ? "" : "never "}more than ${APART_M} m apart across the lane${divergent.length ? ` ${places}` : ""}.`;
  byId("divergences").replaceChildren(make("p", {}, words), ...divergent.slice(0, 12).map(([first]) => make("button",
    { type: "button", className: "chip", onclick: () => go(first) }, `${ownPlaces[first].toFixed(0)} m`)));
}, () => {
  if (!beside) return;
  const t = besideTick(now), frame = findFrame(t, beside.frames.at), picture = byId("beside-camera");
  if (picture.dataset.frame !== String(frame)) { picture.src = frameUrl(beside.frames.pictures, frame); picture.dataset.frame = String(frame); }
  besideChart.restore();
  besideChart.pen.fillStyle = ink("text");
  besideChart.pen.fillRect(besideChart.x(ownPlaces[now]) - 0.75, 0, 1.5, besideChart.height - 16);
  const pair = (name, digits) => `${formatSigned(value(name, now), digits)} | ${formatSigned(beside.value(name, t), digits)}`;
  const there = `off centre ${pair("lateral_m", 2)} m, steer ${pair("steer", 3)}, at ${time[now].toFixed(1)} | ${beside.time[t].toFixed(1)} s`;
  byId("beside-numbers").textContent = reached(now) ? `at ${ownPlaces[now].toFixed(0)} m: ${there}` : "the second drive did not come so far";
});
