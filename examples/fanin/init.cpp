#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <memory>

#include <fanin/core/console.hpp>
#include <fanin/core/error.hpp>
#include <fanin/core/moments.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/io/writable.hpp>
#include <fanin/start/initialize.hpp>

#include "examples/fanin/command.hpp"
#include "models/layer_text.hpp"

namespace fanin::program {
namespace {

namespace fs = std::filesystem;

struct InitFlags {
  std::string scheme, shape, layer, output;
  std::uint64_t seed = 0;
};

/// "256,784" → [256, 784]; at most 2^31 elements, so that a slip of the finger does not fill the machine.
Shape shape_of(const std::string& text) {
  Shape shape;
  std::vector<std::string> pieces;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find_first_of(",x", begin), text.size());
    pieces.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  if (pieces.size() > std::size_t{Shape::max_rank})
    fail_usage("--shape {} has {} sizes, at most {} are possible", text, pieces.size(), int{Shape::max_rank});
  for (const auto& piece : pieces) {
    Index size = -1;
    const auto [end, status] = std::from_chars(piece.data(), piece.data() + piece.size(), size);
    if (status != std::errc() || end != piece.data() + piece.size() || size < 0) {
      fail_usage("--shape: '{}' in '{}' is not a size; write sizes like 256,784", piece, text);
    }
    if (size > (Index{1} << 31) / std::max<Index>(1, shape.numel()))
      fail_usage("--shape {} has more than 2^31 elements", text);
    shape.append(size);
  }
  return shape;
}

void write_npy(const fs::path& path, const Tensor& tensor) {
  io::TensorFile file;
  file.tensors.push_back(io::stored("tensor", tensor));
  io::write_tensor_file(path.string(), file, io::FileFormat::npy);
}

void describe(const std::string& name, const std::string& scheme, const Tensor& w) {
  if (w.numel() == 0) {
    say("{} {}: empty\n", name, w.shape().to_string());
    return;
  }
  const auto [mean, std] = moments(w.values());
  const auto [low, high] = std::minmax_element(w.values().begin(), w.values().end());
  say("{} {} by {}: mean {:.6g}, std {:.6g}, min {:.6g}, max {:.6g}\n", name, w.shape().to_string(), scheme,
      mean, std, *low, *high);
}

void draw_tensor(const InitFlags& flags) {
  const auto scheme = init::parse(flags.scheme);
  if (!flags.output.empty()) io::require_writable_file(flags.output);
  Tensor w(shape_of(flags.shape));
  Generator generator(flags.seed);
  scheme.fill(w, generator);
  describe("tensor", scheme.to_string(), w);
  if (const auto caution = scheme.caution(w.shape(), w.rank() < 2 ? init::Fans{} : init::fans_of(w.shape())))
    note("note: {}\n", *caution);
  if (!flags.output.empty()) write_npy(flags.output, w);
}

void draw_layer(const InitFlags& flags) {
  const auto layer = models::build_layer(flags.layer);
  if (!flags.output.empty()) io::require_writable_folder(flags.output);
  Generator generator(flags.seed);
  const auto drawn = start::initialize(*layer, flags.scheme.empty() ? "default" : flags.scheme, generator);
  if (drawn.empty()) fail_usage("layer '{}' has no parameters", flags.layer);
  for (const auto& one : drawn) {
    const Tensor& value = layer->parameter(one.name)->value;
    describe(one.name, one.scheme, value);
    if (!one.note.empty()) note("note: {}: {}\n", one.name, one.note);
    if (!flags.output.empty()) write_npy(fs::path(flags.output) / (one.name + ".npy"), value);
  }
}

}  // namespace

void add_init(CLI::App& app) {
  auto flags = std::make_shared<InitFlags>();
  CLI::App* command = app.add_subcommand("init", "Write what a scheme draws, or a layer as it would be born");
  command->footer(
      "Examples:\n"
      "  fanin init \"kaiming_uniform(a=2.236)\" --shape 256,784 --seed 0 --output w.npy\n"
      "  fanin init --layer \"linear(784,256)\" --seed 0 --output born/      writes born/weight.npy and born/bias.npy\n"
      "  fanin init orthogonal --layer \"conv2d(3,16,kernel=3)\" --seed 0");
  command->add_option("scheme", flags->scheme, "the initializer; with --layer: in place of the layer's own");
  command->add_option("--shape", flags->shape, "sizes of the tensor, such as 256,784");
  command->add_option("--layer", flags->layer, "a layer, such as linear(784,256)");
  command->add_option("--seed", flags->seed, "of the generator")->capture_default_str()->check(seed_number());
  command->add_option("--output", flags->output, "NumPy file to write; with --layer: a folder");
  command->callback([flags] {
    if (flags->layer.empty() == flags->shape.empty())
      fail_usage("init needs either a scheme and --shape, or --layer");
    if (flags->layer.empty() && flags->scheme.empty())
      fail_usage("init needs a scheme before --shape; fanin inits lists them");
    if (flags->layer.empty())
      draw_tensor(*flags);
    else
      draw_layer(*flags);
  });
}

}  // namespace fanin::program
