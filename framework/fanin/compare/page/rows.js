// Figures of rows: a scheme a row, its mean with the interval, its seeds, and its number at the right end.
const rowMarks = {
  id: "rowMarks",
  beforeDatasetsDraw(chart) {
    const { ctx, chartArea: area, scales } = chart;
    const { figure } = chart.options;
    const place = (value) => scales.x.getPixelForValue(value);
    const inside = (value) => value >= figure.x.low && value <= figure.x.high;
    const path = (...points) => {
      ctx.beginPath();
      points.forEach(([x, y], i) => (i % 2 === 0 ? ctx.moveTo(x, y) : ctx.lineTo(x, y)));
      ctx.stroke();
    };
    // What lies beyond the axis has an arrow at its edge.
    const arrow = (value, y, size) => {
      const [edge, way] = value < figure.x.low ? [area.left, -1] : [area.right, 1];
      ctx.beginPath();
      ctx.moveTo(edge + way * size, y);
      ctx.lineTo(edge, y - 0.7 * size);
      ctx.lineTo(edge, y + 0.7 * size);
      ctx.fill();
    };
    ctx.save();
    ctx.textBaseline = "middle";
    ctx.font = `12px ${Chart.defaults.font.family}`;
    if (figure.reference !== undefined && inside(figure.reference)) {
      ctx.strokeStyle = css("--ink");
      path([place(figure.reference), area.top], [place(figure.reference), area.bottom]);
    }
    chart.data.datasets.forEach((dataset) => {
      const c = dataset.borderColor;
      dataset.points.forEach(([x, , low, high], i) => {
        const y = scales.y.getPixelForValue(dataset.data[i].y);
        ctx.strokeStyle = ctx.fillStyle = c;
        ctx.lineWidth = 2;
        if (low !== null && low !== undefined && high >= figure.x.low && low <= figure.x.high) {
          path([place(Math.max(low, figure.x.low)), y], [place(Math.min(high, figure.x.high)), y]);
          for (const end of [low, high]) inside(end) ? path([place(end), y - 4], [place(end), y + 4]) : arrow(end, y, 5);
        }
        if (!inside(x)) arrow(x, y, 9);
      });
      const y = scales.y.getPixelForValue(dataset.row);
      ctx.lineWidth = 1;
      for (const seed of dataset.seeds.filter(inside)) {
        ctx.beginPath();
        ctx.arc(place(seed), y, 2.6, 0, 7);
        ctx.fillStyle = css("--paper");
        ctx.fill();
        ctx.stroke();
      }
      ctx.fillStyle = css("--soft");
      ctx.fillText(dataset.note, area.right + 12, y);
    });
    ctx.restore();
  },
};

function drawRows(box, picture, figure) {
  const rows = shown(figure);
  box.style.height = `${70 + 24 * rows.length}px`;
  const room = Math.max(0, ...rows.map((row) => row.note.length));
  const inside = (row) => row.points.every(([x]) => x >= figure.x.low && x <= figure.x.high);
  const offset = (row, i) => (row.points.length < 2 ? 0 : (i - (row.points.length - 1) / 2) * 0.32);
  const y = {
    title: "", logarithmic: false, low: -0.5, high: rows.length - 0.5, names: true,
    ticks: rows.map((row, i) => [i, row.scheme]),
  };
  drawChart(box, picture, {
    type: "scatter",
    plugins: [rowMarks],
    data: {
      datasets: rows.map((row, r) => ({
        scheme: row.scheme,
        label: row.scheme,
        row: r,
        points: row.points,
        seeds: row.seeds ?? [],
        note: row.note,
        data: row.points.map((point, i) => ({ x: point[0], y: r + offset(row, i) })),
        borderColor: color(row.scheme),
        backgroundColor: color(row.scheme),
        pointBackgroundColor: row.points.some((p) => p[4] === 1) ? row.points.map((p) => (p[4] === 1 ? css("--paper") : color(row.scheme))) : undefined,
        pointStyle: looks.get(row.scheme).marker,
        pointRadius: 5,
        pointHitRadius: 8,
        clip: inside(row) ? 8 : 0,
      })),
    },
    options: options({
      figure,
      layout: { padding: { right: 22 + 7 * room } },
      interaction: { mode: "nearest", axis: "y", intersect: false },
      scales: {
        x: axisOf(figure.x),
        y: axisOf(y, {
          reverse: true,
          grid: { display: false, borderColor: css("--line") },
          ticks: { color: css("--ink"), autoSkip: false, callback: (i) => shorten(rows[i]?.scheme ?? "", narrow() ? 17 : 27) },
        }),
      },
      plugins: {
        tooltip: tooltip({
          label: (item) => {
            const point = item.dataset.points[item.dataIndex];
            return ` ${valueText(figure.x, point[0])}${intervalText(figure.x, point)}`;
          },
          title: (items) => items[0]?.dataset.label ?? "",
        }),
      },
    }),
  });
}
