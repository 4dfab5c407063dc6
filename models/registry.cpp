#include <fanin/core/fail.hpp>
#include <fanin/nn/activation.hpp>

#include "models/families.hpp"

namespace fanin::models {

const std::vector<ModelInfo>& registry() {
  static const std::vector<ModelInfo> all = {mlp(),       lenet(),        conv_net(),
                                             vgg_small(), resnet_small(), plain_net()};
  return all;
}

nn::ModulePtr build(const std::string& text, const InputSpec& input) {
  const CallExpression call = CallExpression::parse(text);
  std::vector<std::string> names;
  for (const auto& model : registry()) {
    names.push_back(model.name);
    if (model.name != call.name) continue;
    std::vector<std::string> known;
    for (const auto& option : model.options) known.push_back(option.name);
    return model.build(CallOptions(call, "model", std::move(known)), input);
  }
  fail_usage("unknown model '{}' {}{}", call.name, at_character(text, call.position),
             suggest(call.name, names));
}

nn::Activation activation_option(const CallOptions& options, const char* fallback) {
  const std::string text = options.word("activation", fallback);
  const bool plain = text.find('(') == std::string::npos;
  return nn::activation_named(plain ? options.word("activation", fallback, nn::activation_names()) : text);
}

ModelInfo::Option activation_help(const char* fallback) {
  return {"activation", fallback, "relu, tanh, sigmoid, gelu, sine(omega=30), … after every hidden layer"};
}

}  // namespace fanin::models
