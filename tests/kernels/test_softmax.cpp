#include <limits>

#include <fanin/kernels/reduce/softmax.hpp>

#include "tests/kernels/naive.hpp"

using namespace fanin;
using namespace fanin::naive;

namespace {

/// The loss by its definition, in double.
double cross_entropy(Index rows, Index classes, const Numbers& logits,
                     const std::vector<std::int32_t>& labels, const real* weights, double smoothing) {
  double total = 0, weight_sum = 0;
  for (Index i = 0; i < rows; ++i) {
    const real* z = logits.data() + i * classes;
    double sum = 0;
    for (Index j = 0; j < classes; ++j) sum += std::exp(static_cast<double>(z[j]));
    const Index label = labels[static_cast<std::size_t>(i)];
    for (Index j = 0; j < classes; ++j) {
      const double target = (j == label ? 1 - smoothing : 0) + smoothing / static_cast<double>(classes);
      total -= target * (weights ? static_cast<double>(weights[j]) : 1) *
               (static_cast<double>(z[j]) - std::log(sum));
    }
    weight_sum += weights ? static_cast<double>(weights[label]) : 1;
  }
  return total / weight_sum;
}

}  // namespace

TEST_CASE(
    "cross-entropy follows its definition with class weights and label smoothing, and so does its gradient") {
  const Index rows = 9;
  on_every_isa([&] {
    for (const Index classes : {2, 10, 33}) {
      const Numbers logits = random_numbers(rows * classes, 1, -3, 3),
                    weights = random_numbers(classes, 2, real(0.5), 2);
      std::vector<std::int32_t> labels;
      for (Index i = 0; i < rows; ++i) labels.push_back(static_cast<std::int32_t>(i * 7 % classes));
      for (const real* some : {static_cast<const real*>(nullptr), weights.data()}) {
        for (const double smoothing : {0.0, 0.2}) {
          Numbers probabilities(logits.size()), grad(logits.size());
          const real loss = kernels::cross_entropy_forward(rows, classes, logits.data(), labels.data(), some,
                                                           real(smoothing), probabilities.data());
          const double exact = cross_entropy(rows, classes, logits, labels, some, smoothing);
          CHECK(static_cast<double>(loss) == doctest::Approx(exact).epsilon(1e-6));
          kernels::cross_entropy_backward(rows, classes, probabilities.data(), labels.data(), some,
                                          real(smoothing), 3, grad.data());
          for (std::size_t i = 0; i < logits.size(); i += 5) {
            Numbers up = logits, down = logits;
            up[i] += real(0.01);
            down[i] -= real(0.01);
            const double step = static_cast<double>(up[i] - down[i]);
            const double slope = (cross_entropy(rows, classes, up, labels, some, smoothing) -
                                  cross_entropy(rows, classes, down, labels, some, smoothing)) /
                                 step;
            CHECK(static_cast<double>(grad[i]) == doctest::Approx(3 * slope).epsilon(1e-3).scale(0.1));
          }
        }
      }
    }
  });
}

TEST_CASE("softmax and log-softmax survive large logits and differentiate each other") {
  const Index rows = 4, cols = 19;
  Numbers x = random_numbers(rows * cols, 1, -5, 5), soft(x.size()), logs(x.size());
  for (std::size_t i = 0; i < static_cast<std::size_t>(cols); ++i) x[i] += 1000;
  kernels::softmax_forward(rows, cols, x.data(), soft.data());
  kernels::log_softmax_forward(rows, cols, x.data(), logs.data());
  for (std::size_t i = 0; i < x.size(); ++i) {
    CHECK(static_cast<double>(soft[i]) ==
          doctest::Approx(std::exp(static_cast<double>(logs[i]))).epsilon(1e-4));
  }
  const Numbers grad = random_numbers(rows * cols, 2);
  Numbers through(x.size()), through_log(x.size());
  kernels::softmax_backward(rows, cols, soft.data(), grad.data(), through.data(), false);
  // d softmax = softmax · d log-softmax: the same gradient, sent through the logarithm.
  Numbers scaled = grad;
  for (std::size_t i = 0; i < x.size(); ++i) scaled[i] *= soft[i];
  kernels::log_softmax_backward(rows, cols, logs.data(), scaled.data(), through_log.data(), false);
  CHECK(difference(through, through_log) < 1e-5);
}

TEST_CASE(
    "softmax and log-softmax of short and long rows are those of double, whatever the threads; NaN stays") {
  for (const Index cols : {1, 3, 10, 32, 33, 200, 1001}) {
    const Index rows = 70;
    const Numbers x = random_numbers(rows * cols, 1, -5, 5), grad = random_numbers(rows * cols, 2);
    const Numbers start = random_numbers(rows * cols, 3);
    Numbers soft = x, logs = x, soft_slope = start, log_slope = start;
    for (Index i = 0; i < rows; ++i) {
      const auto at = [i, cols](Index j) { return static_cast<std::size_t>(i * cols + j); };
      double sum = 0, dot = 0, total = 0;
      for (Index j = 0; j < cols; ++j) sum += std::exp(static_cast<double>(x[at(j)]));
      const auto p = [&](Index j) { return std::exp(static_cast<double>(x[at(j)])) / sum; };
      for (Index j = 0; j < cols; ++j) {
        dot += static_cast<double>(grad[at(j)]) * p(j);
        total += static_cast<double>(grad[at(j)]);
      }
      for (Index j = 0; j < cols; ++j) {
        const double g = static_cast<double>(grad[at(j)]);
        soft[at(j)] = static_cast<real>(p(j));
        logs[at(j)] = static_cast<real>(std::log(p(j)));
        soft_slope[at(j)] += static_cast<real>(p(j) * (g - dot));
        log_slope[at(j)] += static_cast<real>(g - p(j) * total);
      }
    }
    on_every_isa([&] {
      CAPTURE(cols);
      const Numbers blank(x.size());
      CHECK(difference(same_on_two_threads(
                           blank, [&](real* y) { kernels::softmax_forward(rows, cols, x.data(), y); }),
                       soft) < 1e-6);
      CHECK(difference(same_on_two_threads(
                           blank, [&](real* y) { kernels::log_softmax_forward(rows, cols, x.data(), y); }),
                       logs) < 2e-6);
      CHECK(difference(same_on_two_threads(start,
                                           [&](real* g) {
                                             kernels::softmax_backward(rows, cols, soft.data(), grad.data(),
                                                                       g, true);
                                           }),
                       soft_slope) < 2e-6);
      CHECK(difference(same_on_two_threads(start,
                                           [&](real* g) {
                                             kernels::log_softmax_backward(rows, cols, logs.data(),
                                                                           grad.data(), g, true);
                                           }),
                       log_slope) < 1e-5);
      Numbers bad(x.begin(), x.begin() + cols), out(bad.size());
      for (const Index at : {Index{0}, cols / 2, cols - 1}) {
        bad[static_cast<std::size_t>(at)] = std::numeric_limits<real>::quiet_NaN();
        kernels::softmax_forward(1, cols, bad.data(), out.data());
        for (const real y : out) CHECK(std::isnan(y));
        bad[static_cast<std::size_t>(at)] = 0;
      }
    });
  }
}
