// Weights from elsewhere: other prefixes, numbers that are none, Keras's orders.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include <fanin/io/not_finite.hpp>
#include <fanin/io/safetensors.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/models.hpp>
#include <fanin/nn/conv2d.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/nn/simple_layers.hpp>
#include <fanin/start/convert.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/prefix_hint.hpp>
#include <fanin/start/state_dict.hpp>

#include "tests/io/scratch.hpp"
#include "tests/message.hpp"

using namespace fanin;

namespace {

/// A file in memory that owns its elements.
class File {
 public:
  io::TensorFile file{.format = io::FileFormat::safetensors, .path = "theirs", .tensors = {}, .metadata = {}};

  template <class T>
  File& add(const std::string& name, io::DType dtype, std::vector<Index> sizes, std::vector<T> values) {
    const auto kept = std::make_shared<std::vector<T>>(std::move(values));
    file.tensors.push_back({.name = name,
                            .dtype = dtype,
                            .sizes = std::move(sizes),
                            .strides = {},
                            .data = reinterpret_cast<const std::byte*>(kept->data()),
                            .big_endian = false,
                            .owner = kept});
    return *this;
  }
};

std::vector<float> counted(std::size_t n) {
  std::vector<float> values(n);
  std::iota(values.begin(), values.end(), 1.0f);
  return values;
}

/// A model's own tensors under other names.
File saved(nn::Module& model, const std::function<std::string(const std::string&)>& rename) {
  Generator generator(1);
  start::initialize(model, generator);
  File all;
  for (const auto& [name, tensor] : model.state_dict()) {
    const Shape& shape = tensor.shape();
    all.add<float>(rename(name), io::DType::f32, {shape.begin(), shape.end()},
                   {tensor.data(), tensor.data() + tensor.numel()});
  }
  return all;
}

nn::ModulePtr mlp() {
  return models::build("mlp(hidden=4)", {.channels = 1, .height = 2, .width = 2, .classes = 3});
}

std::string refusal(const io::TensorFile& file, const start::WarmStartOptions& options = {}) {
  const auto model = mlp();
  return message([&] { start::load_state_dict(*model, file, options); });
}

/// A net whose model's names have a prefix of their own.
nn::ModulePtr wrapped() {
  auto outer = std::make_shared<nn::Sequential>();
  outer->add("net", mlp());
  return outer;
}

}  // namespace

TEST_CASE("prefixes: one that hides every name is named, with the flag") {
  const auto source = mlp();
  for (const std::string prefix :
       {"module.", "net.", "_orig_mod.", "model.module.", "backbone.", "a.b.c.d.", "state/", "x-"}) {
    CAPTURE(prefix);
    const File file = saved(*source, [&](const std::string& name) { return prefix + name; });
    CHECK(refusal(file.file) == "theirs: every saved name starts with '" + prefix +
                                    "'; without it all 4 fit: --strip-prefix " + prefix);
    const auto model = mlp();
    CHECK(start::load_state_dict(*model, file.file, {.strip_prefix = prefix})
              .count(start::WarmStartReport::Status::loaded) == 4);
  }
  // PyTorch's counters are in nobody's way.
  File counted_too = saved(*source, [](const std::string& name) { return "module." + name; });
  counted_too.add<std::int64_t>("module.bn.num_batches_tracked", io::DType::i64, {}, {3});
  CHECK(holds(refusal(counted_too.file), "all 4 fit: --strip-prefix module."));
}

TEST_CASE("prefixes: what is left over, copies under two prefixes, and a prefix of the model's") {
  const auto source = mlp();
  File both = saved(*source, [](const std::string& name) { return "student." + name; });
  for (const auto& tensor :
       saved(*source, [](const std::string& name) { return "teacher." + name; }).file.tensors)
    both.file.tensors.push_back(tensor);
  const std::string text = refusal(both.file);
  CHECK(holds(
      text,
      "all 4 of the model fit, and 4 saved ones are left over: --strip-prefix student. --allow-unexpected"));
  CHECK(holds(text, "or --strip-prefix teacher. --allow-unexpected"));
  const auto half = mlp();
  CHECK(start::load_state_dict(*half, both.file, {.strip_prefix = "teacher.", .allow_unexpected = true})
            .count(start::WarmStartReport::Status::loaded) == 4);

  const auto outer = wrapped();
  const File bare = saved(*source, [](const std::string& name) { return name; });
  const std::string add = message([&] { start::load_state_dict(*outer, bare.file); });
  CHECK(holds(
      add,
      "every name of the model starts with 'net.'; with it before the saved names all 4 fit: --add-prefix net."));
  start::load_state_dict(*outer, bare.file, {.add_prefix = "net."});
  const auto other = wrapped();
  const File foreign = saved(*source, [](const std::string& name) { return "module." + name; });
  CHECK(holds(message([&] { start::load_state_dict(*other, foreign.file); }),
              "--strip-prefix module. --add-prefix net."));

  // Without a prefix that helps there is none in the message; a file that gives nothing is no warm start.
  const File apart = saved(*source, [](const std::string& name) { return "m." + name + "x"; });
  CHECK_FALSE(holds(refusal(apart.file), "--strip-prefix"));
  CHECK(holds(refusal(foreign.file, {.allow_missing = true, .allow_unexpected = true}),
              "--strip-prefix module."));
  CHECK(holds(refusal(saved(*source, [](const std::string& name) { return "a.b." + name; }).file,
                      {.strip_prefix = "a."}),
              "--strip-prefix a.b."));
}

