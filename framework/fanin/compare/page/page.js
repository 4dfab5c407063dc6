// Lays the figures of the chosen model out, and keeps them in step with legend, tabs and colour scheme.
function figure(title, caption, className = "") {
  const controls = element("div", { class: "controls" });
  const chart = element("div", { class: "chart" });
  chart.dataset.label = title;
  const note = element("p", { class: "note" });
  const head = element("h3", {}, title);
  const parts = className === "wide" ? [controls, chart, note] : [chart, controls, note];
  return { root: element("figure", { class: className }, head, element("figcaption", {}, caption), ...parts), controls, chart, note };
}

function picker(label, choices, chosen, changed) {
  const select = element("select", {});
  for (const [value, text] of choices) select.append(element("option", value === chosen ? { value, selected: "" } : { value }, text));
  select.addEventListener("change", () => changed(select.value));
  return element("label", {}, label, select);
}

function legend(model) {
  const box = element("div", { class: "legend", role: "group", "aria-label": "schemes shown" });
  for (const scheme of data.schemes.filter((s) => summaryOf(model, s))) {
    const sample = `<svg width="26" height="10" aria-hidden="true"><line x1="1" y1="5" x2="25" y2="5" stroke="${color(scheme)}"
      stroke-width="${isDefault(scheme) ? 3.5 : 2.5}" stroke-dasharray="${dash(scheme).join(" ")}"/></svg>`;
    const button = element("button", { type: "button", "aria-pressed": String(!hidden.has(scheme)), title: scheme });
    button.innerHTML = sample;
    button.append(element("span", {}, shorten(scheme, narrow() ? 29 : 44)));
    button.addEventListener("click", () => {
      hidden.has(scheme) ? hidden.delete(scheme) : hidden.add(scheme);
      render();
    });
    button.addEventListener("mouseenter", () => !hidden.has(scheme) && highlight(scheme));
    button.addEventListener("mouseleave", () => highlight(null));
    box.append(button);
  }
  return box;
}

const state = { model: data.models[0], zoom: "close", parameter: {}, scheme: "" };

function barFigures(model, grid) {
  const bars = figure("Final test accuracy", "Mean over seeds with its 95 % confidence interval; a dot is one seed.");
  const difference = figure(`Difference to ${data.default_scheme === "default" ? "the default" : data.default_scheme}`, "Paired by seed, with 95 % confidence interval; * is significant. A bar that meets the edge goes on beyond it.");
  grid.append(bars.root, difference.root);
  drawAccuracy(bars.chart, model);
  if (data.summary.some((s) => s.model === model && s.difference_to_default !== null)) drawDifference(difference.chart, model);
  else difference.root.remove();
}

function labelFigures(model, grid) {
  if (budgetsBeside(model).length < 2) return;
  const f = figure("Test accuracy by labels", "Mean and 95 % confidence band over seeds, for each number of training samples per class.");
  grid.append(f.root);
  drawLabels(f.chart, model);
}

function curveFigures(model, grid) {
  if (shownSchemes(model).some((s) => accuracyCurve(model, s).length > 0)) {
    const accuracy = figure("Test accuracy per epoch", "Mean and 95 % confidence band over seeds.");
    grid.append(accuracy.root);
    const draw = () => drawAccuracyCurves(accuracy.chart, model, state.zoom === "close", accuracy.note);
    accuracy.controls.append(picker("Range", [["close", "leading schemes"], ["all", "0 to 100 %"]], state.zoom, (v) => ((state.zoom = v), draw())));
    draw();
  }
  if (shownSchemes(model).some((s) => lossCurve(model, s).length > 0)) {
    const loss = figure("Training loss per step", "Smoothed; geometric mean and 95 % band over seeds. × is where the first seed diverged.");
    grid.append(loss.root);
    drawLossCurves(loss.chart, model);
  }
}

