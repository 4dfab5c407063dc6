// Accuracy over the label budget, where a comparison has several ("lenet, 10 labels per class").

// The subjects that differ from `model` in their budget alone, smallest first; the one that trains on all labels has none.
function budgetsBeside(model) {
  const own = data.subjects.find((s) => s.name === model);
  const beside = data.subjects.filter((s) => own && s.model === own.model && s.labels_per_class > 0);
  return beside.map((s) => ({ model: s.name, labels: s.labels_per_class })).sort((a, b) => a.labels - b.labels);
}

function labelsCurve(budgets, scheme) {
  return budgets
    .map((b) => ({ labels: b.labels, row: summaryOf(b.model, scheme) }))
    .filter((p) => p.row && p.row.mean !== null)
    .map(({ labels, row }) => ({
      x: labels,
      y: row.mean,
      low: row.ci95 === null ? row.mean : Math.max(0, row.mean - row.ci95),
      high: row.ci95 === null ? row.mean : Math.min(1, row.mean + row.ci95),
    }));
}

function drawLabels(box, model) {
  const budgets = budgetsBeside(model);
  const drawn = shownSchemes(model).map((scheme) => ({ scheme, points: labelsCurve(budgets, scheme) })).filter((c) => c.points.length > 0);
  drawChart(box, {
    type: "line",
    data: { datasets: drawn.flatMap((c) => [line(c.scheme, c.points), ...bandOf(c.scheme, c.points)]) },
    options: options({
      parsing: true,
      interaction: { mode: "x", intersect: false },
      scales: {
        x: axis("labels per class (log)", {
          type: "logarithmic",
          min: budgets[0].labels,
          max: budgets[budgets.length - 1].labels,
          afterBuildTicks: (scale) => (scale.ticks = budgets.map((b) => ({ value: b.labels }))),
          ticks: { callback: (v) => String(v) },
        }),
        y: axis("test accuracy, %", { ticks: { includeBounds: false, callback: (v) => Number((100 * v).toFixed(1)) } }),
      },
      plugins: {
        tooltip: tooltip(
          (item) => ` ${shorten(item.dataset.label, 30)}: ${percent(item.raw.y)} % [${percent(item.raw.low, 1)}, ${percent(item.raw.high, 1)}]`,
          (items) => `${items[0]?.parsed.x ?? ""} labels per class`,
        ),
      },
    }),
  });
}