TEST_CASE(
    "not finite: NaN, infinities and doubles past float's range are named when loaded, and nothing changes") {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  const auto source = mlp();
  struct Case {
    std::string says;
    std::function<void(File&)> spoil;
  };
  const auto replace = [](File& file, const std::string& name, const File& by) {
    for (auto& tensor : file.file.tensors) {
      if (tensor.name == name) tensor = by.file.tensors[0];
    }
  };
  const std::vector<Case> cases = {
      {"'fc2.bias': 3 of 3 are NaN",
       [&](File& f) {
         replace(f, "fc2.bias", File().add<float>("fc2.bias", io::DType::f32, {3}, {nan, nan, nan}));
       }},
      {"'fc1.bias': of 4, 1 is NaN, 2 are infinite",
       [&](File& f) {
         replace(f, "fc1.bias", File().add<float>("fc1.bias", io::DType::f32, {4}, {inf, 0, nan, -inf}));
       }},
      {"'fc2.bias': 2 of 3 are too large for F32",
       [&](File& f) {
         replace(f, "fc2.bias", File().add<double>("fc2.bias", io::DType::f64, {3}, {1e300, 1, -1e40}));
       }},
      {"'fc2.bias': 1 of 3 is infinite",
       [&](File& f) {
         replace(f, "fc2.bias",
                 File().add<std::uint16_t>("fc2.bias", io::DType::f16, {3}, {0, 0x7c00, 0x3c00}));
       }},
      {"'fc2.bias': 1 of 3 is NaN",
       [&](File& f) {
         replace(f, "fc2.bias",
                 File().add<std::uint16_t>("fc2.bias", io::DType::bf16, {3}, {0x7fc0, 0x7f7f, 0x3c00}));
       }},
  };
  for (const auto& entry : cases) {
    const auto& says = entry.says;
    const auto& spoil = entry.spoil;
    CAPTURE(says);
    File file = saved(*source, [](const std::string& name) { return name; });
    spoil(file);
    const auto model = mlp();
    const std::string text = message([&] { start::load_state_dict(*model, file.file); });
    CHECK(holds(text, says));
    CHECK(holds(text, "--allow-nonfinite"));
    for (const auto& one : model->named_parameters()) CHECK(one.parameter->origin == nn::Origin::declared);
    const start::WarmStartReport report =
        start::load_state_dict(*model, file.file, {.allow_nonfinite = true});
    CHECK(holds(report.to_string(), says.substr(says.find(':') + 2)));
  }
  // Far into a large tensor, and at the edge of the range.
  std::vector<float> many(10'000, 1);
  many[9'999] = nan;
  CHECK(not_finite(File().add<float>("a", io::DType::f32, {10'000}, many).file.tensors[0]).nans == 1);
  const double most = std::numeric_limits<float>::max();
  CHECK_FALSE(not_finite(File().add<double>("a", io::DType::f64, {2}, {most, -most}).file.tensors[0]).any());
  CHECK_FALSE(
      not_finite(File().add<std::int64_t>("a", io::DType::i64, {1}, {INT64_MAX}).file.tensors[0]).any());
}

TEST_CASE("transpose: Keras's dense, convolution and depthwise kernels get their place, element by element") {
  // dense [in, out]
  const File dense =
      File().add("weight", io::DType::f32, {2, 3}, counted(6)).add("bias", io::DType::f32, {3}, counted(3));
  nn::Linear linear(2, 3);
  CHECK(holds(message([&] { start::load_state_dict(linear, dense.file); }), "--adapt weight=transpose"));
  start::load_state_dict(linear, dense.file, {.adapt = {{"*", start::Adapt::transpose}}});
  CHECK(linear.weight->value.to_vector() == std::vector<real>{1, 4, 2, 5, 3, 6});
  // Square: shapes are equal, and the rule still counts.
  const File square = File().add("weight", io::DType::f32, {2, 2}, counted(4));
  nn::Linear both({.in = 2, .out = 2, .bias = false});
  start::load_state_dict(both, square.file, {.adapt = {{"weight", start::Adapt::transpose}}});
  CHECK(both.weight->value.to_vector() == std::vector<real>{1, 3, 2, 4});
  // kernels [H, W, in, out]
  const auto at = [](Index h, Index w, Index i, Index o) {
    return static_cast<real>(1 + ((h * 3 + w) * 2 + i) * 4 + o);
  };
  const File kernels = File().add("weight", io::DType::f32, {3, 3, 2, 4}, counted(72));
  nn::Conv2d conv({.in = 2, .out = 4, .kernel = 3, .bias = false});
  start::load_state_dict(conv, kernels.file, {.adapt = {{"*", start::Adapt::transpose}}});
  for (Index o = 0; o < 4; ++o)
    for (Index i = 0; i < 2; ++i)
      for (Index h = 0; h < 3; ++h)
        for (Index w = 0; w < 3; ++w)
          CHECK(conv.weight->value.data()[((o * 2 + i) * 3 + h) * 3 + w] == at(h, w, i, o));
  // depthwise [H, W, in, multiplier]
  nn::Conv2d depthwise({.in = 2, .out = 8, .kernel = 3, .groups = 2, .bias = false});
  for (const start::Adapt rule : {start::Adapt::transpose, start::Adapt::transpose_depthwise}) {
    start::load_state_dict(depthwise, kernels.file, {.adapt = {{"*", rule}}});
    for (Index c = 0; c < 8; ++c)
      for (Index h = 0; h < 3; ++h)
        for (Index w = 0; w < 3; ++w)
          CHECK(depthwise.weight->value.data()[(c * 3 + h) * 3 + w] == at(h, w, c / 4, c % 4));
  }
  // Behind a Flatten Keras has pixels of 3 channels, we channels of 2 pixels.
  const File flat = File().add("weight", io::DType::f32, {6, 2}, counted(12));
  nn::Linear behind({.in = 6, .out = 2, .bias = false});
  start::load_state_dict(behind, flat.file,
                         {.adapt = {start::parse_adapt_rule("weight", "transpose(channels=3)")}});
  CHECK(behind.weight->value.to_vector() == std::vector<real>{1, 7, 3, 9, 5, 11, 2, 8, 4, 10, 6, 12});
  CHECK(
      holds(message([&] {
              start::load_state_dict(behind, flat.file, {.adapt = {{"weight", start::Adapt::transpose, 4}}});
            }),
            "multiple"));
  CHECK(holds(message([&] {
                start::load_state_dict(conv, dense.file,
                                       {.skip = {"bias"}, .adapt = {{"weight", start::Adapt::transpose}}});
              }),
              "Keras"));
}

TEST_CASE("transpose: convert writes the other order, and refuses what it cannot know") {
  const Scratch scratch;
  const File file = File()
                        .add("dense.weight", io::DType::f32, {2, 3}, counted(6))
                        .add("dense.bias", io::DType::f32, {3}, counted(3))
                        .add("flat.weight", io::DType::f32, {6, 2}, counted(12))
                        .add("dw.weight", io::DType::f32, {1, 2, 2, 2}, counted(8));
  const std::string out = scratch / "out.safetensors";
  start::convert(file.file, out,
                 {.adapt = {start::parse_adapt_rule("*=transpose"),
                            start::parse_adapt_rule("flat.weight=transpose(channels=3)"),
                            start::parse_adapt_rule("dw.weight=transpose_depthwise")}});
  const io::TensorFile back = io::read_tensor_file(out);
  CHECK(back.at("dense.weight").shape_text() == "[3, 2]");
  CHECK(back.at("dense.weight").to_floats() == std::vector<float>{1, 4, 2, 5, 3, 6});
  CHECK(back.at("dense.bias").to_floats() == counted(3));
  CHECK(back.at("flat.weight").to_floats() == std::vector<float>{1, 7, 3, 9, 5, 11, 2, 8, 4, 10, 6, 12});
  CHECK(back.at("dw.weight").shape_text() == "[4, 1, 1, 2]");
  CHECK(back.at("dw.weight").to_floats() == std::vector<float>{1, 5, 2, 6, 3, 7, 4, 8});
  const auto refused = [&](const char* rule) {
    return message([&] { start::convert(file.file, out, {.adapt = {start::parse_adapt_rule(rule)}}); });
  };
  CHECK(holds(refused("*=average"), "only transpose"));
  CHECK(holds(refused("dense.bias=transpose"), "no 2 dimensions"));
  CHECK(holds(refused("nope=transpose"), "nope"));
  CHECK(holds(refused("transpose"), "must be as"));
  CHECK(holds(refused("a=transpos"), "'transpose'"));
}
