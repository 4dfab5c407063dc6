#include <algorithm>
#include <cmath>

#include <fanin/start/data_dependent.hpp>
#include <fanin/start/flat_values.hpp>
#include <fanin/start/refine.hpp>
#include <fanin/start/schemes.hpp>

namespace fanin::start {
namespace {

/// Some of a batch, in the order of `rows`.
class Part {
 public:
  Part(const Samples& all, std::span<const Index> rows) {
    Shape shape = all.images.shape();
    const Index size = all.images.numel() / shape[0];
    shape.set(0, static_cast<Index>(rows.size()));
    images_ = Tensor(shape);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      std::copy_n(std::as_const(all.images).data() + rows[i] * size, size,
                  images_.data() + static_cast<Index>(i) * size);
      labels_.push_back(all.labels[static_cast<std::size_t>(rows[i])]);
    }
  }
  Samples samples() const { return {.images = images_, .labels = labels_}; }

 private:
  Tensor images_;
  std::vector<std::int32_t> labels_;
};

/// A descent of the factors, as in the paper. The loss and the gradient's norm have one each: their slopes differ by
/// orders, and what it remembers of one would carry the factors on past the bound.
class Adam {
 public:
  Adam(std::size_t count, double lr) : lr_(lr), first_(count, 0), second_(count, 0) {}
  void step(Numbers& at, const Numbers& gradient) {
    constexpr double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
    ++steps_;
    for (std::size_t k = 0; k < at.size(); ++k) {
      first_[k] = beta1 * first_[k] + (1 - beta1) * gradient[k];
      second_[k] = beta2 * second_[k] + (1 - beta2) * gradient[k] * gradient[k];
      const double mean = first_[k] / (1 - std::pow(beta1, steps_)),
                   square = second_[k] / (1 - std::pow(beta2, steps_));
      at[k] -= lr_ * mean / (std::sqrt(square) + epsilon);
    }
  }

 private:
  double lr_;
  int steps_ = 0;
  Numbers first_, second_;
};

class GradInit {
 public:
  explicit GradInit(const Fitting& fitting)
      : fitting_(fitting),
        options_(fitting.fits.front().scheme.options<GradInitOptions>()),
        of_(parameters_of(fitting.fits)),
        base_(values_of(of_)),
        factors_(fitting.fits.size(), 1.0) {}

  /// Whether it came to its end; if not, the weights are as drawn.
  bool run() {
    Adam lower(factors_.size(), options_.lr), shorten = lower;
    Generator generator(0);  // of which samples a step sees
    for (int step = 0; step < options_.steps; ++step) {
      const auto [now, ahead] = halves(generator);
      const Numbers slope = slope_of_factors(now.samples(), ahead.samples());
      if (!std::all_of(slope.begin(), slope.end(), [](double x) { return std::isfinite(x); })) {
        set_values(of_, base_);
        return false;
      }
      (too_long_ ? shorten : lower).step(factors_, slope);
      for (double& factor : factors_) factor = std::max(factor, 0.01);  // the paper's
    }
    set_values(of_, scaled(of_, base_, factors_));
    return true;
  }

 private:
  /// Half of the batch for the step, and for the loss behind it another of which half is the same, as in the paper.
  std::pair<Part, Part> halves(Generator& generator) const {
    const Samples& all = fitting_.samples;
    std::vector<Index> rows(static_cast<std::size_t>(all.images.size(0)));
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<Index>(i);
    if (rows.size() < 8) return {Part(all, rows), Part(all, rows)};
    for (std::size_t i = rows.size() - 1; i > 0; --i)
      std::swap(rows[i], rows[static_cast<std::size_t>(generator.below(static_cast<Index>(i + 1)))]);
    const std::size_t half = rows.size() / 2;
    return {Part(all, std::span(rows).first(half)), Part(all, std::span(rows).subspan(half / 2, half))};
  }

