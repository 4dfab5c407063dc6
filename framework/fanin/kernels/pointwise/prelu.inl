void prelu(Index n, const real* x, real slope, real* y) {
  Index i = 0;
  for (; i + lanes <= n; i += lanes) {
    const Vec v = load(x + i);
    store(y + i, v > real(0) ? v : slope * v);
  }
  for (; i < n; ++i) y[i] = x[i] > 0 ? x[i] : slope * x[i];
}

void prelu_gradient(Index n, const real* x, real slope, const real* grad_y, real* grad_x, bool accumulate) {
  Index i = 0;
  for (; i + lanes <= n; i += lanes) {
    const Vec g = load(grad_y + i), d = load(x + i) > real(0) ? g : slope * g;
    store(grad_x + i, accumulate ? load(grad_x + i) + d : d);
  }
  for (; i < n; ++i) {
    const real d = x[i] > 0 ? grad_y[i] : slope * grad_y[i];
    grad_x[i] = accumulate ? grad_x[i] + d : d;
  }
}
