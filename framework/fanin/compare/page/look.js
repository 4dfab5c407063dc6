// How a scheme looks in every chart, and what all charts share.
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const color = (scheme) => css(`--c${looks.get(scheme).color}`);
const isBaseline = (scheme) => looks.get(scheme).color === 0;
const dash = (scheme) => looks.get(scheme).dash.split(" ").filter((d) => d !== "").map(Number);
function faded(hex, alpha) {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  return `rgba(${r}, ${g}, ${b}, ${alpha})`;
}
const NARROW = "(max-width: 760px)";
const narrow = () => matchMedia(NARROW).matches;

const charts = [];
// The canvas says what its picture says: the words are in the picture's description.
function drawChart(box, picture, config) {
  const canvas = element("canvas", { role: "img", "aria-label": picture.querySelector("desc").textContent });
  box.replaceChildren(canvas);
  const chart = new Chart(canvas, config);
  charts.push(chart);
  return chart;
}

// An axis as the program chose it: its ends, and its ticks with their texts.
function axisOf(axis, more = {}) {
  const texts = new Map(axis.ticks);
  const longest = narrow() ? 10 : 16;
  return {
    type: axis.logarithmic ? "logarithmic" : "linear",
    min: axis.low,
    max: axis.high,
    title: { display: axis.title !== "", text: axis.title, color: css("--soft") },
    afterBuildTicks: (scale) => (scale.ticks = axis.ticks.map(([value]) => ({ value }))),
    ticks: {
      color: css("--soft"),
      maxRotation: axis.names ? 60 : 0,
      autoSkip: true,
      includeBounds: false,
      callback: (value) => shorten(texts.get(value) ?? "", longest),
    },
    grid: { color: css("--line"), borderColor: css("--line") },
    ...more,
  };
}

function tooltip(callbacks) {
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
    callbacks,
  };
}

function options(more) {
  return {
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    ...more,
    plugins: { legend: { display: false }, ...more.plugins },
  };
}

// Pointing at a scheme in the legend dims the others.
function highlight(scheme) {
  for (const chart of charts) {
    for (const dataset of chart.data.datasets.filter((d) => d.scheme)) {
      const dim = scheme !== null && dataset.scheme !== scheme;
      const c = color(dataset.scheme);
      if (dataset.edge) {
        if (dataset.fill) dataset.backgroundColor = faded(c, dim ? 0.02 : scheme === null ? 0.12 : 0.3);
        continue;
      }
      dataset.borderColor = dim ? faded(c, 0.15) : c;
      dataset.backgroundColor = dataset.borderColor;
    }
    chart.update();
  }
}