function layerFigures(model, grid) {
  const quantities = [
    ["Activation spread", "activation_std", true, "Standard deviation of each layer's output on a probe batch (log scale)."],
    ["Gradient norm", "gradient_norm", true, "Norm of the loss's gradient at each layer's output (log scale)."],
    ["Dead units", "dead_share", false, "Share of units that stay silent or saturated on the whole probe batch."],
  ];
  for (const [title, quantity, logarithmic, caption] of quantities) {
    const range = profileRange(model, quantity, logarithmic);
    if (range === null) continue;
    for (const [when, moment] of [["profile_start", "at step 0"], ["profile_end", "after training"]]) {
      const zeros = logarithmic ? " ▽ is exactly zero." : "";
      const f = figure(`${title} ${moment}`, caption + zeros);
      f.chart.classList.add("low");
      grid.append(f.root);
      drawProfile(f.chart, model, when, quantity, logarithmic, range);
    }
  }
}

function weightFigures(model, grid) {
  const names = parameterNames(model);
  if (names.length > 0) {
    const f = figure("Weights before and after", "Gray: as initialized. Coloured: after training. Each scaled to its highest bin; one seed.", "wide");
    const panels = element("div", { class: "panels" });
    f.chart.replaceWith(panels);
    grid.append(f.root);
    const draw = () => drawHistograms(panels, model, state.parameter[model], state.scheme);
    if (!names.includes(state.parameter[model])) state.parameter[model] = names[0];
    const schemes = shownSchemes(model);
    if (!schemes.includes(state.scheme)) state.scheme = "";
    f.controls.append(
      picker("Parameter", names.map((n) => [n, n]), state.parameter[model], (v) => ((state.parameter[model] = v), draw())),
      picker("Scheme", [["", "all"], ...schemes.map((s) => [s, shorten(s, 40)])], state.scheme, (v) => ((state.scheme = v), draw())),
    );
    draw();
  }
  const first = data.runs.find((r) => r.model === model && r.filters);
  if (first) {
    const f = figure("First-layer filters", `${first.filters.name} as images, before and after training; one seed.`, "wide");
    const panels = element("div", { class: "filters" });
    f.chart.replaceWith(panels);
    if (first.filters.channels !== 3) f.controls.replaceWith(element("div", { class: "scale" }, "negative", element("i"), "positive"));
    grid.append(f.root);
    drawFilters(panels, model);
  }
}

function render() {
  for (const chart of charts.splice(0)) chart.destroy();
  data.models.forEach((model, i) => {
    const section = document.getElementById(`model-${i}`);
    const active = model === state.model;
    section.hidden = !active;
    section.querySelector("h2").hidden = data.models.length > 1; // the tab says it
    const figures = section.querySelector(".figures");
    if (!active || !window.Chart) return;
    const grid = element("div", { class: "grid" });
    figures.replaceChildren(legend(model), grid);
    for (const part of [barFigures, labelFigures, curveFigures, layerFigures, weightFigures]) part(model, grid);
  });
}

function tabs() {
  if (data.models.length < 2) return;
  const bar = document.getElementById("tabs");
  const buttons = data.models.map((model, i) => {
    const button = element("button", { type: "button", role: "tab", "aria-controls": `model-${i}` }, model);
    button.addEventListener("click", () => choose(i));
    button.addEventListener("keydown", (event) => {
      const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (move) choose((i + move + buttons.length) % buttons.length), buttons[(i + move + buttons.length) % buttons.length].focus();
    });
    return button;
  });
  function choose(i) {
    state.model = data.models[i];
    buttons.forEach((b, k) => b.setAttribute("aria-selected", String(k === i)));
    render();
  }
  bar.hidden = false;
  bar.append(...buttons);
  buttons.forEach((b, k) => b.setAttribute("aria-selected", String(k === 0)));
}

tabs();
if (window.Chart) Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
render();
for (const change of ["(prefers-color-scheme: dark)", NARROW]) matchMedia(change).addEventListener("change", render);
