#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>

#include "datasets/image_folder.hpp"
#include "examples/commands/command.hpp"
#include "examples/commands/model_file.hpp"
#include "framework/autograd/node.hpp"
#include "framework/core/error.hpp"
#include "framework/ops/softmax.hpp"

namespace fanin::program {
namespace {

struct PredictFlags {
  std::string file;
  std::vector<std::string> images;
  int top = 3;
  bool json = false, invert = false;
};

Tensor probabilities(const LoadedModel& loaded, const std::string& path, bool invert) {
  Dataset one = loaded.like;  // fed through a Loader, so that it is normalised as in training
  one.count = 1;
  one.labels = {0};
  one.images = read_image(path, one.channels, one.height, one.width);
  if (invert) {
    for (auto& pixel : one.images) pixel = static_cast<std::uint8_t>(255 - pixel);
  }
  Batch batch;
  Loader(one, {.batch = 1}).next(batch);
  const NoGrad no_grad;
  loaded.model->eval();
  return ops::softmax((*loaded.model)(batch.images));
}

void run(const PredictFlags& flags) {
  if (flags.top < 1) fail_usage("--top must be at least 1, got {}", flags.top);
  const LoadedModel loaded = load_model(flags.file);
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const auto& path : flags.images) {
    const Tensor p = probabilities(loaded, path, flags.invert);
    std::vector<int> order(static_cast<std::size_t>(loaded.like.classes));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return p.data()[a] > p.data()[b]; });
    order.resize(std::min(order.size(), static_cast<std::size_t>(flags.top)));
    nlohmann::ordered_json entry = {{"image", path}, {"class", order[0]}, {"name", loaded.like.class_name(order[0])}};
    std::string line = path + ":";
    for (const int c : order) {
      entry["top"].push_back({{"class", c}, {"name", loaded.like.class_name(c)}, {"probability", p.data()[c]}});
      line += fmt::format("  {} {}", loaded.like.class_name(c), percent(static_cast<double>(p.data()[c])));
    }
    all.push_back(entry);
    if (!flags.json) fmt::print("{}\n", line);
  }
  if (flags.json) fmt::print("{}\n", all.dump(2));
}

}  // namespace

void add_predict(CLI::App& app) {
  auto flags = std::make_shared<PredictFlags>();
  CLI::App* command = app.add_subcommand("predict", "Say what a saved model sees in image files");
  command->footer("Example:\n  fanin predict lenet.safetensors shirt.png --top 3");
  command->add_option("file", flags->file, "a model saved by fanin train --output")->required();
  command->add_option("images", flags->images, "PNG, JPEG or BMP files; scaled to the model's size")->required();
  command->add_option("--top", flags->top, "how many classes to name")->capture_default_str();
  command->add_flag("--invert", flags->invert, "for dark drawings on white: MNIST's are white on black");
  command->add_flag("--json", flags->json, "a JSON list on stdout");
  command->callback([flags] { run(*flags); });
}

}  // namespace fanin::program
