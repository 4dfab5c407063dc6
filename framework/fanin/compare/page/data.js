// The comparison as the program wrote it, and the few statistics the curves need.
const data = JSON.parse(document.getElementById("data").textContent);
const hidden = new Set();

const shownSchemes = (model) =>
  data.schemes.filter((scheme) => !hidden.has(scheme) && data.runs.some((r) => r.model === model && r.scheme === scheme));
const countedRuns = (model, scheme) =>
  data.runs.filter((r) => r.model === model && r.scheme === scheme && r.status !== "interrupted");
const summaryOf = (model, scheme) => data.summary.find((s) => s.model === model && s.scheme === scheme);

// Mean and 95 % confidence limits (Student t; data.t975[n] is the quantile for n values).
function band(values) {
  const n = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / n;
  if (n < 2) return { mean, low: mean, high: mean };
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / (n - 1);
  const half = (data.t975[Math.min(n, data.t975.length - 1)] * Math.sqrt(variance)) / Math.sqrt(n);
  return { mean, low: mean - half, high: mean + half };
}

const lastEpoch = (model) => Math.max(1, ...data.runs.filter((r) => r.model === model).map((r) => r.history.at(-1)?.epoch ?? 0));

// After it diverged or failed a run counts at chance level, as in the table.
function accuracyCurve(model, scheme) {
  const runs = countedRuns(model, scheme);
  const points = [];
  for (let epoch = 1; epoch <= lastEpoch(model); epoch++) {
    const values = runs.map((run) => {
      const record = run.history.find((h) => h.epoch === epoch);
      if (record && record.test_accuracy !== null) return record.test_accuracy;
      return run.status === "ok" ? null : data.chance;
    });
    if (values.length === 0 || values.includes(null)) continue;
    const b = band(values);
    points.push({ x: epoch, y: b.mean, low: Math.max(0, b.low), high: Math.min(1, b.high) });
  }
  return points;
}

// Geometric mean, since its axis is logarithmic. The line ends where the first seed's curve does.
function lossCurve(model, scheme) {
  const curves = countedRuns(model, scheme).map((run) => new Map(run.loss_curve));
  if (curves.length === 0) return [];
  const points = [];
  for (const step of curves[0].keys()) {
    const values = curves.map((curve) => curve.get(step));
    if (values.some((v) => v === undefined || v === null || v <= 0)) continue;
    const b = band(values.map(Math.log));
    points.push({ x: step, y: Math.exp(b.mean), low: Math.exp(b.low), high: Math.exp(b.high) });
  }
  return points;
}

// A quantity per layer, as the mean over the seeds that have it: geometric for what spans decades.
function profile(model, scheme, when, quantity, logarithmic) {
  const layers = layersOf(model);
  const runs = countedRuns(model, scheme);
  return layers.map((layer) => {
    const values = runs
      .map((run) => run[when].find((l) => l.layer === layer))
      .map((l) => (l === undefined ? null : l[quantity]))
      .filter((v) => v !== null);
    if (values.length === 0) return null;
    if (!logarithmic) return band(values).mean;
    return values.some((v) => v <= 0) ? 0 : Math.exp(band(values.map(Math.log)).mean);
  });
}

function layersOf(model) {
  const run = data.runs.find((r) => r.model === model && r.profile_start.length > 0);
  return run ? run.profile_start.map((l) => l.layer) : [];
}

const percent = (fraction, digits = 2) => (fraction === null ? "–" : (100 * fraction).toFixed(digits).replace(/^-(?=0(\.0*)?$)/, ""));
function shorten(text, length) {
  if (text.length <= length) return text;
  const tail = Math.floor((length - 1) * 0.4);
  return text.slice(0, length - 1 - tail) + "…" + text.slice(text.length - tail);
}
function number(v) {
  if (v === 0) return "0";
  const size = Math.abs(v);
  return size >= 0.001 && size < 10000 ? String(Number(v.toPrecision(3))) : v.toExponential(1).replace("e", "·10^").replace("+", "");
}
