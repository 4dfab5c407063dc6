// Test accuracy per epoch and training loss per step, with confidence bands over the seeds.
function drawAccuracyCurves(box, model, zoom, note) {
  const curves = shownSchemes(model).map((scheme) => ({ scheme, points: accuracyCurve(model, scheme) }));
  const drawn = curves.filter((c) => c.points.length > 0);
  const last = (c) => c.points[c.points.length - 1].y;
  const best = Math.max(...drawn.map(last));
  // Zoomed: the range of all schemes that end within 15 points of the best.
  const close = drawn.filter((c) => last(c) >= best - 0.15);
  const values = close.flatMap((c) => c.points.map((p) => p.y));
  const floor = zoom ? Math.max(0, Math.floor(20 * Math.min(...values)) / 20) : 0;
  const ceiling = zoom ? Math.min(1, Math.ceil(50 * Math.max(...values) + 0.2) / 50) : 1;
  const below = drawn.filter((c) => c.points.every((p) => p.y < floor)).map((c) => c.scheme);
  note.textContent = below.length ? `Below the range shown: ${below.join(", ")}.` : "";
  drawChart(box, {
    type: "line",
    data: { datasets: drawn.flatMap((c) => [line(c.scheme, c.points), ...(below.includes(c.scheme) ? [] : bandOf(c.scheme, c.points))]) },
    options: options({
      parsing: true,
      interaction: { mode: "x", intersect: false },
      scales: {
        x: axis("epoch", { type: "linear", min: lastEpoch(model) > 1 ? 1 : 0, max: lastEpoch(model), ticks: { precision: 0 } }),
        y: axis("test accuracy, %", { min: floor, max: ceiling, ticks: { includeBounds: false, callback: (v) => Number((100 * v).toFixed(1)) } }),
      },
      plugins: {
        tooltip: tooltip(
          (item) => ` ${shorten(item.dataset.label, 30)}: ${percent(item.raw.y)} % [${percent(item.raw.low, 1)}, ${percent(item.raw.high, 1)}]`,
          (items) => `epoch ${items[0]?.parsed.x ?? ""}`,
        ),
      },
    }),
  });
}

function drawLossCurves(box, model) {
  const curves = shownSchemes(model).map((scheme) => ({ scheme, points: lossCurve(model, scheme) }));
  const drawn = curves.filter((c) => c.points.length > 0);
  const end = Math.max(1, ...drawn.map((c) => c.points[c.points.length - 1].x));
  const ends = drawn
    .filter((c) => countedRuns(model, c.scheme).some((run) => run.status === "diverged"))
    .map((c) => ({
      ...line(c.scheme, [c.points[c.points.length - 1]]),
      silent: true,
      pointStyle: "crossRot",
      pointRadius: 7,
      pointBorderWidth: 3,
      order: -1,
    }));
  drawChart(box, {
    type: "line",
    data: {
      datasets: [...ends, ...drawn.flatMap((c) => [line(c.scheme, c.points, { pointRadius: 0 }), ...bandOf(c.scheme, c.points)])],
    },
    options: options({
      interaction: { mode: "index", axis: "x", intersect: false },
      scales: {
        x: axis("step", { type: "linear", max: end, ticks: { maxTicksLimit: 7, includeBounds: false } }),
        y: axis("training loss (log)", { type: "logarithmic", ticks: { callback: logTick } }),
      },
      plugins: {
        tooltip: tooltip(
          (item) => ` ${shorten(item.dataset.label, 30)}: ${number(item.raw.y)}`,
          (items) => `step ${items[0]?.parsed.x ?? ""}`,
        ),
      },
    }),
  });
}
