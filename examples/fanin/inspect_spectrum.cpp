#include "examples/fanin/inspect_spectrum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include <fanin/compare/figure_svg.hpp>
#include <fanin/core/console.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/format.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/core/prose.hpp>
#include <fanin/io/atomic_file.hpp>
#include <fanin/io/finite_json.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/io/writable.hpp>
#include <fanin/nn/conv2d.hpp>
#include <fanin/train/checkpoint.hpp>

#include "examples/fanin/json_printer.hpp"

namespace fanin::program {
namespace {

using io::finite_or_null;
using nlohmann::ordered_json;
using probe::Spectrum;
using probe::WeightSpectrum;

/// The weights at one time: as they are in a file, or as they were drawn.
struct Moment {
  std::string label, path;
  probe::WeightSpectra spectra;
  std::map<std::string, std::size_t> places = {};  // of the weights, by name

  Moment(std::string called, std::string from, probe::WeightSpectra all)
      : label(std::move(called)), path(std::move(from)), spectra(std::move(all)) {
    for (std::size_t i = 0; i < spectra.weights.size(); ++i) places[spectra.weights[i].name] = i;
  }
  /// Null where there is none of that name.
  const WeightSpectrum* find(const std::string& name) const {
    const auto place = places.find(name);
    return place == places.end() ? nullptr : &spectra.weights[place->second];
  }
};

/// One or two moments of the same weights.
struct Moments {
  std::vector<Moment> all;
  std::string no_start;  ///< why there is no start, where one would expect it

  /// Every name, in the order of the last moment, and then those that only the first has.
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    std::set<std::string> seen;
    for (auto moment = all.rbegin(); moment != all.rend(); ++moment)
      for (const auto& weight : moment->spectra.weights)
        if (seen.insert(weight.name).second) names.push_back(weight.name);
    return names;
  }
};

/// The convolutions of a model that its file describes, by their weights' names.
std::map<std::string, probe::ConvolutionUse> convolutions(const io::TensorFile& file) {
  std::map<std::string, probe::ConvolutionUse> all;
  if (!file.metadata.contains("model")) return all;
  try {
    const models::SavedModel saved = models::described(file);
    for (const auto& one : saved.model->all_names()) {
      if (const auto* layer = dynamic_cast<const nn::Conv2d*>(one.owner)) {
        const nn::Conv2dOptions& o = layer->options();
        all[one.name] = probe::ConvolutionUse{.groups = o.groups, .stride = o.stride, .dilation = o.dilation};
      }
    }
  } catch (const Error&) {  // then it is a file of tensors like any other
  }
  return all;
}

Index side_of(const std::string& text, const std::string& whole) {
  Index side = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), side);
  if (status != std::errc() || end != text.data() + text.size() || side < 1 || side > 1024)
    fail_usage("--image '{}' must be the side of an image in pixels, or HEIGHTxWIDTH, each from 1 to 1024",
               printable(whole, 60));
  return side;
}

probe::SpectrumOptions options_of(const SpectrumFlags& flags) {
  probe::SpectrumOptions options{.most_work = flags.most_work};
  if (!(options.most_work >= 0)) fail_usage("--most-work {} must be 0 or more", flags.most_work);
  const auto times = flags.image.find('x');
  options.height = side_of(flags.image.substr(0, times), flags.image);
  options.width =
      times == std::string::npos ? options.height : side_of(flags.image.substr(times + 1), flags.image);
  return options;
}

Moments moments_of(const SpectrumFlags& flags) {
  Moments moments;
  probe::SpectrumOptions options = options_of(flags);
  const auto add = [&](const std::string& label, const io::TensorFile& file,
                       const std::map<std::string, probe::ConvolutionUse>& known) {
    options.use = [&known](const std::string& name) {
      const auto found = known.find(name);
      return found == known.end() ? std::nullopt : std::optional(found->second);
    };
    moments.all.emplace_back(label, file.path, probe::weight_spectra(file, options));
  };
  const bool two = flags.files.size() == 2;
  for (std::size_t i = 0; i < flags.files.size(); ++i) {
    io::TensorFile file = io::read_tensor_file(flags.files[i], flags.key);
    train::drop_training_state(file);
    const auto known = convolutions(file);
    if (!two && file.metadata.contains("model") && file.metadata.contains("plan")) {
      try {
        add("start", initial_values(file, flags.redraw), known);
      } catch (const Error& error) {
        moments.no_start = error.what();
      }
    }
    add(two ? (i == 0 ? "before" : "after") : "now", file, known);
  }
  return moments;
}

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