  /// ∂/∂mₖ of the loss behind the step, or of the gradient's norm where that is above γ: Σ over the elements of
  /// parameter k of θ₀ times the derivative by θ. H v is a central difference of gradients.
  Numbers slope_of_factors(const Samples& now, const Samples& ahead) {
    const Numbers at = scaled(of_, base_, factors_);
    set_values(of_, at);
    const Numbers gradient = gradient_of(fitting_.model, of_, now);
    const double length = norm(gradient);
    Numbers by_values;
    too_long_ = length > options_.gamma;
    if (too_long_) {
      by_values = hessian_times(at, gradient, now);
      for (double& x : by_values) x /= length;
    } else {
      set_values(of_, moved(at, -options_.eta, gradient));
      by_values = gradient_of(fitting_.model, of_, ahead);
      by_values = moved(by_values, -options_.eta, hessian_times(at, by_values, now));
    }
    Numbers slope(factors_.size(), 0.0);
    std::size_t i = 0;
    for (std::size_t k = 0; k < factors_.size(); ++k)
      for (Index j = 0; j < of_[k]->value.numel(); ++j, ++i) slope[k] += base_[i] * by_values[i];
    return slope;
  }

  /// Of the loss on `samples` at the values `at`.
  Numbers hessian_times(const Numbers& at, const Numbers& direction, const Samples& samples) {
    constexpr double relative_step = 1e-3;
    const double length = norm(direction);
    if (!(length > 0)) return Numbers(at.size(), 0.0);
    const double step = relative_step * std::max(norm(at), 1e-12) / length;
    set_values(of_, moved(at, step, direction));
    const Numbers up = gradient_of(fitting_.model, of_, samples);
    set_values(of_, moved(at, -step, direction));
    Numbers product = moved(up, -1, gradient_of(fitting_.model, of_, samples));
    for (double& x : product) x /= 2 * step;
    return product;
  }

  const Fitting& fitting_;
  const GradInitOptions& options_;
  Parameters of_;
  Numbers base_, factors_;
  bool too_long_ = false;  // the last step's gradient, against γ
};

std::vector<std::string> fit_gradinit(const Fitting& fitting) {
  return std::vector<std::string>(fitting.fits.size(),
                                  GradInit(fitting).run() ? "" : "its gradients are not finite numbers");
}

}  // namespace

LookAhead look_ahead(nn::Module& model, std::span<const Fit> fits, const Samples& samples, double eta) {
  const Parameters of = parameters_of(fits);
  const Numbers at = values_of(of), gradient = gradient_of(model, of, samples);
  set_values(of, moved(at, -eta, gradient));
  const double loss = loss_of(model, samples);
  set_values(of, at);
  return {loss, norm(gradient)};
}

init::Initializer gradinit(const GradInitOptions& options) { return init::Initializer("gradinit", options); }

init::SchemeInfo gradinit_scheme() {
  return {
      .name = "gradinit",
      .options =
          {{"steps",
            &GradInitOptions::steps,
            "steps of descent on the parameters' factors",
            {.least = 1, .most = 10000}},
           {"lr", &GradInitOptions::lr, "how far a step moves a factor, about", {.least = 1e-6, .most = 1}},
           {"eta", &GradInitOptions::eta, "rate of the step of SGD that is looked ahead", {.least = 1e-9}},
           {"gamma", &GradInitOptions::gamma, "the gradient's norm is kept to it", {.least = 1e-9}},
           init::base_option(&GradInitOptions::base)},
      .summary =
          "learns one factor a weight so that the loss is least after one step of SGD, gradients kept short",
      .formula =
          "w ~ base, w_k = m_k w_k; m ← m - Adam(∂L(w - η g)/∂m), or where ‖g‖ > γ by ∂‖g‖/∂m; m ≥ 0.01; g the gradient "
          "on half of the batch, L the loss on another half that shares half of it",
      .paper =
          "Zhu et al. 2021, GradInit: learning to initialize neural networks for stable and efficient training "
          "(algorithm 1, for SGD). Here the batches are drawn from the one that is given, weights alone have factors, "
          "and products with the Hessian are differences of gradients in place of a second backward pass",
      .use = "nets for which no gain is known, trained by SGD at the rate eta; a step costs 3 or 4 passes",
      .fails =
          "batches that say little of the data; a start whose gradients have all but vanished: which way its loss falls "
          "is then chance, and the factors stay where they are or shrink",
      .least_rank = 2,
      .fill = fill_by_base,
      .fit = fit_gradinit};
}

}  // namespace fanin::start
