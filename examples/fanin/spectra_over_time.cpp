#include "examples/fanin/spectra_over_time.hpp"

#include <charconv>
#include <optional>
#include <set>

#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/nn/conv2d.hpp>
#include <fanin/train/checkpoint.hpp>

#include "examples/fanin/model_file.hpp"

namespace fanin::program {
namespace {

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

}  // namespace

SpectraAt::SpectraAt(std::string called, std::string from, probe::WeightSpectra all)
    : label(std::move(called)), path(std::move(from)), spectra(std::move(all)) {
  for (std::size_t i = 0; i < spectra.weights.size(); ++i) places[spectra.weights[i].name] = i;
}

const probe::WeightSpectrum* SpectraAt::find(const std::string& name) const {
  const auto place = places.find(name);
  return place == places.end() ? nullptr : &spectra.weights[place->second];
}

std::vector<std::string> SpectraOverTime::names() const {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (auto moment = all.rbegin(); moment != all.rend(); ++moment)
    for (const auto& weight : moment->spectra.weights)
      if (seen.insert(weight.name).second) names.push_back(weight.name);
  return names;
}

SpectraOverTime spectra_over_time(const SpectrumFlags& flags) {
  SpectraOverTime moments;
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

}  // namespace fanin::program
