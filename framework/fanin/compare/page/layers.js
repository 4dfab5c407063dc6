// What the probe batch showed layer by layer, at step 0 and at the end.
function drawProfile(box, model, when, quantity, logarithmic, range) {
  const layers = layersOf(model);
  const series = shownSchemes(model)
    .map((scheme) => ({ scheme, values: profile(model, scheme, when, quantity, logarithmic) }))
    .filter((s) => s.values.some((v) => v !== null));
  // Zeros have no place on a logarithmic axis: they sit on its floor as open triangles.
  const datasets = series.map((s) => {
    const hollow = s.values.map((v) => logarithmic && v === 0);
    return line(s.scheme, s.values.map((v, i) => (hollow[i] ? range.floor : v)), {
      values: s.values,
      hollow,
      pointStyle: hollow.map((h) => (h ? "triangle" : point(s.scheme))),
      pointRotation: hollow.map((h) => (h ? 180 : 0)),
      pointRadius: hollow.map((h) => (h ? 5 : 3)),
      pointBackgroundColor: pointFill(hollow, color(s.scheme)),
      clip: 8,
    });
  });
  drawChart(box, {
    type: "line",
    data: { labels: layers.map((layer) => shorten(layer, 12)), datasets },
    options: options({
      scales: {
        x: axis("", { ticks: { autoSkip: true, maxRotation: 60 }, offset: layers.length === 1 }),
        y: logarithmic
          ? axis("", { type: "logarithmic", min: range.floor, max: range.ceiling, ticks: { callback: logTick } })
          : axis("", { min: 0, max: range.ceiling, ticks: { callback: (v) => Math.round(100 * v) + " %" } }),
      },
      plugins: {
        tooltip: tooltip(
          (item) => {
            const v = item.dataset.values[item.dataIndex];
            return ` ${shorten(item.dataset.label, 30)}: ${logarithmic ? number(v) : percent(v, 1) + " %"}`;
          },
          (items) => layers[items[0]?.dataIndex],
        ),
      },
    }),
  });
}

// One range for both moments, so that they can be compared by eye; at most twelve decades, and at most four above the
// median: one scheme that explodes must not flatten all others. What lies beyond runs off the edge; the tooltip has it.
function profileRange(model, quantity, logarithmic) {
  const values = shownSchemes(model)
    .flatMap((scheme) => ["profile_start", "profile_end"].flatMap((when) => profile(model, scheme, when, quantity, logarithmic)))
    .filter((v) => v !== null);
  if (values.length === 0) return null;
  if (!logarithmic) return { floor: 0, ceiling: Math.min(1, Math.max(0.1, Math.ceil(10 * Math.max(...values)) / 10)) };
  const positive = values.filter((v) => v > 0);
  if (positive.length === 0) return { floor: 0.1, ceiling: 10 };
  const median = positive.sort((a, b) => a - b)[Math.floor(positive.length / 2)];
  const top = Math.min(Math.ceil(Math.log10(positive.at(-1)) + 1e-9), Math.ceil(Math.log10(median)) + 4);
  const bottom = Math.max(top - 12, Math.floor(Math.log10(Math.min(...positive))));
  const zeros = positive.length < values.length;
  return { floor: 10 ** (bottom - (zeros ? 1 : 0)), ceiling: 10 ** Math.max(top, bottom + 1) };
}
