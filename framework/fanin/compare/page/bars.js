// Final accuracy and its paired difference to the default, as bars with 95 % confidence intervals.
const intervals = {
  id: "intervals",
  afterDatasetsDraw(chart) {
    const marks = chart.data.datasets[0].marks;
    if (!marks) return;
    const { ctx, chartArea: area, scales } = chart;
    ctx.save();
    ctx.font = "12px system-ui, sans-serif";
    ctx.textBaseline = "middle";
    ctx.textAlign = "left";
    chart.getDatasetMeta(0).data.forEach((bar, i) => {
      const mark = marks[i];
      ctx.fillStyle = css("--soft");
      ctx.fillText(mark.end, area.right + 6, bar.y);
      ctx.save();
      ctx.beginPath();
      ctx.rect(area.left, area.top, area.width, area.height);
      ctx.clip();
      ctx.strokeStyle = css("--ink");
      ctx.lineWidth = 1.5;
      if (mark.low !== null) {
        const [a, b] = [scales.x.getPixelForValue(mark.low), scales.x.getPixelForValue(mark.high)];
        ctx.beginPath();
        ctx.moveTo(a, bar.y);
        ctx.lineTo(b, bar.y);
        for (const x of [a, b]) ctx.moveTo(x, bar.y - 5), ctx.lineTo(x, bar.y + 5);
        ctx.stroke();
      }
      for (const value of mark.seeds) {
        ctx.beginPath();
        ctx.arc(scales.x.getPixelForValue(value), bar.y, 2.6, 0, 7);
        ctx.fillStyle = css("--paper");
        ctx.fill();
        ctx.stroke();
      }
      ctx.restore();
    });
    ctx.restore();
  },
};

function barChart(box, rows, marks, values, x, tip) {
  box.style.height = `${Math.max(150, 64 + 30 * rows.length)}px`;
  const length = narrow() ? 17 : 27;
  drawChart(box, {
    type: "bar",
    plugins: [intervals],
    data: {
      labels: rows.map((row) => shorten(row.scheme, length) + (row.significant ? " *" : "")),
      datasets: [
        {
          data: values,
          marks,
          backgroundColor: rows.map((row) => faded(color(row.scheme), 0.6)),
          borderColor: rows.map((row) => color(row.scheme)),
          borderWidth: 1,
          barPercentage: 0.72,
          categoryPercentage: 0.9,
        },
      ],
    },
    options: options({
      indexAxis: "y",
      layout: { padding: { right: 46 } },
      scales: { x, y: axis("", { ticks: { color: css("--ink"), autoSkip: false }, grid: { display: false } }) },
      plugins: { tooltip: tooltip(tip, (items) => rows[items[0].dataIndex].scheme) },
    }),
  });
}

function rankedRows(model) {
  const rows = shownSchemes(model).map((scheme) => summaryOf(model, scheme));
  return rows.filter((row) => row && row.mean !== null).sort((a, b) => b.mean - a.mean);
}

function drawAccuracy(box, model) {
  const rows = rankedRows(model);
  const marks = rows.map((row) => ({
    low: row.ci95 === null ? null : Math.max(0, row.mean - row.ci95),
    high: row.ci95 === null ? null : Math.min(1, row.mean + row.ci95),
    seeds: countedRuns(model, row.scheme).map((run) => run.counted).filter((v) => v !== null),
    end: percent(row.mean, 1),
  }));
  const x = axis("test accuracy, %", { min: 0, max: 1, ticks: { callback: (v) => Math.round(100 * v) } });
  barChart(box, rows, marks, rows.map((row) => row.mean), x, (item) => {
    const row = rows[item.dataIndex];
    const lost = row.diverged ? ` · ${row.diverged} of ${row.runs} diverged` : "";
    return ` ${percent(row.mean)}${row.ci95 === null ? "" : " ± " + percent(row.ci95)} %${lost}`;
  });
}

// Schemes that fail outright would squeeze the interesting differences into nothing: the axis ends before them,
// and a number says how far they are beyond it.
function drawDifference(box, model) {
  const rows = rankedRows(model).filter((row) => row.difference_to_default !== null);
  const near = rows.filter((row) => Math.abs(row.difference_to_default) <= 0.1);
  const reach = (row) => Math.abs(row.difference_to_default) + Math.min(row.difference_ci95 ?? 0, 0.1);
  const limit = 1.1 * Math.max(0.005, ...(near.length ? near : rows).map(reach));
  const marks = rows.map((row) => {
    const d = row.difference_to_default;
    const interval = row.difference_ci95 !== null;
    return {
      low: interval ? d - row.difference_ci95 : null,
      high: interval ? d + row.difference_ci95 : null,
      seeds: [],
      end: (d < 0 ? "−" : "+") + percent(Math.abs(d), 1),
    };
  });
  const x = axis("percentage points", {
    min: -limit,
    max: limit,
    ticks: { callback: (v) => (Math.abs(v) < 1e-9 ? "0" : (v < 0 ? "−" : "+") + Number(Math.abs(100 * v).toFixed(1))), includeBounds: false },
  });
  barChart(box, rows, marks, rows.map((row) => row.difference_to_default), x, (item) => {
    const row = rows[item.dataIndex];
    const p = row.p_adjusted === null ? "" : ` · p = ${number(row.p_adjusted)} (Holm)`;
    const half = row.difference_ci95 === null ? "" : ` ± ${percent(row.difference_ci95)}`;
    return ` ${percent(row.difference_to_default)}${half} points${p}`;
  });
}
