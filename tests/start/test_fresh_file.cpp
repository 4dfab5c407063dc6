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
      {"stats/mean", {6}, FilePart::kept, "stats.mean.weight"},
      {"kernel", {4}, FilePart::kept, "kernel.weight"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const auto places = start::places_of(file_of({{row.name, row.shape}}));
    CHECK(places[0].part == row.part);
    CHECK(places[0].name == row.seen_as);
  }
  CHECK(start::places_of(file_of({{"n/scale", {6}}, {"n/bias", {6}}, {"n/mean", {6}}}))[2].part ==
        FilePart::running_mean);
}

TEST_CASE("a file's tensors are told by those beside them, where a name may be several things") {
  using start::FileLayout;
  const auto places = [](const std::vector<std::pair<std::string, Shape>>& tensors) {
    return start::places_of(file_of(tensors));
  };
  // Flax keeps statistics in a collection of their own, with no scale in it.
  CHECK(places({{"batch_stats/BatchNorm_0/mean", {6}}})[0].part == FilePart::running_mean);
  CHECK(places({{"batch_stats/stem/BatchNorm_0/var", {6}}})[0].part == FilePart::running_var);
  CHECK(places({{"gaussian/mean", {6}}})[0].part == FilePart::kept);
  // A scale with nothing of a normalization about it is a branch's, which models begin as they like.
  CHECK(places({{"blocks.0.ls1.gamma", {6}}})[0].part == FilePart::kept);
  CHECK(places({{"attention/scale", {6}}})[0].part == FilePart::kept);
  CHECK(places({{"params/RMSNorm_0/scale", {6}}})[0].part == FilePart::norm_weight);
  CHECK(places({{"bert.LayerNorm.gamma", {6}}, {"bert.LayerNorm.beta", {6}}})[0].part ==
        FilePart::norm_weight);
  // One weight a channel: RMSNorm's, or PReLU's slope.
  CHECK(places({{"model.norm.weight", {6}}})[0].part == FilePart::norm_weight);
  CHECK(places({{"prelu1.weight", {6}}})[0].part == FilePart::slope);
  CHECK(places({{"features.1.weight", {1}}})[0].part == FilePart::slope);
  // What a mask, a scale of integers or a vector of spectral normalization is, no draw makes.
  for (const char* name : {"c.weight_mask", "c.weight_scale", "c.weight_zero_point"})
    CHECK(places({{name, {4, 6}}})[0].part == FilePart::kept);
  CHECK(places({{"c.weight_u", {4}}})[0].part == FilePart::kept);
  CHECK(places({{"c.weight_orig", {4, 6}}})[0].part == FilePart::weight);
  // A linear layer that is called an embedding has a bias.
  CHECK(places({{"decoder_embed.weight", {4, 6}}, {"decoder_embed.bias", {4}}})[0].part == FilePart::weight);
  CHECK(places({{"tok_emb.weight", {40, 6}}})[0].part == FilePart::embedding);
  CHECK(places({{"ensemble.weight", {40, 6}}})[0].part == FilePart::weight);
  // Haiku, and TensorFlow 1.
  const auto haiku =
      places({{"mlp/~/linear_0/w", {4, 6}}, {"mlp/~/linear_0/b", {6}}, {"w", {3}}, {"b", {3}}});
  CHECK(haiku[0].part == FilePart::weight);
  CHECK(haiku[0].layout == FileLayout::inputs_last);
  CHECK(haiku[1].part == FilePart::bias);
  CHECK(haiku[2].part == FilePart::kept);
  CHECK(haiku[3].part == FilePart::kept);
  CHECK(places({{"layer_norm/scale", {4}}, {"layer_norm/offset", {4}}})[1].part == FilePart::bias);
  CHECK(places({{"conv1/weights", {3, 3, 4, 6}}, {"conv1/biases", {6}}})[0].layout ==
        FileLayout::inputs_last);
  // Attention's projections, whose heads are a dimension of their own.
  const auto heads = places({{"a/query/kernel", {12, 3, 5}},
                             {"a/query/bias", {3, 5}},
                             {"a/key/kernel", {12, 3, 5}},
                             {"a/out/kernel", {3, 5, 12}},
                             {"a/out/bias", {12}},
                             {"b/kernel", {3, 5, 12}}});
  CHECK(heads[0].layout == FileLayout::heads_last);
  CHECK(heads[1].part == FilePart::bias);
  CHECK(heads[2].layout == FileLayout::heads_last);
  CHECK(heads[3].layout == FileLayout::heads_first);
  CHECK(heads[5].layout == FileLayout::inputs_last);  // a convolution along one dimension
  CHECK(places({{"g/kernel", {4, 18}}, {"g/recurrent_kernel", {6, 18}}, {"g/bias", {2, 18}}})[2].part ==
        FilePart::bias);
  CHECK(places({{"h.attn.bias", {1, 1, 8, 8}}})[0].part == FilePart::kept);
  CHECK(places({{"pairs.bias", {8, 8}}})[0].part == FilePart::kept);
}

