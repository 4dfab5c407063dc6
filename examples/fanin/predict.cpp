#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>

#include <fanin/autograd/node.hpp>
#include <fanin/core/console.hpp>
#include <fanin/core/expression.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/ops/softmax.hpp>

#include "datasets/image_decoder.hpp"
#include "examples/fanin/command.hpp"
#include "examples/fanin/image_paths.hpp"
#include "examples/fanin/prediction_output.hpp"

namespace fanin::program {
namespace {

constexpr std::size_t images_at_once = 64;  // of no more does BadImages keep every message

struct PredictFlags {
  std::string file;
  std::vector<std::string> images;
  int top = 3;
  std::string background, format = "text";
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

/// What becomes of an image file before the model sees it.
std::string form_text(const datasets::ImageForm& form, bool invert) {
  const auto part = [](std::uint8_t value) { return fmt::format("{:02x}", value); };
  const datasets::Background& back = form.background;
  return fmt::format(
      "each image becomes {}x{} pixels, {}: stretched, whatever its proportions, by Mitchell's filter (Catmull-Rom where it grows); behind transparent parts is {}{}",
      form.width, form.height, form.channels == 1 ? "gray" : "RGB",
      part(back.red) + part(back.green) + part(back.blue), invert ? "; light and dark change places" : "");
}

/// The model's softmax of each of `count` images, [count, classes].
Tensor probabilities(const models::SavedModel& loaded, Index count, std::vector<std::uint8_t> pixels) {
  data::Dataset images = loaded.like;  // fed through a Loader, so that they are normalized as in training
  images.count = count;
  images.labels.assign(static_cast<std::size_t>(count), 0);
  images.images = std::move(pixels);
  data::Batch batch;
  data::Loader(images, {.batch = count}).next(batch);
  const NoGrad no_grad;
  return ops::softmax(loaded.model->predict(batch.images));
}

/// The most probable classes, the first of equals first. Error for outputs that are not numbers.
std::vector<RankedClass> ranked(std::span<const real> row, const data::Dataset& like, int most) {
  std::vector<RankedClass> all;
  for (int c = 0; c < like.classes; ++c) {
    const auto p = static_cast<double>(row[static_cast<std::size_t>(c)]);
    if (std::isnan(p)) return {};
    all.push_back({.index = c, .probability = p});
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const RankedClass& a, const RankedClass& b) { return a.probability > b.probability; });
  all.resize(std::min(all.size(), static_cast<std::size_t>(most)));
  for (auto& one : all) one.name = like.class_name(one.index);
  return all;
}

/// Says of some images, in their order, what the model sees in them; adds those that cannot be read to `bad`.
void predict_some(const PredictFlags& flags, const models::SavedModel& loaded,
                  const datasets::ImageForm& form, std::span<const std::string> paths,
                  PredictionOutput& output, datasets::BadImages& bad) {
  datasets::BadImages unread{.skipped = true};
  auto images = datasets::decode_images(
      static_cast<Index>(paths.size()), [&](Index i) { return paths[static_cast<std::size_t>(i)]; }, form,
      unread);
  if (!images.confined && bad.tried == 0) note("note: {}\n", datasets::not_confined_note);
  if (flags.invert)
    for (auto& pixel : images.pixels) pixel = static_cast<std::uint8_t>(255 - pixel);
  Tensor p;
  if (!images.kept.empty())
    p = probabilities(loaded, static_cast<Index>(images.kept.size()), std::move(images.pixels));
  std::size_t good = 0, lost = 0;
  const auto classes = static_cast<std::size_t>(loaded.like.classes);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (good == images.kept.size() || images.kept[good] != static_cast<Index>(i)) {
      const std::string& message = unread.messages[lost++];
      if (!flags.skip_bad) output.add_unread(paths[i], message);
      continue;
    }
    const auto seen = ranked(p.values().subspan(good++ * classes, classes), loaded.like, flags.top);
    if (seen.empty())
      fail(
          "'{}' predicts nothing for '{}': its outputs are not numbers; its weights are not finite, or so large that they overflow",
          flags.file, paths[i]);
    output.add(paths[i], seen);
  }
  bad.merge(unread);
}

void run(const PredictFlags& flags) {
  if (flags.top < 1) fail_usage("--top must be at least 1, got {}", flags.top);
  const PredictionForm shown = flags.json ? PredictionForm::json : prediction_form(flags.format);
  const models::SavedModel loaded = models::open(flags.file, flags.allow_nonfinite);
  const datasets::ImageForm form = form_of(loaded, flags.background);
  const auto [paths, unlisted] = image_paths(flags.images);
  note("note: {}\n", form_text(form, flags.invert));
  PredictionOutput output(shown);
  datasets::BadImages bad;
  for (std::size_t at = 0; at < paths.size(); at += images_at_once)
    predict_some(flags, loaded, form,
                 std::span(paths).subspan(at, std::min(images_at_once, paths.size() - at)), output, bad);
  for (const auto& one : unlisted) {
    if (!flags.skip_bad) output.add_unread(one.folder, one.message);
    bad.merge({.count = 1, .tried = 1, .messages = {one.message}});
  }
  output.end();
  if (!flags.skip_bad || bad.count == bad.tried)
    bad.require_none(flags.skip_bad || bad.tried == 1 ? "" : "; --skip-bad leaves them out");
  if (bad.count > 0)
    note("note: {} of {} images cannot be read and are left out: {}\n", bad.count, bad.tried, bad.summary());
}

}  // namespace

void add_predict(CLI::App& app) {
  auto flags = std::make_shared<PredictFlags>();
  CLI::App* command = app.add_subcommand("predict", "Say what a saved model sees in image files");
  command->footer(
      "An image that cannot be read is told of in its place, the others are predicted, and the exit code is 1.\n"
      "Images are stretched to the model's size, whatever their proportions, made gray for a model of one channel, "
      "and turned as their EXIF block says.\n\n"
      "Examples:\n"
      "  fanin predict lenet.safetensors shirt.png --top 3\n"
      "  fanin predict lenet.safetensors photos/ more/*.jpg --format csv --top 1 > seen.csv");
  command->add_option("file", flags->file, "a model saved by fanin train --output")->required();
  command
      ->add_option("images", flags->images, "PNG, JPEG, GIF or BMP files, or folders of them, with all below")
      ->required();
  command->add_option("--top", flags->top, "how many classes to name")->capture_default_str();
  command->add_flag("--invert", flags->invert, "for dark drawings on white: MNIST's are white on black");
  command->add_flag("--allow-nonfinite", flags->allow_nonfinite, "load NaN and infinities as they are");
  command->add_option(
      "--background", flags->background,
      "what shows where an image is transparent: white, black, a gray level or rrggbb; default: as in training");
  command->add_flag("--skip-bad", flags->skip_bad,
                    "leave out images that cannot be read, and name them on stderr alone");
  auto* format =
      command->add_option("--format", flags->format, "of stdout: text, csv, json")->capture_default_str();
  command->add_flag("--json", flags->json, "as --format json: a list with an object an image")
      ->excludes(format);
  command->callback([flags] { run(*flags); });
}

}  // namespace fanin::program
