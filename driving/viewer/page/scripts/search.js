// Search: stretches of the drive where a condition holds, such as `inter7 > 0.5 and curvature < -0.02`. Names may be shortened at the end.
let found = [];  // [first, last] ticks of the stretches

const searchable = (() => {
  const plain = (name) => name.toLowerCase().replace(/[^a-z0-9]/g, ""), known = {};
  names.forEach((name, i) => {
    known[plain(name)] = (t) => state.at(t, i);
    if (tau) known[`tau${plain(name)}`] = (t) => tau.at(t, i);
  });
  for (const name of Object.keys(series)) known[plain(name)] = (t) => value(name, t);
  return known;
})();

function findSeries(word) {
  const plain = word.toLowerCase().replace(/[^a-z0-9]/g, ""), fits = Object.keys(searchable).filter((name) => name.startsWith(plain));
  if (searchable[plain]) return searchable[plain];
  if (fits.length === 1) return searchable[fits[0]];
  throw new Error(fits.length ? `"${word}" can be ${fits.slice(0, 4).join(", ")}: write more of it`
    : `"${word}" is not known: try ${Object.keys(searchable).slice(0, 2).join(", ")}, curvature, lateral, heading, speed, steer`);
}

// Turns a condition into a function of a tick. Raises an Error that says what is wrong.
function parseCondition(text) {
  const tokens = text.match(/\d*\.?\d+(?:e[-+]?\d+)?|[a-z_][a-z_0-9]*|<=|>=|==|!=|[<>()|+*/-]|\S/gi) || [];
  const peek = () => (tokens[0] || "").toLowerCase(), take = () => tokens.shift();
  const expect = (wanted) => {
    if (peek() !== wanted) throw new Error(`expected "${wanted}" ${tokens.length ? `before "${tokens[0]}"` : "at the end"}`);
    take();
  };
  const any = () => { let left = all(); while (peek() === "or") { take(); const a = left, b = all(); left = (t) => a(t) || b(t); } return left; };
  const all = () => { let left = not(); while (peek() === "and") { take(); const a = left, b = not(); left = (t) => a(t) && b(t); } return left; };
  const not = () => { if (peek() !== "not") return comparison(); take(); const inner = not(); return (t) => !inner(t); };
  const comparisons = { "<": (a, b) => a < b, ">": (a, b) => a > b, "<=": (a, b) => a <= b, ">=": (a, b) => a >= b, "==": (a, b) => a === b,
    "!=": (a, b) => a !== b };
  const comparison = () => {
    const left = sum();
    if (!comparisons[peek()]) return left;
    const compare = comparisons[take()], right = sum();
    return (t) => compare(left(t), right(t));
  };
  const sum = () => { let left = product(); while ("+-".includes(peek()) && peek()) { const plus = take() === "+", a = left, b = product();
    left = (t) => (plus ? a(t) + b(t) : a(t) - b(t)); } return left; };
  const product = () => { let left = factor(); while ("*/".includes(peek()) && peek()) { const times = take() === "*", a = left, b = factor();
    left = (t) => (times ? a(t) * b(t) : a(t) / b(t)); } return left; };
  const factor = () => {
    if (!tokens.length) throw new Error("something is missing at the end");
    const word = take();
    if (word === "-") { const inner = factor(); return (t) => -inner(t); }
    if (word === "(") { const inner = any(); expect(")"); return inner; }
    if (word.toLowerCase() === "abs") { expect("("); const inner = any(); expect(")"); return (t) => Math.abs(inner(t)); }
    if (/^[\d.]/.test(word)) { const number = Number(word); return () => number; }
    if (/^[a-z_]/i.test(word)) return findSeries(/^\d+$/.test(tokens[0] || "") && !searchable[word.toLowerCase()] ? word + take() : word);
    throw new Error(`"${word}" is not understood`);
  };
  const whole = any();
  if (tokens.length) throw new Error(`"${tokens[0]}" is not understood here`);
  return whole;
}

// Returns the stretches [first, last] where a condition holds.
function findStretches(holds) {
  const stretches = [];
  for (let t = 0; t < count; t++) {
    if (!holds(t)) continue;
    const last = stretches[stretches.length - 1];
    if (last && last[1] === t - 1) last[1] = t; else stretches.push([t, t]);
  }
  return stretches;
}

function search() {
  const text = byId("find").value.trim();
  found = [];
  byId("find-note").textContent = "";
  try {
    if (text) found = findStretches(parseCondition(text));
    const ticks = found.reduce((sum, [first, last]) => sum + last - first + 1, 0);
    if (text) byId("find-note").textContent = `${plural(found.length, "place")}, ${(100 * ticks / count).toFixed(0)} % of the drive`;
  } catch (error) {
    byId("find-note").textContent = error.message;
  }
  byId("found").replaceChildren(...found.slice(0, 40).map(([first, last]) => make("button",
    { type: "button", className: "chip", onclick: () => { select(first, last); go(first); } },
    `${time[first].toFixed(1)}–${time[last].toFixed(1)} s`)));
  refresh();
}

// Marks the found stretches in the strips.
function drawFound(pen, x, height) {
  pen.fillStyle = ink("glow");
  for (const [first, last] of found) pen.fillRect(x(first), 0, Math.max(x(last) - x(first), 1.5), height - 18);
}