TEST_CASE("fans are those of the layer, whatever order its file has") {
  const auto file = file_of({{"h.0.mlp.c_fc.weight", {48, 192}},
                             {"h.0.mlp.c_fc.bias", {192}},  // GPT-2's Conv1D
                             {"a/query/kernel", {64, 8, 4}},
                             {"a/query/bias", {8, 4}},
                             {"a/out/kernel", {8, 4, 64}},
                             {"d/depthwise_kernel:0", {3, 3, 8, 2}},
                             {"d/pointwise_kernel:0", {1, 1, 16, 24}}});
  const auto fresh = fresh_of(file, "orthogonal", 5);
  CHECK(fresh.drawn[0]->fans == init::Fans{48, 192});
  CHECK(fresh.drawn[2]->fans == init::Fans{64, 32});
  CHECK(fresh.drawn[4]->fans == init::Fans{32, 64});
  CHECK(fresh.drawn[5]->fans.in == 9);
  CHECK(fresh.drawn[6]->fans == init::Fans{16, 24});
  for (const std::size_t bias : {std::size_t{1}, std::size_t{3}})
    CHECK(moments_of(fresh.tensors[bias]).std == 0);
  // Rows of one output are orthonormal to one another: 32 of the query's, each over 64 inputs.
  const auto query = fresh.tensors[2].to_floats(), out = fresh.tensors[4].to_floats();
  for (std::size_t a = 0; a < 32; ++a) {
    double with_itself = 0, with_first = 0, of_column = 0;
    for (std::size_t i = 0; i < 64; ++i) {
      with_itself += static_cast<double>(query[i * 32 + a]) * static_cast<double>(query[i * 32 + a]);
      with_first += static_cast<double>(query[i * 32 + a]) * static_cast<double>(query[i * 32]);
      of_column += static_cast<double>(out[a * 64 + i]) * static_cast<double>(out[a * 64 + i]);
    }
    CHECK(with_itself == doctest::Approx(1).epsilon(1e-4));
    CHECK(with_first == doctest::Approx(a == 0 ? 1 : 0).epsilon(1e-4));
    CHECK(of_column == doctest::Approx(1).epsilon(1e-4));
  }
  // Each channel's two filters, row by row of the drawn [16, 1, 3, 3].
  const auto torch =
      fresh_of(file_of({{"d.depthwise_weight", {16, 1, 3, 3}}}), "orthogonal", 5).tensors[0].to_floats();
  const auto keras =
      fresh_of(file_of({{"d/depthwise_kernel", {3, 3, 8, 2}}}), "orthogonal", 5).tensors[0].to_floats();
  for (std::size_t row = 0; row < 16; ++row)
    for (std::size_t at = 0; at < 9; ++at) CHECK(torch[row * 9 + at] == keras[at * 16 + row]);
}

TEST_CASE("what weight normalization holds apart fits together again") {
  const auto fresh = fresh_of(file_of({{"c.weight_g", {6, 1, 1}},
                                       {"c.weight_v", {6, 4, 3}},
                                       {"f.parametrizations.weight.original0", {1, 5}},
                                       {"f.parametrizations.weight.original1", {6, 5}},
                                       {"lone.weight_g", {6, 1}}}),
                              "kaiming_normal");
  const auto g = fresh.tensors[0].to_floats(), v = fresh.tensors[1].to_floats();
  for (std::size_t row = 0; row < 6; ++row) {
    double squares = 0;
    for (std::size_t at = 0; at < 12; ++at) squares += std::pow(static_cast<double>(v[row * 12 + at]), 2);
    CHECK(g[row] == doctest::Approx(std::sqrt(squares)).epsilon(1e-6));
  }
  const auto size = fresh.tensors[2].to_floats(), direction = fresh.tensors[3].to_floats();
  for (std::size_t column = 0; column < 5; ++column) {
    double squares = 0;
    for (std::size_t row = 0; row < 6; ++row)
      squares += std::pow(static_cast<double>(direction[row * 5 + column]), 2);
    CHECK(size[column] == doctest::Approx(std::sqrt(squares)).epsilon(1e-6));
  }
  CHECK(fresh.places[4].part == FilePart::kept);
}

TEST_CASE("a file of doubles gets doubles") {
  io::TensorFile file = file_of({{"fc.weight", {40, 30}}});
  const std::vector<double> values(1200, 7);
  file.tensors[0].dtype = io::DType::f64;
  file.tensors[0].data = reinterpret_cast<const std::byte*>(values.data());
  const auto fresh = fresh_of(file, "kaiming_normal");
  CHECK(fresh.tensors[0].dtype == io::DType::f64);
  CHECK(fresh.tensors[0].byte_size() == 1200 * sizeof(double));
  CHECK(fresh.tensors[0].to_floats() ==
        fresh_of(file_of({{"fc.weight", {40, 30}}}), "kaiming_normal").tensors[0].to_floats());
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
