#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <span>

#include <nlohmann/json.hpp>

#include <fanin/autograd/node.hpp>
#include <fanin/core/console.hpp>
#include <fanin/core/expression.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/ops/softmax.hpp>

#include "datasets/image_decoder.hpp"
#include "examples/fanin/command.hpp"

namespace fanin::program {
namespace {

struct PredictFlags {
  std::string file;
  std::vector<std::string> images;
  int top = 3;
  std::string background;
  bool json = false, invert = false, skip_bad = false, allow_nonfinite = false;
};

/// What an image becomes for this model: as its training images did.
datasets::ImageForm form_of(const models::SavedModel& loaded, const std::string& background) {
  const data::Dataset& like = loaded.like;
  if (like.channels != 1 && like.channels != 3)
    fail("the model reads images of {} channels; image files have 1 (gray) or 3 (RGB)", like.channels);
  datasets::ImageForm form{.channels = like.channels,
                           .height = like.height,
                           .width = like.width,
                           .background = datasets::background_of(like.name)};
  if (background.empty()) return form;
  const auto given = datasets::Background::parse(background);
  if (!given)
    fail_usage("--background: {} must be white, black, a gray level 0..255 or rrggbb in hexadecimal",
               fanin::in_quotes(background));
  form.background = *given;
  return form;
}

/// The images that can be read; the others are named, all at once.
datasets::DecodedImages read_images(const PredictFlags& flags, const datasets::ImageForm& form) {
  datasets::BadImages bad{.skipped = flags.skip_bad};
  auto images = datasets::decode_images(
      static_cast<Index>(flags.images.size()),
      [&](Index i) { return flags.images[static_cast<std::size_t>(i)]; }, form, bad);
  if (!flags.skip_bad || images.kept.empty())
    bad.require_none(flags.skip_bad || flags.images.size() == 1 ? "" : "; --skip-bad leaves them out");
  if (bad.count > 0)
    note("note: {} of {} images cannot be read and are left out: {}\n", bad.count, bad.tried, bad.summary());
  if (!images.confined) note("note: {}\n", datasets::not_confined_note);
  return images;
}

Tensor probabilities(const models::SavedModel& loaded, std::span<const std::uint8_t> pixels, bool invert) {
  data::Dataset one = loaded.like;  // fed through a Loader, so that it is normalized as in training
  one.count = 1;
  one.labels = {0};
  one.images.assign(pixels.begin(), pixels.end());
  if (invert) {
    for (auto& pixel : one.images) pixel = static_cast<std::uint8_t>(255 - pixel);
  }
  data::Batch batch;
  data::Loader(one, {.batch = 1}).next(batch);
  const NoGrad no_grad;
  loaded.model->eval();
  return ops::softmax((*loaded.model)(batch.images));
}

void run(const PredictFlags& flags) {
  if (flags.top < 1) fail_usage("--top must be at least 1, got {}", flags.top);
  const models::SavedModel loaded = models::open(flags.file, flags.allow_nonfinite);
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  const datasets::DecodedImages images = read_images(flags, form_of(loaded, flags.background));
  const auto size = static_cast<std::size_t>(loaded.like.image_size());
  for (std::size_t i = 0; i < images.kept.size(); ++i) {
    const std::string& path = flags.images[static_cast<std::size_t>(images.kept[i])];
    const Tensor p = probabilities(loaded, std::span(images.pixels).subspan(i * size, size), flags.invert);
    if (std::any_of(p.values().begin(), p.values().end(), [](real v) { return std::isnan(v); })) {
      fail(
          "'{}' predicts nothing for '{}': its outputs are not numbers; its weights are not finite, or so large that they overflow",
          flags.file, path);
    }
    std::vector<int> order(static_cast<std::size_t>(loaded.like.classes));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return p.data()[a] > p.data()[b]; });
    order.resize(std::min(order.size(), static_cast<std::size_t>(flags.top)));
    nlohmann::ordered_json entry = {
        {"image", path}, {"class", order[0]}, {"name", loaded.like.class_name(order[0])}};
    std::string line = printable(path) + ":";
    for (const int c : order) {
      entry["top"].push_back(
          {{"class", c}, {"name", loaded.like.class_name(c)}, {"probability", p.data()[c]}});
      line += fmt::format("  {} {}", printable(loaded.like.class_name(c)),
                          share_text(static_cast<double>(p.data()[c])));
    }
    all.push_back(entry);
    if (!flags.json) say("{}\n", line);
  }
  if (flags.json) say("{}\n", json_text(all));
}

}  // namespace

void add_predict(CLI::App& app) {
  auto flags = std::make_shared<PredictFlags>();
  CLI::App* command = app.add_subcommand("predict", "Say what a saved model sees in image files");
  command->footer("Example:\n  fanin predict lenet.safetensors shirt.png --top 3");
  command->add_option("file", flags->file, "a model saved by fanin train --output")->required();
  command->add_option("images", flags->images, "PNG, JPEG, GIF or BMP files; scaled to the model's size")
      ->required();
  command->add_option("--top", flags->top, "how many classes to name")->capture_default_str();
  command->add_flag("--invert", flags->invert, "for dark drawings on white: MNIST's are white on black");
  command->add_flag("--allow-nonfinite", flags->allow_nonfinite, "load NaN and infinities as they are");
  command->add_option(
      "--background", flags->background,
      "what shows where an image is transparent: white, black, a gray level or rrggbb; default: as in training");
  command->add_flag("--skip-bad", flags->skip_bad, "leave out images that cannot be read, and name them");
  command->add_flag("--json", flags->json, "a JSON list on stdout");
  command->callback([flags] { run(*flags); });
}

}  // namespace fanin::program
