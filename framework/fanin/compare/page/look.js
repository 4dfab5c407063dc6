// How a scheme looks in every chart, and what all charts share.
const DASHES = [[], [7, 3], [2, 2.5], [9, 3, 2, 3]];
const POINTS = ["circle", "rect", "triangle", "rectRot", "crossRot", "star"];

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const isDefault = (scheme) => scheme === data.default_scheme;
// Position among the schemes that are not the default: it picks colour, dash and point.
const rank = (scheme) => data.schemes.filter((s) => !isDefault(s)).indexOf(scheme);
const color = (scheme) => (isDefault(scheme) ? css("--ink") : css(`--c${rank(scheme) % 11}`));
const dash = (scheme) => (isDefault(scheme) ? [] : DASHES[(rank(scheme) + Math.floor(rank(scheme) / 11)) % DASHES.length]);
const point = (scheme) => (isDefault(scheme) ? "circle" : POINTS[rank(scheme) % POINTS.length]);
function faded(hex, alpha) {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  return `rgba(${r}, ${g}, ${b}, ${alpha})`;
}
const NARROW = "(max-width: 760px)";
const narrow = () => matchMedia(NARROW).matches;

function element(tag, attributes = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
  e.append(...children);
  return e;
}

const charts = [];
function drawChart(box, config) {
  const canvas = element("canvas", { role: "img", "aria-label": box.dataset.label || "chart" });
  box.replaceChildren(canvas);
  const chart = new Chart(canvas, config);
  charts.push(chart);
  return chart;
}

function axis(title, more = {}) {
  const { ticks, ...rest } = more;
  return {
    title: { display: title !== "", text: title, color: css("--soft") },
    ticks: { color: css("--soft"), maxRotation: 0, ...ticks },
    grid: { color: css("--line"), borderColor: css("--line") },
    ...rest,
  };
}

// 0.01 … 100 as they are, smaller and larger ones as powers; between decades only where there are few of them.
function logTick(value, index, ticks) {
  const decades = Math.log10(ticks[ticks.length - 1].value / ticks[0].value);
  const exponent = Math.floor(Math.log10(value) + 1e-9);
  const mantissa = Math.round(value / 10 ** exponent);
  const every = Math.max(1, Math.ceil(decades / 8));
  if (mantissa === 1 ? exponent % every !== 0 : !(decades < 1.6 && (mantissa === 2 || mantissa === 5))) return "";
  if (exponent >= -2 && exponent <= 3) return String(Number(value.toPrecision(2)));
  const digits = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  return "10" + String(exponent).replace("-", "⁻").replace(/\d/g, (d) => digits[d]);
}

function tooltip(label, title) {
  return {
    backgroundColor: css("--card"),
    titleColor: css("--ink"),
    bodyColor: css("--ink"),
    borderColor: css("--line"),
    borderWidth: 1,
    usePointStyle: true,
    boxPadding: 4,
    bodyFont: { size: narrow() ? 10 : 12 },
    filter: (item) => !item.dataset.edge && !item.dataset.silent,
    itemSort: (a, b) => (b.parsed.y ?? 0) - (a.parsed.y ?? 0),
    callbacks: { label, ...(title ? { title } : {}) },
  };
}

function options(more) {
  return {
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    interaction: { mode: "index", intersect: false },
    ...more,
    plugins: { legend: { display: false }, ...more.plugins },
  };
}

function line(scheme, points, more = {}) {
  const c = color(scheme);
  return {
    scheme,
    label: scheme,
    data: points,
    borderColor: c,
    backgroundColor: c,
    borderDash: dash(scheme),
    borderWidth: isDefault(scheme) ? 3 : 2,
    pointStyle: point(scheme),
    pointRadius: 3,
    pointHitRadius: 8,
    order: isDefault(scheme) ? 0 : 1,
    clip: { left: 8, right: 8, top: 2, bottom: 2 },
    ...more,
  };
}

// The area between `low` and `high`, as two invisible lines of which the second fills to the first.
function bandOf(scheme, points) {
  const edge = { scheme, edge: true, borderWidth: 0, pointRadius: 0, pointHitRadius: 0, order: 2 };
  const fill = faded(color(scheme), isDefault(scheme) ? 0.16 : 0.12);
  return [
    { ...edge, data: points.map((p) => ({ x: p.x, y: p.low })), fill: false },
    { ...edge, data: points.map((p) => ({ x: p.x, y: p.high })), fill: "-1", backgroundColor: fill },
  ];
}

// Zeros on a logarithmic axis are drawn hollow.
const pointFill = (hollow, c) => hollow.map((h) => (h ? css("--paper") : c));

// Pointing at a scheme in the legend dims the others.
function highlight(scheme) {
  for (const chart of charts) {
    const datasets = chart.data.datasets.filter((dataset) => dataset.scheme);
    for (const dataset of datasets) {
      const dim = scheme !== null && dataset.scheme !== scheme;
      const c = color(dataset.scheme);
      if (dataset.edge) {
        if (dataset.fill) dataset.backgroundColor = faded(c, dim ? 0.02 : scheme === null ? 0.12 : 0.3);
        continue;
      }
      dataset.borderColor = dataset.backgroundColor = dim ? faded(c, 0.15) : c;
      if (dataset.hollow) dataset.pointBackgroundColor = pointFill(dataset.hollow, dataset.borderColor);
    }
    if (datasets.length > 0) chart.update();
  }
}
