#include "examples/fanin/inspect_spectrum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include <fanin/compare/figure_svg.hpp>
#include <fanin/core/console.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/format.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/core/prose.hpp>
#include <fanin/io/atomic_file.hpp>
#include <fanin/io/finite_json.hpp>
#include <fanin/io/writable.hpp>

#include "examples/fanin/json_printer.hpp"
#include "examples/fanin/spectra_over_time.hpp"
#include "examples/fanin/spectrum_figure.hpp"

namespace fanin::program {
namespace {

using io::finite_or_null;
using nlohmann::ordered_json;
using probe::Spectrum;
using probe::WeightSpectrum;

std::string number(double value) {
  if (std::isinf(value)) return "inf";
  if (value == 0) return "0";
  return std::abs(value) >= 1e-3 && std::abs(value) < 1e4 ? fmt::format("{:.4g}", value)
                                                          : fmt::format("{:.2g}", value);
}

/// The columns behind the first: 50 wide, so that a row has 80.
std::string row_of(const Spectrum& spectrum, const WeightSpectrum* tail_of) {
  const auto* tail = tail_of && tail_of->tail ? &*tail_of->tail : nullptr;
  return fmt::format("{:>9}{:>8}{:>9}{:>10}{:>6}{:>5}{:>5}", number(spectrum.norm),
                     number(spectrum.stable_rank), number(spectrum.effective_rank),
                     number(spectrum.condition), tail ? fmt::format("{:.2f}", tail->alpha) : "-",
                     tail ? std::to_string(tail->tail) : "-",
                     tail ? fmt::format("{:.2f}", tail->distance).substr(1) : "-");
}

void print_table(const SpectraOverTime& moments) {
  const bool two = moments.all.size() == 2;
  const std::vector<std::string> names = moments.names();
  if (!names.empty())
    say("\n{:<28}{:>9}{:>8}{:>9}{:>10}{:>6}{:>5}{:>5}\n", "weight", "norm", "stable", "effect.", "condition",
        "alpha", "n", "D");
  bool any_tail = false, any_operator = false, assumed = false;
  std::vector<std::string> left_out;
  const auto leave_out = [&](const SpectraAt& moment, const WeightSpectrum& weight, const char* what,
                             const std::string& why) {
    left_out.push_back(
        fmt::format("{}{}{}: {}", printable(weight.name, 60), two ? " " + moment.label : "", what, why));
  };
  for (const auto& name : names) {
    bool titled = false;
    const auto line = [&](const SpectraAt& moment, const WeightSpectrum& weight, const std::string& what,
                          const std::string& cells) {
      if (!titled) say("{} {}\n", printable(weight.name, 60), weight.shape);
      titled = true;
      say("{:<28}{}\n", fmt::format("  {:<{}}{}", two ? moment.label : "", two ? 7 : 0, what), cells);
    };
    for (const bool as_operator : {false, true}) {
      for (const SpectraAt& moment : moments.all) {
        const WeightSpectrum* weight = moment.find(name);
        if (!weight) continue;
        if (!as_operator) {
          if (weight->matrix)
            line(moment, *weight, fmt::format("matrix {}×{}", weight->rows, weight->columns),
                 row_of(*weight->matrix, weight));
          else
            leave_out(moment, *weight, "", weight->left_out);
          any_tail = any_tail || weight->matrix;
        } else if (weight->as_operator) {
          line(moment, *weight,
               fmt::format("operator {}×{}{}", weight->height, weight->width, weight->use ? "" : "*"),
               row_of(*weight->as_operator, nullptr));
          any_operator = true;
          assumed = assumed || !weight->use;
        } else if (!weight->no_operator.empty()) {
          leave_out(moment, *weight, " as an operator", weight->no_operator);
        }
      }
    }
  }
  if (any_tail) {
    say_prose(
        "\nnorm: spectral. stable, effect.: ranks, ‖W‖_F²/‖W‖² and exp of the values' entropy.\n"
        "alpha: exponent of the tail of the n largest eigenvalues of W Wᵀ, D from a power "
        "law; - where fewer than {} eigenvalues or {} in the tail are too few to tell.\n",
        statistics::power_law_least_count, statistics::power_law_least_tail);
  }
  if (any_operator) say_prose("operator: the convolution as a map of such images, continued periodically.\n");
  if (assumed) say_prose("* the file does not tell strides, groups and dilation: taken as 1.\n");
  if (!moments.no_start.empty()) say_prose("no values of the start: {}\n", printable(moments.no_start));
  constexpr std::size_t most = 20;
  for (std::size_t i = 0; i < std::min(left_out.size(), most); ++i) say_prose("left out: {}\n", left_out[i]);
  if (left_out.size() > most) say("left out: {} more\n", left_out.size() - most);
  if (const std::size_t others = moments.all.back().spectra.others; others > 0)
    say_prose("{} of one dimension or none, or of integers, not shown\n", text::counted(others, "tensor"));
}

ordered_json json_of(const Spectrum& spectrum) {
  return {{"spectral_norm", finite_or_null(spectrum.norm)},
          {"stable_rank", finite_or_null(spectrum.stable_rank)},
          {"effective_rank", finite_or_null(spectrum.effective_rank)},
          {"condition", finite_or_null(spectrum.condition)}};
}

ordered_json json_of(const WeightSpectrum& weight) {
  ordered_json one = {{"shape", weight.shape}};
  if (!weight.left_out.empty()) one["left_out"] = weight.left_out;
  if (weight.matrix) {
    ordered_json matrix = {{"rows", weight.rows}, {"columns", weight.columns}};
    matrix.update(json_of(*weight.matrix));
    if (weight.tail) {
      matrix["power_law"] = {{"alpha", weight.tail->alpha},
                             {"standard_error", weight.tail->error},
                             {"x_min", weight.tail->least},
                             {"n", weight.tail->tail},
                             {"D", weight.tail->distance}};
    } else {
      matrix["power_law"] = nullptr;
      matrix["no_power_law"] = weight.no_tail;
    }
    matrix["singular_values"] = weight.matrix->values;
    one["matrix"] = matrix;
  }
  if (weight.as_operator) {
    const probe::ConvolutionUse use = weight.use.value_or(probe::ConvolutionUse{});
    ordered_json whole = {{"height", weight.height},
                          {"width", weight.width},
                          {"groups", use.groups},
                          {"stride", {use.stride.h, use.stride.w}},
                          {"dilation", {use.dilation.h, use.dilation.w}},
                          {"assumed", !weight.use},
                          {"values", weight.as_operator->values.size()}};
    whole.update(json_of(*weight.as_operator));
    // Of thousands, every hundredth part of them.
    ordered_json quantiles = ordered_json::array();
    const std::size_t last = weight.as_operator->values.size() - 1;
    for (std::size_t i = 0; i <= 100; ++i) quantiles.push_back(weight.as_operator->values[i * last / 100]);
    whole["percentiles_from_largest"] = quantiles;
    one["operator"] = whole;
  } else if (!weight.no_operator.empty()) {
    one["operator_left_out"] = weight.no_operator;
  }
  return one;
}

void print_json(const SpectraOverTime& moments) {
  JsonPrinter json;
  json.open('{');
  json.open('[', "moments");
  for (const SpectraAt& moment : moments.all)
    json.value({{"moment", moment.label}, {"path", moment.path}, {"not_shown", moment.spectra.others}});
  json.close();
  if (!moments.no_start.empty()) json.value(moments.no_start, "no_start");
  json.open('[', "weights");
  for (const auto& name : moments.names()) {
    ordered_json one = {{"name", name}};
    for (const SpectraAt& moment : moments.all)
      if (const WeightSpectrum* weight = moment.find(name)) one[moment.label] = json_of(*weight);
    json.value(one);
  }
  json.close();
  json.close();
}

}  // namespace

void inspect_spectrum(const SpectrumFlags& flags) {
  if (flags.files.size() > 2)
    fail_usage("inspect --spectrum takes one file, or two (before and after), got {}", flags.files.size());
  if (!flags.figure.empty()) io::require_writable_file(flags.figure);
  const SpectraOverTime moments = spectra_over_time(flags);
  if (flags.json) {
    print_json(moments);
  } else {
    for (const SpectraAt& moment : moments.all)
      if (moment.label != "start")
        say("{}{}\n", moment.label == "now" ? "" : moment.label + ": ", printable(moment.path));
    print_table(moments);
  }
  if (flags.figure.empty()) return;
  const std::string svg = compare::figure_svg(spectrum_figure(moments));
  io::write_atomically(flags.figure, [&](io::AtomicWriter& file) { file.write(svg); });
  note("wrote {}\n", printable(flags.figure));
}

}  // namespace fanin::program
