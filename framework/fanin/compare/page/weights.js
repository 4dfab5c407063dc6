// Histograms of the weights before and after training, and the first layer's filters as images.
const detailRun = (model, scheme, has) => data.runs.find((r) => r.model === model && r.scheme === scheme && has(r));
const snapshot = (model, scheme, name) =>
  detailRun(model, scheme, (r) => r.parameters.some((p) => p.name === name))?.parameters.find((p) => p.name === name);

function parameterNames(model) {
  return [...new Set(data.runs.filter((r) => r.model === model).flatMap((r) => r.parameters.map((p) => p.name)))];
}

// Corners of the histogram's outline, scaled so that its highest bin is 1.
function outline(histogram, spread) {
  let { low, high } = histogram;
  const counts = histogram.counts;
  const peak = Math.max(...counts);
  if (counts.length === 0 || !(peak > 0) || low === null || high === null) return [];
  if (!(high > low)) [low, high] = [low - spread, high + spread];
  const width = (high - low) / counts.length;
  const points = [{ x: low, y: 0 }];
  counts.forEach((count, i) => points.push({ x: low + i * width, y: count / peak }, { x: low + (i + 1) * width, y: count / peak }));
  return [...points, { x: high, y: 0 }];
}

function drawHistogram(box, parameter, c, large) {
  const ranges = [parameter.before, parameter.after].filter((h) => h.counts.length > 0 && h.low !== null && h.high !== null);
  const span = Math.max(0, ...ranges.map((h) => h.high - h.low));
  const spread = span > 0 ? span / 100 : 0.01;
  const outlines = [parameter.before, parameter.after].map((h) => outline(h, spread));
  const xs = outlines.flat().map((p) => p.x);
  const shape = (label, data, stroke, fill) => ({
    label, data, borderColor: stroke, backgroundColor: fill, borderWidth: 1.5,
    pointRadius: 0, pointHitRadius: large ? 6 : 0, fill: "origin",
  });
  drawChart(box, {
    type: "line",
    data: {
      datasets: [
        shape("before", outlines[0], css("--soft"), faded(css("--soft"), 0.25)),
        shape("after", outlines[1], c, faded(c, 0.3)),
      ],
    },
    options: options({
      interaction: { mode: "nearest", intersect: false },
      events: large ? undefined : [],
      scales: {
        x: axis(large ? "weight" : "", {
          type: "linear", min: Math.min(...xs), max: Math.max(...xs),
          ticks: { maxTicksLimit: large ? 9 : 5, includeBounds: false, callback: number }, grid: { display: large },
        }),
        y: axis(large ? "frequency (peak = 1)" : "", { min: 0, max: 1.04, display: large }),
      },
      plugins: { tooltip: tooltip((item) => ` ${item.dataset.label}: ${number(item.parsed.x)}`, () => parameter.name) },
    }),
  });
}

function drawHistograms(box, model, name, chosen) {
  const schemes = shownSchemes(model).filter((s) => (chosen === "" || s === chosen) && snapshot(model, s, name));
  const one = chosen !== "";
  box.className = one ? "panels one" : "panels";
  box.replaceChildren();
  for (const scheme of schemes) {
    const parameter = snapshot(model, scheme, name);
    const chart = element("div", { class: "chart" });
    chart.dataset.label = `weights of ${name} under ${scheme}`;
    const std = parameter.std === null ? "" : `initial std ${number(parameter.std)}`;
    const title = element("div", { class: "panel-title", title: scheme }, shorten(scheme, narrow() ? 17 : 30));
    title.style.color = color(scheme);
    box.append(element("div", { class: "panel" }, title, element("div", { class: "note" }, std), chart));
    drawHistogram(chart, parameter, color(scheme), one);
  }
}

const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
// Blue for negative, red for positive, near white for zero: −1 … 1 in, [r, g, b] out.
function diverging(v) {
  const end = v < 0 ? [33, 102, 172] : [178, 24, 43];
  const t = Math.min(1, Math.abs(v));
  return [243, 243, 241].map((c, i) => Math.round(c + (end[i] - c) * t));
}

function filterCanvas(filters, encoded, label) {
  const { count, channels, height, width } = filters;
  const columns = Math.ceil(Math.sqrt((count * height) / width));
  const rows = Math.ceil(count / columns);
  const zoom = Math.max(1, Math.round(160 / (columns * width)));
  const gap = zoom > 3 ? zoom : 1;
  const canvas = element("canvas", { role: "img", "aria-label": label });
  canvas.width = columns * (width * zoom + gap) - gap;
  canvas.height = rows * (height * zoom + gap) - gap;
  const context = canvas.getContext("2d");
  const values = bytes(encoded);
  const at = (k, c, y, x) => (values[((k * channels + c) * height + y) * width + x] - 128) / 127;
  for (let k = 0; k < count; k++) {
    const [left, top] = [(k % columns) * (width * zoom + gap), Math.floor(k / columns) * (height * zoom + gap)];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const rgb = channels === 3 ? [0, 1, 2].map((c) => Math.round(127.5 + 127.5 * at(k, c, y, x))) : diverging(at(k, 0, y, x));
        context.fillStyle = `rgb(${rgb.join(",")})`;
        context.fillRect(left + x * zoom, top + y * zoom, zoom, zoom);
      }
    }
  }
  return canvas;
}

function drawFilters(box, model) {
  box.replaceChildren();
  for (const scheme of shownSchemes(model)) {
    const filters = detailRun(model, scheme, (r) => r.filters)?.filters;
    if (!filters) continue;
    const title = element("div", { class: "panel-title", title: scheme }, shorten(scheme, narrow() ? 17 : 30));
    title.style.color = color(scheme);
    const side = (when, encoded, scale) =>
      element("div", {}, encoded ? filterCanvas(filters, encoded, `${filters.name} of ${scheme}, ${when}`) : "",
        element("div", { class: "note" }, encoded ? `${when}, ±${number(scale)}` : `${when}: none`));
    box.append(element("div", { class: "panel" }, title,
      element("div", { class: "pair" }, side("before", filters.before, filters.before_scale), side("after", filters.after, filters.after_scale))));
  }
}
