// The states over the drive, one strip per neuron, and the steering below. Click to go there, drag to select.
const ROW = 22, LEFT = 98;
let strips = null, rows = range(H);

const orders = {
  "by role": () => roleNames.flatMap((role) => range(H).filter((i) => roles[i] === role)),
  "by first response": () => sortBy(range(H), firstResponse),
  "by similarity": () => chainBySimilarity(),
};
byId("sort").append(...Object.keys(orders).map((words) => make("option", {}, words)));
const sortBy = (items, key) => items.map((item) => [key(item), item]).sort((a, b) => a[0] - b[0]).map(([, item]) => item);

// The first selected tick at which a neuron has moved by half of its usual range from where it was.
function firstResponse(i) {
  const ticks = selectedTicks(), from = lit(ticks[0], i);
  const first = ticks.findIndex((t) => Math.abs(lit(t, i) - from) > 0.5);
  return first < 0 ? count : first;
}

// Returns the correlation of two series over the selected ticks, 0 where one does not change.
function correlate(a, b) {
  const ticks = selectedTicks(), n = ticks.length, x = ticks.map(a), y = ticks.map(b);
  const mx = x.reduce((s, v) => s + v, 0) / n, my = y.reduce((s, v) => s + v, 0) / n;
  let xy = 0, xx = 0, yy = 0;
  for (let k = 0; k < n; k++) { xy += (x[k] - mx) * (y[k] - my); xx += (x[k] - mx) ** 2; yy += (y[k] - my) ** 2; }
  return xx > 1e-12 && yy > 1e-12 ? xy / Math.sqrt(xx * yy) : 0;
}

// Starts at the motor neuron (or the first one), and goes on each time to the neuron whose state is most alike.
function chainBySimilarity() {
  const order = [motor < 0 ? 0 : motor], left = new Set(range(H).filter((i) => i !== order[0]));
  while (left.size) {
    const last = order[order.length - 1], like = (i) => -correlate((t) => state.at(t, last), (t) => state.at(t, i));
    order.push(sortBy([...left], like)[0]);
    left.delete(order[order.length - 1]);
  }
  return order;
}

// Whether a change moves a neuron by more than a hundredth of its range.
function isMoved(i) {
  const least = 0.01 * (state.high[i] - state.low[i]) + 1e-4;
  for (let t = 0; t < count; t++) if (Math.abs(changed.states[t * H + i] - asDriven.states[t * H + i]) > least) return true;
  return false;
}

const tickAcross = (event) => {
  const across = (event.clientX - byId("strips").getBoundingClientRect().left - LEFT) / strips.span;
  return findTick(time[0] + clamp(across, 0, 1) * (time[count - 1] - time[0]), count - 1);
};

addPart("strips", () => {
  rows = orders[byId("sort").value]();
  byId("strips").style.height = `${H * ROW + 96}px`;
  strips = preparePen(byId("strips"));
  const { still, width, height } = strips, span = width - LEFT - 8;
  const x = (t) => LEFT + (time[t] - time[0]) / (time[count - 1] - time[0] || 1) * span;
  Object.assign(strips, { x, span });
  drawFound(still, x, height);
  rows.forEach((i, row) => {
    still.fillStyle = still.strokeStyle = roleInk(i);
    still.fillText(names[i], 8, row * ROW + 16);
    drawLine(still, x, (t) => row * ROW + 19 - 16 * state.share(t, i));
    if (changed && isMoved(i)) {
      const low = state.low[i], span = state.high[i] - low || 1;
      still.strokeStyle = ink("changed");
      drawLine(still, x, (t) => row * ROW + 19 - 16 * clamp((changed.states[t * H + i] - low) / span, -0.15, 1.15));
    }
  });
  drawSteering(still, x, H * ROW + 6);
  drawSeconds(still, x, H * ROW + 90);
  for (const t of data.departed) { still.fillStyle = ink("warning"); still.fillRect(x(t), 0, 1.5, H * ROW + 74); }
  if (selection) {
    still.fillStyle = ink("veil");
    still.fillRect(LEFT, 0, x(selection[0]) - LEFT, height);
    still.fillRect(x(selection[1]), 0, width - x(selection[1]), height);
  }
}, () => {
  const { pen, x, height, width, restore } = strips, row = rows.indexOf(focus());
  restore();
  if (row >= 0) { pen.fillStyle = ink("glow"); pen.fillRect(0, row * ROW, width, ROW); }
  pen.fillStyle = ink("text");
  pen.fillRect(x(now) - 0.75, 0, 1.5, height - 18);
});

function drawSteering(pen, x, top) {
  const shown = ["steer", "label_steer"].filter((name) => series[name]);
  const scale = Math.max(...shown.map((name) => Math.max(Math.abs(series[name].low[0]), Math.abs(series[name].high[0])))) || 1;
  pen.fillStyle = ink("motor");
  pen.fillText(steerNames.steer, 8, top + 22);
  pen.fillStyle = pen.strokeStyle = ink("muted");
  if (series.label_steer) { pen.fillText(steerNames.label, 8, top + 38); drawLine(pen, x, (t) => top + 32 - 28 * value("label_steer", t) / scale); }
  pen.strokeStyle = ink("motor");
  drawLine(pen, x, (t) => top + 32 - 28 * value("steer", t) / scale);
  if (!changed) return;
  pen.fillStyle = pen.strokeStyle = ink("changed");
  pen.fillText("changed", 8, top + 54);
  drawLine(pen, x, (t) => top + 32 - 28 * clamp(toSteer(changed.outs[t], t) / scale, -1.1, 1.1));
}

function drawSeconds(pen, x, y) {
  const whole = time[count - 1] - time[0], gap = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600].find((s) => whole / s <= 8) || 1200;
  pen.fillStyle = ink("muted");
  pen.textAlign = "center";
  for (let s = 0; s <= whole; s += gap) pen.fillText(`${s} s`, x(findTick(time[0] + s, count - 1)), y);
  pen.textAlign = "start";
}
