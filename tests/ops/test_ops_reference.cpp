// Every op against PyTorch's float32 values and gradients (tests/reference/make_ops.py).
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <map>

#include <nlohmann/json.hpp>

#include <fanin/ops/ops.hpp>

#include "tests/message.hpp"

namespace fanin {
namespace {

using nlohmann::json;
using Inputs = std::vector<Tensor>;

Shape shape_of(const json& sizes) {
  const auto values = sizes.get<std::vector<Index>>();
  return Shape::of(values.data(), values.size());
}

Tensor tensor_of(const json& stored) {
  return Tensor::from(stored.at("data").get<std::vector<real>>(), shape_of(stored.at("shape")));
}

ops::Pair pair_of(const json& pair) { return {pair.at(0).get<Index>(), pair.at(1).get<Index>()}; }

Tensor input_or_none(const Inputs& in, std::size_t i) { return i < in.size() ? in[i] : Tensor(); }

/// The largest difference, relative to the expected element but to no less than a twentieth of the largest
/// one.
double relative_error(const Tensor& got, const Tensor& expected) {
  if (!got.defined() || got.shape() != expected.shape()) return HUGE_VAL;
  double largest = 0, worst = 0;
  for (const real value : expected.values())
    largest = std::max(largest, static_cast<double>(std::abs(value)));
  for (Index i = 0; i < got.numel(); ++i) {
    const double a = static_cast<double>(got.data()[i]), b = static_cast<double>(expected.data()[i]);
    if (!std::isfinite(a)) return HUGE_VAL;
    if (a != b) worst = std::max(worst, std::abs(a - b) / std::max(std::abs(b), largest / 20));
  }
  return worst;
}

using Compute = std::function<Tensor(const Inputs&, const json& options)>;

Tensor activated(const Tensor& x, const json& o, double default_parameter,
                 Tensor (*op)(const Tensor&, double)) {
  return op(x, o.value("parameter", default_parameter));
}

Tensor linear(const Inputs& in, const json& o) {
  using Kind = ops::Activation::Kind;
  const std::map<std::string, Kind> kinds = {
      {"none", Kind::none}, {"relu", Kind::relu}, {"gelu", Kind::gelu}, {"tanh", Kind::tanh}};
  return ops::linear(in[0], in[1], input_or_none(in, 2), {kinds.at(o.at("activation").get<std::string>())});
}

Tensor batch_norm(const Inputs& in, const json& o) {
  const Tensor mean = tensor_of(o.at("running").at(0)), var = tensor_of(o.at("running").at(1));
  const Tensor y = ops::batch_norm(in[0], in[1], in[2], mean, var,
                                   {.training = o.at("training").get<bool>(),
                                    .momentum = o.at("momentum").get<double>(),
                                    .eps = o.at("eps").get<double>()});
  CHECK(relative_error(mean, tensor_of(o.at("running_after").at(0))) < 1e-5);
  CHECK(relative_error(var, tensor_of(o.at("running_after").at(1))) < 1e-5);
  return y;
}

Tensor cross_entropy(const Inputs& in, const json& o) {
  const auto weights = o.at("class_weights").get<std::vector<real>>();
  const Tensor class_weights =
      weights.empty() ? Tensor() : Tensor::from(weights, {static_cast<Index>(weights.size())});
  return ops::cross_entropy(in[0], o.at("labels").get<std::vector<std::int32_t>>(),
                            {.label_smoothing = o.at("label_smoothing").get<double>(),
                             .class_weights = class_weights,
                             .ignore_index = o.value("ignore_index", -100)});
}

Tensor weights_of(const json& o, const char* key) {
  const auto weights = o.at(key).get<std::vector<real>>();
  return weights.empty() ? Tensor() : Tensor::from(weights);
}

Tensor soft_cross_entropy(const Inputs& in, const json& o) {
  return ops::cross_entropy(in[0], in[1],
                            {.label_smoothing = o.at("label_smoothing").get<double>(),
                             .class_weights = weights_of(o, "class_weights")});
}

Tensor clamp(const Inputs& in, const json& o) {
  return o.contains("most") ? ops::clamp(in[0], o.at("least").get<double>(), o.at("most").get<double>())
                            : ops::clamp(in[0], o.at("least").get<double>());
}

Tensor dropout(const Inputs& in, const json& o) {
  Generator generator(o.at("seed").get<std::uint64_t>());
  return ops::dropout(in[0], o.at("p").get<double>(), true, generator);
}

ops::Pool2dOptions pool_options(const json& o) {
  return {.kernel = pair_of(o.at("kernel")),
          .stride = pair_of(o.at("stride")),
          .padding = pair_of(o.at("padding"))};
}

Tensor reduce(const Inputs& in, const json& o, Tensor (*all)(const Tensor&),
              Tensor (*along)(const Tensor&, int, bool)) {
  return o.contains("dim") ? along(in[0], o.at("dim").get<int>(), o.at("keepdim").get<bool>()) : all(in[0]);
}

const std::map<std::string, Compute> computes = {
    {"linear", linear},
    {"matmul", [](const Inputs& in, const json&) { return ops::matmul(in[0], in[1]); }},
    {"conv2d",
     [](const Inputs& in, const json& o) {
       return ops::conv2d(in[0], in[1], input_or_none(in, 2),
                          {.stride = pair_of(o.at("stride")),
                           .padding = pair_of(o.at("padding")),
                           .dilation = pair_of(o.at("dilation")),
                           .groups = o.at("groups").get<Index>()});
     }},
    {"conv_transpose2d",
     [](const Inputs& in, const json& o) {
       return ops::conv_transpose2d(in[0], in[1], input_or_none(in, 2),
                                    {.stride = pair_of(o.at("stride")),
                                     .padding = pair_of(o.at("padding")),
                                     .output_padding = pair_of(o.at("output_padding")),
                                     .dilation = pair_of(o.at("dilation")),
                                     .groups = o.at("groups").get<Index>()});
     }},
    {"max_pool2d", [](const Inputs& in, const json& o) { return ops::max_pool2d(in[0], pool_options(o)); }},
    {"avg_pool2d", [](const Inputs& in, const json& o) { return ops::avg_pool2d(in[0], pool_options(o)); }},
    {"adaptive_avg_pool2d",
     [](const Inputs& in, const json& o) { return ops::adaptive_avg_pool2d(in[0], pair_of(o.at("output"))); }},
    {"relu", [](const Inputs& in, const json&) { return ops::relu(in[0]); }},
    {"leaky_relu", [](const Inputs& in, const json& o) { return activated(in[0], o, 0.01, ops::leaky_relu); }},
    {"elu", [](const Inputs& in, const json& o) { return activated(in[0], o, 1, ops::elu); }},
    {"selu", [](const Inputs& in, const json&) { return ops::selu(in[0]); }},
    {"gelu", [](const Inputs& in, const json&) { return ops::gelu(in[0]); }},
    {"sigmoid", [](const Inputs& in, const json&) { return ops::sigmoid(in[0]); }},
    {"tanh", [](const Inputs& in, const json&) { return ops::tanh(in[0]); }},
    {"softplus", [](const Inputs& in, const json& o) { return activated(in[0], o, 1, ops::softplus); }},
    {"silu", [](const Inputs& in, const json&) { return ops::silu(in[0]); }},
    {"sine", [](const Inputs& in, const json& o) { return activated(in[0], o, 30, ops::sine); }},
    {"mish", [](const Inputs& in, const json&) { return ops::mish(in[0]); }},
    {"relu6", [](const Inputs& in, const json&) { return ops::relu6(in[0]); }},
    {"hardtanh", [](const Inputs& in, const json&) { return ops::hardtanh(in[0]); }},
    {"hardswish", [](const Inputs& in, const json&) { return ops::hardswish(in[0]); }},
    {"softsign", [](const Inputs& in, const json&) { return ops::softsign(in[0]); }},
    {"prelu", [](const Inputs& in, const json&) { return ops::prelu(in[0], in[1]); }},
    {"softmax", [](const Inputs& in, const json& o) { return ops::softmax(in[0], o.at("dim").get<int>()); }},
    {"log_softmax", [](const Inputs& in, const json& o) { return ops::log_softmax(in[0], o.at("dim").get<int>()); }},
    {"cross_entropy", cross_entropy},
    {"mse", [](const Inputs& in, const json&) { return ops::mse(in[0], in[1]); }},
    {"batch_norm", batch_norm},
    {"layer_norm",
     [](const Inputs& in, const json& o) {
       return ops::layer_norm(in[0], shape_of(o.at("normalized")), in[1], in[2], o.at("eps").get<double>());
     }},
    {"group_norm",
     [](const Inputs& in, const json& o) {
       return ops::group_norm(in[0], o.at("groups").get<Index>(), in[1], in[2], o.at("eps").get<double>());
     }},
    {"dropout", dropout},
    {"add", [](const Inputs& in, const json&) { return in[0] + in[1]; }},
    {"sub", [](const Inputs& in, const json&) { return in[0] - in[1]; }},
    {"mul", [](const Inputs& in, const json&) { return in[0] * in[1]; }},
    {"div", [](const Inputs& in, const json&) { return in[0] / in[1]; }},
    {"sum", [](const Inputs& in, const json& o) { return reduce(in, o, ops::sum, ops::sum); }},
    {"mean", [](const Inputs& in, const json& o) { return reduce(in, o, ops::mean, ops::mean); }},
    {"reshape", [](const Inputs& in, const json& o) { return ops::reshape(in[0], shape_of(o.at("shape"))); }},
    {"flatten", [](const Inputs& in, const json&) { return ops::flatten(in[0]); }},
    {"transpose",
     [](const Inputs& in, const json& o) {
       return ops::transpose(in[0], o.at("dims").at(0).get<int>(), o.at("dims").at(1).get<int>());
     }},
    {"concat", [](const Inputs& in, const json& o) { return ops::concat(in, o.at("dim").get<int>()); }},
    {"slice",
     [](const Inputs& in, const json& o) {
       return ops::slice(in[0], o.at("dim").get<int>(), o.at("begin").get<Index>(), o.at("end").get<Index>());
     }},
    {"exp", [](const Inputs& in, const json&) { return ops::exp(in[0]); }},
    {"log", [](const Inputs& in, const json&) { return ops::log(in[0]); }},
    {"sqrt", [](const Inputs& in, const json&) { return ops::sqrt(in[0]); }},
    {"abs", [](const Inputs& in, const json&) { return ops::abs(in[0]); }},
    {"pow", [](const Inputs& in, const json& o) { return ops::pow(in[0], o.at("exponent").get<double>()); }},
    {"clamp", clamp},
    {"max", [](const Inputs& in, const json& o) { return reduce(in, o, ops::max, ops::max); }},
    {"min", [](const Inputs& in, const json& o) { return reduce(in, o, ops::min, ops::min); }},
    {"where", [](const Inputs& in, const json& o) { return ops::where(tensor_of(o.at("condition")), in[0], in[1]); }},
    {"gather",
     [](const Inputs& in, const json& o) {
       return ops::gather(in[0], o.at("dim").get<int>(), tensor_of(o.at("index")));
     }},
    {"permute", [](const Inputs& in, const json& o) { return ops::permute(in[0], o.at("dims").get<std::vector<int>>()); }},
    {"stack", [](const Inputs& in, const json& o) { return ops::stack(in, o.at("dim").get<int>()); }},
    {"l1", [](const Inputs& in, const json&) { return ops::l1(in[0], in[1]); }},
    {"huber", [](const Inputs& in, const json& o) { return ops::huber(in[0], in[1], o.at("delta").get<double>()); }},
    {"bce_with_logits",
     [](const Inputs& in, const json& o) { return ops::bce_with_logits(in[0], in[1], weights_of(o, "pos_weight")); }},
    {"kl_div", [](const Inputs& in, const json&) { return ops::kl_div(in[0], in[1]); }},
    {"nll",
     [](const Inputs& in, const json& o) {
       return ops::nll(in[0], o.at("labels").get<std::vector<std::int32_t>>(),
                       {.class_weights = weights_of(o, "class_weights"), .ignore_index = o.at("ignore_index").get<std::int32_t>()});
     }},
    {"cross_entropy_soft", soft_cross_entropy},
    {"embedding", [](const Inputs& in, const json& o) {
       return ops::embedding(o.at("indices").get<std::vector<std::int32_t>>(), in[0]);
     }}};

TEST_CASE("every op gives PyTorch's values and gradients") {
  std::ifstream file("tests/reference/ops.json");
  REQUIRE(file.good());
  const json cases = json::parse(file);
  std::map<std::string, int> seen;
  for (const auto& one : cases) {
    const std::string op = one.at("op").get<std::string>();
    const std::string options = one.at("options").dump().substr(0, 120);
    CAPTURE(op);
    CAPTURE(options);
    ++seen[op];
    Inputs inputs;
    for (const auto& stored : one.at("inputs")) inputs.push_back(tensor_of(stored).set_requires_grad(true));
    const Tensor output = computes.at(op)(inputs, one.at("options"));
    CHECK(relative_error(output, tensor_of(one.at("output"))) < 1e-5);
    ops::sum(output * tensor_of(one.at("weights"))).backward();
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      CAPTURE(i);
      CHECK(relative_error(inputs[i].grad(), tensor_of(one.at("gradients").at(i))) < 1e-5);
    }
  }
  for (const auto& entry : computes) {
    const auto& op = entry.first;
    CAPTURE(op);
    CHECK(seen[op] > 0);
  }
}

TEST_CASE("what an op's backward pass needs is not written over unnoticed") {
  std::ifstream file("tests/reference/ops.json");
  REQUIRE(file.good());
  int refused = 0, passed = 0;
  for (const auto& one : json::parse(file)) {
    const std::string op = one.at("op").get<std::string>();
    const std::size_t count = one.at("inputs").size();
    for (std::size_t written = 0; written <= count; ++written) {  // an input, or the output
      CAPTURE(op);
      CAPTURE(written);
      Inputs inputs;
      for (const auto& stored : one.at("inputs")) inputs.push_back(tensor_of(stored).set_requires_grad(true));
      Tensor output = computes.at(op)(inputs, one.at("options"));
      const Tensor loss = ops::sum(output * tensor_of(one.at("weights")));
      (written < count ? inputs[written] : output).fill(real(0.25));
      const std::string said = message([&] { loss.backward(); });
      if (said != "no error") {
        CHECK(holds(said, "was written over once since"));
        ++refused;
        continue;
      }
      ++passed;  // so it was not needed
      for (std::size_t i = 0; i < count; ++i) {
        CAPTURE(i);
        CHECK(relative_error(inputs[i].grad(), tensor_of(one.at("gradients").at(i))) < 1e-5);
      }
    }
  }
  CHECK(refused > 50);
  CHECK(passed > 50);
}

}  // namespace
}  // namespace fanin
