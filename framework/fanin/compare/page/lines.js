// Figures of lines: a scheme's points in its colour, dash and marker, with the band of their intervals.
function lineOf(series) {
  const c = color(series.scheme);
  const open = series.points.map((p) => p[4] === 1);
  const many = series.points.length > 30;
  return {
    scheme: series.scheme,
    label: series.scheme,
    points: series.points,
    data: series.points.map(([x, y]) => ({ x, y })),
    borderColor: c,
    backgroundColor: c,
    borderDash: dash(series.scheme),
    borderWidth: isBaseline(series.scheme) ? 3 : 2,
    pointStyle: looks.get(series.scheme).marker,
    pointRadius: many ? 0 : 3.5,
    pointHitRadius: 8,
    pointBackgroundColor: open.includes(true) ? open.map((o) => (o ? css("--paper") : c)) : undefined,
    order: isBaseline(series.scheme) ? 0 : 1,
    clip: { left: 8, right: 8, top: 4, bottom: 6 },
  };
}

// The area between the intervals' ends, as two invisible lines of which the second fills to the first.
function bandOf(series) {
  const points = series.points.filter((p) => p[2] !== null && p[2] !== undefined);
  if (points.length === 0) return [];
  const edge = { scheme: series.scheme, edge: true, borderWidth: 0, pointRadius: 0, pointHitRadius: 0, order: 2 };
  return [
    { ...edge, data: points.map((p) => ({ x: p[0], y: p[2] })), fill: false },
    { ...edge, data: points.map((p) => ({ x: p[0], y: p[3] })), fill: "-1", backgroundColor: faded(color(series.scheme), 0.12) },
  ];
}

// A cross where a line ends because its first seed diverged.
function endOf(series) {
  const [x, y] = series.points.at(-1);
  return {
    scheme: series.scheme, silent: true, data: [{ x, y }], borderColor: color(series.scheme),
    pointStyle: "crossRot", pointRadius: 7, pointBorderWidth: 3, order: -1,
  };
}

function drawLines(box, picture, figure) {
  const texts = new Map(figure.x.ticks);
  drawChart(box, picture, {
    type: "line",
    data: { datasets: shown(figure).flatMap((s) => [...(s.ends ? [endOf(s)] : []), lineOf(s), ...bandOf(s)]) },
    options: options({
      interaction: { mode: "x", intersect: false },
      scales: { x: axisOf(figure.x), y: axisOf(figure.y) },
      plugins: {
        tooltip: tooltip({
          label: (item) => {
            const point = item.dataset.points[item.dataIndex];
            const zero = point[4] === 1 && figure.y.logarithmic;
            return ` ${shorten(item.dataset.label, 30)}: ${zero ? "0" : valueText(figure.y, point[1])}${intervalText(figure.y, point)}`;
          },
          title: (items) => {
            const x = items[0]?.parsed.x;
            return x === undefined ? "" : figure.x.names ? texts.get(x) : `${figure.x.title} ${valueText({ title: "" }, x)}`;
          },
        }),
      },
    }),
  });
}
