#include "examples/probe_validation/pairs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include <fanin/datasets.hpp>
#include <fanin/random/generator.hpp>

namespace fanin::probe_validation {
namespace {

/// Draws from lists; all that is random about the pairs.
class Choice {
 public:
  explicit Choice(std::uint64_t seed) : generator_(seed) {}
  const std::string& of(const std::vector<std::string>& list) { return list[index(list.size())]; }
  int number(const std::vector<int>& list) { return list[index(list.size())]; }
  /// True `times` in `n`.
  bool once_in(int times, int n) { return generator_.below(n) < times; }

 private:
  std::size_t index(std::size_t size) {
    return static_cast<std::size_t>(generator_.below(static_cast<Index>(size)));
  }
  Generator generator_;
};

std::string activation_text(const std::string& family, Choice& choice) {
  if (family == "sine") return choice.of({"sine(omega=30)", "sine(omega=5)", "sine(omega=1)"});
  if (family == "leaky_relu") return choice.of({"leaky_relu", "leaky_relu(0.2)"});
  return family;
}

std::string model_text(const std::string& architecture, const std::string& activation, bool scaled,
                       Choice& choice) {
  if (architecture == "mlp") {
    const int layers = choice.number({1, 2, 3, 4}), width = choice.number({32, 64, 100});
    const std::vector<std::string> hidden(static_cast<std::size_t>(layers), std::to_string(width));
    return fmt::format("mlp(hidden={}, activation={})", fmt::join(hidden, "-"), activation);
  }
  if (architecture == "plain")
    return fmt::format("plain_net(depth={}, width={}, activation={})", choice.number({5, 8, 12, 16, 20, 30}),
                       choice.number({48, 64}), activation);
  if (architecture == "plain conv")
    return fmt::format("plain_net(depth={}, width={}, activation={}, conv=true)",
                       choice.number({4, 8, 12, 20, 30}), choice.number({8, 12}), activation);
  const bool norm = architecture.ends_with("with norm");
  if (architecture.starts_with("vgg"))
    return fmt::format("vgg_small(width=4, stages={}, hidden=32, batch_norm={}, activation={})",
                       choice.number({2, 3}), norm, activation);
  return fmt::format("resnet_small(blocks={}, width=4, batch_norm={}{}, activation={})",
                     choice.number({1, 2, 3}), norm, scaled ? ", branch_scale=true" : "", activation);
}

std::string scheme_text(const std::string& architecture, const std::string& activation,
                        const std::string& family, Choice& choice) {
  const std::vector<std::string> usual = {
      "default",
      "lecun_normal",
      "xavier_normal",
      "kaiming_uniform",
      "kaiming_normal",
      "orthogonal",
      "orthogonal(gain=1.4142)",
      "lsuv",
      "krahenbuhl",
      fmt::format("kaiming_normal(nonlinearity={})", family == "leaky_relu" ? "relu" : family)};
  const std::vector<std::string> poor = {"normal(std=0.01)", "normal(std=0.05)", "normal(std=0.3)",
                                         "normal(std=1)",    "constant(0.05)",   "zeros"};
  std::vector<std::string> special = {};
  if (family == "sine")
    special.push_back(fmt::format("siren(omega={})", activation.substr(11, activation.size() - 12)));
  if (family == "tanh" || family == "relu" || family == "selu")
    special.push_back(fmt::format("edge_of_chaos(activation={})", activation));
  if (architecture.starts_with("resnet")) special.push_back("zero_o");
  if (architecture == "resnet") special.push_back("fixup"), special.push_back("rezero");
  if (architecture == "vgg with norm") special.push_back("zero_o");
  if (choice.once_in(1, 5)) return choice.of(poor);
  if (!special.empty() && choice.once_in(1, 3)) return choice.of(special);
  return choice.of(usual);
}

/// Means of 2×2 pixels.
void halve(data::Dataset& set) {
  const Index height = set.height / 2, width = set.width / 2;
  std::vector<std::uint8_t> halved;
  halved.reserve(static_cast<std::size_t>(set.count * set.channels * height * width));
  for (Index plane = 0; plane < set.count * set.channels; ++plane) {
    const std::uint8_t* from = set.images.data() + plane * set.height * set.width;
    for (Index y = 0; y < height; ++y) {
      for (Index x = 0; x < width; ++x) {
        const std::uint8_t* at = from + 2 * y * set.width + 2 * x;
        halved.push_back(
            static_cast<std::uint8_t>((at[0] + at[1] + at[set.width] + at[set.width + 1] + 2) / 4));
      }
    }
  }
  set.images = std::move(halved);
  set.height = height;
  set.width = width;
}

data::Sets small_sets(const std::string& name, bool half) {
  const data::Sets whole = datasets::load_sets(name);
  data::Sets few{.training = whole.training.take(images), .test = whole.test.take(tests)};
  if (half) halve(few.training), halve(few.test);
  few.training.measure();
  few.test.mean = few.training.mean;
  few.test.stddev = few.training.stddev;
  return few;
}

}  // namespace

std::string Pair::key() const {
  return fmt::format("{} | {} | {} | lr {} | seed {}", data, model, scheme, lr, seed);
}

std::vector<std::string> activations() {
  return {"relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "tanh", "sigmoid", "softplus", "sine"};
}

std::vector<std::string> architectures() {
  return {"mlp", "plain", "plain conv", "vgg", "vgg with norm", "resnet", "resnet with norm"};
}

std::vector<Pair> all_pairs() {
  std::vector<Pair> all;
  // round by round, so that the first so many are of every family alike
  for (int round = 0; round < pairs_each; ++round) {
    for (const auto& family : activations()) {
      for (const auto& architecture : architectures()) {
        const std::string place = fmt::format("{} {} {}", family, architecture, round);
        Choice choice(derive_seed(1, place));
        const std::string activation = activation_text(family, choice);
        const std::string scheme = scheme_text(architecture, activation, family, choice);
        all.push_back({.activation = family,
                       .architecture = architecture,
                       .data = choice.once_in(1, 3) ? "mnist" : "fashion-mnist",
                       .model = model_text(architecture, activation, scheme == "rezero", choice),
                       .scheme = scheme,
                       .lr = std::stod(choice.of({"0.003", "0.01", "0.01", "0.03", "0.03", "0.03", "0.1",
                                                  "0.1", "0.1", "0.3", "0.3", "1"})),
                       .seed = static_cast<std::uint64_t>(round)});
      }
    }
  }
  return all;
}

data::Sets sets_of(const Pair& pair) {
  static std::map<std::pair<std::string, bool>, data::Sets> read;
  const bool half = pair.architecture.starts_with("vgg") || pair.architecture.starts_with("resnet");
  const auto [at, fresh] = read.try_emplace({pair.data, half});
  if (fresh) at->second = small_sets(pair.data, half);
  return at->second;
}

}  // namespace fanin::probe_validation