void print_table(const Moments& moments) {
  const bool two = moments.all.size() == 2;
  const std::vector<std::string> names = moments.names();
  if (!names.empty())
    say("\n{:<28}{:>9}{:>8}{:>9}{:>10}{:>6}{:>5}{:>5}\n", "weight", "norm", "stable", "effect.", "condition",
        "alpha", "n", "D");
  bool any_tail = false, any_operator = false, assumed = false;
  std::vector<std::string> left_out;
  const auto leave_out = [&](const Moment& moment, const WeightSpectrum& weight, const char* what,
                             const std::string& why) {
    left_out.push_back(
        fmt::format("{}{}{}: {}", printable(weight.name, 60), two ? " " + moment.label : "", what, why));
  };
  for (const auto& name : names) {
    bool titled = false;
    const auto line = [&](const Moment& moment, const WeightSpectrum& weight, const std::string& what,
                          const std::string& cells) {
      if (!titled) say("{} {}\n", printable(weight.name, 60), weight.shape);
      titled = true;
      say("{:<28}{}\n", fmt::format("  {:<{}}{}", two ? moment.label : "", two ? 7 : 0, what), cells);
    };
    for (const bool as_operator : {false, true}) {
      for (const Moment& moment : moments.all) {
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

void print_json(const Moments& moments) {
  JsonPrinter json;
  json.open('{');
  json.open('[', "moments");
  for (const Moment& moment : moments.all)
    json.value({{"moment", moment.label}, {"path", moment.path}, {"not_shown", moment.spectra.others}});
  json.close();
  if (!moments.no_start.empty()) json.value(moments.no_start, "no_start");
  json.open('[', "weights");
  for (const auto& name : moments.names()) {
    ordered_json one = {{"name", name}};
    for (const Moment& moment : moments.all)
      if (const WeightSpectrum* weight = moment.find(name)) one[moment.label] = json_of(*weight);
    json.value(one);
  }
  json.close();
  json.close();
}

compare::Figure figure_of(const Moments& moments) {
  constexpr std::size_t most_weights = 12;
  std::vector<std::string> names;
  for (const auto& name : moments.names()) {
    const WeightSpectrum* weight = moments.all.back().find(name);
    if (weight && weight->matrix && weight->matrix->norm > 0) names.push_back(name);
  }
  const std::size_t all = names.size();
  // Of many, those of the most values, in the file's order.
  std::vector<std::size_t> sizes;
  const auto size_of = [&](const std::string& name) {
    return moments.all.back().find(name)->matrix->values.size();
  };
  for (const auto& name : names) sizes.push_back(size_of(name));
  std::sort(sizes.begin(), sizes.end(), std::greater<>());
  if (all > most_weights) {
    std::erase_if(names, [&](const auto& name) { return size_of(name) < sizes[most_weights - 1]; });
    names.resize(std::min(names.size(), most_weights));
  }
  const bool two = moments.all.size() == 2;
  compare::Figure figure{
      .kind = compare::Figure::Kind::lines,
      .name = "spectrum",
      .title = "Singular values of the weights",
      .caption = fmt::format(
          "Singular values of each weight as a matrix [out, rest], largest first, over their share of the rank; {}{}",
          two ? fmt::format("{} (dashed) and {} (solid).", moments.all[0].label, moments.all[1].label)
              : "as they are.",
          all > names.size() ? fmt::format(" The {} of {} weights with the most values.", names.size(), all)
                             : ""),
      .x = compare::linear_axis("index of the singular value, % of all", 0, 1, 100)};
  std::vector<compare::Look> looks;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::size_t colors = compare::palette.size();
    looks.push_back({.color = i % colors, .marker = static_cast<compare::Marker>(i / colors % 6)});
  }
  double low = HUGE_VAL, high = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (const Moment& moment : moments.all) {
      const WeightSpectrum* weight = moment.find(names[i]);
      if (!weight || !weight->matrix) continue;
      const auto& values = weight->matrix->values;
      compare::Series line{.scheme = printable(names[i], 30), .look = looks[i]};
      if (two) line.scheme = fmt::format("{}, {}", line.scheme, moment.label);
      line.look.dash = two && &moment == &moments.all.front() ? 1 : 0;
      const std::size_t points = std::min<std::size_t>(values.size(), 200);
      for (std::size_t k = 0; k < points; ++k) {
        const std::size_t at = points == 1 ? 0 : k * (values.size() - 1) / (points - 1);
        // What is rounding of zero has no place on a logarithmic axis.
        if (values[at] <= 1e-15 * values.front()) break;
        const double share =
            values.size() == 1 ? 0 : static_cast<double>(at) / static_cast<double>(values.size() - 1);
        line.points.push_back({.x = share, .y = values[at]});
        low = std::min(low, values[at]);
        high = std::max(high, values[at]);
      }
      if (!line.points.empty()) figure.series.push_back(std::move(line));
    }
  }
  if (figure.series.empty()) fail("no weight has a singular value above 0 to be drawn");
  figure.y = compare::log_axis("singular value", low, high);
  return figure;
}

}  // namespace

void inspect_spectrum(const SpectrumFlags& flags) {
  if (flags.files.size() > 2)
    fail_usage("inspect --spectrum takes one file, or two (before and after), got {}", flags.files.size());
  if (!flags.figure.empty()) io::require_writable_file(flags.figure);
  const Moments moments = moments_of(flags);
  if (flags.json) {
    print_json(moments);
  } else {
    for (const Moment& moment : moments.all)
      if (moment.label != "start")
        say("{}{}\n", moment.label == "now" ? "" : moment.label + ": ", printable(moment.path));
    print_table(moments);
  }
  if (flags.figure.empty()) return;
  const std::string svg = compare::figure_svg(figure_of(moments));
  io::write_atomically(flags.figure, [&](io::AtomicWriter& file) { file.write(svg); });
  note("wrote {}\n", printable(flags.figure));
}

}  // namespace fanin::program
