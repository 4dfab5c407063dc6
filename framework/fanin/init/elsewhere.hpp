#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace fanin::init {

/// An initializer of another framework, and the text that draws by the same law here. Where the other draws by
/// PyTorch's generator the bits are the same too, else the distribution is.
struct Elsewhere {
  std::string framework;  ///< "keras"
  std::string name;       ///< as it is called there, with its defaults
  std::string text;       ///< a scheme's; empty where there is none
  std::string remark{};   ///< what differs, or why there is none
};

/// The initializers of PyTorch, Keras, TensorFlow, JAX, Caffe, MXNet, mlpack, DL4J, Lasagne and tiny-dnn.
const std::vector<Elsewhere>& initializers_elsewhere();
/// Those of one framework. Error (usage) with the nearest names for an unknown one.
std::vector<Elsewhere> initializers_of(std::string_view framework);
/// The frameworks' names, as `initializers_of` knows them.
std::vector<std::string> frameworks_elsewhere();

}  // namespace fanin::init
