#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <memory>

#include <fanin/core/console.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/moments.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/core/prose.hpp>
#include <fanin/core/text_table.hpp>
#include <fanin/io/left_out.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/io/writable.hpp>
#include <fanin/start/convert.hpp>
#include <fanin/start/fresh_file.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/slots.hpp>

#include "examples/fanin/command.hpp"
#include "models/layer_text.hpp"

namespace fanin::program {
namespace {

namespace fs = std::filesystem;

struct InitFlags {
  std::string scheme, shape, layer, like, key, output;
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
  say_prose("{} {} by {}: mean {:.6g}, std {:.6g}, min {:.6g}, max {:.6g}\n", name, w.shape().to_string(),
            scheme, mean, std, *low, *high);
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

/// Fresh values for every tensor of somebody's file, and what each is taken for.
void draw_file(const InitFlags& flags) {
  const auto plan = init::Plan::parse(flags.scheme.empty() ? "default" : flags.scheme);
  if (!flags.output.empty()) {
    start::format_for(flags.output);
    io::require_writable_file(flags.output);
  }
  const io::TensorFile file = io::read_tensor_file(flags.like, flags.key);
  Generator generator(flags.seed);
  start::FreshFile fresh = start::fresh_file(file, plan, generator);
  text::TextTable table({{"tensor"}, {"shape"}, {"taken as"}, {"by"}, {"std", true}});
  for (std::size_t i = 0; i < fresh.tensors.size(); ++i) {
    const start::FilePlace& place = fresh.places[i];
    const auto& drawn = fresh.drawn[i];
    std::string name = printable(fresh.tensors[i].name);
    if (place.name != fresh.tensors[i].name) name += fmt::format(" ({})", printable(place.name));
    const bool kept = place.part == start::FilePart::kept;
    table.add({std::move(name), fresh.tensors[i].shape_text(),
               std::string(choices_of(place.part).name_of(place.part)),
               fresh.tied_to[i] ? "tied to " + printable(fresh.tensors[*fresh.tied_to[i]].name)
               : drawn          ? drawn->scheme
               : kept           ? "as it was"
                                : "its layer",
               drawn ? fmt::format("{:.4g}", drawn->std) : "-"});
  }
  say("{}\n", table.to_string(output_width()));
  for (const auto& drawn : fresh.drawn)
    if (drawn && !drawn->note.empty()) note("note: {}: {}\n", printable(drawn->name), drawn->note);
  if (file.left_out_count > 0)
    note("note: {} left out, as {} cannot be read: {}\n", file.left_out_count,
         file.left_out_count == 1 ? "it" : "they", io::left_out_text(file));
  if (flags.output.empty()) return;
  const io::TensorFile out{.format = start::format_for(flags.output),
                           .path = flags.output,
                           .tensors = std::move(fresh.tensors),
                           .metadata = {{"plan", plan.to_string()},
                                        {"seed", std::to_string(flags.seed)},
                                        {"draws", std::to_string(start::draws_version)}}};
  io::write_tensor_file(flags.output, out, out.format);
  note("wrote {}\n", printable(flags.output));
}

}  // namespace

void add_init(CLI::App& app) {
  auto flags = std::make_shared<InitFlags>();
  CLI::App* command = app.add_subcommand("init", "Write what a scheme draws, or a layer as it would be born");
  command->footer(
      "Examples:\n"
      "  fanin init \"kaiming_uniform(a=√5)\" --shape 256,784 --seed 0 --output w.npy\n"
      "  fanin init --layer \"linear(784,256)\" --seed 0 --output born/      writes born/weight.npy and born/bias.npy\n"
      "  fanin init orthogonal --layer \"conv2d(3,16,kernel=3)\" --seed 0\n"
      "  fanin init --like theirs.safetensors --init \"orthogonal; head.*=zeros\" --output new.safetensors\n"
      "--like draws every tensor of a file of PyTorch, Keras or JAX anew, as the plan has it; what each is taken\n"
      "for, by its name and shape, is shown. Normalizations are born as ones and zeros; what is not known is\n"
      "kept. Groups and transposed convolutions cannot be told from a file: their fans are those of the shape.");
  command->add_option("scheme,--init,--schemes", flags->scheme,
                      "the initializer; with --layer: in place of the layer's own; with --like: a plan");
  auto* like = command->add_option("--like", flags->like, "a weight file, whose tensors get fresh values");
  command->add_option("--key", flags->key, "the dict in a PyTorch file, as fanin inspect lists them")
      ->needs(like);
  command->add_option("--shape", flags->shape, "sizes of the tensor, such as 256,784");
  command->add_option("--layer", flags->layer, "a layer, such as linear(784,256)");
  command->add_option("--seed", flags->seed, "of the generator")->capture_default_str()->check(seed_number());
  command->add_option("--output", flags->output,
                      "NumPy file to write; with --layer: a folder; with --like: a weight file");
  command->callback([flags] {
    if ((flags->layer.empty() ? 0 : 1) + (flags->shape.empty() ? 0 : 1) + (flags->like.empty() ? 0 : 1) != 1)
      fail_usage("init needs one of: a scheme and --shape, --layer, or --like");
    if (!flags->like.empty()) return draw_file(*flags);
    if (flags->layer.empty() && flags->scheme.empty())
      fail_usage("init needs a scheme before --shape; fanin inits lists them");
    if (flags->layer.empty())
      draw_tensor(*flags);
    else
      draw_layer(*flags);
  });
}

}  // namespace fanin::program
