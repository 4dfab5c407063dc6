#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include <fanin/core/moments.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/start/fresh_file.hpp>
#include <fanin/start/state_dict.hpp>

#include "tests/io/scratch.hpp"
#include "tests/message.hpp"
#include "tests/nn/zoo.hpp"

using namespace fanin;
using start::FilePart;

namespace {

io::TensorFile file_of(const std::vector<std::pair<std::string, Shape>>& tensors) {
  io::TensorFile file{.format = io::FileFormat::safetensors,
                      .path = "theirs",
                      .tensors = {},
                      .metadata = {{"model", "theirs"}}};
  for (const auto& one : tensors) file.tensors.push_back(io::stored(one.first, Tensor::full(one.second, 7)));
  return file;
}

start::FreshFile fresh_of(const io::TensorFile& file, const std::string& plan, std::uint64_t seed = 0) {
  Generator generator(seed);
  return start::fresh_file(file, init::Plan::parse(plan), generator);
}

Moments moments_of(const io::StoredTensor& tensor) { return moments(tensor.to_floats()); }

}  // namespace

TEST_CASE("a file's tensors are told by the names that PyTorch, Keras and JAX give them") {
  struct Row {
    const char* name;
    Shape shape;
    FilePart part;
    const char* seen_as;
  };
  const std::vector<Row> rows{
      {"layer1.0.conv1.weight", {8, 3, 3, 3}, FilePart::weight, "layer1.0.conv1.weight"},
      {"layer1.0.bn1.weight", {8}, FilePart::norm_weight, "layer1.0.bn1.weight"},
      {"layer1.0.bn1.bias", {8}, FilePart::bias, "layer1.0.bn1.bias"},
      {"layer1.0.bn1.running_mean", {8}, FilePart::running_mean, "layer1.0.bn1.running_mean"},
      {"layer1.0.bn1.running_var", {8}, FilePart::running_var, "layer1.0.bn1.running_var"},
      {"rnn.weight_ih_l0", {12, 4}, FilePart::weight, "rnn.weight_ih_l0"},
      {"rnn.bias_hh_l0", {12}, FilePart::bias, "rnn.bias_hh_l0"},
      {"attention.in_proj_weight", {12, 4}, FilePart::weight, "attention.in_proj_weight"},
      {"token_embedding.weight", {50, 4}, FilePart::embedding, "token_embedding.weight"},
      {"transformer.wte.weight", {50, 4}, FilePart::embedding, "transformer.wte.weight"},
      {"conv/kernel:0", {3, 3, 2, 5}, FilePart::weight, "conv.weight"},
      {"conv/bias:0", {5}, FilePart::bias, "conv.bias"},
      {"batch_normalization/gamma:0", {5}, FilePart::norm_weight, "batch_normalization.weight"},
      {"batch_normalization/beta:0", {5}, FilePart::bias, "batch_normalization.bias"},
      {"batch_normalization/moving_mean:0", {5}, FilePart::running_mean, "batch_normalization.running_mean"},
      {"batch_normalization/moving_variance:0",
       {5},
       FilePart::running_var,
       "batch_normalization.running_var"},
      {"lstm/recurrent_kernel:0", {4, 16}, FilePart::weight, "lstm.recurrent_weight"},
      {"words/embeddings:0", {50, 4}, FilePart::embedding, "words.weight"},
      {"params.Dense_0.kernel", {4, 6}, FilePart::weight, "params.Dense_0.weight"},
      {"params/LayerNorm_0/scale", {6}, FilePart::norm_weight, "params.LayerNorm_0.weight"},
      {"pos_embed", {1, 17, 8}, FilePart::kept, "pos_embed.weight"},
      {"logit_scale", {}, FilePart::kept, "logit_scale.weight"},
      {"stats/mean", {6}, FilePart::kept, "stats.running_mean"},
      {"kernel", {4}, FilePart::kept, "kernel.weight"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const auto places = start::places_of(file_of({{row.name, row.shape}}));
    CHECK(places[0].part == row.part);
    CHECK(places[0].name == row.seen_as);
  }
  CHECK(start::places_of(file_of({{"n/scale", {6}}, {"n/mean", {6}}}))[1].part == FilePart::running_mean);
}

TEST_CASE("fresh values: the same names, shapes and order; norms and buffers as born, what is unknown kept") {
  const io::TensorFile file = file_of({{"fc.weight", {300, 200}},
                                       {"fc.bias", {300}},
                                       {"bn.weight", {300}},
                                       {"bn.bias", {300}},
                                       {"bn.running_mean", {300}},
                                       {"bn.running_var", {300}},
                                       {"bn.num_batches_tracked", {}},
                                       {"rnn.weight_hh_l0", {400, 100}},
                                       {"cls_token", {1, 1, 64}}});
  const auto fresh = fresh_of(file, "kaiming_normal");
  REQUIRE(fresh.tensors.size() == file.tensors.size());
  std::map<std::string, Moments> seen;
  for (std::size_t i = 0; i < file.tensors.size(); ++i) {
    CHECK(fresh.tensors[i].name == file.tensors[i].name);
    CHECK(fresh.tensors[i].sizes == file.tensors[i].sizes);
    seen[fresh.tensors[i].name] = moments_of(fresh.tensors[i]);
  }
  // A deviation from 60,000 (40,000) normals is within 6/√(2n) of its target but once in 5e8 draws.
  CHECK(seen["fc.weight"].std == doctest::Approx(std::sqrt(2.0 / 200)).epsilon(6 / std::sqrt(2 * 60'000.0)));
  CHECK(seen["rnn.weight_hh_l0"].std ==
        doctest::Approx(std::sqrt(2.0 / 100)).epsilon(6 / std::sqrt(2 * 40'000.0)));
  for (const auto& [name, mean] : std::map<std::string, double>{{"fc.bias", 0},
                                                                {"bn.weight", 1},
                                                                {"bn.bias", 0},
                                                                {"bn.running_mean", 0},
                                                                {"bn.running_var", 1},
                                                                {"bn.num_batches_tracked", 0},
                                                                {"cls_token", 7}}) {
    const std::string& the_name = name;
    CAPTURE(the_name);
    CHECK(seen[name].mean == mean);
    CHECK(seen[name].std == 0);
  }
  // A name in the plan draws what would be kept; PyTorch's bias where the plan is silent.
  const auto named = fresh_of(file, "cls_token=normal(std=0.02); fc=orthogonal");
  CHECK(moments_of(named.tensors[8]).std == doctest::Approx(0.02).epsilon(0.5));
  CHECK(moments_of(named.tensors[1]).std == doctest::Approx(1 / std::sqrt(3 * 200.0)).epsilon(0.3));
  CHECK(named.drawn[0]->scheme == "orthogonal");
  CHECK_FALSE(named.drawn[4].has_value());
}

TEST_CASE("a kernel of Keras or JAX is drawn with its true fans, in its own layout") {
  const io::TensorFile torch = file_of({{"c.weight", {24, 16, 3, 3}}, {"d.weight", {40, 30}}});
  const io::TensorFile keras = file_of({{"c/kernel:0", {3, 3, 16, 24}}, {"d/kernel:0", {30, 40}}});
  const auto a = fresh_of(torch, "orthogonal", 3), b = fresh_of(keras, "orthogonal", 3);
  const auto of_torch = a.tensors[0].to_floats(), of_keras = b.tensors[0].to_floats();
  bool same = true;
  for (Index o = 0; o < 24; ++o)
    for (Index i = 0; i < 16; ++i)
      for (Index h = 0; h < 3; ++h)
        for (Index w = 0; w < 3; ++w)
          same = same && of_torch[static_cast<std::size_t>(((o * 16 + i) * 3 + h) * 3 + w)] ==
                             of_keras[static_cast<std::size_t>(((h * 3 + w) * 16 + i) * 24 + o)];
  CHECK(same);
  const auto dense = a.tensors[1].to_floats(), kernel = b.tensors[1].to_floats();
  for (std::size_t i = 0; i < 30; ++i) CHECK(dense[7 * 30 + i] == kernel[i * 40 + 7]);
  CHECK(b.drawn[0]->fans == init::Fans{16 * 9, 24 * 9});
}

TEST_CASE(
    "a file of our own model gets the model's own draw, in its dtype, and what it said of itself is gone") {
  const Scratch scratch;
  const auto net = zoo();
  Generator generator(1);
  start::initialize(*net, generator);
  start::save_model(scratch / "a.safetensors", *net, {{"secret", "1"}});
  const io::TensorFile file = io::read_tensor_file(scratch / "a.safetensors");
  const auto fresh = fresh_of(file, "orthogonal; *.bias=constant(0.5)");
  for (std::size_t i = 0; i < fresh.tensors.size(); ++i) {
    const bool bias = fresh.tensors[i].name.ends_with(".bias");
    CAPTURE(fresh.tensors[i].name);
    if (bias) CHECK(moments_of(fresh.tensors[i]).mean == 0.5);
  }
  io::TensorFile half = file_of({{"w.weight", {64, 64}}});
  half.format = io::FileFormat::safetensors;
  io::write_tensor_file(scratch / "h.safetensors", half, io::FileFormat::safetensors, io::DType::f16);
  const auto drawn = fresh_of(io::read_tensor_file(scratch / "h.safetensors"), "xavier_uniform");
  CHECK(drawn.tensors[0].dtype == io::DType::f16);
  CHECK(moments_of(drawn.tensors[0]).std == doctest::Approx(std::sqrt(2.0 / 128)).epsilon(0.1));
}

TEST_CASE("a weight that a PyTorch file has under two names is one, and drawn once") {
  const auto fresh = fresh_of(io::read_tensor_file("tests/reference/files/tied.pt"), "normal");
  REQUIRE(fresh.tensors.size() == 2);
  CHECK(fresh.tied_to[1] == std::size_t{0});
  CHECK(fresh.tensors[0].to_floats() == fresh.tensors[1].to_floats());
  CHECK(fresh.tensors[1].name == "out.weight");
  CHECK(fresh_of(file_of({{"a.weight", {2, 2}}, {"b.weight", {2, 2}}}), "normal").tied_to[1] == std::nullopt);
}

TEST_CASE("a file that cannot be drawn like is refused by name") {
  const auto refused = [](const io::TensorFile& file, const std::string& plan, const std::string& why) {
    const std::string said = message([&] { fresh_of(file, plan); });
    CHECK_MESSAGE(holds(said, why), said);
  };
  const io::TensorFile plain = file_of({{"fc.weight", {4, 4}}});
  refused(plain, "fd=zeros", "fd");
  refused(plain, "lsuv", "fits weights to a batch");
  refused(file_of({{"a/kernel", {4, 4}}, {"a.weight", {4, 4}}}), "zeros",
          "'a/kernel' and 'a.weight' would both be 'a.weight'");
  io::TensorFile wide = plain;
  const float value = 0;
  wide.tensors[0].sizes = {1 << 20, 1 << 20};
  wide.tensors[0].strides = {0, 0};
  wide.tensors[0].data = reinterpret_cast<const std::byte*>(&value);
  refused(wide, "zeros", "again and again");
  CHECK(fresh_of(file_of({}), "default").tensors.empty());
}
