#include <algorithm>
#include <cmath>
#include <limits>

#include <fanin/core/fail.hpp>
#include <fanin/init/correlation_map.hpp>
#include <fanin/init/mean_field.hpp>
#include <fanin/init/quadrature.hpp>

namespace fanin::init {
namespace {

constexpr double unbounded = 1e12, vanished = 1e-12;  // variances taken for infinite and for 0

double second_moment(const std::function<double(double)>& f, double q) {
  const double scale = std::sqrt(q);
  return gaussian_mean([&](double z) {
    const double value = f(scale * z);
    return value * value;
  });
}

/// Where iterating V from 1 ends: V's fixed point next to where it begins, in the direction in which it goes.
double settled_variance(const std::function<double(double)>& next,
                        const std::function<double(double)>& slope) {
  const bool zero_stays = next(0) == 0;
  double q = 1;
  for (int layer = 0; layer < 40; ++layer) {
    const double after = next(q);
    if (after >= unbounded) return std::numeric_limits<double>::infinity();
    if (after <= vanished && zero_stays) return 0;
    if (std::abs(after - q) <= 1e-14 * q) return after;
    q = after;
  }
  double near = q;
  for (int step = 0; step < 12; ++step) {  // slow, but near: Newton's method
    const double after = near - (next(near) - near) / (slope(near) - 1);
    if (!(after > vanished && std::abs(after - q) < q / 2)) break;
    if (std::abs(after - near) <= 1e-14 * near) return after;
    near = after;
  }
  // Far, or it goes on for ever: the next sign change of V(q) - q.
  const bool up = next(q) > q;
  double far = q;
  while ((next(far) > far) == up) {
    q = far;
    far *= up ? 1.1 : 1 / 1.1;
    if (far >= unbounded) return std::numeric_limits<double>::infinity();
    if (far <= vanished) return 0;
  }
  for (int step = 0; step < 60; ++step) {
    const double middle = std::sqrt(q * far);
    ((next(middle) > middle) == up ? q : far) = middle;
  }
  return far;
}

double e_fold_depth(double factor) {
  const double rate = std::abs(std::log(factor));
  return rate > 1e-12 ? 1 / rate : std::numeric_limits<double>::infinity();
}

/// The point for a signal of variance q, whatever its σb², which may be negative.
struct Candidate {
  double square_w, square_b, variance_slope;
};

Candidate candidate_at(const Nonlinearity& f, double q) {
  const double slope = second_moment(f.slope, q);
  if (!(slope > 1e-24))
    fail("edge of chaos: the activation's derivative is zero for signals of variance {}", q);
  const double square_w = 1 / slope, square_b = q - square_w * second_moment(f.f, q);
  // what quadrature and rounding leave of 0
  return {square_w, std::abs(square_b) <= 1e-11 * q ? 0 : square_b,
          variance_slope(f, std::sqrt(square_w), q)};
}

Critical critical_of(const Candidate& candidate, double q) {
  return {.sigma_w = std::sqrt(candidate.square_w),
          .sigma_b = std::sqrt(candidate.square_b),
          .q = q,
          .variance_slope = candidate.variance_slope};
}

/// Whether a signal of variance 1 does not grow at the point of a smaller one. Behind a function that is flat around 0
/// it does: weights large enough for what little passes there are too large for more.
bool draws_in_one(const Nonlinearity& f, const Critical& critical) {
  return next_variance(f, critical.sigma_w, critical.sigma_b, 1) <= 1 + 1e-6;
}

}  // namespace

double next_variance(const Nonlinearity& f, double sigma_w, double sigma_b, double q) {
  return sigma_w * sigma_w * second_moment(f.f, q) + sigma_b * sigma_b;
}

double variance_slope(const Nonlinearity& f, double sigma_w, double q) {
  // d/dq E[g(√q z)] = E[g(√q z) (z² - 1)] / 2q (Stein), which asks for no derivative of g = f²: where f jumps, f' knows
  // nothing of it. Of g its constant part adds nothing but rounding.
  const double scale = std::sqrt(q), at_zero = f.f(0);
  const double constant = std::isfinite(at_zero) ? at_zero * at_zero : 0;
  return sigma_w * sigma_w / (2 * q) * gaussian_mean([&](double z) {
           const double value = f.f(scale * z);
           return (value * value - constant) * (z * z - 1);
         });
}

double gradient_factor(const Nonlinearity& f, double sigma_w, double q) {
  return sigma_w * sigma_w * second_moment(f.slope, q);
}

MeanField mean_field(const Nonlinearity& f, double sigma_w, double sigma_b) {
  if (!(sigma_w >= 0 && sigma_b >= 0 && sigma_w <= 1e6 && sigma_b <= 1e6))
    fail("mean field: sigma_w = {} and sigma_b = {} must be in [0, 1e6]", sigma_w, sigma_b);
  MeanField result;
  result.q = settled_variance([&](double q) { return next_variance(f, sigma_w, sigma_b, q); },
                              [&](double q) { return variance_slope(f, sigma_w, q); });
  // Of a signal that vanishes or explodes, the slopes are those it has on the way.
  const double q = std::clamp(result.q, 1e-24, unbounded);
  result.chi = gradient_factor(f, sigma_w, q);
  result.gradient_depth = e_fold_depth(result.chi);
  result.variance_slope = variance_slope(f, sigma_w, q);
  result.settles = std::isfinite(result.q) && std::abs(result.variance_slope) <= 1 + 1e-9;
  const double next = next_variance(f, sigma_w, sigma_b, q);
  if (!(next > 0)) return result;       // σw = 0 or f = 0: nothing is left to compare
  double rate = result.chi * q / next;  // the correlation map's slope at 1
  if (rate > 1 + 1e-12) {
    const CorrelationMap map(f, sigma_w, sigma_b, q);
    result.correlation = map.fixed_point();
    if (result.correlation < 1) rate = map.slope(result.correlation);
  }
  result.correlation_depth = e_fold_depth(rate);
  return result;
}

Critical edge_of_chaos_at(const Nonlinearity& f, double q) {
  if (!(q > 0 && q <= 1e6)) fail("edge of chaos: q = {} must be in (0, 1e6]", q);
  const Candidate candidate = candidate_at(f, q);
  if (candidate.square_b < 0)
    fail(
        "edge of chaos: this activation has none with a signal of variance q = {}; it would take a negative "
        "σb² = {:.4g}",
        q, candidate.square_b);
  return critical_of(candidate, q);
}

Critical stable_edge_of_chaos(const Nonlinearity& f) {
  constexpr double shrinking = 0.99,
                   tried[] = {0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000};
  double least_slope = std::numeric_limits<double>::infinity(), first = 0, last = 0;
  std::string obstacle;  // why there is nothing to say of some variance: f is flat there, or not finite
  for (const double q : tried) {
    Candidate candidate;
    try {
      candidate = candidate_at(f, q);
    } catch (const Error& error) {
      if (obstacle.empty()) obstacle = error.what();
      if (last > 0) break;  // too large for f
      continue;
    }
    if (first == 0) first = q;
    last = q;
    if (candidate.square_b < 0) continue;
    least_slope = std::min(least_slope, candidate.variance_slope);
    const Critical critical = critical_of(candidate, q);
    const bool stable = q == tried[0] ? critical.stable() : candidate.variance_slope <= shrinking;
    if (stable && (q >= 1 || draws_in_one(f, critical))) return critical;
  }
  if (last == 0) fail("{}", obstacle);
  if (std::isinf(least_slope))
    fail(
        "edge of chaos: this activation has none; at every variance from {} to {} it would take a negative σb²",
        first, last);
  if (least_slope <= 1 + 1e-9)
    fail(
        "edge of chaos: this activation has no stable one; at no variance from {} to {} does a deviation shrink by 1 % "
        "a layer, and a signal of variance 1 not grow",
        first, last);
  fail(
      "edge of chaos: this activation has no stable one; at variances from {} to {} a deviation grows by a "
      "factor of {:.4g} a layer or more",
      first, last, least_slope);
}

}  // namespace fanin::init
