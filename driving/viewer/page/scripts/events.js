// The moments of the drive that are worth a look, in order of time: a list, and keys that jump between them.
const MOST_EVENTS = 5, APART_S = 3, SHADE = 0.25, SHADE_S = 1;

// The ticks at which |values| is greatest, at least APART_S apart.
function findPeaks(values, kind, words, floor = 0) {
  const kept = [];
  for (const t of sortBy(range(count), (t) => -Math.abs(values[t]))) {
    if (kept.length === MOST_EVENTS || !(Math.abs(values[t]) > floor)) break;
    if (kept.every((other) => Math.abs(time[other] - time[t]) >= APART_S)) kept.push(t);
  }
  return kept.map((t) => ({ t, kind, words: words(values[t]) }));
}
const column = (name) => (series[name] ? range(count, (t) => value(name, t)) : null);

const events = (() => {
  const found = data.departed.map((t) => ({ t, kind: "departure", words: "the car leaves its lane" }));
  const lateral = column("lateral_m"), bend = column("curvature_per_m"), steer = column("steer"), bright = column("brightness");
  if (lateral) found.push(...findPeaks(lateral, "off centre", (v) => `${Math.abs(v).toFixed(2)} m ${v > 0 ? "right" : "left"} of the centre`, 0.02));
  const turns = steer.map((v, t) => (t && !data.departed.includes(t - 1) ? v - steer[t - 1] : 0));
  found.push(...findPeaks(turns, "steering", (v) => `the steer changes by ${formatSigned(v, 3)} in a tick`, 0.005));
  if (bend) found.push(...findPeaks(bend, "bend", (v) => `a ${v > 0 ? "right" : "left"} bend of ${(1 / Math.abs(v)).toFixed(0)} m radius`, 0.002));
  if (bright) {
    const back = Math.max(1, Math.round(SHADE_S / (stepTimes[Math.min(1, count - 1)] || 0.1)));
    const shade = bright.map((v, t) => (t >= back && bright[t - back] > 0 ? v / bright[t - back] - 1 : 0));
    found.push(...findPeaks(shade, "light", (v) => (v < 0 ? `into shade: ${(-100 * v).toFixed(0)} % darker`
      : `into light: ${(100 * v).toFixed(0)} % brighter`), SHADE));
  }
  return found.sort((a, b) => a.t - b.t);
})();

// Jumps to the next (1) or the previous (-1) event or found stretch of the selection.
function jump(way) {
  const stops = [...events.map((event) => event.t), ...found.map(([first]) => first)].filter(isSelected).sort((a, b) => a - b);
  const next = way > 0 ? stops.find((t) => t > now) : stops.reverse().find((t) => t < now);
  if (next !== undefined) go(next);
}

addPart("events", () => {
  const line = ({ t, kind, words }) => make("li", { data: { tick: t } },
    make("button", { type: "button", className: "plain", onclick: () => go(t) }, `${time[t].toFixed(1)} s`), make("b", { data: { kind } }, kind),
    words);
  byId("events").replaceChildren(...events.filter(({ t }) => isSelected(t)).map(line));
}, () => {
  for (const item of byId("events").children) item.classList.toggle("here", Math.abs(time[item.dataset.tick] - time[now]) < 0.5);
});
