#include <fmt/ranges.h>

#include <memory>

#include <fanin/core/console.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/core/prose.hpp>
#include <fanin/io/left_out.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/io/writable.hpp>
#include <fanin/start/convert.hpp>
#include <fanin/train/checkpoint.hpp>

#include "examples/fanin/command.hpp"
#include "examples/fanin/rename_flag.hpp"

namespace fanin::program {
namespace {

struct ConvertFlags {
  std::string in, out, key, dtype, strip_prefix, add_prefix;
  std::vector<std::string> rename, adapt, only;
  bool model_only = false;
};

void run(const ConvertFlags& flags) {
  start::ConvertOptions options{
      .renaming = {.strip_prefix = flags.strip_prefix, .add_prefix = flags.add_prefix}, .only = flags.only};
  if (!flags.dtype.empty()) options.dtype = io::parse_dtype(flags.dtype);
  for (const auto& text : flags.rename) options.renaming.rename.push_back(parse_rename(text));
  for (const auto& text : flags.adapt) options.adapt.push_back(start::parse_adapt_rule(text));
  start::format_for(flags.out);
  io::require_writable_file(flags.out);
  io::TensorFile file = io::read_tensor_file(flags.in, flags.key);
  const bool checkpoint = train::is_checkpoint(file);
  if (flags.model_only && !checkpoint)
    fail_usage("--model-only: {} is not a checkpoint of 'fanin train'", flags.in);
  if (flags.model_only) train::drop_training_state(file);
  const start::Conversion done = start::convert(file, flags.out, options);
  say_prose("{} ({}) to {} ({}): {} tensor{}, {} elements\n", printable(flags.in), name_of(file.format),
            printable(flags.out), name_of(start::format_for(flags.out)), done.tensors,
            done.tensors == 1 ? "" : "s", done.elements);
  if (done.cast > 0) {
    say_prose("{} tensor{} cast; {} elements rounded, by up to {:.2g} of their value; {} became 0\n",
              done.cast, done.cast == 1 ? "" : "s", done.rounded, done.largest_rounding, done.underflowed);
  }
  if (file.left_out_count > 0) {
    note("{} left out, as {} cannot be read: {}\n", file.left_out_count,
         file.left_out_count == 1 ? "it" : "they", io::left_out_text(file));
  }
  if (!done.lost_metadata.empty()) {
    note("metadata left behind, as {} has no place for it: {}\n", name_of(start::format_for(flags.out)),
         printable(fmt::format("{}", fmt::join(done.lost_metadata, ", "))));
  }
}

}  // namespace

void add_convert(CLI::App& app) {
  auto flags = std::make_shared<ConvertFlags>();
  CLI::App* command = app.add_subcommand("convert", "Write a weight file in another format, dtype or naming");
  command->footer(
      "Examples:\n"
      "  fanin convert model.pth model.safetensors\n"
      "  fanin convert model.safetensors half.safetensors --dtype f16\n"
      "  fanin convert model.safetensors for_pytorch.pth\n"
      "  fanin convert model.pt fc.npz --strip-prefix module. --rename '^classifier=>fc' --only 'fc*'\n"
      "  fanin convert keras.npz model.safetensors --rename '/kernel:0=>.weight' --rename '/bias:0=>.bias' --adapt '*.weight=transpose'\n"
      "  fanin convert out/run1/best.safetensors model.safetensors --model-only\n"
      "Reads what 'fanin inspect' reads; writes .safetensors, .npz and .npy, told by the name. Numbers keep "
      "their dtype unless\n"
      "--dtype says otherwise, and integers always do (NumPy has no BF16: F32 holds it exactly). A number "
      "too large for the new\n"
      "dtype is an error; what is rounded is counted. OUT is replaced as a whole or not at all.");
  command->add_option("in", flags->in, "weight file")->required();
  command->add_option("out", flags->out, "file to write")->required();
  command->add_option("--key", flags->key,
                      "the dict in a PyTorch file to convert, as fanin inspect lists them");
  command->add_option("--dtype", flags->dtype, "of floating-point tensors: f32, f16 or bf16");
  command->add_option("--strip-prefix", flags->strip_prefix, "taken off the names that start with it");
  command->add_option("--rename", flags->rename, rename_help);
  command->add_option("--add-prefix", flags->add_prefix, "put before every name");
  command->add_option(
      "--adapt", flags->adapt,
      "\"pattern=transpose\" on new names: from Keras's order of dense and convolution kernels; "
      "transpose(channels=C) behind a Flatten; transpose_depthwise");
  command->add_option("--only", flags->only, "globs on the new names; the other tensors are left out");
  command->add_flag("--model-only", flags->model_only, "leave a checkpoint's training state out");
  command->callback([flags] { run(*flags); });
}

}  // namespace fanin::program
